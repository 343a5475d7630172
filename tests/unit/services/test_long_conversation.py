"""A long conversation with images, pins, edits and new answers, against a server that counts for itself.

Its 500 turns reach the window after a few; `OLLAMA_TUI_TEST_TURNS` makes it shorter or longer.
"""

import os
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support import token_counter
from tests.support.builders import a_conversation, an_attachment
from tests.support.contexts import KnownModels, a_context
from tests.support.script import Model, Reply
from tests.support.scripted_server import ScriptedServer
from tui.backends.ollama import OllamaBackend
from tui.domain.context import ContextPlan
from tui.domain.conversation import Attachment, Conversation, Message, MessageId, Role, active_path
from tui.domain.events import (
    ContextMismatch,
    ContextUsed,
    ConversationsChanged,
    GenerationFinished,
    GenerationStarted,
)
from tui.domain.generation import Options
from tui.services.clock import SystemClock
from tui.services.events import EventBus
from tui.services.generation import GenerationService
from tui.services.turns import TurnService
from tui.storage.conversations import SqliteConversationStore

TURNS = int(os.environ.get("OLLAMA_TUI_TEST_TURNS", "500"))
WINDOW = 1024
MODEL = "seeing:1b"
WORDS = [
    *"the sea is wide and very old while seven ships carry apples, letters (two of them!)".split(),  # noqa: SIM905
    *"1834 barrels from Lisbon to Rotterdam: déjà vu — 東京 is far; def sail(knots): 1.85".split(),  # noqa: SIM905
    "\n\n",
]


class Voyage:
    """A conversation that grows, and what its server saw of it."""

    def __init__(self, store: SqliteConversationStore, server: ScriptedServer) -> None:
        self.store = store
        self.server = server
        self.bus = EventBus()
        self.backend = OllamaBackend(server.url)
        clock = SystemClock()
        self.context = a_context(store, self.bus, KnownModels())
        self.generation = GenerationService(
            store=store,
            turns=TurnService(store, clock, self.context),
            backend=self._reach,
            bus=self.bus,
            clock=clock,
            suspect=lambda: None,
        )
        self.events = self.bus.subscribe()
        self.random = random.Random(7)
        self.mismatches = 0
        self.messages: dict[MessageId, Message] = {}

    async def _reach(self, _conversation_id: object) -> OllamaBackend:
        return self.backend

    async def begin(self) -> Conversation:
        options = Options(num_ctx=WINDOW, num_predict=120)
        conversation = replace(a_conversation(model=MODEL), system="Be brief.", options=options)
        await self.store.create(conversation)
        return conversation

    def text(self, most: int) -> str:
        return " ".join(self.random.choices(WORDS, k=self.random.randint(1, most)))

    async def idle(self) -> tuple[ContextPlan, tuple[Message, ...]]:
        """Wait until the answer has ended and been learned from; return what was sent, and the branch."""
        used: ContextPlan | None = None
        answer: Message | None = None
        async for event in self.events:
            if isinstance(event, ContextUsed):
                used = event.plan
            elif isinstance(event, GenerationStarted) and event.user is not None:
                self.messages[event.user.id] = event.user
            elif isinstance(event, GenerationFinished):
                answer = self.messages[event.answer.id] = event.answer
            self.mismatches += isinstance(event, ContextMismatch)
            if answer is not None and isinstance(event, ConversationsChanged) and not self.generation.live:
                break
        assert used is not None
        assert answer is not None
        return used, active_path(tuple(self.messages.values()), answer.id)

    def asked(self) -> dict[str, Any]:
        """Return the last request for an answer."""
        chats = (request for request in reversed(self.server.requests) if request.path == "/api/chat")
        return next(chats).json

    async def pin(self, message: Message, pins: list[Message]) -> None:
        """Pin a message, and let go of the pinned one before the last."""
        for each, pinned in ((message, True), *((old, False) for old in pins[:-1])):
            await self.store.pin_message(each.id, pinned=pinned)
        pins[:] = [*pins[-1:], message]
        self.bus.publish(ConversationsChanged(message.conversation_id))

    async def attachment(self, turn: int) -> Attachment:
        data = b"\x89PNG %d" % turn
        attachment = an_attachment(data, f"picture {turn}.png")
        await self.store.add_attachment(data, attachment)
        return attachment


