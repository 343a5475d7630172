"""The model manager: fetch, look into, copy, create, delete, load and unload models."""

import time
from collections.abc import Callable, Coroutine
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.getters import query_one
from textual.screen import Screen
from textual.widgets import Footer, Static

from tui.commands.bindings import bindings_for
from tui.commands.command import Scope
from tui.domain.errors import TuiError
from tui.domain.events import Event, ModelsChanged, PullsChanged, ServerStateChanged
from tui.domain.model import ModelInfo, RunningModel, find_model, find_running
from tui.domain.pull import NewModel, Pull, PullState
from tui.domain.text import sanitize, sanitize_line
from tui.screens.dialogs import ConfirmScreen
from tui.screens.model_dialogs import CreateScreen, NameScreen
from tui.services import Services
from tui.services.library import EXTEND, KEEP
from tui.widgets.header_bar import connection_label
from tui.widgets.library_list import LibraryList
from tui.widgets.library_rows import LibraryContents, RowKind
from tui.widgets.model_details import ModelDetailsPane
from tui.widgets.model_words import size_words

_NARROW = 100
"""Columns below which the details take the place of the list."""

_LOOK_SECONDS = 10.0
"""How often the loaded models are looked at while the screen is shown."""


class ModelsScreen(Screen[None]):
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
        #empty { height: auto; padding: 1 2; color: $text-muted; }
    }
    """

    listing = query_one(LibraryList)
    pane = query_one(ModelDetailsPane)

    def __init__(self, services: Services, *, clock: Callable[[], float] = time.time) -> None:
        """Make the screen.

        Args:
            services: What does the work.
            clock: Seconds since the epoch.
        """
        super().__init__()
        self._services = services
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
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Show what is known, and look again."""
        self._show_server()
        self._show()
        self.set_interval(1.0, self.listing.tick)
        self.set_interval(_LOOK_SECONDS, self._look)
        self._look()

    def on_resize(self, event: events.Resize) -> None:
        """Show the details beside the list where there is room."""
        self.set_class(event.size.width < _NARROW, "-narrow")

    def receive(self, event: Event) -> None:
        """Show what happened."""
        match event:
            case ModelsChanged() | PullsChanged():
                self._show()
            case ServerStateChanged():
                self._show_server()
                self._look()

    @property
    def model(self) -> ModelInfo | None:
        """The model under the cursor, if it is installed."""
        row = self.listing.row
        if row is None or row.kind is RowKind.PULL:
            return None
        return find_model(row.name, self._services.models.installed)

    @property
    def running(self) -> RunningModel | None:
        """The model under the cursor as it is loaded."""
        row = self.listing.row
        return find_running(row.name, self._services.models.running) if row else None

    @property
    def pull(self) -> Pull | None:
        """The pull under the cursor."""
        row = self.listing.row
        if row is None or row.kind is not RowKind.PULL:
            return None
        return next((pull for pull in self._services.pulls.pulls if pull.name == row.name), None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Allow what can be done with what is under the cursor."""
        if action in ("load", "create", "copy", "rename", "delete", "favourite"):
            return self.model is not None and (action != "load" or self.running is None)
        if action in ("unload", "keep", "extend"):
            return self.model is not None and self.running is not None
        if action == "cancel_pull":
            return self.pull is not None
        return True

    def action_pull(self) -> None:
        """Ask for a name and fetch that model."""

        def named(name: str | None) -> None:
            if name:
                self._work(self._pull(name))

        self.app.push_screen(
            NameScreen(
                "Pull a model",
                placeholder="gemma3:4b",
                hint="A name from ollama.com/library, or hf.co/USER/REPOSITORY:QUANTISATION",
            ),
            named,
        )

    def action_details(self) -> None:
        """Show the details, or go on with a pull."""
        pull = self.pull
        if pull is not None and pull.state in (PullState.FAILED, PullState.CANCELLED):
            self._work(self._pull(pull.name))
        elif pull is not None and pull.state is PullState.DONE:
            self._services.pulls.dismiss(pull.name)
        else:
            self.add_class("-details")
            self.pane.focus()

    def action_cancel_pull(self) -> None:
        """Stop a pull; put away one that has ended."""
        pull = self.pull
        if pull is not None and not self._services.pulls.cancel(pull.name):
            self._services.pulls.dismiss(pull.name)

    def action_load(self) -> None:
        """Load the model."""
        if self.model is not None:
            self._do(f"Loading {self.model.name}…", self._services.library.load(self.model.name))

    def action_unload(self) -> None:
        """Unload the model."""
        if self.model is not None:
            self._do(f"Unloading {self.model.name}…", self._services.library.unload(self.model.name))

    def action_keep(self) -> None:
        """Keep the model loaded for good."""
        if self.model is not None:
            self._do("", self._services.library.load(self.model.name, KEEP))

    def action_extend(self) -> None:
        """Keep the model loaded for longer."""
        if self.model is not None:
            self._do("", self._services.library.load(self.model.name, EXTEND))

    def action_copy(self) -> None:
        """Ask for a second name."""
        if (model := self.model) is not None:
            self._ask_name(f"Copy {model.name} as", model.name, self._services.library.copy)

    def action_rename(self) -> None:
        """Ask for another name."""
        if (model := self.model) is not None:
            self._ask_name(f"Rename {model.name} to", model.name, self._services.library.rename)

    def action_create(self) -> None:
        """Ask for what a new model is to be, and make it."""
        if (model := self.model) is not None:
            self._work(self._create(model))

    def action_delete(self) -> None:
        """Ask, then delete the model."""
        model = self.model
        if model is None:
            return
        freed = self._services.library.freed_by_deleting(model.name)
        words = (
            f"This frees {size_words(freed)} of disk."
            if freed
            else ("Another model has the same files: this frees no disk.")
        )
        if self.running is not None:
            words += " It is loaded now, and is unloaded first."

        def decided(yes: bool | None) -> None:
            if yes:
                self._do(f"Deleting {model.name}…", self._services.library.delete(model.name))

        self.app.push_screen(
            ConfirmScreen(f"Delete {model.name}?", f"{words}\n\nIt can be pulled again.", yes="Delete"),
            decided,
        )

    def action_favourite(self) -> None:
        """Let the model stand first, or no longer."""
        if self.model is not None:
            self._services.models.toggle_favourite(self.model.name)
            self._show()

    def action_refresh(self) -> None:
        """Ask the server for its models again."""
        self._work(self._services.models.refresh())

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

    def _show(self) -> None:
        models, pulls = self._services.models, self._services.pulls.pulls
        self.listing.show(LibraryContents(models.installed, models.running, pulls, models.memory.favourites))
        empty = self.query_one("#empty", Static)
        empty.display = models.known and not models.installed and not pulls
        empty.update(Content("No models are installed on this server. p fetches one, for example gemma3:4b."))
        self.refresh_bindings()
        self._show_details(again=False)

    def _show_server(self) -> None:
        state = self._services.server.state
        label, tooltip = connection_label(state)
        version = Content(f" · Ollama {sanitize_line(state.version, 40)}" if state.version else "")
        widget = self.query_one("#server", Static)
        widget.update(label if state.embedded else label + version)
        widget.tooltip = tooltip

    def _show_details(self, *, again: bool = True) -> None:
        """Show what is under the cursor; `again` also where it is shown already."""
        if (pull := self.pull) is not None:
            self._shown = ""
            self.pane.show_pull(pull)
        elif (model := self.model) is None:
            self._shown = ""
            self.pane.clear()
        elif again or self._shown != self._identity(model):
            self._shown = self._identity(model)
            self.run_worker(self._read_details(model), name="details", group="details", exclusive=True)

    def _identity(self, model: ModelInfo) -> str:
        running = self.running
        return f"{model.name} {model.digest} {running.expires_at if running else ''}"

    async def _read_details(self, model: ModelInfo) -> None:
        now, running = self._clock(), self.running
        library = self._services.library
        if (known := library.known_details(model)) is None:
            self.pane.show_model(model, running, None, now=now)
        try:
            details = known or await library.details(model)
        except TuiError as error:
            self.pane.show_model(model, running, None, now=now, error=error)
        else:
            self.pane.show_model(model, running, details, now=now)

    def _look(self) -> None:
        self.run_worker(self._looked(), name="look", group="look", exclusive=True)

    async def _looked(self) -> None:
        try:
            await self._services.models.refresh()
        except TuiError:
            self._show_server()

    def _ask_name(
        self, heading: str, value: str, act: Callable[[str, str], Coroutine[None, None, None]]
    ) -> None:
        def named(name: str | None) -> None:
            if name and name != value:
                self._do("", act(value, name))

        self.app.push_screen(NameScreen(heading, value=value), named)

    async def _pull(self, name: str) -> None:
        await self._services.pulls.start(name)
        self.listing.select(RowKind.PULL, name)

    async def _create(self, model: ModelInfo) -> None:
        details = await self._services.library.details(model)
        library = self._services.library

        def decided(new: NewModel | None) -> None:
            if new is not None:
                self._do(f"Creating {new.name}…", library.create(new))

        self.app.push_screen(CreateScreen(model.name, system=details.system), decided)

    def _do(self, words: str, work: Coroutine[None, None, None]) -> None:
        """Do something that may take a while, and say so."""
        if words:
            self.app.notify(sanitize_line(words), markup=False, timeout=3)
        self._work(work)

    def _work(self, work: Coroutine[None, None, None]) -> None:
        self.run_worker(self._attempt(work), name="library", group="library", exit_on_error=True)

    async def _attempt(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except TuiError as error:
            text = sanitize(f"{error.message}\n{error.hint}" if error.hint else error.message)
            self.app.notify(text, severity="error", markup=False, timeout=8)
