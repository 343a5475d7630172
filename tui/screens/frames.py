"""Frames that draw no more than what changed."""

from collections.abc import Iterable

from textual._compositor import Compositor
from textual.geometry import Region
from textual.strip import Strip


class FrugalCompositor(Compositor):
    """A compositor that asks widgets only for rows that a frame is about.

    Textual's own asks each widget for all of its rows whose container has any part in the frame. Then a
    letter that is typed costs drawing the transcript and the side panel as well.
    """

    def _get_renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        if crop is None:
            yield from super()._get_renders(crop)
            return
        band = Region(0, crop.y, self.size.width, crop.height)
        for widget, (region, clip) in self.visible_widgets.items():
            rows = clip.intersection(band)
            seen = region.intersection(rows)
            if seen and seen.overlaps(crop):
                yield region, rows, widget.render_lines(seen.translate((-region.x, -region.y)))
