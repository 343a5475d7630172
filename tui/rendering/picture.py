"""Pictures as rows of cells, and as what a terminal that draws pixels is told beside them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rich.color import Color
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.domain.graphics import Graphics
from tui.rendering.sixel import SixelPicture

_BYTES_PER_CELL = 600
"""About what a cell of its own colours takes in memory."""

_STEPS = bytes(value & 0xFC | value >> 6 for value in range(256))
"""Colours that cannot be told apart become one, so that more cells are drawn at once."""


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """A picture as it is wanted."""

    digest: str
    """Which picture: the SHA-256 of its bytes."""
    columns: int
    """Cells of the box that it is fitted into, at the left and the top."""
    rows: int
    background: str = "#000000"
    """What shows through it, as `#rrggbb`."""


@dataclass(frozen=True, slots=True)
class KittyPicture:
    """A picture that a terminal with Kitty's graphics protocol keeps."""

    rows: tuple[str, ...]
    """The placeholder characters, row by row, with the colours that say which picture they stand for."""
    transmission: str
    """What the terminal is told once."""
    removal: str
    """What the terminal is told when it need not keep it any more."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture that has been drawn for a size."""

    columns: int
    rows: int
    cells: tuple[Strip, ...]
    """Half-cells: a row each, exactly `columns` wide."""
    sixel: SixelPicture | None = None
    kitty: KittyPicture | None = None

    @property
    def is_sketch(self) -> bool:
        """Whether it is nothing but cells."""
        return self.sixel is None and self.kitty is None

    @property
    def size(self) -> int:
        """About how many bytes it takes in memory."""
        size = _BYTES_PER_CELL * sum(len(strip) for strip in self.cells)
        if self.sixel is not None:
            size += self.sixel.size
        if self.kitty is not None:
            size += sum(len(row) * 4 for row in self.kitty.rows)
        return size


@lru_cache(maxsize=4096)
def _color(red: int, green: int, blue: int) -> Color:
    return Color.from_rgb(red, green, blue)


def half_cells(pixels: bytes, columns: int) -> tuple[Strip, ...]:
    """Return RGB pixels as cells that are two pixels high.

    Args:
        pixels: Three bytes each, row by row, an even number of rows.
        columns: Pixels in a row.
    """
    pixels = pixels.translate(_STEPS)
    stride = columns * 3
    strips = []
    for start in range(0, len(pixels), stride * 2):
        upper, lower = pixels[start : start + stride], pixels[start + stride : start + stride * 2]
        segments: list[Segment] = []
        begin = 0
        for at in range(3, stride + 3, 3):
            if (
                upper[at : at + 3] == upper[begin : begin + 3]
                and lower[at : at + 3] == lower[begin : begin + 3]
            ):
                continue
            above, below = upper[begin : begin + 3], lower[begin : begin + 3]
            text = " " if above == below else "▀"
            segments.append(
                Segment(text * ((at - begin) // 3), Style.from_color(_color(*above), _color(*below)))
            )
            begin = at
        strips.append(Strip(segments, columns))
    return tuple(strips)


class PictureRow(Strip):
    """A row with a picture in it that is drawn by more than cells.

    Its cells are the picture in half-cells. Whoever changes them (a dialog that dims what is below it) or
    cuts through the picture gets those; only where the picture is whole, the terminal is told to draw it.
    """

    __slots__ = ("_columns", "_left", "_payload", "_pieces", "_replaces", "_told")

    def __init__(
        self,
        segments: Sequence[Segment],
        cell_length: int,
        *,
        left: int,
        columns: int,
        payload: str,
        replaces: bool,
    ) -> None:
        """Dress a row.

        Args:
            segments: The row in cells.
            cell_length: Cells of the row.
            left: Cells before the picture.
            columns: Cells of the picture.
            payload: What the terminal is told.
            replaces: It stands for the cells of the picture; otherwise it follows them.
        """
        super().__init__(segments, cell_length)
        self._left = left
        self._columns = columns
        self._payload = payload
        self._replaces = replaces
        self._pieces: dict[tuple[int, ...], list[Strip]] = {}
        self._told: str | None = None

    def render(self, console: Console) -> str:
        """Return what is written to the terminal."""
        if self._told is None:
            right = self._left + self._columns
            before = super().crop(0, self._left if self._replaces else right)
            after = super().crop(right)
            cells = [Strip(list(part), part.cell_length).render(console) for part in (before, after)]
            self._told = self._payload.join(cells)
        return self._told

    def crop(self, start: int, end: int | None = None) -> Strip:
        """Return a part of the row."""
        return self._dressed(super().crop(start, end), start)

    def divide(self, cuts: Iterable[int]) -> list[Strip]:
        """Return the row in pieces."""
        key = tuple(cuts)
        if key not in self._pieces:
            start = 0
            pieces = []
            for piece in super().divide(key):
                pieces.append(self._dressed(piece, start))
                start += piece.cell_length
            self._pieces[key] = pieces
        return self._pieces[key]

    def _dressed(self, piece: Strip, start: int) -> Strip:
        left = self._left - start
        if piece is self or left < 0 or left + self._columns > piece.cell_length:
            return piece
        return PictureRow(
            list(piece),
            piece.cell_length,
            left=left,
            columns=self._columns,
            payload=self._payload,
            replaces=self._replaces,
        )


def dressed(strip: Strip, drawn: Drawn, graphics: Graphics, left: int, first: int, row: int) -> Strip:
    """Return a row of a picture with what the terminal is told to draw it.

    Args:
        strip: The row, in cells.
        drawn: The picture.
        graphics: What is known of the terminal.
        left: Cells before the picture in the row.
        first: The first row of the picture that the terminal is to draw with it (Sixel).
        row: Which row of the picture it is.
    """
    if drawn.kitty is not None:
        payload, replaces = drawn.kitty.rows[row], True
    elif drawn.sixel is not None:
        up = f"\x1b[{row - first}A" if row > first else ""
        pixels = drawn.sixel.rows(first, row + 1)
        payload, replaces = f"\x1b7{up}\x1b[{drawn.columns}D{pixels}\x1b8", False
    else:
        return strip
    return PictureRow(
        list(strip),
        strip.cell_length,
        left=left,
        columns=drawn.columns,
        payload=payload,
        replaces=replaces,
    )
