"""A working chat screen: what is wanted, done with the services and shown in the widgets."""

import time
from collections.abc import Callable, Sequence
from functools import partial

from tui.domain.attachment import is_picture, may_see, sight_missing
from tui.domain.conversation import UNTITLED, Attachment, Conversation, ConversationId, MessageId
from tui.domain.errors import BadRequest, ServerUnreachable, TuiError
from tui.domain.events import (
    GenerationFinished,
    GenerationStarted,
    GenerationUpdated,
    QueueChanged,
)
from tui.domain.model import find_model
from tui.domain.setup import Setup
from tui.screens.ahead import TypedAhead
from tui.screens.answering import Answering
from tui.screens.asking import Asking
from tui.screens.drafts import DraftKeeper
from tui.screens.editing import Editing
from tui.screens.prompt_files import PromptFiles
from tui.screens.reading import FIRST_READ, ReadBehind
from tui.services import Services, end_temporary
from tui.services.conversations import OpenedConversation
from tui.widgets.conversation_list import ConversationList
from tui.widgets.conversation_pages import PAGE
from tui.widgets.conversation_pane import ConversationPane
from tui.widgets.groups import PINNED, borders_of, groups_of
from tui.widgets.header_bar import HeaderBar

_FOUND = 500
"""Conversations that the side panel lists while it is filtered."""


ConversationEvent = GenerationUpdated | GenerationStarted | GenerationFinished | QueueChanged
"""What happens in one conversation."""


