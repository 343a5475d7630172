"""Undoing: from a toast, while messages wait, and in a temporary conversation."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.app import App
from textual.content import Content
from textual.widgets._toast import Toast

from tests.pilot.test_chat import Chat, running
from tests.support.script import Reply
from tests.support.scripted_server import ScriptedServer
from tui.screens.editing import Editing
from tui.screens.room import undoable


@pytest.mark.parametrize(
    "title", ["Paris", "[red]x[/]", "[/", "a\\", "\\[b]", "[@click=app.quit]x[/]", "[[x]]", "$x @y ["]
)
def test_a_title_is_never_markup(title: str) -> None:
    content = Content.from_markup(undoable(f"deleted “{title}”", 3))
    assert content.plain == f"Deleted “{title}” · Undo or Ctrl+Z"
    assert [str(span.style) for span in content.spans] == ["@click=app.undo_step(3)"]


async def test_the_word_in_the_toast_undoes_this_very_step() -> None:
    class Undoing(App[None]):
        undone: int | None = None

        def action_undo_step(self, number: int) -> None:
            self.undone = number

    app = Undoing()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        app.notify(undoable("deleted “[b]Paris”", 7))
        await pilot.pause()
        toast = app.screen.query_one(Toast)
        line = str(toast.render())
        at = line.index("Undo")
        await pilot.click(Toast, offset=(toast.content_region.x - toast.region.x + at + 1, 1))
        await pilot.pause()
        assert app.undone == 7


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


def toasts(chat: Chat) -> list[str]:
    return [toast.message for toast in chat.app._notifications]


async def test_an_edit_is_undone_while_messages_wait(tmp_path: Path, server: ScriptedServer) -> None:
    gate = server.gate()
    server.script(Reply("First answer."), Reply(tokens=["Second ", "answer."], gate=gate))
    async with running(tmp_path, server) as chat:
        await chat.say("One")
        await chat.until(lambda: chat.contents == ["One", "First answer."])
        session = chat.screen.session
        assert session is not None
        await chat.until(lambda: not session.services.generation.live)
        session.editing.begin(chat.screen.pane.messages[0])
        await chat.say("Another")
        await chat.until(lambda: chat.contents[:1] == ["Another"] and session.editing.target is None)
        await chat.until(lambda: any("Edited a message" in toast for toast in toasts(chat)))
        gate.release()
        await chat.say("Waiting")
        await chat.until(lambda: chat.screen.pane.status.queued == 1)
        chat.screen.action_undo()
        await chat.until(lambda: chat.contents == ["One", "First answer."])
        assert chat.screen.pane.status.queued == 1
        gate.open()
        await chat.say("Two")
        wanted = ["One", "First answer.", "Waiting", "You said: Waiting", "Two", "You said: Two"]
        await chat.until(lambda: chat.contents == wanted)


async def test_what_is_typed_while_an_edit_is_sent_stays(
    tmp_path: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = asyncio.Event()
    ask_again = Editing.ask_again

    async def slow(*arguments: object) -> None:
        await free.wait()
        await ask_again(*arguments)  # type: ignore[arg-type]

    async with running(tmp_path, server) as chat:
        await chat.say("One")
        await chat.until(lambda: chat.contents == ["One", "You said: One"])
        session, prompt = chat.screen.session, chat.screen.pane.prompt
        assert session is not None
        prompt.text = "put aside"
        monkeypatch.setattr(Editing, "ask_again", slow)
        session.editing.begin(chat.screen.pane.messages[0])
        await chat.say("Another")
        await chat.pilot.press("n", "e", "w")
        free.set()
        await chat.until(lambda: chat.contents == ["Another", "You said: Another"])
        await chat.until(lambda: prompt.text == "put aside\nnew")


async def test_renaming_offers_to_undo(tmp_path: Path, server: ScriptedServer) -> None:
    async with running(tmp_path, server) as chat:
        await chat.say("One")
        await chat.until(lambda: chat.contents == ["One", "You said: One"])
        await chat.pilot.press("f2")
        await chat.until(lambda: chat.screen.sidebar.editor.display)
        await chat.pilot.press("x", "enter")
        await chat.until(lambda: chat.screen.header.conversation_title == "Onex")
        await chat.until(lambda: any("Renamed “One” to “Onex” · " in toast for toast in toasts(chat)))
        chat.screen.pane.prompt.area.focus()
        # What was typed is undone first, and not one step more.
        await chat.pilot.press("a", "ctrl+z", "ctrl+z")
        await chat.pilot.pause()
        assert chat.screen.header.conversation_title == "Onex"
        chat.screen.pane.prompt.text = ""
        await chat.pilot.press("ctrl+z")
        await chat.until(lambda: chat.screen.header.conversation_title == "One")


async def test_what_is_done_in_the_panel_is_undone_from_a_temporary_conversation(
    tmp_path: Path, server: ScriptedServer
) -> None:
    async with running(tmp_path, server) as chat:
        await chat.say("One")
        await chat.until(lambda: chat.contents == ["One", "You said: One"])
        rows = chat.screen.sidebar.rows
        chat.screen.action_temporary()
        await chat.until(lambda: chat.screen.session is not None and chat.screen.session.is_temporary)
        rows.focus()
        await chat.pilot.press("d")
        await chat.until(lambda: not rows.conversations)
        chat.screen.action_undo()
        await chat.until(lambda: len(rows.conversations) == 1)


async def test_a_temporary_conversation_is_named_and_stored_nowhere(
    tmp_path: Path, server: ScriptedServer
) -> None:
    server.script(Reply("Secret answer."), Reply("A Fine Name"))
    async with running(tmp_path, server, titles=True) as chat:
        chat.screen.action_temporary()
        await chat.until(lambda: chat.screen.session is not None and chat.screen.session.is_temporary)
        await chat.say("Secret question")
        await chat.until(lambda: "A Fine Name" in chat.screen.header.conversation_title)
        assert chat.app.services is not None
        assert await chat.app.services.conversations.page() == ()
