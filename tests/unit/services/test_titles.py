"""Titles by the model: when they are made, and when not."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.builders import a_message
from tests.support.desk import Desk, happens
from tests.support.fake_backend import DONE, Answer, said
from tui.domain.conversation import Conversation, ConversationId, Message, Role
from tui.domain.errors import ModelMissing
from tui.domain.events import ConversationsChanged, GenerationFinished
from tui.domain.generation import Delta
from tui.services.titles import clean_title
from tui.storage.conversations import SqliteConversationStore


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(await SqliteConversationStore.open(tmp_path / "conversations.db"))
    desk.titles.start()
    await asyncio.sleep(0)
    yield desk
    await desk.aclose()


async def title(desk: Desk, conversation: Conversation) -> str:
    found = await desk.conversations.get(conversation.id)
    assert found is not None
    return found.title


async def titled(desk: Desk, conversation: Conversation) -> str:
    """Return the title once it is another one."""
    async for event in desk.events:
        if isinstance(event, ConversationsChanged):
            now = await title(desk, conversation)
            if now != conversation.title:
                return now
    raise AssertionError("the bus was closed")


async def tried(desk: Desk) -> None:
    """Return when nothing more is being made."""
    for _ in range(5):
        await asyncio.sleep(0)
    titles = desk.titles
    await happens(lambda: not titles._waiting and (titles._making is None or titles._making.done()))


@pytest.mark.parametrize(
    ("answered", "wanted"),
    [
        ("Paris in spring", "Paris in spring"),
        ('"Paris in spring."\n\nI hope you like it.', "Paris in spring"),
        ("Title: **Paris in spring**", "Paris in spring"),
        ("# Paris\n", "Paris"),
        ("<think>a title, well…</think>\nParis", "Paris"),
        ("<think>never ends", ""),
        ("「パリの春」", "パリの春"),
        ("Titel: „Köln im Mai“", "Köln im Mai"),
        ("\x1b]0;PWNED\x07", "␛]0;PWNED␇"),
        ("", ""),
        ("...", ""),
    ],
)
def test_what_a_model_says_is_cleaned(answered: str, wanted: str) -> None:
    assert clean_title(answered) == wanted


def test_a_long_title_is_cut_between_words() -> None:
    cut = clean_title("word " * 40)
    assert len(cut) <= 61 and cut.endswith("word…")


async def test_the_first_exchange_gets_a_title(desk: Desk) -> None:
    conversation = await desk.begin("What is the capital of France?")
    desk.backend.answers = [said("Paris."), said('"French ', 'capital"')]
    await desk.ask(conversation, "What is the capital of France?")
    assert await titled(desk, conversation) == "French capital"
    request = desk.backend.requests[1]
    assert request.model == conversation.model
    assert request.options.num_predict and request.options.num_predict < 50
    assert "What is the capital of France?" in request.messages[0].content
    assert len(await desk.store.messages(conversation.id)) == 2


async def test_a_new_message_gives_the_title_up_at_once(desk: Desk) -> None:
    conversation = await desk.begin("a")
    never = asyncio.Event()
    desk.backend.answers = [
        said("one"),
        Answer((Delta(content="Titl"), DONE), gate=never),
        said("two"),
        said("Made"),
    ]
    await desk.ask(conversation, "a")
    await happens(lambda: len(desk.backend.requests) == 2)
    await desk.generation.ask(conversation.id, "b")
    await desk.until(GenerationFinished)
    await happens(lambda: len(desk.backend.requests) >= 3)
    assert await titled(desk, conversation) == "Made"
    assert desk.backend.closed == 1
    assert [m.content for m in desk.backend.requests[2].messages] == ["a", "one", "b"]


async def test_a_title_set_by_hand_stays(desk: Desk) -> None:
    conversation = await desk.begin("a")
    await desk.collection.rename(conversation.id, "Mine")
    await desk.ask(conversation, "a")
    await tried(desk)
    assert len(desk.backend.requests) == 1
    assert await title(desk, conversation) == "Mine"


async def test_a_title_set_by_hand_meanwhile_stays(desk: Desk) -> None:
    conversation = await desk.begin("a")
    gate = asyncio.Event()
    desk.backend.answers = [said("one"), Answer((Delta(content="Made"), DONE), gate=gate)]
    await desk.ask(conversation, "a")
    await happens(lambda: len(desk.backend.requests) == 2)
    await desk.collection.rename(conversation.id, "Mine")
    gate.set()
    await tried(desk)
    assert await title(desk, conversation) == "Mine"


@pytest.mark.parametrize("answer", [said("…"), Answer(error=ModelMissing("Gone."))])
async def test_without_a_fit_title_the_first_words_stay(desk: Desk, answer: Answer) -> None:
    conversation = await desk.begin("a")
    desk.backend.answers = [said("one"), answer]
    await desk.ask(conversation, "a")
    await tried(desk)
    assert await title(desk, conversation) == "a"
    assert len(desk.backend.requests) == 2


async def test_a_tiny_model_is_shown_examples(desk: Desk) -> None:
    desk.tiny = True
    conversation = await desk.begin("What is the\ncapital?")
    desk.backend.answers = [said("Paris."), said("French capital")]
    await desk.ask(conversation, "What is the\ncapital?")
    assert await titled(desk, conversation) == "French capital"
    *examples, asked = desk.backend.requests[1].messages
    assert [message.role for message in examples] == [Role.USER, Role.ASSISTANT] * (len(examples) // 2)
    assert len(examples) > 4
    assert asked.content == "Title for: What is the capital?"


async def test_a_conversation_that_is_gone_is_no_trouble(desk: Desk) -> None:
    conversation = await desk.begin("a")
    gate = asyncio.Event()
    desk.backend.answers = [said("one"), Answer((Delta(content="Made"), DONE), gate=gate)]
    await desk.ask(conversation, "a")
    await happens(lambda: len(desk.backend.requests) == 2)
    await desk.store.delete(conversation.id)
    gate.set()
    await tried(desk)
    assert await desk.conversations.page() == ()


async def test_an_answer_in_a_long_conversation_does_not_have_all_of_it_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await desk.begin("a")
    parent: Message | None = None
    messages: list[Message] = []
    for number in range(300):
        parent = a_message(conversation, f"{number} " * 300, parent=parent)
        messages.append(parent)
    await desk.store.add_messages(messages)

    async def everything(_: ConversationId) -> tuple[Message, ...]:
        raise AssertionError("all messages are read")

    monkeypatch.setattr(desk.store, "messages", everything)
    desk.backend.answers = [said("Paris.")]
    await desk.ask(conversation, "And now?")
    await tried(desk)
    assert len(desk.backend.requests) == 1
    now = await desk.store.conversation(conversation.id)
    assert now is not None
    assert 0 < len((await desk.context.plan(now)).left_out) < 301
