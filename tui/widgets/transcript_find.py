"""Finding words in the messages of a conversation."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from tui.rendering.code import CodeBlock
from tui.rendering.highlighter import colouring
from tui.rendering.line import Block, Line, Palette
from tui.rendering.message import MessageItem, Part, text_of
from tui.rendering.shown import shown_lines
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


def marks_of(lines: Sequence[Line], query: str, first: int = 0) -> list[list[Mark]]:
    """Return for each line what is to be marked on it; a match may go on over soft wraps.

    Args:
        lines: Consecutive lines of one block.
        query: What is looked for, folded.
        first: The number of the first line.
    """
    marks: list[list[Mark]] = [[] for _ in lines]
    begin = 0
    while begin < len(lines):
        end = begin + 1
        while end < len(lines) and lines[end].join is not None:
            end += 1
        _mark_paragraph(lines, begin, end, query, first, marks)
        begin = end
    return marks


def _mark_paragraph(
    lines: Sequence[Line], begin: int, end: int, query: str, first: int, marks: list[list[Mark]]
) -> None:
    """Mark the lines from `begin` to `end`, which only soft wraps part."""
    texts = [text_of(line) for line in lines[begin:end]]
    starts = [0]
    for text, line in zip(texts, [*lines[begin + 1 : end], None], strict=True):
        starts.append(starts[-1] + len(text) + len((line.join if line else None) or ""))
    joins = [(line.join or "") for line in lines[begin + 1 : end]]
    whole = "".join(part for pair in zip(texts, [*joins, ""], strict=True) for part in pair)
    begun: dict[int, int] = {}
    for start, stop in spans(whole, query):
        row = bisect_right(starts, start) - 1
        if start >= starts[row] + len(texts[row]):
            # It begins with the space that a soft wrap took away.
            row += 1
        nth = begun[row] = begun.get(row, -1) + 1
        for place in range(row, min(bisect_left(starts, stop), len(texts))):
            piece = max(0, start - starts[place]), min(stop - starts[place], len(texts[place]))
            marks[begin + place].append(Mark(*piece, first + begin + row, nth))


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
    for row, marks in enumerate(marks_of(lines, query, first), first):
        for mark in marks:
            if mark.row != row:
                continue
            nearest = Spot(block, row, mark.nth)
            if ordinal == 0:
                return nearest
            ordinal -= 1
    return nearest


def _spot_in_code(item: MessageItem, block: CodeBlock, ordinal: int, query: str, palette: Palette) -> Spot:
    """Return where a match in code is drawn: only its line is looked at. It may be beyond the edge."""
    for index, line in enumerate(block.text_lines(0, block.size + 1)):
        here = folded(line).count(query)
        if ordinal >= here:
            ordinal -= here
            continue
        row = block.row_of_line(index, item.inner_width, palette.wrap_code)
        if not palette.wrap_code:
            return Spot(block, row, ordinal)
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
