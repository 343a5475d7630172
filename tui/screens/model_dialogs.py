"""Dialogs of the model manager: a name, a new model, a choice."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual import events, getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from tui.domain.errors import BadRequest
from tui.domain.parameters import parse_parameters
from tui.domain.pull import NewModel
from tui.domain.text import sanitize, sanitize_line
from tui.screens.dialogs import FIELD_KEYS
from tui.widgets.filter_input import FilterInput

_CSS = """
    {name} {{
        align: center middle;
        background: $background 50%;
        #panel {{
            width: {width};
            max-width: 94%;
            height: auto;
            max-height: 94%;
            padding: 1 2;
            background: $surface;
            border: round $border;
            border-subtitle-color: $text-muted;
            border-subtitle-background: $surface;
        }}
        #heading {{ height: auto; text-style: bold; color: $text; }}
        .label {{ height: auto; color: $text-muted; margin: 1 0 0 0; }}
        Input, TextArea {{
            border: none;
            padding: 0 1;
            background: $panel;
            &:focus {{ border: none; background: $panel; background-tint: transparent 0%; }}
        }}
        Input {{ height: 1; }}
        &.-low TextArea {{ height: 3; }}
        TextArea {{ height: 5; & .text-area--cursor-line {{ background: $panel; }} }}
        #error {{ height: auto; color: $text-error; margin: 1 0 0 0; }}
        OptionList {{
            height: auto;
            max-height: 60vh;
            border: none;
            padding: 0;
            margin: 1 0 0 0;
            background: $surface;
            &:focus {{ border: none; background-tint: transparent 0%; }}
            & > .option-list--option-highlighted {{
                color: $block-cursor-foreground;
                background: $block-cursor-background;
            }}
        }}
    }}
"""

_LOW = 30
"""Rows below which long fields are short."""

_ESCAPE = Binding("escape", "leave", "Cancel", show=False)


class NameScreen(ModalScreen[str | None]):
    """Asks for a name; dismissed with it, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [_ESCAPE]
    DEFAULT_CSS = _CSS.format(name="NameScreen", width=72)

    name_input = getters.query_one(Input)

    def __init__(
        self,
        heading: str,
        *,
        value: str = "",
        placeholder: str = "",
        hint: str = "",
        check: Callable[[str], object] | None = None,
    ) -> None:
        """Make the question.

        Args:
            heading: What the name is for.
            value: What stands there already.
            placeholder: What stands there while nothing does.
            hint: More about it.
            check: Raises `BadRequest` for what cannot be such a name; it stays to be mended then.
        """
        super().__init__()
        self._heading, self._value, self._placeholder, self._hint = heading, value, placeholder, hint
        self._check = check

    def compose(self) -> ComposeResult:
        """Compose the question and the input."""
        with Vertical(id="panel") as panel:
            panel.border_subtitle = "Enter accepts · Esc cancels"
            yield Static(Content(sanitize_line(self._heading)), id="heading")
            yield Static("", classes="label", markup=False)
            yield FilterInput(self._value, placeholder=self._placeholder)
            yield Static(Content(sanitize(self._hint)), classes="label", id="hint")
            yield Static("", id="error", markup=False)

    def on_mount(self) -> None:
        """Put the focus into the input."""
        self.name_input.focus()
        self.query_one("#error").display = False
        self.query_one("#hint").display = bool(self._hint)

    def action_leave(self) -> None:
        """Close without a name."""
        self.dismiss(None)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        name = event.value.strip()
        if name and _accepted(self, self._check, name):
            self.dismiss(name)


def _accepted(screen: ModalScreen[Any], check: Callable[[str], object] | None, name: str) -> bool:
    """Return whether a name can be taken; say in the dialog why not."""
    if check is None:
        return True
    try:
        check(name)
    except BadRequest as error:
        _show_error(screen, error)
        return False
    return True


def _show_error(screen: ModalScreen[Any], error: BadRequest) -> None:
    widget = screen.query_one("#error", Static)
    widget.update(Content(sanitize(f"{error.message} {error.hint}".strip())))
    widget.display = True


