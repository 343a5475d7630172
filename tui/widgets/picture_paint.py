"""Pictures on a widget: what the terminal is told in which row, and what lies over them."""

from collections.abc import Sequence

from textual.app import App
from textual.strip import Strip
from textual.widget import Widget

from tui.domain.graphics import Graphics
from tui.rendering.picture import Drawn, PictureRow, dressed


def graphics_of(app: App[object]) -> Graphics:
    """Return what the application knows of the terminal; half-cells where it knows nothing."""
    found = getattr(app, "graphics", None)
    return found if isinstance(found, Graphics) else Graphics()


def tell_terminal(app: App[object], text: str) -> None:
    """Write something to the terminal that is no part of what is on the screen."""
    # Through the driver, as Textual's own bell and clipboard: nothing else may write in between.
    if text and app._driver is not None:
        app._driver.write(text)


def covered_rows(widget: Widget) -> frozenset[int]:
    """Return the rows of a widget of which something lies under other widgets."""
    region = widget.region
    covered: set[int] = set()
    for other, (place, clip) in widget.screen._compositor.visible_widgets.items():
        # From the front to the back.
        if other is widget:
            break
        if other is widget.screen or widget in other.ancestors:
            continue
        shared = place.intersection(clip).intersection(region)
        covered.update(range(shared.y - region.y, shared.bottom - region.y))
    return frozenset(covered)


class Wardrobe:
    """Rows that have been dressed: a picture that stays where it is costs nothing to draw again."""

    def __init__(self) -> None:
        """Begin empty."""
        self._kept: dict[tuple[int, int, int, int], tuple[Strip, Drawn, Strip]] = {}
        self._used: dict[tuple[int, int, int, int], tuple[Strip, Drawn, Strip]] = {}

    def turn(self) -> None:
        """Forget what has not been used since this was last called."""
        self._kept, self._used = self._used, {}

    def dress(
        self,
        strips: list[Strip],
        drawn: Drawn,
        graphics: Graphics,
        *,
        left: int,
        top: int,
        shown: Sequence[int],
    ) -> None:
        """Put into rows what the terminal is told to draw a picture.

        Args:
            strips: Rows of cells, changed in place.
            drawn: The picture.
            graphics: What is known of the terminal.
            left: Cells before the picture.
            top: Which of `strips` its first row would be; may be negative.
            shown: Which of its rows are to be drawn, ascending.
        """
        if drawn.kitty is not None:
            for row in shown:
                self._put(strips, top + row, drawn, graphics, left, row, row)
        elif drawn.sixel is not None:
            for first, last in _groups(shown):
                if drawn.sixel.can_begin(first):
                    self._put(strips, top + last, drawn, graphics, left, first, last)

    def _put(
        self, strips: list[Strip], at: int, drawn: Drawn, graphics: Graphics, left: int, first: int, row: int
    ) -> None:
        if not 0 <= at < len(strips) or isinstance(strip := strips[at], PictureRow):
            return
        key = id(strip), id(drawn), first, row
        # The strip and the picture are kept along: while they live no other has their id.
        kept = self._used.get(key) or self._kept.get(key)
        if kept is None:
            kept = strip, drawn, dressed(strip, drawn, graphics, left, first, row)
        self._used[key] = kept
        strips[at] = kept[2]


def _groups(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Return the first and the last of every run of consecutive numbers."""
    groups: list[tuple[int, int]] = []
    for row in rows:
        if groups and groups[-1][1] == row - 1:
            groups[-1] = groups[-1][0], row
        else:
            groups.append((row, row))
    return groups
