"""The pictures in the transcript: what the terminal is told, and when which are wanted."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from textual.geometry import Region, Size
from textual.strip import Strip

from tui.domain.graphics import Protocol
from tui.rendering.contract import DocumentFactory
from tui.rendering.message import GUTTER
from tui.rendering.picture import Drawn, PictureRequest
from tui.widgets.picture_events import PicturesWanted
from tui.widgets.picture_paint import Wardrobe, covered_rows, graphics_of, tell_terminal
from tui.widgets.transcript_surface import TranscriptSurface

if TYPE_CHECKING:
    from tui.rendering.gallery import Wanted

_SHARE: Final = 0.4
"""How much of the screen's height a picture may take."""

_LEAST: Final = 4
"""Rows that a picture may take on every screen."""


class _Seen(NamedTuple):
    """A picture that is in the view, as a whole or in part."""

    top: int
    """The row of the view at which it would begin; may be negative."""
    request: PictureRequest
    drawn: Drawn | None


class TranscriptPictures(TranscriptSurface):
    """Draws pictures among the rows, and asks for those that are seen and have not been drawn.

    Half-cells and Kitty's placeholders are cells, row by row. Sixel is told to the terminal with the last of
    the rows that are seen; whatever is drawn over one of them needs all of them drawn again.
    """

    def __init__(
        self, document: DocumentFactory, *, id: str | None = None, classes: str | None = None
    ) -> None:
        """Begin empty.

        Args:
            document: Makes the documents of Markdown texts.
            id: The widget's id.
            classes: The widget's classes.
        """
        super().__init__(document, id=id, classes=classes)
        self._wardrobe = Wardrobe()
        self._asked: tuple[Wanted, Wanted] = ((), ())
        self._covered: frozenset[int] = frozenset()
        self._pixels: list[tuple[int, int]] = []
        """The rows of the view, from and to, that Sixel is drawn over."""

    def on_mount(self) -> None:
        """Learn what the terminal can, and when something comes to lie over pictures."""
        self._items.gallery.graphics = graphics_of(self.app)
        self.screen.screen_layout_refresh_signal.subscribe(self, self._laid_out)
        self.app.app_resume_signal.subscribe(self, self._taken_back)

    def _taken_back(self, _: object) -> None:
        """Tell the terminal the pictures again: another program has had it."""
        if self._items.gallery.graphics.protocol is Protocol.KITTY:
            self._asked = ((), ())
            self._forget(self._items.gallery.clear())
            self.refresh()

    def on_unmount(self) -> None:
        """Let the terminal forget the pictures."""
        self._forget(self._items.gallery.clear())

    def _size_updated(
        self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True
    ) -> bool:
        gallery, before = self._items.gallery, self._items.gallery.shape
        gallery.rows = max(_LEAST, round(self.app.size.height * _SHARE))
        gallery.graphics = graphics_of(self.app)
        if gallery.shape != before:
            self._items.forget_heights(self._items.width)
        return super()._size_updated(size, virtual_size, container_size, layout)

    def _laid_out(self, _: object) -> None:
        """Draw pictures again that something lay over, or lies over now."""
        if self._items.gallery.graphics.protocol is not Protocol.SIXEL or not self.is_attached:
            return
        covered = covered_rows(self)
        changed, self._covered = covered ^ self._covered, covered
        if any(first <= row < last for row in changed for first, last in self._pixels):
            self.refresh(Region(0, min(changed), self._view.width, max(changed) + 1 - min(changed)))

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Paint again; where there is Sixel, all rows of it that are seen."""
        if self._pixels:
            regions = tuple(self._with_pixels(region) for region in regions)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def _with_pixels(self, region: Region) -> Region:
        top, bottom = region.y, region.bottom
        for first, last in self._pixels:
            if first < bottom and top < last:
                top, bottom = min(top, first), max(bottom, last)
        return (
            region if (top, bottom) == (region.y, region.bottom) else Region(0, top, self._fill, bottom - top)
        )

    def _seen(self) -> Iterator[_Seen]:
        """Yield the pictures of which there is something in the view."""
        items, top, height = self._items, self._top, self._view.height
        for index in items.between(top, top + height):
            if not items[index].attachments:
                continue
            item = items.item(index)
            start = items.heights.prefix(index) - top
            for row, picture in item.pictures():
                above = start + row + 1
                if above < height and above + picture.height(item.inner_width) - 1 > 0:
                    request = picture.request(item.inner_width, self.palette)
                    yield _Seen(above, request, picture.drawn(item.inner_width, self.palette))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw some rows of the view, and ask for the pictures in it that are missing."""
        strips = super().render_lines(crop)
        gallery = self._items.gallery
        if not self._is_ready or self.styles.gutter or gallery.graphics.protocol is Protocol.OFF:
            return strips
        seen = list(self._seen())
        missing, sketched = wanted = gallery.see(picture.request for picture in seen)
        if wanted != self._asked:
            self._asked = wanted
            message = PicturesWanted(self, missing + sketched, sketched=frozenset(sketched))
            # While painting, whoever has the screen painted would be taken for the sender, and not be told.
            self.post_message(message.set_sender(self))
        if crop.x <= GUTTER:
            self._dress(strips, crop, seen)
        return strips

    def _dress(self, strips: list[Strip], crop: Region, seen: Sequence[_Seen]) -> None:
        graphics, height = self._items.gallery.graphics, self._view.height
        self._pixels = []
        for top, _, drawn in seen:
            if drawn is None:
                continue
            shown: Sequence[int] = range(max(0, -top), min(drawn.rows, height - top))
            if drawn.sixel is not None:
                self._pixels.append((top + shown[0], top + shown[-1] + 1))
                shown = [row for row in shown if top + row not in self._covered]
            self._wardrobe.dress(strips, drawn, graphics, left=GUTTER - crop.x, top=top - crop.y, shown=shown)
        self._wardrobe.turn()

    def picture_drawn(self, request: PictureRequest, drawn: Drawn | str) -> None:
        """Show a picture that was wanted, or say why there is none."""
        if isinstance(drawn, Drawn) and drawn.kitty is not None:
            tell_terminal(self.app, drawn.kitty.transmission)
        self._forget(self._items.gallery.put(request, drawn))
        for top, seen, _ in list(self._seen()) if self._is_ready else ():
            if seen == request:
                self.refresh(Region(0, top, self._fill, request.rows).intersection(self.size.region))

    def _forget(self, pictures: list[Drawn]) -> None:
        for drawn in pictures:
            if drawn.kitty is not None:
                tell_terminal(self.app, drawn.kitty.removal)
