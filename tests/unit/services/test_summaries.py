"""Summaries: made before they are needed, at low priority, changed by hand, taken back."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.builders import a_conversation, an_exchange
from tests.support.contexts import a_context
from tests.support.fake_backend import Answer, FakeBackend, said
from tui.domain.conversation import ContextPolicy, Conversation, Message
from tui.domain.errors import BadRequest, ServerFailed
from tui.domain.events import ContextChanged, GenerationFinished
from tui.domain.generation import Options
from tui.services.clock import SystemClock
from tui.services.events import EventBus
from tui.services.generation import GenerationService
from tui.services.summaries import SummaryService
from tui.services.turns import TurnService
from tui.services.undo import UndoService
from tui.storage.conversations import SqliteConversationStore


class Desk:
    """Services over a real store and a fake backend."""

    def __init__(self, store: SqliteConversationStore) -> None:
        self.store = store
        self.backend = FakeBackend()
        self.bus = EventBus()
        self.undo = UndoService()
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
        self.summaries = SummaryService(
            store=store,
            context=self.context,
            backend=self._reach,
            bus=self.bus,
            clock=clock,
            undo=self.undo,
            busy=lambda: bool(self.generation.live),
        )
        self.events = self.bus.subscribe()

    async def _reach(self, _conversation_id: object) -> FakeBackend:
        return self.backend

    async def begin(
        self, turns: int, policy: ContextPolicy = ContextPolicy.SUMMARISE
    ) -> tuple[Conversation, tuple[Message, ...]]:
        """Store a conversation with a window of 512 tokens and turns of about forty."""
        conversation = replace(a_conversation(), options=Options(num_ctx=512), policy=policy)
        path: list[Message] = []
        for turn in range(turns):
            parent = path[-1] if path else None
            path += an_exchange(conversation, f"Q{turn} " + "alpha " * 14, "one two " * 7, parent=parent)
        await self.store.create(conversation, path)
        await self.store.set_active_leaf(conversation.id, path[-1].id)
        return conversation, tuple(path)

    async def until(self, kind: type[object]) -> object:
        async for event in self.events:
            if isinstance(event, kind):
                return event
        raise AssertionError

    async def answered(self, conversation: Conversation, text: str = "Next?") -> None:
        await self.generation.ask(conversation.id, text)
        await self.until(GenerationFinished)

    async def summary_made(self, conversation: Conversation) -> None:
        async with asyncio.timeout(5):
            while not await self.summaries.of(conversation.id):
                await self.until(ContextChanged)


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(await SqliteConversationStore.open(tmp_path / "conversations.db"))
    desk.summaries.start()
    yield desk
    await desk.summaries.aclose()
    await desk.generation.aclose()
    await desk.store.aclose()


async def test_a_summary_is_made_before_it_is_needed_and_then_sent(desk: Desk) -> None:
    conversation, path = await desk.begin(7)
    assert not (await desk.context.plan(conversation)).trims
    desk.backend.answers = [said("Fine."), said("<think>hm</think>", "They counted greek letters.")]
    await desk.answered(conversation)
    await desk.summary_made(conversation)
    (summary,) = await desk.summaries.of(conversation.id)
    assert summary.content == "They counted greek letters."
    assert summary.upto in {message.id for message in path[1::2]}
    condense = desk.backend.requests[1]
    assert "Q0 alpha" in condense.messages[1].content
    assert condense.options.num_ctx == 512
    # As long as everything fits, everything is sent as it is.
    await desk.answered(conversation)
    assert len(desk.backend.requests[-1].messages) == 17
    long = "beta " * 80
    await desk.answered(conversation, long)
    system = desk.backend.requests[-1].messages[0]
    assert system.role == "system"
    assert "They counted greek letters." in system.content


async def test_the_latest_exchange_stays_while_the_window_holds_it(desk: Desk) -> None:
    conversation, path = await desk.begin(4)
    answer = "gamma " * 200
    desk.backend.answers = [said(answer), said("They counted greek letters."), said("Well.")]
    await desk.answered(conversation, "Count.")
    await desk.summary_made(conversation)
    assert [each.upto for each in await desk.summaries.of(conversation.id)] == [path[-1].id]
    await desk.answered(conversation, "And then?")
    told = [message.content for message in desk.backend.requests[-1].messages]
    assert "They counted greek letters." in told[0]
    assert told[1:3] == ["Count.", answer]


async def test_other_policies_ask_for_no_summary(desk: Desk) -> None:
    conversation, _ = await desk.begin(12, ContextPolicy.DROP_OLDEST)
    await desk.answered(conversation)
    await desk.answered(conversation)
    assert len(desk.backend.requests) == 2
    assert not await desk.summaries.of(conversation.id)


async def test_an_answer_never_waits_for_a_summary(desk: Desk) -> None:
    conversation, _ = await desk.begin(12)
    gate = asyncio.Event()
    desk.backend.answers = [
        said("Fine."),
        Answer(said("half").deltas, gate=gate),
        said("At once."),
        said("S."),
    ]
    await desk.answered(conversation)
    async with asyncio.timeout(5):
        for _ in range(1000):
            if len(desk.backend.requests) == 2:
                break
            await asyncio.sleep(0.001)
        await desk.answered(conversation)
        assert desk.backend.closed == 1
        # It went out without its oldest messages, and without a summary.
        assert desk.backend.requests[2].messages[0].role == "user"
    await desk.summary_made(conversation)


async def test_a_summary_can_be_changed_deleted_and_made_anew_and_all_of_it_undone(desk: Desk) -> None:
    conversation, _ = await desk.begin(12)
    desk.backend.answers = [said("First.")]
    summary = await desk.summaries.make(conversation.id)
    assert summary is not None
    changed = await desk.summaries.edit(summary, " By hand. ")
    assert (changed.content, changed.by_user) == ("By hand.", True)
    desk.backend.answers = [said("Anew.")]
    again = await desk.summaries.regenerate(changed)
    assert (again.content, again.by_user, again.id) == ("Anew.", False, summary.id)
    assert "Q0 alpha" in desk.backend.requests[-1].messages[1].content
    await desk.summaries.delete(again)
    assert not await desk.summaries.of(conversation.id)
    for content in ("Anew.", "By hand.", "First."):
        await desk.undo.undo()
        (left,) = await desk.summaries.of(conversation.id)
        assert left.content == content
    with pytest.raises(BadRequest):
        await desk.summaries.edit(summary, "  ")


async def test_a_second_summary_goes_on_from_the_first(desk: Desk) -> None:
    conversation, path = await desk.begin(30)
    desk.backend.answers = [said("One."), said("Two."), said("Three.")]
    first = await desk.summaries.make(conversation.id)
    second = await desk.summaries.make(conversation.id)
    assert first is not None
    assert second is not None
    places = {message.id: index for index, message in enumerate(path)}
    assert places[first.upto] < places[second.upto]
    asked = desk.backend.requests[1].messages[1].content
    assert asked.startswith("Summary of what came before:\nOne.")
    assert "Q0 alpha" not in asked
    # A request that condenses fits into the window itself.
    for request in desk.backend.requests:
        assert sum(len(message.content) for message in request.messages) < 4 * 512


async def test_a_model_that_makes_none_is_told_of(desk: Desk) -> None:
    conversation, _ = await desk.begin(12)
    desk.backend.answers = [said("<think>nothing")]
    with pytest.raises(ServerFailed):
        await desk.summaries.make(conversation.id)
