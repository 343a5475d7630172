"""The files above the input."""

import hashlib
from io import BytesIO

from PIL import Image
from textual import on
from textual.app import App, ComposeResult
from textual.message import Message

from tui.domain.conversation import Attachment
from tui.domain.graphics import Graphics
from tui.rendering.picture import PictureRequest
from tui.widgets.attachment_row import THUMBNAIL, AttachmentRow, Chip
from tui.widgets.message_image import canvas
from tui.widgets.picture_events import PicturesWanted


def picture(width: int = 60, height: int = 40) -> bytes:
    data = BytesIO()
    Image.new("RGB", (width, height), "#ff0000").save(data, "PNG")
    return data.getvalue()


def chip(name: str, note: str = "60×40 · 1 kB") -> Chip:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return Chip(name, note, Attachment(digest, name, "image/png", 100, 60, 40))


class RowApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Message] = []

    def compose(self) -> ComposeResult:
        yield AttachmentRow()

    @property
    def row(self) -> AttachmentRow:
        return self.query_one(AttachmentRow)

    def rows(self) -> list[str]:
        strips = self.screen._compositor.render_strips()
        return [strip.text.rstrip() for strip in strips][: self.row.region.bottom]

    @on(AttachmentRow.Removed)
    @on(AttachmentRow.Moved)
    @on(AttachmentRow.Opened)
    @on(AttachmentRow.Left)
    @on(PicturesWanted)
    def _hear(self, event: Message) -> None:
        self.heard.append(event)


async def test_the_row_is_there_only_while_there_are_files() -> None:
    app = RowApp()
    async with app.run_test(size=(80, 24)) as pilot:
        assert not app.row.display
        app.row.show([chip("paris.png"), chip("a\x1b]0;x\x07\nb.md")])
        await pilot.pause()
        assert app.rows() == ["  [paris.png ✕] [a␛]0;x␇ b.md ✕]"]
        app.row.show([])
        await pilot.pause()
        assert not app.row.display


async def test_keys_go_along_the_row_and_ask_for_what_is_done_with_a_file() -> None:
    app = RowApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.row.show([chip("a.png"), chip("b.png"), chip("c.png")])
        app.row.focus()
        await pilot.press(
            "right", "enter", "alt+left", "shift+right", "backspace", "left", "left", "alt+left"
        )
        await pilot.press("escape")
        said = [
            (type(event).__name__, getattr(event, "index", None), getattr(event, "step", None))
            for event in app.heard
        ]
        assert said == [
            ("Opened", 1, None),
            ("Moved", 1, -1),
            ("Moved", 1, 1),
            ("Removed", 1, None),
            ("Left", None, None),
        ]


async def test_the_cursor_stays_on_its_file_when_the_order_changes() -> None:
    app = RowApp()
    async with app.run_test(size=(80, 24)) as pilot:
        a, b, c = chip("a.png"), chip("b.png"), chip("c.png")
        app.row.show([a, b, c])
        app.row.focus()
        await pilot.press("right")
        app.row.show([b, a, c])
        assert app.row.cursor == 0
        app.row.show([])
        await pilot.pause()
        assert isinstance(app.heard[-1], AttachmentRow.Left)


async def test_a_click_opens_and_a_click_on_the_cross_removes() -> None:
    app = RowApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.row.show([chip("a.png"), chip("b.png")])
        await pilot.pause()
        cross = app.rows()[0].rindex("✕") - 2
        await pilot.click(AttachmentRow, offset=(cross, 0))
        await pilot.click(AttachmentRow, offset=(2, 0))
        assert [type(event).__name__ for event in app.heard] == ["Removed", "Opened"]
        assert [event.index for event in app.heard if isinstance(event, AttachmentRow.Removed)] == [1]


async def test_a_file_that_is_being_read_cannot_be_opened_and_a_failed_one_says_so() -> None:
    app = RowApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.row.show([Chip("a.png", state="working"), Chip("b.png", "too large", state="failed")])
        app.row.focus()
        await pilot.press("enter")
        assert app.rows() == ["  [… a.png ✕] [✗ b.png ✕]"]
        assert app.heard == []


async def test_more_files_than_fit_are_counted_and_can_be_reached() -> None:
    app = RowApp()
    async with app.run_test(size=(40, 24)) as pilot:
        app.row.show([chip(f"file{number}.png") for number in range(9)])
        app.row.focus()
        await pilot.pause()
        assert app.rows() == ["  [file0.png ✕] [file1.png ✕] +7"]
        await pilot.press(*["right"] * 8)
        assert "file8.png" in app.rows()[0] and "‹" in app.rows()[0]


async def test_on_a_tall_screen_there_are_thumbnails_and_notes() -> None:
    app = RowApp()
    async with app.run_test(size=(80, 40)) as pilot:
        app.row.show([chip("a.png")])
        await pilot.pause()
        wanted = app.heard[-1]
        assert isinstance(wanted, PicturesWanted) and wanted.small
        request = wanted.requests[0]
        assert (request.columns, request.rows) == THUMBNAIL
        assert app.rows() == ["  a.png ✕", "  60×40 · 1 kB"]
        small = PictureRequest("", *THUMBNAIL)
        app.row.picture_drawn(request, canvas(picture(), small, Graphics()).sketched())
        await pilot.pause()
        assert app.rows()[0].endswith("a.png ✕") and app.rows()[0] != "  a.png ✕"
