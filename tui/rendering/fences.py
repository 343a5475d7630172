"""Blocks of fenced code that are being read line by line, at the top level and inside other things."""

import re
from enum import Enum
from typing import TYPE_CHECKING, Final

from tui.rendering.code import CodeBuffer, Hole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

FENCE: Final = re.compile(r"( {0,3})(`{3,}(?=[^`]*$)|~{3,})(.*)")
_QUOTE: Final = re.compile(r" {0,3}> ?")


class Fence:
    """A top-level block of fenced code that is being read."""

    __slots__ = ("_closing", "_indent", "buffer", "gap", "opening")

    def __init__(self, opening: re.Match[str], gap: bool) -> None:
        indent, marks, info = opening.groups()
        self.opening = opening.group()
        self.buffer = CodeBuffer(info.strip())
        self.gap = gap
        self._indent = len(indent)
        self._closing = re.compile(rf" {{0,3}}{marks[0]}{{{len(marks)},}}[ \t]*")

    def closes(self, line: str) -> bool:
        """Return whether `line` is the end of this block."""
        return self._closing.fullmatch(line) is not None

    def may_close(self, line: str) -> bool:
        """Return whether an unfinished line may still become the end."""
        return not line.strip(" `~\t") and len(line) < 80

    def code(self, line: str) -> str:
        """Return `line` without the indentation of the fence."""
        indent = len(line) - len(line.lstrip(" "))
        return line[min(indent, self._indent) :]


class Kind(Enum):
    """What a line is to the code above it."""

    CODE = "code"
    CLOSING = "closing"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"
    """Only the parser can tell."""


class NestedFence:
    """A block of fenced code inside quotations and lists, of which the end has not been seen."""

    __slots__ = ("_closing", "_container", "_indent", "_quotes", "buffer", "echoed", "line", "raw")

    def __init__(self, line: int, token: "Token", quotes: int, opening: str) -> None:
        self.line = line
        """Which line opens it."""
        self.buffer = CodeBuffer(token.info.strip())
        self.echoed = False
        self.raw: list[str] = []
        """Its lines as they stand in the source."""
        self._quotes = quotes
        self._container = int(token.meta["indent"])
        self._closing = re.compile(rf"{re.escape(token.markup[0])}{{{len(token.markup)},}}[ \t]*")
        rest = self._unquoted(opening) or ""
        self._indent = max(self._container, rest.index(token.markup) if token.markup in rest else 0)

    def _unquoted(self, line: str) -> str | None:
        for _ in range(self._quotes):
            match = _QUOTE.match(line)
            if match is None:
                return None
            line = line[match.end() :]
        return line

    def split(self, line: str) -> tuple[Kind, str]:
        """Return what a line is, and its code."""
        rest = self._unquoted(line)
        if rest is None:
            return Kind.OUTSIDE, ""
        text = rest.lstrip(" ")
        indent = len(rest) - len(text)
        if text.startswith("\t"):
            return Kind.UNKNOWN, ""
        if text and indent < self._container:
            return Kind.OUTSIDE, ""
        if text and indent - self._container < 4 and self._closing.fullmatch(text):
            return Kind.CLOSING, ""
        return Kind.CODE, rest[min(indent, self._indent) :]

    def take(self, line: str) -> Kind:
        """Take a line if it is code; return what it is."""
        kind, code = self.split(line)
        if kind is Kind.CODE:
            self.raw.append(line)
            self.buffer.lines.append(code)
        return kind

    def is_undecided(self, line: str) -> bool:
        """Return whether an unfinished line may still become something else than it looks like."""
        return len(line) < 80 and not line.strip(" >`~\t")

    def hole(self, start: int, stop: int, last: str | None = None) -> Hole:
        """Return the hole that it leaves in the lines from `start` to `stop`.

        Args:
            start: The first line of the piece.
            stop: The line below the last one that is not empty.
            last: A line of code that is still arriving.
        """
        count = kept = len(self.raw)
        if stop <= self.line + 1 + self.echoed and last is None:
            # Empty lines at the end of a piece are not part of it; the parser also leaves out an empty
            # line of a quotation there.
            while count and not self.raw[count - 1].strip(" \t"):
                count -= 1
            kept = count
            if count and not self.raw[count - 1].strip(" \t>"):
                count -= 1
        return Hole(self.line - start, self.buffer, count, last, self.raw, kept, self.echoed)


def open_fence(tokens: "Sequence[Token]", lines: "Sequence[str]") -> NestedFence | None:
    """Return the code that goes on to the last of `lines`, if a list or a quotation ends in such.

    Args:
        tokens: Those of the list or the quotation.
        lines: The lines that were parsed.
    """
    path: list[str] = []
    fence: tuple[Token, list[str]] | None = None
    for token in tokens:
        if token.type == "fence":
            fence = token, list(path)
        elif token.nesting > 0:
            path.append(token.type)
        elif token.nesting < 0:
            path.pop()
    if fence is None:
        return None
    token, path = fence
    quotes = path.count("blockquote_open")
    if path[:quotes].count("blockquote_open") != quotes or "footnote_reference_open" in path:
        return None
    begin = token.map[0] if token.map else 0
    if any("\t" in line[: len(line) - len(line.lstrip(" \t>"))] for line in lines[begin : begin + 1]):
        return None
    nested = NestedFence(begin, token, quotes, lines[begin])
    if any(nested.take(line) is not Kind.CODE for line in lines[begin + 1 :]):
        return None
    return nested if "\n".join(nested.buffer.lines) == token.content.removesuffix("\n") else None
