"""The settings of a conversation and presets, over real services and a scripted server."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input, TextArea

from tests.pilot.test_chat import Chat
from tests.support.script import Model, Reply
from tests.support.scripted_server import ScriptedServer
from tui.app import ChatApp
from tui.cli import Invocation
from tui.domain.generation import Options
from tui.domain.preset import Preset
from tui.domain.setup import UNSET, Setup
from tui.screens.conversation_settings import SettingsScreen
from tui.screens.dialogs import ConfirmScreen
from tui.screens.model_dialogs import ChoiceScreen, NameScreen
from tui.screens.presets import PresetsScreen
from tui.settings.preset_file import preset_toml
from tui.settings.presets import PresetFolder
from tui.settings.schema import ChatSettings, InterfaceSettings, ServerSettings, Settings
from tui.widgets.setting_rows import ChoiceRow

PIRATE = Preset("Pirate", Setup(system="Arr.", options=Options(temperature=1.5)))


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@asynccontextmanager
async def running(
    tmp_path: Path, server: ScriptedServer, invocation: Invocation | None = None, preset: str = ""
) -> AsyncIterator[Chat]:
    settings = Settings(
        server=ServerSettings(host=server.url),
        chat=ChatSettings(titles=False, preset=preset),
        interface=InterfaceSettings(animation=False),
        data_dir=tmp_path / "data",
        state_dir=tmp_path / "state",
        presets_dir=tmp_path / "presets",
    )
    app = ChatApp(settings, invocation)
    async with app.run_test(size=(100, 40)) as pilot:
        chat = Chat(app, pilot)
        await chat.until(lambda: len(app.screen_stack) > 1 and chat.screen.session is not None)
        await chat.until(lambda: app.services is not None and app.services.models.known)
        yield chat


async def opened(chat: Chat) -> SettingsScreen:
    await chat.pilot.press("ctrl+t")
    await chat.until(lambda: isinstance(chat.app.screen, SettingsScreen) and chat.app.screen.form.is_mounted)
    screen = chat.app.screen
    assert isinstance(screen, SettingsScreen)
    await chat.until(lambda: screen.query_one("#num_ctx", Input).placeholder)
    return screen


def listed(chat: Chat) -> PresetsScreen:
    screen = chat.app.screen
    assert isinstance(screen, PresetsScreen)
    return screen


def line(screen: SettingsScreen, key: str) -> Input:
    return screen.query_one(f"#{key}", Input)


def wrong(screen: SettingsScreen, key: str) -> str:
    return screen.form.row(key).wrong


def setup_of(chat: Chat) -> Setup:
    assert chat.screen.session is not None
    return chat.screen.session.setups.current


async def test_what_is_set_before_the_first_message_is_sent_with_it_and_stored(
    tmp_path: Path, server: ScriptedServer
) -> None:
    async with running(tmp_path, server) as chat:
        screen = await opened(chat)
        await chat.until(lambda: line(screen, "temperature").placeholder == "model's default 0.7")
        assert line(screen, "top_p").placeholder == "server's default 0.9"
        await chat.pilot.press(*"Brief.")
        line(screen, "temperature").value = "0.25"
        screen.query_one("#stop", TextArea).text = "###\n\\nUser:"
        screen.query_one("#format", ChoiceRow).chosen = 1
        screen.query_one("#policy", ChoiceRow).chosen = 2
        line(screen, "keep_alive").value = "10m"
        await chat.pilot.press("ctrl+s")
        await chat.until(lambda: chat.app.screen is chat.screen)
        await chat.say("Hello")
        await chat.until(lambda: len(server.chats()) == 1)
        sent = server.chats()[0].json
        assert sent["messages"][0] == {"role": "system", "content": "Brief."}
        assert sent["options"] == {"temperature": 0.25, "stop": ["###", "\nUser:"]}
        assert (sent["format"], sent["keep_alive"]) == ("json", "10m")
        await chat.until(lambda: chat.screen.session and chat.screen.session.conversation)
        kept = setup_of(chat)
        assert (kept.system, kept.policy.value) == ("Brief.", "ask")
        await chat.pilot.press("ctrl+n")
        await chat.until(lambda: chat.screen.pane.is_empty)
        assert setup_of(chat) == UNSET


async def test_what_makes_no_sense_is_said_at_once_and_never_kept(
    tmp_path: Path, server: ScriptedServer
) -> None:
    async with running(tmp_path, server) as chat:
        screen = await opened(chat)
        num_ctx = line(screen, "num_ctx")
        num_ctx.focus()
        for text, why in (("0", "At least 64"), ("-5", "At least 64"), ("99999999", "largest window is")):
            num_ctx.value = text
            await chat.pilot.pause()
            assert why in wrong(screen, "num_ctx")
        screen.query_one("#system", TextArea).focus()
        await chat.pilot.press("ctrl+s")
        await chat.until(lambda: screen.focused is num_ctx)
        assert setup_of(chat) == UNSET
        await chat.pilot.press("ctrl+r")
        await chat.until(lambda: not wrong(screen, "num_ctx"))
        assert num_ctx.value == ""
        line(screen, "seed").value = "7"
        await chat.pilot.press("escape")
        await chat.until(lambda: isinstance(chat.app.screen, ConfirmScreen))
        await chat.pilot.press("y")
        await chat.until(lambda: chat.app.screen is chat.screen)
        assert setup_of(chat) == UNSET


async def test_what_is_typed_right_behind_a_tab_goes_to_the_next_field(
    tmp_path: Path, server: ScriptedServer
) -> None:
    async with running(tmp_path, server) as chat:
        screen = await opened(chat)
        line(screen, "temperature").focus()
        for character in "0.7\t0.5\t3":
            key = "tab" if character == "\t" else character
            chat.app.post_message(events.Key(key, character))
        await chat.until(lambda: line(screen, "top_k").value == "3")
        assert line(screen, "temperature").value == "0.7"
        assert line(screen, "top_p").value == "0.5"


async def test_a_schema_must_be_one(tmp_path: Path, server: ScriptedServer) -> None:
    async with running(tmp_path, server) as chat:
        screen = await opened(chat)
        screen.query_one("#format", ChoiceRow).chosen = 2
        area = screen.query_one("#schema", TextArea)
        area.text = '{"type": "objekt"}'
        line(screen, "seed").focus()
        await chat.pilot.press("enter")
        await chat.until(lambda: "At type" in wrong(screen, "schema"))
        assert screen.focused is area
        schema = json.dumps({"type": "object", "required": ["name"]})
        area.text = schema
        await chat.pilot.press("ctrl+s")
        await chat.until(lambda: chat.app.screen is chat.screen)
        assert setup_of(chat).answer_format == schema
        server.script(Reply('{"age": 3}'))
        await chat.say("Who?")
        await chat.until(lambda: chat.contents == ["Who?", '{"age": 3}'])
        await chat.until(lambda: "'name' is a required property" in chat.screen.pane.messages[-1].error)
        assert server.chats()[0].json["format"] == {"type": "object", "required": ["name"]}


async def test_settings_are_changed_and_undone(tmp_path: Path, server: ScriptedServer) -> None:
    async with running(tmp_path, server) as chat:
        await chat.say("Hello")
        await chat.until(lambda: chat.screen.session and chat.screen.session.conversation)
        screen = await opened(chat)
        line(screen, "top_k").focus()
        await chat.pilot.press("5", "enter")
        await chat.until(lambda: chat.app.screen is chat.screen)
        assert setup_of(chat).options == Options(top_k=5)
        chat.screen.action_undo()
        await chat.until(lambda: setup_of(chat) == UNSET)
        screen = await opened(chat)
        assert line(screen, "top_k").value == ""
        line(screen, "top_k").value = "9"
        await chat.pilot.press("f8")
        await chat.until(lambda: line(screen, "top_k").value == "")


async def test_a_preset_is_made_of_settings_and_fills_them(tmp_path: Path, server: ScriptedServer) -> None:
    async with running(tmp_path, server) as chat:
        screen = await opened(chat)
        await chat.pilot.press(*"Arr.")
        line(screen, "temperature").value = "1.5"
        await chat.pilot.press("f2")
        await chat.until(lambda: isinstance(chat.app.screen, NameScreen))
        await chat.pilot.press(*"Pirate", "enter")
        folder = PresetFolder(tmp_path / "presets")
        await chat.until(lambda: folder.names() == ("Pirate",))
        assert folder.read("Pirate") == PIRATE
        await chat.until(lambda: chat.app.screen is screen)
        await chat.pilot.press("f8", "ctrl+o")
        await chat.until(lambda: isinstance(chat.app.screen, ChoiceScreen))
        await chat.pilot.press("enter")
        await chat.until(lambda: line(screen, "temperature").value == "1.5")
        await chat.pilot.press("ctrl+s")
        await chat.until(lambda: setup_of(chat) == PIRATE.setup)


async def test_presets_are_used_changed_deleted_and_brought_back(
    tmp_path: Path, server: ScriptedServer
) -> None:
    folder = PresetFolder(tmp_path / "presets")
    folder.save(PIRATE)
    (tmp_path / "presets" / "bad.toml").write_text("temperature = 1\n")
    async with running(tmp_path, server) as chat:
        chat.screen.action_presets()
        await chat.until(lambda: isinstance(chat.app.screen, PresetsScreen))
        screen = listed(chat)
        await chat.until(lambda: screen.is_mounted and screen.chosen)
        await chat.pilot.press("down", "d")
        await chat.until(lambda: folder.names() == ("bad",))
        await chat.until(lambda: screen.options.option_count == 1)
        await chat.pilot.press("enter")
        await chat.until(lambda: any("line 1" in str(note.message) for note in chat.app._notifications))
        assert chat.app.screen is screen
        await chat.pilot.press("u")
        await chat.until(lambda: folder.names() == ("bad", "Pirate") and screen.options.option_count == 2)
        await chat.pilot.press("end", "e")
        await chat.until(lambda: isinstance(chat.app.screen, SettingsScreen))
        editor = chat.app.screen
        assert isinstance(editor, SettingsScreen)
        line(editor, "model").value = "gemma3:4b"
        await chat.pilot.press("ctrl+s")
        await chat.until(lambda: folder.read("Pirate").model == "gemma3:4b")
        await chat.until(lambda: chat.app.screen is screen and screen.chosen == "Pirate")
        await chat.pilot.press("enter")
        await chat.until(lambda: setup_of(chat) == PIRATE.setup)


async def test_undoing_a_preset_brings_back_the_model_too(tmp_path: Path, server: ScriptedServer) -> None:
    PresetFolder(tmp_path / "presets").save(replace(PIRATE, model="other:1b"))
    server.models.append(Model("other:1b"))
    async with running(tmp_path, server, Invocation(prompt="Hello")) as chat:
        session = chat.screen.session
        assert session is not None
        await chat.until(lambda: session.conversation and not session.services.generation.live)
        before, model = setup_of(chat), session.model
        chat.screen.action_presets("Pirate")
        await chat.until(lambda: session.model == "other:1b" and setup_of(chat) == PIRATE.setup)
        chat.screen.action_undo()
        await chat.until(lambda: session.model == model and setup_of(chat) == before)
        stored = session.conversation and await session.services.conversations.get(session.conversation.id)
        assert stored and stored.model == model


async def test_a_preset_is_used_from_the_start_and_by_name(tmp_path: Path, server: ScriptedServer) -> None:
    PresetFolder(tmp_path / "presets").save(PIRATE)
    typed = Invocation(prompt="Hello", preset="pir", system="Ahoy.")
    async with running(tmp_path, server, typed) as chat:
        await chat.until(lambda: len(server.chats()) == 1)
        sent = server.chats()[0].json
        assert sent["messages"][0]["content"] == "Ahoy."
        assert sent["options"] == {"temperature": 1.5}
        chat.screen.action_presets("nobody")
        await chat.until(lambda: any("no preset" in str(note.message) for note in chat.app._notifications))
        chat.screen.action_presets("Pirate")
        await chat.until(lambda: setup_of(chat) == PIRATE.setup)


async def test_a_default_preset_that_is_broken_is_said_and_stops_nothing(
    tmp_path: Path, server: ScriptedServer
) -> None:
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "mine.toml").write_text(preset_toml(PIRATE).replace("1.5", "15"))
    async with running(tmp_path, server, preset="mine") as chat:
        assert any("temperature: At most 2" in str(note.message) for note in chat.app._notifications)
        await chat.say("Hello")
        await chat.until(lambda: chat.contents == ["Hello", "You said: Hello"])
