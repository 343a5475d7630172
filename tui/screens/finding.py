"""The part of the chat screen that searches everything and goes to what was found."""

from tui.domain.errors import BadRequest, TuiError
from tui.screens.search import Found, SearchScreen
from tui.screens.session import ChatSession
from tui.screens.temporary import TemporaryRoom


class FindingRoom(TemporaryRoom):
    """Searches everything, and shows the very message that was chosen."""

    def action_search(self) -> None:
        """Search everything."""
        if self.session is not None and not isinstance(self.app.screen, SearchScreen):
            self.app.push_screen(SearchScreen(self.session.home.conversations.search), self._found)

    def _found(self, found: Found | None) -> None:
        session = self.session
        if session is not None and found is not None:
            self.leaving_temporary(lambda: self._start(self._go_to(session, found), "open"))

    async def _go_to(self, session: ChatSession, found: Found) -> None:
        conversation_id, message_id = found.conversation_id, found.message_id
        try:
            live = conversation_id in session.live
            if message_id is not None and not live:
                await session.home.conversations.show_message(conversation_id, message_id)
            await session.open(conversation_id, at=message_id)
        except TuiError as error:
            self.tell(error)
            return
        if message_id is None:
            self.pane.prompt.focus()
        elif self.pane.has_message(message_id):
            self.pane.transcript.focus()
            self.call_after_refresh(self.pane.transcript.go_to, message_id)
        else:
            self.tell(BadRequest("The message is on another branch.", "Stop the answer to go there."))
