"""A disk that is full in mid-write: nothing is lost, it is told, and writing goes on when it can."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.desk import Desk, Faults, happens
from tests.support.fake_backend import DONE, Answer
from tui.domain.conversation import MessageStatus
from tui.domain.errors import StoreUnavailable
from tui.domain.events import GenerationFinished, GenerationUpdated, StoreStateChanged
from tui.domain.generation import Delta
from tui.services import generation
from tui.storage.conversations import SqliteConversationStore


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr(generation, "RETRY_FIRST", 0.001)
    monkeypatch.setattr(generation, "CHECKPOINT_INTERVAL", 0.0)
    desk = Desk(await SqliteConversationStore.open(tmp_path / "conversations.db"))
    yield desk
    await desk.aclose()


async def test_the_end_of_an_answer_is_kept_until_it_can_be_stored(desk: Desk) -> None:
    conversation = await desk.begin()
    gate = asyncio.Event()
    desk.backend.answers = [Answer((Delta(content="long answer"), DONE), gate=gate)]
    await desk.generation.ask(conversation.id, "a")
    faults = Faults(desk.store)
    faults.failing = True
    gate.set()
    told = await desk.until(StoreStateChanged)
    assert told.error is not None and "full" in told.error.message
    progress = desk.generation.progress(conversation.id)
    assert progress is not None and progress.content == "long answer"
    attempts = faults.writes
    await happens(lambda: faults.writes >= attempts + 3)
    faults.failing = False
    assert (await desk.until(StoreStateChanged)).error is None
    await desk.idle(conversation)
    answer = (await desk.path(conversation))[1]
    assert (answer.content, answer.status) == ("long answer", MessageStatus.COMPLETE)


async def test_the_answer_is_shown_as_ended_though_it_is_not_stored(desk: Desk) -> None:
    conversation = await desk.begin()
    gate = asyncio.Event()
    desk.backend.answers = [Answer((Delta(content="x"), DONE), gate=gate)]
    await desk.generation.ask(conversation.id, "a")
    faults = Faults(desk.store)
    faults.failing = True
    gate.set()
    ended = await desk.until(GenerationFinished)
    assert (ended.answer.content, ended.answer.status) == ("x", MessageStatus.COMPLETE)
    assert conversation.id in desk.generation.live
    faults.failing = False
    await desk.idle(conversation)


async def test_a_checkpoint_that_fails_is_told_and_the_next_one_makes_it_good(desk: Desk) -> None:
    conversation = await desk.begin()
    gate = asyncio.Event()
    desk.backend.answers = [Answer((Delta(content="x"), DONE), gate=gate)]
    faults = Faults(desk.store)
    faults.until = 2  # The first stores the turn, the second is the checkpoint.
    await desk.generation.ask(conversation.id, "a")
    await desk.until(GenerationUpdated)
    assert (await desk.until(StoreStateChanged)).error is not None
    faults.failing, faults.until = False, None
    gate.set()
    assert (await desk.until(StoreStateChanged)).error is None
    await desk.idle(conversation)
    assert await desk.texts(conversation) == ["a", "x"]


async def test_a_message_that_cannot_be_stored_is_not_sent(desk: Desk) -> None:
    conversation = await desk.begin()
    faults = Faults(desk.store)
    faults.failing = True
    with pytest.raises(StoreUnavailable):
        await desk.generation.ask(conversation.id, "a")
    assert desk.backend.requests == []
    faults.failing = False
    await desk.ask(conversation, "a")
    assert await desk.texts(conversation) == ["a", "Yes."]


async def test_closing_does_not_wait_for_a_disk_that_stays_full(desk: Desk) -> None:
    conversation = await desk.begin()
    gate = asyncio.Event()
    desk.backend.answers = [Answer((Delta(content="x"), DONE), gate=gate)]
    await desk.generation.ask(conversation.id, "a")
    faults = Faults(desk.store)
    faults.failing = True
    gate.set()
    await desk.until(StoreStateChanged)
    await desk.generation.aclose()
    assert not desk.generation.live
