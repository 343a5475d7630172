"""The bar in which words to find are typed."""

from dataclasses import dataclass
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Label

from tui.widgets.filter_input import FilterInput


class FindBar(Horizontal):
    """An input, and which of how many matches is shown. It says what is typed; someone else finds it."""

    DEFAULT_CSS = """
    FindBar {
        display: none;
        height: 1;
        background: $panel;
        padding: 0 1;

        &.-open { display: block; layout: horizontal; }
        #find-icon { width: 6; color: $text-muted; }
        #find-count { width: auto; min-width: 10; padding: 0 2; text-align: right; color: $text-muted; }
        #find-keys { width: auto; color: $text-muted; }
        &.-none #find-count { color: $text-error; }
        Input, Input:focus {
            width: 1fr; height: 1; border: none; padding: 0; background: transparent;
        }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,f3,down", "step(1)", "Next match", show=False),
        Binding("shift+enter,shift+f3,up", "step(-1)", "Previous match", show=False),
        Binding("escape", "close", "Close", show=False),
    ]

    @dataclass
    class Changed(Message):
        """Other words are to be found."""

        find_bar: "FindBar"
        query: str
        """What was typed; empty for nothing."""

        @property
        def control(self) -> "FindBar":
            """The bar it was typed in."""
            return self.find_bar

    @dataclass
    class Stepped(Message):
        """Another match is to be shown."""

        find_bar: "FindBar"
        step: int
        """1 for the next one, -1 for the one before."""

        @property
        def control(self) -> "FindBar":
            """The bar it was asked for in."""
            return self.find_bar

    @dataclass
    class Closed(Message):
        """Finding is over."""

        find_bar: "FindBar"

        @property
        def control(self) -> "FindBar":
            """The bar that was closed."""
            return self.find_bar

    input = getters.query_one(Input)

    def compose(self) -> ComposeResult:
        """Put the parts in a row."""
        yield Label("Find ", id="find-icon", markup=False)
        yield FilterInput(placeholder="words in this conversation", compact=True, select_on_focus=True)
        yield Label("", id="find-count", markup=False)
        yield Label("↵ next  ⇧↵ previous  esc", id="find-keys", markup=False)

    @property
    def is_open(self) -> bool:
        """Whether it is shown."""
        return self.has_class("-open")

    def open(self, words: str = "") -> None:
        """Show the bar, with words or else what was last looked for in it, and take the focus."""
        self.add_class("-open")
        if words:
            with self.input.prevent(Input.Changed):
                self.input.value = words
        self.input.focus()
        if self.input.value:
            self.post_message(self.Changed(self, self.input.value))

    def show_count(self, current: int, total: int, *, done: bool = True) -> None:
        """Say which of how many matches is shown.

        Args:
            current: From 1; 0 for none.
            total: How many there are, as far as is known.
            done: Everything has been looked through.
        """
        if not self.input.value:
            text = ""
        elif total:
            text = f"{current:,}/{total:,}" + ("" if done else "…")
        else:
            text = "no match" if done else "…"
        self.query_one("#find-count", Label).update(text)
        self.set_class(bool(self.input.value) and done and not total, "-none")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self.is_open:
            self.post_message(self.Changed(self, event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_step(1)

    def action_step(self, step: int) -> None:
        """Ask for the next match or the one before."""
        self.post_message(self.Stepped(self, step))

    def action_close(self) -> None:
        """Hide the bar."""
        self.remove_class("-open")
        self.post_message(self.Closed(self))
