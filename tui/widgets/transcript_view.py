"""One line-API surface over any number of messages, which never moves what is being read."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.theme import Theme
from textual.widget import Widget

from tui.domain.conversation import MessageId
from tui.domain.text import sanitize
from tui.rendering.contract import DocumentFactory
from tui.rendering.line import Palette
from tui.rendering.message import GUTTER, Place, Row
from tui.rendering.palette import palette_from
from tui.rendering.plain import wrapped
from tui.widgets.transcript_items import TranscriptItems
from tui.widgets.transcript_selection import ROWS_PER_MESSAGE

_STRIPS_KEPT = 2048

_MARK = "▌"
_NEW_TEXT = " ↓ new text "


@dataclass(frozen=True, slots=True)
class Anchor:
    """What stands at the top of the view."""

    message_id: MessageId
    place: Place


class TranscriptView(ScrollView, can_focus=True):
    """Draws messages, follows their end, and keeps what is read where it is.

    Every height that is seen is measured before it is painted. When a measured height differs from
    what it was taken for, the scroll position is corrected in the same step, so that the rows that
    are on the screen stay on the screen.
    """

    following: reactive[bool] = reactive(True, init=False)
    """The view is at the end and stays there as text arrives."""

    wrap_code: reactive[bool] = reactive(False, init=False)
    """Wrap the long lines of code instead of cutting them at the edge."""

    def __init__(
        self, document: DocumentFactory, *, id: str | None = None, classes: str | None = None
    ) -> None:
        """Begin empty.

        Args:
            document: Makes the documents of Markdown texts.
            id: The widget's id.
            classes: The widget's classes.
        """
        super().__init__(id=id, classes=classes)
        self._items = TranscriptItems(document)
        self._strips: LRUCache[tuple[object, ...], tuple[Row, Strip]] = LRUCache(_STRIPS_KEPT)
        self._colors: Palette | None = None
        self._placing = False
        self._anchor: Anchor | None = None
        self._new_below = False
        self._cursor: MessageId | None = None
        self._notice = ""
        self._question = ""
        self._view = Size(0, 0)
        self._code_offset = 0
        self._painted: dict[int, Strip] = {}

    # What is where

    @property
    def palette(self) -> Palette:
        """The colours of the theme in force."""
        if self._colors is None:
            colors = palette_from(self.app.theme_variables, self.app.current_theme.dark)
            self._colors = replace(colors, wrap_code=self.wrap_code, code_offset=self._code_offset)
        return self._colors

    @property
    def _top(self) -> int:
        return self.scroll_offset.y

    @property
    def _is_ready(self) -> bool:
        return bool(self._view) and len(self._items) > 0

    def message_at(self, row: int) -> MessageId | None:
        """Return the message at a row of the view, or None where there is none."""
        if not self._is_ready or not 0 <= self._top + row < self._items.heights.total:
            return None
        return self._items[self._items.heights.find(self._top + row)[0]].id

    def visible_messages(self) -> Sequence[MessageId]:
        """Return the messages of which something is on the screen."""
        bottom = self._top + self._view.height
        return [self._items[index].id for index in self._items.between(self._top, bottom)]

    # Keeping what is read where it is

    def validate_scroll_y(self, value: float) -> float:
        """Measure what would be seen, and correct the position by what that changes above the view."""
        if self._placing or not self._is_ready:
            return super().validate_scroll_y(value)
        anchor = self._items.heights.find(self._top)[0]
        top = self._measured_top(value, anchor)
        if (shift := top - max(0, min(value, self.max_scroll_y))) and value != self.scroll_y:
            self.set_reactive(Widget.scroll_target_y, self.scroll_target_y + shift)
        return top

    def _measured_top(self, wanted: float, anchor: int) -> float:
        """Return where `wanted` is once every height that is seen there is known.

        Args:
            wanted: The row that is to be at the top; infinite for the end.
            anchor: The message that is not to move: heights that change above it move `wanted`.
        """
        items, height = self._items, self._view.height
        while True:
            top = max(0.0, min(wanted, items.heights.total - height))
            index = items.unmeasured_between(round(top), round(top) + height)
            if index is None:
                break
            grown = items.measure(index)
            if index < anchor:
                wanted += grown
        self._update_total()
        return top

    def _update_total(self) -> None:
        """Tell the scrollbar how long the text is; no layout is needed for that."""
        size = Size(self._view.width, self._items.heights.total)
        if size == self.virtual_size:
            return
        self.set_reactive(Widget.virtual_size, size)
        self._refresh_scrollbars()
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.window_virtual_size = size.height
            self.vertical_scrollbar.window_size = self._view.height

    def _place(self, wanted: float, anchor: int) -> None:
        """Put a row at the top of the view."""
        top = self._measured_top(wanted, anchor)
        if top == self.scroll_y:
            return
        self._placing = True
        try:
            self.set_reactive(Widget.scroll_target_y, top)
            self.scroll_y = top
        finally:
            self._placing = False

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Stop following where the reader scrolls up, go on where they reach the end."""
        super().watch_scroll_y(old_value, new_value)
        if self._placing:
            return
        self._anchor = None
        if round(new_value) >= self.max_scroll_y:
            self.following = True
        elif new_value < old_value:
            self.following = False

    def watch_following(self, following: bool) -> None:
        """Take the mark of new text away once it is seen."""
        if following:
            self._set_new_below(False)

    def _set_new_below(self, new_below: bool) -> None:
        if new_below != self._new_below:
            self._new_below = new_below
            self.refresh(Region(0, max(0, self._view.height - 1), self._view.width, 1))

    def follow(self) -> None:
        """Go to the end and stay there."""
        self.following = True
        self._anchor = None
        if self._is_ready:
            self._place(inf, len(self._items))

    def _capture(self) -> Anchor | None:
        """Return what is at the top of the view; None for the end of the text."""
        if self.following or not self._is_ready:
            return None
        if self._anchor is None:
            index, row = self._items.heights.find(self._top)
            item = self._items.item(index)
            return Anchor(item.id, item.place(row, self.palette))
        return self._anchor

    def _restore(self, anchor: Anchor | None) -> None:
        """Put what was at the top of the view there again."""
        if not self._is_ready:
            self._update_total()
            return
        index = self._items.index(anchor.message_id) if anchor is not None else None
        if self.following:
            self._place(inf, len(self._items))
        elif anchor is None or index is None:
            self._place(self._top, self._items.heights.find(self._top)[0])
        else:
            self._items.measure(index)
            row = self._items.item(index).row_of(anchor.place, self.palette)
            self._place(self._items.heights.prefix(index) + row, index)

    @contextmanager
    def _reading_held(self) -> Iterator[None]:
        """Keep what is read where it is while messages change."""
        anchor = self._capture()
        yield
        self._restore(anchor)

    def _size_updated(
        self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True
    ) -> bool:
        # Here rather than on the Resize event, which comes after a first frame at the new size.
        anchor = self._capture()
        self._placing = True
        try:
            changed = super()._size_updated(size, virtual_size, container_size, layout)
        finally:
            self._placing = False
        view = Size(max(0, size.width - self.gutter.width), max(0, size.height - self.gutter.height))
        if view != self._view:
            self._view = view
            if self._items.width != self._view.width:
                self._items.forget_heights(self._view.width)
                self._strips.clear()
            self._restore(anchor)
            # Held until the reader scrolls: many small resizes must not add up to a drift.
            self._anchor = anchor
        return changed

    def watch_wrap_code(self) -> None:
        """Lay out again with long lines of code wrapped, or not."""
        self._code_offset = 0
        with self._reading_held():
            self._colors = None
            self._items.wrap_code = self.wrap_code
            self._items.forget_heights(self._items.width)
        self._repaint()

    def scroll_code(self, cells: int) -> None:
        """Move the long lines of code to the left, or back to the right."""
        self._code_offset = max(0, self._code_offset + cells)
        self._colors = None
        self._repaint()

    def _reach(self, wanted: float) -> float:
        """Measure everything on the way to a row, so that the way can be animated."""
        items = self._items
        anchor = items.heights.find(self._top)[0]
        shift = 0
        while True:
            here, there = self.scroll_y + shift, wanted + shift
            top, bottom = round(min(here, there)), round(max(here, there)) + self._view.height
            index = items.unmeasured_between(max(0, top), bottom)
            if index is None:
                break
            grown = items.measure(index)
            shift += grown if index < anchor else 0
        self._place(self.scroll_y + shift, anchor)
        return max(0, min(wanted + shift, self.max_scroll_y))

    def page(self, direction: int) -> None:
        """Scroll by a page; two rows of the old one stay to hold on to."""
        if not self._is_ready:
            return
        if direction > 0 and self.scroll_target_y >= self.max_scroll_y:
            self.follow()
            return
        step = max(1, self._view.height - 2)
        target = self._reach(self.scroll_target_y + direction * step)
        self.scroll_to(y=target, animate=True, duration=0.1, easing="out_cubic")

    # Painting

    def notify_style_update(self) -> None:
        """Drop what was drawn in the old style."""
        super().notify_style_update()
        self._strips.clear()
        self._painted.clear()

    def on_mount(self) -> None:
        """Draw in the colours of a theme as soon as it is chosen."""
        self.app.theme_changed_signal.subscribe(self, self._theme_changed)

    def _theme_changed(self, _theme: Theme) -> None:
        self._colors = None
        self._repaint()

    def _repaint(self) -> None:
        self._strips.clear()
        self.refresh()

    def on_focus(self) -> None:
        """Show the cursor."""
        self.refresh()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.refresh()

    def _refresh_changed(self, first: int) -> None:
        """Paint again those rows of the view, from row `first` of the text on, that look different."""
        begin, end = None, 0
        for y in range(max(0, first - self._top), self._view.height):
            if self._painted.get(y) != self._strip_at(y):
                begin = y if begin is None else begin
                end = y + 1
        if begin is not None:
            self.refresh(Region(0, begin, self._view.width, end - begin))

    def render_line(self, y: int) -> Strip:
        """Draw a row of the view."""
        strip = self._strip_at(y)
        self._painted[y] = strip
        return strip

    def _strip_at(self, y: int) -> Strip:
        width = self._view.width
        if not len(self._items):
            return self._notice_strip(y)
        row = self._top + y
        if row >= self._items.heights.total:
            return Strip.blank(width, self.rich_style).apply_offsets(0, len(self._items) * ROWS_PER_MESSAGE)
        index, number = self._items.heights.find(row)
        strip = self._message_strip(index, number)
        return self._with_label(strip) if y == self._view.height - 1 else strip

    def _with_label(self, strip: Strip) -> Strip:
        """Return the last row of the view with what is said over it."""
        label, width, color = (
            self._question or (_NEW_TEXT if self._new_below else ""),
            self._view.width,
            self.palette,
        )
        if not label:
            return strip
        label = clipped(label, width)
        style = Style(color=color.background, bgcolor=color.accent)
        if not self._question:
            style += Style.from_meta({"act": "follow"})
        room = width - cell_len(label)
        return Strip([*strip.crop(0, room), Segment(label, style)], width)

    def _set_question(self, question: str) -> None:
        self._question = f" {question} " if question else ""
        self._refresh_changed(0)

    def _message_strip(self, index: int, number: int) -> Strip:
        item = self._items.item(index)
        found = item.rows(number, number + 1, self.palette)
        if not found:
            return Strip.blank(self._view.width, self.rich_style)
        row = found[0]
        marked = self.has_focus and item.id == self._cursor and number < item.height - 1
        key = (id(row.line), index, number, marked)
        kept = self._strips.get(key)
        if kept is None:
            # The row is kept along: while it lives no other line has its id.
            kept = (
                row,
                self._drawn(row.line.strip, marked).apply_offsets(0, index * ROWS_PER_MESSAGE + number),
            )
            self._strips[key] = kept
        return self._decorated(kept[1], index, number, row)

    def _drawn(self, strip: Strip, marked: bool) -> Strip:
        width, base = self._view.width, self.rich_style
        mark = Segment(_MARK.ljust(GUTTER) if marked else " " * GUTTER, Style(color=self.palette.accent))
        return Strip([mark, *strip]).apply_style(base).extend_cell_length(width, base).crop(0, width)

    def _decorated(self, strip: Strip, index: int, number: int, row: Row) -> Strip:
        """Return a row with what lies over it: what is selected."""
        selection = self.text_selection
        if selection is None or (span := selection.get_span(index * ROWS_PER_MESSAGE + number)) is None:
            return strip
        start, end = span
        length = len(strip.text.rstrip())
        style = self.screen.get_component_rich_style("screen--selection")
        return styled(strip, max(start, GUTTER), length if end < 0 else min(end, length), style)

    def _notice_strip(self, y: int) -> Strip:
        width, base = self._view.width, self.rich_style
        lines = [text for line in sanitize(self._notice).split("\n") for text, _ in wrapped(line, width - 4)]
        number = y - max(0, (self._view.height - len(lines)) // 2)
        if not self._notice or not 0 <= number < len(lines):
            return Strip.blank(width, base)
        left = max(0, (width - max(map(cell_len, lines))) // 2)
        text = Segment(" " * left + lines[number], Style(color=self.palette.muted))
        return Strip([text]).apply_style(base).extend_cell_length(width, base).crop(0, width)


def styled(strip: Strip, start: int, end: int, style: Style) -> Strip:
    """Return a strip with the characters from `start` to `end` (exclusive) in a style over their own."""
    text = strip.text
    if start >= min(end, len(text)):
        return strip
    cells = cell_len(text[:start]), cell_len(text[:end]), strip.cell_length
    before, inside, *after = strip.divide(cells)
    over = [Segment(part, (own or Style.null()) + style) for part, own, _ in inside]
    return Strip([*before, *over, *(segment for rest in after for segment in rest)], strip.cell_length)


def clipped(text: str, width: int) -> str:
    """Return as much of a text as `width` cells hold."""
    return text if cell_len(text) <= width else chop_cells(text, width)[0]
