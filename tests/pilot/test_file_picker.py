"""The file picker alone, over a folder of its own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.app import App
from textual.pilot import Pilot

from tests.support.files import png
from tui.domain.folder import Bookmark, FolderEntry
from tui.screens.file_picker import FilePicker
from tui.services.attachments.service import AttachmentService, Preview
from tui.services.folders import read_folder
from tui.settings.schema import AttachmentSettings
from tui.storage.conversations import SqliteConversationStore
from tui.widgets.folder_list import FolderOption

Until = Callable[[Callable[[], object]], Awaitable[None]]


class Picking(App[None]):
    """An app that is nothing but the picker."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.picked: list[str] = []
        self.looked: list[str] = []

    async def look(self, path: Path) -> Preview:
        self.looked.append(path.name)
        store = await SqliteConversationStore.open(self.folder.parent / "store" / "c.db")
        try:
            return await AttachmentService(store, AttachmentSettings()).preview(path)
        finally:
            await store.aclose()

    def take(self, paths: Sequence[Path]) -> None:
        self.picked = [path.name for path in paths]

    def on_mount(self) -> None:
        self.push_screen(FilePicker(self.look, self.take, folder=str(self.folder), longest=1568))

    @property
    def picker(self) -> FilePicker:
        assert isinstance(self.screen, FilePicker)
        return self.screen

    @property
    def names(self) -> list[str]:
        options = self.picker.folder.options
        return [option.entry.name for option in options if isinstance(option, FolderOption)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    (folder / "Sub").mkdir(parents=True)
    (folder / "Sub" / "inner.txt").write_text("x")
    (folder / "b.png").write_bytes(png((300, 200)))
    (folder / "a.md").write_text("# Title\n")
    (folder / "evil\n\x1b[31m.txt").write_text("x")
    (folder / ".hidden").write_text("x")
    return folder


@asynccontextmanager
async def picking(folder: Path, width: int = 120) -> AsyncIterator[tuple[Picking, Pilot[None], Until]]:
    app = Picking(folder)

    async def until(condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await pilot.pause()

    async with app.run_test(size=(width, 30)) as pilot:
        await until(lambda: isinstance(app.screen, FilePicker) and app.screen.is_mounted)
        yield app, pilot, until


def words(app: Picking, where: str) -> str:
    return str(app.picker.query_one(where).render())


def seen(app: Picking, row: int) -> str:
    return "".join(segment.text for segment in app.picker.folder.render_line(row))


async def test_folders_come_first_and_typing_filters(folder: Path) -> None:
    async with picking(folder) as (app, pilot, until):
        await until(lambda: app.names == ["Sub", "a.md", "b.png", "evil\n\x1b[31m.txt"])
        row = "".join(segment.text for segment in app.picker.folder.render_line(3))
        assert "evil ␛[31m.txt" in row
        await pilot.press("p", "n", "g")
        await until(lambda: app.names == ["b.png"])
        await pilot.press("escape")
        await until(lambda: len(app.names) == 4)
        await pilot.press("f2")
        await until(lambda: app.names == ["Sub", "b.png"])
        await pilot.press("f2", "f3")
        await until(lambda: ".hidden" in app.names)


async def test_several_files_are_taken_in_the_order_they_were_chosen(folder: Path) -> None:
    async with picking(folder) as (app, pilot, until):
        await until(lambda: len(app.names) == 4)
        await pilot.press("down", "down", "space", "up", "up", "space")
        await until(lambda: "2 chosen" in words(app, "#count"))
        await pilot.press("enter")
        await until(lambda: app.picked == ["b.png", "a.md"])
        assert not isinstance(app.screen, FilePicker)


async def test_lines_are_named_behind_what_was_typed(folder: Path) -> None:
    async with picking(folder) as (app, pilot, until):
        await until(lambda: len(app.names) == 4)
        await pilot.press("a", "full_stop", "m", "d", "colon", "1", "minus", "2")
        await until(lambda: app.names == ["a.md"] and "1-2" in words(app, "#count"))
        await pilot.press("enter")
        await until(lambda: app.picked == ["a.md:1-2"])


async def test_folders_are_opened_and_left_again(folder: Path) -> None:
    async with picking(folder) as (app, pilot, until):
        await until(lambda: len(app.names) == 4)
        await pilot.press("enter")
        await until(lambda: app.names == ["inner.txt"])
        await pilot.press("backspace")
        await until(lambda: len(app.names) == 4)
        assert app.picked == []


async def test_the_file_under_the_cursor_is_looked_at(folder: Path) -> None:
    async with picking(folder) as (app, pilot, until):
        await until(lambda: len(app.names) == 4)
        await pilot.press("down", "down")
        await until(lambda: "300×200 · PNG" in words(app, "#facts"))
        assert "≈ 336 tokens" in words(app, "#facts")
        await pilot.press("up")
        await until(lambda: "# Title" in words(app, "#text"))
        (folder / "a.md").unlink()
        await pilot.press("down", "up")
        await until(lambda: "a.md is not there" in words(app, "#facts"))


async def test_a_folder_of_fifty_thousand_files_is_listed_to_its_end_and_made_as_it_is_seen(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = tuple(FolderEntry(f"file{n:05}.txt", False, f"file{n:05}.txt") for n in range(50_000))
    made: list[str] = []

    class Counted(FolderOption):
        def __init__(self, location: Path, entry: FolderEntry, index: int, *, is_chosen: bool) -> None:
            made.append(entry.name)
            super().__init__(location, entry, index, is_chosen=is_chosen)

    async def read(path: Path) -> tuple[FolderEntry, ...]:
        return many

    monkeypatch.setattr("tui.screens.file_picker.read_folder", read)
    monkeypatch.setattr("tui.widgets.folder_list.FolderOption", Counted)
    async with picking(folder) as (app, pilot, until):
        listing = app.picker.folder
        await until(lambda: "50,000 here" in words(app, "#count"))
        for key, place in (
            ("end", 49_999),
            ("up", 49_998),
            ("home", 0),
            ("up", 49_999),
            ("down", 0),
            ("pagedown", listing.scrollable_content_region.height),
            ("pageup", 0),
        ):
            await pilot.press(key)
            assert listing.highlighted == place
        await pilot.press("end", "space")
        await until(lambda: "1 chosen" in words(app, "#count"))
        await pilot.press("end")
        await until(lambda: "✓ file49999.txt" in seen(app, listing.size.height - 1))
        assert listing.max_scroll_y == 50_000 - listing.size.height
        await pilot.press(*"49998")
        await until(lambda: "1 here" in words(app, "#count"))
        assert "file49998.txt" in seen(app, 0)
        await pilot.press("escape")
        await until(lambda: "50,000 here" in words(app, "#count"))
        # Where it was before the others came back.
        assert listing.highlighted == 49_998
        assert len(made) < 1000


async def test_a_folder_that_does_not_answer_blocks_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = asyncio.Event()

    async def read(path: Path) -> object:
        if path.name == "Sub":
            await stuck.wait()
        return await read_folder(path)

    monkeypatch.setattr("tui.screens.file_picker.read_folder", read)
    async with picking(folder) as (app, pilot, until):
        await until(lambda: len(app.names) == 4)
        await pilot.press("enter")
        await until(lambda: "Reading" in words(app, "#count"))
        # What was listed before is in another folder.
        await until(lambda: not app.names)
        await pilot.press("backspace")
        await until(lambda: "4 here" in words(app, "#count"))


async def test_where_there_is_little_room_the_places_stand_where_the_preview_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def places(_: str) -> tuple[Bookmark, ...]:
        return (Bookmark("Sub", folder / "Sub"),)

    monkeypatch.setattr("tui.screens.file_picker.bookmarks", places)
    async with picking(folder, 80) as (app, pilot, until):
        await until(lambda: len(app.names) == 4 and app.picker.places.option_count)
        assert (app.picker.places.display, app.picker.preview.display) == (False, True)
        await pilot.press("tab")
        await until(lambda: app.picker.places.display and not app.picker.preview.display)
        await pilot.press("enter")
        await until(lambda: app.names == ["inner.txt"])
        assert (app.picker.places.display, app.picker.preview.display) == (False, True)
        assert app.picker.folder.has_focus
