"""What the model is told, as the screen shows it: gauge, cut line, the question, the summary."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.pilot.test_chat import Chat, running
from tests.support.builders import NOW, a_conversation, a_message, an_answer, an_attachment
from tests.support.script import Model, Reply
from tests.support.scripted_server import ScriptedServer
from tui.domain.context import ContextPlan
from tui.domain.conversation import ContextPolicy, Conversation, Message, Summary, new_message_id
from tui.domain.events import ContextMismatch
from tui.domain.generation import Options
from tui.domain.told_marks import ToldMarks
from tui.screens.context_dialogs import ContextScreen, Remedy
from tui.screens.summary_note import SummaryScreen
from tui.widgets.gauge import ContextGauge


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plan at once."""
    monkeypatch.setattr("tui.screens.context_keeper.PLAN_DELAY", 0.01)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


class Memory:
    """A chat whose conversation is longer than its window."""

    def __init__(
        self, chat: Chat, server: ScriptedServer, conversation: Conversation, messages: list[Message]
    ) -> None:
        self.chat = chat
        self.server = server
        self.conversation = conversation
        self.messages = messages

    @property
    def gauge(self) -> ContextGauge:
        return self.chat.screen.pane.status.query_one(ContextGauge)

    @property
    def marks(self) -> ToldMarks:
        return self.chat.screen.pane.transcript._items.marks

    @property
    def plan(self) -> ContextPlan:
        keeper = self.chat.screen._keeper
        assert keeper is not None and keeper.shown_plan is not None
        return keeper.shown_plan

    def sent(self, request: int = -1) -> list[str]:
        """What the server was sent, without the system prompt."""
        chats = self.server.chats()
        return [each["content"] for each in chats[request].json["messages"] if each["role"] != "system"]

    async def question(self) -> ContextScreen:
        await self.chat.until(lambda: isinstance(self.chat.app.screen, ContextScreen))
        screen = self.chat.app.screen
        assert isinstance(screen, ContextScreen)
        await self.chat.until(lambda: screen.is_mounted)
        return screen

    async def choose(self, remedy: Remedy) -> None:
        screen = await self.question()
        place = [choice.remedy for choice in screen._choices].index(remedy)
        screen.options.highlighted = place
        await self.chat.pilot.press("enter")


@asynccontextmanager
async def long_talk(
    tmp_path: Path, server: ScriptedServer, policy: ContextPolicy = ContextPolicy.DROP_OLDEST, turns: int = 12
) -> AsyncIterator[Memory]:
    conversation = replace(
        a_conversation("A long talk", model="gemma3:270m"), options=Options(num_ctx=512), policy=policy
    )
    messages: list[Message] = []
    parent: Message | None = None
    for turn in range(turns):
        asked = a_message(
            conversation, f"Question {turn}: what is the capital of France, and why?", parent=parent
        )
        parent = an_answer(conversation, f"Answer {turn}. " + "Paris, where kings lived. " * 6, parent=asked)
        messages += [asked, parent]
    async with running(tmp_path, server) as chat:
        assert chat.app.services is not None
        await chat.app.services.store.create(conversation, messages)
        assert parent is not None
        await chat.app.services.store.set_active_leaf(conversation.id, parent.id)
        chat.screen._open(conversation.id)
        memory = Memory(chat, server, conversation, messages)
        await chat.until(
            lambda: chat.screen._keeper is not None and chat.screen._keeper.shown_plan is not None
        )
        await chat.until(lambda: memory.marks.before or memory.marks.after)
        yield memory
        await chat.until(lambda: chat.app.services and not chat.app.services.generation.live)


async def test_the_line_stands_where_what_is_sent_begins_turn_by_turn(
    tmp_path: Path, server: ScriptedServer
) -> None:
    async with long_talk(tmp_path, server) as memory:
        chat = memory.chat
        assert chat.app.services is not None
        lines: list[str] = []
        for turn in range(3):
            gate = server.gate()
            server.script(Reply("Paris, where kings lived. " * 6, hold=gate))
            await chat.say(f"And then, number {turn}? " + "Tell me more of it, please. " * 4)
            await chat.until(lambda: len(server.chats()) == len(lines) + 1)
            await chat.until(lambda: memory.marks.before == memory.plan.first_sent)
            path = (await chat.app.services.conversations.open(memory.conversation.id)).path
            first = next(message.content for message in path if message.id == memory.marks.before)
            assert memory.sent()[0] == first
            lines.append(first)
            gate.open()
            await chat.until(lambda: not chat.app.services.generation.live)  # type: ignore[union-attr]
        assert len(set(lines)) > 1, "the line moves on"


