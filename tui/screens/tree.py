"""The part of the chat screen that changes the tree of messages and the saved conversations."""

from collections.abc import Awaitable, Callable, Coroutine

from textual import on
from textual.getters import query_one

from tui.domain.conversation import ConversationId, Message
from tui.domain.errors import BadRequest, TuiError
from tui.domain.text import sanitize_line
from tui.screens.dialogs import ConfirmScreen
from tui.screens.frames import QuickScreen
from tui.screens.search import Found, SearchScreen
from tui.screens.session import ChatSession
from tui.screens.trash import TrashScreen
from tui.services import temporary
from tui.widgets.conversation_list import ConversationList
from tui.widgets.conversation_pane import ConversationPane
from tui.widgets.conversation_rows import ConversationRows
from tui.widgets.transcript import Transcript

_STORED = ("rename", "duplicate", "delete_conversation")


class TreeScreen(QuickScreen):
    """Edits, branches, deletes, undoes, searches; told by transcript, side panel and palette."""

    session: ChatSession | None
    sidebar = query_one(ConversationList)
    pane = query_one(ConversationPane)

    def _start(self, work: Coroutine[None, None, None], group: str) -> None:
        """Do `work` beside the interface."""
        raise NotImplementedError

    def tell(self, error: TuiError) -> None:
        """Show an error."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Switch off what needs a saved conversation, or messages, where there is none."""
        if action in (*_STORED, "clear"):
            session = self.session
            if session is None or session.conversation is None:
                return None
            return None if session.is_temporary and action in _STORED else True
        if action in ("undo", "search", "temporary", "trash"):
            return True if self.session is not None else None
        return super().check_action(action, parameters)

    # Messages

    @on(Transcript.EditRequested)
    def _edit_wanted(self, event: Transcript.EditRequested) -> None:
        if self.session is not None:
            self.session.editing.begin(event.message)

    @on(Transcript.QueuedEditRequested)
    def _queued_edit_wanted(self, event: Transcript.QueuedEditRequested) -> None:
        if self.session is not None:
            self.session.editing.begin(event.queued)

    @on(Transcript.QueuedDeleteRequested)
    def _queued_delete_wanted(self, event: Transcript.QueuedDeleteRequested) -> None:
        session = self.session
        if session is not None:
            services, queued = session.services, event.queued

            async def undo() -> None:
                await services.generation.ask(queued.conversation_id, queued.content, queued.attachments)

            async def take_back() -> None:
                await services.generation.unqueue(queued)
                services.undo.push("took back a message that waited", undo)

            self._start(self._tried(take_back()), "tree")

    @on(Transcript.BranchRequested)
    def _branch_off_wanted(self, event: Transcript.BranchRequested) -> None:
        session = self.session
        if session is not None:
            self._start(self._copied(session.services.collection.branch_off(event.message)), "open")

    @on(Transcript.DeleteRequested)
    def _delete_wanted(self, event: Transcript.DeleteRequested) -> None:
        if self.session is not None:
            self._start(self._delete_message(self.session, event.message), "tree")

    async def _delete_message(self, session: ChatSession, message: Message) -> None:
        try:
            self._say_deleted(await session.services.collection.delete_message(message))
            await session.open(message.conversation_id)
        except TuiError as error:
            self.tell(error)

    def action_clear(self) -> None:
        """Delete every message of the open conversation."""
        session = self.session
        if session is not None and session.conversation is not None:
            self._start(self._clear(session, session.conversation.id), "tree")

    async def _clear(self, session: ChatSession, conversation_id: ConversationId) -> None:
        try:
            self._say_deleted(await session.services.collection.clear(conversation_id))
            await session.open(conversation_id)
        except TuiError as error:
            self.tell(error)

    # Undo

    @on(Transcript.UndoRequested)
    @on(ConversationList.UndoRequested)
    def _undo_wanted(self) -> None:
        self.action_undo()

    def action_undo(self) -> None:
        """Take back what was done last."""
        if self.session is not None:
            self._start(self._undo(self.session), "tree")

    async def _undo(self, session: ChatSession) -> None:
        try:
            undone = await session.services.undo.undo()
            if undone is None:
                self._say("There is nothing to undo.")
                return
            self._say(f"Undone: {undone.what}")
            if undone.conversation_id is not None:
                await session.open(undone.conversation_id)
        except TuiError as error:
            self.tell(error)

    def _say(self, words: str) -> None:
        self.app.notify(sanitize_line(words), markup=False, timeout=5)

    def _say_deleted(self, what: str) -> None:
        self._say(f"{what[:1].upper()}{what[1:]} — Ctrl+Z undoes")

    # Saved conversations

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
            self._start(self._tried(change(event.conversation_id, event.text)), "tree")

    @on(ConversationList.PinToggled)
    def _pin_wanted(self, event: ConversationList.PinToggled) -> None:
        session = self.session
        if session is not None:
            pinned = not event.conversation.pinned
            self._start(
                self._tried(session.home.collection.set_pinned(event.conversation.id, pinned)), "tree"
            )

    @on(ConversationList.DuplicateRequested)
    def _duplicate_wanted(self, event: ConversationList.DuplicateRequested) -> None:
        self._duplicate(event.conversation.id)

    def _duplicate(self, conversation_id: ConversationId) -> None:
        session = self.session
        if session is not None and not session.is_temporary:
            self._start(self._copied(session.home.collection.duplicate(conversation_id)), "open")

    def action_duplicate(self) -> None:
        """Copy the open conversation."""
        if self.session is not None and self.session.conversation is not None:
            self._duplicate(self.session.conversation.id)

    async def _copied(self, work: Awaitable[ConversationId]) -> None:
        session = self.session
        try:
            copy = await work
            if session is not None:
                await session.open(copy)
            self._say("This is the copy. The other conversation stays as it is.")
        except TuiError as error:
            self.tell(error)

    async def _tried(self, work: Awaitable[object]) -> None:
        try:
            await work
        except TuiError as error:
            self.tell(error)

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
            self._say_deleted(await session.home.collection.delete([conversation_id]))
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

    # Searching

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

    # Temporary conversations

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
            await self._tried(session.use(session.home))
            go_on()

        def decided(yes: bool | None) -> None:
            if yes:
                self._start(end(), "temporary")

        if self.would_lose:
            heading = "End the temporary conversation?"
            self.app.push_screen(ConfirmScreen(heading, "It is stored nowhere, and will be gone."), decided)
        else:
            self._start(end(), "temporary")
