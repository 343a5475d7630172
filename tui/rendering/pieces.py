"""Cutting Markdown that may still be growing into its top-level pieces."""

import re
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from tui.rendering.code import CodeBuffer
from tui.rendering.nodes import Env, References, groups
from tui.rendering.provisional import held
from tui.rendering.rules import parser

if TYPE_CHECKING:
    from markdown_it.token import Token

_FENCE: Final = re.compile(r"( {0,3})(`{3,}(?=[^`]*$)|~{3,})(.*)")
_PLAIN: Final = re.compile(r"(?:[^\W\d_]|[\"'(“‘«])[^\n]*")
"""A line that, where a paragraph may begin or go on, can be nothing else."""

_HEADING: Final = re.compile(r"#{1,6}[ \t]+[^\s#].*")
_CODE: Final = frozenset({"fence", "code_block"})
_REGION: Final = 64
"""Lines that are parsed at a time at first."""


class Piece(NamedTuple):
    """A top-level element, or one item of a top-level list."""

    source: str
    gap: bool = False
    """Whether an empty line is drawn before it."""
    ordinal: int | None = None
    """The number of an item of an ordered list."""
    codes: int = 0
    """Blocks of code in it."""
    indented: bool = False
    """Whether it is nothing but indented code."""


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


class _Cut(NamedTuple):
    """A piece with the lines that it takes."""

    start: int
    piece: Piece
    kind: str
    same_list: bool = False
    """Whether it is an item of a list that begins before it."""


