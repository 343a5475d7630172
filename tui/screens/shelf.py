"""The part of the chat screen that puts saved conversations in order."""

from functools import partial

from textual import on

from tui.domain.conversation import ConversationId
from tui.domain.errors import TuiError
from tui.screens.session import ChatSession
from tui.screens.temporary import TemporaryRoom
from tui.screens.trash import TrashScreen
from tui.widgets.conversation_list import ConversationList
from tui.widgets.conversation_rows import ConversationRows


class ShelfRoom(TemporaryRoom):
    """Lists, names, pins, tags, copies and deletes saved conversations, and takes them out of the trash."""

    @on(ConversationRows.PageWanted)
    def _page_wanted(self, event: ConversationRows.PageWanted) -> None:
        event.stop()
        if self.session is not None:
            self._start(self.session.list_conversations(event.offset), "list")

    @on(ConversationList.Edited)
    def _row_edited(self, event: ConversationList.Edited) -> None:
        session = self.session
        if session is not None:
            collection = session.home.collection
            change = collection.rename if event.what == "title" else collection.set_tags
            self._start(self._offered(partial(change, event.conversation_id, event.text)), "tree")

    @on(ConversationList.PinToggled)
    def _pin_wanted(self, event: ConversationList.PinToggled) -> None:
        session = self.session
        if session is not None:
            pinned = not event.conversation.pinned
            self._start(
                self._tried(partial(session.home.collection.set_pinned, event.conversation.id, pinned)),
                "tree",
            )

    @on(ConversationList.DuplicateRequested)
    def _duplicate_wanted(self, event: ConversationList.DuplicateRequested) -> None:
        self._duplicate(event.conversation.id)

    def _duplicate(self, conversation_id: ConversationId) -> None:
        session = self.session
        if session is not None and not session.is_temporary:
            self._start(self._copied(partial(session.home.collection.duplicate, conversation_id)), "open")

    def action_duplicate(self) -> None:
        """Copy the open conversation."""
        if self.session is not None and self.session.conversation is not None:
            self._duplicate(self.session.conversation.id)

    @on(ConversationList.DeleteRequested)
    def _delete_conversation_wanted(self, event: ConversationList.DeleteRequested) -> None:
        self._delete_conversation(event.conversation.id)

    def action_delete_conversation(self) -> None:
        """Move the open conversation to the trash."""
        if self.session is not None and self.session.conversation is not None:
            self._delete_conversation(self.session.conversation.id)

    def _delete_conversation(self, conversation_id: ConversationId) -> None:
        if self.session is not None:
            self._start(self._delete_it(self.session, conversation_id), "tree")

    async def _delete_it(self, session: ChatSession, conversation_id: ConversationId) -> None:
        is_open = conversation_id == self.pane.conversation_id
        instead = self.sidebar.neighbour(1) or self.sidebar.neighbour(-1)
        session.home.generation.stop(conversation_id)
        try:
            self._say_done(await session.home.collection.delete([conversation_id]))
            if is_open:
                await session.open(instead if instead != conversation_id else None)
        except TuiError as error:
            self.tell(error)

    def action_rename(self) -> None:
        """Edit the title of the conversation under the panel's cursor, or of the open one, in its row."""
        sidebar, session = self.sidebar, self.session
        if session is None:
            return
        if not sidebar.display:
            self.set_class(True, "-sidebar", "-forced")
        if sidebar.rows.has_focus:
            index: int | None = sidebar.rows.cursor
        else:
            index = sidebar.rows.index_of(self.pane.conversation_id)
        if index is not None and index < len(sidebar.rows.conversations):
            # After it has been laid out, the row is where it will be.
            self.call_after_refresh(sidebar.edit, "title", index)

    def action_trash(self) -> None:
        """Look into the trash."""
        if self.session is not None:
            self._start(self._show_trash(self.session), "tree")

    async def _show_trash(self, session: ChatSession) -> None:
        collection = session.home.collection

        def chosen(conversation_id: ConversationId | None) -> None:
            if conversation_id is not None:
                self._start(self._put_back(session, conversation_id), "tree")

        try:
            found = await collection.trash()
        except TuiError as error:
            self.tell(error)
            return
        self.app.push_screen(TrashScreen(found, collection.remove), chosen)

    async def _put_back(self, session: ChatSession, conversation_id: ConversationId) -> None:
        try:
            await session.home.collection.restore([conversation_id])
        except TuiError as error:
            self.tell(error)
            return
        self.leaving_temporary(lambda: self._start(session.open(conversation_id), "open"))
