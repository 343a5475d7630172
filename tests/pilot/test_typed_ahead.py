"""What is typed while another conversation is being opened, on a disk that is slow or broken."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from tests.pilot.test_chat import Chat, running
from tests.support.scripted_server import ScriptedServer
from tui.domain.errors import StoreUnavailable
from tui.screens.search import SearchScreen
from tui.services.conversations import ConversationService


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


class Disk:
    """Holds back the drafts, or what else is read, until it is told to go on or to fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, what: str = "draft_files") -> None:
        self._moves = asyncio.Event()
        self._moves.set()
        self._fails = False
        self.is_asked = False
        read = getattr(ConversationService, what)

        async def held(service: ConversationService, *given: object, **named: object) -> object:
            self.is_asked = True
            await self._moves.wait()
            if self._fails:
                raise StoreUnavailable("The disk cannot be read.")
            return await read(service, *given, **named)

        monkeypatch.setattr(ConversationService, what, held)

    def stop(self) -> None:
        self._moves.clear()
        self.is_asked = False

    def go_on(self, *, fail: bool = False) -> None:
        self._fails = fail
        self._moves.set()


async def talked(chat: Chat, text: str) -> None:
    await chat.say(text)
    await chat.until(lambda: chat.contents == [text, f"You said: {text}"])
    await chat.until(lambda: chat.screen.session and not chat.screen.session.live)


async def test_a_message_typed_behind_ctrl_n_goes_to_the_new_conversation(
    tmp_path: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    async with running(tmp_path, server) as chat:
        await talked(chat, "One")
        chat.screen.pane.prompt.text = "unsent in one"
        disk.stop()
        await chat.pilot.press("ctrl+n", *"Two", "enter")
        assert disk.is_asked
        assert chat.screen.pane.prompt.text == "Two"
        disk.go_on()
        await chat.until(lambda: chat.contents == ["Two", "You said: Two"])
        assert chat.screen.pane.prompt.text == ""
        await chat.pilot.press("alt+down")
        await chat.until(lambda: chat.screen.pane.prompt.text == "unsent in one")
        assert chat.contents == ["One", "You said: One"]
        await chat.pilot.press("ctrl+n")
        await chat.until(lambda: chat.screen.pane.is_empty)
        assert chat.screen.pane.prompt.text == ""


async def test_a_draft_goes_below_what_was_typed_ahead(
    tmp_path: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch, "open_end")
    async with running(tmp_path, server) as chat:
        await talked(chat, "One")
        chat.screen.pane.prompt.text = "old words"
        await chat.pilot.press("ctrl+n")
        await chat.until(lambda: chat.screen.pane.is_empty)
        disk.stop()
        await chat.pilot.press("alt+down", *"new")
        assert disk.is_asked
        disk.go_on()
        await chat.until(lambda: chat.contents == ["One", "You said: One"])
        assert chat.screen.pane.prompt.text == "new\nold words"
        await chat.pilot.press("!")
        assert chat.screen.pane.prompt.text == "new!\nold words"


async def test_what_was_typed_ahead_stays_where_nothing_can_be_opened(
    tmp_path: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    async with running(tmp_path, server) as chat:
        await talked(chat, "One")
        chat.screen.pane.prompt.text = "unsent"
        disk.stop()
        await chat.pilot.press("ctrl+n", *"Two", "enter")
        disk.go_on(fail=True)
        await chat.until(lambda: chat.screen.pane.prompt.text == "Two\nunsent")
        assert chat.contents == ["One", "You said: One"]
        disk.go_on()
        await chat.pilot.press("enter")
        await chat.until(lambda: chat.contents[2:] == ["Two\nunsent", "You said: Two\nunsent"])


async def test_what_is_typed_behind_the_first_message_stays_in_the_input(
    tmp_path: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch, "open_end")
    async with running(tmp_path, server) as chat:
        disk.stop()
        await chat.pilot.press(*"One", "enter")
        await chat.until(lambda: disk.is_asked)
        await chat.pilot.press(*"Two", "enter")
        disk.go_on()
        await chat.until(lambda: chat.contents == ["One", "You said: One", "Two", "You said: Two"])
        assert chat.app.services is not None
        assert len(await chat.app.services.conversations.page()) == 1
        assert await chat.app.services.conversations.draft(None) == ""


async def test_what_is_typed_right_behind_the_key_of_the_search_is_searched_for(
    tmp_path: Path, server: ScriptedServer
) -> None:
    async with running(tmp_path, server) as chat:
        for key in ("x", "ctrl+g", *"words"):
            chat.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await chat.until(lambda: isinstance(chat.app.screen, SearchScreen))
        await chat.until(lambda: chat.app.screen.query_one(Input).value == "words")
        assert chat.screen.pane.prompt.text == "x"
