"""What rendering makes: lines of a block, and the styles they are drawn in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from textual.strip import Strip


class Cut(NamedTuple):
    """What a line that is wider than its room is a part of."""

    text: str
    """All of it."""
    offset: int
    """Cells of it before those that are shown."""
    room: int
    """How many cells are shown."""


class Cell(NamedTuple):
    """What of a cell of a table is in a line."""

    start: int
    """Characters of the line's text."""
    end: int
    column: int
    join: str | None
    """None where the cell begins; otherwise what stood before: at the soft wrap, or a line break."""
    is_name: bool = False
    """It names what stands in the cell that follows; the names stand before all cells."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line on the screen, with what copying and finding need to know of it."""

    strip: Strip
    """The cells; not padded, never wider than the width it was rendered for.

    Its segments carry Style meta where a click does something: `{"href": url}` for a link,
    `{"copy_code": n}` for the copy mark of the n-th code block of the document.
    """
    gutter: int = 0
    """Cells at the left that are not text: quote bars, list indentation, frames.

    A line that is all gutter is furniture (a rule, the header of code): it leaves nothing when copied.
    """
    join: str | None = None
    """None where a new line of text begins; otherwise what stood at the soft wrap (`" "` or `""`)."""
    tail: int = 0
    """Cells at the right that are not text: the padding that makes a block of code a rectangle."""
    opaque: bool = False
    """Every cell has its two colours: nothing shows through, and nothing is marked in it."""
    cells: tuple[Cell, ...] = ()
    """What of which cells of a table is in it."""
    cut: Cut | None = None
    """All of its text, where only a part of that is shown."""


class Block(Protocol):
    """A top-level piece of a document. The same object as long as its source is the same.

    The blank line before it, if it has one, is its own: blocks are drawn one right below the other.
    """

    @property
    def source(self) -> str:
        """Return its Markdown, sanitised."""
        ...

    def height(self, width: int, wrap_code: bool = False) -> int:
        """Return how many lines it has at `width` cells. Cheap for code, cached for the rest.

        `wrap_code` is the palette's.
        """
        ...

    def estimate(self, width: int) -> int:
        """Return about how many lines it has, without reading it: for what is far from being seen."""
        ...

    def lines(self, start: int, stop: int, width: int, palette: "Palette") -> Sequence[Line]:
        """Return the lines from `start` to `stop` (exclusive); rendered when first asked for."""
        ...


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a theme, as `#rrggbb`, that rendering uses. Hashable: it is part of cache keys."""

    dark: bool
    foreground: str
    background: str
    surface: str
    """Behind code and thinking."""
    muted: str
    """Readable, but quiet: times, figures, frames."""
    primary: str
    secondary: str
    accent: str
    warning: str
    error: str
    success: str
    wrap_code: bool = False
    """Wrap the long lines of code instead of cutting them at the edge."""
    code_offset: int = 0
    """Cells by which unwrapped code is scrolled to the left."""
