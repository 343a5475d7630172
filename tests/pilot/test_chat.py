"""The chat screen over real services and a scripted server."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from tests.support.desk import Faults
from tests.support.script import Model, Reply
from tests.support.scripted_server import ScriptedServer
from tui.app import ChatApp
from tui.cli import Invocation
from tui.domain.conversation import ConversationId, MessageStatus
from tui.domain.events import GenerationFinished
from tui.screens.chat import ChatScreen
from tui.screens.dialogs import ConfirmScreen
from tui.screens.help import HelpScreen
from tui.settings.schema import ChatSettings, InterfaceSettings, ServerSettings, Settings
from tui.storage.conversations import SqliteConversationStore
from tui.widgets.model_picker import ModelPicker
from tui.widgets.transcript import Transcript


class Chat:
    """An app under test."""

    def __init__(self, app: ChatApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def screen(self) -> ChatScreen:
        screen = self.app.screen_stack[1]
        assert isinstance(screen, ChatScreen)
        return screen

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until `condition` holds."""
        async with asyncio.timeout(20):
            while not condition():
                await self.pilot.pause()

    async def say(self, text: str) -> None:
        """Type and send a message."""
        self.screen.pane.prompt.text = text
        await self.pilot.press("enter")

    @property
    def shown(self) -> str:
        """What is on the screen."""
        return "\n".join(strip.text for strip in self.screen._compositor.render_strips())

    @property
    def contents(self) -> list[str]:
        """What the shown messages say."""
        return [message.content for message in self.screen.pane.messages]

    @property
    def statuses(self) -> list[MessageStatus]:
        return [message.status for message in self.screen.pane.messages]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@asynccontextmanager
async def running(
    tmp_path: Path,
    server: ScriptedServer,
    invocation: Invocation | None = None,
    size: tuple[int, int] = (120, 40),
    *,
    titles: bool = False,
) -> AsyncIterator[Chat]:
    settings = Settings(
        server=ServerSettings(host=server.url),
        chat=ChatSettings(titles=titles),
        interface=InterfaceSettings(animation=False),
        data_dir=tmp_path / "data",
        state_dir=tmp_path / "state",
    )
    app = ChatApp(settings, invocation)
    async with app.run_test(size=size) as pilot:
        chat = Chat(app, pilot)
        await chat.until(lambda: len(app.screen_stack) > 1 and chat.screen.session is not None)
        await chat.until(lambda: app.services is not None and app.services.models.known)
        yield chat


async def test_a_message_is_sent_and_its_answer_shown(tmp_path: Path, server: ScriptedServer) -> None:
    server.script(Reply("Hello yourself."))
    async with running(tmp_path, server) as chat:
        await chat.say("Hello")
        await chat.until(lambda: chat.contents == ["Hello", "Hello yourself."])
        await chat.until(lambda: chat.statuses[-1] is MessageStatus.COMPLETE)
        assert chat.screen.pane.prompt.text == ""
        assert chat.screen.header.conversation_title == "Hello"
        assert chat.app.services is not None
        assert [row.unread for row in await chat.app.services.conversations.page()] == [False]


async def test_the_draft_of_each_conversation_is_kept(tmp_path: Path, server: ScriptedServer) -> None:
    async with running(tmp_path, server) as chat:
        await chat.say("One")
        await chat.until(lambda: chat.contents == ["One", "You said: One"])
        chat.screen.pane.prompt.text = "unsent in one"
        await chat.pilot.press("ctrl+n")
        await chat.until(lambda: chat.screen.pane.is_empty)
        await chat.until(lambda: "Ask anything: write below" in chat.shown)
        assert chat.screen.pane.prompt.text == ""
        chat.screen.pane.prompt.text = "unsent in none"
        await chat.pilot.press("alt+down")
        await chat.until(lambda: chat.contents == ["One", "You said: One"])
        assert chat.screen.pane.prompt.text == "unsent in one"
        await chat.pilot.press("ctrl+n")
        await chat.until(lambda: chat.screen.pane.prompt.text == "unsent in none")


