"""Undo: what was done last, and how to take it back."""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from typing import Final

from tui.domain.conversation import ConversationId
from tui.domain.errors import ConversationGone, Overtaken, TuiError

_KEPT = 100
"""Steps that can be taken back."""

_NUMBERS: Final = count(1)
"""Of all stacks together, so that a number means one step only, and a larger one a later step."""


@dataclass(frozen=True, slots=True)
class Undone:
    """Something that was taken back."""

    what: str
    """For people: `deleted “Paris trip”`."""
    conversation_id: ConversationId | None
    """The conversation to show it in; None when there is nothing to show."""


@dataclass(frozen=True, slots=True)
class _Step:
    number: int
    undone: Undone
    undo: Callable[[], Awaitable[None]]


class UndoService:
    """A stack of what can be taken back, of this run of the application."""

    def __init__(self) -> None:
        self._steps: deque[_Step] = deque(maxlen=_KEPT)

    def push(
        self, what: str, undo: Callable[[], Awaitable[None]], conversation_id: ConversationId | None = None
    ) -> None:
        """Remember how to take something back.

        Args:
            what: What was done, for people, in the past tense.
            undo: Takes it back; may raise a `TuiError`.
            conversation_id: Where it can be seen.
        """
        self._steps.append(_Step(next(_NUMBERS), Undone(what, conversation_id), undo))

    @property
    def next(self) -> str:
        """What would be taken back next; empty for nothing."""
        return self._steps[-1].undone.what if self._steps else ""

    @property
    def last(self) -> int:
        """The number of what was done last, which `undo` takes; 0 for nothing."""
        return self._steps[-1].number if self._steps else 0

    async def undo(self, number: int | None = None) -> Undone | None:
        """Take back what was done last, or what has a number; None when there is nothing such.

        Raises:
            Overtaken: it has been changed again since; it is forgotten.
            ConversationGone: there is nothing left to take it back from; it is forgotten.
            TuiError: it could not be taken back; it can be tried again.
        """
        wanted = self.last if number is None else number
        step = next((each for each in self._steps if each.number == wanted), None)
        if step is None:
            return None
        place = self._steps.index(step)
        self._steps.remove(step)
        try:
            await step.undo()
        except (Overtaken, ConversationGone):
            # It would fail again for ever, and stand in the way of what was done before it.
            raise
        except TuiError:
            self._steps.insert(min(place, len(self._steps)), step)
            raise
        return step.undone