async def test_the_gauge_follows_what_is_typed(tmp_path: Path, server: ScriptedServer) -> None:
    async with long_talk(tmp_path, server) as memory:
        chat = memory.chat
        await chat.until(lambda: memory.gauge.plan is not None)
        before = memory.gauge.plan
        assert before is not None and before.fits
        keeper = chat.screen._keeper
        assert keeper is not None
        chat.screen.pane.prompt.text = "word and more " * 400
        await chat.until(lambda: memory.gauge.text.endswith("too long"))
        chat.screen.pane.prompt.text = ""
        await chat.until(lambda: memory.gauge.plan == before)
        marks = memory.marks
        chat.screen.action_context()
        screen = await memory.question()
        assert "Not sent: " in screen._body
        await chat.pilot.press("f10")
        assert memory.marks == marks
        chat.screen.receive(ContextMismatch(memory.conversation.id, memory.messages[-1].id, before, 12))
        await chat.until(lambda: any("only 12" in str(note.message) for note in chat.app._notifications))


async def test_what_is_too_long_asks_and_a_larger_window_sends_it(
    tmp_path: Path, server: ScriptedServer
) -> None:
    async with long_talk(tmp_path, server) as memory:
        chat = memory.chat
        text = "word and more " * 300
        await chat.say(text)
        await memory.question()
        await chat.pilot.press("escape")
        await chat.until(lambda: chat.app.screen is chat.screen)
        assert chat.screen.pane.prompt.text == text
        assert server.chats() == []
        await chat.pilot.press("enter")
        await memory.choose(Remedy.WINDOW)
        await chat.until(lambda: len(server.chats()) == 1)
        assert server.chats()[0].json["options"]["num_ctx"] == 2048
        assert memory.sent()[-1] == text.strip() or memory.sent()[-1] == text
        await chat.until(lambda: chat.screen.pane.prompt.text == "")


async def test_the_gauge_counts_what_an_edited_message_goes_out_with(
    tmp_path: Path, server: ScriptedServer
) -> None:
    async with long_talk(tmp_path, server) as memory:
        chat, session = memory.chat, memory.chat.screen.session
        assert session is not None
        await chat.until(lambda: memory.gauge.plan is not None)
        marks, asked = memory.marks, memory.messages[4]
        session.editing.begin(asked)
        before = [message.id for message in memory.messages[:4]]
        await chat.until(lambda: memory.gauge.plan and list(memory.gauge.plan.sent) == before)
        assert memory.gauge.plan is not None and memory.gauge.plan.parts.draft > 10
        assert memory.marks == marks
        session.editing.end()
        await chat.until(lambda: memory.gauge.plan and memory.gauge.plan.trims)


async def test_the_gauge_shows_what_a_conversation_begins_with(
    tmp_path: Path, server: ScriptedServer
) -> None:
    async with running(tmp_path, server) as chat:
        gauge, session = chat.screen.pane.status.query_one(ContextGauge), chat.screen.session
        assert session is not None
        await chat.until(lambda: gauge.plan is not None and session.model)
        before = gauge.plan
        await session.setups.use(replace(session.setups.current, system="You are terse. " * 50))
        await chat.until(lambda: gauge.plan and before and gauge.plan.estimate > before.estimate + 100)


async def test_a_first_message_that_is_too_long_stores_nothing_until_it_is_agreed_to(
    tmp_path: Path, server: ScriptedServer
) -> None:
    async with long_talk(tmp_path, server) as memory:
        chat = memory.chat
        await chat.pilot.press("ctrl+n")
        await chat.until(lambda: chat.screen.pane.is_empty)
        session = chat.screen.session
        assert session is not None
        await session.setups.use(replace(session.setups.current, options=Options(num_ctx=128)))
        await chat.say("word and more " * 100)
        await memory.question()
        assert chat.app.services is not None
        assert len(await chat.app.services.conversations.page()) == 1
        await memory.choose(Remedy.SEND)
        await chat.until(lambda: len(server.chats()) == 1)
        assert len(await chat.app.services.conversations.page()) == 2


