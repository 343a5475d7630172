"""Small dialogs: a question, an error."""

from typing import ClassVar, Final

from textual import events, getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui.commands.bindings import bindings_for
from tui.commands.command import Scope
from tui.domain.errors import TuiError
from tui.domain.text import sanitize, sanitize_line

_CSS = """
    {name} {{
        align: center middle;
        background: $background 50%;
        #panel {{
            width: 64;
            max-width: 94%;
            height: auto;
            max-height: 90%;
            padding: 1 2;
            background: $surface;
            border: round {border};
        }}
        #heading {{ height: auto; text-style: bold; color: {heading}; }}
        #body-scroll {{ height: auto; max-height: 50vh; margin: 1 0; }}
        #body {{ height: auto; color: $text; }}
        Horizontal {{ height: 1; align-horizontal: right; }}
        Button {{
            height: 1;
            min-width: 10;
            border: none;
            margin: 0 0 0 2;
            background: $panel;
            color: $text;
            text-style: none;
            &:focus {{
                background: $block-cursor-background;
                color: $block-cursor-foreground;
                text-style: bold;
            }}
        }}
    }}
"""


FIELD_KEYS: Final[tuple[Binding, ...]] = (
    Binding("tab", "app.focus_next", show=False, priority=True),
    Binding("shift+tab", "app.focus_previous", show=False, priority=True),
)
"""Move between the fields of a form before the next key is looked at.

Otherwise the field passes a Tab on, and what was typed right behind it has gone to the old field by then.
"""


class ConfirmScreen(ModalScreen[bool]):
    """A question; dismissed with True for yes. The focus begins on no."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.DIALOG)]

    DEFAULT_CSS = _CSS.format(name="ConfirmScreen", border="$border", heading="$text")

    def __init__(self, heading: str, body: str = "", *, yes: str = "Yes", no: str = "No") -> None:
        """Make the question.

        Args:
            heading: The question, in one line.
            body: What hangs on it.
            yes: The words of the button that does it.
            no: The words of the button that does not.
        """
        super().__init__()
        self._heading, self._body, self._yes, self._no = heading, body, yes, no

    def compose(self) -> ComposeResult:
        """Compose the question and the two buttons."""
        with Vertical(id="panel"):
            yield Static(Content(sanitize_line(self._heading)), id="heading")
            with VerticalScroll(id="body-scroll", can_focus=False):
                yield Static(Content(sanitize(self._body)), id="body")
            with Horizontal():
                yield Button(Content(sanitize_line(self._no, 40)), id="no", compact=True)
                yield Button(Content(sanitize_line(self._yes, 40)), id="yes", compact=True)

    def on_mount(self) -> None:
        """Begin on the harmless button."""
        self.query_one("#no").focus()
        self.query_one("#body-scroll").display = bool(self._body)

    def action_answer(self, answer: bool) -> None:
        """Close with an answer."""
        self.dismiss(answer)

    def action_move(self) -> None:
        """Go to the other button."""
        self.focus_next()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")


class ErrorScreen(ModalScreen[None]):
    """What went wrong and what can be done about it."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.DIALOG)]

    DEFAULT_CSS = _CSS.format(name="ErrorScreen", border="$error", heading="$text-error")

    button = getters.query_one(Button)

    def __init__(self, error: TuiError, *, heading: str = "Something went wrong") -> None:
        """Make the page.

        Args:
            error: What happened.
            heading: Its first line.
        """
        super().__init__()
        self._error, self._heading = error, heading

    def compose(self) -> ComposeResult:
        """Compose the message, the hint and the button."""
        body = Content(sanitize(self._error.message))
        if self._error.hint:
            body += Content.styled(f"\n\n{sanitize(self._error.hint)}", "$text-muted")
        with Vertical(id="panel"):
            yield Static(Content(sanitize_line(self._heading)), id="heading")
            with VerticalScroll(id="body-scroll", can_focus=False):
                yield Static(body, id="body")
            with Horizontal():
                yield Button("Close", id="close", compact=True)

    def on_mount(self) -> None:
        """Put the focus on the only button."""
        self.button.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Allow nothing but closing: there is no question to say yes to."""
        return action == "answer" and parameters != (True,)

    def action_answer(self, answer: bool) -> None:
        """Close."""
        self.dismiss(None)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        """Close on a click beside the page."""
        if event.widget is self:
            self.dismiss(None)