async def test_a_new_conversation_begins_with_the_message_that_was_typed(
    tmp_path: Path, server: ScriptedServer
) -> None:
    async with running(tmp_path, server, Invocation(prompt="Typed first", system="S")) as chat:
        await chat.until(lambda: chat.contents == ["Typed first", "You said: Typed first"])
        assert [m["role"] for m in server.chats()[0].json["messages"]] == ["system", "user"]


async def test_a_second_enter_does_not_send_twice(tmp_path: Path, server: ScriptedServer) -> None:
    gate = server.gate()
    server.script(Reply("Once.", hold=gate))
    async with running(tmp_path, server) as chat:
        chat.screen.pane.prompt.text = "Hello"
        await chat.pilot.press("enter", "enter", "enter")
        await chat.until(lambda: len(server.chats()) == 1)
        gate.open()
        await chat.until(lambda: chat.contents == ["Hello", "Once."])
        assert len(server.chats()) == 1


@pytest.mark.parametrize("text", ["", "   ", "\n\n"])
async def test_nothing_is_not_sent(tmp_path: Path, server: ScriptedServer, text: str) -> None:
    async with running(tmp_path, server) as chat:
        await chat.say(text)
        await chat.pilot.pause()
        assert chat.screen.pane.is_empty
        assert not server.chats()
        assert chat.app.services is not None
        assert await chat.app.services.conversations.page() == ()


async def test_regenerating_keeps_the_first_answer_as_a_branch(
    tmp_path: Path, server: ScriptedServer
) -> None:
    server.script(Reply("One."), Reply("Two."))
    async with running(tmp_path, server) as chat:
        await chat.say("Go")
        await chat.until(lambda: chat.statuses[-1:] == [MessageStatus.COMPLETE])
        await chat.until(lambda: not chat.app.services or not chat.app.services.generation.live)
        await chat.pilot.press("ctrl+r")
        await chat.until(lambda: chat.contents == ["Go", "Two."])
        await chat.until(lambda: chat.statuses[-1] is MessageStatus.COMPLETE)
        await chat.until(lambda: not chat.app.services or not chat.app.services.generation.live)
        chat.screen.pane.transcript.focus()
        await chat.pilot.press("left")
        await chat.until(lambda: chat.contents == ["Go", "One."])
        await chat.pilot.press("right")
        await chat.until(lambda: chat.contents == ["Go", "Two."])


async def test_a_continued_answer_goes_on(tmp_path: Path, server: ScriptedServer) -> None:
    server.script(Reply(tokens=["Once upon", " a time"], cut_after=1), Reply(" there was a fox."))
    async with running(tmp_path, server) as chat:
        await chat.say("A story")
        await chat.until(lambda: chat.statuses[-1:] == [MessageStatus.INTERRUPTED])
        await chat.until(lambda: not chat.app.services or not chat.app.services.generation.live)
        chat.screen.pane.transcript.focus()
        await chat.pilot.press("C")
        await chat.until(lambda: chat.contents == ["A story", "Once upon there was a fox."])
        assert server.chats()[1].json["messages"][-1] == {"role": "assistant", "content": "Once upon"}


async def test_a_failed_answer_says_what_to_do(tmp_path: Path, server: ScriptedServer) -> None:
    server.script(Reply(status=500, body=b'{"error": "it [red]burns"}'))
    async with running(tmp_path, server) as chat:
        await chat.say("Go")
        await chat.until(lambda: chat.statuses[-1:] == [MessageStatus.FAILED])
        failed = chat.screen.pane.messages[-1]
        assert "it [red]burns" in failed.error
        assert failed.hint
        assert failed.content == ""


