"""Conversations on several servers: each is asked where its model is, and the header says where that is."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from tests.support.recordings import recording
from tests.support.script import Model, Reply
from tests.support.scripted_server import PullScript, ScriptedServer
from tui.app import ChatApp
from tui.cli import Invocation
from tui.domain.conversation import Conversation
from tui.screens.chat import ChatScreen
from tui.screens.dialogs import ConfirmScreen
from tui.screens.model_dialogs import ChoiceScreen
from tui.settings.schema import ChatSettings, InterfaceSettings, NamedServer, ServerSettings, Settings
from tui.widgets.model_picker import ModelPicker


class Talk:
    """An app with a server of its own and one that is named `box`."""

    def __init__(self, app: ChatApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def screen(self) -> ChatScreen:
        screen = self.app.screen_stack[1]
        assert isinstance(screen, ChatScreen)
        return screen

    @property
    def conversation(self) -> Conversation:
        session = self.screen.session
        assert session is not None and session.conversation is not None
        return session.conversation

    @property
    def place(self) -> str:
        """What the header says of the connection."""
        return str(self.screen.header.query_one("#connection").render())

    @property
    def last(self) -> str:
        messages = self.screen.pane.messages
        return messages[-1].content if messages else ""

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await self.pilot.pause()

    async def say(self, text: str) -> None:
        self.screen.pane.prompt.text = text
        await self.pilot.press("enter")

    async def choose(self, *typed: str) -> None:
        """Choose a model by typing in the list."""
        await self.pilot.press("ctrl+l")
        picker = self.app.screen
        assert isinstance(picker, ModelPicker)
        await self.until(lambda: any(row.name.startswith("big") for row in picker.shown))
        await self.pilot.press(*"".join(typed), "enter")
        await self.until(lambda: not isinstance(self.app.screen, ModelPicker))

    async def restful(self) -> None:
        """Wait until no answer is being written."""
        await self.until(lambda: self.app.services and not self.app.services.generation.live)


@asynccontextmanager
async def talking(
    tmp_path: Path,
    home: ScriptedServer,
    box: ScriptedServer,
    *,
    named: str = "box",
    typed: frozenset[str] = frozenset(),
    invocation: Invocation | None = None,
    titles: bool = False,
) -> AsyncIterator[Talk]:
    settings = Settings(
        server=ServerSettings(host=home.url),
        chat=ChatSettings(titles=titles, warm_up=False),
        interface=InterfaceSettings(animation=False),
        servers={named: NamedServer(named, box.url)},
        data_dir=tmp_path / "data",
        state_dir=tmp_path / "state",
        typed=typed,
    )
    app = ChatApp(settings, invocation)
    async with app.run_test(size=(120, 40)) as pilot:
        talk = Talk(app, pilot)
        await talk.until(lambda: len(app.screen_stack) > 1 and talk.screen.session is not None)
        await talk.until(lambda: app.services is not None and app.services.models.known)
        yield talk


@pytest.fixture
def home() -> Iterator[ScriptedServer]:
    with ScriptedServer(models=[Model("small:1b")]) as server:
        yield server


@pytest.fixture
def box() -> Iterator[ScriptedServer]:
    with ScriptedServer(models=[Model("big:70b")]) as server:
        yield server


async def test_each_conversation_is_asked_on_its_own_server(
    tmp_path: Path, home: ScriptedServer, box: ScriptedServer
) -> None:
    async with talking(tmp_path, home, box) as talk:
        await talk.say("at home")
        await talk.until(lambda: talk.last == "You said: at home")
        await talk.pilot.press("ctrl+n")
        await talk.choose("big")
        await talk.until(lambda: "● box" in talk.place)
        await talk.say("in the box")
        await talk.until(lambda: talk.last == "You said: in the box")
        assert (talk.conversation.model, talk.conversation.server) == ("big:70b", "box")
        await talk.pilot.press("alt+down")
        await talk.until(lambda: talk.last == "You said: at home")
        await talk.until(lambda: f"● 127.0.0.1:{home.port}" in talk.place)
        assert talk.screen.header.model == "small:1b"
        await talk.say("home again")
        await talk.until(lambda: talk.last == "You said: home again")
        assert [len(server.chats()) for server in (home, box)] == [2, 1]
    async with talking(tmp_path, home, box, invocation=Invocation(continue_latest=True)) as again:
        assert again.screen.header.model == "small:1b"
        assert again.last == "You said: home again", "the conversation's server, not the one chosen last"
        await again.until(lambda: f"● 127.0.0.1:{home.port}" in again.place)


async def test_an_answer_elsewhere_goes_on_and_what_waits_there_is_sent_there(
    tmp_path: Path, home: ScriptedServer, box: ScriptedServer
) -> None:
    gate = home.gate()
    home.script(Reply(text="a long answer", gate=gate))
    async with talking(tmp_path, home, box) as talk:
        await talk.say("first")
        await home.request()
        await talk.say("second, which waits")
        await talk.pilot.press("ctrl+n")
        await talk.choose("big")
        await talk.until(lambda: "● box" in talk.place)
        gate.open()
        await talk.until(lambda: len(home.chats()) == 2)
        await talk.restful()
        assert box.chats() == []
        await talk.pilot.press("alt+down")
        await talk.until(lambda: talk.last == "You said: second, which waits")


async def test_a_server_that_is_no_longer_named_is_told_and_nothing_is_sent(
    tmp_path: Path, home: ScriptedServer, box: ScriptedServer
) -> None:
    async with talking(tmp_path, home, box) as talk:
        await talk.choose("big")
        await talk.say("in the box")
        await talk.until(lambda: talk.last == "You said: in the box")
    again = Invocation(continue_latest=True)
    async with talking(tmp_path, home, box, named="crate", invocation=again) as talk:
        await talk.until(lambda: "no server “box”" in talk.place)
        await talk.say("are you there?")
        await talk.until(lambda: isinstance(talk.app.screen, ModelPicker))
        assert "no server “box”" in "".join(note.message for note in talk.app._notifications)
        assert talk.screen.pane.prompt.text == "are you there?"
        assert len(talk.screen.pane.messages) == 2
        await talk.pilot.press("escape")
        await talk.choose("big")
        await talk.until(lambda: "● crate" in talk.place)
        await talk.pilot.press("enter")
        await talk.until(lambda: talk.last == "You said: are you there?")
        assert talk.conversation.server == "crate"
        assert len(box.chats()) == 2


async def test_a_host_that_was_typed_answers_whatever_a_conversation_says(
    tmp_path: Path, home: ScriptedServer, box: ScriptedServer
) -> None:
    async with talking(tmp_path, home, box) as talk:
        await talk.choose("big")
        await talk.say("in the box")
        await talk.until(lambda: talk.last == "You said: in the box")
    home.models = [Model("big:70b")]
    again = Invocation(continue_latest=True)
    async with talking(tmp_path, home, box, typed=frozenset({"server.host"}), invocation=again) as talk:
        await talk.say("and now at home")
        await talk.until(lambda: talk.last == "You said: and now at home")
        assert len(home.chats()) == 1


async def test_the_manager_shows_another_servers_models_and_leaves_the_conversation_alone(
    tmp_path: Path, home: ScriptedServer, box: ScriptedServer
) -> None:
    async with talking(tmp_path, home, box) as talk:
        await talk.say("at home")
        await talk.until(lambda: talk.last == "You said: at home")
        await talk.pilot.press("f4", "f9", "down", "enter")
        services = talk.app.services
        assert services is not None
        await talk.until(lambda: [model.name for model in services.models.models] == ["big:70b"])
        assert "Models of box" in str(talk.app.screen.query_one("#heading").render())
        await talk.pilot.press("l")
        await talk.until(lambda: box.loaded == ["big:70b"])
        await talk.pilot.press("escape")
        await talk.until(lambda: f"● 127.0.0.1:{home.port}" in talk.place)
        await talk.say("still at home")
        await talk.until(lambda: talk.last == "You said: still at home")
        assert box.chats() == []


async def test_a_level_of_thinking_that_is_refused_is_taken_back_and_not_offered_again(
    tmp_path: Path, home: ScriptedServer, box: ScriptedServer
) -> None:
    able = ("completion", "thinking")
    home.models = [Model("deep:1b", capabilities=able, thinking=("low", False, "max"))]
    async with talking(tmp_path, home, box) as talk:
        await talk.pilot.press("f8")
        await talk.until(lambda: isinstance(talk.app.screen, ChoiceScreen))
        assert isinstance(talk.app.screen, ChoiceScreen)
        assert "(low)" in str(talk.app.screen.options.get_option_at_index(0).prompt)
        await talk.pilot.press("end", "enter")
        await talk.until(lambda: talk.screen.header.think == "max")
        home.script(
            Reply(status=400, body=recording("chat_bad_think").body, text="", content_type="application/json")
        )
        await talk.say("think!")
        await talk.until(lambda: talk.screen.header.think is None)
        told = "".join(note.message for note in talk.app._notifications)
        assert "thinking max” (the server takes: off, on, low, medium, high)" in told
        assert talk.conversation.think is None
        await talk.pilot.press("ctrl+r")
        await talk.until(lambda: talk.last == "You said: think!")
        assert "think" not in home.chats()[-1].json
        await talk.pilot.press("f8")
        await talk.until(lambda: isinstance(talk.app.screen, ChoiceScreen))
        assert isinstance(talk.app.screen, ChoiceScreen)
        assert talk.app.screen.options.option_count == 3, "default, low and off"


async def test_what_found_no_server_is_offered_when_it_is_back_and_never_sent_by_itself(
    tmp_path: Path, home: ScriptedServer, box: ScriptedServer
) -> None:
    async with talking(tmp_path, home, box) as talk:
        home.stop()
        await talk.say("is anybody there?")
        await talk.until(lambda: talk.screen.pane.messages[-1:] and not talk.app.services.generation.live)  # type: ignore[union-attr]
        await talk.until(lambda: "○" in talk.place)
        assert [message.content for message in talk.screen.pane.messages] == ["is anybody there?", ""]
        home.start()
        talk.app.services.server.suspect()  # type: ignore[union-attr]
        await talk.until(lambda: "●" in talk.place)
        assert "Ctrl+R sends your message again" in talk.screen.pane.status.state_text
        await talk.pilot.pause()
        assert home.chats() == []
        await talk.pilot.press("ctrl+r")
        await talk.until(lambda: talk.last == "You said: is anybody there?")
        assert len(home.chats()) == 1
        assert "Ctrl+R" not in talk.screen.pane.status.state_text


async def test_a_draft_that_found_no_server_stays_and_is_offered(
    tmp_path: Path, home: ScriptedServer, box: ScriptedServer
) -> None:
    settings = Settings(
        server=ServerSettings(host=home.url),
        chat=ChatSettings(titles=False),
        interface=InterfaceSettings(animation=False),
        data_dir=tmp_path / "data",
        state_dir=tmp_path / "state",
    )
    home.stop()
    app = ChatApp(settings)
    async with app.run_test(size=(120, 40)) as pilot:
        talk = Talk(app, pilot)
        await talk.until(lambda: len(app.screen_stack) > 1 and talk.screen.session is not None)
        await talk.until(lambda: "○" in talk.place)
        await talk.say("first words")
        await talk.until(lambda: app._notifications)
        assert talk.screen.pane.prompt.text == "first words"
        home.start()
        app.services.server.suspect()  # type: ignore[union-attr]
        await talk.until(lambda: "Enter sends your message" in talk.screen.pane.status.state_text)
        assert home.chats() == []
        await pilot.press("enter")
        await talk.until(lambda: talk.last == "You said: first words")


async def test_quitting_asks_once_about_answers_and_models_that_are_being_fetched(
    tmp_path: Path, home: ScriptedServer, box: ScriptedServer
) -> None:
    gate = home.gate()
    home.library.registry["tiny:1b"] = PullScript(layers=(4_000_000,), steps=4, gate=gate)
    async with talking(tmp_path, home, box) as talk:
        assert talk.app.services is not None
        await talk.app.services.pulls.start("tiny:1b")
        await talk.pilot.press("ctrl+q")
        await talk.until(lambda: isinstance(talk.app.screen, ConfirmScreen))
        words = " ".join(str(each.render()) for each in talk.app.screen.query(Static))
        assert "A model is being fetched. Quit?" in words
        assert "goes on from there" in words
        await talk.pilot.press("escape")
        assert talk.app.services.pulls.running == 1
        await talk.pilot.press("ctrl+q")
        await talk.until(lambda: isinstance(talk.app.screen, ConfirmScreen))
        await talk.pilot.press("y")
        await talk.until(lambda: not talk.app.is_running or talk.app._exit)


async def test_another_server_without_the_model_is_told_before_anything_is_sent(
    tmp_path: Path, home: ScriptedServer, box: ScriptedServer
) -> None:
    async with talking(tmp_path, home, box) as talk:
        await talk.say("at home")
        await talk.until(lambda: talk.last == "You said: at home")
        await talk.pilot.press("f9")
        await talk.until(lambda: isinstance(talk.app.screen, ChoiceScreen))
        await talk.pilot.press("end", "enter")
        await talk.until(lambda: talk.conversation.server == "box" and "● box" in talk.place)
        await talk.say("and here?")
        await talk.until(lambda: isinstance(talk.app.screen, ModelPicker))
        assert talk.screen.pane.prompt.text == "and here?"
        assert box.chats() == []
        assert len(home.chats()) == 1


async def test_a_conversation_finds_the_host_again_that_was_typed_when_it_began(
    tmp_path: Path, home: ScriptedServer, box: ScriptedServer
) -> None:
    typed = frozenset({"server.host"})
    async with talking(tmp_path, box, home, typed=typed) as talk:
        await talk.say("in the box")
        await talk.until(lambda: talk.last == "You said: in the box")
        assert talk.conversation.server == box.url
        assert f"● 127.0.0.1:{box.port}" in talk.place
    # A later run, in which nobody speaks of the box.
    again = Invocation(continue_latest=True)
    async with talking(tmp_path, home, home, invocation=again) as talk:
        await talk.until(lambda: f"● 127.0.0.1:{box.port}" in talk.place)
        await talk.say("still there?")
        await talk.until(lambda: talk.last == "You said: still there?")
        assert (len(box.chats()), home.chats()) == (2, [])
        await talk.pilot.press("f9")
        await talk.until(lambda: isinstance(talk.app.screen, ChoiceScreen))
        assert isinstance(talk.app.screen, ChoiceScreen)
        rows = talk.app.screen.options
        assert "by address" in str(rows.get_option_at_index(rows.option_count - 1).prompt)
        await talk.pilot.press("home", "enter")
        await talk.until(lambda: f"● 127.0.0.1:{home.port}" in talk.place)
        assert talk.conversation.server == "", "chosen by hand"


async def test_what_is_about_a_conversation_is_asked_and_learned_of_its_own_server(
    tmp_path: Path, home: ScriptedServer, box: ScriptedServer
) -> None:
    gate = home.gate()
    home.script(Reply(recording="chat_stream_cold", gate=gate))
    async with talking(tmp_path, home, box, titles=True) as talk:
        await talk.say("at home")
        await home.request()
        asked = talk.conversation
        services = talk.app.services
        assert services is not None
        await talk.pilot.press("ctrl+n")
        await talk.choose("big")
        await talk.until(lambda: "● box" in talk.place)
        assert services.context.windows.window(asked).maximum == 32768, "as the list of its server says"
        gate.open()
        await talk.restful()
        await talk.until(lambda: services.models.memory.load_seconds)
        (key,) = services.models.memory.load_seconds
        assert key.startswith(f"127.0.0.1:{home.port} ")
        await talk.until(lambda: len(home.chats()) == 2)
        assert "title" in home.chats()[1].json["messages"][-1]["content"]
        assert box.chats() == []
