"""Rows that stay aligned where a terminal counts cells in another way.

How many cells a family of emoji, a flag, a heart with a variation selector or a syllable of Devanagari
takes, terminals disagree about, and none says. A row that is written in one go is shifted from there on, and
with it the scroll bar and whatever stands beside. So the cells of such a run are emptied first, then it is
written, and then the cursor is put where the run ends: only the run itself may look wrong.
"""

import re
from collections.abc import Iterator

from rich.cells import split_graphemes
from rich.console import Console
from rich.segment import Segment
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.strip import Strip

_DISPUTED = re.compile(
    "["
    "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"  # Joiners, marks of direction.
    "\ufe00-\ufe0f\u20e3"  # Variation selectors and keycaps.
    "\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f"  # Flags and tones of skin.
    "\U0001fa70-\U0001faff"  # Emoji that older terminals do not know.
    "\u0900-\u0dff\u0f00-\u109f\u1780-\u17ff\u1a20-\u1aaf\u1b00-\u1c4f"  # Vowels that take cells or none.
    "\ua8e0-\ua8ff\ua980-\ua9df\uaa00-\uaadf\uabc0-\uabff\U00011000-\U00011fff"
    "\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff"  # Korean in its parts.
    "]"
)
"""Characters that make the width of the cluster they are in a matter of opinion."""


class AnchoredStrip(Strip):
    """A part of a row that knows where on the screen it is written."""

    __slots__ = ("_x",)

    def __init__(self, strip: Strip, x: int) -> None:
        """Take a strip.

        Args:
            strip: What is written.
            x: Column of its first cell, counted from 0.
        """
        super().__init__(list(strip), strip.cell_length)
        self._x = x

    def crop(self, start: int, end: int | None = None) -> Strip:
        """Return a part of it."""
        return AnchoredStrip(super().crop(start, end), self._x + max(0, start))

    def render(self, console: Console) -> str:
        """Return what is written to the terminal."""
        return Strip(list(self._steady())).render(console)

    def _steady(self) -> Iterator[Segment]:
        x = self._x
        for text, style, control in self:
            if control or text.isascii():
                yield Segment(text, style, control)
                x += 0 if control else len(text)
                continue
            for part, cells, disputed in _runs(text):
                if disputed:
                    yield Segment(" " * cells, style)
                    yield _column(x)
                yield Segment(part, style)
                x += cells
                if disputed:
                    yield _column(x)


def anchor(update: ChopsUpdate | LayoutUpdate) -> None:
    """Make the rows of a frame that is about to be written stay aligned. Others are left as they are."""
    if isinstance(update, LayoutUpdate):
        update.strips = [_line(line, update.region.x) for line in map(list, update.strips)]
        return
    for y in {y for y, _, _ in update.spans}:
        for x, strip in update.chops[y].items():
            if strip is not None and _is_disputed(strip):
                update.chops[y][x] = AnchoredStrip(strip, x)  # type: ignore[index]


def _line(line: list[Strip], x: int) -> list[Strip]:
    """Return the strips of a line, that begins at a column, with those anchored that need it."""
    if not any(map(_is_disputed, line)):
        return line
    anchored = []
    for strip in line:
        anchored.append(AnchoredStrip(strip, x) if _is_disputed(strip) else strip)
        x += strip.cell_length
    return anchored


def _is_disputed(strip: Strip) -> bool:
    # A strip of another class (a picture) has its own way to the terminal.
    return type(strip) is Strip and any(
        not text.isascii() and _DISPUTED.search(text) is not None for text, _, _ in strip
    )


def _runs(text: str) -> Iterator[tuple[str, int, bool]]:
    """Yield a text in parts whose width is agreed on or disputed, with their cells."""
    begin, end, cells, disputed = 0, 0, 0, False
    for first, last, width in split_graphemes(text)[0]:
        now = _DISPUTED.search(text, first, last) is not None
        if now != disputed and end > begin:
            yield text[begin:end], cells, disputed
            begin, cells = end, 0
        end, cells, disputed = last, cells + width, now
    if end > begin:
        yield text[begin:end], cells, disputed


def _column(x: int) -> Segment:
    """Return what puts the cursor on a column, counted from 0."""
    return Segment(f"\x1b[{x + 1}G")
