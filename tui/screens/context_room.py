"""The part of the chat screen that shows, and settles, what of a conversation the model is told."""

from dataclasses import replace

from textual import on

from tui.domain.attachment import is_picture, is_text
from tui.domain.context import ContextPlan
from tui.domain.conversation import ContextPolicy
from tui.domain.errors import ContextQuestion, TuiError
from tui.domain.events import (
    ContextAsked,
    ContextChanged,
    ContextMismatch,
    ContextUsed,
    Event,
    GenerationFinished,
    ModelsChanged,
)
from tui.screens.asking import Again
from tui.screens.context_dialogs import (
    Choice,
    ContextScreen,
    Remedy,
    larger_window,
    question_choices,
    window_choice,
)
from tui.screens.context_keeper import ContextKeeper
from tui.screens.in_parts import attach_as_parts, has_long_text, turns_of
from tui.screens.session import ChatSession
from tui.screens.settings_room import SettingsRoom
from tui.widgets.context_words import explained, what_leaves
from tui.widgets.gauge import ContextGauge
from tui.widgets.prompt import Prompt
from tui.widgets.transcript import Transcript


class ContextRoom(SettingsRoom):
    """Gauge, cut line, the question before something does not fit, and the summary."""

    _keeper: ContextKeeper | None = None

    def watch_context(self, session: ChatSession) -> None:
        """Begin to show how full the context window is."""
        self._keeper = ContextKeeper(self, session, self.pane, self._while_shown)
        session.on_change = self._keeper.changed
        self._keeper.changed()

    def receive_context(self, event: Event) -> None:
        """Show what happened to what the model is told."""
        keeper = self._keeper
        if keeper is None:
            return
        match event:
            case ContextUsed():
                keeper.sent(event.conversation_id, event.plan)
            case ContextChanged() | ModelsChanged() | GenerationFinished():
                keeper.changed()
            case ContextMismatch():
                self._say_mismatch(event)
            case ContextAsked():
                self._asked_of_waiting(event)

    @on(Prompt.Changed)
    def _draft_grew(self) -> None:
        if self._keeper is not None:
            self._keeper.typed()

    @on(ContextGauge.Clicked)
    def _gauge_clicked(self) -> None:
        self.action_context()

    @on(Transcript.SummaryRequested)
    def _summary_wanted(self) -> None:
        self.action_summary()

    def action_context(self) -> None:
        """Show what the next request holds."""
        keeper, session = self._keeper, self.session
        if keeper is None or session is None or self.app.screen is not self:
            return
        if not session.model:
            self._say("It is not known yet: choose a model with Ctrl+L.")
            return
        self._start(self._show_context(session, keeper), "show context")

    async def _show_context(self, session: ChatSession, keeper: ContextKeeper) -> None:
        try:
            plan = keeper.plan or await session.services.context.plan(session.asking.conversation())
        except TuiError as error:
            self.tell(error)
            return
        choices = [window_choice(plan, self._cost(session, plan))]
        if plan.summary is not None:
            choices.append(Choice(Remedy.SUMMARY, "Read the summary of what is left out"))
        choices.append(Choice(Remedy.SETTINGS, "Change the settings of this conversation"))
        screen = ContextScreen("What the model is told", explained(plan), [each for each in choices if each])

        def chosen(remedy: Remedy | None) -> None:
            if remedy is not None:
                self._start(self._remedied(session, remedy, plan, None), "tree")

        self.app.push_screen(screen, chosen)

    def action_summary(self) -> None:
        """Read, change or delete the summary that is sent in place of earlier messages."""
        keeper, session = self._keeper, self.session
        if keeper is None or session is None or self.app.screen is not self:
            return
        plan = keeper.shown_plan
        if plan is None or plan.summary is None:
            self._say("There is no summary: everything that fits is sent as it is.")
            return
        from tui.screens.summary_note import SummaryScreen

        self.app.push_screen(SummaryScreen(session.services.summaries, plan.summary, self._say_done))

    def tell(self, error: TuiError) -> None:
        """Show an error; ask where it is a question."""
        if isinstance(error, ContextQuestion):
            self.ask_about(error)
        else:
            super().tell(error)

    def ask_about(self, question: ContextQuestion, again: Again | None = None) -> None:
        """Ask what is to be done about something that does not fit.

        Args:
            question: What would be left out, or does not fit.
            again: Tries once more; None sends what is in the input.
        """
        session = self.session
        if session is None or isinstance(self.app.screen, ContextScreen):
            return
        plan = question.plan
        retried = again or session.asking.again or self._send_again
        pictures = [file for file in session.files.attachments if is_picture(file)]
        choices = question_choices(
            plan,
            session.setups.current.policy,
            cost=self._cost(session, plan),
            attached=len(pictures) if retried == self._send_again else 0,
            divisible=has_long_text(plan, self.pane.prompt.text, session.files.attachments),
            texts=sum(map(is_text, session.files.attachments)),
            begun=session.conversation is not None and not self.pane.is_empty,
            editing=session.editing.target is not None or retried != self._send_again,
        )

        def chosen(remedy: Remedy | None) -> None:
            if remedy is not None:
                self._start(self._remedied(session, remedy, plan, retried), "tree")

        body = question.message
        if lines := what_leaves(plan, self.pane.messages):
            body += f"\n\n{lines}"
        if not plan.fits:
            body += f"\n\nIt is too long by about {plan.missing:,} tokens; this is an estimate."
        heading = "The context window is full" if plan.fits else "This does not fit into the context window"
        self.app.push_screen(ContextScreen(heading, body, choices, question=True), chosen)

    async def _send_again(self) -> None:
        self.pane.prompt.action_send()

    def _cost(self, session: ChatSession, plan: ContextPlan) -> int | None:
        wanted = larger_window(plan)
        if wanted is None:
            return None
        return session.services.context.windows.memory_cost(session.asking.conversation(), wanted)

    async def _remedied(
        self, session: ChatSession, remedy: Remedy, plan: ContextPlan, again: Again | None
    ) -> None:
        try:
            go_on = await self._done(session, remedy, plan)
        except TuiError as error:
            self.pane.status.notice = ""
            self.tell(error)
            return
        if go_on and again is not None:
            await again()

    async def _done(self, session: ChatSession, remedy: Remedy, plan: ContextPlan) -> bool:
        """Do what was chosen; return whether what was stopped may be tried once more."""
        if remedy in (Remedy.SUMMARY, Remedy.SETTINGS):
            (self.action_summary if remedy is Remedy.SUMMARY else self.action_conversation_settings)()
            return False
        setup = session.setups.current
        match remedy:
            case Remedy.WINDOW:
                options = replace(setup.options, num_ctx=larger_window(plan))
                await session.setups.use(replace(setup, options=options))
                self._say_done(f"set num_ctx {options.num_ctx:,} in this conversation")
            case Remedy.SUMMARISE:
                await session.setups.use(replace(setup, policy=ContextPolicy.SUMMARISE))
                if session.conversation is not None:
                    self.pane.status.notice = "summarising older messages…"
                    await session.services.summaries.make(session.conversation.id)
                    self.pane.status.notice = ""
            case Remedy.PARTS:
                parts = await attach_as_parts(session, self.pane.prompt, plan)
                self._say_done(f"attached it as {parts} parts")
                return False
            case Remedy.TURNS:
                session.asking.turns = turns_of(session, plan, self.pane.prompt.text)
            case Remedy.IMAGES:
                session.files.bring([file for file in session.files.take() if not is_picture(file)])
            case Remedy.BRANCH:
                await self._branch(session, plan)
            case Remedy.SEND:
                session.asking.allow()
        return True

    async def _branch(self, session: ChatSession, plan: ContextPlan) -> None:
        """Move what is in the input into a new conversation, with the messages that fit beside it."""
        conversation = session.conversation
        if conversation is None:
            return
        kept = plan.sent if plan.fits else ()
        copy = await session.services.collection.fork(conversation.id, kept, frozenset(plan.images_left_out))
        text, files = self.pane.prompt.text, session.files.take()
        self.pane.prompt.text = ""
        session.keep_draft("")
        await session.open(copy)
        self.pane.prompt.text = text
        session.files.bring(files)

    def _asked_of_waiting(self, event: ContextAsked) -> None:
        session = self.session
        if session is None or event.conversation_id != self.pane.conversation_id:
            return
        conversation_id = event.conversation_id

        async def resume() -> None:
            session.services.generation.resume(conversation_id)

        self.ask_about(event.question, resume)

    def _say_mismatch(self, event: ContextMismatch) -> None:
        about, counted = event.plan.estimate, event.counted
        if event.trimmed:
            words = (
                f"The server read only {counted:,} tokens of about {about:,} that were sent: it has left "
                "something out without saying so. A larger num_ctx (Ctrl+T) may help."
            )
        else:
            words = (
                f"The server counted {counted:,} tokens where about {about:,} were expected; the gauge "
                "learns from that."
            )
        self.app.notify(words, severity="warning", markup=False, timeout=12)
