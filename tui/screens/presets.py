"""The list of presets: use, make, change, delete, import, export."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.commands.bindings import bindings_for
from tui.commands.command import Scope
from tui.domain.errors import BadRequest, FileInTheWay, TuiError
from tui.domain.preset import Preset, check_preset_name
from tui.domain.setup import Setup
from tui.domain.text import sanitize_line
from tui.screens.conversation_settings import SettingsScreen
from tui.screens.model_dialogs import NameScreen
from tui.screens.picking import PICKING_CSS, PickingScreen
from tui.screens.work import begin_work_of_dialog
from tui.services import Services
from tui.widgets.setup_form import summary_of

_HELP: Final = "Enter uses it here · n new · e change · d delete · u undo · i import · x export · Esc closes"
_EMPTY: Final = "There are no presets yet. A preset is a system prompt and parameters under a name."


class PresetsScreen(PickingScreen[Preset]):
    """A list; dismissed with the preset that is to be used, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.PRESETS)]

    DEFAULT_CSS = PICKING_CSS.format(name="PresetsScreen")

    def __init__(self, services: Services, setup: Setup, model: str) -> None:
        """Make the list.

        Args:
            services: Keep the presets.
            setup: What a new preset begins with.
            model: The model that answers.
        """
        super().__init__()
        self._services = services
        self._setup = setup
        self._model = model
        self._names: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """Compose words and list."""
        with Vertical(id="panel"):
            yield Static(Content(_HELP), id="notice")
            yield OptionList(id="presets", markup=False)

    def on_mount(self) -> None:
        """Begin in the list."""
        self.query_one("#panel").border_title = "Presets"
        self.options.focus()
        self._do(self.show)

    async def show(self, name: str = "") -> None:
        """Show the presets there are now.

        Args:
            name: Where the cursor goes; empty leaves it where it is.
        """
        at = self.options.highlighted or 0
        presets = self._services.presets
        self._names = await presets.list()
        rows = [await self._row(each) for each in self._names]
        self.options.clear_options()
        self.options.add_options([Option(row) for row in rows])
        self.options.display = bool(rows)
        self.query_one("#notice", Static).update(Content(_HELP if rows else f"{_EMPTY}\n{_HELP}"))
        if rows:
            wanted = self._names.index(name) if name in self._names else min(at, len(rows) - 1)
            self.options.highlighted = wanted
            self.options.focus()

    async def _row(self, name: str) -> Content:
        row = Content.styled(sanitize_line(name, 60), "bold")
        try:
            preset = await self._services.presets.read(name)
        except TuiError as error:
            return row + Content.styled(f"  ✗ {sanitize_line(error.message, 200)}", "$text-error")
        if preset.model:
            row += Content.styled(f"  {sanitize_line(preset.model, 40)}", "$text-accent")
        system = sanitize_line(preset.setup.system, 60)
        return row + Content(f"  {system}  " if system else "  ") + summary_of(preset.setup)

    @property
    def chosen(self) -> str | None:
        """The name under the cursor."""
        at = self.options.highlighted
        return self._names[at] if at is not None and at < len(self._names) else None

    def _do(self, work: Callable[[], Awaitable[object]]) -> None:
        async def tried() -> None:
            try:
                await work()
            except TuiError as error:
                words = f"{error.message}\n{error.hint}".strip()
                self.app.notify(words, severity="error", markup=False, timeout=10)

        begin_work_of_dialog(self, tried(), "presets")

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        name = self._names[event.option_index]

        async def use() -> None:
            self.dismiss(await self._services.presets.read(name))

        self._do(use)

    def action_new(self) -> None:
        """Make a preset out of the settings of the open conversation."""

        def named(name: str | None) -> None:
            if name is not None:
                self._do(partial(self._make, name))

        hint = "It begins with the settings of the open conversation."
        self.app.push_screen(NameScreen("New preset", placeholder="for example Pirate", hint=hint), named)

    async def _make(self, name: str) -> None:
        name = check_preset_name(name)
        if name.casefold() in {each.casefold() for each in self._names}:
            raise FileInTheWay(f"There is a preset “{name}” already.", "Choose another name.")
        self._edit(Preset(name, self._setup), is_new=True)

    def action_edit(self) -> None:
        """Change the preset under the cursor."""
        name = self.chosen
        if name is None:
            return

        async def read() -> None:
            self._edit(await self._services.presets.read(name))

        self._do(read)

    def _edit(self, preset: Preset, *, is_new: bool = False) -> None:
        services = self._services

        async def keep(setup: Setup, model: str) -> None:
            changed = Preset(preset.name, setup, model)
            if changed != preset or is_new:
                await services.presets.save(changed, services.undo, overwrite=not is_new)

        def closed(kept: bool | None) -> None:
            if kept:
                self._do(partial(self.show, preset.name))

        self.app.push_screen(
            SettingsScreen(
                services,
                preset.setup,
                keep,
                heading=f"Preset “{preset.name}”",
                model=preset.model or self._model,
                own_model=preset.model,
            ),
            closed,
        )

    def action_delete(self) -> None:
        """Delete the preset under the cursor."""
        name = self.chosen
        if name is None:
            return

        async def delete() -> None:
            await self._services.presets.delete(name, self._services.undo)
            await self.show()
            self.app.notify(f"Deleted the preset “{name}” — u undoes", markup=False)

        self._do(delete)

    def action_undo(self) -> None:
        """Take back what was done last."""

        async def undo() -> None:
            undone = await self._services.undo.undo()
            words = f"Undone: {undone.what}" if undone else "There is nothing to undo."
            self.app.notify(sanitize_line(words), markup=False)
            await self.show()

        self._do(undo)

    def action_take_in(self) -> None:
        """Take in a preset from a file."""

        def named(path: str | None) -> None:
            if path is not None:
                self._do(partial(self._take_in, path))

        self.app.push_screen(NameScreen("Import a preset", placeholder="path of a TOML file"), named)

    async def _take_in(self, path: str) -> None:
        preset = await self._services.presets.import_file(Path(path), self._services.undo)
        await self.show(preset.name)
        self.app.notify(f"Imported the preset “{preset.name}”.", markup=False)

    def action_export(self) -> None:
        """Write the preset under the cursor to a file."""
        name = self.chosen
        if name is None:
            return

        def named(path: str | None) -> None:
            if path is not None:
                self._do(partial(self._export, name, path))

        heading = f"Export “{sanitize_line(name, 40)}”"
        self.app.push_screen(NameScreen(heading, value=f"{Path.cwd()}/", hint="A file or a folder."), named)

    async def _export(self, name: str, path: str) -> None:
        if not path.strip():
            raise BadRequest("Name a file or a folder.")
        where = await self._services.presets.export(name, Path(path))
        self.app.notify(f"Written to {sanitize_line(str(where), 200)}.", markup=False)