@pytest_asyncio.fixture
async def voyage(tmp_path: Path) -> AsyncIterator[Voyage]:
    store = await SqliteConversationStore.open(tmp_path / "conversations.db")
    with ScriptedServer(models=[Model(MODEL, capabilities=("completion", "vision"))], window=4096) as server:
        voyage = Voyage(store, server)
        yield voyage
        await voyage.generation.aclose()
        await voyage.context.aclose()
        await voyage.backend.aclose()
    await store.aclose()


def sent_as_planned(
    body: dict[str, Any], plan: ContextPlan, by_id: dict[str, Message], bare: frozenset[str]
) -> bool:
    """Return whether a request holds exactly the messages that a plan says, with their images or without."""
    told = [message for message in body["messages"] if message["role"] != "system"]
    chosen = [by_id[message] for message in plan.sent]
    images = [
        0 if message.id in bare else sum(each.media_type == "image/png" for each in message.attachments)
        for message in chosen
    ]
    return [(m["role"], m["content"], len(m.get("images") or ())) for m in told] == [
        (message.role, message.content, count) for message, count in zip(chosen, images, strict=True)
    ]


@pytest.mark.timeout(600)
async def test_what_is_sent_is_what_the_plan_says_and_never_more_than_the_window(voyage: Voyage) -> None:
    conversation = await voyage.begin()
    trimmed = bared = 0
    pins: list[Message] = []
    before: tuple[Message, ...] = ()
    for turn in range(TURNS):
        voyage.server.script(Reply(voyage.text(60), burst=True))
        kind = voyage.random.random() if len(before) > 4 else 1.0
        planned: ContextPlan | None = None
        if kind < 0.03:
            asked = voyage.random.choice([message for message in before[-6:] if message.role is Role.USER])
            await voyage.generation.edit(conversation.id, asked.id, voyage.text(40))
        elif kind < 0.06:
            await voyage.generation.regenerate(conversation.id, before[-1].id)
        else:
            files = (await voyage.attachment(turn),) if voyage.random.random() < 0.08 else ()
            text = voyage.text(40)
            planned = await voyage.context.plan(conversation, draft=text, attachments=files)
            await voyage.generation.ask(conversation.id, text, files)
        used, path = await voyage.idle()
        by_id: dict[str, Message] = {message.id: message for message in path}
        body = voyage.asked()
        # The cut line of the plan, the plan of the request and the request say the same.
        assert sent_as_planned(body, used, by_id, frozenset(used.images_left_out))
        if planned is not None:
            assert used.sent == (*planned.sent, path[-2].id)
            assert used.left_out == planned.left_out
            assert used.images_left_out == planned.images_left_out
        assert {pin.id for pin in pins} & {message.id for message in path[:-1]} <= set(used.sent)
        trimmed += bool(used.left_out)
        bared += bool(used.images_left_out)
        if turn % 25 == 10:
            await voyage.pin(path[-1], pins)
        before = path
    stored = await voyage.store.conversation(conversation.id)
    assert stored is not None
    assert stored.active_leaf == path[-1].id
    chats = [request.json for request in voyage.server.chats()]
    counts = [token_counter.prompt_tokens(body["messages"]) for body in chats]
    # No request was refused and sent again: every one fitted at first.
    assert len(chats) == TURNS
    assert max(counts) < WINDOW
    assert max(counts) > 0.75 * WINDOW
    assert trimmed > TURNS // 2
    assert bared > TURNS // 60
    assert voyage.mismatches == 0
