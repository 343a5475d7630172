"""The chat screen: routes what is wanted to the session, and what happened to the widgets."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Footer

from tui.commands.bindings import bindings_for
from tui.commands.registry import Scope
from tui.domain.conversation import ConversationId
from tui.domain.errors import BadRequest, ModelMissing, SightMissing, TuiError
from tui.domain.events import (
    ConversationsChanged,
    Event,
    GenerationFinished,
    GenerationStarted,
    GenerationUpdated,
    ModelsChanged,
    QueueChanged,
    ServerCondition,
    ServerStateChanged,
    StoreStateChanged,
)
from tui.domain.setup import UNSET, Setup
from tui.domain.text import sanitize_line
from tui.screens.attaching import AttachingRoom
from tui.screens.dialogs import ConfirmScreen
from tui.screens.drafts import DraftKeeper
from tui.screens.editor import EditorRoom
from tui.screens.notices import empty_notice
from tui.screens.session import ChatSession, ConversationEvent
from tui.screens.slash import SlashActions
from tui.services import Services, end_temporary
from tui.services.attachments.sources import sources_of
from tui.widgets.conversation_list import ConversationList
from tui.widgets.conversation_pane import ConversationPane
from tui.widgets.header_bar import HeaderBar
from tui.widgets.prompt import Prompt
from tui.widgets.transcript import Transcript

_OPENED = ("http://", "https://", "mailto:")
"""How an address begins that is opened outside; a model must not name a file or a program."""

_NARROW = 100
"""Columns below which the side panel folds away by itself."""


class ChatScreen(AttachingRoom, EditorRoom, SlashActions):
    """One conversation at a time; others go on by themselves while they are not shown."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.CHAT)]
    AUTO_FOCUS = "PromptArea"

    DEFAULT_CSS = """
    ChatScreen {
        background: $background;
        #body { height: 1fr; }
        ConversationList { width: 30; display: none; }
        &.-sidebar ConversationList { display: block; }
        &.-narrow ConversationList { display: none; }
        &.-narrow.-forced.-sidebar ConversationList { display: block; }
        /* The rows of what the model is told stay whole. */
        Tooltip { max-width: 64; }
    }
    """

    def __init__(self, *, sidebar: bool = True, unfold_thinking: bool = True) -> None:
        """Make a screen that can be written in, but does nothing until it has a session.

        Args:
            sidebar: Show the side panel where there is room.
            unfold_thinking: Show thinking while it is being written.
        """
        super().__init__()
        self._drafts: DraftKeeper | None = None
        self._unfold_thinking = unfold_thinking
        self._sent_early = ""
        """What was sent before there was a session."""
        self.set_class(sidebar, "-sidebar")

    def compose(self) -> ComposeResult:
        """Compose the widgets."""
        yield HeaderBar()
        with Horizontal(id="body"):
            yield ConversationList(id="sidebar")
            yield ConversationPane(id="pane")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Show an empty conversation, ready to be written in."""
        self.pane.transcript.unfold_thinking = self._unfold_thinking
        self.pane.set_notice(empty_notice(None, models_known=False, model=""))
        self.pane.prompt.focus()

    def on_resize(self, event: events.Resize) -> None:
        """Fold the side panel away where there is no room for it."""
        self.set_class(event.size.width < _NARROW, "-narrow")

    async def attach(
        self,
        services: Services,
        *,
        model: str,
        setup: Setup = UNSET,
        first: ConversationId | None = None,
        prompt: str = "",
        files: Sequence[Path] = (),
        folder: str = "",
    ) -> None:
        """Begin to work: open a conversation, attach files, send a prompt.

        Args:
            services: What does the work.
            model: The model of new conversations; empty takes what the server has.
            setup: What new conversations begin with.
            first: The conversation to open; None for a new one.
            prompt: What to send at once; empty for nothing.
            files: What to attach.
            folder: The folder that files were last attached from; empty for none.
        """
        self._drafts = DraftKeeper(self, services.conversations.save_draft)
        session = ChatSession(
            services,
            header=self.header,
            sidebar=self.sidebar,
            pane=self.pane,
            drafts=self._drafts,
            tell=self.tell,
            model=model,
            setup=setup,
        )
        await session.begin(first)
        self.session = session
        self.pane.prompt.complete_from(self)
        self.begin_attaching(session, folder)
        self.watch_context(session)
        session.files.changed = self._draft_grew
        self.refresh_bindings()
        # What happened to the connection meanwhile was told to nobody.
        self.receive(ServerStateChanged(services.server.state))
        session.keep_draft(self.pane.prompt.draft)
        self._start(session.list_conversations(), "list")
        self._start(session.attempt(services.collection.purge()), "purge")
        if first_message := prompt or self._sent_early:
            self._start(self._send_first(session, first_message, files), "send")
        else:
            self.attach_paths(files)

    async def _send_first(self, session: ChatSession, text: str, files: Sequence[Path]) -> None:
        if files:
            # A file that cannot be attached leaves the words in the input.
            self.pane.prompt.text = text
            sources = await sources_of([str(path) for path in files])
            session.files.add(sources)
            await self._tried(session.files.settled)
            if len(session.files) == len(sources):
                self.pane.prompt.action_send()
        else:
            await session.send(text)

    async def flush(self) -> None:
        """Save what is not saved yet."""
        if self._drafts is not None and self.session is not None:
            await self._drafts.try_flush()
            await self.session.files.flush()
            if self.session.is_temporary:
                await end_temporary(self.session.services)

    def receive(self, event: Event) -> None:
        """Show what happened."""
        session = self.session
        if session is None:
            return
        self.receive_models(event)
        self.receive_context(event)
        match event:
            case GenerationUpdated() | GenerationStarted() | GenerationFinished() | QueueChanged():
                self._moved(session, event)
            case ConversationsChanged():
                self._start(session.list_conversations(), "list")
                if event.conversation_id is None:
                    self._start(session.read_again(), "again")
            case StoreStateChanged():
                self._show_store_state(event.error)
            case ModelsChanged():
                session.show_model()
            case ServerStateChanged():
                session.show_server()
                if event.state.condition is ServerCondition.CONNECTED:
                    self._start(session.refresh_models(), "models")

    def _show_store_state(self, error: TuiError | None) -> None:
        kept = "What is on the screen is kept in memory."
        self.pane.show_banner(f"{error.message} {error.hint} {kept}" if error else "")

    def _moved(self, session: ChatSession, event: ConversationEvent) -> None:
        if not session.moved(event):
            self._start(session.open(event.conversation_id), "open")
        if isinstance(event, GenerationFinished):
            if isinstance(event.error, ModelMissing):
                self.tell(event.error)
            elif isinstance(event.error, SightMissing):
                self.offer_sight(event.error, event.answer.id)
            self._start(session.refresh_models(), "models")

    @on(Prompt.Submitted)
    def _submitted(self, event: Prompt.Submitted) -> None:
        if self.session is None:
            self._sent_early = event.text
        else:
            self._start(self._offered(partial(self.session.send, event.text)), "send")

    @on(Prompt.Changed)
    def _draft_changed(self, event: Prompt.Changed) -> None:
        if self.session is not None and event.text == self.pane.prompt.draft:
            self.session.keep_draft(event.text)

    @on(ConversationList.Opened)
    def _conversation_wanted(self, event: ConversationList.Opened) -> None:
        self._open(event.conversation_id)
        self.pane.prompt.focus()

    @on(ConversationList.FilterChanged)
    def _filter_changed(self) -> None:
        if self.session is not None:
            self._start(self.session.list_conversations(), "list")

    @on(HeaderBar.ModelClicked)
    def _model_clicked(self) -> None:
        self.action_choose_model()

    @on(Transcript.RetryRequested)
    def _retry_wanted(self, event: Transcript.RetryRequested) -> None:
        if self.session is not None:
            self._start(self.session.retry(event.message.id), "send")

    @on(Transcript.ContinueRequested)
    def _continue_wanted(self, event: Transcript.ContinueRequested) -> None:
        if self.session is not None:
            self._start(self.session.continue_answer(event.message.id), "send")

    @on(Transcript.BranchStepped)
    def _branch_wanted(self, event: Transcript.BranchStepped) -> None:
        if self.session is not None:
            self._start(self.session.step_branch(event.message.id, event.step), "open")

    @on(Transcript.FindRequested)
    def _find_wanted(self) -> None:
        self.action_find()

    @on(Transcript.LinkClicked)
    def _link_clicked(self, event: Transcript.LinkClicked) -> None:
        address = sanitize_line(event.href, 2000)
        if not address.lower().startswith(_OPENED):
            self.tell(BadRequest(f"This is not opened: {address}", "Only web and mail addresses are."))
            return

        def decided(yes: bool | None) -> None:
            if yes:
                self.app.open_url(address)

        self.app.push_screen(ConfirmScreen("Open this address in the browser?", address), decided)

    def _open(self, conversation_id: ConversationId | None) -> None:
        session = self.session
        if session is not None:
            self.leaving_temporary(partial(self._leave_for, session, conversation_id))

    def _leave_for(self, session: ChatSession, conversation_id: ConversationId | None) -> None:
        session.leave_for(conversation_id)
        self._start(session.open(conversation_id), "open")

    def action_new_conversation(self) -> None:
        """Begin a new conversation."""
        self._open(None)
        self.pane.prompt.focus()

    def action_step_conversation(self, step: int) -> None:
        """Open the conversation above or below in the side panel."""
        wanted = self.sidebar.neighbour(step)
        if wanted is not None:
            self._open(wanted)

    def action_find(self, words: str = "") -> None:
        """Find words in this conversation."""
        self.pane.find_bar.open(words)

    def action_toggle_sidebar(self) -> None:
        """Show or hide the side panel."""
        shown = not self.sidebar.display
        self.set_class(shown, "-sidebar")
        self.set_class(shown, "-forced")
        if shown:
            self.sidebar.focus()
        else:
            self.pane.prompt.focus()

    def action_stop_or_return(self) -> None:
        """Stop the answer; otherwise return to the input."""
        if self.session is not None and self.session.editing.end():
            return
        shown = self.pane.conversation_id
        if self.cancel_warm_up():
            return
        if not (self.session and shown and self.session.services.generation.stop(shown)):
            self.pane.prompt.focus()

    def action_regenerate(self) -> None:
        """Ask for the last answer again."""
        answer = self.pane.last_answer
        if self.session is not None and answer is not None:
            self._start(self.session.retry(answer.id), "send")

    def action_transfer(self, direction: str) -> None:
        """Export the open conversation, or import others."""
        if self.session is not None:
            # Imported late: what it needs is no part of a start.
            from tui.screens.importing import ImportScreen
            from tui.screens.transfer import ExportScreen

            if direction == "export":
                self.app.push_screen(ExportScreen(self.session.services, self.session.conversation))
            else:
                # Even from a temporary conversation, what is imported is stored.
                self.app.push_screen(ImportScreen(self.session.home), self._imported)

    def action_page_transcript(self, direction: int) -> None:
        """Scroll the transcript by a page."""
        self.hurry(self.pane.transcript)
        self.pane.transcript.page(direction)

    def action_copy_text(self) -> None:
        """Copy what is selected in the transcript, or else what is selected elsewhere."""
        if self.pane.transcript.text_selection is not None:
            self.pane.transcript.action_copy_message()
        else:
            super().action_copy_text()
