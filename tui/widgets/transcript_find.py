"""Finding words in the messages of a conversation."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import NamedTuple

from rich.cells import cell_len

from tui.rendering.code import CodeBlock
from tui.rendering.highlighter import colouring
from tui.rendering.line import Block, Cut, Line, Palette
from tui.rendering.message import MessageItem, Part, text_of
from tui.rendering.shown import shown_lines
from tui.rendering.wrap import characters_in
from tui.widgets.shown_texts import folded

_SEARCHED_WHOLE = 500
"""Rows of a block up to which all are drawn to find a match; below that it is looked for by proportion."""

_AROUND = 20


def spans(text: str, query: str) -> Iterator[tuple[int, int]]:
    """Yield where `query`, folded, stands in a text, as positions in the text itself."""
    whole = folded(text)
    origin: Sequence[int] = range(len(text) + 1)
    if len(whole) != len(text):
        # Some characters fold to several: remember which each of them came from.
        origin = [index for index, char in enumerate(text) for _ in folded(char)] + [len(text)]
    start = whole.find(query)
    while start >= 0:
        end = start + len(query)
        yield origin[start], origin[end - 1] + 1
        start = whole.find(query, end)


@dataclass(frozen=True, slots=True)
class Mark:
    """What of a match is on one row."""

    start: int
    """Characters of the row's text."""
    end: int
    row: int
    """The row on which the match begins, counted like that which it was asked with."""
    nth: int
    """Which of the matches that begin there."""
    whole: tuple[int, int] = (0, 0)
    """Of a row that shows only a part of its line: where in all of the line the match is."""


class _Piece(NamedTuple):
    """What of a paragraph, or of a cell of a table, is on one line."""

    line: int
    start: int
    """Characters of the line before it."""
    text: str
    join: str
    """What stood between it and the piece before."""


def marks_of(lines: Sequence[Line], query: str, first: int = 0) -> list[list[Mark]]:
    """Return for each line what is to be marked on it; a match may go on over soft wraps.

    Args:
        lines: Consecutive lines of one block.
        query: What is looked for, folded.
        first: The number of the first line.
    """
    marks: list[list[Mark]] = [[] for _ in lines]
    for index, mark in _marks(lines, query, first):
        if mark.start < mark.end:
            marks[index].append(mark)
    return marks


def _marks(lines: Sequence[Line], query: str, first: int) -> Iterator[tuple[int, Mark]]:
    """Yield what is to be marked on which line, in the order of the text, even where it is not drawn."""
    begun: dict[int, int] = {}
    for pieces in _paragraphs(lines):
        cut = lines[pieces[0].line].cut
        if cut is not None:
            yield from _marks_in_cut(pieces[0].line, cut, query, first)
        else:
            yield from _marks_in(pieces, query, first, begun)


def _paragraphs(lines: Sequence[Line]) -> Iterator[list[_Piece]]:
    """Yield what only soft wraps part: paragraphs, and the cells of tables one after the other."""
    begin = 0
    while begin < len(lines):
        end = begin + 1
        if lines[begin].cells:
            while end < len(lines) and lines[end].cells:
                end += 1
            yield from _cells(lines, begin, end)
        else:
            while end < len(lines) and lines[end].join is not None:
                end += 1
            yield [
                _Piece(index, 0, text_of(lines[index]), (lines[index].join or "") if index > begin else "")
                for index in range(begin, end)
            ]
        begin = end


def _cells(lines: Sequence[Line], begin: int, end: int) -> Iterator[list[_Piece]]:
    """Yield the cells of some rows of a table, the names of the columns first."""
    names: dict[int, list[_Piece]] = {}
    cells: list[list[_Piece]] = []
    open_cells: dict[int, list[_Piece]] = {}
    for index in range(begin, end):
        line = lines[index]
        text = text_of(line)
        if all(cell.join is None for cell in line.cells):
            cells.extend(open_cells[column] for column in sorted(open_cells))
            open_cells = {}
        for cell in line.cells:
            chain = (names if cell.is_name else open_cells).setdefault(cell.column, [])
            chain.append(_Piece(index, cell.start, text[cell.start : cell.end], cell.join or ""))
    yield from names.values()
    yield from cells
    yield from (open_cells[column] for column in sorted(open_cells))


