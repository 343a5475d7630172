"""The settings of a conversation, or of a preset."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.commands.bindings import bindings_for
from tui.commands.command import Scope
from tui.domain.errors import BadRequest, FileInTheWay, TuiError
from tui.domain.model import find_model
from tui.domain.parameter_fields import model_values
from tui.domain.preset import Preset, check_preset_name
from tui.domain.setup import Setup
from tui.domain.text import sanitize, sanitize_line
from tui.domain.thinking import thinking_choices
from tui.json_forms import check_schema
from tui.screens.dialogs import FIELD_KEYS, ConfirmScreen
from tui.screens.model_dialogs import ChoiceScreen, NameScreen
from tui.screens.work import begin_work_of_dialog
from tui.services import Services
from tui.widgets.setup_form import SetupForm

_SCHEMA_DELAY = 0.3
"""Seconds after the last key until a schema is looked at."""


class SettingsScreen(ModalScreen[bool]):
    """A form; dismissed with True once what it says is kept."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.SETTINGS), *FIELD_KEYS]

    DEFAULT_CSS = """
    SettingsScreen {
        align: center middle;
        background: $background 50%;
        #panel {
            width: 100;
            max-width: 96%;
            height: auto;
            max-height: 94%;
            padding: 0 1 0 2;
            background: $surface;
            border: round $border;
            border-title-color: $text;
            border-title-style: bold;
            border-subtitle-color: $text-muted;
            border-subtitle-background: $surface;
        }
        SetupForm { max-height: 1fr; }
        #error { height: auto; color: $text-error; margin: 1 0 0 0; }
    }
    """

    form = query_one(SetupForm)

    def __init__(
        self,
        services: Services,
        setup: Setup,
        keep: Callable[[Setup, str], Awaitable[object]],
        *,
        heading: str,
        model: str,
        own_model: str | None = None,
    ) -> None:
        """Make the form.

        Args:
            services: Know the model and the presets.
            setup: What it begins with.
            keep: Keeps the settings, and a preset's model; may raise a `TuiError`.
            heading: What is set.
            model: The model that answers.
            own_model: The model of a preset; None for the settings of a conversation.
        """
        super().__init__()
        self._services = services
        self._setup = setup
        self._keep = keep
        self._heading = heading
        self._model = model
        self._own_model = own_model
        self._at_first: tuple[object, ...] = ()
        self._checks = 0
        """Counts what was typed, to tell an outdated answer about a schema."""

    def compose(self) -> ComposeResult:
        """Compose the form and the room for an error."""
        with Vertical(id="panel") as panel:
            panel.border_title = Content(sanitize_line(self._heading, 70)).markup
            panel.border_subtitle = "Ctrl+S keep · Ctrl+R reset · F8 all · Ctrl+O, F2 presets · Esc"
            yield SetupForm(self._setup, model=self._own_model)
            yield Static("", id="error", markup=False)

    def on_mount(self) -> None:
        """Begin with the system prompt, and learn what the model does by itself."""
        self.query_one("#error").display = False
        self._at_first = self.form.typed
        self.query_one("#system").focus()
        begin_work_of_dialog(self, self._learn(), "facts")

    async def _learn(self) -> None:
        models, library = self._services.models, self._services.library
        model = find_model(self._model, models.installed)
        if model is None:
            return
        # A preset may be used with any model: nothing is left out that another one can.
        thinking = thinking_choices(model)
        self.form.show_model_facts(None, model.context_length, thinking)
        self._at_first_now()
        try:
            details = await library.details(model)
        except TuiError:
            return  # The server does not say: what holds for every model is shown already.
        model = find_model(self._model, models.installed) or model
        most = model.context_length or details.context_length
        values = model_values(details.parameters)
        system = sanitize_line(details.system, 200)
        self.form.show_model_facts(values, most, thinking_choices(model), system)

    def _at_first_now(self) -> None:
        if not self._dirty:
            self._at_first = self.form.typed

    @property
    def _dirty(self) -> bool:
        return self.form.typed != self._at_first

    @on(SetupForm.Changed)
    def _changed(self) -> None:
        self._say("")
        self._checks += 1
        if self.form.schema:
            begin_work_of_dialog(self, self._look_at_schema(self._checks), "schema", exclusive=True)

    async def _look_at_schema(self, check: int) -> None:
        await asyncio.sleep(_SCHEMA_DELAY)
        why = await _wrong_with(self.form.schema)
        if check == self._checks:
            self.form.schema_is_wrong(why)

    @on(SetupForm.Accepted)
    def _accepted(self) -> None:
        self.action_keep()

    def action_keep(self) -> None:
        """Keep what is set, if all of it makes sense."""
        begin_work_of_dialog(self, self._kept(), "keep", exclusive=True)

    async def _kept(self) -> None:
        setup = self.form.read()
        if setup is None:
            return
        if schema := self.form.schema:
            if why := await _wrong_with(schema):
                self.form.schema_is_wrong(why)
                self.form.read()
                return
            setup = self.form.read() or setup
        try:
            await self._keep(setup, self.form.model)
        except TuiError as error:
            self._say(f"{error.message} {error.hint}".strip())
            return
        self.dismiss(True)

    def _say(self, words: str) -> None:
        widget = self.query_one("#error", Static)
        widget.display = bool(words)
        widget.update(Content(sanitize(words)))

    def action_reset(self) -> None:
        """Leave what the cursor is in to the model again."""
        if not self.form.reset(self.focused):
            self._say("")

    def action_reset_all(self) -> None:
        """Leave everything to the model again."""
        self.form.reset_all()

    def action_close(self) -> None:
        """Close and change nothing; asks first where something was typed."""

        def decided(yes: bool | None) -> None:
            if yes:
                self.dismiss(False)

        if not self._dirty:
            self.dismiss(False)
        else:
            body = "What you changed is not kept. Ctrl+S keeps it."
            self.app.push_screen(ConfirmScreen("Close the settings?", body, yes="Close"), decided)

    def action_use_preset(self) -> None:
        """Fill the form from a preset."""
        begin_work_of_dialog(self, self._choose_preset(), "preset", exclusive=True)

    async def _choose_preset(self) -> None:
        presets = self._services.presets
        try:
            names = await presets.list()
        except TuiError as error:
            self._say(error.message)
            return
        if not names:
            self._say("There are no presets yet. F2 keeps what is set here as one.")
            return

        def chosen(place: int | None) -> None:
            if place is not None:
                begin_work_of_dialog(self, self._fill(names[place]), "preset", exclusive=True)

        self.app.push_screen(ChoiceScreen("Presets", [Content(name) for name in names]), chosen)

    async def _fill(self, name: str) -> None:
        try:
            preset = await self._services.presets.read(name)
        except TuiError as error:
            self._say(f"{error.message} {error.hint}".strip())
            return
        self.form.show(preset.setup, preset.model)

    def action_save_preset(self) -> None:
        """Keep what is set under a name."""
        setup = self.form.read()
        if setup is None:
            return

        def named(name: str | None) -> None:
            if name is not None:
                begin_work_of_dialog(self, self._save_preset(name, setup), "preset", exclusive=True)

        hint = "To begin other conversations with: /preset, or ollama-tui --preset NAME"
        self.app.push_screen(NameScreen("Save as preset", placeholder="for example Pirate", hint=hint), named)

    async def _save_preset(self, name: str, setup: Setup, *, overwrite: bool = False) -> None:
        services = self._services

        def decided(yes: bool | None) -> None:
            if yes:
                begin_work_of_dialog(
                    self, self._save_preset(name, setup, overwrite=True), "preset", exclusive=True
                )

        try:
            if schema := self.form.schema:
                await asyncio.to_thread(check_schema, schema)
            preset = Preset(check_preset_name(name), setup, self.form.model)
            await services.presets.save(preset, services.undo, overwrite=overwrite)
        except FileInTheWay as error:
            self.app.push_screen(
                ConfirmScreen(error.message, "What is in it is replaced.", yes="Replace"), decided
            )
        except TuiError as error:
            self._say(f"{error.message} {error.hint}".strip())
        else:
            self.app.notify(f"Kept as the preset “{preset.name}”.", markup=False)


async def _wrong_with(schema: str) -> str:
    try:
        await asyncio.to_thread(check_schema, schema)
    except BadRequest as error:
        return error.message
    return ""
