"""What an import finds in a file: conversations, and what is wrong with some of them."""

from dataclasses import dataclass

from tui.domain.whole import WholeConversation


class BadConversation(Exception):
    """One conversation of a file cannot be imported; the others still can.

    Attributes:
        title: What it is called, as far as that could be read.
    """

    def __init__(self, reason: str, title: str = "") -> None:
        super().__init__(reason)
        self.title = title


@dataclass(frozen=True, slots=True)
class Failure:
    """What could not be imported."""

    place: str
    """Where it stands, for people: file, conversation, byte and line."""
    reason: str
    """What is wrong with it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step through a file."""

    result: WholeConversation | Failure
    done: int
    """How much of `total` has been read, bytes or conversations."""
    total: int
    """How much there is; 0 where that is not known."""