class CreateScreen(ModalScreen[NewModel | None]):
    """Asks for what a new model is to be; dismissed with it, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        _ESCAPE,
        Binding("ctrl+s", "create", "Create", show=False),
        *FIELD_KEYS,
    ]
    DEFAULT_CSS = _CSS.format(name="CreateScreen", width=80)

    name_input = getters.query_one("#name", Input)
    system = getters.query_one("#system", TextArea)
    parameters = getters.query_one("#parameters", TextArea)

    def __init__(
        self,
        base: str,
        *,
        name: str = "",
        system: str = "",
        parameters: str = "",
        check: Callable[[str], object] | None = None,
    ) -> None:
        """Make the form.

        Args:
            base: The model to begin from.
            name: What the new one is called.
            system: Its system prompt.
            parameters: Its parameters, one a line.
            check: Raises `BadRequest` for what it cannot be called; everything stays to be mended then.
        """
        super().__init__()
        self._base, self._called, self._system = base, name, system
        self._check = check
        self.written = parameters
        """The parameters as they were written, one a line."""

    def compose(self) -> ComposeResult:
        """Compose the fields."""
        with Vertical(id="panel") as panel:
            panel.border_subtitle = "Tab next field · Ctrl+S creates · Esc cancels"
            yield Static(Content(sanitize_line(f"New model from {self._base}")), id="heading")
            yield Static("Name", classes="label")
            yield FilterInput(self._called, placeholder="for example my-helper", id="name")
            yield Static("System prompt", classes="label")
            yield TextArea(self._system, id="system", tab_behavior="focus")
            yield Static("Parameters, one a line: temperature 0.7", classes="label", markup=False)
            yield TextArea(self.written, id="parameters", tab_behavior="focus")
            yield Static("", id="error", markup=False)

    def on_resize(self, event: events.Resize) -> None:
        """Leave room for what is wrong with the fields."""
        self.set_class(event.size.height < _LOW, "-low")

    def on_mount(self) -> None:
        """Begin with the name, every cursor still."""
        self.system.cursor_blink = self.parameters.cursor_blink = False
        self.name_input.focus()
        self.query_one("#error").display = False

    def action_leave(self) -> None:
        """Close without a model."""
        self.dismiss(None)

    def action_create(self) -> None:
        """Close with the model, if everything makes sense."""
        name = self.name_input.value.strip()
        try:
            if not name:
                raise BadRequest("The model needs a name.")
            parameters = parse_parameters(self.parameters.text)
        except BadRequest as error:
            _show_error(self, error)
            return
        self.written = self.parameters.text
        if _accepted(self, self._check, name):
            self.dismiss(NewModel(name, self._base, self.system.text.strip(), parameters))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_next()


class ChoiceScreen(ModalScreen[int | None]):
    """A few things to choose from; dismissed with the place of the chosen one, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [_ESCAPE]
    DEFAULT_CSS = _CSS.format(name="ChoiceScreen", width=72)

    options = getters.query_one(OptionList)

    def __init__(
        self,
        heading: str,
        rows: Sequence[Content],
        *,
        current: int = 0,
        hint: str = "",
        live: Callable[[], Sequence[Content]] | None = None,
    ) -> None:
        """Make the list.

        Args:
            heading: What is chosen.
            rows: What there is to choose from.
            current: The place of the one in force.
            hint: More about it.
            live: Returns the rows anew, for `refresh_rows`.
        """
        super().__init__()
        self._heading, self._rows, self._current, self._hint = heading, tuple(rows), current, hint
        self._live = live

    def compose(self) -> ComposeResult:
        """Compose the heading and the list."""
        with Vertical(id="panel") as panel:
            panel.border_subtitle = "Enter chooses · Esc closes"
            yield Static(Content(sanitize_line(self._heading)), id="heading")
            yield OptionList(*(Option(row) for row in self._rows), compact=True, markup=False)
            yield Static(Content(sanitize(self._hint)), classes="label", id="hint")

    def on_mount(self) -> None:
        """Begin on the one in force."""
        self.options.highlighted = self._current if self._rows else None
        self.options.focus()
        self.query_one("#hint").display = bool(self._hint)

    def refresh_rows(self) -> None:
        """Show the rows as they are now."""
        if self._live is not None and self.is_mounted:
            for index, row in enumerate(self._live()):
                self.options.replace_option_prompt_at_index(index, row)

    def action_leave(self) -> None:
        """Choose nothing."""
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        """Close on a click beside the list."""
        if event.widget is self:
            self.dismiss(None)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option_index)
