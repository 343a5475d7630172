"""What a piece of text is, apart from the theme; and the styles that a theme gives it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.rendering.line import Cell, Cut, Line, Palette
from tui.rendering.palette import blend, readable


class Ink(NamedTuple):
    """What a piece of text is."""

    role: str = "text"
    """A key of the colours below."""
    bold: bool = False
    italic: bool = False
    strike: bool = False
    underline: bool = False
    href: str = ""
    """The address it leads to."""
    copy: int = -1
    """The number of the code block that a click on it copies."""


Run = tuple[str, Ink]
"""Text of one ink."""


class Row(NamedTuple):
    """A line, before it has colours."""

    runs: list[Run]
    gutter: int = 0
    join: str | None = None
    tail: int = 0
    code: "CodeRows | None" = None
    """Code that stands in its place, behind its runs."""
    cells: tuple[Cell, ...] = ()
    cut: Cut | None = None


class CodeRows(Protocol):
    """Rows of code that are made when they are seen."""

    def height(self, wrap_code: bool) -> int:
        """Return how many there are."""
        ...

    def lines(self, start: int, stop: int, palette: Palette, margin: Sequence[Run]) -> Sequence[Line]:
        """Return the lines from `start` to `stop`, with `margin` before each."""
        ...


BLANK: Final = Row([])
TEXT: Final = Ink()
MUTED: Final = Ink("muted")
FRAME: Final = Ink("frame")
CODE_PAD: Final = Ink("code")

_MIXED: Final = {
    "teal": ("primary", "success"),
    "coral": ("error", "warning"),
    "edge": ("muted", "background"),
    "bar": ("primary", "background"),
}
"""Colours half way between two of the palette, where its own are too few."""

_COLORS: Final = {
    "muted": "muted",
    "link": "primary",
    "marker": "primary",
    "math": "secondary",
    "note": "accent",
    "inline": "accent",
    "frame": "edge",
    "bar": "bar",
    "h1": "primary",
    "h2": "primary",
    "h3": "secondary",
    "code.label": "muted",
    "code.copy": "muted",
    "code.comment": "muted",
    "code.keyword": "primary",
    "code.tag": "primary",
    "code.function": "teal",
    "code.builtin": "teal",
    "code.class": "accent",
    "code.attribute": "accent",
    "code.meta": "accent",
    "code.string": "success",
    "code.number": "coral",
    "code.constant": "coral",
    "code.deleted": "error",
    "code.inserted": "success",
}
"""What is not drawn in the foreground."""

_FURNITURE: Final = frozenset({"frame", "bar"})
_ITALIC: Final = frozenset({"code.comment"})
_BOLD: Final = frozenset({"h1", "h2", "h3", "h4", "code.keyword", "code.heading"})


class Styles(dict[Ink, Style]):
    """The styles of one palette, made when first asked for."""

    __slots__ = ("_palette",)

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette

    def __missing__(self, ink: Ink) -> Style:
        palette, role = self._palette, ink.role
        on_surface = role.startswith("code") or role == "inline"
        color = self._color(_COLORS.get(role, "foreground"))
        if role not in _FURNITURE:
            color = readable(color, palette.surface if on_surface else palette.background, palette.foreground)
        meta: dict[str, str | int] = {}
        if ink.href:
            meta["href"] = ink.href
        if ink.copy >= 0:
            meta["copy_code"] = ink.copy
        style = Style(
            color=color,
            bgcolor=palette.surface if on_surface else None,
            bold=ink.bold or role in _BOLD or None,
            italic=ink.italic or role in _ITALIC or None,
            strike=ink.strike or None,
            underline=ink.underline or None,
            meta=meta or None,
        )
        self[ink] = style
        return style

    def _color(self, name: str) -> str:
        one, other = _MIXED.get(name, (name, name))
        colors: tuple[str, str] = (getattr(self._palette, one), getattr(self._palette, other))
        return blend(*colors, 0.5)


@lru_cache(maxsize=16)
def _styles(palette: Palette) -> Styles:
    return Styles(palette)


@lru_cache(maxsize=64)
def styles_for(palette: Palette) -> Styles:
    """Return the styles of a palette; shared by all that differ only in how code is laid out."""
    return _styles(replace(palette, wrap_code=False, code_offset=0))


def paint(row: Row, styles: Styles) -> Line:
    """Return `row` in the colours of a theme."""
    strip = Strip([Segment(text, styles[ink]) for text, ink in row.runs])
    return Line(strip, row.gutter, row.join, row.tail, cells=row.cells, cut=row.cut)
