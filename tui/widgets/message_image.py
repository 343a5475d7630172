"""Pictures out of bytes: decoded, fitted, and encoded for the terminal. The only importer of textual_image.

Everything that reads or draws here takes its time and belongs into a thread; Pillow and textual_image are
loaded by the first picture.
"""

import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from itertools import count
from random import randint
from typing import TYPE_CHECKING, Final

from rich.segment import Segment
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tui.domain.errors import TuiError
from tui.domain.graphics import Graphics
from tui.domain.graphics import Protocol as GraphicsProtocol
from tui.domain.text import sanitize_line
from tui.rendering.picture import Drawn, KittyPicture, PictureRequest, half_cells
from tui.rendering.plain import wrapped
from tui.rendering.sixel import Bands, SixelPicture, phases
from tui.widgets.picture_decoding import decoded
from tui.widgets.picture_paint import Wardrobe, covered_rows, graphics_of, tell_terminal
from tui.widgets.picture_thread import draw_in_thread

if TYPE_CHECKING:
    from PIL.Image import Image

_CHUNK: Final = 4096
"""Characters of a picture in one of Kitty's commands."""

_importing = threading.Lock()
_kitty_ids = count(randint(1 << 16, 1 << 23))


class Canvas:
    """A picture fitted into the pixels of a box of cells."""

    def __init__(self, image: "Image", request: PictureRequest, graphics: Graphics) -> None:
        """Take a picture over.

        Args:
            image: In RGB, `columns` times `rows` cells large.
            request: What was wanted.
            graphics: What is known of the terminal.
        """
        self._image = image
        self._request = request
        self._graphics = graphics

    @property
    def size(self) -> int:
        """How many bytes it takes in memory."""
        return self._image.width * self._image.height * 4

    def sketched(self) -> Drawn:
        """Return the picture in half-cells."""
        columns, rows = self._request.columns, self._request.rows
        from PIL.Image import Resampling

        pixels = self._image.resize((columns, rows * 2), Resampling.BOX).tobytes()
        return Drawn(columns, rows, half_cells(pixels, columns))

    def sharpened(self, drawn: Drawn, *, scrolls: bool = True) -> Iterator[Drawn]:
        """Yield the picture as the terminal draws it best; more than once where it can be shown sooner.

        Args:
            drawn: The picture in half-cells.
            scrolls: It is going to be cut at its top.
        """
        match self._graphics.protocol:
            case GraphicsProtocol.SIXEL:
                for sixel in self._sixel(scrolls=scrolls):
                    yield replace(drawn, sixel=sixel)
            case GraphicsProtocol.KITTY:
                yield replace(drawn, kitty=self._kitty())
            case _:
                return

    def _sixel(self, *, scrolls: bool) -> Iterator[SixelPicture]:
        with _terminal_left_alone():
            from textual_image._sixel import image_to_sixels
        from PIL import Image

        reduced = self._image.quantize(256, method=Image.Quantize.MEDIANCUT)
        width, height = reduced.size
        begins = [first for first in phases(self._graphics.cell_height) if first < height]
        encoded: dict[int, Bands] = {}
        for first in begins if scrolls else begins[:1]:
            # From the first row on it is the whole picture; the others are for when it is cut by scrolling.
            encoded[first] = Bands.of(image_to_sixels(reduced.crop((0, first, width, height))))
            if first in (begins[0], begins[-1]):
                yield SixelPicture(width, self._graphics.cell_height, dict(encoded))

    def _kitty(self) -> KittyPicture:
        with _terminal_left_alone():
            from textual_image.renderable.tgp import Image as Placeholders
        from PIL import Image

        number = next(_kitty_ids)
        columns, rows = self._request.columns, self._request.rows
        placeholders = Placeholders(Image.new("RGB", (1, 1)))
        placeholders.terminal_image_id = number
        red, green, blue = number >> 16 & 255, number >> 8 & 255, number & 255
        ground = ";".join(str(value) for value in bytes.fromhex(self._request.background.removeprefix("#")))
        begin = f"\x1b[38;2;{red};{green};{blue};48;2;{ground}m"
        lines = [
            f"{begin}{text.rstrip()}\x1b[0m" for text, *_ in placeholders._render_diacritics(columns, rows)
        ]
        png = BytesIO()
        self._image.save(png, format="PNG", compress_level=2)
        data = b64encode(png.getvalue()).decode()
        chunks = [data[start : start + _CHUNK] for start in range(0, len(data), _CHUNK)]
        said = f"a=T,U=1,q=2,f=100,i={number},c={columns},r={rows},"
        parts = []
        for place, chunk in enumerate(chunks, 1):
            parts.append(f"\x1b_G{said}m={int(place < len(chunks))};{chunk}\x1b\\")
            said = "q=2,"
        return KittyPicture(tuple(lines), "".join(parts), f"\x1b_Ga=d,d=I,q=2,i={number}\x1b\\")