def _marks_in(
    pieces: Sequence[_Piece], query: str, first: int, begun: dict[int, int]
) -> Iterator[tuple[int, Mark]]:
    starts = [0]
    for piece, after in zip(pieces, [*pieces[1:], None], strict=True):
        starts.append(starts[-1] + len(piece.text) + len(after.join if after else ""))
    whole = "".join(
        piece.text if not number else piece.join + piece.text for number, piece in enumerate(pieces)
    )
    for start, stop in spans(whole, query):
        at = bisect_right(starts, start) - 1
        if start >= starts[at] + len(pieces[at].text):
            # It begins with the space that a soft wrap took away.
            at += 1
        row = first + pieces[at].line
        nth = begun[row] = begun.get(row, -1) + 1
        for number in range(at, min(bisect_left(starts, stop), len(pieces))):
            piece = pieces[number]
            left = max(0, start - starts[number])
            right = min(stop - starts[number], len(piece.text))
            yield piece.line, Mark(piece.start + left, piece.start + right, row, nth)


def _marks_in_cut(index: int, cut: Cut, query: str, first: int) -> Iterator[tuple[int, Mark]]:
    """Yield the matches of a line that is shown in part; what of them is beyond the edges is left out."""
    left, right = (characters_in(cut.text, cells) for cells in (cut.offset, cut.offset + cut.room))
    for nth, (start, stop) in enumerate(spans(cut.text, query)):
        seen = max(start, left) - left, max(0, min(stop, right) - left)
        yield index, Mark(*seen, first + index, nth, (start, stop))


@dataclass(frozen=True, slots=True)
class Match:
    """One match: which message, which part of it, the how many-th in that part."""

    index: int
    part: Part
    ordinal: int