async def test_the_model_of_a_conversation_is_remembered(tmp_path: Path, server: ScriptedServer) -> None:
    async with running(tmp_path, server) as chat:
        await chat.say("One")
        await chat.until(lambda: chat.contents == ["One", "You said: One"])
        await chat.pilot.press("ctrl+l")
        await chat.until(lambda: isinstance(chat.app.screen, ModelPicker))
        await chat.pilot.press(*"llama")
        await chat.pilot.press("enter")
        await chat.until(lambda: chat.screen.header.model == "llama3.2:3b")
        await chat.say("Two")
        await chat.until(lambda: len(server.chats()) == 2)
        assert [chat_.json["model"] for chat_ in server.chats()] == ["gemma3:270m", "llama3.2:3b"]
        assert len(server.chats()[1].json["messages"]) == 3
    async with running(tmp_path, server, Invocation(continue_latest=True)) as chat:
        await chat.until(lambda: len(chat.contents) == 4)
        assert chat.screen.header.model == "llama3.2:3b"


async def test_a_resumed_conversation_is_found_by_the_beginning_of_its_id(
    tmp_path: Path, server: ScriptedServer
) -> None:
    async with running(tmp_path, server, Invocation(prompt="Find me")) as chat:
        await chat.until(lambda: chat.statuses[-1:] == [MessageStatus.COMPLETE])
        assert chat.screen.session is not None and chat.screen.session.conversation is not None
        identity = chat.screen.session.conversation.id
    async with running(tmp_path, server, Invocation(resume=identity[:8])) as chat:
        await chat.until(lambda: chat.contents == ["Find me", "You said: Find me"])
    async with running(tmp_path, server, Invocation(resume="zzz")) as chat:
        await chat.pilot.pause()
        assert chat.screen.pane.is_empty
        assert any("no conversation zzz" in str(n.message) for n in chat.app._notifications)


async def test_a_server_that_comes_later_is_used_without_a_key(tmp_path: Path) -> None:
    server = ScriptedServer()
    server.start()
    server.stop()
    settings = Settings(
        server=ServerSettings(host=server.url),
        chat=ChatSettings(titles=False),
        data_dir=tmp_path / "data",
        state_dir=tmp_path / "state",
    )
    app = ChatApp(settings)
    async with app.run_test(size=(120, 40)) as pilot:
        chat = Chat(app, pilot)
        await chat.until(lambda: app.services is not None and app.services.server.state.error is not None)
        await chat.until(lambda: "keeps looking" in chat.screen.pane.notice)
        with server:
            await chat.until(lambda: chat.screen.header.model == "gemma3:270m")


async def test_a_server_without_models_says_how_to_get_one(tmp_path: Path, server: ScriptedServer) -> None:
    server.models = []
    async with running(tmp_path, server) as chat:
        await chat.until(lambda: "F4" in chat.screen.pane.notice)
        await chat.say("Hello")
        await chat.until(lambda: isinstance(chat.app.screen, ModelPicker))
        assert chat.screen.pane.prompt.text == "Hello"


async def test_embedding_models_are_not_offered(tmp_path: Path, server: ScriptedServer) -> None:
    server.models = [Model("embed:1b", capabilities=("embedding",)), Model("chat:1b")]
    async with running(tmp_path, server) as chat:
        await chat.pilot.press("ctrl+l")
        picker = chat.app.screen
        assert isinstance(picker, ModelPicker)
        await chat.until(lambda: [model.name for model in picker.shown] == ["chat:1b"])


async def test_help_lists_what_works_and_closes(tmp_path: Path, server: ScriptedServer) -> None:
    async with running(tmp_path, server) as chat:
        await chat.pilot.press("f1")
        await chat.until(lambda: isinstance(chat.app.screen, HelpScreen))
        await chat.pilot.press("escape")
        await chat.until(lambda: chat.app.screen is chat.screen)


