"""Large pastes and files that are there twice, as chips above the input."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual import events

from tests.pilot.test_attaching import SEEING, answered, attach, chips
from tests.pilot.test_chat import Chat, running
from tests.support.files import png
from tests.support.scripted_server import ScriptedServer
from tui.cli import Invocation
from tui.screens.image import ImageScreen
from tui.widgets.attachment_row import AttachmentRow

LARGE = "Zeile mit Ümlauten\r\n" * 500


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(models=[SEEING]) as server:
        yield server


def paste(chat: Chat, text: str) -> None:
    chat.screen.pane.prompt.area.post_message(events.Paste(text))


async def said(chat: Chat, words: str) -> None:
    await chat.until(lambda: any(words in toast.message for toast in chat.app._notifications))


async def test_a_large_paste_is_a_chip_that_is_opened_and_sent_whole(
    tmp_path: Path, server: ScriptedServer
) -> None:
    async with running(tmp_path, server) as chat:
        paste(chat, LARGE)
        await chat.until(lambda: chips(chat) == ["pasted text 1"])
        assert chat.screen.pane.prompt.text == ""
        row = chat.screen.pane.attachments
        row.post_message(AttachmentRow.Opened(row, 0))
        await chat.until(lambda: isinstance(chat.app.screen, ImageScreen))
        await chat.pilot.press("escape")
        await chat.until(lambda: chat.app.screen is chat.screen)
        await chat.say("What is it?")
        await answered(chat, 1)
        sent = server.chats()[0].json["messages"][-1]["content"]
        assert sent == "pasted text 1:\n```\n" + LARGE.replace("\r\n", "\n") + "```\n\nWhat is it?"


async def test_a_key_that_sends_right_behind_a_large_paste_sends_it(
    tmp_path: Path, server: ScriptedServer
) -> None:
    async with running(tmp_path, server) as chat:
        area = chat.screen.pane.prompt.area
        area.post_message(events.Paste(LARGE))
        area.post_message(events.Key("enter", "\r"))
        await answered(chat, 1)
        assert "Ümlauten" in server.chats()[0].json["messages"][-1]["content"]


async def test_a_large_paste_is_taken_away_brought_back_and_survives_a_restart(
    tmp_path: Path, server: ScriptedServer
) -> None:
    async with running(tmp_path, server) as chat:
        paste(chat, LARGE)
        paste(chat, LARGE + "another")
        await chat.until(lambda: chips(chat) == ["pasted text 1", "pasted text 2"])
        await chat.pilot.press("backspace")
        await chat.until(lambda: chips(chat) == ["pasted text 1"])
        chat.screen.action_undo()
        await chat.until(lambda: chips(chat) == ["pasted text 1", "pasted text 2"])
    async with running(tmp_path, server) as chat:
        await chat.until(lambda: chips(chat) == ["pasted text 1", "pasted text 2"])


async def test_a_large_paste_of_files_attaches_the_files(tmp_path: Path, server: ScriptedServer) -> None:
    paths = [tmp_path / f"{number} {'long name ' * 20}.txt" for number in range(30)]
    for path in paths:
        path.write_text(path.name)
    picture = base64.b64encode(png((300, 200))).decode()
    async with running(tmp_path, server, Invocation(model=SEEING.name)) as chat:
        paste(chat, " ".join(f"'{path}'" for path in paths))
        await chat.until(lambda: len(chips(chat)) == 30)
        paste(chat, "data:image/png;base64," + picture + "\n" * 6000)
        await chat.until(lambda: chips(chat)[30:] == ["image.png"])
        paste(chat, "/ nothing that is a path " * 500)
        await chat.until(lambda: chips(chat)[31:] == ["pasted text 1"])
        paste(chat, "data:image/png;base64,damaged " * 500)
        await chat.until(lambda: chips(chat)[32:] == ["pasted text 2"])


async def test_what_is_attached_twice_is_kept_once_unless_other_lines_are_meant(
    tmp_path: Path, server: ScriptedServer
) -> None:
    notes, copy = tmp_path / "notes.md", tmp_path / "copy.md"
    notes.write_text("one\none\n")
    copy.write_text("one\none\n")
    async with running(tmp_path, server) as chat:
        await attach(chat, notes)
        chat.screen.attach_paths([notes])
        await said(chat, "notes.md is attached already")
        chat.screen.attach_paths([copy])
        await said(chat, "copy.md has the same in it as notes.md")
        await attach(chat, f"{notes}:1", f"{notes}:2")
        assert chips(chat) == ["notes.md", "notes.md:1", "notes.md:2"]
        row = chat.screen.pane.attachments
        row.post_message(AttachmentRow.Removed(row, 0))
        await chat.until(lambda: chips(chat) == ["notes.md:1", "notes.md:2"])
        await attach(chat, notes)
        chat.screen.action_undo()
        await said(chat, "took away notes.md")
        assert chips(chat).count("notes.md") == 1
