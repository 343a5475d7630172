"""Rows of a form: a label, what is set, and words about it."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from tui.domain.text import sanitize_line


class ChoiceRow(Widget, can_focus=True):
    """A few words of which one is chosen, all of them in sight."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "Before", show=False),
        Binding("right,space", "step(1)", "Next", show=False),
        Binding("enter", "accept", "Keep", show=False),
    ]

    DEFAULT_CSS = """
    ChoiceRow {
        height: auto;
        width: 1fr;
        color: $text-muted;
        padding: 0 1;
        link-color: $text-muted;
        link-style: none;
        link-background: transparent;
        link-color-hover: $text;
        link-style-hover: underline;
        link-background-hover: transparent;
        &:focus { background: $panel; color: $text; }
    }
    """

    chosen: reactive[int] = reactive(0)
    """The place of the chosen word."""

    class Changed(Message):
        """Another word was chosen."""

        def __init__(self, row: "ChoiceRow") -> None:
            super().__init__()
            self.row = row

        @property
        def control(self) -> "ChoiceRow":
            """The row it happened in."""
            return self.row

    class Accepted(Message):
        """Enter was pressed."""

    def __init__(self, words: Sequence[str], *, id: str | None = None) -> None:
        """Make a row with the first word chosen.

        Args:
            words: What there is to choose from. Trusted text.
            id: The widget's id.
        """
        super().__init__(id=id)
        self._words = tuple(words)

    @property
    def words(self) -> tuple[str, ...]:
        """What there is to choose from. Setting it chooses the first."""
        return self._words

    @words.setter
    def words(self, words: Sequence[str]) -> None:
        self._words = tuple(words)
        self.chosen = 0
        self.refresh(layout=True)

    def render(self) -> Content:
        """Return all words, the chosen one marked."""
        return Content("  ").join(self._word(place) for place in range(len(self._words)))

    def _word(self, place: int) -> Content:
        word = sanitize_line(self._words[place], 60)
        # One piece that does not break, so that a mark never stands apart from its word.
        marked = f"{'●' if place == self.chosen else '○'} {word}".replace(" ", "\N{NO-BREAK SPACE}")
        content = Content.styled(marked, "bold $text-primary") if place == self.chosen else Content(marked)
        return content.stylize(f"@click=choose({place})")

    def watch_chosen(self, before: int, now: int) -> None:
        """Tell of it."""
        if before != now:
            self.post_message(self.Changed(self))

    def action_step(self, step: int) -> None:
        """Choose the word before or after."""
        if self._words:
            self.chosen = (self.chosen + step) % len(self._words)

    def action_choose(self, place: int) -> None:
        """Choose a word."""
        self.chosen = place

    def action_accept(self) -> None:
        """Tell that Enter was pressed."""
        self.post_message(self.Accepted())


class SettingRow(Horizontal):
    """A label, a widget in which something is set, and words about it."""

    DEFAULT_CSS = """
    SettingRow {
        height: auto;
        .label { width: 16; height: 1; color: $text-muted; }
        .about { width: 1fr; height: auto; padding: 0 0 0 2; color: $text-muted; }
        &.-wrong .about { color: $text-error; }
        &.-set .label { color: $text; text-style: bold; }
        Input { width: 25; }
        &.-wide .about { display: none; }
        &.-wide.-wrong .about { display: block; width: 30; }
    }
    """

    def __init__(self, key: str, label: str, field: Widget, about: str = "") -> None:
        """Make a row.

        Args:
            key: What is set in it.
            label: Its name, for people.
            field: The widget in which it is set.
            about: What it does, and its range.
        """
        super().__init__(id=f"row-{key}")
        self.key = key
        self.field = field
        self._label, self._about = label, about
        self._wrong = ""

    def compose(self) -> ComposeResult:
        """Compose label, widget and words."""
        yield Static(Content(self._label), classes="label")
        yield self.field
        yield Static(Content(self._about), classes="about")

    @property
    def wrong(self) -> str:
        """What is wrong with what is set; empty for nothing."""
        return self._wrong

    def show(self, *, wrong: str = "", is_set: bool = False) -> None:
        """Show whether something is set, and what is wrong with it."""
        self.set_class(is_set, "-set")
        self.set_class(bool(wrong), "-wrong")
        if wrong != self._wrong:
            self._wrong = wrong
            words = Content(f"✗ {sanitize_line(wrong, 300)}" if wrong else self._about)
            self.query_one(".about", Static).update(words)

    def say(self, about: str) -> None:
        """Change the words about it."""
        self._about = about
        if not self._wrong:
            self.query_one(".about", Static).update(Content(about))

    def on_click(self, event: events.Click) -> None:
        """Go to the widget where label or words are clicked."""
        if event.widget is not self.field and self.field.focusable:
            self.field.focus()
