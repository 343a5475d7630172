"""Requests that a server finds too long, or cuts: sent again with less, refused, told of."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
import pytest_asyncio

from tests.support import token_counter
from tests.support.builders import a_conversation, a_message, an_answer, an_exchange
from tests.support.contexts import a_context
from tests.support.recordings import recording
from tests.support.script import Model, Reply
from tests.support.scripted_server import ScriptedServer
from tui.backends.ollama import OllamaBackend
from tui.domain.conversation import ContextPolicy, Conversation, Message, MessageStatus, Role
from tui.domain.errors import ContextOverflow, ContextQuestion
from tui.domain.events import (
    ContextAsked,
    ContextMismatch,
    ContextUsed,
    ConversationsChanged,
    Event,
    GenerationFinished,
)
from tui.domain.generation import Options
from tui.services.clock import SystemClock
from tui.services.events import EventBus
from tui.services.generation import GenerationService
from tui.services.turns import TurnService
from tui.storage.conversations import SqliteConversationStore

MODEL = "gemma3:270m"

_T = TypeVar("_T")


class Desk:
    """Services over a real store and a server with a window of its own."""

    def __init__(self, store: SqliteConversationStore, server: ScriptedServer) -> None:
        self.store = store
        self.server = server
        self.backend = OllamaBackend(server.url)
        self.bus = EventBus()
        clock = SystemClock()
        self.context = a_context(store, self.bus)
        self.generation = GenerationService(
            store=store,
            turns=TurnService(store, clock, self.context),
            backend=self._reach,
            bus=self.bus,
            clock=clock,
            suspect=lambda: None,
        )
        self.events = self.bus.subscribe()

    async def _reach(self, _conversation_id: object) -> OllamaBackend:
        return self.backend

    async def begin(self, turns: int, **changes: object) -> tuple[Conversation, list[Message]]:
        conversation = replace(a_conversation(model=MODEL), **changes)  # type: ignore[arg-type]
        path: list[Message] = []
        for turn in range(turns):
            parent = path[-1] if path else None
            path += an_exchange(conversation, f"Q{turn} " + "alpha " * 14, "one two " * 7, parent=parent)
        await self.keep(conversation, path)
        return conversation, path

    async def keep(self, conversation: Conversation, path: list[Message]) -> None:
        await self.store.create(conversation, path)
        if path:
            await self.store.set_active_leaf(conversation.id, path[-1].id)

    async def ask(self, conversation: Conversation, text: str = "And now?") -> list[Event]:
        """Ask, and return what happened until everything about the answer was done."""
        await self.generation.ask(conversation.id, text)
        return await self.until_idle()

    async def until_idle(self) -> list[Event]:
        seen: list[Event] = []
        async for event in self.events:
            seen.append(event)
            if isinstance(event, ConversationsChanged) and not self.generation.live:
                break
        return seen


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    store = await SqliteConversationStore.open(tmp_path / "conversations.db")
    with ScriptedServer(models=[Model(MODEL)], window=512) as server:
        desk = Desk(store, server)
        yield desk
        await desk.generation.aclose()
        await desk.context.aclose()
        await desk.backend.aclose()
    await store.aclose()


def of_kind(events: list[Event], kind: type[_T]) -> list[_T]:
    return [event for event in events if isinstance(event, kind)]


async def test_a_wrong_estimate_becomes_a_shorter_request_that_is_told_of(desk: Desk) -> None:
    conversation, _ = await desk.begin(20)
    desk.server.script(Reply("Fine."))
    events = await desk.ask(conversation)
    (ended,) = of_kind(events, GenerationFinished)
    assert ended.answer.status is MessageStatus.COMPLETE
    first, *_, last = desk.server.chats()
    assert first.json["truncate"] is False
    assert first.json["shift"] is False
    assert token_counter.prompt_tokens(first.json["messages"]) > 512
    assert token_counter.prompt_tokens(last.json["messages"]) <= 512
    assert last.json["messages"][-1]["content"] == "And now?"
    used = of_kind(events, ContextUsed)
    assert len(used) == len(desk.server.chats())
    assert used[-1].plan.left_out
    assert len(last.json["messages"]) == len(used[-1].plan.sent)
    # The next one fits at first.
    before = len(desk.server.chats())
    await desk.ask(conversation)
    assert len(desk.server.chats()) == before + 1


async def test_a_message_longer_than_the_window_is_never_cut(desk: Desk) -> None:
    conversation, _ = await desk.begin(2)
    events = await desk.ask(conversation, "a very long message " * 100)
    (ended,) = of_kind(events, GenerationFinished)
    assert ended.answer.status is MessageStatus.FAILED
    assert isinstance(ended.error, ContextOverflow)
    assert "num_ctx" in ended.answer.hint


async def test_what_cannot_fit_is_refused_before_anything_is_stored(desk: Desk) -> None:
    conversation, path = await desk.begin(2, options=Options(num_ctx=512))
    with pytest.raises(ContextQuestion) as caught:
        await desk.generation.ask(conversation.id, "a very long message " * 400)
    assert caught.value.plan.missing > 0
    assert len(await desk.store.messages(conversation.id)) == len(path)
    assert not desk.server.chats()


async def test_a_conversation_that_asks_sends_only_what_was_agreed_to(desk: Desk) -> None:
    conversation, _ = await desk.begin(20, options=Options(num_ctx=512), policy=ContextPolicy.ASK)
    with pytest.raises(ContextQuestion):
        await desk.generation.ask(conversation.id, "And now?")
    desk.context.allow(conversation.id)
    events = await desk.ask(conversation)
    assert of_kind(events, GenerationFinished)[0].answer.status is MessageStatus.COMPLETE
    assert len(desk.server.chats()) == 1


async def test_a_message_that_waits_goes_on_waiting_until_it_is_decided(desk: Desk) -> None:
    conversation, _ = await desk.begin(9, options=Options(num_ctx=640), policy=ContextPolicy.ASK)
    gate = desk.server.gate()
    desk.server.script(Reply("word " * 30, hold=gate))
    await desk.generation.ask(conversation.id, "First?")
    await desk.generation.ask(conversation.id, "beta " * 120)
    gate.open()
    seen: list[Event] = []
    while not of_kind(seen, ContextAsked):
        seen += await desk.until_idle()
    (asked,) = of_kind(seen, ContextAsked)
    assert asked.question.plan.left_out
    assert len(await desk.store.queued(conversation.id)) == 1
    desk.context.allow(conversation.id)
    desk.generation.resume(conversation.id)
    while not of_kind(await desk.until_idle(), GenerationFinished):
        pass
    assert not await desk.store.queued(conversation.id)
    assert len(desk.server.chats()) == 2


async def test_an_older_server_that_cuts_without_a_word_is_found_out(desk: Desk) -> None:
    told = json.loads(recording("chat_history_over_num_ctx").request)["messages"]
    conversation = replace(a_conversation(model=MODEL), system=told[0]["content"])
    path: list[Message] = []
    for message in told[1:-1]:
        make = a_message if message["role"] == Role.USER else an_answer
        path.append(make(conversation, message["content"], parent=path[-1] if path else None))
    await desk.keep(conversation, path)
    desk.server.script(Reply(recording="chat_history_over_num_ctx"))
    desk.server.window = None
    events = await desk.ask(conversation, told[-1]["content"])
    (mismatch,) = of_kind(events, ContextMismatch)
    assert mismatch.counted == 509
    assert mismatch.trimmed
    assert 1500 < mismatch.plan.estimate < 2200
    # Once is an accident; when it happens again, that is the window, and no longer left to the server.
    desk.server.script(Reply(recording="chat_history_over_num_ctx"))
    again = await desk.ask(conversation, told[-1]["content"])
    assert of_kind(again, ContextUsed)[0].plan.window.tokens == 4096
    desk.server.script(Reply("Fine."))
    (used,) = of_kind(await desk.ask(conversation, "And now?"), ContextUsed)
    assert used.plan.window.tokens == 512
    assert used.plan.left_out
