"""A picture in Sixel, cut at any row of cells without encoding it again."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

BAND = 6
"""Rows of pixels that a line of Sixel has."""

_REGISTER = re.compile(r"#\d+;2;\d+;\d+;\d+")
_HEADER = re.compile(r'\x1bP[\d;]*q"\d+;\d+;\d+;\d+')
_MASKS = {
    kept: {ord("?") + bits: ord("?") + (bits & ((1 << kept) - 1)) for bits in range(64)}
    for kept in range(1, BAND)
}
"""Turns the characters of a line into those of its first rows."""


@dataclass(frozen=True, slots=True)
class Bands:
    """The lines of one encoding."""

    registers: str
    """The definitions of all colours."""
    lines: tuple[str, ...]
    """Each drawn with colours that are defined."""

    @classmethod
    def of(cls, encoded: str) -> "Bands":
        """Take an encoding apart.

        Raises:
            ValueError: It is not Sixel.
        """
        header = _HEADER.match(encoded)
        if header is None or not encoded.endswith("\x1b\\"):
            raise ValueError("not Sixel")
        body = encoded[header.end() : -2].removesuffix("-")
        registers = dict.fromkeys(_REGISTER.findall(body))
        return cls("".join(registers), tuple(_without_definitions(line) for line in body.split("-")))


def _without_definitions(line: str) -> str:
    return _REGISTER.sub(lambda match: match.group().partition(";")[0], line)


@dataclass(frozen=True, slots=True)
class SixelPicture:
    """A picture whose rows of cells can be asked for.

    Lines of Sixel are six pixels high and cells are not a multiple of that, so the picture is encoded from
    every row of pixels on at which a row of cells can begin in a line.
    """

    width: int
    """Pixels."""
    cell_height: int
    """Pixels."""
    phases: Mapping[int, Bands]
    """Encodings by the row of pixels at which they begin: 0 to 5."""

    @property
    def size(self) -> int:
        """About how many bytes it takes in memory."""
        return sum(len(line) for bands in self.phases.values() for line in bands.lines)

    def can_begin(self, first: int) -> bool:
        """Tell whether what is needed to begin at a row of cells has been encoded."""
        return first * self.cell_height % BAND in self.phases

    def rows(self, first: int, stop: int) -> str:
        """Return the Sixel of the rows of cells from `first` to `stop` (exclusive)."""
        top, bottom = first * self.cell_height, stop * self.cell_height
        bands = self.phases[top % BAND]
        begin = top // BAND
        whole, rest = divmod(bottom - top, BAND)
        lines = list(bands.lines[begin : begin + whole])
        if rest and begin + whole < len(bands.lines):
            lines.append(bands.lines[begin + whole].translate(_MASKS[rest]))
        raster = f'"1;1;{self.width};{bottom - top}'
        return f"\x1bP0;0;0q{raster}{bands.registers}{'-'.join(lines)}\x1b\\"


def phases(cell_height: int) -> list[int]:
    """Return the rows of pixels, 0 to 5, at which a row of cells can begin in a line of Sixel."""
    return sorted({row * cell_height % BAND for row in range(BAND)})
