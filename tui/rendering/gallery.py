"""The pictures that have been drawn, and the blocks that show them."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.domain.conversation import Attachment
from tui.domain.graphics import Graphics, Protocol
from tui.domain.text import sanitize_line
from tui.rendering import furniture
from tui.rendering.line import Block, Line, Palette
from tui.rendering.picture import Drawn, PictureRequest
from tui.rendering.plain import wrapped

KEPT: Final = 8_000_000
"""Bytes of drawn pictures that are kept; more only while they are on the screen together."""

_ENTRIES: Final = 256

_UNKNOWN: Final = (3, 2)
"""Width to height of a picture whose size nobody has told."""


Wanted = tuple[PictureRequest, ...]


class Gallery:
    """Drawn pictures by what was asked for; the ones not seen for longest go first."""

    def __init__(self, graphics: Graphics, kept: int = KEPT) -> None:
        """Begin with nothing drawn.

        Args:
            graphics: What is known of the terminal.
            kept: Bytes that are kept.
        """
        self.graphics = graphics
        self.rows = 12
        """Rows that a picture has at most."""
        self.broken: dict[str, str] = {}
        """Why there is no picture, by digest."""
        self._kept = kept
        self._drawn: OrderedDict[PictureRequest, Drawn | str] = OrderedDict()
        self._lines: dict[PictureRequest, list[Line]] = {}
        self._size = 0
        self._seen: frozenset[PictureRequest] = frozenset()

    def __len__(self) -> int:
        return len(self._drawn)

    @property
    def shape(self) -> tuple[Graphics, int]:
        """What the size of a picture depends on, besides the width."""
        return self.graphics, self.rows

    def state(self, files: Sequence[Attachment]) -> tuple[object, ...]:
        """Return what the sizes of some pictures depend on, besides the width."""
        return (*self.shape, *(self.broken.get(file.digest) for file in files))

    def see(self, requests: Iterable[PictureRequest]) -> tuple[Wanted, Wanted]:
        """Take down what is on the screen, which stays.

        Returns:
            What of it has not been drawn, and what is only sketched.
        """
        seen = tuple(requests)
        self._seen = frozenset(seen)
        for request in seen:
            if request in self._drawn:
                self._drawn.move_to_end(request)
        wanted = dict.fromkeys(seen)
        missing = [request for request in wanted if request not in self._drawn]
        return tuple(missing), tuple(request for request in wanted if self._is_sketch(request))

    @property
    def size(self) -> int:
        """About how many bytes are kept."""
        return self._size

    def _is_sketch(self, request: PictureRequest) -> bool:
        found = self._drawn.get(request)
        is_sharp = self.graphics.protocol in (Protocol.SIXEL, Protocol.KITTY)
        return is_sharp and isinstance(found, Drawn) and found.is_sketch

    def look(self, request: PictureRequest) -> Drawn | str | None:
        """Return a picture, or why there is none; None where it has not been drawn."""
        return self._drawn.get(request)

    def lines(self, request: PictureRequest) -> list[Line] | None:
        """Return the rows of a picture, kept as long as it; None where it has not been drawn."""
        found = self._drawn.get(request)
        if not isinstance(found, Drawn):
            return None
        if request not in self._lines:
            self._lines[request] = [Line(strip, request.columns, opaque=True) for strip in found.cells]
        return self._lines[request]

    def put(self, request: PictureRequest, drawn: Drawn | str) -> list[Drawn]:
        """Keep a picture, or why there is none; return those that are not kept any more for it."""
        removed = []
        if isinstance(drawn, str):
            self.broken[request.digest] = drawn
        else:
            self.broken.pop(request.digest, None)
        before = self._drawn.pop(request, None)
        if isinstance(before, Drawn):
            self._size -= before.size
            if isinstance(drawn, str) or drawn.cells is not before.cells:
                self._lines.pop(request, None)
            if before.kitty is not None and (isinstance(drawn, str) or drawn.kitty != before.kitty):
                removed.append(before)
        self._drawn[request] = drawn
        if isinstance(drawn, Drawn):
            self._size += drawn.size
        for oldest in [each for each in self._drawn if each not in self._seen and each != request]:
            if self._size <= self._kept and len(self._drawn) <= _ENTRIES:
                break
            dropped = self._drawn.pop(oldest)
            self._lines.pop(oldest, None)
            if isinstance(dropped, Drawn):
                self._size -= dropped.size
                removed.append(dropped)
        return removed

    def clear(self) -> list[Drawn]:
        """Forget everything and return it."""
        removed = [drawn for drawn in self._drawn.values() if isinstance(drawn, Drawn)]
        self._drawn.clear()
        self._lines.clear()
        self._size = 0
        return removed


def file_blocks(files: Sequence[Attachment], gallery: Gallery) -> list[Block]:
    """Return a block for each file that went along with a message."""
    return [
        PictureBlock(file, number, gallery)
        if file.media_type.startswith("image/")
        else furniture.attachment(file, number)
        for number, file in enumerate(files)
    ]


class PictureBlock:
    """A picture that went along with a message: its name in a line, and what it shows below."""

    source = ""

    def __init__(self, file: Attachment, number: int, gallery: Gallery) -> None:
        """Make a block; nothing is read or drawn for it.

        Args:
            file: The picture.
            number: Which attachment of its message it is, from 0.
            gallery: Where drawn pictures are.
        """
        self._file = file
        self.number = number
        self._gallery = gallery
        self._name: tuple[object, Line] | None = None

    def box(self, width: int) -> tuple[int, int]:
        """Return the cells that the picture takes, as columns and rows; (0, 0) where none are drawn."""
        gallery, file = self._gallery, self._file
        if gallery.graphics.protocol is Protocol.OFF:
            return 0, 0
        if file.width and file.height:
            return gallery.graphics.fitted(file.width, file.height, max(1, width), gallery.rows)
        wide, high = _UNKNOWN
        size = wide * 1000, high * 1000
        return gallery.graphics.fitted(*size, max(1, width), gallery.rows)

    def height(self, width: int, wrap_code: bool = False) -> int:
        """Return how many lines it has at `width` cells; never another but when it turns out to be broken."""
        rows = self.box(width)[1]
        return 1 + (len(self._reason(width)) or rows if rows else 0)

    def _reason(self, width: int) -> list[str]:
        """Return why there is no picture, in lines; none while it is not known to be broken."""
        found = self._gallery.broken.get(self._file.digest, "")
        return [text for text, _ in wrapped(sanitize_line(found, 300), max(1, width))] if found else []

    def estimate(self, width: int) -> int:
        """Return how many lines it has."""
        return self.height(width)

    def request(self, width: int, palette: Palette) -> PictureRequest:
        """Return what is wanted to draw it."""
        columns, rows = self.box(width)
        return PictureRequest(self._file.digest, columns, rows, palette.background)

    def drawn(self, width: int, palette: Palette) -> Drawn | None:
        """Return the picture, if it has been drawn; asks for nothing."""
        found = self._gallery.look(self.request(width, palette))
        return found if isinstance(found, Drawn) else None

    def lines(self, start: int, stop: int, width: int, palette: Palette) -> Sequence[Line]:
        """Return the lines from `start` to `stop` (exclusive)."""
        lines = [self._label(width, palette)] if start < 1 <= stop else []
        if stop > 1 and self.box(width)[1]:
            lines.extend(self._picture(width, palette)[max(0, start - 1) : stop - 1])
        return lines

    def _label(self, width: int, palette: Palette) -> Line:
        if self._name is None or self._name[0] != (width, palette):
            self._name = ((width, palette), self._named(width, palette))
        return self._name[1]

    def _named(self, width: int, palette: Palette) -> Line:
        file = self._file
        size = f" {file.width}×{file.height}" if file.width and file.height else ""
        name = sanitize_line(file.name, 200) or "picture"
        if cell_len(name) + cell_len(size) + 4 > width:
            name = wrapped(name, max(1, width - cell_len(size) - 5))[0][0] + "…"
        meta = Style.from_meta({"act": "open_image", "picture": self.number})
        frame, words = Style(color=palette.muted), Style(color=palette.secondary) + meta
        strip = Strip([Segment("┌ ", frame), Segment(name + size, words), Segment(" ┐", frame)])
        return Line(strip, 2, tail=2)

    def _picture(self, width: int, palette: Palette) -> list[Line]:
        if reason := self._reason(width):
            style = Style(color=palette.warning)
            return [Line(Strip([Segment(text, style)]), cell_len(text)) for text in reason]
        request = self.request(width, palette)
        return self._gallery.lines(request) or _blank(request.columns, palette.surface) * request.rows


@lru_cache(maxsize=32)
def _blank(columns: int, color: str) -> list[Line]:
    """Return a row of what stands in the place of a picture until it is drawn; for all of them the same."""
    strip = Strip([Segment(" " * columns, Style(bgcolor=color))], columns)
    return [Line(strip, columns, opaque=True)]