@contextmanager
def _terminal_left_alone() -> Iterator[None]:
    """Import textual_image without the questions that it asks a terminal: the answers would be keys."""
    with _importing:
        if "textual_image.renderable" in sys.modules:
            yield
            return
        output, sys.__stdout__ = sys.__stdout__, None  # type: ignore[misc]
        try:
            yield
        finally:
            sys.__stdout__ = output  # type: ignore[misc]


def canvas(data: bytes, request: PictureRequest, graphics: Graphics) -> Canvas:
    """Decode a picture and fit it into the box that is wanted; for a thread.

    Raises:
        PictureBroken: It cannot be decoded, or is too large to be.
    """
    size = request.columns * graphics.cell_width, request.rows * graphics.cell_height
    return fitted(decoded(data, size), request, graphics)


def fitted(image: "Image", request: PictureRequest, graphics: Graphics) -> Canvas:
    """Return a decoded picture, whole, in the box that is wanted."""
    from PIL import Image

    size = request.columns * graphics.cell_width, request.rows * graphics.cell_height
    scale = min(size[0] / image.width, size[1] / image.height)
    if graphics.protocol is not GraphicsProtocol.HALFCELL:
        scale = min(1.0, scale)
    shape = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    way = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.NEAREST
    return Canvas(_on_ground(image.resize(shape, way, reducing_gap=3.0), size, request), request, graphics)


def cut(image: "Image", at: tuple[int, int], request: PictureRequest, graphics: Graphics) -> Canvas:
    """Return a part of a decoded picture as large as it is; in half-cells a pixel is half a cell.

    Args:
        image: The picture.
        at: The pixel at the left and the top of the box.
        request: The box.
        graphics: What is known of the terminal.
    """
    size = box_pixels(request.columns, request.rows, graphics)
    part = image.crop((*at, min(image.width, at[0] + size[0]), min(image.height, at[1] + size[1])))
    return Canvas(_on_ground(part, size, request), request, graphics)


def box_pixels(columns: int, rows: int, graphics: Graphics) -> tuple[int, int]:
    """Return how many pixels of a picture there are in a box when it is shown as large as it is."""
    if graphics.protocol in (GraphicsProtocol.SIXEL, GraphicsProtocol.KITTY):
        return columns * graphics.cell_width, rows * graphics.cell_height
    return columns, rows * 2


def _on_ground(image: "Image", size: tuple[int, int], request: PictureRequest) -> "Image":
    from PIL import Image

    ground = Image.new("RGB", size, request.background)
    ground.paste(image, mask=image.getchannel("A") if image.mode == "RGBA" else None)
    return ground