async def test_the_side_panel_folds_away_where_there_is_no_room(
    tmp_path: Path, server: ScriptedServer
) -> None:
    async with running(tmp_path, server, size=(80, 24)) as chat:
        await chat.until(lambda: not chat.screen.sidebar.display)
        await chat.pilot.press("ctrl+b")
        await chat.until(lambda: chat.screen.sidebar.display)
        await chat.pilot.press("ctrl+b")
        await chat.until(lambda: not chat.screen.sidebar.display)


async def test_an_answer_that_ends_elsewhere_is_marked_unread(tmp_path: Path, server: ScriptedServer) -> None:
    gate = server.gate()
    server.script(Reply("Done.", hold=gate))
    async with running(tmp_path, server) as chat:
        await chat.say("Slow")
        await chat.until(lambda: len(server.chats()) == 1)
        await chat.pilot.press("ctrl+n")
        await chat.until(lambda: chat.screen.pane.is_empty)
        services = chat.app.services
        assert services is not None
        events = services.bus.subscribe()
        gate.open()
        async for event in events:
            if isinstance(event, GenerationFinished):
                break
        (row,) = await services.conversations.page()
        assert row.unread
        await chat.pilot.press("alt+down")
        await chat.until(lambda: chat.contents == ["Slow", "Done."])
        async with asyncio.timeout(20):
            while (await services.conversations.page())[0].unread:
                await chat.pilot.pause()


async def test_words_are_found_in_the_conversation(tmp_path: Path, server: ScriptedServer) -> None:
    server.script(Reply("A needle and another needle."))
    async with running(tmp_path, server) as chat:
        await chat.say("Hello")
        await chat.until(lambda: chat.statuses[-1:] == [MessageStatus.COMPLETE])
        await chat.pilot.press("ctrl+f", *"needle")
        counts: list[str] = []
        label = chat.screen.pane.find_bar.query_one("#find-count")

        def counted() -> bool:
            counts.append(str(label.render()))
            return counts[-1].endswith("/2")

        await chat.until(counted)
        await chat.pilot.press("enter", "escape")
        await chat.until(lambda: not chat.screen.pane.find_bar.is_open)
        await chat.pilot.press("ctrl+f")
        await chat.pilot.press("ctrl+n")
        await chat.until(lambda: chat.screen.pane.is_empty and not chat.screen.pane.find_bar.is_open)


