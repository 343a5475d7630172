"""The part of the chat screen that draws pictures for its widgets, and opens them."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from textual import on
from textual.widget import Widget

from tui.domain.conversation import Attachment
from tui.domain.errors import FileUnusable, TuiError
from tui.domain.graphics import Graphics, Protocol
from tui.rendering.picture import PictureRequest
from tui.screens.room import Room
from tui.screens.work import begin_work
from tui.widgets.message_image import Canvas, canvas
from tui.widgets.picture_events import PicturesWanted, ShowsPictures
from tui.widgets.picture_paint import graphics_of
from tui.widgets.picture_thread import draw_in_thread, give_back
from tui.widgets.transcript import Transcript

_FITTED = 3_000_000
"""Bytes of decoded pictures that wait for being drawn sharply; one more is always kept."""


class Studio:
    """Draws one picture at a time: of what is wanted now, never of what has scrolled away.

    Everything is sketched in half-cells first; a widget that can show more wants it again.
    """

    def __init__(self, load: Callable[[str], Awaitable[bytes]]) -> None:
        """Make a studio with nothing to do.

        Args:
            load: Reads the bytes of a picture by its digest; raises `TuiError`.
        """
        self._load = load
        self._wanted: dict[ShowsPictures, PicturesWanted] = {}
        self._fitted: OrderedDict[PictureRequest, Canvas] = OrderedDict()
        self.is_busy = False
        """Whether `work` goes on."""
        self.decoded = 0
        """How many pictures have been decoded."""

    def want(self, event: PicturesWanted) -> None:
        """Take down what a widget wants, in place of what it wanted before."""
        self._wanted.pop(event.widget, None)
        if event.requests:
            self._wanted[event.widget] = event

    async def work(self, graphics: Graphics) -> None:
        """Draw until nothing is wanted any more."""
        self.is_busy = True
        try:
            while self._wanted:
                widget, event = next(iter(self._wanted.items()))
                request, *rest = event.requests
                sketched = event.sketched
                self.want(PicturesWanted(widget, tuple(rest), sketched=sketched, small=event.small))
                if isinstance(widget, Widget) and not widget.is_attached:
                    continue
                if event.small:
                    graphics = replace(graphics, protocol=Protocol.HALFCELL)
                if request in sketched:
                    await self._sharpen(widget, request, graphics)
                else:
                    await self._sketch(widget, request, graphics)
        finally:
            self.is_busy = False
        await give_back()

    async def _sketch(self, widget: ShowsPictures, request: PictureRequest, graphics: Graphics) -> None:
        try:
            shown = await self._decoded(request, graphics)
            widget.picture_drawn(request, await draw_in_thread(shown.sketched))
        except TuiError as error:
            widget.picture_drawn(request, error.message)
            return
        if graphics.protocol is not Protocol.HALFCELL:
            self._fitted[request] = shown
            while len(self._fitted) > 1 and sum(each.size for each in self._fitted.values()) > _FITTED:
                self._fitted.popitem(last=False)

    async def _sharpen(self, widget: ShowsPictures, request: PictureRequest, graphics: Graphics) -> None:
        try:
            shown = self._fitted.pop(request, None) or await self._decoded(request, graphics)
            sharper = shown.sharpened(await draw_in_thread(shown.sketched))
            while (drawn := await draw_in_thread(next, sharper, None)) is not None:
                widget.picture_drawn(request, drawn)
        except TuiError as error:
            widget.picture_drawn(request, error.message)

    async def _decoded(self, request: PictureRequest, graphics: Graphics) -> Canvas:
        data = await self._load(request.digest)
        self.decoded += 1
        return await draw_in_thread(canvas, data, request, graphics)


class PictureRoom(Room):
    """Reads and draws the pictures that its widgets show, and opens files on the whole screen."""

    _studio: Studio | None = None

    @on(PicturesWanted)
    def _pictures_wanted(self, event: PicturesWanted) -> None:
        event.stop()
        if self._studio is None:
            self._studio = Studio(self._picture_data)
        self._studio.want(event)
        if not self._studio.is_busy and event.requests and self.session is not None:
            self._studio.is_busy = True
            begin_work(self, self._studio.work(graphics_of(self.app)), "pictures")

    async def _picture_data(self, digest: str) -> bytes:
        session = self.session
        data = await session.services.store.attachment_data(digest) if session is not None else None
        if data is None and session is not None and session.home is not session.services:
            data = await session.home.store.attachment_data(digest)
        if data is None:
            raise FileUnusable("This file is no longer stored.", "Attach it again.")
        return data

    @on(Transcript.FileOpened)
    def _file_opened(self, event: Transcript.FileOpened) -> None:
        self.open_files(event.message.attachments, event.number)

    def open_files(self, files: tuple[Attachment, ...], place: int) -> None:
        """Show one of some files on the whole screen; the others can be gone to from it.

        Args:
            files: The files, whose bytes are in the store.
            place: Which, from 0.
        """
        # Imported late: it is no part of a start.
        from tui.screens.image import ImageScreen

        if 0 <= place < len(files):
            others = [(file, partial(self._picture_data, file.digest)) for file in files]
            self.app.push_screen(ImageScreen(*others[place], others=others, place=place))
