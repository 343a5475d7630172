"""The list of the file picker: what is in one folder, told to it and never read by it."""

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import BindingType
from textual.content import Content
from textual.css.styles import RulesMap
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

    def __init__(self, location: Path, entry: FolderEntry, *, is_chosen: bool) -> None:
        """Make an entry; unlike what it is derived from it asks the disk nothing."""
        self.location = location
        self.entry = entry
        Option.__init__(self, _Row(entry, is_chosen))


class FolderList(DirectoryNavigation, inherit_bindings=False):
    """Says through `Changed` where it is, and waits until it is told what is there.

    What it is derived from reads the disk itself: it asks it about every entry while it sorts them, and
    draws names as they are.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*OptionList.BINDINGS]

    DEFAULT_CSS = """
    FolderList, FolderList:focus { border: none; background: $surface; padding: 0; }
    """

    found = Found((), 0)
    """What is shown."""

    def show(self, found: Found, chosen: Set[Path]) -> None:
        """Show entries of the folder.

        Args:
            found: Which.
            chosen: The paths that are marked.
        """
        highlighted = self.highlighted_path
        self.found = found
        here = self.location
        rows = [
            FolderOption(here / entry.name, entry, is_chosen=here / entry.name in chosen)
            for entry in found.entries
        ]
        self.clear_options()
        self.add_options(rows)
        places = [place for place, row in enumerate(rows) if row.location == highlighted]
        self.highlighted = (places or [0])[0] if rows else None

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
