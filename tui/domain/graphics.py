"""How a terminal draws pictures."""

from dataclasses import dataclass
from enum import StrEnum


class Protocol(StrEnum):
    """What pictures are made of on the screen."""

    OFF = "off"
    """Nothing: only their names are shown."""
    HALFCELL = "halfcell"
    """Characters of two colours each: every terminal that has colours."""
    SIXEL = "sixel"
    """Pixels, in strips of six rows."""
    KITTY = "kitty"
    """Pixels, kept by the terminal and shown where its placeholder characters stand."""


@dataclass(frozen=True, slots=True)
class Graphics:
    """What is known of the terminal."""

    protocol: Protocol = Protocol.HALFCELL
    cell_width: int = 10
    """Pixels."""
    cell_height: int = 20
    """Pixels."""

    largest: tuple[int, int] = (0, 0)
    """Width and height of the largest picture that it draws, in pixels; 0 where it does not say."""

    def room(self, columns: int, rows: int) -> tuple[int, int]:
        """Return as many of some columns and rows as the terminal draws a picture over."""
        width, height = self.largest
        if self.protocol is not Protocol.SIXEL or not (width and height):
            return columns, rows
        return (
            max(1, min(columns, width // self.cell_width)),
            max(1, min(rows, height // self.cell_height)),
        )

    def fitted(self, width: int, height: int, columns: int, rows: int) -> tuple[int, int]:
        """Return the cells that a picture takes, as columns and rows; never larger than its pixels.

        Args:
            width: The picture's, in pixels.
            height: The picture's, in pixels.
            columns: At most so many.
            rows: At most so many.
        """
        cell_width, cell_height = self.cell_width, self.cell_height
        columns, rows = self.room(columns, rows)
        most = 1.0
        if self.protocol is Protocol.HALFCELL:
            # A cell shows one pixel above another.
            most = max(1.0, min(cell_width, cell_height / 2))
        scale = min(most, columns * cell_width / max(1, width), rows * cell_height / max(1, height))
        return (
            max(1, min(columns, round(width * scale / cell_width + 0.45))),
            max(1, min(rows, round(height * scale / cell_height + 0.45))),
        )
