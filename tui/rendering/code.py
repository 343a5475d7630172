"""Blocks of code: a header with the language and a copy mark, and lines that are made when asked for."""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.cells import cell_len

from tui.rendering.highlighter import Allowance, Highlighter, allowed
from tui.rendering.ink import BLANK, CODE_PAD, Ink, Row, Run, paint, styles_for
from tui.rendering.line import Cut, Line, Palette
from tui.rendering.wrap import clip, fold, is_narrow, window

_TAB: Final = 4
_REMEMBERED: Final = 8
_KEPT: Final = 400
"""Lines of a block that stay drawn."""

_LABEL: Final = Ink("code.label")
_COPY: Final = "copy"


class CodeText(NamedTuple):
    """A block of code as it is copied."""

    language: str
    code: str


def language_of(info: str) -> str:
    """Return the language that the line which opens a block of code names."""
    return info.split(maxsplit=1)[0].strip("{}.") if info.strip() else ""


class CodeBuffer:
    """The lines of a block of code, which may still be growing."""

    __slots__ = (
        "_drawn",
        "_highlighter",
        "_key",
        "_made",
        "_offsets",
        "_rows",
        "_rows_key",
        "_width",
        "info",
        "language",
        "lines",
    )

    def __init__(self, info: str) -> None:
        self.info = info
        self.language = language_of(info)
        self.lines: list[str] = []
        self._highlighter: Highlighter | None = None
        self._key: tuple[int, Palette, tuple[Run, ...]] | None = None
        self._drawn: dict[int, Line] = {}
        self._width = 0
        self._offsets: list[int] = [0]
        self._rows_key: tuple[int, bool, int] | None = None
        self._rows: list[Row] = []
        self._made = 0

    def row(
        self,
        index: int,
        width: int,
        palette: Palette,
        last: str | None = None,
        within: Allowance | None = None,
    ) -> Row:
        """Return a line as one row, cut at the edges; without colours where `within` is not enough."""
        runs = self._runs(index, last, within)
        pad = _pad(width)
        room, offset = width - 2 * pad, palette.code_offset
        size = sum(cell_len(text) for text, _ in runs)
        cut = None
        if offset or size > room:
            line = self.lines[index] if last is None else last
            cut = Cut("".join(text for text, _ in runs) if "\t" in line else line, offset, room)
            runs = window(runs, offset, room)
        left = "‹" if offset and size else " "
        right = "›" if size > offset + room else " "
        return _padded(runs, width, pad, left, right, None)._replace(cut=cut)

    def wrapped(
        self, index: int, width: int, last: str | None = None, within: Allowance | None = None
    ) -> list[Row]:
        """Return a line as as many rows as it takes; without colours where `within` is not enough."""
        pad = _pad(width)
        pieces = fold(self._runs(index, last, within), width - 2 * pad)
        return [
            _padded(runs, width, pad, " ", " ", "" if number else None) for number, runs in enumerate(pieces)
        ]

    def _runs(self, index: int, last: str | None, within: Allowance | None) -> list[Run]:
        return expanded(self._colours().runs(self.lines, index, last, within))

    def _colours(self) -> Highlighter:
        if self._highlighter is None:
            self._highlighter = Highlighter(self.language)
        return self._highlighter

    def line(self, index: int, width: int, palette: Palette, margin: tuple[Run, ...]) -> Line:
        """Return a complete line, drawn behind `margin`; the latest with their colours are remembered."""
        if self._key != (width, palette, margin):
            self._key = (width, palette, margin)
            self._drawn.clear()
        line = self._drawn.get(index)
        if line is None:
            row = _behind(margin, self.row(index, width, palette, within=allowed()))
            line = paint(row, styles_for(palette))
            if self._colours().knows(index):
                if len(self._drawn) >= _KEPT:
                    self._drawn.clear()
                self._drawn[index] = line
        return line

    def rows(self, width: int, palette: Palette) -> list[Row]:
        """Return all lines as rows; those that were there before are remembered."""
        key = (width, palette.wrap_code, palette.code_offset)
        if self._rows_key != key:
            self._rows_key, self._rows, self._made = key, [], 0
        while self._made < len(self.lines):
            if palette.wrap_code:
                self._rows.extend(self.wrapped(self._made, width))
            else:
                self._rows.append(self.row(self._made, width, palette))
            self._made += 1
        return self._rows

    def offsets(self, count: int, width: int) -> list[int]:
        """Return the first row of each line when wrapped at `width`, and the end of the last."""
        if self._width != width:
            self._width, self._offsets = width, [0]
        offsets = self._offsets
        room = width - 2 * _pad(width)
        for index in range(len(offsets) - 1, count):
            offsets.append(offsets[-1] + rows_of(self.lines[index], room))
        return offsets


