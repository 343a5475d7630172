"""A vertical scrollbar that costs what of it changes."""

from typing import TypeAlias

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip

Thumb: TypeAlias = tuple[int, int]
"""Where a thumb begins and how long it is, in eighths of a cell."""


class SlimScrollBar(ScrollBar):
    """Looks and works as Textual's own, without a console that renders it."""

    def __init__(self, *, thickness: int = 1) -> None:
        """Make a vertical bar.

        Args:
            thickness: Its width in cells.
        """
        super().__init__(vertical=True, name="vertical", thickness=thickness)
        self._drawn: tuple[object, list[Strip]] = (None, [])

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw some rows."""
        strips = self._strips()[crop.y : crop.bottom]
        background = self.background_colors[1]
        for line_filter in self.get_line_filters():
            strips = [strip.apply_filter(line_filter, background) for strip in strips]
        return strips

    def _strips(self) -> list[Strip]:
        bar = self.render()
        if not isinstance(bar, ScrollBarRender):
            return [Strip.blank(self.size.width)] * self.size.height
        style = bar.style if isinstance(bar.style, Style) else Style.null()
        shape = (self.size, bar.virtual_size, bar.window_size, bar.position, style)
        if shape != self._drawn[0]:
            segments = bar.render_bar(
                size=self.size.height,
                virtual_size=bar.virtual_size,
                window_size=bar.window_size,
                position=bar.position,
                thickness=self.size.width,
                back_color=style.bgcolor or Color.default(),
                bar_color=style.color or Color.default(),
            ).segments
            base = Style(bgcolor=self.background_colors[1].rich_color)
            styled = Segment.apply_style(segments, base)
            self._drawn = shape, [Strip([segment], self.size.width) for segment in styled]
        return self._drawn[1]

    def refresh_moved(self, before: Thumb, after: Thumb) -> None:
        """Draw again where the ends of the thumb were, and where they are."""
        ends = ((before[0], after[0]), (sum(before), sum(after)))
        for ends_of_one in ends:
            first, last = min(ends_of_one) // 8, max(ends_of_one) // 8
            self.refresh(Region(0, first, self.size.width, last + 1 - first))