class PictureView(Widget):
    """One picture: fitted into the widget, or as large as it is and moved about."""

    DEFAULT_CSS = """
    PictureView { width: 1fr; height: 1fr; background: $background; }
    """

    zoomed: reactive[bool] = reactive(False, init=False)
    """Show the picture as large as it is."""

    class Ready(Message):
        """A picture has been drawn, or cannot be."""

        def __init__(self, view: "PictureView", failure: TuiError | None = None) -> None:
            super().__init__()
            self.view = view
            self.failure = failure
            """Why there is no picture; None where there is one."""

        @property
        def control(self) -> "PictureView":
            """The view that posted it."""
            return self.view

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        """Begin with no picture.

        Args:
            id: The widget's id.
            classes: The widget's classes.
        """
        super().__init__(id=id, classes=classes)
        self._data: bytes | None = None
        self._image: Image | None = None
        self._at = (0, 0)
        self._drawn: Drawn | None = None
        self._failure = ""
        self._wardrobe = Wardrobe()
        self._covered: frozenset[int] = frozenset()

    @property
    def graphics(self) -> Graphics:
        """What is known of the terminal; half-cells where pictures in the text are switched off."""
        graphics = graphics_of(self.app)
        if graphics.protocol is GraphicsProtocol.OFF:
            return replace(graphics, protocol=GraphicsProtocol.HALFCELL)
        return graphics

    @property
    def pixels(self) -> tuple[int, int] | None:
        """Width and height of the picture; None until it has been decoded."""
        return self._image.size if self._image is not None else None

    def show(self, data: bytes | None) -> None:
        """Show a picture, as soon as it has been decoded.

        Args:
            data: The file; None for nothing.
        """
        self._data, self._image, self._at = data, None, (0, 0)
        self._replace(None)
        self._draw_again()

    def pan(self, columns: int, rows: int) -> None:
        """Move what is seen of a picture that is as large as it is.

        Args:
            columns: Cells to the right.
            rows: Cells down.
        """
        if self._image is None or not self.zoomed:
            return
        step = box_pixels(1, 1, self.graphics)
        seen = box_pixels(*self._box, self.graphics)
        wanted = self._at[0] + columns * step[0], self._at[1] + rows * step[1]
        size = self._image.size
        at = (
            max(0, min(wanted[0], size[0] - seen[0])),
            max(0, min(wanted[1], size[1] - seen[1])),
        )
        if at != self._at:
            self._at = at
            self._draw_again()

    def on_mount(self) -> None:
        """Learn when something comes to lie over the picture, or goes."""
        self.screen.screen_layout_refresh_signal.subscribe(self, self._laid_out)
        self.app.app_resume_signal.subscribe(self, lambda _: self._draw_again())

    def on_unmount(self) -> None:
        """Let the terminal forget the picture."""
        self._replace(None)

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.pan(0, 0)
        self._draw_again()

    def watch_zoomed(self) -> None:
        """Draw in the other size."""
        self._at = (0, 0)
        self._draw_again()

    def _laid_out(self, _: object) -> None:
        covered = covered_rows(self)
        if covered != self._covered:
            self._covered = covered
            self.refresh()

    @property
    def _box(self) -> tuple[int, int]:
        # The last column stays free: after a cell in it the cursor is nowhere.
        return self.graphics.room(max(1, self.size.width - 1), max(1, self.size.height))

    def _draw_again(self) -> None:
        if self._data is None or not self.size:
            self.workers.cancel_group(self, "draw")
            return
        self.run_worker(
            self._draw(self._data),
            name="draw picture",
            group="draw",
            description="Decodes and draws a picture in a thread.",
            exclusive=True,
        )

    async def _draw(self, data: bytes) -> None:
        graphics = self.graphics
        try:
            if self._image is None:
                self._image = await draw_in_thread(decoded, data)
            image = self._image
            columns, rows = self._box
            if not self.zoomed:
                columns, rows = graphics.fitted(*image.size, columns, rows)
            else:
                # What has room to spare stands in the middle.
                cell = box_pixels(1, 1, graphics)
                columns = min(columns, -(-image.width // cell[0]))
                rows = min(rows, -(-image.height // cell[1]))
            ground = self.background_colors[1].hex6
            request = PictureRequest("", columns, rows, ground)
            if self.zoomed:
                shown = await draw_in_thread(cut, image, self._at, request, graphics)
            else:
                shown = await draw_in_thread(fitted, image, request, graphics)
            sketch = await draw_in_thread(shown.sketched)
            if self._drawn is None or self.zoomed or graphics.protocol is GraphicsProtocol.HALFCELL:
                self._replace(sketch)
            sharper = shown.sharpened(sketch, scrolls=False)
            while (drawn := await draw_in_thread(next, sharper, None)) is not None:
                self._replace(drawn)
            self.post_message(self.Ready(self))
        except TuiError as error:
            self._replace(None, error.message)
            self.post_message(self.Ready(self, error))

    def _replace(self, drawn: Drawn | None, failure: str = "") -> None:
        before, self._drawn = self._drawn, drawn
        self._failure = failure
        if drawn is not None and drawn.kitty is not None:
            tell_terminal(self.app, drawn.kitty.transmission)
        if before is not None and before.kitty is not None:
            tell_terminal(self.app, before.kitty.removal)
        self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw some rows."""
        width, height = self.size
        base, drawn = self.rich_style, self._drawn
        strips = [Strip.blank(width, base)] * height
        if drawn is not None:
            left, top = max(0, (width - drawn.columns) // 2), max(0, (height - drawn.rows) // 2)
            for row, cells in enumerate(drawn.cells[:height]):
                strips[top + row] = Strip([Segment(" " * left, base), *cells]).adjust_cell_length(width, base)
        elif self._failure:
            for row, (words, _) in enumerate(wrapped(sanitize_line(self._failure, 300), width - 2)):
                line = Strip([Segment(f" {words}", base)]).adjust_cell_length(width, base)
                strips[min(height - 1, height // 2 + row)] = line
        for line_filter in self.get_line_filters():
            strips = [strip.apply_filter(line_filter, self.background_colors[1]) for strip in strips]
        strips = strips[crop.y : crop.bottom]
        if drawn is not None:
            first, last = max(0, crop.y - top), min(drawn.rows, crop.bottom - top)
            shown = [row for row in range(first, last) if top + row not in self._covered]
            self._wardrobe.dress(strips, drawn, self.graphics, left=left, top=top - crop.y, shown=shown)
            self._wardrobe.turn()
        return [strip.crop(*crop.column_span) for strip in strips]