async def test_ask_asks_and_a_branch_takes_the_question_and_what_fits(
    tmp_path: Path, server: ScriptedServer
) -> None:
    async with long_talk(tmp_path, server, ContextPolicy.ASK) as memory:
        chat = memory.chat
        assert chat.app.services is not None
        await chat.app.services.pins.toggle(memory.messages[0])
        await chat.say("One more?")
        screen = await memory.question()
        assert "from “Question 1" in screen._body
        await memory.choose(Remedy.BRANCH)
        await chat.until(lambda: len(server.chats()) == 1)
        said = [message.content for message in memory.messages]
        assert memory.sent()[:2] == said[:2]
        assert len(memory.sent()) > 5
        assert memory.sent()[2:-1] == said[-len(memory.sent()) + 3 :]
        assert memory.sent()[-1] == "One more?"
        assert server.chats()[0].json["options"]["num_ctx"] == 512
        # Nothing of it is left out any more.
        await chat.until(lambda: chat.contents[: len(memory.sent())] == memory.sent())
        assert chat.screen.pane.conversation_id != memory.conversation.id
        await chat.until(lambda: not chat.app.services.generation.live)  # type: ignore[union-attr]
        chat.screen._open(memory.conversation.id)
        await chat.until(lambda: chat.screen.pane.conversation_id == memory.conversation.id)
        assert chat.screen.pane.prompt.text == ""


async def test_a_summary_is_read_changed_deleted_and_brought_back(
    tmp_path: Path, server: ScriptedServer
) -> None:
    async with long_talk(tmp_path, server, ContextPolicy.SUMMARISE) as memory:
        chat = memory.chat
        assert chat.app.services is not None
        services = chat.app.services
        upto = memory.messages[19].id
        note = Summary(new_message_id(), memory.conversation.id, upto, "They talked of Paris.", NOW, "m")
        await services.store.save_summary(note)
        chat.screen._open(memory.conversation.id)
        chat.screen._keeper.changed()  # type: ignore[union-attr]
        services.context._branches.clear()
        await chat.until(lambda: memory.marks.opens_summary)
        chat.screen.action_summary()
        await chat.until(lambda: isinstance(chat.app.screen, SummaryScreen) and chat.app.screen.is_mounted)
        screen = chat.app.screen
        assert isinstance(screen, SummaryScreen)
        screen.note.text = "They talked of Rome."
        await chat.pilot.press("ctrl+s")
        await chat.until(lambda: chat.app.screen is chat.screen)
        assert [each.content for each in await services.summaries.of(memory.conversation.id)] == [
            "They talked of Rome."
        ]
        await chat.until(
            lambda: memory.plan.summary and memory.plan.summary.content == "They talked of Rome."
        )
        chat.screen.action_summary()
        await chat.until(lambda: isinstance(chat.app.screen, SummaryScreen) and chat.app.screen.is_mounted)
        await chat.pilot.press("f8")
        await chat.until(lambda: not memory.marks.opens_summary)
        chat.screen.action_undo()
        await chat.until(lambda: memory.marks.opens_summary)


async def test_many_keys_make_one_plan(
    tmp_path: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.screens.context_keeper.PLAN_DELAY", 1000)
    async with running(tmp_path, server) as chat:
        keeper = chat.screen._keeper
        assert keeper is not None
        await chat.until(lambda: keeper._timer is not None)
        timer = keeper._timer
        await chat.pilot.press(*"hello")
        assert keeper._timer is timer


async def test_pictures_that_do_not_fit_can_be_left_at_home(tmp_path: Path, server: ScriptedServer) -> None:
    server.models[:] = [Model("gemma3:270m", capabilities=("completion", "vision"))]
    async with long_talk(tmp_path, server) as memory:
        chat = memory.chat
        session = chat.screen.session
        assert session is not None and chat.app.services is not None
        data = b"\x89PNG picture"
        picture = replace(an_attachment(data), width=4000, height=4000)
        await chat.app.services.store.add_attachment(data, picture)
        session.files.bring([picture] * 4)
        await chat.say("What is this?")
        screen = await memory.question()
        assert any("4 images" in choice.words for choice in screen._choices)
        await memory.choose(Remedy.IMAGES)
        await chat.until(lambda: len(server.chats()) == 1)
        assert "images" not in server.chats()[0].json["messages"][-1]
        await chat.until(lambda: len(session.files) == 0)


async def test_a_message_that_waits_is_asked_about_when_its_turn_comes(
    tmp_path: Path, server: ScriptedServer
) -> None:
    gate = server.gate()
    server.script(Reply("Paris, where kings lived. " * 20, hold=gate))
    async with long_talk(tmp_path, server, ContextPolicy.ASK) as memory:
        chat = memory.chat
        await chat.say("One more?")
        await memory.choose(Remedy.SEND)
        await chat.until(lambda: len(server.chats()) == 1)
        waits = "And another, which waits, and is long. " * 12
        await chat.say(waits)
        await chat.until(lambda: chat.screen.pane.status.queued == 1)
        gate.open()
        await memory.choose(Remedy.SEND)
        await chat.until(lambda: len(server.chats()) == 2)
        assert memory.sent()[-1] == waits
