"""Pictures in the transcript."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest
from rich.console import Console
from textual import on
from textual.app import ComposeResult
from textual.geometry import Region
from textual.screen import ModalScreen
from textual.widgets import Static

from tests.support.desk import happens
from tests.support.pictures import attached, png
from tests.support.pixels import kitty_commands, placeholder_cells, sixel_pixels
from tests.support.transcript_app import TranscriptApp, conversation
from tui.domain.conversation import Attachment, Message, MessageStatus
from tui.domain.errors import BadRequest
from tui.domain.graphics import Graphics, Protocol
from tui.screens.pictures import Studio
from tui.widgets.picture_events import PicturesWanted
from tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from textual._compositor import CompositorUpdate


class PicturesApp(TranscriptApp):
    """A transcript whose pictures are drawn as the chat screen has them drawn."""

    def __init__(self, messages: Sequence[Message], protocol: Protocol = Protocol.HALFCELL) -> None:
        super().__init__(messages)
        self.graphics = Graphics(protocol, 10, 20)
        self.files: dict[str, bytes] = {}
        self.studio = Studio(self._file_data)
        self.wanted: list[PicturesWanted] = []
        self.opened: list[Transcript.FileOpened] = []

    async def _file_data(self, digest: str) -> bytes:
        if digest not in self.files:
            raise BadRequest("This file is no longer stored.")
        return self.files[digest]

    @on(PicturesWanted)
    def _pictures_wanted(self, event: PicturesWanted) -> None:
        self.wanted.append(event)
        self.studio.want(event)
        if not self.studio.is_busy:
            self.studio.is_busy = True
            self.run_worker(self.studio.work(self.graphics))

    @on(Transcript.FileOpened)
    def _file_opened(self, event: Transcript.FileOpened) -> None:
        self.opened.append(event)

    def written(self) -> str:
        """Return what the terminal would be told to draw the screen anew."""
        update = cast("CompositorUpdate", self.screen._compositor.render_update(full=True))
        return update.render_segments(Console(color_system="truecolor"))


def with_pictures(app_type: type[PicturesApp], count: int, protocol: Protocol) -> PicturesApp:
    """Return an app with a picture at every second message, each of another colour."""
    pictures = [png(400, 300, f"#{40 + number:02x}8020") for number in range(count)]
    files = [attached(data, f"pic{number}.png", 400, 300) for number, data in enumerate(pictures)]
    messages = [
        replace(message, attachments=(files[number // 2],) if not number % 2 else ())
        for number, message in enumerate(conversation(count * 2))
    ]
    app = app_type(messages, protocol)
    app.files = {file.digest: data for file, data in zip(files, pictures, strict=True)}
    return app


def pictures(count: int, protocol: Protocol = Protocol.HALFCELL) -> PicturesApp:
    return with_pictures(PicturesApp, count, protocol)


def one(file: Attachment, data: bytes | None, protocol: Protocol = Protocol.HALFCELL) -> PicturesApp:
    messages = conversation(2, 1)
    app = PicturesApp([replace(messages[0], attachments=(file,)), messages[1]], protocol)
    if data is not None:
        app.files[file.digest] = data
    return app


def is_at_rest(app: PicturesApp) -> bool:
    return bool(app.wanted) and not app.wanted[-1].requests and not app.studio.is_busy


async def test_a_picture_comes_without_anything_moving() -> None:
    data = png(400, 300)
    app = one(attached(data, width=400, height=300), data)
    async with app.run_test(size=(80, 30)) as pilot:
        before = app.rows()
        await happens(lambda: is_at_rest(app))
        await pilot.pause()
        after = app.rows()
        assert before[2] == after[2] and "┌ paris.png 400×300 ┐" in after[2]
        assert [row.strip() for row in before[15:]] == [row.strip() for row in after[15:]]
        assert "▀" not in "".join(before) or app.wanted
        assert "\x1b[38;2;255;0;0" in app.written()
    assert app.studio.decoded == 1


async def test_only_pictures_that_are_seen_are_decoded() -> None:
    app = pictures(100)
    async with app.run_test(size=(80, 24)) as pilot:
        await happens(lambda: is_at_rest(app))
        assert app.studio.decoded <= 3
        app.transcript.action_first_message()
        await pilot.pause()
        await happens(lambda: is_at_rest(app))
        assert app.studio.decoded <= 6
        app.transcript.action_last_message()
        await pilot.pause()
        await happens(lambda: is_at_rest(app))
        assert app.studio.decoded <= 6, "what was drawn is kept"


async def test_text_that_arrives_decodes_nothing_and_encodes_nothing() -> None:
    app = pictures(2, Protocol.SIXEL)
    async with app.run_test(size=(80, 30)) as pilot:
        await happens(lambda: is_at_rest(app))
        decoded, wanted = app.studio.decoded, len(app.wanted)
        answer = replace(conversation(6, 0)[5], content="", status=MessageStatus.STREAMING)
        app.transcript.append(answer)
        for count in range(1, 12):
            app.transcript.stream(answer.id, "word " * count, "")
            await pilot.pause()
        assert app.studio.decoded == decoded
        assert all(not event.requests for event in app.wanted[wanted:])


async def test_what_scrolls_away_before_its_turn_is_never_decoded() -> None:
    app = pictures(60)
    async with app.run_test(size=(80, 24)) as pilot:
        await happens(lambda: is_at_rest(app))
        app.studio.is_busy, decoded = True, app.studio.decoded
        for _ in range(12):
            app.transcript.page(-1)
            await pilot.pause()
        app.studio.is_busy = False
        app.transcript.refresh()
        app.transcript.picture_drawn(app.wanted[-1].requests[0], "gone")
        await happens(lambda: is_at_rest(app))
        assert app.studio.decoded - decoded <= 4


async def test_drawn_pictures_are_kept_within_bounds() -> None:
    app = pictures(40)
    async with app.run_test(size=(80, 24)) as pilot:
        gallery = app.transcript._items.gallery
        gallery._kept = 400_000
        for _ in range(12):
            app.transcript.page(-1)
            await pilot.pause()
            await happens(lambda: is_at_rest(app))
        assert gallery.size <= 600_000


async def test_a_picture_that_is_broken_or_gone_says_so_in_its_place() -> None:
    data = b"no picture"
    for app, words in (
        (one(attached(data, "a.png", 600, 400), data), "This picture cannot be shown"),
        (one(attached(b"x", "b.png", 600, 400), None), "This file is no longer stored."),
    ):
        async with app.run_test(size=(80, 24)) as pilot:
            await happens(lambda app=app: is_at_rest(app))  # type: ignore[misc]
            await pilot.pause()
            assert words in app.rows()[3]
            # It takes the room of its words, not that of a picture.
            assert any("m1 line 0" in row for row in app.rows()[6:8])
            # Drawn again, it is no other height: nothing is wanted anew either.
            wanted = len(app.wanted)
            app.transcript.refresh()
            await pilot.pause()
            assert len(app.wanted) == wanted


async def test_switched_off_only_the_name_is_shown() -> None:
    data = png()
    app = one(attached(data, "a\x1b[31m\nb.png"), data, Protocol.OFF)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert [row.strip() for row in app.rows()[2:4]] == ["┌ a␛[31m b.png 60×40 ┐", ""]
    assert not app.wanted


async def test_a_selection_across_a_picture_has_its_name() -> None:
    data = png()
    app = one(attached(data), data)
    async with app.run_test(size=(80, 24)) as pilot:
        await happens(lambda: is_at_rest(app))
        app.screen.text_select_all()
        await pilot.pause()
        text = app.screen.get_selected_text()
    assert text is not None
    assert text.splitlines() == ["m0 line 0", "paris.png 60×40", "", "m1 line 0"]


async def test_a_click_opens_a_picture_and_so_does_its_key() -> None:
    data = png()
    app = one(attached(data), data)
    async with app.run_test(size=(80, 24)) as pilot:
        await happens(lambda: is_at_rest(app))
        await pilot.click(Transcript, offset=(4, 2))
        await pilot.click(Transcript, offset=(4, 4))
        await pilot.press("g", "o")
        await pilot.pause()
        assert [event.number for event in app.opened] == [0, 0, 0]
        await pilot.press("G", "o")
        assert len(app.opened) == 3, "an answer without files has none to open"


async def test_of_several_files_one_is_chosen_by_its_number() -> None:
    files = (attached(png(), "a.png"), attached(b"# x", "b.md"))
    app = PicturesApp([replace(conversation(1)[0], attachments=files)], Protocol.OFF)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("o")
        await pilot.pause()
        assert "Open which?  1 a.png   2 b.md" in "".join(app.rows())
        await pilot.press("2")
        await pilot.press("o", "escape", "2")
        await pilot.pause()
        assert [event.number for event in app.opened] == [1]
        assert "Open which" not in "".join(app.rows())


def payloads(written: str) -> list[str]:
    return ["\x1bP" + part.split("\x1b\\")[0] + "\x1b\\" for part in written.split("\x1bP")[1:]]


class Dialog(ModalScreen[None]):
    DEFAULT_CSS = "Dialog { align: center middle; background: $background 50%; }"

    def compose(self) -> ComposeResult:
        yield Static("a dialog", markup=False)


async def test_sixel_is_told_for_what_is_seen_of_a_picture() -> None:
    app = pictures(3, Protocol.SIXEL)
    async with app.run_test(size=(80, 30)) as pilot:
        app.transcript.action_first_message()
        await pilot.pause()
        await happens(lambda: is_at_rest(app))
        await pilot.pause()
        sizes = [sixel_pixels(each)[:2] for each in payloads(app.written())]
        whole = sizes[0]
        assert whole[0] == 320 and whole[1] == 240
        app.transcript.scroll_to(y=7, animate=False)
        await pilot.pause()
        cut = sixel_pixels(payloads(app.written())[0])
        assert cut[:2] == (320, 240 - 2 * 20)
        await app.push_screen(Dialog())
        await pilot.pause()
        assert not payloads(app.written()), "below a dialog there are cells"
        app.pop_screen()
        await pilot.pause()
        assert payloads(app.written())


async def test_where_something_lies_over_a_picture_its_rows_are_cells() -> None:
    app = pictures(1, Protocol.SIXEL)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await happens(lambda: is_at_rest(app))
        await pilot.pause()
        app.transcript.styles.height = 24
        before = [sixel_pixels(each)[1] for each in payloads(app.written())]
        cover = Static("over", markup=False)
        cover.styles.layer, cover.styles.dock, cover.styles.height = "over", "top", 6
        app.screen.styles.layers = "default over"
        await app.mount(cover)
        await pilot.pause()
        await pilot.pause()
        during = [sixel_pixels(each)[1] for each in payloads(app.written())]
        await cover.remove()
        await pilot.pause()
        await pilot.pause()
        after = [sixel_pixels(each)[1] for each in payloads(app.written())]
        assert before == after and sum(during) < sum(before)


async def test_a_row_of_sixel_is_never_painted_without_the_others() -> None:
    app = pictures(1, Protocol.SIXEL)
    async with app.run_test(size=(80, 24)) as pilot:
        await happens(lambda: is_at_rest(app))
        await pilot.pause()
        ((first, last),) = app.transcript._pixels
        app.transcript._exchange_repaint_regions()

        app.transcript.refresh(Region(0, first + 1, 10, 1))
        (region,) = app.transcript._exchange_repaint_regions()
        assert (region.y, region.bottom) == (first, last)


async def test_kitty_is_told_a_picture_once_and_forgets_it_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = pictures(1, Protocol.KITTY)
    async with app.run_test(size=(80, 24)) as pilot:
        told: list[str] = []
        monkeypatch.setattr(app._driver, "write", told.append)
        await happens(lambda: is_at_rest(app))
        await pilot.pause()
        transmissions = [keys for text in told for keys, _ in kitty_commands(text) if keys.get("a") == "T"]
        assert len(transmissions) == 1
        columns, rows = int(transmissions[0]["c"]), int(transmissions[0]["r"])
        assert len(placeholder_cells(app.written())) == columns * rows
        app.transcript.scroll_to(y=3, animate=False)
        await pilot.pause()
        assert len([text for text in told if "a=T" in text]) == 1
        await app.push_screen(Dialog())
        await pilot.pause()
        assert not placeholder_cells(app.written()), "colours that are dimmed would name another picture"
        app.pop_screen()
        await pilot.pause()
    commands = [keys for text in told for keys, _ in kitty_commands(text)]
    assert [keys["d"] for keys in commands if keys.get("a") == "d"] == ["I"]
