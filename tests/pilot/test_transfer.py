"""The export dialog and the import screen."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from textual.app import App
from textual.widgets import Button, RadioButton, Static

from tests.support.builders import a_conversation, an_exchange, take_in
from tests.unit.transfer.conftest import DATA
from tui.domain.conversation import Conversation
from tui.screens.importing import ImportScreen
from tui.screens.transfer import ExportScreen, path_from
from tui.services import Services, build
from tui.settings.schema import EngineSettings, Settings


@pytest.fixture
async def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Services]:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("XDG_DATA_HOME", "OTERM_DATA_DIR", "PARLLAMA_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    settings = Settings(
        data_dir=tmp_path / "data", state_dir=tmp_path / "state", engine=EngineSettings(enabled=False)
    )
    built = await build(settings)
    yield built
    await built.aclose()


@pytest.fixture
async def conversation(services: Services) -> Conversation:
    conversation = a_conversation("Capitals of [red]Europe\x1b[31m")
    await take_in(services.store, conversation, an_exchange(conversation))
    return conversation


def words(screen: ExportScreen | ImportScreen, selector: str = "#message") -> str:
    return str(screen.query_one(selector, Static).visual)


async def until_idle(app: App[None]) -> None:
    await app.workers.wait_for_complete()


async def test_a_conversation_is_written_under_the_proposed_name(
    services: Services, conversation: Conversation, tmp_path: Path
) -> None:
    app = App[None]()
    async with app.run_test() as pilot:
        screen = ExportScreen(services, conversation)
        await app.push_screen(screen)
        assert "[red]Europe␛[31m" in words(screen, "#heading")
        name = f"capitals-of-red-europe-31m-{conversation.id[:8]}"
        assert screen.path.value == str(tmp_path / f"{name}.md")
        await pilot.press("enter")
        await until_idle(app)
        assert app.screen is not screen
        assert (tmp_path / f"{name}.md").read_text("utf-8").startswith("# Capitals of ")


async def test_the_name_follows_what_is_chosen(
    services: Services, conversation: Conversation, tmp_path: Path
) -> None:
    app = App[None]()
    async with app.run_test() as pilot:
        screen = ExportScreen(services, conversation)
        await app.push_screen(screen)
        screen.path.value = str(tmp_path / "elsewhere" / "x.md")
        screen.formats.query(RadioButton).last().toggle()
        await pilot.pause()
        assert Path(screen.path.value).parent == tmp_path / "elsewhere"
        assert screen.path.value.endswith(".html")
        screen.everything.value = True
        await pilot.pause()
        assert screen.path.value == str(tmp_path / "elsewhere" / "conversations")
        await pilot.press("enter")
        await until_idle(app)
        assert len(list((tmp_path / "elsewhere" / "conversations").glob("*.html"))) == 1


async def test_an_existing_file_is_overwritten_only_when_asked_twice(
    services: Services, conversation: Conversation, tmp_path: Path
) -> None:
    target = tmp_path / "mine.json"
    target.write_text("precious", "utf-8")
    app = App[None]()
    async with app.run_test() as pilot:
        screen = ExportScreen(services, conversation)
        await app.push_screen(screen)
        screen.path.value = str(target)
        await pilot.press("enter")
        await until_idle(app)
        assert "exists already" in words(screen)
        assert target.read_text("utf-8") == "precious"
        await pilot.press("enter")
        await until_idle(app)
    assert target.read_text("utf-8") != "precious"


async def test_what_cannot_be_written_is_said(services: Services, conversation: Conversation) -> None:
    app = App[None]()
    async with app.run_test() as pilot:
        screen = ExportScreen(services, conversation)
        await app.push_screen(screen)
        screen.path.value = "/no/such/folder/x.md"
        await pilot.press("enter")
        await until_idle(app)
        assert "cannot be written: No such file or directory" in words(screen)
        await pilot.press("escape")
        assert app.screen is not screen


async def test_without_a_conversation_all_are_written(
    services: Services, conversation: Conversation, tmp_path: Path
) -> None:
    app = App[None]()
    async with app.run_test() as pilot:
        screen = ExportScreen(services, None)
        await app.push_screen(screen)
        assert screen.everything.value
        screen.formats.query(RadioButton)[1].toggle()
        await pilot.pause()
        await pilot.press("enter")
        await until_idle(app)
    document = json.loads((tmp_path / "conversations.json").read_text("utf-8"))
    assert [each["conversation"]["id"] for each in document["conversations"]] == [conversation.id]


async def test_an_import_says_what_came_of_it(services: Services) -> None:
    app = App[None]()
    async with app.run_test() as pilot:
        screen = ImportScreen(services)
        await app.push_screen(screen)
        screen.path.value = f"'{DATA / 'chatgpt.json'}'"
        await pilot.press("enter")
        await until_idle(app)
        assert words(screen) == "2 conversations imported."
        screen.path.value = str(DATA / "dot.png")
        await pilot.press("enter")
        await until_idle(app)
        assert "1 failed" in words(screen)
        assert "dot.png: it is not UTF-8 text" in words(screen, "#failures")
        await pilot.press("escape")
        assert app.screen is not screen
    assert len(await services.store.conversation_ids()) == 2


async def test_an_import_is_undone_from_the_screen(services: Services) -> None:
    told: list[int | None] = []
    app = App[None]()
    async with app.run_test() as pilot:
        screen = ImportScreen(services)
        await app.push_screen(screen, told.append)
        assert not screen.undo_button.display
        screen.path.value = str(DATA / "chatgpt.json")
        await pilot.press("enter")
        await until_idle(app)
        await pilot.click("#undo")
        await until_idle(app)
        assert words(screen) == "Undone: imported 2 conversations."
        assert not screen.undo_button.display
        assert await services.store.conversation_ids() == ()
        await pilot.press("enter")
        await until_idle(app)
        assert words(screen) == "2 conversations imported."
        await pilot.press("escape")
    assert told == [services.undo.last]
    await services.undo.undo()
    assert await services.store.conversation_ids() == ()


async def test_stores_that_are_there_have_a_button(services: Services, tmp_path: Path) -> None:
    chats = tmp_path / "home" / ".parllama" / "chats"
    chats.mkdir(parents=True)
    (chats / "a.json").write_bytes((DATA / "parllama.json").read_bytes())
    app = App[None]()
    async with app.run_test() as pilot:
        screen = ImportScreen(services)
        await app.push_screen(screen)
        assert [button.id for button in screen.query("#stores Button").results(Button)] == ["from-parllama"]
        await pilot.click("#from-parllama")
        await until_idle(app)
        assert words(screen) == "1 conversation imported."


def test_a_path_may_be_quoted() -> None:
    assert path_from(" '/tmp/a b.json' ") == Path("/tmp/a b.json")
    assert path_from('"/tmp/x') == Path('"/tmp/x')
    assert path_from("~/x") == Path.home() / "x"
