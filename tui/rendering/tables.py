"""Tables that may grow to any length: rows are read and laid out when they are asked for."""

import re
from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len

from tui.rendering.code import CodeText
from tui.rendering.ink import BLANK, Row, paint, styles_for
from tui.rendering.line import Line, Palette
from tui.rendering.nodes import Node, References, parse
from tui.rendering.rules import parser
from tui.rendering.table import (
    Natural,
    Widths,
    body_row,
    fitted,
    head_rows,
    merged,
    natural_of,
    parts,
    rule_above,
)

ROWS_PER_BLOCK: Final = 16
"""Rows that are read and laid out together, where they are not wide."""

_CELLS_PER_BLOCK: Final = 96
"""Cells that are read and laid out together, about."""

_EXACT: Final = 48
"""Rows that are read to find the widths of the columns; those of later ones are told from their source."""

_KEPT: Final = 512
"""Rows that stay laid out and drawn."""

_HEAD: Final = -1

_DIVIDER: Final = re.compile(r"(?<!\\)\|")
_MARKS: Final = re.compile(r"[*_`~\\\[\]]|<br\s*/?>")


class TableBuffer:
    """The lines of a table, which may still be growing, and what has been made of them."""

    __slots__ = (
        "_drawn",
        "_drawn_for",
        "_head",
        "_laid",
        "_laid_for",
        "_measured",
        "_natural",
        "_references",
        "_rows",
        "gap",
        "lines",
        "opening",
    )

    def __init__(self, opening: Sequence[str], gap: bool, references: References) -> None:
        self.opening = list(opening)
        """The header, and the line that makes it one."""
        self.gap = gap
        self.lines: list[str] = []
        self._references = references
        self.forget()

    def forget(self) -> None:
        """Read everything again when it is next asked for: what rows refer to has been defined."""
        self._head: list[Node] = []
        self._rows: dict[int, Node] = {}
        self._natural: Natural = ()
        self._measured = 0
        self._laid: dict[int, list[Row]] = {}
        self._laid_for: tuple[Widths, int] | None = None
        self._drawn: dict[int, list[Line]] = {}
        self._drawn_for: tuple[Widths, int, Palette] | None = None

    @property
    def rows_per_block(self) -> int:
        """How many rows are read and laid out together."""
        columns = max(1, self.opening[-1].strip(" \t|").count("|") + 1)
        return max(2, min(ROWS_PER_BLOCK, _CELLS_PER_BLOCK // columns))

    def takes(self, line: str) -> bool:
        """Return whether a line that follows is one more row."""
        if line.startswith("|"):
            return True
        if not line.strip(" \t"):
            return False
        tokens = parser().parse("\n".join([*self.opening, line[:2000]]))
        return tokens[0].map == [0, 3]

    def head(self) -> list[Node]:
        """Return the rows of the head."""
        if not self._head:
            self._head = parts(parse("\n".join(self.opening), self._references, False)[0])[0]
        return self._head

    def row(self, index: int) -> Node:
        """Return a row; its neighbours are read along with it."""
        row = self._rows.get(index)
        if row is None:
            start = index
            stop = min(index - index % self.rows_per_block + self.rows_per_block, len(self.lines))
            for number, node in enumerate(self._read(self.lines[start:stop], provisional=False)):
                self._rows[start + number] = node
            row = self._rows[index]
        return row

    def _read(self, lines: Sequence[str], *, provisional: bool) -> list[Node]:
        source = "\n".join([*self.opening, *lines])
        return parts(parse(source, self._references, provisional)[0])[1]

    def unfinished(self, last: str) -> Node:
        """Return a row that is still arriving."""
        return self._read([last], provisional=True)[0]

    def natural(self, last: str | None) -> Natural:
        """Return how wide the columns would like to be, with a row that is still arriving."""
        if not self._natural:
            self._natural = merged(*map(natural_of, self.head()))
        while self._measured < len(self.lines):
            self._natural = merged(self._natural, self._natural_at(self._measured))
            self._measured += 1
        if last is None:
            return self._natural
        exact = len(self.lines) < _EXACT
        return merged(self._natural, natural_of(self.unfinished(last)) if exact else self._roughly(last))

    def _natural_at(self, index: int) -> Natural:
        return natural_of(self.row(index)) if index < _EXACT else self._roughly(self.lines[index])

    def _roughly(self, line: str) -> Natural:
        """Return about how wide the cells of a line are, without reading it."""
        line = line.strip()
        cells = _DIVIDER.split(line.removeprefix("|").removesuffix("|")) if "\\" in line else None
        if cells is None:
            cells = line.removeprefix("|").removesuffix("|").split("|")
        cells = [_MARKS.sub("", cell).strip() for cell in cells[: len(self._natural)]]
        return tuple((cell_len(cell), max(map(cell_len, cell.split()), default=0)) for cell in cells)

    def rows_of(self, index: int, widths: Widths, width: int) -> list[Row]:
        """Return a row laid out, with the rule above it."""
        if self._laid_for != (widths, width):
            self._laid_for = widths, width
            self._laid.clear()
        rows = self._laid.get(index)
        if rows is None:
            if index == _HEAD:
                rows = head_rows(self.head(), widths, width, alone=False)
                rows = [BLANK, *rows] if self.gap else rows
            else:
                rows = self.laid_out(self.row(index), index, widths, width)
            if len(self._laid) >= _KEPT:
                self._laid.clear()
            self._laid[index] = rows
        return rows

    def laid_out(self, row: Node, index: int, widths: Widths, width: int) -> list[Row]:
        """Return `row`, which stands at `index`, laid out, with the rule above it."""
        lines = body_row(self.head(), row, widths, width, first=not index)
        above = body_row(self.head(), self.row(index - 1), widths, width, first=False) if index else []
        return [*rule_above(index, len(above) > 1 or len(lines) > 1, widths, width), *lines]

    def drawn(self, index: int, widths: Widths, width: int, palette: Palette) -> list[Line]:
        """Return a row drawn: the same lines for as long as nothing about them changes."""
        if self._drawn_for != (widths, width, palette):
            self._drawn_for = widths, width, palette
            self._drawn.clear()
        lines = self._drawn.get(index)
        if lines is None:
            styles = styles_for(palette)
            lines = [paint(row, styles) for row in self.rows_of(index, widths, width)]
            if len(self._drawn) >= _KEPT:
                self._drawn.clear()
            self._drawn[index] = lines
        return lines


class TableBlock:
    """Some rows of a table as it was at one moment. The first block of a table has the head."""

    __slots__ = ("_last", "_natural", "_start", "_stop", "buffer")

    def __init__(self, buffer: TableBuffer, start: int, last: str | None, natural: Natural | None) -> None:
        self.buffer = buffer
        self._start = start
        self._stop = min(start + buffer.rows_per_block, len(buffer.lines))
        self._last = last
        self._natural = natural

    def same(self, other: "TableBlock") -> bool:
        """Return whether `other` would look the same."""
        return (self.buffer, self._start, self._stop, self._last, self._natural) == (
            other.buffer,
            other._start,
            other._stop,
            other._last,
            other._natural,
        )

    @property
    def source(self) -> str:
        """Return its Markdown, sanitised."""
        head = self.buffer.opening if not self._start else []
        last = [] if self._last is None else [self._last]
        return "\n".join([*head, *self.buffer.lines[self._start : self._stop], *last])

    @property
    def nodes(self) -> Sequence[Node]:
        """Return its rows, with the head where it is drawn."""
        rows = [self.buffer.row(index) for index in range(self._start, self._stop)]
        head = [] if self._start else self.buffer.head()
        return [*head, *rows, *([] if self._last is None else [self.buffer.unfinished(self._last)])]

    @property
    def code_texts(self) -> Sequence[CodeText]:
        """None: there is no code in a table."""
        return ()

    def renewed(self) -> "TableBlock":
        """Return a block of the same rows that knows of definitions which came after it."""
        return TableBlock(self.buffer, self._start, self._last, None)

    def _widths(self, width: int) -> Widths:
        if self._natural is None:
            self._natural = self.buffer.natural(self._last)
        return fitted(self._natural, width)

    def height(self, width: int, wrap_code: bool = False) -> int:
        """Return how many lines it has at `width` cells."""
        widths = self._widths(width)
        size = sum(len(self.buffer.rows_of(index, widths, width)) for index in self._indices())
        return size + len(self._alone(widths, width)) + len(self._unfinished(widths, width))

    def estimate(self, width: int) -> int:
        """Return about how many lines it has, without reading it."""
        count = self._stop - self._start + (self._last is not None) + 3 * (not self._start)
        return count if self._natural is None else count * self._lines_per_row(width)

    def _lines_per_row(self, width: int) -> int:
        widths = self._widths(width)
        if widths is None:
            return len(self._natural or ()) + 1
        pairs = zip(self._natural or (), widths, strict=False)
        tallest = max((-(-cell // size) for (cell, _), size in pairs), default=1)
        # Few rows are as tall as the tallest.
        return 1 if tallest == 1 else (tallest + 3) // 2

    def lines(self, start: int, stop: int, width: int, palette: Palette) -> Sequence[Line]:
        """Return the lines from `start` to `stop`."""
        widths = self._widths(width)
        styles = styles_for(palette)
        lines = [
            line for index in self._indices() for line in self.buffer.drawn(index, widths, width, palette)
        ]
        lines.extend(paint(row, styles) for row in self._alone(widths, width))
        lines.extend(paint(row, styles) for row in self._unfinished(widths, width))
        return lines[max(0, start) : stop]

    def _indices(self) -> Sequence[int]:
        return range(self._start if self._start else _HEAD, self._stop)

    def _alone(self, widths: Widths, width: int) -> list[Row]:
        """Return the head of a table that has no rows, where cells stand one below the other."""
        if widths is not None or self._stop or self._last is not None:
            return []
        return head_rows(self.buffer.head(), None, width, alone=True)

    def _unfinished(self, widths: Widths, width: int) -> list[Row]:
        if self._last is None:
            return []
        return self.buffer.laid_out(self.buffer.unfinished(self._last), self._stop, widths, width)


def table_blocks(buffer: TableBuffer, last: str | None, old: Sequence[TableBlock]) -> list[TableBlock]:
    """Return the blocks of a table; those of `old` that are still the same."""
    natural = buffer.natural(last)
    count = len(buffer.lines)
    blocks: list[TableBlock] = []
    step = buffer.rows_per_block
    for number, start in enumerate(range(0, max(1, count), step)):
        is_last = start + step >= count
        block = TableBlock(buffer, start, last if is_last else None, natural)
        blocks.append(old[number] if number < len(old) and old[number].same(block) else block)
    return blocks
