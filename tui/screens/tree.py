"""The part of the chat screen that changes the tree of messages, and takes back what was done."""

from functools import partial

from textual import on

from tui.domain.conversation import ConversationId, Message
from tui.domain.errors import TuiError
from tui.screens.finding import FindingRoom
from tui.screens.room import last_done
from tui.screens.session import ChatSession
from tui.screens.shelf import ShelfRoom
from tui.widgets.conversation_list import ConversationList
from tui.widgets.prompt_area import PromptArea
from tui.widgets.transcript import Transcript

_STORED = ("rename", "duplicate", "delete_conversation")


class TreeScreen(ShelfRoom, FindingRoom):
    """Edits, branches off, deletes and clears, and undoes all that the rooms of the screen do."""

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

            self._start(self._offered(take_back), "tree")

    @on(Transcript.BranchRequested)
    def _branch_off_wanted(self, event: Transcript.BranchRequested) -> None:
        session = self.session
        if session is not None:
            self._start(self._copied(partial(session.services.collection.branch_off, event.message)), "open")

    @on(Transcript.DeleteRequested)
    def _delete_wanted(self, event: Transcript.DeleteRequested) -> None:
        if self.session is not None:
            self._start(self._delete_message(self.session, event.message), "tree")

    async def _delete_message(self, session: ChatSession, message: Message) -> None:
        try:
            self._say_done(await session.services.collection.delete_message(message))
            await session.open(message.conversation_id)
        except TuiError as error:
            self.tell(error)

    @on(Transcript.PinRequested)
    def _message_pin_wanted(self, event: Transcript.PinRequested) -> None:
        if self.session is not None:
            self._start(self._pin_message(self.session, event.message), "tree")

    async def _pin_message(self, session: ChatSession, message: Message) -> None:
        try:
            self._say_done(await session.services.pins.toggle(message))
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
            self._say_done(await session.services.collection.clear(conversation_id))
            await session.open(conversation_id)
        except TuiError as error:
            self.tell(error)

    @on(Transcript.UndoRequested)
    @on(ConversationList.UndoRequested)
    @on(PromptArea.UndoRequested)
    def _undo_wanted(self) -> None:
        self.action_undo()

    def action_undo(self) -> None:
        """Take back what was done last."""
        self.undo_step(None)

    def _imported(self, step: int | None) -> None:
        """Offer to undo an import."""
        if step and self.session is not None and last_done(self.session).last == step:
            self._say_done()

    def undo_step(self, number: int | None) -> None:
        """Take back what has a number, or what was done last; says what came of it."""
        if self.session is not None:
            self._start(self._undo(self.session, number), "tree")

    async def _undo(self, session: ChatSession, number: int | None) -> None:
        try:
            undone = None
            for undo in (last_done(session), session.services.undo, session.home.undo):
                undone = undone or await undo.undo(number)
                if number is None:
                    break
            if undone is None:
                self._say("There is nothing to undo." if number is None else "This was undone already.")
                return
            self._say(f"Undone: {undone.what}")
            if undone.conversation_id is not None:
                await session.open(undone.conversation_id)
        except TuiError as error:
            self.tell(error)
