"""The line above which nothing is sent to the model any more."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.rendering.line import Line, Palette

_SIDE = 2
"""Cells of rule at either side of the words, at least."""


class CutLine:
    """Words in the middle of a rule, over the whole width."""

    source = ""

    def __init__(self, words: str, *, opens: bool = False) -> None:
        """Make the line.

        Args:
            words: What it says; trusted text.
            opens: A click on it opens the summary.
        """
        self._words = words
        self._opens = opens
        self._drawn: tuple[tuple[int, Palette], Line] | None = None

    @property
    def text(self) -> str:
        """What it says."""
        return self._words

    def height(self, width: int, wrap_code: bool = False) -> int:
        """Return 1."""
        return 1

    def estimate(self, width: int) -> int:
        """Return 1."""
        return 1

    def lines(self, start: int, stop: int, width: int, palette: Palette) -> Sequence[Line]:
        """Return the line, if it lies between `start` and `stop`."""
        if start > 0 or stop < 1:
            return []
        if self._drawn is None or self._drawn[0] != (width, palette):
            self._drawn = ((width, palette), self._draw(width, palette))
        return [self._drawn[1]]

    def _draw(self, width: int, palette: Palette) -> Line:
        room = width - 2 * _SIDE - 2
        words = self._words
        if cell_len(words) > room:
            words = f"{set_cell_size(words, room - 1).rstrip()}…" if room > 1 else ""
        rest = max(0, width - cell_len(words) - 2)
        rule = Style(color=palette.warning, dim=False)
        ink = Style(color=palette.warning)
        if self._opens:
            ink += Style(underline=True) + Style.from_meta({"act": "summary"})
        strip = Strip(
            [
                Segment(f"{'─' * (rest // 2)} ", rule),
                Segment(words, ink),
                Segment(f" {'─' * (rest - rest // 2)}", rule),
            ]
        ).crop(0, width)
        # All gutter: it leaves nothing when it is copied.
        return Line(strip, strip.cell_length)