async def test_a_link_is_shown_before_it_is_opened(
    tmp_path: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    async with running(tmp_path, server) as chat:
        monkeypatch.setattr(chat.app, "open_url", lambda url, **_: opened.append(url))
        for answer in ("n", "y"):
            transcript = chat.screen.pane.transcript
            transcript.post_message(Transcript.LinkClicked(transcript, "https://example.org/\x1b[31m"))
            await chat.until(lambda: isinstance(chat.app.screen, ConfirmScreen))
            await chat.pilot.press(answer)
            await chat.until(lambda: chat.app.screen is chat.screen)
        assert opened == ["https://example.org/␛[31m"]
        refused = {"file:///etc/passwd", "javascript:alert(1)", "/bin/sh"}
        for address in refused:
            transcript.post_message(Transcript.LinkClicked(transcript, address))
        await chat.until(
            lambda: all(any(each in str(n.message) for n in chat.app._notifications) for each in refused)
        )
        assert chat.app.screen is chat.screen


async def test_what_is_selected_is_copied_with_ctrl_c(
    tmp_path: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.script(Reply("Some words to copy."))
    async with running(tmp_path, server) as chat:
        copied: list[str] = []
        monkeypatch.setattr(chat.app, "copy_to_clipboard", copied.append)
        await chat.say("Hello")
        await chat.until(lambda: chat.statuses[-1:] == [MessageStatus.COMPLETE])
        transcript = chat.screen.pane.transcript
        transcript.focus()
        await chat.pilot.press("c")
        await chat.until(lambda: copied == ["Some words to copy."])


async def test_pages_scroll_from_the_input(tmp_path: Path, server: ScriptedServer) -> None:
    server.script(Reply("\n\n".join(f"Paragraph {number}" for number in range(100))))
    async with running(tmp_path, server) as chat:
        await chat.say("Hello")
        await chat.until(lambda: chat.statuses[-1:] == [MessageStatus.COMPLETE])
        transcript = chat.screen.pane.transcript
        await chat.until(lambda: transcript.scroll_y > 0)
        bottom = transcript.scroll_y
        await chat.pilot.press("pageup")
        await chat.until(lambda: transcript.scroll_y < bottom and not transcript.following)
        await chat.pilot.press("pagedown")
        await chat.until(lambda: transcript.scroll_y == bottom)


def read_state(file: Path) -> dict[str, object]:
    """Return what is remembered; nothing before it is written."""
    return dict(json.loads(file.read_text("utf-8"))) if file.exists() else {}


async def test_the_theme_and_the_model_are_remembered(tmp_path: Path, server: ScriptedServer) -> None:
    async with running(tmp_path, server) as chat:
        chat.app.theme = "calm-light"
        await chat.pilot.press("ctrl+l")
        await chat.until(lambda: isinstance(chat.app.screen, ModelPicker))
        await chat.pilot.press(*"qwen", "enter")
        await chat.until(lambda: chat.screen.header.model == "qwen3-vl:8b")
        state = tmp_path / "state" / "state.json"
        await chat.until(
            lambda: state.exists() and "qwen3" in state.read_text() and "light" in state.read_text()
        )
    async with running(tmp_path, server) as chat:
        assert chat.app.theme == "calm-light"
        assert chat.screen.header.model == "qwen3-vl:8b"


async def test_keys_are_those_of_the_settings(
    tmp_path: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(
        server=ServerSettings(host=server.url),
        chat=ChatSettings(titles=False),
        keys={"sidebar.toggle": "f9", "no.such": "f8"},
        data_dir=tmp_path / "data",
        state_dir=tmp_path / "state",
    )
    app = ChatApp(settings)
    told: list[str] = []
    # A notice does not stay for long: on a slow machine it may be gone before it is looked for.
    monkeypatch.setattr(app, "notify", lambda message, **_: told.append(message))
    async with app.run_test(size=(120, 40)) as pilot:
        chat = Chat(app, pilot)
        await chat.until(lambda: len(app.screen_stack) > 1 and chat.screen.session is not None)
        assert chat.screen.sidebar.display
        await pilot.press("f9")
        await chat.until(lambda: not chat.screen.sidebar.display)
        await chat.until(lambda: any("no command “no.such”" in each for each in told))


async def test_a_full_disk_is_told_while_an_answer_goes_on_and_saving_resumes(
    tmp_path: Path, server: ScriptedServer
) -> None:
    gate = server.gate()
    server.script(Reply(tokens=["one ", "two ", "three"], gate=gate))
    async with running(tmp_path, server) as chat:
        await chat.say("Count")
        gate.release()
        status = chat.screen.pane.status
        await chat.until(lambda: status.running is not None and status.running.tokens == 1)
        session = chat.screen.session
        assert session is not None
        store = session.services.store
        assert isinstance(store, SqliteConversationStore)
        faults = Faults(store)
        faults.failing = True
        gate.release()
        await chat.until(lambda: chat.screen.pane.query("#banner"))
        banner = str(chat.screen.pane.query_one("#banner", Static).render())
        assert "The disk is full." in banner and "kept in memory" in banner
        assert status.running is not None
        gate.open()
        await chat.until(lambda: chat.contents == ["Count", "one two three"])
        faults.failing = False
        await chat.until(lambda: not chat.screen.pane.query("#banner"))
        found = await store.messages(session.conversation.id if session.conversation else ConversationId(""))
        assert [message.content for message in found] == ["Count", "one two three"]
