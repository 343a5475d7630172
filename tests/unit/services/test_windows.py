"""Two windows on one store: what one does the other sees, and they never answer at once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.builders import a_queued_message
from tests.support.desk import Desk, happens
from tests.support.fake_backend import DONE, Answer, FakeBackend, said
from tui.domain.conversation import MessageStatus
from tui.domain.errors import NoLongerQueued, WrittenElsewhere
from tui.domain.events import ConversationsChanged, GenerationFinished, GenerationStarted
from tui.domain.generation import Delta
from tui.services import windows
from tui.storage.conversations import SqliteConversationStore


@pytest.fixture
async def desks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Desk, Desk]]:
    monkeypatch.setattr(windows, "POLL_INTERVAL", 0.001)
    path = tmp_path / "conversations.db"
    backend = FakeBackend()
    one = Desk(await SqliteConversationStore.open(path), backend)
    two = Desk(await SqliteConversationStore.open(path), backend)
    yield one, two
    await one.aclose()
    await two.aclose()


async def noticed(desk: Desk) -> None:
    """Return when the window knows that another has changed something."""
    async for event in desk.events:
        if event == ConversationsChanged(None):
            return


async def test_a_change_is_noticed_and_ones_own_is_not(desks: tuple[Desk, Desk]) -> None:
    one, two = desks
    two.windows.start()
    await happens(lambda: two.windows.looks)
    await one.begin("mine")
    await noticed(two)
    assert [c.title for c in await two.conversations.page()] == ["mine"]
    looked = asyncio.create_task(noticed(two))
    await two.begin("yours")
    looks = two.windows.looks
    await happens(lambda: two.windows.looks > looks + 3)
    assert not looked.done()
    looked.cancel()


async def test_what_is_asked_while_the_other_answers_waits_and_is_sent_by_it(
    desks: tuple[Desk, Desk],
) -> None:
    one, two = desks
    conversation = await one.begin()
    gate = asyncio.Event()
    one.backend.answers = [Answer((Delta(content="slow"), DONE), gate=gate), said("second")]
    await one.generation.ask(conversation.id, "a")
    await two.windows.look()
    assert two.windows.live_elsewhere == {conversation.id}
    await two.generation.ask(conversation.id, "b")
    await two.idle(conversation)
    assert [q.content for q in await one.store.queued(conversation.id)] == ["b"]
    assert len(one.backend.requests) == 1
    gate.set()
    await one.idle(conversation)
    assert await two.texts(conversation) == ["a", "slow", "b", "second"]
    assert [m.content for m in one.backend.requests[1].messages] == ["a", "slow", "b"]
    assert await two.store.queued(conversation.id) == ()


async def test_an_answer_cannot_be_regenerated_while_the_other_window_writes(
    desks: tuple[Desk, Desk],
) -> None:
    one, two = desks
    conversation = await one.begin()
    await one.ask(conversation, "a")
    answer = (await one.path(conversation))[1]
    gate = asyncio.Event()
    one.backend.answers = [Answer((Delta(content="slow"), DONE), gate=gate)]
    await one.generation.ask(conversation.id, "b")
    for attempt in (two.generation.regenerate, two.generation.continue_answer):
        with pytest.raises(WrittenElsewhere):
            await attempt(conversation.id, answer.id)
    gate.set()
    await one.idle(conversation)
    assert len(await two.store.messages(conversation.id)) == 4


async def test_a_waiting_message_is_sent_by_one_window_only(desks: tuple[Desk, Desk]) -> None:
    one, two = desks
    conversation = await one.begin()
    one.backend.answers = [Answer(error=WrittenElsewhere("no"))]
    await one.ask(conversation, "a")
    for text in ("b", "c", "d"):
        await one.store.enqueue(a_queued_message(conversation, text))
    one.generation.resume(conversation.id)
    two.generation.resume(conversation.id)
    await asyncio.gather(one.idle(conversation), two.idle(conversation))
    one.generation.resume(conversation.id)
    await one.idle(conversation)
    asked = [m.content for m in await one.store.messages(conversation.id) if m.role == "user"]
    assert asked == ["a", "b", "c", "d"]


async def test_what_a_dead_window_wrote_is_interrupted(desks: tuple[Desk, Desk]) -> None:
    one, two = desks
    conversation = await one.begin()
    one.backend.answers = [Answer((Delta(content="slow"), DONE), gate=asyncio.Event())]
    await one.generation.ask(conversation.id, "a")
    await two.windows.look()
    two.windows.start()
    one.store._instance.leave()
    async for event in two.events:
        shown = (await two.path(conversation))[-1]
        if event == ConversationsChanged(None) and shown.status is not MessageStatus.STREAMING:
            assert shown.status is MessageStatus.INTERRUPTED
            return


async def test_a_queue_held_after_a_failure_goes_on_with_the_next_message_in_order(
    desks: tuple[Desk, Desk],
) -> None:
    one, _ = desks
    conversation = await one.begin()
    gate = asyncio.Event()
    one.backend.answers = [Answer((Delta(content="x"),), gate=gate)]
    await one.generation.ask(conversation.id, "a")
    await one.generation.ask(conversation.id, "b")
    gate.set()
    await one.idle(conversation)
    assert [q.content for q in await one.store.queued(conversation.id)] == ["b"]
    await one.ask(conversation, "c")
    assert await one.texts(conversation) == ["a", "x", "b", "Yes.", "c", "Yes."]


async def test_a_retry_goes_on_with_what_waits(desks: tuple[Desk, Desk]) -> None:
    one, _ = desks
    conversation = await one.begin()
    gate = asyncio.Event()
    one.backend.answers = [Answer((Delta(content="x"),), gate=gate), said("again")]
    await one.generation.ask(conversation.id, "a")
    await one.generation.ask(conversation.id, "b")
    gate.set()
    await one.idle(conversation)
    await one.generation.regenerate(conversation.id, (await one.path(conversation))[1].id)
    await one.idle(conversation)
    assert await one.texts(conversation) == ["a", "again", "b", "Yes."]


async def test_what_waits_is_changed_until_it_is_sent(desks: tuple[Desk, Desk]) -> None:
    one, _ = desks
    conversation = await one.begin()
    gate = asyncio.Event()
    one.backend.answers = [Answer((Delta(content="x"), DONE), gate=gate)]
    await one.generation.ask(conversation.id, "a")
    await one.until(GenerationStarted)
    await one.generation.ask(conversation.id, "b")
    (queued,) = await one.store.queued(conversation.id)
    await one.generation.change_queued(queued, "B")
    gate.set()
    await one.until(GenerationFinished)
    await one.idle(conversation)
    assert await one.texts(conversation) == ["a", "x", "B", "Yes."]
    with pytest.raises(NoLongerQueued):
        await one.generation.change_queued(queued, "too late")


async def test_a_quiet_store_is_asked_for_nothing_but_a_time(
    desks: tuple[Desk, Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = desks
    asked = 0
    data_version = one.store.data_version

    async def counted() -> int:
        nonlocal asked
        asked += 1
        return await data_version()

    stamps = [(1, 1)]
    monkeypatch.setattr(one.store, "data_version", counted)
    monkeypatch.setattr(one.store, "stamp", lambda: stamps[0])
    one.windows.start()
    await happens(lambda: one.windows.looks > 10)
    assert asked == 1
    looked = asyncio.create_task(noticed(one))
    await two.begin("theirs")
    stamps[0] = (2, 1)
    await looked
    # Where times do not tell, it is looked at now and then all the same.
    await two.begin("theirs again")
    await noticed(one)


async def test_changes_of_two_windows_to_one_conversation_all_stay(desks: tuple[Desk, Desk]) -> None:
    one, two = desks
    conversations = [await one.begin(f"{number}") for number in range(10)]
    await asyncio.gather(
        *[one.collection.set_tags(each.id, "tagged") for each in conversations],
        *[two.collection.set_pinned(each.id, True) for each in conversations],
    )
    assert {(each.tags, each.pinned) for each in await one.conversations.page()} == {(("tagged",), True)}
