"""Lines of Markdown as top-level pieces, by one parse of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from tui.rendering.code import Hole
from tui.rendering.fences import NestedFence
from tui.rendering.nodes import Env, groups
from tui.rendering.rules import parser

if TYPE_CHECKING:
    from markdown_it.token import Token

_CODE: Final = frozenset({"fence", "code_block"})


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
    holes: tuple[Hole, ...] = ()
    """Long code inside it, which its source leaves out."""
    plain: bool = False
    """Whether it is nothing but the text of a paragraph."""
    join: str | None = None
    """What stands between it and the piece before, if both are stretches of one line."""

    @property
    def whole(self) -> str:
        """Its source with the code that was taken out."""
        if not self.holes:
            return self.source
        lines = self.source.split("\n")
        for hole in sorted(self.holes, key=lambda hole: -hole.line):
            lines[hole.line + 1 : hole.line + 1 + hole.echoed] = hole.raw[: hole.kept]
        return "\n".join(lines)


class Cut(NamedTuple):
    """A piece with the lines that it takes."""

    start: int
    stop: int
    piece: Piece
    kind: str
    tokens: "Sequence[Token]" = ()
    same_list: bool = False
    """Whether it is an item of a list that begins before it."""


class Before(NamedTuple):
    """What stands before the lines."""

    nothing: bool
    """They are the first of the document."""
    paragraph: bool
    """They go on with a paragraph."""
    item: Piece | None
    """The item with which they begin, where the list began earlier."""


def cuts_of(lines: list[str], env: Env, before: Before) -> list[Cut]:
    """Return the pieces of `lines`; `env` takes what they define."""
    md = parser()
    tokens: list[Token] = []
    md.block.parse("\n".join(lines), md, env, tokens)
    cuts: list[Cut] = []
    for token, inner in groups(tokens):
        start, stop = token.map or (0, 0)
        kind = token.type.removesuffix("_open")
        gap = bool(cuts) or not (before.nothing or (before.paragraph and kind == "paragraph"))
        if kind in ("bullet_list", "ordered_list"):
            cuts.extend(_items(token, inner, lines, gap, None if cuts else before.item))
            continue
        whole = (token, *inner)
        piece = Piece(_joined(lines, start, stop), gap, None, _codes(whole), kind == "code_block")
        cuts.append(Cut(start, stop, piece, kind, whole if kind == "blockquote" else ()))
    return cuts


def with_holes(cut: Cut, lines: list[str], first: int, code: Sequence[NestedFence], last: str | None) -> Cut:
    """Return a piece that knows of the code which was taken out of it.

    Args:
        cut: The piece.
        lines: The lines that were cut.
        first: Which line the first of them is, as the code counts.
        code: The code that was taken out.
        last: A line of the last of that, which is still arriving.
    """
    start, stop = first + cut.start, first + cut.stop
    while stop > start + 1 and not lines[stop - first - 1].strip(" \t"):
        stop -= 1
    holes = tuple(
        one.hole(start, stop, last if one is code[-1] else None) for one in code if start <= one.line < stop
    )
    return cut._replace(piece=cut.piece._replace(holes=holes)) if holes else cut


def _items(
    token: "Token", inner: "Sequence[Token]", lines: list[str], gap: bool, going_on: Piece | None
) -> list[Cut]:
    number = token.attrGet("start")
    ordinal = None if token.type == "bullet_list_open" else int(1 if number is None else number)
    if going_on is not None:
        gap, ordinal = going_on.gap, going_on.ordinal
    items = list(groups(inner))
    bounds = [item.map[0] for item, _ in items if item.map] + [token.map[1] if token.map else 0]
    cuts: list[Cut] = []
    for index, (item, content) in enumerate(items):
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
        tokens = (token, item, *content) if index == len(items) - 1 else ()
        same_list = index > 0 or going_on is not None
        cuts.append(Cut(start, bounds[index + 1], piece, "list_item", tokens, same_list))
    return cuts


def _joined(lines: list[str], start: int, stop: int) -> str:
    while stop > start + 1 and not lines[stop - 1].strip(" \t"):
        stop -= 1
    return "\n".join(lines[start:stop])


def _codes(tokens: "Sequence[Token]") -> int:
    return sum(token.type in _CODE for token in tokens)
