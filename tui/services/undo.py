"""Undo: what was done last, and how to take it back."""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tui.domain.conversation import ConversationId
from tui.domain.errors import TuiError

_KEPT = 100
"""Steps that can be taken back."""


@dataclass(frozen=True, slots=True)
class Undone:
    """Something that was taken back."""

    what: str
    """For people: `deleted “Paris trip”`."""
    conversation_id: ConversationId | None
    """The conversation to show it in; None when there is nothing to show."""


@dataclass(frozen=True, slots=True)
class _Step:
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
        self._steps.append(_Step(Undone(what, conversation_id), undo))

    @property
    def next(self) -> str:
        """What would be taken back next; empty for nothing."""
        return self._steps[-1].undone.what if self._steps else ""

    async def undo(self) -> Undone | None:
        """Take back what was done last; None when there is nothing.

        Raises:
            TuiError: it could not be taken back; it can be tried again.
        """
        if not self._steps:
            return None
        step = self._steps.pop()
        try:
            await step.undo()
        except TuiError:
            self._steps.append(step)
            raise
        return step.undone
