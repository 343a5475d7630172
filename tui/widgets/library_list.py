"""The list of the model manager."""

from collections.abc import Callable
from time import time
from typing import ClassVar

from textual import events, on
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.widgets.library_rows import LibraryContents, LibraryRow, RowKind, library_rows


class LibraryList(OptionList, inherit_bindings=True):
    """Pulls, loaded and installed models in one list with one cursor."""

    DEFAULT_CSS = """
    LibraryList {
        height: 1fr;
        border: none;
        padding: 0 1;
        background: $background;
        scrollbar-size-vertical: 1;
        text-wrap: nowrap;
        &.-textual-compact { padding: 0 1; }
        &:focus { border: none; background-tint: transparent 0%; }
        & > .option-list--option-disabled { color: $text; text-style: none; }
        & > .option-list--option-highlighted {
            color: $text;
            background: $panel;
            text-style: none;
        }
        &:focus > .option-list--option-highlighted {
            color: $block-cursor-foreground;
            background: $block-cursor-background;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = []

    class Moved(Message):
        """The cursor went to another row, or that row is gone."""

        def __init__(self, row: LibraryRow | None) -> None:
            super().__init__()
            self.row = row
            """The row under the cursor."""

    class Chosen(Message):
        """Enter or a click on a row."""

        def __init__(self, row: LibraryRow) -> None:
            super().__init__()
            self.row = row
            """The row."""

    def __init__(self, *, clock: Callable[[], float] = time, id: str | None = None) -> None:
        """Make an empty list.

        Args:
            clock: Seconds since the epoch, for how long models stay loaded.
            id: The widget's id.
        """
        super().__init__(compact=True, markup=False, id=id)
        self._clock = clock
        self._contents = LibraryContents()
        self._rows: list[LibraryRow] = []

    @property
    def row(self) -> LibraryRow | None:
        """The row under the cursor; None for none."""
        index = self.highlighted
        return self._rows[index] if index is not None and index < len(self._rows) else None

    @property
    def rows(self) -> tuple[LibraryRow, ...]:
        """Every row."""
        return tuple(self._rows)

    def show(self, contents: LibraryContents) -> None:
        """Show other contents; the cursor stays on what it was on."""
        self._contents = contents
        self._rebuild()

    def on_resize(self, event: events.Resize) -> None:
        """Fit the rows to the new width."""
        self._rebuild()

    def select(self, kind: RowKind, name: str) -> None:
        """Put the cursor on a row, if it is there."""
        for index, row in enumerate(self._rows):
            if row.kind is kind and row.name == name:
                self.highlighted = index

    def tick(self) -> None:
        """Show how long the loaded models still stay."""
        if self._contents.running:
            self._rebuild()

    def _rebuild(self) -> None:
        width = self.scrollable_content_region.width or self.size.width
        if width <= 0:
            return
        before, place, keys = self.row, self.highlighted, [row.key for row in self._rows]
        self._rows = library_rows(self._contents, width, self._clock())
        if keys == [row.key for row in self._rows]:
            for index, row in enumerate(self._rows):
                self.replace_option_prompt_at_index(index, row.text)
            return
        with self.prevent(OptionList.OptionHighlighted):
            self.set_options(Option(row.text, disabled=row.kind is RowKind.HEADING) for row in self._rows)
            self.highlighted = self._place(before, place)
        if self.row != before:
            self.post_message(self.Moved(self.row))

    def _place(self, before: LibraryRow | None, place: int | None) -> int | None:
        """Return where the row that the cursor was on is now, or the one nearest to where it was."""
        places = [index for index, row in enumerate(self._rows) if row.kind is not RowKind.HEADING]
        if not places:
            return None
        if before is not None:
            same = [index for index in places if self._rows[index].key == before.key]
            same += [index for index in places if self._rows[index].name == before.name]
            if same:
                return same[0]
        if before is not None and place is not None:
            return min(places, key=lambda index: abs(index - place))
        installed = [index for index in places if self._rows[index].kind is not RowKind.PULL]
        return (installed or places)[0]

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self.post_message(self.Moved(self.row))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if self.row is not None:
            self.post_message(self.Chosen(self.row))