class Matches:
    """How many matches each message has, in the order of the messages."""

    def __init__(self, query: str) -> None:
        """Begin with none.

        Args:
            query: What is looked for.
        """
        self.query = folded(query)
        self._indices: list[int] = []
        self._counts: list[tuple[int, int]] = []
        self._starts: list[int] = []
        self.seen = 0
        """How many messages have been looked at."""
        self.total = 0

    def look_at(self, index: int, counts: tuple[int, int]) -> bool:
        """Take over how many matches the next message has, and tell whether it has any.

        Args:
            index: The message, which comes after those looked at.
            counts: How many are in its thinking, and how many in its text.
        """
        self.seen = index + 1
        if not any(counts):
            return False
        self._indices.append(index)
        self._counts.append(counts)
        self._starts.append(self.total)
        self.total += sum(counts)
        return True

    def look_again(self, index: int, counts: tuple[int, int]) -> bool:
        """Take over how many matches a changed message has; tell whether that is news."""
        at = bisect_left(self._indices, index)
        is_known = at < len(self._indices) and self._indices[at] == index
        before = self._counts[at] if is_known else (0, 0)
        if counts == before:
            return False
        grown = sum(counts) - sum(before)
        if not is_known:
            self._indices.insert(at, index)
            self._counts.insert(at, counts)
            self._starts.insert(at, self._starts[at] if at < len(self._starts) else self.total)
        else:
            self._counts[at] = counts
        for later in range(at + 1, len(self._starts)):
            self._starts[later] += grown
        self.total += grown
        return True

    def __getitem__(self, number: int) -> Match:
        at = bisect_right(self._starts, number) - 1
        ordinal = number - self._starts[at]
        thinking = self._counts[at][0]
        if ordinal < thinking:
            return Match(self._indices[at], Part.THINKING, ordinal)
        return Match(self._indices[at], Part.BODY, ordinal - thinking)

    def first_from(self, index: int) -> int:
        """Return the number of the first match at or after a message; 0 where there is none."""
        at = bisect_left(self._indices, index)
        return self._starts[at] if at < len(self._starts) else 0


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a match is drawn."""

    block: Block | None
    row: int
    """Which row of the block."""
    nth: int
    """Which of the matches on that row."""
    offset: int | None = field(default=None, compare=False)
    """By how many cells code must be scrolled to see it, where it is in a line that is cut at the edge."""


def spot_of(item: MessageItem, part: Part, found: tuple[int, int], query: str, palette: Palette) -> Spot:
    """Return where a match is drawn; where it is not drawn, the block that it is in.

    Args:
        item: The layout of the message.
        part: Which part of the message it is in.
        found: In which block of that part, and the how many-th there.
        query: What is looked for, folded.
        palette: What the blocks are drawn with.
    """
    blocks = item.blocks_of(part)
    if not blocks:
        return Spot(None, 0, 0)
    index, ordinal = found
    block = blocks[min(index, len(blocks) - 1)]
    if isinstance(block, CodeBlock):
        return _spot_in_code(item, block, ordinal, query, palette)
    if item.height_of(block) > _SEARCHED_WHOLE:
        return _spot_by_proportion(item, block, ordinal, query, palette)
    return _drawn(item, block, (0, item.height_of(block)), ordinal, query, palette)


def _drawn(
    item: MessageItem, block: Block, rows: tuple[int, int], ordinal: int, query: str, palette: Palette
) -> Spot:
    """Return a match among some rows of a block, or the nearest one before."""
    first, stop = rows
    nearest = Spot(block, first, 0)
    with colouring(0):
        lines = block.lines(first, stop, item.inner_width, palette)
    for index, mark in _marks(lines, query, first):
        if mark.row != first + index:
            continue
        nearest = Spot(block, mark.row, mark.nth)
        if ordinal == 0:
            cut = lines[index].cut
            return nearest if cut is None else replace(nearest, offset=_offset_showing(cut, *mark.whole))
        ordinal -= 1
    return nearest


def _offset_showing(cut: Cut, start: int, stop: int) -> int:
    """Return by how many cells a line is to be scrolled so that some of its characters are seen."""
    left, right = cell_len(cut.text[:start]), cell_len(cut.text[:stop])
    if cut.offset <= left and right <= cut.offset + cut.room:
        return cut.offset
    return 0 if right <= cut.room else max(0, left - cut.room // 3)


def _spot_in_code(item: MessageItem, block: CodeBlock, ordinal: int, query: str, palette: Palette) -> Spot:
    """Return where a match in code is drawn: only its line is looked at. It may be beyond the edge."""
    for index, line in enumerate(block.text_lines(0, block.size + 1)):
        here = folded(line).count(query)
        if ordinal >= here:
            ordinal -= here
            continue
        row = block.row_of_line(index, item.inner_width, palette.wrap_code)
        stop = row + 1
        if palette.wrap_code:
            # One line may take many rows, and what follows the last row is another line.
            stop = row + max(1, -(-len(line) * 2 // max(1, item.inner_width - 2)))
        return _drawn(item, block, (row, min(stop, item.height_of(block))), ordinal, query, palette)
    return Spot(block, 0, 0)


def _spot_by_proportion(item: MessageItem, block: Block, ordinal: int, query: str, palette: Palette) -> Spot:
    """Return where a match of a very long block is drawn, without drawing the block."""
    counts = [folded(line).count(query) for line in shown_lines(block)]
    ends = [*accumulate(counts)]
    at = bisect_right(ends, ordinal)
    nth = ordinal - (ends[at - 1] if at else 0)
    height = item.height_of(block)
    guess = min(at * height // max(1, len(counts)), height - 1)
    first = max(0, guess - _AROUND)
    with colouring(0):
        drawn = block.lines(first, min(height, guess + _AROUND), item.inner_width, palette)
    found = {mark.row for marks in marks_of(drawn, query, first) for mark in marks if mark.nth >= nth}
    nearest = min(found, key=lambda row: abs(row - guess), default=guess)
    return Spot(block, nearest, nth)
