"""Plain text as blocks: what people write, thinking, notes. Every newline is kept, nothing is markup."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.domain.text import sanitize
from tui.rendering.contract import Code, DocumentFactory
from tui.rendering.line import Block, Line, Palette
from tui.rendering.slices import SlicedDocument

Ink = Literal["foreground", "muted", "error", "warning"]
"""Which colour of the palette plain text is drawn in."""

_LINES_PER_BLOCK = 64
_TAB_SIZE = 4
_WORD = re.compile(r"\S+")


def _folded(text: str, width: int) -> Iterator[tuple[str, str | None]]:
    """Yield the lines of a text that does not fit, each with what stood at the wrap before it."""
    line = ""
    room = width
    end = 0
    join: str | None = None
    for match in _WORD.finditer(text):
        space, word = text[end : match.start()], match.group()
        end = match.end()
        size = cell_len(space) + cell_len(word)
        if size <= room:
            line += space + word
            room -= size
            continue
        if line:
            yield line, join
            line, join = "", space
        elif len(space) < width:
            word = space + word
        # Marks without a cell of their own are chopped into nothing.
        pieces = [piece for piece in chop_cells(word, width) if piece] or [word]
        for piece in pieces[:-1]:
            yield piece, join
            join = ""
        line = pieces[-1]
        room = width - cell_len(line)
    yield line, join


def wrapped(text: str, width: int) -> list[tuple[str, str | None]]:
    """Return a line of text as lines of at most `width` cells, each with its join (see `Line.join`)."""
    width = max(1, width)
    text = text.expandtabs(_TAB_SIZE).rstrip()
    if len(text) * 2 <= width or cell_len(text) <= width:
        return [(text, None)]
    return list(_folded(text, width))


class PlainBlock:
    """Some lines of plain text, wrapped at words."""

    def __init__(self, source: str, ink: Ink = "foreground", bar: str = "", bar_ink: Ink = "muted") -> None:
        """Keep the text; it is wrapped when its height is first asked for.

        Args:
            source: The text, sanitised.
            ink: The colour it is drawn in.
            bar: What stands before every line.
            bar_ink: The colour of that.
        """
        self._bar_ink = bar_ink
        self.source = source
        self._ink = ink
        self._bar = bar
        self._width = -1
        self._lines: list[tuple[str, str | None]] = []
        self._drawn: dict[int, Line] = {}
        self._drawn_for: tuple[int, Palette] | None = None

    def height(self, width: int, wrap_code: bool = False) -> int:
        """Return how many lines it has at `width` cells."""
        if width != self._width:
            inner = width - cell_len(self._bar)
            self._lines = [line for text in self.source.split("\n") for line in wrapped(text, inner)]
            self._width = width
        return len(self._lines)

    def estimate(self, width: int) -> int:
        """Return about how many lines it has."""
        return 1 + self.source.count("\n") + len(self.source) // max(1, width)

    def lines(self, start: int, stop: int, width: int, palette: Palette) -> Sequence[Line]:
        """Return the lines from `start` to `stop` (exclusive)."""
        self.height(width)
        if self._drawn_for != (width, palette):
            self._drawn_for = (width, palette)
            self._drawn.clear()
        return [self._line(index, palette) for index in range(start, min(stop, len(self._lines)))]

    def _line(self, index: int, palette: Palette) -> Line:
        line = self._drawn.get(index)
        if line is None:
            text, join = self._lines[index]
            segments = [Segment(self._bar, Style(color=getattr(palette, self._bar_ink)))] if self._bar else []
            if text:
                segments.append(Segment(text, Style(color=getattr(palette, self._ink))))
            line = self._drawn[index] = Line(Strip(segments), cell_len(self._bar), join)
        return line


class PlainText:
    """A growing plain text as blocks of some lines each: what is appended touches the last block only."""

    def __init__(self, text: str = "", ink: Ink = "foreground", bar: str = "") -> None:
        """Begin with `text`, sanitised here.

        Args:
            text: What is there already.
            ink: The colour it is drawn in.
            bar: What stands, muted, before every line.
        """
        self._ink = ink
        self._bar = bar
        self._last: list[str] = []
        self._newlines = ""
        self._carry = ""
        self.blocks: list[PlainBlock] = []
        self.append(text)

    def append(self, text: str) -> None:
        """Add text at the end."""
        text = self._carry + text
        # Half of a line break: the other half may still come.
        self._carry = "\r" if text.endswith("\r") else ""
        text = self._newlines + sanitize(text.removesuffix("\r"))
        if not self.blocks:
            text = text.lstrip("\n")
        # Newlines wait for what follows them: an empty line at the end would come and go.
        kept = text.rstrip("\n")
        self._newlines = text[len(kept) :]
        if not kept:
            return
        lines = kept.split("\n")
        if self._last:
            lines[0] = self._last.pop() + lines[0]
        if self.blocks:
            self.blocks.pop()
        lines = self._last + lines
        for start in range(0, len(lines), _LINES_PER_BLOCK):
            self._last = lines[start : start + _LINES_PER_BLOCK]
            self.blocks.append(PlainBlock("\n".join(self._last), self._ink, self._bar))

    @property
    def code_blocks(self) -> Sequence[Code]:
        """None: there is no code in plain text."""
        return ()

    def close(self) -> None:
        """Nothing is held back but newlines that would stand at the end."""


_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^`\n]*\n.*?(?:^ {0,3}\1[`~]* *$|\Z)", re.MULTILINE | re.DOTALL)


class UserText:
    """What a person wrote: fenced code is shown as code, the rest exactly as it was typed."""

    def __init__(self, document: DocumentFactory) -> None:
        """Begin empty.

        Args:
            document: Makes the documents that draw fenced code.
        """
        self._document = document
        self._source = ""
        self.blocks: list[Block] = []
        self.code_blocks: Sequence[Code] = ()

    def append(self, text: str) -> None:
        """Add text at the end; what a person wrote is whole when it comes, so nothing is kept."""
        self._source += text
        source = sanitize(self._source)
        fences = list(_FENCE.finditer(source))
        # One document for all of the code, so that its blocks are numbered as in one text.
        document = self._document("\n\n".join(match.group() for match in fences))
        document.close()
        while isinstance(document, SlicedDocument) and document.read():
            pass
        if len(document.blocks) != len(fences):
            fences = []
        self.code_blocks = document.code_blocks if fences else ()
        self.blocks = []
        end = 0
        for match, block in zip(fences, document.blocks, strict=False):
            before = source[end : match.start()]
            self._add_plain(before)
            if not end and before.strip() and before.endswith("\n\n"):
                # The first block of code has no empty line of its own.
                self.blocks.append(PlainBlock(""))
            self.blocks.append(block)
            end = match.end()
        self._add_plain(source[end:])

    def _add_plain(self, text: str) -> None:
        self.blocks.extend(PlainText(text).blocks)

    def close(self) -> None:
        """Everything is drawn already."""
