"""What is stored for memory: summaries of conversations, and what windows learn together."""

import asyncio
from dataclasses import replace
from pathlib import Path

from tests.support.builders import a_conversation, an_exchange
from tui.domain.conversation import Summary
from tui.domain.estimate import REQUEST, added, message_features
from tui.services.calibrations import CalibrationBook
from tui.storage.conversations import SqliteConversationStore

FEATURES = added((REQUEST, message_features("How wide is the sea between Oslo and Kiel?")))


async def test_summaries_are_kept_changed_and_go_with_their_conversation(tmp_path: Path) -> None:
    store = await SqliteConversationStore.open(tmp_path / "conversations.db")
    try:
        conversation = a_conversation()
        path = an_exchange(conversation)
        await store.create(conversation, path)
        first = Summary("a" * 32, conversation.id, path[1].id, "Short.", 1.0, "gemma3:4b")
        second = replace(first, id="b" * 32, content="Shorter.", by_user=True)
        await store.save_summary(first)
        await store.save_summary(second)
        await store.save_summary(replace(first, content="Changed \ud800."))
        kept = await store.summaries(conversation.id)
        assert [each.id for each in kept] == [first.id, second.id]
        assert kept[0].content.startswith("Changed ")
        assert kept[1] == second
        await store.delete_summary(second.id)
        await store.delete_summary(second.id)
        assert len(await store.summaries(conversation.id)) == 1
        await store.delete(conversation.id)
        assert await store.summaries(conversation.id) == ()
    finally:
        await store.aclose()


async def test_windows_that_learn_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    stores = [await SqliteConversationStore.open(tmp_path / "conversations.db") for _ in range(2)]
    books = [CalibrationBook(store) for store in stores]
    try:
        await asyncio.gather(*(book.learn("m", FEATURES, 20) for _ in range(8) for book in books))
        books[0].forget()
        assert (await books[0].of("m")).answers == 16
    finally:
        for store in stores:
            await store.aclose()


async def test_a_book_beside_another_knows_the_same_and_teaches_it_nothing(tmp_path: Path) -> None:
    store = await SqliteConversationStore.open(tmp_path / "conversations.db")
    try:
        book = CalibrationBook(store)
        await book.learn("m", FEATURES, 20)
        private = book.beside()
        await private.learn("m", FEATURES, 20)
        assert (await private.of("m")).answers == 2
        book.forget()
        assert (await book.of("m")).answers == 1
    finally:
        await store.aclose()
