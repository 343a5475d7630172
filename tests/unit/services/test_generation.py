"""Answers being written: what is committed when, and how each of them ends."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import pytest

from tests.support.builders import a_queued_message
from tests.support.contexts import a_context
from tests.support.fake_backend import DONE, Answer, FakeBackend, said
from tui.domain.conversation import (
    Conversation,
    ConversationId,
    Message,
    MessageId,
    MessageStatus,
    QueuedMessage,
    Role,
)
from tui.domain.errors import (
    AnswerInterrupted,
    BadRequest,
    ModelMissing,
    ServerUnreachable,
    StoreUnavailable,
    TuiError,
)
from tui.domain.events import (
    ConversationsChanged,
    Event,
    GenerationFinished,
    GenerationStarted,
    GenerationUpdated,
    QueueChanged,
    StoreStateChanged,
)
from tui.domain.generation import ChatRequest, Delta, Phase
from tui.domain.model import RunningModel
from tui.domain.ports import ChatBackend
from tui.domain.setup import Setup
from tui.services.clock import SystemClock
from tui.services.conversations import ConversationService
from tui.services.events import EventBus, Subscription
from tui.services.generation import GenerationService
from tui.services.turns import TurnService
from tui.storage.conversations import SqliteConversationStore


class Desk:
    """A generation service over a real store and a fake backend."""

    def __init__(self, store: SqliteConversationStore) -> None:
        self.store = store
        self.backend = FakeBackend()
        self.unreachable: TuiError | None = None
        self.suspected = 0
        self.bus = EventBus()
        clock = SystemClock()
        self.conversations = ConversationService(store, self.bus, clock)
        self.context = a_context(store, self.bus)
        self.generation = GenerationService(
            store=store,
            turns=TurnService(store, clock, self.context),
            backend=self._connected,
            bus=self.bus,
            clock=clock,
            suspect=self._suspect,
        )
        self.events: Subscription = self.bus.subscribe()

    async def _connected(self, _: ConversationId) -> ChatBackend:
        if self.unreachable is not None:
            raise self.unreachable
        return self.backend

    def _suspect(self) -> None:
        self.suspected += 1

    async def begin(self, system: str = "") -> Conversation:
        return await self.conversations.begin("Hello there", model="gemma3:4b", setup=Setup(system=system))

    async def until(self, kind: type[Event]) -> Event:
        """Return the next event of a kind."""
        async for event in self.events:
            if isinstance(event, kind):
                return event
        raise AssertionError("the bus was closed")

    async def finished(self) -> GenerationFinished:
        event = await self.until(GenerationFinished)
        assert isinstance(event, GenerationFinished)
        return event

    async def until_content(self, text: str) -> None:
        while True:
            event = await self.until(GenerationUpdated)
            assert isinstance(event, GenerationUpdated)
            if text in event.content:
                return

    async def idle(self, conversation: Conversation) -> None:
        """Return when nothing more is done in a conversation."""
        while conversation.id in self.generation.live:
            await self.until(ConversationsChanged)

    async def stored(self, conversation: Conversation) -> list[Message]:
        return list(await self.store.messages(conversation.id))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    store = await SqliteConversationStore.open(tmp_path / "conversations.db")
    desk = Desk(store)
    yield desk
    await desk.generation.aclose()
    await store.aclose()


async def test_a_message_is_answered_and_both_are_stored(desk: Desk) -> None:
    conversation = await desk.begin()
    desk.backend.answers = [said("Good", " day", ".")]
    await desk.generation.ask(conversation.id, "Hello there")
    ended = await desk.finished()
    user, answer = await desk.stored(conversation)
    assert (user.role, user.content, user.parent_id) == (Role.USER, "Hello there", None)
    assert (answer.content, answer.parent_id, answer.status) == ("Good day.", user.id, MessageStatus.COMPLETE)
    assert answer == ended.answer
    assert answer.model == "gemma3:4b"
    assert answer.stats.answer_tokens == 3
    assert answer.stats.tokens_per_second == 2.0
    assert answer.stats.first_token_seconds is not None


async def test_the_message_is_committed_before_the_request_goes_out(desk: Desk) -> None:
    conversation = await desk.begin()
    stored_at_request: list[Message] = []

    class Watching(FakeBackend):
        async def chat(self, request: ChatRequest) -> AsyncGenerator[Delta, None]:
            stored_at_request.extend(await desk.stored(conversation))
            yield DONE

    desk.backend = Watching()
    await desk.generation.ask(conversation.id, "first")
    await desk.finished()
    assert [message.content for message in stored_at_request] == ["first", ""]
    assert stored_at_request[1].status is MessageStatus.STREAMING


async def test_each_request_carries_the_system_prompt_and_the_whole_history(desk: Desk) -> None:
    conversation = await desk.begin(system="Be brief.")
    desk.backend.answers = [said("one"), said("two"), said("three")]
    for text in ("a", "b", "c"):
        await desk.generation.ask(conversation.id, text)
        await desk.finished()
        await desk.idle(conversation)
    sent = [[(m.role, m.content) for m in request.messages] for request in desk.backend.requests]
    whole = [
        ("system", "Be brief."),
        ("user", "a"),
        ("assistant", "one"),
        ("user", "b"),
        ("assistant", "two"),
        ("user", "c"),
    ]
    assert sent == [whole[:2], whole[:4], whole]


async def test_stop_keeps_what_has_arrived_and_closes_the_stream(desk: Desk) -> None:
    conversation = await desk.begin()
    desk.backend.answers = [Answer((Delta(content="half"), DONE), gate=asyncio.Event())]
    await desk.generation.ask(conversation.id, "go")
    await desk.until_content("half")
    assert desk.generation.stop(conversation.id)
    ended = await desk.finished()
    assert (ended.answer.status, ended.answer.content, ended.error) == (MessageStatus.STOPPED, "half", None)
    assert desk.backend.closed == 1
    assert (await desk.stored(conversation))[-1] == ended.answer
    assert not desk.generation.stop(conversation.id)


async def test_a_second_message_waits_and_is_sent_in_order(desk: Desk) -> None:
    conversation = await desk.begin()
    gate = asyncio.Event()
    desk.backend.answers = [Answer((Delta(content="one"), DONE), gate=gate), said("two"), said("three")]
    await desk.generation.ask(conversation.id, "a")
    await desk.until_content("one")
    await desk.generation.ask(conversation.id, "b")
    await desk.generation.ask(conversation.id, "c")
    assert [queued.content for queued in await desk.store.queued(conversation.id)] == ["b", "c"]
    assert len(desk.backend.requests) == 1
    gate.set()
    assert [(await desk.finished()).answer.content for _ in range(3)] == ["one", "two", "three"]
    assert [m.content for m in await desk.stored(conversation)] == ["a", "one", "b", "two", "c", "three"]
    assert await desk.store.queued(conversation.id) == ()


async def test_after_a_failure_what_waits_stays_and_is_not_sent(desk: Desk) -> None:
    conversation = await desk.begin()
    gate = asyncio.Event()
    gone = AnswerInterrupted("The connection was lost.", "Retry.")
    desk.backend.answers = [Answer((Delta(content="so"),), error=gone, gate=gate)]
    await desk.generation.ask(conversation.id, "a")
    await desk.until_content("so")
    await desk.generation.ask(conversation.id, "b")
    gate.set()
    ended = await desk.finished()
    assert (ended.answer.status, ended.answer.content) == (MessageStatus.INTERRUPTED, "so")
    await desk.idle(conversation)
    assert [queued.content for queued in await desk.store.queued(conversation.id)] == ["b"]
    assert len(desk.backend.requests) == 1
    assert desk.suspected == 1


async def test_two_conversations_answer_side_by_side(desk: Desk) -> None:
    first, second = await desk.begin(), await desk.begin()
    gates = asyncio.Event(), asyncio.Event()
    desk.backend.answers = [
        Answer((Delta(content="one"), DONE), gate=gates[0]),
        Answer((Delta(content="two"), DONE), gate=gates[1]),
    ]
    await desk.generation.ask(first.id, "a")
    await desk.until_content("one")
    await desk.generation.ask(second.id, "b")
    await desk.until_content("two")
    assert desk.generation.live == {first.id, second.id}
    gates[1].set()
    assert (await desk.finished()).conversation_id == second.id
    gates[0].set()
    assert (await desk.finished()).conversation_id == first.id


async def test_a_stream_without_done_is_interrupted(desk: Desk) -> None:
    conversation = await desk.begin()
    desk.backend.answers = [Answer((Delta(content="half"),))]
    await desk.generation.ask(conversation.id, "go")
    ended = await desk.finished()
    assert ended.answer.status is MessageStatus.INTERRUPTED
    assert ended.answer.content == "half"
    assert ended.answer.error and ended.answer.hint


@pytest.mark.parametrize(
    "error", [ModelMissing("It is gone.", "Choose another."), ServerUnreachable("Nothing listens.")]
)
async def test_what_was_refused_is_failed_and_never_sent_again(desk: Desk, error: TuiError) -> None:
    conversation = await desk.begin()
    desk.backend.answers = [Answer(error=error), said("fine")]
    await desk.generation.ask(conversation.id, "go")
    ended = await desk.finished()
    assert ended.answer.status is MessageStatus.FAILED
    assert (ended.answer.error, ended.answer.hint, ended.answer.content) == (error.message, error.hint, "")
    await desk.idle(conversation)
    await desk.generation.ask(conversation.id, "again")
    await desk.finished()
    # What was asked in a row is told as one: templates expect questions and answers in turn.
    assert [m.content for m in desk.backend.requests[-1].messages] == ["go\n\nagain"]


async def test_an_unreachable_server_fails_the_answer_and_keeps_the_question(desk: Desk) -> None:
    conversation = await desk.begin()
    desk.unreachable = ServerUnreachable("Nothing listens.", "Start it.")
    await desk.generation.ask(conversation.id, "go")
    assert (await desk.finished()).answer.status is MessageStatus.FAILED
    assert [m.content for m in await desk.stored(conversation)] == ["go", ""]


async def test_closing_the_app_stores_what_has_arrived_as_interrupted(desk: Desk) -> None:
    conversation = await desk.begin()
    desk.backend.answers = [Answer((Delta(content="half"), DONE), gate=asyncio.Event())]
    await desk.generation.ask(conversation.id, "go")
    await desk.until_content("half")
    await desk.generation.aclose()
    answer = (await desk.stored(conversation))[-1]
    assert (answer.status, answer.content) == (MessageStatus.INTERRUPTED, "half")


async def test_a_growing_answer_is_checkpointed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    conversation = await desk.begin()
    desk.backend.answers = [Answer((Delta(content="half"), DONE), gate=asyncio.Event())]
    written = asyncio.Event()
    checkpoint = desk.store.checkpoint

    async def noted(message_id: MessageId, content: str, thinking: str) -> None:
        await checkpoint(message_id, content, thinking)
        written.set()

    monkeypatch.setattr(desk.store, "checkpoint", noted)
    await desk.generation.ask(conversation.id, "go")
    await written.wait()
    assert (await desk.stored(conversation))[-1].content == "half"
    assert (await desk.stored(conversation))[-1].status is MessageStatus.STREAMING


async def test_many_tokens_make_few_events_and_few_writes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await desk.begin()
    writes = 0
    checkpoint = desk.store.checkpoint

    async def counted(message_id: MessageId, content: str, thinking: str) -> None:
        nonlocal writes
        writes += 1
        await checkpoint(message_id, content, thinking)

    monkeypatch.setattr(desk.store, "checkpoint", counted)
    desk.backend.answers = [said(*("word " for _ in range(2000)))]
    await desk.generation.ask(conversation.id, "go")
    seen: list[Event] = []
    async for event in desk.events:
        seen.append(event)
        if isinstance(event, GenerationFinished):
            break
    assert isinstance(event, GenerationFinished)
    elapsed = event.answer.stats.total_seconds or 0
    updates = [event for event in seen if isinstance(event, GenerationUpdated)]
    assert event.answer.content == "word " * 2000
    assert len(updates) <= elapsed / 0.05 + 2
    assert writes <= elapsed / 0.25 + 2


async def test_regenerate_makes_a_sibling_and_overwrites_nothing(desk: Desk) -> None:
    conversation = await desk.begin()
    desk.backend.answers = [said("one"), said("two")]
    await desk.generation.ask(conversation.id, "go")
    first = (await desk.finished()).answer
    await desk.idle(conversation)
    await desk.generation.regenerate(conversation.id, first.id)
    second = (await desk.finished()).answer
    assert (first.parent_id, first.id) != (None, second.id)
    assert second.parent_id == first.parent_id
    opened = await desk.conversations.open(conversation.id)
    assert [m.content for m in opened.path] == ["go", "two"]
    assert opened.branches == {second.id: (2, 2)}
    assert [m.content for m in desk.backend.requests[1].messages] == ["go"]
    assert await desk.conversations.step_branch(conversation.id, second.id, -1)
    opened = await desk.conversations.open(conversation.id)
    assert [m.content for m in opened.path] == ["go", "one"]


async def test_continue_goes_on_where_the_answer_ended(desk: Desk) -> None:
    conversation = await desk.begin()
    desk.backend.answers = [Answer((Delta(content="Once upon"),)), said(" a time.")]
    await desk.generation.ask(conversation.id, "go")
    cut = (await desk.finished()).answer
    await desk.idle(conversation)
    await desk.generation.continue_answer(conversation.id, cut.id)
    ended = (await desk.finished()).answer
    assert (ended.id, ended.content, ended.status) == (cut.id, "Once upon a time.", MessageStatus.COMPLETE)
    assert [(m.role, m.content) for m in desk.backend.requests[1].messages] == [
        ("user", "go"),
        ("assistant", "Once upon"),
    ]


async def test_nothing_is_sent_when_it_cannot_be_stored(desk: Desk) -> None:
    conversation = await desk.begin()
    await desk.store.delete(conversation.id)
    with pytest.raises(StoreUnavailable):
        await desk.generation.ask(conversation.id, "go")
    assert desk.backend.requests == []
    assert desk.generation.live == frozenset()


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
async def test_an_empty_message_is_refused(desk: Desk, text: str) -> None:
    conversation = await desk.begin()
    with pytest.raises(BadRequest):
        await desk.generation.ask(conversation.id, text)
    assert await desk.stored(conversation) == []


@pytest.mark.parametrize(
    ("loaded", "phase"),
    [((), Phase.LOADING), ((RunningModel("gemma3:4b"),), Phase.WAITING)],
)
async def test_loading_is_told_from_waiting(
    desk: Desk, loaded: tuple[RunningModel, ...], phase: Phase
) -> None:
    conversation = await desk.begin()
    desk.backend.loaded = loaded
    desk.backend.answers = [Answer((DONE,), gate=asyncio.Event())]
    await desk.generation.ask(conversation.id, "go")
    while True:
        event = await desk.until(GenerationUpdated)
        assert isinstance(event, GenerationUpdated)
        if event.phase is not Phase.CONNECTING:
            break
    assert event.phase is phase


async def test_thinking_is_kept_apart_and_timed(desk: Desk) -> None:
    conversation = await desk.begin()
    desk.backend.answers = [
        Answer((Delta(thinking="hm"), Delta(thinking="m"), Delta(content="Yes."), DONE)),
    ]
    await desk.generation.ask(conversation.id, "go")
    answer = (await desk.finished()).answer
    assert (answer.thinking, answer.content) == ("hmm", "Yes.")
    assert answer.stats.thinking_seconds is not None
    assert desk.backend.requests[0].messages[-1].content == "go"


async def test_an_answer_that_ends_unseen_leaves_a_mark(desk: Desk) -> None:
    seen, unseen = await desk.begin(), await desk.begin()
    desk.generation.viewing = seen.id
    for conversation in (seen, unseen):
        await desk.generation.ask(conversation.id, "go")
        await desk.finished()
    found = {c.id: c.unread for c in await desk.conversations.page()}
    assert found == {seen.id: False, unseen.id: True}
    await desk.conversations.mark_read(unseen.id)
    assert not any(c.unread for c in await desk.conversations.page())


async def test_whoever_comes_while_the_end_is_stored_has_read_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await desk.begin()
    finish = desk.store.finish

    async def slow(answer: Message, *, unread: bool) -> None:
        desk.generation.viewing = conversation.id
        await desk.conversations.mark_read(conversation.id)
        await finish(answer, unread=unread)

    monkeypatch.setattr(desk.store, "finish", slow)
    await desk.generation.ask(conversation.id, "go")
    await desk.finished()
    assert not (await desk.conversations.page())[0].unread


async def test_what_waits_for_room_in_the_store_is_not_unfinished(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await desk.begin()
    await desk.store.enqueue(a_queued_message(conversation, "b"))
    tried = asyncio.Event()

    async def full(*_: object, **__: object) -> None:
        tried.set()
        raise StoreUnavailable("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(desk.store, "add_messages", full)
        desk.generation.resume(conversation.id)
        assert not desk.generation.unfinished
        await tried.wait()
        await desk.until(StoreStateChanged)
        assert desk.generation.live == {conversation.id}
        assert not desk.generation.unfinished
    await desk.finished()
    assert (await desk.stored(conversation))[0].content == "b"


async def test_the_queue_is_told_and_can_be_taken_back(desk: Desk) -> None:
    conversation = await desk.begin()
    gate = asyncio.Event()
    desk.backend.answers = [Answer((Delta(content="one"), DONE), gate=gate)]
    await desk.generation.ask(conversation.id, "a")
    await desk.until_content("one")
    await desk.generation.ask(conversation.id, "b")
    event = await desk.until(QueueChanged)
    assert isinstance(event, QueueChanged)
    assert [queued.content for queued in event.queued] == ["b"]
    await desk.generation.unqueue(event.queued[0])
    gate.set()
    await desk.finished()
    await desk.idle(conversation)
    assert [m.content for m in await desk.stored(conversation)] == ["a", "one"]


async def test_the_start_of_an_answer_is_told_with_its_question(desk: Desk) -> None:
    conversation = await desk.begin()
    await desk.generation.ask(conversation.id, "go")
    event = await desk.until(GenerationStarted)
    assert isinstance(event, GenerationStarted)
    assert event.user is not None and event.user.content == "go"
    assert event.answer.parent_id == event.user.id


async def test_once_its_end_is_stored_nothing_is_cut_and_the_next_job_waits_for_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await desk.begin()
    desk.backend.answers = [said("one"), said("two")]
    gate = asyncio.Event()
    queued = desk.store.queued

    async def slow(conversation_id: ConversationId) -> tuple[QueuedMessage, ...]:
        await gate.wait()
        return await queued(conversation_id)

    await desk.generation.ask(conversation.id, "go")
    monkeypatch.setattr(desk.store, "queued", slow)
    assert desk.generation.unfinished == {conversation.id}
    answer = (await desk.finished()).answer
    assert desk.generation.live == {conversation.id}
    assert not desk.generation.unfinished
    again = asyncio.create_task(desk.generation.regenerate(conversation.id, answer.id))
    await asyncio.sleep(0)
    gate.set()
    await again
    await desk.finished()
    assert [m.content for m in await desk.stored(conversation)] == ["go", "one", "two"]


async def test_an_end_that_cannot_be_stored_is_unfinished(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await desk.begin()
    desk.backend.answers = [said("one")]

    async def full(*_: object, **__: object) -> None:
        raise StoreUnavailable("The disk is full.")

    await desk.generation.ask(conversation.id, "go")
    monkeypatch.setattr(desk.store, "finish", full)
    await desk.finished()
    assert desk.generation.unfinished == {conversation.id}
