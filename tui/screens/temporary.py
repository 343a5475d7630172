"""The part of the chat screen that begins and ends conversations that are stored nowhere."""

from collections.abc import Callable
from functools import partial

from tui.domain.errors import TuiError
from tui.screens.dialogs import ConfirmScreen
from tui.screens.room import Room
from tui.screens.session import ChatSession
from tui.services import temporary


class TemporaryRoom(Room):
    """Begins a temporary conversation, and asks before one with messages is left."""

    def action_temporary(self) -> None:
        """Begin a conversation that is stored nowhere."""
        session = self.session
        if session is not None:
            self.leaving_temporary(lambda: self._start(self._begin_temporary(session), "open"))

    async def _begin_temporary(self, session: ChatSession) -> None:
        try:
            await session.use(await temporary(session.home))
        except TuiError as error:
            self.tell(error)
        self.pane.prompt.focus()

    @property
    def would_lose(self) -> bool:
        """Whether messages are on the screen that are stored nowhere."""
        return self.session is not None and self.session.is_temporary and not self.pane.is_empty

    def leaving_temporary(self, go_on: Callable[[], None]) -> None:
        """Do something that ends a temporary conversation; asks first if it has messages."""
        session = self.session
        if session is None or not session.is_temporary:
            go_on()
            return

        async def end() -> None:
            await self._tried(partial(session.use, session.home))
            go_on()

        def decided(yes: bool | None) -> None:
            if yes:
                self._start(end(), "temporary")

        if self.would_lose:
            heading = "End the temporary conversation?"
            self.app.push_screen(ConfirmScreen(heading, "It is stored nowhere, and will be gone."), decided)
        else:
            self._start(end(), "temporary")
