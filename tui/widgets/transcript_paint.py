"""Rows of messages as strips that fill the width of the view."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.selection import Selection
from textual.strip import Strip

from tui.domain.conversation import MessageId
from tui.domain.text import sanitize
from tui.rendering.line import Line, Palette
from tui.rendering.message import GUTTER, ORDERS_PER_MESSAGE, MessageItem, Part, Row
from tui.rendering.palette import blend, readable
from tui.rendering.plain import wrapped
from tui.widgets.transcript_find import Mark, Spot, marks_of
from tui.widgets.transcript_items import TranscriptItems

_VIEWS_KEPT = 4
"""Rows that stay drawn, in views: what is seen, a page above and one below, and some to spare."""

_AROUND = 8
"""Rows above and below the view that are looked at for matches that reach into it."""

_MARK = "▌"


@dataclass(frozen=True, slots=True)
class Overlay:
    """What lies over the messages."""

    marked: MessageId | None = None
    """The message that the cursor is on."""
    selection: Selection | None = None
    selection_style: Style | None = None
    query: str = ""
    """What is looked for, folded."""
    found: Spot | None = None
    """The match that is shown."""


class RowPainter:
    """Draws rows of messages. What it drew is remembered by line, so that scrolling draws new rows only."""

    def __init__(self, items: TranscriptItems) -> None:
        """Begin with nothing drawn.

        Args:
            items: The messages.
        """
        self._items = items
        self._kept: LRUCache[tuple[int, bool], tuple[Line, Strip]] = LRUCache(_VIEWS_KEPT)
        self._width = 0
        self._height = 0
        self._fill = 0
        self._base = Style.null()
        self._palette: Palette | None = None

    def prepare(self, width: int, height: int, fill: int, base: Style, palette: Palette) -> None:
        """Say what rows are drawn for; what was drawn for something else is forgotten.

        Args:
            width: Of the text, in cells.
            height: Rows of the view.
            fill: Of the rows, which may be more: the scrollbar has its place at the right.
            base: The style of the widget.
            palette: The colours of the theme.
        """
        shape = (width, height, fill, base, palette)
        if shape != (self._width, self._height, self._fill, self._base, self._palette):
            self._kept = LRUCache(_VIEWS_KEPT * height)
            self._width, self._height, self._fill, self._base, self._palette = shape

    def blank(self) -> Strip:
        """Return an empty row."""
        return Strip.blank(self._fill, self._base)

    def strips(self, top: int, bottom: int, overlay: Overlay) -> list[Strip]:
        """Return the rows of the text from `top` to `bottom` (exclusive)."""
        palette, items = self._palette, self._items
        strips: list[Strip] = []
        if palette is None:
            return strips
        for index in items.between(top, min(bottom, items.heights.total)):
            begin = items.heights.prefix(index)
            first, last = max(0, top - begin), min(items.heights[index], bottom - begin)
            item = items.item(index)
            rows = item.rows(first, last, palette)
            marks = self._marks(item, first, last, overlay.query) if overlay.query else {}
            # The empty row below a message belongs to none.
            end = item.height - 1
            is_marked = item.id == overlay.marked
            for number, row in enumerate(rows, first):
                strip = self._strip(row.line, is_marked and number < end)
                if row.order in marks:
                    strip = self._with_marks(strip, row, marks[row.order], overlay.found)
                if not row.line.opaque:
                    order = items.number(index) * ORDERS_PER_MESSAGE + row.order
                    strip = _with_selection(strip, order, row.line, overlay)
                strips.append(strip)
            strips.extend([self.blank()] * (last - first - len(rows)))
        strips.extend([self.blank()] * (bottom - top - len(strips)))
        return strips

    def _strip(self, line: Line, is_marked: bool) -> Strip:
        key = (id(line), is_marked)
        # The line is kept along: while it lives no other has its id.
        kept = self._kept.get(key)
        if kept is None:
            kept = line, self._drawn(line, is_marked)
            self._kept[key] = kept
        return kept[1]

    def _drawn(self, line: Line, is_marked: bool) -> Strip:
        width, base, strip = self._width, self._base, line.strip
        if strip.cell_length > width - GUTTER:
            strip = strip.crop(0, max(0, width - GUTTER))
        mark = base + self._ink("accent") if is_marked else base
        segments = [Segment(_MARK.ljust(GUTTER) if is_marked else " " * GUTTER, mark)]
        if line.opaque:
            segments.extend(strip)
        else:
            segments.extend(Segment(text, base + style if style else base) for text, style, _ in strip)
        used = GUTTER + strip.cell_length
        if used < self._fill:
            segments.append(Segment(" " * (self._fill - used), base))
        drawn = Strip(segments, max(used, self._fill))
        return drawn if used <= self._fill else drawn.adjust_cell_length(self._fill, base)

    def _ink(self, name: str) -> Style:
        return Style(color=getattr(self._palette, name))

    def _marks(self, item: MessageItem, first: int, last: int, query: str) -> dict[int, list[Mark]]:
        """Return what is marked on the rows from `first` to `last` of a message, by their order."""
        if self._palette is None:
            return {}
        # A match that begins above the view, or ends below it, goes over so many rows at most.
        around = 1 + min(_AROUND, len(query) * 2 // max(1, item.inner_width))
        rows = item.rows(max(0, first - around), min(item.height, last + around), self._palette)
        found: dict[int, list[Mark]] = {}
        for block, group in groupby(rows, key=lambda row: row.block):
            same = list(group)
            if block is None or same[0].part not in (Part.BODY, Part.THINKING):
                continue
            marks = marks_of([row.line for row in same], query, same[0].number)
            found.update((row.order, here) for row, here in zip(same, marks, strict=True) if here)
        return found

    def _with_marks(self, strip: Strip, row: Row, marks: Sequence[Mark], found: Spot | None) -> Strip:
        if self._palette is None:
            return strip
        skipped = GUTTER + _characters_before_text(row.line)
        for mark in marks:
            style = _match_style(self._palette, is_current=found == Spot(row.block, mark.row, mark.nth))
            strip = styled(strip, skipped + mark.start, skipped + mark.end, style)
        return strip

    def notice(self, text: str, height: int) -> list[Strip]:
        """Return a view with nothing but a few words in the middle."""
        lines = [line for part in sanitize(text).split("\n") for line, _ in wrapped(part, self._width - 4)]
        left = max(0, (self._width - max((cell_len(line) for line in lines), default=0)) // 2)
        above = max(0, (height - len(lines)) // 2)
        strips = [self.blank()] * above
        for line in lines:
            words = Segment(" " * left, self._base), Segment(line, self._base + self._ink("muted"))
            strips.append(Strip(words).adjust_cell_length(self._fill, self._base))
        return (strips + [self.blank()] * height)[:height]

    def labelled(self, strip: Strip, label: str, meta: dict[str, str]) -> Strip:
        """Return a row with a label over its right end."""
        if self._palette is None:
            return strip
        label = label if cell_len(label) <= self._width else chop_cells(label, self._width)[0]
        style = Style(color=self._palette.background, bgcolor=self._palette.accent)
        if meta:
            style += Style.from_meta(dict(meta))
        room = self._width - cell_len(label)
        rest = Segment(" " * (self._fill - self._width), self._base)
        return Strip([*strip.crop(0, room), Segment(label, style), rest], self._fill)


@lru_cache(maxsize=8)
def _match_style(palette: Palette, *, is_current: bool) -> Style:
    if is_current:
        return Style(color=palette.background, bgcolor=palette.warning, bold=True)
    tint = blend(palette.background, palette.warning, 0.3)
    return Style(color=readable(palette.foreground, tint, palette.foreground), bgcolor=tint)


@lru_cache(maxsize=8)
def selection_style(palette: Palette) -> Style:
    """Return what selected text is drawn in: one colour, readable whatever it was before."""
    tint = blend(palette.background, palette.primary, 0.35)
    return Style(color=readable(palette.foreground, tint, palette.foreground), bgcolor=tint)


def _characters_before_text(line: Line) -> int:
    return len(line.strip.crop(0, line.gutter).text) if line.gutter else 0


def _with_selection(strip: Strip, row: int, line: Line, overlay: Overlay) -> Strip:
    """Return a row with what is selected of it marked: what would be copied, without gutters."""
    if overlay.selection is None or (span := overlay.selection.get_span(row)) is None:
        return strip
    start, end = span
    length = len(strip.text.rstrip())
    return styled(
        strip,
        max(start, GUTTER + _characters_before_text(line)),
        length if end < 0 else min(end, length),
        overlay.selection_style or Style.null(),
    )


def styled(strip: Strip, start: int, end: int, style: Style) -> Strip:
    """Return a strip with the characters from `start` to `end` (exclusive) in a style over their own."""
    text = strip.text
    if start >= min(end, len(text)):
        return strip
    cells = cell_len(text[:start]), cell_len(text[:end]), strip.cell_length
    before, inside, *after = strip.divide(cells)
    over = [Segment(part, (own or Style.null()) + style) for part, own, _ in inside]
    return Strip([*before, *over, *(segment for part in after for segment in part)], strip.cell_length)
