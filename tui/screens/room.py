"""What every part of the chat screen has in common."""

from collections.abc import Awaitable, Callable
from typing import Final

from textual.css.query import NoMatches
from textual.getters import query_one

from tui.domain.conversation import ConversationId
from tui.domain.errors import TuiError
from tui.domain.text import sanitize, sanitize_line
from tui.screens.frames import QuickScreen
from tui.screens.session import ChatSession
from tui.screens.work import Work, begin_work
from tui.services.undo import UndoService
from tui.widgets.conversation_list import ConversationList
from tui.widgets.conversation_pane import ConversationPane
from tui.widgets.header_bar import HeaderBar
from tui.widgets.prompt import Prompt
from tui.widgets.status_bar import StatusBar
from tui.widgets.transcript import Transcript

_IN_TURN: Final = ("send", "tree", "temporary", "attach", "describe")
"""Work that is never given up for later work of its kind."""

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

    session: ChatSession | None = None
    """None until the store is open."""

    header = query_one(HeaderBar)
    sidebar = query_one(ConversationList)
    pane = query_one(ConversationPane)

    def _start(self, work: Work, group: str) -> None:
        """Do `work` beside the interface; later work of a group replaces earlier where it changes nothing."""
        begin_work(self, work, group, exclusive=group not in _IN_TURN, through=self._while_shown)

    async def _while_shown(self, work: Work) -> None:
        """Do `work`; that its widgets go while the app is closed is no failure."""
        try:
            await work
        except NoMatches:
            if self.is_whole:
                raise

    @property
    def is_whole(self) -> bool:
        """Whether its widgets are there; they go one after the other while the app is closed."""
        kinds = (ConversationList, Transcript, StatusBar, Prompt)
        return self.is_attached and self.app.is_running and all(self.query(kind) for kind in kinds)

    def tell(self, error: TuiError) -> None:
        """Show an error: what happened, and what to do. Rooms that can do more about some of them do."""
        text = sanitize(f"{error.message}\n{error.hint}" if error.hint else error.message)
        self.app.notify(text, severity="error", markup=False, timeout=8)

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
