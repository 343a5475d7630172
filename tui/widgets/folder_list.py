"""The list of the file picker: what is in one folder, told to it and never read by it."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, overload

from rich.cells import cell_len
from textual.binding import BindingType
from textual.content import Content
from textual.css.styles import RulesMap
from textual.geometry import Size
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual
from textual.widgets import OptionList
from textual.widgets.option_list import Option
from textual_fspicker.parts.directory_navigation import DirectoryEntry, DirectoryNavigation

from tui.domain.attachment import is_named_like_a_picture
from tui.domain.folder import FolderEntry, Found
from tui.domain.text import sanitize_line
from tui.widgets.fit import fit


@dataclass(frozen=True)
class _Row(Visual):
    """A row that is made when it is seen: a folder may have more of them than anybody looks at."""

    entry: FolderEntry
    is_chosen: bool

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        """Return the width of the list: it is as wide as there is room."""
        return container_width

    def get_minimal_width(self, rules: RulesMap) -> int:
        """Return a width at which something can be read."""
        return 8

    def get_height(self, rules: RulesMap, width: int) -> int:
        """Return one row."""
        return 1

    def render_strips(
        self, width: int, height: int | None, style: Style, options: RenderOptions
    ) -> list[Strip]:
        """Draw the row."""
        entry = self.entry
        name = fit(sanitize_line(entry.name, 400) or "?", max(1, width - 5)).rstrip()
        name += "/" if entry.is_folder else ""
        mark = "✓" if self.is_chosen else "·" if is_named_like_a_picture(entry.name) else " "
        row = Content.styled(f"{mark} ", "$success" if self.is_chosen else "$text-muted")
        muted = entry.is_hidden and not self.is_chosen
        kind = "$text-muted" if muted else "$text-primary" if entry.is_folder else "$text"
        row += Content.styled(name + " " * max(0, width - 3 - cell_len(name)), kind)
        return row.render_strips(width, 1, style, options)


class FolderOption(DirectoryEntry):
    """An entry of the list."""

    def __init__(self, location: Path, entry: FolderEntry, index: int, *, is_chosen: bool) -> None:
        """Make an entry; unlike what it is derived from it asks the disk nothing."""
        self.location = location
        self.entry = entry
        self.index = index
        Option.__init__(self, _Row(entry, is_chosen))


class _Rows(Sequence[FolderOption]):
    """The entries of a folder as options, each made when it is asked for."""

    def __init__(self, location: Path, entries: Sequence[FolderEntry], chosen: Set[Path]) -> None:
        self._location, self._entries, self._chosen = location, entries, chosen
        self._made: dict[int, FolderOption] = {}

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> FolderOption: ...

    @overload
    def __getitem__(self, index: slice) -> list[FolderOption]: ...

    def __getitem__(self, index: int | slice) -> FolderOption | list[FolderOption]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        entry = self._entries[index]
        index %= len(self)
        if index not in self._made:
            path = self._location / entry.name
            self._made[index] = FolderOption(path, entry, index, is_chosen=path in self._chosen)
        return self._made[index]


class _Lines(Sequence[tuple[int, int]]):
    """Which entry a line shows, and which line of it: every entry has one."""

    def __init__(self, count: int) -> None:
        self._places = range(count)

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> tuple[int, int]: ...

    @overload
    def __getitem__(self, index: slice) -> list[tuple[int, int]]: ...

    def __getitem__(self, index: int | slice) -> tuple[int, int] | list[tuple[int, int]]:
        if isinstance(index, slice):
            return [(place, 0) for place in self._places[index]]
        return self._places[index], 0


class _Same(dict[int, int]):
    def __missing__(self, index: int) -> int:
        return index


class _One(dict[int, int]):
    def __missing__(self, index: int) -> int:
        return 1


class _Indices(dict[Option, int]):
    def __missing__(self, option: Option) -> int:
        return option.index if isinstance(option, FolderOption) else 0


class FolderList(DirectoryNavigation, inherit_bindings=False):
    """Says through `Changed` where it is, and waits until it is told what is there.

    What it is derived from reads the disk itself: it asks it about every entry while it sorts them, and
    draws names as they are.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*OptionList.BINDINGS]

    DEFAULT_CSS = """
    FolderList, FolderList:focus { border: none; background: $surface; padding: 0; }
    """

    found = Found(())
    """What is shown."""

    def __init__(self, location: Path) -> None:
        """Make an empty list.

        Args:
            location: The folder to begin with.
        """
        super().__init__(location, double_click_directories=False)
        self._option_to_index = _Indices()

    def show(self, found: Found, chosen: Set[Path]) -> None:
        """Show entries of the folder, whatever their number.

        Args:
            found: Which.
            chosen: The paths that are marked.
        """
        self.highlighted = None
        self.found = found
        self.mark(chosen)
        self.scroll_to(0, 0, animate=False, immediate=True)
        self._update_lines()
        self.highlighted = found.place if found.entries else None

    def mark(self, chosen: Set[Path]) -> None:
        """Mark other paths."""
        self._options = _Rows(self.location, self.found.entries, chosen)  # type: ignore[assignment]
        self._option_render_cache.clear()
        self.refresh()

    # An `OptionList` makes, measures and goes through all of its options; here they are made when seen.

    def _update_lines(self) -> None:
        size = Size(self.scrollable_content_region.width, len(self._options))
        if size.width and size != self.virtual_size:
            self.virtual_size = size
            self._scroll_update(size)

    @property
    def _lines(self) -> Sequence[tuple[int, int]]:
        return _Lines(len(self._options))

    @property
    def _heights(self) -> dict[int, int]:
        return _One()

    @property
    def _index_to_line(self) -> dict[int, int]:
        return _Same()

    def _go_to(self, place: int) -> None:
        self.highlighted = place if self._options else None

    def action_cursor_up(self) -> None:
        """Go to the entry above; from the first to the last."""
        self._go_to(((self.highlighted or 0) - 1) % max(1, len(self._options)))

    def action_cursor_down(self) -> None:
        """Go to the entry below; from the last to the first."""
        after = 0 if self.highlighted is None else self.highlighted + 1
        self._go_to(after % max(1, len(self._options)))

    def action_first(self) -> None:
        """Go to the first entry."""
        self._go_to(0)

    def action_last(self) -> None:
        """Go to the last entry."""
        self._go_to(len(self._options) - 1)

    def action_page_up(self) -> None:
        """Go up by as many entries as are seen."""
        self._go_to(max(0, (self.highlighted or 0) - self.scrollable_content_region.height))

    def action_page_down(self) -> None:
        """Go down by as many entries as are seen."""
        last, seen = len(self._options) - 1, self.scrollable_content_region.height
        self._go_to(min(last, (self.highlighted or 0) + seen))

    @property
    def highlighted_path(self) -> Path | None:
        """The path under the cursor."""
        row = self.highlighted_option
        return row.location if isinstance(row, FolderOption) else None

    @property
    def highlighted_entry(self) -> FolderEntry | None:
        """The entry under the cursor."""
        row = self.highlighted_option
        return row.entry if isinstance(row, FolderOption) else None

    def _load(self) -> None:  # type: ignore[override]
        """Do nothing: what is there is told through `show`."""

    def _repopulate_display(self) -> None:
        """Do nothing: what is there is told through `show`."""

    def _on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        event.prevent_default()
        if isinstance(row := event.option, FolderOption):
            if not row.entry.is_folder:
                self.post_message(self.Selected(self, row.location))
            elif self._open_directory:
                self.location = row.location
