"""Finding words in the messages of a conversation."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tui.domain.conversation import Message, QueuedMessage
from tui.rendering.line import Block, Line, Palette
from tui.rendering.message import MessageItem, Part, text_of

_SEARCHED_WHOLE = 500
"""Rows of a block up to which all are drawn to find a match; below that it is looked for by proportion."""

_AROUND = 20


def folded(text: str) -> str:
    """Return a text as it is compared: without regard to case."""
    return text.casefold()


def count(text: str, query: str) -> int:
    """Return how often `query`, folded, stands in a text."""
    return folded(text).count(query)


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

    def look_at(self, index: int, message: Message | QueuedMessage) -> bool:
        """Count the matches of a message that comes after those looked at, and tell whether it has any."""
        self.seen = index + 1
        counts = self._count(message)
        if not any(counts):
            return False
        self._indices.append(index)
        self._counts.append(counts)
        self._starts.append(self.total)
        self.total += sum(counts)
        return True

    def _count(self, message: Message | QueuedMessage) -> tuple[int, int]:
        """Return how many matches thinking and text have."""
        if not isinstance(message, Message):
            return 0, 0
        thinking = count(message.thinking, self.query) if message.thinking else 0
        return thinking, count(message.content, self.query)

    def look_again(self, index: int, message: Message | QueuedMessage) -> bool:
        """Count the matches of a message that has changed; tell whether that changed anything."""
        counts = self._count(message)
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


def spot_of(item: MessageItem, match: Match, query: str, palette: Palette) -> Spot:
    """Return where a match is drawn; where Markdown hides it, the block that it is in."""
    blocks = item.blocks_of(match.part)
    left = match.ordinal
    for block in blocks:
        here = count(block.source, query)
        if left < here:
            return _spot_in(item, block, left, query, palette)
        left -= here
    return Spot(blocks[-1] if blocks else None, 0, 0)


def _spot_in(item: MessageItem, block: Block, ordinal: int, query: str, palette: Palette) -> Spot:
    height = item.height_of(block)
    if height > _SEARCHED_WHOLE:
        return _spot_by_proportion(item, block, ordinal, query, palette)
    nearest = Spot(block, 0, 0)
    lines = block.lines(0, height, item.inner_width, palette)
    for row, marks in enumerate(marks_of(lines, query)):
        for mark in marks:
            if mark.row != row:
                continue
            nearest = Spot(block, row, mark.nth)
            if ordinal == 0:
                return nearest
            ordinal -= 1
    return nearest


def _spot_by_proportion(item: MessageItem, block: Block, ordinal: int, query: str, palette: Palette) -> Spot:
    """Return where a match of a very long block is drawn, without drawing the block."""
    source, height = block.source, item.height_of(block)
    positions = [begin for begin, _ in spans(source, query)]
    position = positions[min(ordinal, len(positions) - 1)]
    begin = source.rfind("\n", 0, position) + 1
    guess = source.count("\n", 0, begin) * height // (source.count("\n") + 1)
    nth = count(source[begin:position], query)
    first = max(0, guess - _AROUND)
    lines = block.lines(first, min(height, guess + _AROUND), item.inner_width, palette)
    found = {mark.row for marks in marks_of(lines, query, first) for mark in marks if mark.nth >= nth}
    nearest = min(found, key=lambda row: abs(row - guess), default=guess)
    return Spot(block, nearest, nth)
