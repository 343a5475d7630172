"""A piece of Markdown that is not code."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Final

from tui.rendering.code import CodeText
from tui.rendering.cuts import Piece
from tui.rendering.ink import BLANK, Row, paint, styles_for
from tui.rendering.layout import Layout, code_texts
from tui.rendering.line import Line, Palette
from tui.rendering.nodes import Node, References, paragraph, parse

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
        "_starts",
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
        self._starts: list[int] = []
        """Where the rows begin, if code stands in the place of some; the height of all is the last."""
        self._painted: Palette | None = None
        self._lines: list[Line | None] = []

    @property
    def source(self) -> str:
        """Return its Markdown, sanitised."""
        return self.piece.whole

    @property
    def nodes(self) -> Sequence[Node]:
        """Return its elements."""
        return self._parsed()

    @property
    def code_texts(self) -> Sequence[CodeText]:
        """Return the blocks of code in it."""
        return code_texts(self._parsed(), self.piece.holes) if self.piece.codes else ()

    def follows(self, old: object) -> "TextBlock":
        """Take over what has been read of the block that stood here before; return this one."""
        if isinstance(old, TextBlock) and (old.piece.source, old.provisional) == (
            self.piece.source,
            self.provisional,
        ):
            self._nodes = old._nodes
        return self

    def renewed(self) -> "TextBlock":
        """Return a block of the same source that knows of definitions which came after it."""
        return TextBlock(self.piece, self.number, self._references, self.provisional)

    def height(self, width: int, wrap_code: bool = False) -> int:
        """Return how many lines it has at `width` cells; remembered for the last width."""
        offset = self._key[2] if self._key else 0
        rows = self._laid_out(width, replace(COLOURLESS, wrap_code=wrap_code, code_offset=offset))
        return self._starts[-1] if self._starts else len(rows)

    def estimate(self, width: int) -> int:
        """Return about how many lines it has, without reading it."""
        source = self.piece.source
        lines = self.piece.gap + 1 + max(source.count("\n"), len(source) // max(1, width))
        return lines + sum(hole.size for hole in self.piece.holes) if self.piece.holes else lines

    def lines(self, start: int, stop: int, width: int, palette: Palette) -> Sequence[Line]:
        """Return the lines from `start` to `stop`."""
        rows = self._laid_out(width, palette)
        if self._painted != palette:
            self._lines = [None] * len(rows)
            self._painted = palette
        if not self._starts:
            return self._drawn(max(0, start), stop, palette)
        result: list[Line] = []
        index = max(0, bisect_right(self._starts, start) - 1)
        while index < len(rows) and self._starts[index] < stop:
            begin, code = self._starts[index], rows[index].code
            if code is None:
                result.extend(self._drawn(index, index + 1, palette))
            else:
                result.extend(code.lines(max(0, start - begin), stop - begin, palette, rows[index].runs))
            index += 1
        return result

    def _drawn(self, start: int, stop: int, palette: Palette) -> list[Line]:
        styles, lines, rows = styles_for(palette), self._lines, self._rows
        result: list[Line] = []
        for index in range(start, min(stop, len(rows))):
            line = lines[index]
            if line is None:
                line = lines[index] = paint(rows[index], styles)
            result.append(line)
        return result

    def _parsed(self) -> list[Node]:
        if self._nodes is None:
            read = self.piece.source, self._references, self.provisional
            self._nodes = [paragraph(*read)] if self.piece.plain else parse(*read)
        return self._nodes

    def _laid_out(self, width: int, palette: Palette) -> list[Row]:
        key = (width, palette.wrap_code, palette.code_offset) if self.piece.codes else (width, False, 0)
        if self._key != key:
            layout = Layout(palette, self.number, self.piece.ordinal, self.piece.holes)
            rows = layout.rows(self._parsed(), max(1, width))
            if self.piece.join is not None:
                rows[0] = rows[0]._replace(join=self.piece.join)
            self._rows = [BLANK, *rows] if self.piece.gap else rows
            self._starts = []
            if self.piece.holes:
                heights = (row.code.height(palette.wrap_code) if row.code else 1 for row in self._rows)
                self._starts = list(accumulate(heights, initial=0))
            self._key = key
            self._painted = None
        return self._rows
