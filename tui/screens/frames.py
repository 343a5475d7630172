"""Frames that draw no more than what changed, and what was typed at once."""

from collections.abc import Iterable

from rich.console import RenderableType
from textual import events, messages
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual.app import App
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from tui.screens.anchored import anchor


class FrugalCompositor(Compositor):
    """A compositor that asks widgets only for rows of theirs that changed.

    Textual's own asks each widget for all of its rows whose container has any part in the frame. Then a
    letter that is typed costs drawing the transcript and the side panel as well.
    """

    def __init__(self) -> None:
        """Begin with nothing to draw."""
        super().__init__()
        self._changed: tuple[Region, ...] = ()
        """What the frame that is being drawn is about."""

    def render_partial_update(self) -> ChopsUpdate | None:
        """Draw what changed since the last frame."""
        self._changed = tuple(self._dirty_regions)
        try:
            return super().render_partial_update()
        finally:
            self._changed = ()

    def _get_renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        """Yield the widgets that are seen in what changed, the foremost first."""
        wanted: Iterable[Region] = self._changed or (crop or self.size.region,)
        for widget, (region, clip) in self.visible_widgets.items():
            seen = region.intersection(clip)
            touched = [each for each in wanted if each.overlaps(seen)]
            if not touched:
                continue
            union = Region.from_union(touched)
            rows = seen.intersection(Region(seen.x, union.y, seen.width, union.height))
            yield region, rows, widget.render_lines(rows.translate((-region.x, -region.y)))
            # What a widget covers whole needs nothing from those behind it.
            wanted = [each for each in wanted if not seen.contains_region(each)]
            if not wanted:
                break


class QuickScreen(Screen[None]):
    """A screen that draws what the focused widget changed at once, instead of with the next frame.

    While an answer streams, the next frame is up to a sixtieth of a second away: a letter that waits for
    it is late. Everything else still waits, so that many changes make one frame.
    """

    def __init__(self) -> None:
        """Begin with nothing to draw."""
        super().__init__()
        self._compositor = FrugalCompositor()
        self._hurried = False
        """The focused widget has changed since the last frame."""
        self._awaited: Widget | None = None
        """A widget that a key has just been passed on to."""

    def hurry(self, widget: Widget) -> None:
        """Draw the next change of a widget at once: it answers a key, though the focus is elsewhere."""
        self._awaited = widget

    async def _on_update(self, message: messages.Update) -> None:
        if message.widget in (self.focused, self._awaited):
            self._hurried = True
            self._awaited = None

    async def _on_idle(self, event: events.Idle) -> None:
        if self._hurried:
            self._hurried = False
            self._on_timer_update()


class QuickApp(App[None]):
    """An app that hands each frame to the terminal in one piece.

    Textual hands over its beginning, what it shows and its end, and wakes the thread that writes each time.
    """

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        driver = self._driver
        if driver is None or renderable is None:
            super()._display(screen, renderable)
            return
        if isinstance(renderable, ChopsUpdate | LayoutUpdate):
            anchor(renderable)
        pieces: list[str] = []
        write = driver.write
        driver.write = pieces.append  # type: ignore[method-assign, assignment]
        try:
            super()._display(screen, renderable)
        finally:
            driver.write = write  # type: ignore[method-assign]
        if pieces:
            write("".join(pieces))
