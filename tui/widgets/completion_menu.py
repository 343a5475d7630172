"""The menu above the input: what the word under the cursor may become."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual import on
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.commands.bindings import bindings_for
from tui.commands.command import Scope
from tui.commands.registry import commands_of
from tui.widgets.completion import Suggestion
from tui.widgets.fit import fit

MOST_ROWS: Final = 8
"""Entries that are seen at once."""

_WIDEST: Final = 96
"""Cells."""

_NARROWEST_NOTE: Final = 24
"""Cells below which what an entry does is left out."""


Choose = Callable[[Suggestion, bool], None]
"""Told what was chosen, and whether it is only to be written out."""


class CompletionMenu(OptionList, inherit_bindings=False):
    """A list that lies over the transcript. The cursor stays in the input, which passes the keys on."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.COMPLETION)]

    DEFAULT_CSS = """
    CompletionMenu, CompletionMenu:focus {
        display: none;
        max-height: 10;
        overlay: screen;
        constrain: none inside;
        border: round $border;
        border-subtitle-color: $text-muted;
        border-subtitle-background: $surface;
        background: $surface;
        padding: 0;
        text-wrap: nowrap;
        text-overflow: ellipsis;
        scrollbar-size-vertical: 1;
        &.-open { display: block; }
        & > .option-list--option { padding: 0 1; }
        & > .option-list--option-highlighted { background: $panel; text-style: none; }
    }
    """

    can_focus = False

    def __init__(self, choose: Choose, close: Callable[[], None], *, id: str | None = None) -> None:
        """Make a menu that is closed.

        Its owner is called, not sent a message: the next key must find the text as the choice left it.

        Args:
            choose: Told what was chosen.
            close: Told that the menu was closed with its key.
            id: The widget's id.
        """
        super().__init__(id=id, markup=False)
        self._choose = choose
        self._close = close
        self.suggestions: tuple[Suggestion, ...] = ()
        """What it offers; empty while it is closed."""

    @property
    def is_open(self) -> bool:
        """Whether there is anything to choose."""
        return bool(self.suggestions)

    @property
    def chosen(self) -> Suggestion | None:
        """The entry under the cursor."""
        at = self.highlighted
        return self.suggestions[at] if at is not None and at < len(self.suggestions) else None

    def offer(self, suggestions: Sequence[Suggestion], *, hint: str = "") -> None:
        """Show entries, the first one marked; none close the menu.

        Args:
            suggestions: The best first.
            hint: What the lower edge says.
        """
        if tuple(suggestions) == self.suggestions:
            return
        self.suggestions = tuple(suggestions)
        self.set_class(self.is_open, "-open")
        if not self.is_open:
            self.clear_options()
            return
        self.border_subtitle = Content(hint).markup
        width = min(_WIDEST, self._room)
        self.styles.width = width
        rows = min(MOST_ROWS, len(suggestions))
        self.styles.height = rows + 2
        self.styles.offset = (-2, -rows - 3)
        inner = width - 4 - (len(suggestions) > MOST_ROWS)
        self.set_options([Option(row) for row in _rows(self.suggestions, inner)])
        self.highlighted = 0

    @property
    def _room(self) -> int:
        """Cells between the edges of the input."""
        parent = self.parent
        return parent.outer_size.width if parent is not None and hasattr(parent, "outer_size") else _WIDEST

    async def press(self, key: str) -> bool:
        """Do what a key does in the menu; return whether it does anything."""
        if not self.is_open:
            return False
        keymap = self.app._keymap
        for command in commands_of(Scope.COMPLETION):
            if key in keymap.get(command.id, command.keys).split(","):
                return await self.app.run_action(command.action, self)
        return False

    def action_move_cursor(self, step: int) -> None:
        """Go to the entry above or below; from the last to the first."""
        if self.is_open:
            self.highlighted = ((self.highlighted or 0) + step) % len(self.suggestions)

    def action_choose(self) -> None:
        """Run or attach the entry under the cursor."""
        if self.chosen is not None:
            self._choose(self.chosen, False)

    def action_complete(self) -> None:
        """Write out the entry under the cursor."""
        if self.chosen is not None:
            self._choose(self.chosen, True)

    def action_close(self) -> None:
        """Close the menu."""
        self.offer(())
        self._close()

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_choose()

    @on(OptionList.OptionHighlighted)
    def _moved(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()


def _rows(suggestions: Sequence[Suggestion], width: int) -> list[Content]:
    """Return the entries in columns, each exactly `width` cells wide."""
    labels = min(max(_cells(each.label) for each in suggestions) + 2, width)
    keys = max(_cells(each.key) for each in suggestions)
    notes = width - labels - (keys + 1 if keys else 0)
    if notes < _NARROWEST_NOTE:
        labels, notes, keys = width, 0, 0
    return [
        Content(fit(each.label, labels))
        + Content.styled(fit(each.note, notes), "$text-muted")
        + Content.styled(" " + fit(each.key, keys, right=True) if keys else "", "$text-accent")
        for each in suggestions
    ]


def _cells(text: str) -> int:
    return Content(text).cell_length
