"""Commands that are typed into the input of the real application."""

from pathlib import Path

import pytest

from tests.pilot.test_chat import Chat, running, server
from tests.support.scripted_server import ScriptedServer
from tui.screens.search import SearchScreen
from tui.widgets.completion_menu import CompletionMenu
from tui.widgets.model_picker import ModelPicker

__all__ = ["server"]


async def command(chat: Chat, text: str) -> None:
    """Write a command at once, and run it."""
    area = chat.screen.pane.prompt.area
    area.focus()
    area.insert(text)
    await chat.pilot.press("enter")


async def test_typed_commands_do_what_their_keys_do(tmp_path: Path, server: ScriptedServer) -> None:
    async with running(tmp_path, server) as chat:
        pilot, pane = chat.pilot, chat.screen.pane
        await chat.say("One")
        await chat.until(lambda: chat.contents == ["One", "You said: One"])
        await command(chat, "/rename Brave title")
        await chat.until(lambda: chat.screen.header.conversation_title == "Brave title")
        await command(chat, "/system Be brief.")
        session = chat.screen.session
        assert session is not None
        await chat.until(lambda: session.setups.current.system == "Be brief.")
        await command(chat, "/find said")
        await chat.until(lambda: pane.find_bar.is_open and pane.find_bar.input.value == "said")
        await command(chat, "/model")
        await chat.until(lambda: isinstance(chat.app.screen, ModelPicker))
        await pilot.press("escape")
        await command(chat, "/search wor")
        await chat.until(lambda: isinstance(chat.app.screen, SearchScreen))
        assert isinstance(chat.app.screen, SearchScreen) and chat.app.screen.input.value == "wor"
        await pilot.press("escape")
        await command(chat, "/new")
        await chat.until(lambda: pane.is_empty)
        assert len(server.chats()) == 1


async def test_a_model_is_named_completed_or_missed(tmp_path: Path, server: ScriptedServer) -> None:
    async with running(tmp_path, server) as chat:
        assert chat.app.services is not None
        name = chat.app.services.models.models[-1].name
        await command(chat, f"/model {name[:4]}")
        await chat.until(lambda: chat.screen.header.model.startswith(name[:4]))
        chat.screen.action_choose_model("nope")
        await chat.until(lambda: any("no model nope" in each.message for each in chat.app._notifications))


async def test_a_file_is_chosen_and_attached(
    tmp_path: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "some notes.md").write_text("Something to read.", "utf-8")
    async with running(tmp_path, server) as chat:
        pane = chat.screen.pane
        pane.prompt.area.insert("read @some")
        await chat.until(lambda: any(menu.is_open for menu in chat.screen.query(CompletionMenu)))
        await chat.pilot.press("enter")
        await chat.until(lambda: [chip.name for chip in pane.attachments.chips] == ["some notes.md"])
        assert pane.prompt.text == "read "
