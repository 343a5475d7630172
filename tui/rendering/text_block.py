"""A piece of Markdown that is not code."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from tui.rendering.code import CodeText
from tui.rendering.ink import BLANK, Row, paint, styles_for
from tui.rendering.layout import Layout, code_texts
from tui.rendering.line import Line, Palette
from tui.rendering.nodes import Node, References, parse
from tui.rendering.pieces import Piece

COLOURLESS: Final = Palette(
    True, "#ffffff", "#000000", "#000000", "#ffffff",
    "#ffffff", "#ffffff", "#ffffff", "#ffffff", "#ffffff", "#ffffff",
)  # fmt: skip
"""For heights: colours do not matter."""


class TextBlock:
    """A paragraph, a heading, an item of a list, a quotation, a table: parsed when first asked for."""

    __slots__ = (
        "_key",
        "_lines",
        "_nodes",
        "_painted",
        "_references",
        "_rows",
        "number",
        "piece",
        "provisional",
    )

    def __init__(self, piece: Piece, number: int, references: References, provisional: bool = False) -> None:
        self.piece = piece
        self.number = number
        """How many blocks of code come before it in the document."""
        self.provisional = provisional
        """Whether its text is still arriving, so that open marks are shown as if they were closed."""
        self._references = references
        self._nodes: list[Node] | None = None
        self._key: tuple[int, bool, int] | None = None
        self._rows: list[Row] = []
        self._painted: Palette | None = None
        self._lines: list[Line | None] = []

    @property
    def source(self) -> str:
        """Return its Markdown, sanitised."""
        return self.piece.source

    @property
    def code_texts(self) -> Sequence[CodeText]:
        """Return the blocks of code in it."""
        return code_texts(self._parsed()) if self.piece.codes else ()

    def renewed(self) -> "TextBlock":
        """Return a block of the same source that knows of definitions which came after it."""
        return TextBlock(self.piece, self.number, self._references, self.provisional)

    def height(self, width: int, wrap_code: bool = False) -> int:
        """Return how many lines it has at `width` cells; remembered for the last width."""
        offset = self._key[2] if self._key else 0
        return len(self._laid_out(width, replace(COLOURLESS, wrap_code=wrap_code, code_offset=offset)))

    def estimate(self, width: int) -> int:
        """Return about how many lines it has, without reading it."""
        source = self.piece.source
        return self.piece.gap + 1 + max(source.count("\n"), len(source) // max(1, width))

    def lines(self, start: int, stop: int, width: int, palette: Palette) -> Sequence[Line]:
        """Return the lines from `start` to `stop`."""
        rows = self._laid_out(width, palette)
        if self._painted != palette:
            self._lines = [None] * len(rows)
            self._painted = palette
        styles, lines = styles_for(palette), self._lines
        result: list[Line] = []
        for index in range(max(0, start), min(stop, len(rows))):
            line = lines[index]
            if line is None:
                line = lines[index] = paint(rows[index], styles)
            result.append(line)
        return result

    def _parsed(self) -> list[Node]:
        if self._nodes is None:
            self._nodes = parse(self.piece.source, self._references, self.provisional)
        return self._nodes

    def _laid_out(self, width: int, palette: Palette) -> list[Row]:
        key = (width, palette.wrap_code, palette.code_offset) if self.piece.codes else (width, False, 0)
        if self._key != key:
            layout = Layout(palette, self.number, self.piece.ordinal)
            rows = layout.rows(self._parsed(), max(1, width))
            self._rows = [BLANK, *rows] if self.piece.gap else rows
            self._key = key
            self._painted = None
        return self._rows