class ChatSession(Answering):
    """Holds which conversation is open, and keeps widgets and services together.

    Methods that are coroutines tell of a `TuiError` themselves; they raise none.
    """

    def __init__(
        self,
        services: Services,
        *,
        header: HeaderBar,
        sidebar: ConversationList,
        pane: ConversationPane,
        drafts: DraftKeeper,
        tell: Callable[[TuiError], None],
        model: str,
        setup: Setup,
    ) -> None:
        """Make a session with no conversation open.

        Args:
            services: What does the work.
            header: Told title, model and connection.
            sidebar: Told the saved conversations.
            pane: Told the messages.
            drafts: Keeps unsent text.
            tell: Shows an error.
            model: Model of new conversations; empty takes what the server has.
            setup: What new conversations begin with.
        """
        super().__init__(services, header=header, pane=pane, tell=tell, model=model, setup=setup)
        self.home = services
        """What works for the saved conversations."""
        self.files = PromptFiles(
            lambda: self.services,
            show=pane.attachments.show,
            tell=lambda error: pane.call_later(tell, error),
            say=lambda words: pane.notify(words, severity="warning", markup=False, timeout=6),
        )
        """What is attached to the input."""
        self.editing = Editing(pane, self.files)
        self.asking = Asking(self)
        self._sidebar = sidebar
        self._behind = ReadBehind(pane, tell)
        self._drafts = drafts
        self._ahead = TypedAhead(pane, self.editing, drafts.keep)
        self._opening: ConversationId | None = None
        """What is being read from the store to be shown."""
        self._outdated = False
        """What is being read has changed meanwhile."""
        self._showing = 0
        """Counts what was shown, to tell whether the reader has gone elsewhere."""
        self._begun = False
        """The first conversation is shown."""

    def keep_draft(self, text: str) -> None:
        """Have unsent text saved soon."""
        if not self._ahead.is_on:
            self._drafts.keep(self._pane.conversation_id, self.editing.draft(text))

    @property
    def is_temporary(self) -> bool:
        """Whether the open conversation is stored nowhere."""
        return self.services is not self.home

    async def use(self, services: Services) -> None:
        """Work with other services from now on, and show a conversation that has not begun.

        Raises:
            TuiError: its draft cannot be read.
        """
        self._ahead.begin()
        await self._drafts.try_flush()
        await self.files.forget()
        before, self.services = self.services, services
        self._drafts.use(services.conversations.save_draft)
        try:
            draft, files = (
                await services.conversations.draft(None),
                await services.conversations.draft_files(None),
            )
        except TuiError:
            self._ahead.give_up()
            raise
        self._show(None, None, draft, anew=True)
        self.files.open(None, files)
        if before is not self.home:
            await end_temporary(before)

    @property
    def live(self) -> frozenset[ConversationId]:
        """The saved conversations in which answers are being written, in any window."""
        return self.home.generation.live | self.home.windows.live_elsewhere

    def moved(self, event: ConversationEvent) -> bool:
        """Show what happened in a conversation; False when the open one has to be read again."""
        if event.conversation_id == self._opening and not isinstance(event, GenerationUpdated):
            self._outdated = True
        if isinstance(event, GenerationStarted):
            self._sidebar.set_live(self.live)
            self._pane.status.offer = ""
        elif isinstance(event, GenerationFinished):
            self.ended(event)
        if event.conversation_id != self._pane.conversation_id:
            return True
        match event:
            case GenerationUpdated():
                self._pane.grew(event)
            case GenerationStarted():
                # What is being left need not be read again.
                return self._pane.began(event) or self._ahead.is_on
            case GenerationFinished():
                self._pane.ended(event)
                self.show_offer()
            case QueueChanged():
                self._pane.queue_changed(event)
        return True

    async def begin(self, first: ConversationId | None) -> None:
        """Show the first conversation; what was written before the store was open stays."""
        await self.open(first)
        self._begun = True

    def leave_for(self, conversation_id: ConversationId | None) -> None:
        """Take what is typed from now on for a conversation that will be opened at once."""
        if self._begun and conversation_id != self._pane.conversation_id:
            self._ahead.begin()

    async def open(self, conversation_id: ConversationId | None, at: MessageId | None = None) -> None:
        """Show a conversation where it was left; what is seen is shown before the rest is read.

        Args:
            conversation_id: Which one; None for one that has not begun.
            at: A message that must be there when this returns.
        """
        await self._opened(conversation_id, at)

    async def _opened(
        self, conversation_id: ConversationId | None, at: MessageId | None = None
    ) -> OpenedConversation | None:
        """Show a conversation, and return what was shown of it; None where it could not be read."""
        opened = None
        self.leave_for(conversation_id)
        try:
            await self._drafts.try_flush()
            await self.files.flush()
            if conversation_id is None:
                files = await self.services.conversations.draft_files(None)
                self._show(None, None, await self.services.conversations.draft(None))
                self.files.open(None, files)
            else:
                opened = await self._read(conversation_id, at)
                self._show(opened.conversation, opened, opened.draft)
                if self.editing.target is None:
                    self.files.open(conversation_id, opened.files)
                await self.services.conversations.mark_read(conversation_id)
        except TuiError as error:
            self._ahead.give_up()
            self._tell(error)
        return opened

    async def send(self, text: str) -> None:
        """Send a message in the open conversation; a refused one stays in the input."""
        if not await self._ahead.wait():
            self._pane.prompt.refuse()
            return
        self.asking.again = None
        if self.editing.target is None:
            self._drafts.keep(self._pane.conversation_id, text)
        failures, turns = self.files.failures, self.asking.take_turns()
        try:
            await self._drafts.flush()
            self._draft_refused = False
            self.require_server()
            if self.editing.target is not None:
                await self.editing.send(self.services, text)
                return
            showing = self._showing
            files = turns[0] if turns else await self.files.settled(failures)
            model = await self._model_to_ask()
            self._require_sight(model, files)
            conversation = self.conversation
            if conversation is None:
                await self._begin(text, turns or (files,), model, showing)
            else:
                await self.services.generation.ask(conversation.id, text, files)
                self._pane.prompt.accept()
                await self._drafts.forget(conversation.id)
                await self.asking.sent(conversation.id, text, turns or (files,), conversation.id)
        except TuiError as error:
            self._draft_refused = isinstance(error, ServerUnreachable)
            self._pane.prompt.refuse()
            self._tell(error)

    async def _begin(
        self, text: str, turns: Sequence[tuple[Attachment, ...]], model: str, showing: int
    ) -> None:
        """Begin a conversation with a message, and show it unless the reader has gone elsewhere.

        Args:
            text: The words of the message.
            turns: What is attached to it, and to those that follow it.
            model: Who answers.
            showing: What `_showing` was when the message was sent.

        Raises:
            TuiError: it was not sent.
        """
        files = turns[0]
        await self.asking.check_first(text, files)
        conversation = await self.services.conversations.begin(
            text or files[0].name, model=model, setup=self.setups.current, server=self._new_server
        )
        self.setups.begun()
        self.asking.begun(conversation.id)
        # An answer may end before its conversation is shown; it is not unread for that.
        self.services.generation.viewing = conversation.id
        await self.services.generation.ask(conversation.id, text, files)
        await self._drafts.forget(None)
        self._pane.prompt.accept()
        await self.asking.sent(conversation.id, text, turns, None)
        if showing == self._showing and not self._ahead.is_on:
            self._ahead.begin(empty=False)
            await self.open(conversation.id)
        else:
            self.services.generation.viewing = self._pane.conversation_id

    def _require_sight(self, model: str, files: Sequence[Attachment]) -> None:
        """Make sure that pictures go to no model that is known not to see.

        Raises:
            SightMissing: they would.
        """
        pictures = sum(is_picture(file) for file in files)
        if pictures and not may_see(find_model(model, self.services.models.models)):
            raise sight_missing(model, pictures)

    async def _model_to_ask(self) -> str:
        models = self.services.models
        if not self.model:
            self._pane.status.notice = "Waiting for the model server…"
            try:
                await self.services.server.backend()
                await models.refresh()
            finally:
                self._pane.status.notice = ""
        await models.require(self.model)
        return self.model

    async def retry(self, answer_id: MessageId) -> None:
        """Have an answer of the open conversation written again."""
        self.asking.again = partial(self.retry, answer_id)
        if self.conversation is not None and self._server_is_there():
            await self.attempt(self.services.generation.regenerate(self.conversation.id, answer_id))

    async def continue_answer(self, answer_id: MessageId) -> None:
        """Have a cut answer of the open conversation gone on with."""
        self.asking.again = partial(self.continue_answer, answer_id)
        if self.conversation is not None and self._server_is_there():
            await self.attempt(self.services.generation.continue_answer(self.conversation.id, answer_id))

    def _server_is_there(self) -> bool:
        """Return whether the server of the open conversation can be used; tell where it cannot."""
        try:
            self.require_server()
        except TuiError as error:
            self._tell(error)
            return False
        return True

    async def step_branch(self, message_id: MessageId, step: int) -> None:
        """Show another branch of the open conversation."""
        shown = self._pane.conversation_id
        if shown is None:
            return
        if shown in self.services.generation.live:
            self._tell(BadRequest("An answer is being written.", "Stop it with Esc to see other branches."))
            return
        await self._pane.transcript.whole()
        place = self._pane.place_of(message_id)
        await self.attempt(self.services.conversations.step_branch(shown, message_id, step))
        opened = await self._opened(shown)
        if opened is None or place is None:
            return
        # On the other branch the cursor stands where it stood, so that the next step goes on.
        near = place - len(opened.above)
        if 0 <= near < (opened.head if opened.between else len(opened.path)):
            self._pane.transcript.go_to(opened.path[near].id)
        else:
            await self._pane.transcript.whole()
            self._pane.go_to_place(place)

    async def list_conversations(self, offset: int | None = None) -> None:
        """Show the saved conversations.

        Args:
            offset: The first that is wanted; None for those that are seen.
        """
        conversations, now = self.home.conversations, time.time()
        try:
            if query := self._sidebar.query_text:
                rows = await conversations.page(query=query, limit=_FOUND)
                self._sidebar.set_conversations(rows, now)
            else:
                first = max(0, self._sidebar.rows.first_visible - PAGE // 2) if offset is None else offset
                rows = await conversations.page(offset=first, limit=PAGE)
                if not first and (len(rows) < PAGE or not self._sidebar.rows.conversations):
                    # All there are, or the first that are seen: counting them must not keep these waiting.
                    self._sidebar.set_conversations(rows, now, groups=groups_of(rows, now))
                if first or len(rows) == PAGE:
                    headings, borders = borders_of(now, await conversations.oldest())
                    counts = await conversations.counts(borders)
                    groups = list(zip((PINNED, *headings), counts, strict=False))
                    self._sidebar.set_conversations(rows, now, groups=groups, offset=first)
            self._sidebar.set_live(self.live)
            opened = self._pane.conversation_id
            found = await self.services.conversations.get(opened) if opened is not None else None
            if found is not None and opened == self._pane.conversation_id:
                self._show_conversation(found)
        except TuiError as error:
            self._tell(error)

    async def read_again(self) -> None:
        """Show what another window has changed in the open conversation."""
        shown = self._pane.conversation_id
        if shown is None or not self._is_at_rest(shown):
            return
        try:
            if await self.services.conversations.get(shown) is None:
                return
            opened = await self._some_of(shown, self._pane.transcript.top_message)
        except TuiError as error:
            self._tell(error)
            return
        if self._is_at_rest(shown):
            self._show(opened.conversation, opened, opened.draft)

    def _is_at_rest(self, conversation_id: ConversationId) -> bool:
        """Tell whether a conversation is shown, and nothing is done here that would show more of it."""
        return (
            conversation_id == self._pane.conversation_id
            and conversation_id not in self.services.generation.live
            and self._opening is None
            and not self._ahead.is_on
        )

    async def refresh_models(self) -> None:
        """Ask the server for its models; what is known stays where it does not say."""
        try:
            await self.services.models.refresh()
        except TuiError:
            self.show_model()

    async def _read(self, conversation_id: ConversationId, at: MessageId | None) -> OpenedConversation:
        """Return a conversation as it is after everything that has been shown happened."""
        transcript = self._pane.transcript
        is_shown = conversation_id == self._pane.conversation_id
        since = at or (transcript.top_message if is_shown else transcript.left_at(conversation_id))
        self._opening = conversation_id
        try:
            while True:
                self._outdated = False
                opened = await self._some_of(conversation_id, since)
                if not self._outdated:
                    return opened
        finally:
            self._opening = None

    async def _some_of(self, conversation_id: ConversationId, since: MessageId | None) -> OpenedConversation:
        """Return a conversation with what is seen first: from a message on, and its end."""
        return await self.services.conversations.open_end(conversation_id, last=FIRST_READ, since=since)

    def _show(
        self,
        conversation: Conversation | None,
        opened: OpenedConversation | None,
        draft: str,
        *,
        anew: bool = False,
    ) -> None:
        self._showing += 1
        leaving = self._pane.conversation_id
        conversation_id = conversation.id if conversation else None
        elsewhere = anew or conversation_id != leaving
        if elsewhere:
            self._draft_refused = False
            if self._begun:
                self._ahead.begin()
        self._pane.show(
            conversation_id,
            opened.path if opened else (),
            branches=opened.branches if opened else {},
            queued=opened.queued if opened else (),
            notice="",
            whole=not (opened and (opened.above or opened.between)),
            gap=(opened.head, len(opened.between)) if opened else (0, 0),
        )
        self._behind.begin(self.services.conversations, opened)
        self._show_conversation(conversation)
        self.services.generation.viewing = conversation_id
        if not self._begun:
            self._pane.prompt.text = self._pane.prompt.draft or draft
        elif elsewhere:
            self._ahead.arrive(draft)
        else:
            self._ahead.arrive(None)
        progress = self.services.generation.progress(conversation_id) if conversation_id else None
        if progress is not None:
            self._pane.grew(progress)

    def _show_conversation(self, conversation: Conversation | None) -> None:
        self.conversation = conversation
        title = conversation.title if conversation else UNTITLED
        self._header.conversation_title = (
            f"Temporary, stored nowhere · {title}" if self.is_temporary else title
        )
        self._sidebar.current = conversation.id if conversation and not self.is_temporary else None
        self.follow_server()
        self.show_model()
