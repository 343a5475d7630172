"""One line-API surface over any number of messages, which never moves what is being read."""

from asyncio import CancelledError, sleep, to_thread
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf

from textual.geometry import Region, Size
from textual.widget import Widget

from tui.domain.conversation import Message, MessageId
from tui.rendering.contract import DocumentFactory
from tui.rendering.message import Place
from tui.rendering.picture import Drawn, PictureRequest
from tui.widgets.transcript_pictures import TranscriptPictures

_PAUSE = 0.001
"""Seconds between two things that are prepared: everything else has its turn."""

_STILL = 0.05
"""Seconds after which the reader is not on the way any more, and what comes next can be prepared."""

_ROWS_AHEAD = 4
"""Rows on either side of the view that are drawn at a time before they are seen."""

_FIRST_STEP = 0.4
"""The part of the way of a page that is shown at once; the rest is animated."""

_PAGE_SECONDS = 0.08


@dataclass(frozen=True, slots=True)
class Anchor:
    """What stands at the top of the view."""

    message_id: MessageId
    place: Place


class TranscriptView(TranscriptPictures):
    """Follows the end of the text, and keeps what is read where it is.

    Every height that is seen is measured before it is painted. When a measured height differs from
    what it was taken for, the scroll position is corrected in the same step, so that the rows that
    are on the screen stay on the screen.
    """

    def __init__(
        self, document: DocumentFactory, *, id: str | None = None, classes: str | None = None
    ) -> None:
        """Begin empty.

        Args:
            document: Makes the documents of Markdown texts.
            id: The widget's id.
            classes: The widget's classes.
        """
        super().__init__(document, id=id, classes=classes)
        self._placing = False
        self._is_reading = False
        self._is_preparing = False
        self._prepared = 0
        """Rows on either side of the view that have been drawn before they are seen."""
        self._anchor: Anchor | None = None

    def validate_scroll_y(self, value: float) -> float:
        """Measure what would be seen, and correct the position by what that changes above the view."""
        if self._placing or not self._is_ready:
            return super().validate_scroll_y(value)
        top = self._measured_top(value, self._top)
        if (shift := top - max(0, min(value, self.max_scroll_y))) and value != self.scroll_y:
            self.set_reactive(Widget.scroll_target_y, self.scroll_target_y + shift)
        return top

    def _measured_top(self, wanted: float, anchor: float) -> float:
        """Return where `wanted` is once every height that is seen there is known.

        Args:
            wanted: The row that is to be at the top; infinite for the end.
            anchor: The row that is not to move: what begins above it and changes its height moves `wanted`.
        """
        items, height = self._items, self._view.height
        while True:
            top = max(0.0, min(wanted, items.heights.total - height))
            measured = items.measure_between(round(top), round(top) + height)
            if measured is None:
                break
            row, grown = measured
            if row < anchor:
                wanted += grown
                anchor += grown
        self._update_total()
        if not self._is_reading and items.waits:
            self._is_reading = True
            self.run_worker(
                self._read_on(),
                name="read long texts",
                group="read",
                description="Reads what is very long, in a thread.",
                exclusive=True,
            )
        return top

    async def _read_on(self) -> None:
        try:
            while self._is_ready and (found := self._items.reading()) is not None:
                item, reading = found
                try:
                    await to_thread(reading.run)
                except CancelledError:
                    reading.is_wanted = False
                    raise
                anchor = self._capture()
                index = self._items.take(item, reading)
                if index is not None:
                    self._restore(anchor)
                    self.laid_out_again()
                    self._refresh_changed(self._items.heights.prefix(index))
                    self._has_read(index)
        finally:
            self._is_reading = False

    def laid_out_again(self) -> None:
        """Follow what has been laid out anew: rows of the same text may be others now."""

    def _has_read(self, index: int) -> None:
        """Do what is to be done when more of a very long message has been read."""

    def prepare_ahead(self) -> None:
        """Lay out and draw what the next page shows, up or down, once the reader stands still."""
        self._prepared = 0
        if self._is_ready and not self._is_preparing:
            self._is_preparing = True
            self.run_worker(
                self._prepare(),
                name="prepare the next page",
                group="ahead",
                description="Draws what is above and below the view, a few rows at a time.",
                exclusive=True,
            )

    async def _prepare(self) -> None:
        try:
            await sleep(_STILL)
            while self._is_ready:
                if self.is_moving:
                    await sleep(_STILL)
                elif self._prepare_some():
                    await sleep(_PAUSE)
                else:
                    break
        finally:
            self._is_preparing = False

    def _prepare_some(self) -> bool:
        """Measure a message above or below the view, or draw some rows of them; tell if there were any."""
        items, top, height = self._items, self._top, self._view.height
        for first, last in ((top - height, top), (top + height, top + 2 * height)):
            measured = items.measure_between(max(0, first), max(0, last))
            if measured is not None:
                row, grown = measured
                self._shift(grown if row < top else 0)
                return True
        if self._prepared >= height:
            return False
        near, far = self._prepared, self._prepared + _ROWS_AHEAD
        self._strips(max(-top, -far), max(-top, -near))
        self._strips(height + near, height + far)
        if not self._is_colouring:
            self._prepared = far
        return True

    def _shift(self, grown: int) -> None:
        """Follow what is read, undrawn, where heights above the view have changed."""
        if grown:
            self.set_reactive(Widget.scroll_y, self.scroll_y + grown)
            self.set_reactive(Widget.scroll_target_y, self.scroll_target_y + grown)
            self._painted_top += grown
        self._update_total()

    def _place(self, wanted: float, anchor: float) -> None:
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
        self._update_scrollbar()
        if round(old_value) != round(new_value):
            self.refresh(Region(0, 0, self._view.width, self._view.height))
        if self._placing:
            return
        self.prepare_ahead()
        self._anchor = None
        if round(new_value) >= self.max_scroll_y:
            self.following = True
        elif new_value < old_value:
            self.following = False

    def watch_following(self, following: bool) -> None:
        """Take the mark of new text away once it is seen."""
        if following:
            self._set_new_below(False)

    def follow(self) -> None:
        """Go to the end and stay there."""
        self.following = True
        self._anchor = None
        if self._is_ready:
            self._place(inf, inf)
            self.prepare_ahead()

    def _capture(self) -> Anchor | None:
        """Return what is at the top of the view; None for the end of the text."""
        if self.following or not self._is_ready:
            return None
        if self._anchor is None:
            index, row = self._items.heights.find(self._top)
            item = self._items.item(index)
            return Anchor(item.id, item.place(row, self.palette))
        return self._anchor

    def _stand_in(self, anchor: Anchor | None, messages: Sequence[Message]) -> Anchor | None:
        """Return an anchor that is among `messages`: another branch has another message in its place."""
        index = self._items.index(anchor.message_id) if anchor is not None else None
        places = {message.id: place for place, message in enumerate(messages)}
        if anchor is None or index is None or anchor.message_id in places:
            return anchor
        for before in range(index - 1, -1, -1):
            place = places.get(self._items[before].id)
            if place is not None:
                return replace(anchor, message_id=messages[min(place + 1, len(messages) - 1)].id)
        return anchor

    def _restore(self, anchor: Anchor | None) -> None:
        """Put what was at the top of the view there again."""
        if not self._is_ready:
            self._update_total()
            return
        index = self._items.index(anchor.message_id) if anchor is not None else None
        if self.following:
            self._place(inf, inf)
        elif anchor is None or index is None:
            self._place(self._top, self._top)
        else:
            row = self._items.row_of(index, anchor.place, self.palette)
            self._place(row, row)

    @property
    def is_moving(self) -> bool:
        """Whether the reader is on the way to a row that was counted from the first."""
        return (
            self.app.animator.is_being_animated(self, "scroll_y")
            or self.vertical_scrollbar.grabbed is not None
        )

    def prepend(self, messages: Sequence[Message]) -> None:
        """Take over messages that come before all others; what is on the screen stays there, undrawn."""
        before = self._items.heights.total
        self._items.prepend(messages)
        if not self._is_ready:
            return
        if self.following and before < self._view.height:
            self._place(inf, inf)
            self.refresh()
            return
        self._shift(self._items.heights.total - before)

    def insert(self, messages: Sequence[Message]) -> None:
        """Take over the last of the messages that are missing; what is read stays where it is."""
        with self._reading_held():
            self._items.insert(messages)
        self._refresh_changed(0)

    @contextmanager
    def _reading_held(self) -> Iterator[None]:
        """Keep what is read where it is while messages change."""
        anchor = self._capture()
        yield
        self._restore(anchor)

    def picture_drawn(self, request: PictureRequest, drawn: Drawn | str) -> None:
        """Show a picture that was wanted; one that cannot be shown gives its room back for the reason."""
        if isinstance(drawn, Drawn) or self._items.gallery.broken.get(request.digest) == drawn:
            super().picture_drawn(request, drawn)
            return
        with self._reading_held():
            super().picture_drawn(request, drawn)
            self._items.forget_picture(request.digest)
        self.refresh()

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
        self._fill = size.width
        view = Size(max(0, size.width - self.gutter.width), max(0, size.height - self.gutter.height))
        if view != self._view:
            self._view = view
            if self._items.width != self._view.width:
                self._items.forget_heights(self._view.width)
            self._restore(anchor)
            # Held until the reader scrolls: many small resizes must not add up to a drift.
            self._anchor = anchor
            self.prepare_ahead()
        return changed

    def watch_wrap_code(self) -> None:
        """Lay out again with long lines of code wrapped, or not."""
        self._code_offset = 0
        with self._reading_held():
            self._colors = None
            self._items.wrap_code = self.wrap_code
            self._items.forget_heights(self._items.width)
        self.refresh()

    def scroll_code(self, cells: int) -> None:
        """Move the long lines of code to the left, or back to the right."""
        self._code_offset = max(0, self._code_offset + cells)
        self._colors = None
        self.refresh()

    def _reach(self, wanted: float) -> float:
        """Measure everything on the way to a row, so that the way can be animated."""
        anchor = self._top
        shift = 0
        while True:
            here, there = self.scroll_y + shift, wanted + shift
            top, bottom = round(min(here, there)), round(max(here, there)) + self._view.height
            measured = self._items.measure_between(max(0, top), bottom)
            if measured is None:
                break
            row, grown = measured
            shift += grown if row < anchor + shift else 0
        self._place(self.scroll_y + shift, anchor + shift)
        return max(0, min(wanted + shift, self.max_scroll_y))

    def page(self, direction: int) -> None:
        """Scroll by a page; two rows of the old one stay to hold on to."""
        if not self._is_ready:
            return
        if direction > 0 and self.scroll_target_y >= self.max_scroll_y:
            self.follow()
            return
        # The page before is over: what is counted from its rows would be wrong once heights are learned.
        self.app.animator.force_stop_animation(self, "scroll_y")
        step = max(1, self._view.height - 2)
        target = self._reach(self.scroll_y + direction * step)
        if self.app.animation_level == "none":
            self.scroll_to(y=target, animate=False)
            return
        # The first step is taken now: the animator's comes a frame later.
        self.scroll_to(y=round(self.scroll_y + (target - self.scroll_y) * _FIRST_STEP), animate=False)
        self.scroll_to(y=target, animate=True, duration=_PAGE_SECONDS, easing="out_cubic")
