"""A long text to be read: only the lines that are seen are looked at."""

from asyncio import to_thread
from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.domain.text import sanitize

_TAB: Final = 4
_LONGEST: Final = 2_000
"""Cells of a line that are shown."""


class TextView(ScrollView, can_focus=True, inherit_bindings=False):
    """Lines that scroll in both directions."""

    DEFAULT_CSS = """
    TextView {
        width: 1fr;
        height: 1fr;
        background: $background;
        color: $foreground;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 1;
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        """Begin with no text.

        Args:
            id: The widget's id.
            classes: The widget's classes.
        """
        super().__init__(id=id, classes=classes)
        self._lines: list[str] = []

    async def show(self, text: str) -> None:
        """Show a text from its beginning."""
        self._lines, width = await to_thread(_lines_of, text)
        self.virtual_size = Size(width, len(self._lines))
        self.scroll_to(0, 0, animate=False)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw a line."""
        left, top = self.scroll_offset
        base = self.rich_style
        row = top + y
        text = self._lines[row] if row < len(self._lines) else ""
        width = self.size.width
        return Strip([Segment(text, base)]).crop_extend(left, left + width, base)


def _lines_of(text: str) -> tuple[list[str], int]:
    lines = [line.expandtabs(_TAB)[:_LONGEST] for line in sanitize(text).split("\n")]
    return lines, max(cell_len(line) for line in lines)
