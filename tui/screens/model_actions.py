"""What a chat screen does about models: choosing, warming up, thinking, managing."""

import time
from collections.abc import Coroutine, Sequence
from typing import Final

from textual import on
from textual.screen import Screen
from textual.timer import Timer

from tui.domain.errors import ModelMissing, TuiError
from tui.domain.events import (
    Event,
    GenerationFinished,
    ModelsChanged,
    PullsChanged,
    ServersChanged,
    ServerStateChanged,
    WarmUpChanged,
)
from tui.domain.pull import PullState
from tui.domain.server import ModelChoice
from tui.domain.text import sanitize_line
from tui.screens.model_dialogs import ChoiceScreen
from tui.screens.model_messages import ModelChosen, ModelWanted, ServerChosen
from tui.screens.models import ModelsScreen
from tui.screens.session import ChatSession
from tui.screens.thinking_actions import ThinkingActions
from tui.screens.work import begin_work
from tui.services.turns import sound
from tui.widgets.fit import shorten
from tui.widgets.model_picker import ModelPicker
from tui.widgets.picker_rows import PickerContents
from tui.widgets.status_bar import duration

_NAME_CELLS: Final = 24
"""Cells of a model's name that is being loaded: how long it takes and how it is stopped fit beside it."""


class ModelActions(ThinkingActions):
    """The part of a chat screen that is about models, on whichever server they are."""

    _warm_timer: Timer | None = None
    _pull_states: dict[tuple[str, str], PullState] | None = None

    def tell(self, error: TuiError) -> None:
        """Show an error; show the models there are where one is missing."""
        if isinstance(error, ModelMissing):
            self.action_choose_model()
        super().tell(error)

    def receive_models(self, event: Event) -> None:
        """Show what happened to models and servers."""
        if self.session is None:
            return
        self._pass_on(event)
        match event:
            case WarmUpChanged():
                self._warming(event)
            case PullsChanged():
                self._pulls_moved(event)
            case GenerationFinished():
                begin_work(self, self._learn(self.session, event), "learn")
                begin_work(self, self.take_back_thinking(self.session, event), "thinking refused")
            case ModelsChanged():
                self._show_in_picker()
            case ServersChanged():
                self.session.show_server()
                self._show_in_picker()
            case ServerStateChanged():
                self._show_in_picker()

    async def _learn(self, session: ChatSession, event: GenerationFinished) -> None:
        """Remember how long the model took to load where it is."""
        services, answer = session.services, event.answer
        try:
            conversation = await services.conversations.get(event.conversation_id)
        except TuiError:
            return
        if conversation is not None:
            services.servers.learn_load(conversation.server, answer.model, answer.stats.load_seconds)

    def _pass_on(self, event: Event) -> None:
        for screen in self.app.screen_stack:
            # One that is only being put together shows what is known as soon as it stands.
            if isinstance(screen, ModelsScreen) and screen.is_mounted:
                screen.receive(event)

    def action_choose_model(self) -> None:
        """Open the model dropdown."""
        if self.session is None or isinstance(self.app.screen, ModelPicker | ModelsScreen):
            return
        picker = ModelPicker(
            self._picker_contents(self.session),
            self.session.model,
            error=self.session.services.server.state.error,
            delegate=self,
        )
        self.app.push_screen(picker, self._model_picked)
        self.refresh_models()

    def action_manage_models(self) -> None:
        """Open the model manager."""
        self.manage_models()

    def cancel_warm_up(self) -> bool:
        """Stop loading the model that was chosen; return whether one was being loaded."""
        return self.session is not None and self.session.services.warm_up.cancel()

    def describe_models(self, names: Sequence[str], server: str | None) -> None:
        """Learn what models can do that are listed without it.

        Args:
            names: The models.
            server: The name of their server; None for the one in use.
        """
        if self.session is not None:
            models, servers = self.session.services.models, self.session.services.servers
            asked = models.describe(names) if server is None else servers.describe(server, names)
            self._start(self._quietly(asked), "describe")

    def toggle_favourite(self, name: str) -> None:
        """Let a model stand first, or no longer."""
        if self.session is not None:
            self.session.services.models.toggle_favourite(name)
            self._show_in_picker()

    def manage_models(self, fetch: str = "") -> None:
        """Open the model manager.

        Args:
            fetch: The name of a model that it proposes to fetch; empty for none.
        """
        if self.session is not None and not isinstance(self.app.screen, ModelsScreen):
            self.app.push_screen(ModelsScreen(self.session.services, fetch=fetch), self._managed)

    @on(ModelWanted)
    def _model_wanted(self, event: ModelWanted) -> None:
        event.stop()
        self.manage_models(event.model)

    def _managed(self, _: None) -> None:
        """Return from the manager, which may have looked at another server."""
        if self.session is not None:
            self.session.services.servers.leave()
            self.session.follow_server()
            self.session.show_model()

    def refresh_models(self) -> None:
        """Ask every server for its models again."""
        if self.session is not None:
            self._start(self.session.refresh_models(), "models")
            self._start(self.session.services.servers.survey(), "survey")

    async def _quietly(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except TuiError:
            return

    def _picker_contents(self, session: ChatSession) -> PickerContents:
        models = session.services.models
        return PickerContents(
            models.models,
            models.running,
            models.memory.favourites,
            models.load_seconds(),
            session.services.servers.reports,
        )

    @property
    def _top(self) -> Screen[object] | None:
        """The screen in front; None while the app ends, when events may still come."""
        stack = self.app.screen_stack
        return stack[-1] if stack else None

    def _show_in_picker(self) -> None:
        screen = self._top
        if isinstance(screen, ModelPicker | ChoiceScreen) and not screen.is_mounted:
            self.call_after_refresh(self._show_in_picker)
        elif isinstance(screen, ModelPicker) and self.session is not None:
            screen.show(self._picker_contents(self.session), self.session.services.server.state.error)
        elif isinstance(screen, ChoiceScreen):
            screen.refresh_rows()

    def _model_picked(self, choice: ModelChoice | None) -> None:
        if choice is not None and self.session is not None:
            self._start(self._use_model(self.session, choice), "model")
        self.pane.prompt.focus()

    async def _use_model(self, session: ChatSession, choice: ModelChoice) -> None:
        before = session.services.servers.current
        server = before if choice.server is None else choice.server
        await session.use_model(choice.model, server)
        self.post_message(ModelChosen(choice.model))
        if server != before:
            self.post_message(ServerChosen(server))
        services = session.services
        if services.settings.chat.warm_up:
            first = session.asking.conversation()
            options = sound(first.options, services.context.windows.window(first))
            services.warm_up.start(choice.model, num_ctx=options.num_ctx, keep_alive=first.keep_alive)

    def _warming(self, event: WarmUpChanged) -> None:
        if self._warm_timer is not None:
            self._warm_timer.stop()
            self._warm_timer = None
        if event.started_at is None:
            self.pane.status.notice = ""
            if event.error is not None:
                self.tell(event.error)
            return
        started_at, model = event.started_at, shorten(sanitize_line(event.model), _NAME_CELLS)

        def show() -> None:
            elapsed = duration(time.monotonic() - started_at, whole=True)
            self.pane.status.notice = f"loading {model} · {elapsed} · Esc stops"

        show()
        self._warm_timer = self.set_interval(1.0, show)

    def _pulls_moved(self, event: PullsChanged) -> None:
        before = self._pull_states or {}
        self._pull_states = {(pull.server, pull.name): pull.state for pull in event.pulls}
        managing = isinstance(self._top, ModelsScreen)
        for pull in event.pulls:
            if (
                before.get((pull.server, pull.name)) is PullState.RUNNING
                and pull.state is not PullState.RUNNING
            ):
                name = sanitize_line(pull.name, 80)
                if pull.state is PullState.DONE:
                    self.app.notify(f"{name} is ready.", markup=False)
                elif pull.error is not None and not managing:
                    self.app.notify(
                        f"{name}: {sanitize_line(pull.error.message)}", severity="error", markup=False
                    )
