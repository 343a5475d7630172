"""What can be done with models: the part of the model manager that acts."""

from abc import abstractmethod
from collections.abc import Callable, Coroutine
from time import time

from textual.getters import query_one
from textual.screen import Screen

from tui.domain.errors import TuiError
from tui.domain.model import ModelInfo, RunningModel, find_model, find_running
from tui.domain.pull import NewModel, Pull, PullState
from tui.domain.text import sanitize, sanitize_line
from tui.screens.dialogs import ConfirmScreen
from tui.screens.model_dialogs import CreateScreen, NameScreen
from tui.screens.work import begin_work, begin_work_of_dialog
from tui.services import Services
from tui.services.library import KEEP
from tui.services.pulls import check_name
from tui.widgets.library_list import LibraryList
from tui.widgets.library_rows import RowKind
from tui.widgets.model_words import left_words, size_words


class LibraryActions(Screen[None]):
    """Acts on what is under the cursor of a list of models."""

    listing = query_one(LibraryList)

    def __init__(self, services: Services) -> None:
        """Make the actions.

        Args:
            services: What does the work.
        """
        super().__init__()
        self.services = services
        """What does the work."""

    @property
    def model(self) -> ModelInfo | None:
        """The model under the cursor, if it is installed."""
        row = self.listing.row
        if row is None or row.kind is RowKind.PULL:
            return None
        return find_model(row.name, self.services.models.installed)

    @property
    def running(self) -> RunningModel | None:
        """The model under the cursor as it is loaded."""
        row = self.listing.row
        return find_running(row.name, self.services.models.running) if row else None

    @property
    def pull(self) -> Pull | None:
        """The pull under the cursor."""
        row = self.listing.row
        if row is None or row.kind is not RowKind.PULL:
            return None
        return next((pull for pull in self.pulls if pull.name == row.name), None)

    @property
    def pulls(self) -> tuple[Pull, ...]:
        """What is being fetched, or was, by the server that is managed."""
        address = self.services.server.state.address
        return tuple(pull for pull in self.services.pulls.pulls if pull.server == address)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Allow what can be done with what is under the cursor."""
        if action in ("load", "create", "copy", "rename", "delete", "favourite"):
            return self.model is not None and (action != "load" or self.running is None)
        if action in ("unload", "keep", "extend"):
            return self.model is not None and self.running is not None
        if action == "cancel_pull":
            return self.pull is not None
        return True

    @abstractmethod
    def show_contents(self) -> None:
        """Show what is known now."""

    @abstractmethod
    def show_details_alone(self) -> None:
        """Go to the details of the model under the cursor."""

    def action_pull(self) -> None:
        """Ask for a name and fetch that model."""
        self.ask_for_pull("")

    def ask_for_pull(self, proposed: str) -> None:
        """Ask for a name, with one there already, and fetch that model."""

        def named(name: str | None) -> None:
            if name:
                self._work(self._pull(name))

        self.app.push_screen(
            NameScreen(
                "Pull a model",
                value=proposed,
                placeholder="gemma3:4b",
                hint="A name from ollama.com/library, or hf.co/USER/REPOSITORY:QUANTISATION",
                check=check_name,
            ),
            named,
        )

    def action_details(self) -> None:
        """Show the details, or go on with a pull."""
        pull = self.pull
        if pull is not None and pull.state in (PullState.FAILED, PullState.CANCELLED):
            self._work(self._pull(pull.name))
        elif pull is not None and pull.state is PullState.DONE:
            self.services.pulls.dismiss(pull.name, pull.server)
        else:
            self.show_details_alone()

    def action_cancel_pull(self) -> None:
        """Stop a pull; put away one that has ended."""
        pull = self.pull
        if pull is not None and not self.services.pulls.cancel(pull.name, pull.server):
            self.services.pulls.dismiss(pull.name, pull.server)

    def action_load(self) -> None:
        """Load the model."""
        if self.model is not None:
            self._do(f"Loading {self.model.name}…", self.services.library.load(self.model.name))

    def action_unload(self) -> None:
        """Unload the model."""
        if self.model is not None:
            self._do(f"Unloading {self.model.name}…", self.services.library.unload(self.model.name))

    def action_keep(self) -> None:
        """Keep the model loaded for good."""
        if self.model is not None:
            self._do("", self.services.library.load(self.model.name, KEEP))

    def action_extend(self) -> None:
        """Keep the model loaded for half an hour more than it is kept now."""
        if self.model is None or self.running is None:
            return
        if left_words(self.running, time()) == "kept":
            self.app.notify(
                f"{sanitize_line(self.model.name, 60)} is kept until it is unloaded.", markup=False
            )
        else:
            self._do("", self.services.library.extend(self.model.name))

    def action_copy(self) -> None:
        """Ask for a second name."""
        if (model := self.model) is not None:
            self._ask_name(f"Copy {model.name} as", model.name, self.services.library.copy)

    def action_rename(self) -> None:
        """Ask for another name."""
        if (model := self.model) is not None:
            self._ask_name(f"Rename {model.name} to", model.name, self.services.library.rename)

    def action_create(self) -> None:
        """Ask for what a new model is to be, and make it."""
        if (model := self.model) is not None:
            self._work(self._create(model))

    def action_delete(self) -> None:
        """Ask, then delete the model."""
        model = self.model
        if model is None:
            return
        freed = self.services.library.freed_by_deleting(model.name)
        words = (
            f"This frees {size_words(freed)} of disk."
            if freed
            else ("Another model has the same files: this frees no disk.")
        )
        if self.running is not None:
            words += " It is loaded now, and is unloaded first."

        def decided(yes: bool | None) -> None:
            if yes:
                self._do(f"Deleting {model.name}…", self.services.library.delete(model.name))

        self.app.push_screen(
            ConfirmScreen(
                f"Delete {model.name}?",
                f"{words}\n\nWhat came from a registry can be pulled again.",
                yes="Delete",
            ),
            decided,
        )

    def action_favourite(self) -> None:
        """Let the model stand first, or no longer."""
        if self.model is not None:
            self.services.models.toggle_favourite(self.model.name)
            self.show_contents()

    def action_refresh(self) -> None:
        """Ask the server for its models again."""
        self._work(self.services.models.refresh())

    def _ask_name(
        self, heading: str, value: str, act: Callable[[str, str], Coroutine[None, None, None]]
    ) -> None:
        def check(name: str) -> None:
            if name != value:
                self.services.library.free_name(name)

        def named(name: str | None) -> None:
            if name and name != value:
                self._do("", self._then_on(name, act(value, name)))

        self.app.push_screen(NameScreen(heading, value=value, check=check), named)

    async def _pull(self, name: str) -> None:
        wanted = await self.services.pulls.start(name)
        self.show_contents()
        self.listing.select(RowKind.PULL, wanted)

    async def _create(self, model: ModelInfo) -> None:
        details = await self.services.library.details(model)
        self._ask_for_new(CreateScreen(model.name, system=details.system, check=self._free_name))

    def _free_name(self, name: str) -> str:
        return self.services.library.free_name(name)

    def _ask_for_new(self, form: CreateScreen) -> None:
        def decided(new: NewModel | None) -> None:
            if new is not None:
                self._do(f"Creating {new.name}…", self._make(new, form.written))

        self.app.push_screen(form, decided)

    async def _make(self, new: NewModel, parameters: str) -> None:
        """Make a model; what was written for one that could not be made comes back, to be mended."""
        try:
            await self._then_on(new.name, self.services.library.create(new))
        except TuiError as error:
            self.tell(error)
            if self.is_attached:
                written = CreateScreen(
                    new.base, name=new.name, system=new.system, parameters=parameters, check=self._free_name
                )
                self._ask_for_new(written)

    async def _then_on(self, name: str, work: Coroutine[None, None, None]) -> None:
        """Do something, and put the cursor on the model that came of it."""
        await work
        found = find_model(name.strip(), self.services.models.installed)
        if found is not None and self.is_attached:
            self.show_contents()
            self.listing.select(RowKind.INSTALLED, found.name)

    def _do(self, words: str, work: Coroutine[None, None, None]) -> None:
        """Do something that may take a while, and say so; it goes on when this screen is left."""
        if words:
            self.app.notify(sanitize_line(words), markup=False, timeout=3)
        begin_work(self.app, work, "library", through=self._attempt)

    def _work(self, work: Coroutine[None, None, None]) -> None:
        begin_work_of_dialog(self, self._attempt(work), "library")

    async def _attempt(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except TuiError as error:
            self.tell(error)

    def tell(self, error: TuiError) -> None:
        """Show an error: what happened, and what to do."""
        text = sanitize(f"{error.message}\n{error.hint}" if error.hint else error.message)
        self.app.notify(text, severity="error", markup=False, timeout=8)
