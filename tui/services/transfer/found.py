"""What an import finds in a file: conversations, and what is wrong with some of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tui.domain.conversation import Conversation, Message


class BadConversation(Exception):
    """One conversation of a file cannot be imported; the others still can.

    Attributes:
        title: What it is called, as far as that could be read.
    """

    def __init__(self, reason: str, title: str = "") -> None:
        super().__init__(reason)
        self.title = title


@dataclass(frozen=True, slots=True)
class FoundConversation:
    """A conversation that can be stored as it is."""

    conversation: Conversation
    messages: tuple[Message, ...]
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    """The bytes of the messages' attachments, by digest."""
    origin: str = ""
    """What tells where it came from; empty for one of our own, which has an id."""


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

    result: FoundConversation | Failure
    done: int
    """How much of `total` has been read, bytes or conversations."""
    total: int
    """How much there is; 0 where that is not known."""
