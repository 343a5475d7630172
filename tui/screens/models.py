"""The model manager: fetch, look into, copy, create, delete, load and unload models."""

import time
from collections.abc import Callable
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.getters import query_one
from textual.widgets import Footer, Static

from tui.commands.bindings import bindings_for
from tui.commands.command import Scope
from tui.domain.errors import TuiError
from tui.domain.events import Event, ModelsChanged, PullsChanged, ServerCondition, ServerStateChanged
from tui.domain.model import ModelInfo
from tui.domain.server import is_address
from tui.domain.text import sanitize_line
from tui.screens.library_actions import LibraryActions
from tui.screens.server_actions import server_choice
from tui.screens.work import begin_work_of_dialog
from tui.services import Services
from tui.widgets.header_bar import connection_label
from tui.widgets.library_list import LibraryList
from tui.widgets.library_rows import LibraryContents
from tui.widgets.model_details import ModelDetailsPane

_NARROW = 116
"""Columns below which the details take the place of the list."""

_SERVER_PERCENT = 60
"""Part of the first row that the server takes at most, as its style says too."""

_LOOK_SECONDS = 10.0
"""How often the loaded models are looked at while the screen is shown."""


class ModelsScreen(LibraryActions):
    """One list of what is fetched, loaded and installed; beside it everything about one model."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.LIBRARY)]
    AUTO_FOCUS = "LibraryList"

    DEFAULT_CSS = """
    ModelsScreen {
        background: $background;
        #top { height: 1; }
        #top Static { height: 1; width: auto; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
        #top #heading { text-style: bold; color: $text-primary; width: 1fr; }
        #top #server { color: $text-muted; max-width: 60%; }
        #body { height: 1fr; margin: 1 0 0 0; }
        LibraryList { width: 3fr; }
        ModelDetailsPane { width: 2fr; border-left: solid $panel; }
        &.-narrow LibraryList { width: 1fr; }
        &.-narrow ModelDetailsPane { width: 1fr; border-left: none; display: none; }
        &.-narrow.-details ModelDetailsPane { display: block; }
        &.-narrow.-details LibraryList { display: none; }
        #failure { height: auto; max-height: 4; padding: 0 1; color: $text-muted; display: none; }
        &.-narrow.-failed #failure { display: block; }
        &.-narrow.-details #failure { display: none; }
        #empty { height: auto; padding: 1 2 0 2; color: $text-muted; &.-error { color: $text-error; } }
    }
    """

    pane = query_one(ModelDetailsPane)

    def __init__(
        self, services: Services, *, fetch: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        """Make the screen.

        Args:
            services: What does the work.
            fetch: The name of a model that is proposed to be fetched; empty for none.
            clock: Seconds since the epoch.
        """
        super().__init__(services)
        self._fetch = fetch
        self._clock = clock
        self._shown = ""

    def compose(self) -> ComposeResult:
        """Compose the heading, the list and the details."""
        with Horizontal(id="top"):
            yield Static("Models", id="heading")
            yield Static("", id="server", markup=False)
        yield Static("", id="empty", markup=False)
        with Horizontal(id="body"):
            yield LibraryList(clock=self._clock)
            yield ModelDetailsPane()
        yield Static("", id="failure", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Show what is known, and look again."""
        self._show_server()
        self.show_contents()
        self.set_interval(1.0, self._tick)
        self.set_interval(_LOOK_SECONDS, self._look)
        self._look()
        if self._fetch:
            self.ask_for_pull(self._fetch)

    def on_resize(self, event: events.Resize) -> None:
        """Show the details beside the list where there is room, and every key."""
        narrow = event.size.width < _NARROW
        self.set_class(narrow, "-narrow")
        self.query_one(Footer).compact = narrow
        self._show_server()

    def receive(self, event: Event) -> None:
        """Show what happened."""
        match event:
            case ModelsChanged() | PullsChanged():
                self.show_contents()
            case ServerStateChanged():
                self._show_server()
                self.show_contents()
                if event.state.condition is ServerCondition.CONNECTED:
                    self._look()

    def action_close(self) -> None:
        """Return from the details to the list, or from the list to the conversation."""
        if self.has_class("-narrow") and self.has_class("-details"):
            self.remove_class("-details")
            self.listing.focus()
        else:
            self.dismiss(None)

    @on(LibraryList.Moved)
    def _moved(self) -> None:
        self.refresh_bindings()
        self._show_details()

    @on(LibraryList.Chosen)
    def _chosen(self) -> None:
        self.action_details()

    def action_choose_server(self) -> None:
        """Choose the server whose models are managed; conversations keep theirs."""
        directory = self.services.servers

        def chosen(place: int | None) -> None:
            if place is not None:
                self._visit(directory.names[place])

        self.app.push_screen(server_choice(directory), chosen)
        begin_work_of_dialog(self, directory.survey(), "survey", exclusive=True)

    def _visit(self, name: str) -> None:
        try:
            self.services.servers.visit(name)
        except TuiError as error:
            self.tell(error)
        self._show_server()
        self.show_contents()

    def show_details_alone(self) -> None:
        """Go to the details; where there is no room for both they take the place of the list."""
        self.add_class("-details")
        self.pane.focus()

    def show_contents(self) -> None:
        """Show what is known now."""
        models, pulls = self.services.models, self.pulls
        self.listing.show(LibraryContents(models.installed, models.running, pulls, models.memory.favourites))
        self._show_notice(nothing=models.known and not models.installed and not pulls)
        self.refresh_bindings()
        self._show_details(again=False)

    def _show_notice(self, *, nothing: bool) -> None:
        """Say why there is nothing, or why what there is may be old."""
        notice, error = self.query_one("#empty", Static), self.services.server.state.error
        notice.display = nothing or error is not None
        notice.set_class(error is not None, "-error")
        if error is not None:
            notice.update(Content(sanitize_line(f"{error.message} {error.hint}")))
        else:
            notice.update(
                Content("No models are installed on this server. p fetches one, for example gemma3:4b.")
            )

    def _tick(self) -> None:
        self.listing.tick()
        if self.services.server.state.retry_at is not None:
            self._show_server()

    def _show_server(self) -> None:
        state = self.services.server.state
        name = self.services.servers.current
        plain = not name or is_address(name)  # The address stands beside it.
        heading = "Models" if plain else f"Models of {sanitize_line(name, 30)}"
        self.query_one("#heading", Static).update(Content(heading))
        room = self.size.width * _SERVER_PERCENT // 100 - 2 if self.size.width else None
        label, tooltip = connection_label(state, room=room, now=time.monotonic())
        version = Content(f" · Ollama {sanitize_line(state.version, 40)}" if state.version else "")
        widget = self.query_one("#server", Static)
        widget.update(label if state.embedded else label + version)
        widget.tooltip = tooltip

    def _show_details(self, *, again: bool = True) -> None:
        """Show what is under the cursor; `again` also where it is shown already."""
        pull = self.pull
        self._show_failure(pull.error if pull else None)
        if pull is not None:
            self._shown = ""
            self.pane.show_pull(pull)
        elif (model := self.model) is None:
            self._shown = ""
            self.pane.clear()
        elif again or self._shown != self._identity(model):
            self._shown = self._identity(model)
            begin_work_of_dialog(self, self._read_details(model), "details", exclusive=True)

    def _show_failure(self, error: TuiError | None) -> None:
        """Say why a pull failed where its row is too short for it, and there are no details beside it."""
        self.set_class(error is not None, "-failed")
        if error is not None:
            words = f"{error.message} {error.hint} Enter goes on with it, x puts it away."
            self.query_one("#failure", Static).update(Content(sanitize_line(words)))

    def _identity(self, model: ModelInfo) -> str:
        running = self.running
        return f"{model.name} {model.digest} {running.expires_at if running else ''}"

    async def _read_details(self, model: ModelInfo) -> None:
        now, running = self._clock(), self.running
        library = self.services.library
        if (known := library.known_details(model)) is None:
            self.pane.show_model(model, running, None, now=now)
        try:
            details = known or await library.details(model)
        except TuiError as error:
            self.pane.show_model(model, running, None, now=now, error=error)
        else:
            self.pane.show_model(model, running, details, now=now)

    def _look(self) -> None:
        begin_work_of_dialog(self, self._looked(), "look", exclusive=True)

    async def _looked(self) -> None:
        try:
            await self.services.models.refresh()
        except TuiError:
            self._show_server()