def _behind(margin: Sequence[Run], row: Row) -> Row:
    if not margin:
        return row
    return row._replace(
        runs=[*margin, *row.runs], gutter=sum(cell_len(text) for text, _ in margin) + row.gutter
    )


def rows_of(line: str, room: int) -> int:
    """Return how many rows a line of code takes when wrapped."""
    if "\t" in line:
        line = expanded([(line, CODE_PAD)])[0][0]
    if is_narrow(line):
        return max(1, -(-len(line) // max(1, room)))
    return len(fold([(line, CODE_PAD)], room))


def expanded(runs: list[Run]) -> list[Run]:
    """Return `runs` with tabs as spaces up to the next stop."""
    if not any("\t" in text for text, _ in runs):
        return runs
    result: list[Run] = []
    column = 0
    for text, ink in runs:
        pieces = text.split("\t")
        for number, piece in enumerate(pieces):
            column += cell_len(piece)
            if number < len(pieces) - 1:
                spaces = _TAB - column % _TAB
                column += spaces
                pieces[number] = piece + " " * spaces
        result.append(("".join(pieces), ink))
    return result


def _pad(width: int) -> int:
    return 1 if width >= 6 else 0


def _padded(runs: list[Run], width: int, pad: int, left: str, right: str, join: str | None) -> Row:
    used = sum(cell_len(text) for text, _ in runs)
    fill = max(0, width - 2 * pad - used)
    row = list(runs)
    tail = fill
    if fill:
        row.append((" " * fill, CODE_PAD))
    if pad:
        row.insert(0, (left, _LABEL))
        row.append((right, _LABEL))
        tail += 1
    return Row(row, pad, join, tail)


def header(language: str, number: int, width: int) -> Row:
    """Return the line above a block of code."""
    if width < len(_COPY) + 6:
        label = clip(language, width)
        return Row([(label + " " * (width - cell_len(label)), _LABEL)], width)
    label = clip(language, width - len(_COPY) - 4)
    fill = width - cell_len(label) - len(_COPY) - 2
    return Row(
        [
            (f" {label}{' ' * fill}", _LABEL),
            (_COPY, Ink("code.copy", underline=True, copy=number)),
            (" ", _LABEL),
        ],
        width,
    )


_growing: OrderedDict[tuple[str, str], CodeBuffer] = OrderedDict()
"""The buffers of the code that was laid out last, by language and first line."""


def code_rows(info: str, lines: list[str], number: int, width: int, palette: Palette) -> list[Row]:
    """Return a whole block of code, for one that stands inside a list or a quotation.

    Such code is laid out again with all of its item each time the item grows: what has been made of
    its lines but the last is remembered for the next time.
    """
    if not lines:
        return [header(language_of(info), number, width)]
    *complete, last = lines
    key = (info, lines[0])
    buffer = _growing.pop(key, None)
    if buffer is None or buffer.lines != complete[: len(buffer.lines)]:
        buffer = CodeBuffer(info)
    buffer.lines.extend(complete[len(buffer.lines) :])
    _growing[key] = buffer
    if len(_growing) > _REMEMBERED:
        _growing.popitem(last=False)
    rows = [header(buffer.language, number, width), *buffer.rows(width, palette)]
    if palette.wrap_code:
        return rows + buffer.wrapped(len(complete), width, last)
    return [*rows, buffer.row(len(complete), width, palette, last)]


class Hole(NamedTuple):
    """Code that has been taken out of the lines of a piece, which keep only its fence."""

    line: int
    """The line of the piece that opens it."""
    buffer: CodeBuffer
    size: int
    """How many lines of the buffer there were."""
    last: str | None = None
    """A line that is still arriving."""
    raw: Sequence[str] = ()
    """The lines as they stand in the source; there may be more by now."""
    kept: int = 0
    """How many of them are part of the source."""
    echoed: bool = False
    """Whether the last of them also stands in the source of the piece."""

    @property
    def lines(self) -> list[str]:
        """Return the lines of code."""
        lines = self.buffer.lines[: self.size]
        return lines if self.last is None else [*lines, self.last]

    @property
    def text(self) -> CodeText:
        """Return the language and the code, as it is copied."""
        return CodeText(self.buffer.language, "\n".join(self.lines))


class CodeView:
    """The lines of a buffer as they were at one moment, at one width."""

    __slots__ = ("_hole", "_width")

    def __init__(self, hole: Hole, width: int) -> None:
        self._hole = hole
        self._width = width

    def height(self, wrap_code: bool) -> int:
        """Return how many rows there are."""
        hole, width = self._hole, self._width
        if not wrap_code:
            return hole.size + (hole.last is not None)
        height = hole.buffer.offsets(hole.size, width)[hole.size]
        return height if hole.last is None else height + rows_of(hole.last, width - 2 * _pad(width))

    def lines(self, start: int, stop: int, palette: Palette, margin: Sequence[Run] = ()) -> list[Line]:
        """Return the lines from `start` to `stop`, with `margin` before each; only these are highlighted."""
        hole, width, styles = self._hole, self._width, styles_for(palette)
        if palette.wrap_code:
            return [paint(_behind(margin, row), styles) for row in self._wrapped(start, stop)]
        key = tuple(margin)
        lines = [hole.buffer.line(index, width, palette, key) for index in range(start, min(stop, hole.size))]
        if hole.last is not None and start <= hole.size < stop:
            row = hole.buffer.row(hole.size, width, palette, hole.last, allowed())
            lines.append(paint(_behind(margin, row), styles))
        return lines

    def _wrapped(self, first: int, last: int) -> list[Row]:
        hole = self._hole
        offsets = hole.buffer.offsets(hole.size, self._width)
        index = bisect_right(offsets, first, 0, hole.size + 1) - 1
        skip = first - offsets[index]
        rows: list[Row] = []
        total = hole.size + (hole.last is not None)
        while index < total and len(rows) < skip + last - first:
            end = hole.last if index == hole.size else None
            rows.extend(hole.buffer.wrapped(index, self._width, end, allowed()))
            index += 1
        return rows[skip : skip + last - first]


class CodeBlock:
    """The view of a buffer as it was at one moment: a block that grows is a new one for each text."""

    __slots__ = ("_fence", "_gap", "_hole", "_number")

    def __init__(
        self,
        buffer: CodeBuffer,
        number: int,
        gap: bool,
        fence: tuple[str, str] | str,
        last: str | None = None,
    ) -> None:
        self._hole = Hole(0, buffer, len(buffer.lines), last)
        self._number = number
        self._gap = int(gap)
        self._fence = fence

    @property
    def source(self) -> str:
        """Return its Markdown, sanitised."""
        if isinstance(self._fence, str):
            return self._fence
        opening, closing = self._fence
        return "\n".join([opening, *self._hole.lines, *([closing] if closing else [])])

    @property
    def buffer(self) -> CodeBuffer:
        """Return the lines that it is a view of; there may be more by now."""
        return self._hole.buffer

    @property
    def size(self) -> int:
        """Return how many complete lines of the buffer there were."""
        return self._hole.size

    def text_lines(self, start: int, stop: int) -> list[str]:
        """Return the lines from `start` to `stop`, with spaces for tabs."""
        hole = self._hole
        lines = hole.buffer.lines[start : min(stop, hole.size)]
        if hole.last is not None and start <= hole.size < stop:
            lines.append(hole.last)
        return [line.expandtabs(_TAB) for line in lines]

    def row_of_line(self, index: int, width: int, wrap_code: bool = False) -> int:
        """Return the row at which a line begins."""
        row = self._hole.buffer.offsets(min(index, self._hole.size), width)[index] if wrap_code else index
        return self._gap + 1 + row

    @property
    def code_texts(self) -> Sequence[CodeText]:
        """Return the blocks of code in it: itself."""
        return (self._hole.text,)

    def height(self, width: int, wrap_code: bool = False) -> int:
        """Return how many lines it has at `width` cells."""
        return self._gap + 1 + CodeView(self._hole, width).height(wrap_code)

    def estimate(self, width: int) -> int:
        """Return how many lines it has if it is not wrapped."""
        return self.height(width)

    def lines(self, start: int, stop: int, width: int, palette: Palette) -> Sequence[Line]:
        """Return the lines from `start` to `stop`; only these are highlighted."""
        styles = styles_for(palette)
        head = [BLANK] * self._gap + [header(self._hole.buffer.language, self._number, width)]
        result = [paint(row, styles) for row in head[max(0, start) : max(0, stop)]]
        first, last = max(0, start - len(head)), max(0, stop - len(head))
        return [*result, *CodeView(self._hole, width).lines(first, last, palette)]
