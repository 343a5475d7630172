"""One file on the whole screen."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest
from textual.app import App
from textual.geometry import Region
from textual.widgets import Input

from tests.support.desk import happens
from tests.support.pictures import attached, gradient, png
from tui.domain.conversation import Attachment
from tui.domain.errors import FileUnusable
from tui.screens import saving
from tui.screens.dialogs import ConfirmScreen
from tui.screens.image import ImageScreen
from tui.screens.model_dialogs import NameScreen
from tui.screens.saving import safe_name
from tui.widgets.message_image import PictureView


class ImageApp(App[None]):
    def __init__(self, files: Sequence[tuple[Attachment, bytes | None]]) -> None:
        super().__init__()
        self.files = files
        self.ready = 0

    def on_mount(self) -> None:
        others = [(file, self._load(data)) for file, data in self.files]
        self.push_screen(ImageScreen(*others[0], others=others, place=0))

    def _load(self, data: bytes | None):  # type: ignore[no-untyped-def]
        async def load() -> bytes:
            if data is None:
                raise FileUnusable("This file is no longer stored.", "Attach it again.")
            return data

        return load

    def on_picture_view_ready(self) -> None:
        self.ready += 1

    @property
    def image(self) -> ImageScreen:
        found = next(screen for screen in self.screen_stack if isinstance(screen, ImageScreen))
        return found

    def rows(self) -> list[str]:
        return [strip.text.rstrip() for strip in self.screen._compositor.render_strips()]


def large() -> tuple[Attachment, bytes]:
    data = BytesIO()
    gradient(160, 100).save(data, "PNG")
    return attached(data.getvalue(), "large.png", 160, 100), data.getvalue()


async def test_an_image_is_fitted_zoomed_and_moved() -> None:
    app = ImageApp([large()])
    async with app.run_test(size=(60, 24)) as pilot:
        view = app.image.query_one(PictureView)
        await happens(lambda: app.ready == 1)
        await pilot.pause()
        assert "large.png" in app.rows()[0] and "160×100" in app.rows()[0] and "fit" in app.rows()[0]
        assert view._drawn is not None and view._drawn.columns == 59
        await pilot.press("z")
        await happens(lambda: app.ready == 2)
        assert "100 %" in app.rows()[0]
        await pilot.press("left", "up")
        assert view._at == (0, 0)
        await pilot.press("right", "down")
        assert view._at == (8, 8)
        await pilot.press(*["right"] * 14, *["down"] * 8)
        assert view._at == (160 - 59, 100 - 44)
        await pilot.press("0")
        await pilot.pause()
        assert view._at == (0, 0) and "fit" in app.rows()[0]


async def test_a_small_picture_at_its_own_size_stands_in_the_middle() -> None:
    data = png(20, 10)
    app = ImageApp([(attached(data, "small.png", 20, 10), data)])
    async with app.run_test(size=(60, 24)) as pilot:
        view = app.image.query_one(PictureView)
        await happens(lambda: app.ready == 1)
        await pilot.press("z")
        await happens(lambda: app.ready == 2)
        width, height = view.size
        rows = [
            [
                bool(
                    each.style
                    and each.style.bgcolor
                    and each.style.bgcolor.triplet
                    and each.style.bgcolor.triplet.red > 200
                )
                for each in strip
                for _ in each.text
            ]
            for strip in view.render_lines(Region(0, 0, width, height))
        ]
        top, left = (height - 5) // 2, (width - 20) // 2
        assert [number for number, row in enumerate(rows) if any(row)] == list(range(top, top + 5))
        assert [number for number, cell in enumerate(rows[top]) if cell] == list(range(left, left + 20))


async def test_the_other_files_of_the_message_are_gone_to() -> None:
    text = b"# Notes\n\x1b]0;x\x07\ttab\n" + b"more\n" * 100
    notes = Attachment("0", "no\ntes.md", "text/markdown", len(text))
    broken = attached(b"broken", "broken.png")
    app = ImageApp([large(), (notes, text), (broken, b"broken"), (attached(b"gone", "gone.png"), None)])
    async with app.run_test(size=(60, 24), notifications=True) as pilot:
        await happens(lambda: app.ready == 1)
        await pilot.press("n")
        await happens(lambda: any("# Notes" in row for row in app.rows()))
        assert "no tes.md" in app.rows()[0] and "2/4" in app.rows()[0]
        assert app.rows()[2].startswith("␛]0;x␇")
        await pilot.press("j", "j")
        await pilot.pause()
        assert not any("# Notes" in row for row in app.rows())
        await pilot.press("n")
        await happens(lambda: any("cannot be shown" in row for row in app.rows()))
        await pilot.press("n")
        await happens(lambda: any("is no longer" in row for row in app.rows()))
        await pilot.press("n")
        await happens(lambda: "large.png" in app.rows()[0])
        await pilot.press("p", "escape")
        await pilot.pause()
        assert not any(isinstance(screen, ImageScreen) for screen in app.screen_stack)


async def test_a_file_is_saved_and_nothing_overwritten_without_asking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "default_folder", lambda: tmp_path)
    file, data = large()
    app = ImageApp([(file, data)])
    target = tmp_path / "large.png"
    async with app.run_test(size=(100, 24)) as pilot:
        await happens(lambda: app.ready)
        await pilot.press("s")
        await pilot.pause()
        assert isinstance(app.screen, NameScreen)
        assert app.screen.query_one(Input).value == str(target)
        await pilot.press("enter")
        await happens(target.exists)
        assert target.read_bytes() == data
        target.write_text("mine")
        for answer, left in (("n", b"mine"), ("y", data)):
            await pilot.press("s")
            await pilot.pause()
            await pilot.press("enter")
            await happens(lambda: isinstance(app.screen, ConfirmScreen))
            await pilot.press(answer)
            await happens(lambda: isinstance(app.screen, ImageScreen))
            await happens(lambda left=left: target.read_bytes() == left)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("folder", "name", "words"), [("none", "x.png", "cannot be written"), ("", "", "is a folder")]
)
async def test_a_place_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, name: str, words: str
) -> None:
    monkeypatch.setattr(saving, "default_folder", lambda: tmp_path / folder)
    monkeypatch.setattr(saving, "safe_name", lambda _: name)
    app = ImageApp([(attached(png()), png())])
    async with app.run_test(size=(100, 24)) as pilot:
        await happens(lambda: app.ready)
        await pilot.press("s")
        await pilot.pause()
        await pilot.press("enter")
        await happens(lambda: any(words in each.message for each in app._notifications))


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("paris.png", "paris.png"),
        ("../../.bashrc", "bashrc"),
        ("/etc/passwd", "passwd"),
        ("a\\b\\c.png", "c.png"),
        ("a\x1b]0;x\x07\nb.png", "a_]0_x_ b.png"),
        ("..", "attachment"),
        ("", "attachment"),
    ],
)
def test_a_name_from_outside_stays_in_the_folder(name: str, safe: str) -> None:
    got = safe_name(name)
    assert got == safe or (("/" not in got) and "\x1b" not in got and not got.startswith("."))
    assert Path("/folder", got).parent == Path("/folder")
