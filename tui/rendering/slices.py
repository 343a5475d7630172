"""Very long texts, read in slices: what has not been read yet is shown as it stands."""

from collections.abc import Sequence
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.domain.text import sanitize
from tui.rendering.code import CodeText
from tui.rendering.document import Document
from tui.rendering.line import Block, Line, Palette
from tui.rendering.wrap import clip

AT_ONCE: Final = 16_000
"""Characters that are read as soon as they arrive."""

SLICE: Final = 8_000
"""Characters that are read at a time of those that wait."""


class UnreadBlock:
    """Lines that have not been read as Markdown yet: one row each, cut at the edge."""

    __slots__ = ("_first", "_lines", "_offset", "_stop")

    def __init__(self, lines: list[str], first: int, offset: int) -> None:
        self._lines = lines
        self._first = first
        self._offset = offset
        self._stop = len(lines)

    @property
    def source(self) -> str:
        """Return its Markdown, sanitised."""
        first = self._lines[self._first][self._offset :]
        return sanitize("\n".join([first, *self._lines[self._first + 1 : self._stop]]))

    def height(self, width: int, wrap_code: bool = False) -> int:
        """Return how many lines it has."""
        return self._stop - self._first

    def estimate(self, width: int) -> int:
        """Return how many lines it has."""
        return self._stop - self._first

    def lines(self, start: int, stop: int, width: int, palette: Palette) -> Sequence[Line]:
        """Return the lines from `start` to `stop`."""
        style = Style(color=palette.foreground)
        result: list[Line] = []
        for index in range(self._first + max(0, start), min(self._first + stop, self._stop)):
            offset = 0 if index > self._first else self._offset
            text = sanitize(self._lines[index][offset : offset + 4 * width]).replace("\t", " ")
            text = clip(text.split("\n")[0], width)
            result.append(Line(Strip([Segment(text, style)] if text else [])))
        return result


def unread_before(text: str, lines: int) -> int:
    """Return how many characters stand before a line of what was not read of a text at once."""
    end = AT_ONCE
    for _ in range(lines):
        end = text.find("\n", end) + 1
        if not end:
            return size_of(text)
    return size_of(text[:end])


def block_at(blocks: Sequence[Block], size: int) -> tuple[int, int]:
    """Return the block in which the character after `size` of them stands, and how many of them are in it."""
    for index, block in enumerate(blocks):
        here = size_of(block.source)
        if size < here:
            return index, size
        size -= here
    return len(blocks) - 1, size_of(blocks[-1].source)


def size_of(text: str) -> int:
    """Return how many characters there are, without the white space that blocks drop."""
    return len(text) - text.count(" ") - text.count("\n") - text.count("\t")


class SlicedDocument:
    """A document that reads a little at a time of what is long."""

    __slots__ = ("_closing", "_document", "_first", "_lines", "_offset")

    def __init__(self, text: str = "") -> None:
        self._document = Document()
        self._lines: list[str] = []
        """What waits to be read, as lines; from the one at `_first` and the character at `_offset` on."""
        self._first = 0
        self._offset = 0
        self._closing = False
        self.append(text)

    def append(self, text: str) -> None:
        """Add text from outside, cut anywhere."""
        if self._lines:
            first, *more = text.split("\n")
            self._lines[-1] += first
            self._lines.extend(more)
        elif len(text) <= AT_ONCE:
            self._document.append(text)
        else:
            self._document.append(text[:AT_ONCE])
            self._lines = text[AT_ONCE:].split("\n")

    def close(self) -> None:
        """Say that no more text comes."""
        self._closing = True
        if not self._lines:
            self._document.close()

    @property
    def waits(self) -> bool:
        """Whether there is text that has not been read."""
        return bool(self._lines)

    def read(self) -> bool:
        """Read a slice of what waits; tell whether there was any."""
        if not self._lines:
            return False
        self._document.append(self._slice())
        if not self._lines and self._closing:
            self._document.close()
        return True

    def _slice(self) -> str:
        """Take some lines, or a piece of one, off what waits."""
        taken: list[str] = []
        size = 0
        while self._first < len(self._lines) and size < SLICE:
            line = self._lines[self._first]
            piece = line[self._offset : self._offset + SLICE - size]
            self._offset += len(piece)
            size += len(piece) + 1
            taken.append(piece)
            if self._offset < len(line):
                return "".join(taken)
            if self._first < len(self._lines) - 1:
                taken.append("\n")
            self._first += 1
            self._offset = 0
        if self._first == len(self._lines):
            self._lines, self._first = [], 0
        return "".join(taken)

    @property
    def blocks(self) -> Sequence[Block]:
        """Return the blocks; the sequence is valid until text is added or read."""
        if not self._lines:
            return self._document.blocks
        return [*self._document.blocks, UnreadBlock(self._lines, self._first, self._offset)]

    @property
    def code_blocks(self) -> Sequence[CodeText]:
        """Return the blocks of code in what has been read."""
        return self._document.code_blocks
