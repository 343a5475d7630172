"""The surface that messages are drawn on: what is where, and how it is painted."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING

from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar
from textual.strip import Strip
from textual.theme import Theme
from textual.widget import Widget

from tui.domain.conversation import MessageId
from tui.rendering.contract import DocumentFactory
from tui.rendering.highlighter import colouring
from tui.rendering.line import Palette
from tui.rendering.message import ORDERS_PER_MESSAGE
from tui.rendering.palette import palette_from
from tui.widgets.slim_scrollbar import SlimScrollBar
from tui.widgets.transcript_items import TranscriptItems
from tui.widgets.transcript_paint import Overlay, RowPainter, selection_style

if TYPE_CHECKING:
    from tui.widgets.transcript_find import Spot

_NEW_TEXT = " ↓ new text "

_CODE_AT_ONCE = 1_500
"""Characters of code that are read for their colours with a frame: a screen of it, in a few milliseconds."""

_PAUSE = 0.001
"""Seconds before more of them are read: everything else has its turn."""


class TranscriptSurface(ScrollView):
    """Draws the rows of messages that are seen, and the scrollbar, without any layout."""

    following: reactive[bool] = reactive(True, init=False, repaint=False)
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
        self._painter = RowPainter(self._items)
        self._query = ""
        self._found: Spot | None = None
        self._drawn_thumb = (0, 0)
        self._colors: Palette | None = None
        self._new_below = False
        self._cursor: MessageId | None = None
        self._notice = ""
        self._question = ""
        self._view = Size(0, 0)
        self._fill = 0
        self._code_offset = 0
        self._painted: dict[int, Strip] = {}
        self._painted_top = 0
        self._is_colouring = False

    # What is where

    @property
    def unfold_thinking(self) -> bool:
        """Whether thinking is shown while it is being written; it folds away when it is done."""
        return self._items.unfold_thinking

    @unfold_thinking.setter
    def unfold_thinking(self, unfold: bool) -> None:
        self._items.unfold_thinking = unfold

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

    @property
    def vertical_scrollbar(self) -> SlimScrollBar:
        """The scrollbar; it is made when it is first asked for."""
        bar = self._vertical_scrollbar
        if not isinstance(bar, SlimScrollBar):
            self._vertical_scrollbar = bar = SlimScrollBar(thickness=self.scrollbar_size_vertical)
            bar.display = False
            self.app._start_widget(self, bar)
        return bar

    def _update_total(self) -> None:
        """Tell the scrollbar how long the text is; no layout is needed for that."""
        size = Size(self._view.width, self._items.heights.total)
        if size != self.virtual_size:
            self.set_reactive(Widget.virtual_size, size)
            self._refresh_scrollbars()
            self._update_scrollbar()

    def _update_scrollbar(self) -> None:
        """Move the scrollbar's thumb; it is painted only when that can be seen."""
        if not self.show_vertical_scrollbar:
            return
        bar, height, total = self.vertical_scrollbar, self._view.height, self.virtual_size.height
        bar.set_reactive(ScrollBar.window_virtual_size, total)
        bar.set_reactive(ScrollBar.window_size, height)
        bar.set_reactive(ScrollBar.position, self.scroll_y)
        thumb = self._thumb(height, total)
        if thumb != self._drawn_thumb:
            bar.refresh_moved(self._drawn_thumb, thumb)
            self._drawn_thumb = thumb

    def _thumb(self, height: int, total: int) -> tuple[int, int]:
        """Return where the thumb begins and how long it is, in eighths of a cell as it is drawn."""
        if total <= height:
            return 0, 0
        size = max(1.0, height * height / total)
        return int((height - size) * self.scroll_y / (total - height) * 8), ceil(size * 8)

    def _set_new_below(self, new_below: bool) -> None:
        if new_below != self._new_below:
            self._new_below = new_below
            self.refresh(Region(0, max(0, self._view.height - 1), self._view.width, 1))

    # Painting

    def on_mount(self) -> None:
        """Draw in the colours of a theme as soon as it is chosen."""
        self.app.theme_changed_signal.subscribe(self, self._theme_changed)

    def _theme_changed(self, _theme: Theme) -> None:
        self._colors = None
        self.refresh()

    def on_focus(self) -> None:
        """Show the cursor."""
        self.refresh()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.refresh()

    def _overlay(self) -> Overlay:
        """Return what lies over the messages."""
        selection = self.text_selection
        return Overlay(
            marked=self._cursor if self.has_focus else None,
            selection=selection,
            selection_style=None if selection is None else selection_style(self.palette),
            query=self._query,
            found=self._found,
        )

    def _strips(self, first: int, last: int) -> list[Strip]:
        """Return the rows of the view from `first` to `last` (exclusive)."""
        painter, height = self._painter, self._view.height
        painter.prepare(self._view.width, height, self._fill, self.rich_style, self.palette)
        if not len(self._items):
            return painter.notice(self._notice, height)[first:last]
        with colouring(_CODE_AT_ONCE) as allowance:
            strips = painter.strips(self._top + first, self._top + last, self._overlay())
        if allowance.exceeded:
            self._colour_soon()
        if first < height <= last and (label := self._question or (_NEW_TEXT if self._new_below else "")):
            meta = {} if self._question else {"act": "follow"}
            strips[height - 1 - first] = painter.labelled(strips[height - 1 - first], label, meta)
        return strips

    def _colour_soon(self) -> None:
        """Draw again what has been left without colours, with some more of them."""
        if not self._is_colouring:
            self._is_colouring = True
            self.set_timer(_PAUSE, self._colour_on, name="colour code")

    def _colour_on(self) -> None:
        self._is_colouring = False
        if self._is_ready:
            self._refresh_changed(0)

    def _refresh_changed(self, first: int) -> None:
        """Paint again those rows of the view, from row `first` of the text on, that look different."""
        height = self._view.height
        begin = min(max(0, first - self._top), height)
        changed = [
            y for y, strip in enumerate(self._strips(begin, height), begin) if self._painted.get(y) != strip
        ]
        if changed:
            self.refresh(Region(0, changed[0], self._view.width, changed[-1] + 1 - changed[0]))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw some rows of the view.

        Rows are whole and have their background: what Textual adds around a widget's lines is only
        needed where a style sheet gives this one a frame.
        """
        if self.styles.gutter or self.opacity != 1.0 or not self._view:
            return super().render_lines(crop)
        strips = self._strips(crop.y, crop.bottom)
        self._painted.update(enumerate(strips, crop.y))
        self._painted_top = self._top
        for line_filter in self.get_line_filters():
            background = self.background_colors[1]
            strips = [strip.apply_filter(line_filter, background) for strip in strips]
        if crop.column_span != (0, self._fill):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    def render_line(self, y: int) -> Strip:
        """Draw a row with the offsets that selecting text needs."""
        strip = self._strips(y, y + 1)[0]
        if not self._is_ready:
            return strip
        row = self._top + y
        if row >= self._items.heights.total:
            return strip.apply_offsets(0, self._items.number(len(self._items)) * ORDERS_PER_MESSAGE)
        index, row_in_message = self._items.heights.find(row)
        order = self._items.item(index).order_of(row_in_message)
        return strip.apply_offsets(0, self._items.number(index) * ORDERS_PER_MESSAGE + order)

    def _set_question(self, question: str) -> None:
        self._question = f" {question} " if question else ""
        self._refresh_changed(0)
