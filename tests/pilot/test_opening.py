"""A long conversation: its end is shown first, and nothing is wrong while the rest is read."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.pilot.test_chat import Chat, running
from tests.support.builders import a_conversation, a_message
from tests.support.scripted_server import ScriptedServer
from tui.domain.conversation import Conversation, Role
from tui.services.conversations import ConversationService

COUNT = 300


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


class Gate:
    """Holds back what is read behind, until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_open = False
        read = ConversationService.read

        async def held(service: ConversationService, *given: object) -> object:
            while not self.is_open:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            return await read(service, *given)  # type: ignore[arg-type]

        monkeypatch.setattr(ConversationService, "read", held)


@asynccontextmanager
async def opened(tmp_path: Path, server: ScriptedServer) -> AsyncIterator[tuple[Chat, Conversation]]:
    """Run with a long conversation on the screen, and return it."""
    async with running(tmp_path, server) as chat:
        assert chat.app.services is not None
        assert chat.screen.session is not None
        conversation = a_conversation("Long", model=chat.screen.session.model)
        messages = [
            a_message(conversation, f"m{number}", role=Role.ASSISTANT if number % 2 else Role.USER)
            for number in range(COUNT)
        ]
        for number in range(1, COUNT):
            messages[number] = replace(messages[number], parent_id=messages[number - 1].id)
        shown = replace(conversation, active_leaf=messages[-1].id)
        await chat.app.services.store.create(shown, messages)
        await chat.screen.session.open(conversation.id)
        yield chat, shown


async def test_the_end_is_shown_before_the_rest_is_read(
    tmp_path: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    async with opened(tmp_path, server) as (chat, conversation):
        transcript = chat.screen.pane.transcript
        assert chat.contents == [f"m{number}" for number in range(COUNT - 100, COUNT)]
        gate.is_open = True
        await transcript.whole()
        assert chat.contents == [f"m{number}" for number in range(COUNT)]
        assert len(transcript._items) == COUNT
        assert len(chat.screen.pane.prompt.history) == COUNT // 2
        assert transcript.following
        session = chat.screen.session
        assert session is not None
        await session.open(None)
        await session.open(conversation.id)
        assert transcript.following


async def test_a_conversation_that_was_left_far_up_opens_there(
    tmp_path: Path, server: ScriptedServer
) -> None:
    async with opened(tmp_path, server) as (chat, conversation):
        transcript, session = chat.screen.pane.transcript, chat.screen.session
        assert session is not None
        await transcript.whole()
        transcript.focus()
        for _ in range(3):
            await chat.pilot.press("g", "pagedown")
            top = transcript.visible_messages()[0]
            await session.open(None)
            await session.open(conversation.id)
            await transcript.whole()
            assert transcript.visible_messages()[0] == top


async def test_a_conversation_that_was_left_far_up_is_read_around_there_and_at_its_end(
    tmp_path: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    gate.is_open = True
    async with opened(tmp_path, server) as (chat, conversation):
        transcript, session = chat.screen.pane.transcript, chat.screen.session
        assert session is not None
        await transcript.whole()
        everything = [f"m{number}" for number in range(COUNT)]
        transcript.focus()
        for is_left in (True, False):
            await chat.pilot.press("g", *["pagedown"] * 6)
            await chat.pilot.wait_for_animation()
            top, row = transcript.visible_messages()[0], transcript.message_at(0)
            at = chat.contents.index(transcript._items[transcript._items.index(top) or 0].content)
            gate.is_open = False
            if is_left:
                await session.open(None)
            await session.open(conversation.id)
            # What is seen and what comes next, and the end: where answers are added.
            assert chat.contents == everything[at : at + 100] + everything[max(at + 100, COUNT - 100) :]
            assert transcript.visible_messages()[0] == top
            assert transcript.message_at(0) == row
            assert not transcript.is_whole
            shown = [transcript._items.number(index) for index in range(len(transcript._items))]
            gate.is_open = True
            await transcript.whole()
            assert chat.contents == everything
            assert [entry.content for entry in transcript._items.messages] == everything
            assert transcript.visible_messages()[0] == top
            numbers = [transcript._items.number(index) for index in range(COUNT)]
            assert numbers == list(range(numbers[0], numbers[0] + COUNT))
            assert set(shown) <= set(numbers)
            assert [transcript._items.index(entry.id) for entry in transcript._items.messages] == [
                *range(COUNT)
            ]


async def test_an_answer_that_begins_meanwhile_stands_at_the_end(
    tmp_path: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    async with opened(tmp_path, server) as (chat, _):
        await chat.say("More")
        await chat.until(lambda: chat.contents[-1] == "You said: More")
        gate.is_open = True
        await chat.screen.pane.transcript.whole()
        expected = [*(f"m{number}" for number in range(COUNT)), "More", "You said: More"]
        assert chat.contents == expected
        assert [entry.content for entry in chat.screen.pane.transcript._items.messages] == expected
        assert chat.screen.pane.prompt.history[-1] == "More"


async def test_what_is_read_behind_is_given_up_with_the_conversation(
    tmp_path: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    async with opened(tmp_path, server) as (chat, _):
        assert chat.screen.session is not None
        await chat.screen.session.open(None)
        gate.is_open = True
        await chat.pilot.pause()
        assert chat.screen.pane.is_empty
        assert chat.screen.pane.transcript.is_whole