class Cutter:
    """Takes lines and gives back pieces as soon as nothing that follows can change them."""

    def __init__(self, references: References) -> None:
        self._references = references
        self._lines: list[str] = []
        self._first = True
        self._going_on: Piece | None = None
        """The item with which the lines begin, where the list began earlier."""
        self._waiting = False
        """Whether the lines have been looked at, and begin with a piece that is open."""
        self._table = False
        """Whether the lines are those of one table."""
        self._latest: list[Piece] | None = None
        """The pieces of the lines, if they have just been cut."""
        self.fence: Fence | None = None
        """The block of code that is open."""
        self.learnt = False
        """Whether definitions have been found since this was last set to False."""

    def feed(self, lines: list[str], final: bool) -> Iterator[Piece | tuple[Fence, str]]:
        """Take complete lines; yield what is finished: pieces, and fences with their last line."""
        self._lines.extend(lines)
        if self._table and not final and all(line.startswith("|") for line in lines):
            return  # more rows
        self._latest, self._table = None, False
        if self._waiting and not final and all(line[:1] in ("", " ", "\t") for line in lines):
            return  # they may belong to what is open: time enough to look when something else begins
        position = 0
        while position < len(self._lines):
            if self.fence is not None:
                end = yield from self._code(position)
            else:
                end = yield from self._next(position, final)
            if end == position:
                break
            position = end
        del self._lines[:position]
        self._waiting = bool(self._lines) and self.fence is None
        if final and self.fence is not None:
            fence, self.fence = self.fence, None
            yield fence, ""

    def rest(self, partial: str) -> list[Piece]:
        """Return the pieces of what is not finished, with the line that has only begun."""
        lines = self._lines if not partial or held(partial) else [*self._lines, partial]
        while lines and not lines[-1].strip(" \t"):
            lines = lines[:-1]
        if lines and all(map(_PLAIN.fullmatch, lines)):
            return [Piece("\n".join(lines), not self._first)]
        if self._table and self._latest and lines[-1].startswith("|"):
            return [self._latest[0]._replace(source="\n".join(lines))]
        if lines is self._lines and self._latest is not None:
            return self._latest
        return [cut.piece for cut in self._cuts(lines, {})] if lines else []

    def _code(self, position: int) -> Generator[tuple[Fence, str], None, int]:
        fence = self.fence
        assert fence is not None
        lines = self._lines
        for index in range(position, len(lines)):
            if fence.closes(lines[index]):
                self.fence = None
                yield fence, lines[index]
                return index + 1
            fence.buffer.lines.append(fence.code(lines[index]))
        return len(lines)

    def _next(self, position: int, final: bool) -> Generator[Piece, None, int]:
        """Yield what is certain of the pieces that begin at `position`; return where the others begin."""
        lines = self._lines
        if not lines[position].strip(" \t"):
            return position + 1
        opening = _FENCE.fullmatch(lines[position])
        if opening:
            self.fence = Fence(opening, not self._first)
            self._begun()
            return position + 1
        if _HEADING.fullmatch(lines[position]):
            piece = Piece(lines[position], not self._first)
            self._begun()
            yield piece
            return position + 1
        end = position
        while end < len(lines) and _PLAIN.fullmatch(lines[end]):
            end += 1
        if end > position and (end == len(lines) or not lines[end].strip(" \t")):
            if end == len(lines) and not final:
                return position
            piece = Piece("\n".join(lines[position:end]), not self._first)
            self._begun()
            yield piece
            return end
        return (yield from self._region(position, final))

    def _begun(self) -> None:
        self._first = False
        self._going_on = None

    def _region(self, position: int, final: bool) -> Generator[Piece, None, int]:
        lines = self._lines
        size = max(_REGION, len(lines) if self._waiting else 0)
        while True:
            env: Env = {}
            cuts = self._cuts(lines[position : position + size], env)
            complete = position + size >= len(lines)
            if len(cuts) > 1 or complete:
                break
            size *= 4
        if self._references.learn(env):
            self.learnt = True
        sure, end = self._certain(cuts, lines[position : position + size], complete and final)
        for cut in cuts[:sure]:
            self._begun()
            yield cut.piece
        if sure < len(cuts):
            if cuts[sure].same_list:
                self._going_on = cuts[sure].piece
            if complete and end == cuts[sure].start:
                self._latest = [cut.piece for cut in cuts[sure:]]
                self._table = len(cuts) == sure + 1 and cuts[sure].kind == "table"
        return position + end

    def _certain(self, cuts: list[_Cut], region: list[str], final: bool) -> tuple[int, int]:
        """Return how many of `cuts` cannot change any more, and with which line the others begin."""
        for number, cut in enumerate(cuts):
            if cut.kind == "fence" and _FENCE.fullmatch(region[cut.start]):
                return number, cut.start
        if final:
            return len(cuts), len(region)
        if not cuts:
            return 0, 0
        start = cuts[-1].start
        if cuts[-1].kind == "paragraph":
            # what looks like a paragraph after a definition may turn out to be the definition's title
            while start and region[start - 1].lstrip(" ").startswith("["):
                start -= 1
        return len(cuts) - 1, start

    def _cuts(self, lines: list[str], env: Env) -> list[_Cut]:
        md = parser()
        tokens: list[Token] = []
        md.block.parse("\n".join(lines), md, env, tokens)
        cuts: list[_Cut] = []
        for token, inner in groups(tokens):
            start, stop = token.map or (0, 0)
            kind = token.type.removesuffix("_open")
            gap = bool(cuts) or not self._first
            if kind in ("bullet_list", "ordered_list"):
                cuts.extend(self._items(token, inner, lines, gap, None if cuts else self._going_on))
                continue
            codes = _codes((token, *inner))
            cuts.append(
                _Cut(start, Piece(_joined(lines, start, stop), gap, None, codes, kind == "code_block"), kind)
            )
        return cuts

    def _items(
        self, token: "Token", inner: "Sequence[Token]", lines: list[str], gap: bool, going_on: Piece | None
    ) -> list[_Cut]:
        number = token.attrGet("start")
        ordinal = None if token.type == "bullet_list_open" else int(1 if number is None else number)
        if going_on is not None:
            gap, ordinal = going_on.gap, going_on.ordinal
        items = list(groups(inner))
        bounds = [item.map[0] for item, _ in items if item.map] + [token.map[1] if token.map else 0]
        cuts: list[_Cut] = []
        for index, (_, content) in enumerate(items):
            start = bounds[index]
            if index:
                # code gets an empty line after it even where the source has none
                before = items[index - 1][1]
                gap = not lines[start - 1].strip(" \t") or (bool(before) and before[-1].type in _CODE)
            piece = Piece(
                _joined(lines, start, bounds[index + 1]),
                gap,
                None if ordinal is None else ordinal + index,
                _codes(content),
            )
            cuts.append(_Cut(start, piece, "list_item", index > 0 or going_on is not None))
        return cuts


def _joined(lines: list[str], start: int, stop: int) -> str:
    while stop > start + 1 and not lines[stop - 1].strip(" \t"):
        stop -= 1
    return "\n".join(lines[start:stop])


def _codes(tokens: "Sequence[Token]") -> int:
    return sum(token.type in _CODE for token in tokens)
