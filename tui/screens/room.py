"""What every part of the chat screen has in common."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Final

from textual.getters import query_one

from tui.domain.conversation import ConversationId
from tui.domain.errors import TuiError
from tui.domain.text import sanitize_line
from tui.screens.frames import QuickScreen
from tui.screens.session import ChatSession
from tui.services.undo import UndoService
from tui.widgets.conversation_list import ConversationList
from tui.widgets.conversation_pane import ConversationPane

_OFFERED_SECONDS: Final = 10
"""How long a toast offers to undo."""


def undoable(what: str, number: int) -> str:
    """Return a toast's markup: what was done, as it is, and a link that undoes it.

    Args:
        what: What was done, in the past tense; nothing in it is markup.
        number: Which step it is that can be undone.
    """
    # Textual's own `escape` leaves some brackets, and a title must never be a link.
    words = sanitize_line(f"{what[:1].upper()}{what[1:]}").replace("[", "\\[")
    return f"{words} · [@click=app.undo_step({number})]Undo[/] or Ctrl+Z"


def last_done(session: ChatSession) -> UndoService:
    """Return the stack on which the last step is: a temporary conversation has one of its own."""
    return max(session.services.undo, session.home.undo, key=lambda undo: undo.last)


class Room(QuickScreen):
    """A part of the chat screen: reaches the session and the widgets, begins work, tells of failures."""

    session: ChatSession | None
    sidebar = query_one(ConversationList)
    pane = query_one(ConversationPane)

    def _start(self, work: Coroutine[None, None, None], group: str) -> None:
        """Do `work` beside the interface."""
        raise NotImplementedError

    def tell(self, error: TuiError) -> None:
        """Show an error."""
        raise NotImplementedError

    async def _tried(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do `work`, and tell if it fails."""
        try:
            await work()
        except TuiError as error:
            self.tell(error)

    async def _copied(self, work: Callable[[], Awaitable[ConversationId]]) -> None:
        """Show the copy that `work` makes."""
        session = self.session
        try:
            copy = await work()
            if session is not None:
                await session.open(copy)
            self._say_done()
        except TuiError as error:
            self.tell(error)

    def _say(self, words: str) -> None:
        """Show some words for a while."""
        self.app.notify(sanitize_line(words), markup=False, timeout=5)

    def _say_done(self, what: str = "") -> None:
        """Say what was done last, and offer to undo it.

        Args:
            what: What was done, in the past tense; by default what undoing it calls it.
        """
        if self.session is not None:
            undo = last_done(self.session)
            self.app.notify(undoable(what or undo.next, undo.last), timeout=_OFFERED_SECONDS)

    async def _offered(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do `work`, say what was done and offer to undo it; tell if it fails."""
        before = last_done(self.session).last if self.session is not None else 0
        try:
            await work()
        except TuiError as error:
            self.tell(error)
        if self.session is not None and last_done(self.session).last != before:
            self._say_done()
