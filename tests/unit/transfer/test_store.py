"""What the store promises an import: whole or not at all, and once."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.builders import NOW, a_conversation, an_answer, an_attachment, an_exchange
from tui.domain.errors import BadRequest, StoreUnavailable
from tui.storage.conversations import SqliteConversationStore
from tui.storage.database import Database
from tui.storage.schema import load_migrations


async def test_every_field_is_kept_as_it_is(store: SqliteConversationStore) -> None:
    conversation = a_conversation()
    asked, answer = an_exchange(conversation)
    other = an_answer(conversation, "Lyon.", parent=asked, created_at=NOW + 99)
    conversation = replace(conversation, active_leaf=answer.id, updated_at=NOW + 7, unread=True)
    assert await store.import_conversation(conversation, (asked, answer, other), {})
    assert await store.conversation(conversation.id) == conversation
    assert await store.messages(conversation.id) == (asked, answer, other)
    assert [hit.message_id for hit in await store.search("Lyon")] == [other.id]


async def test_what_fails_leaves_nothing(store: SqliteConversationStore) -> None:
    conversation = a_conversation()
    asked, answer = an_exchange(conversation)
    answer = replace(answer, attachments=(an_attachment(),))
    with pytest.raises(StoreUnavailable):
        await store.import_conversation(conversation, (asked, answer), {"x": b"something else"})
    assert await store.conversation_ids() == ()
    assert await store.messages(conversation.id) == ()
    assert await store.attachment_data(an_attachment(b"something else").digest) is None


async def test_an_id_or_an_origin_comes_once(store: SqliteConversationStore) -> None:
    first = a_conversation()
    assert await store.import_conversation(first, an_exchange(first), {}, origin="chatgpt:1")
    second = a_conversation()
    assert not await store.import_conversation(second, an_exchange(second), {}, origin="chatgpt:1")
    assert not await store.import_conversation(first, an_exchange(first), {})
    assert await store.import_conversation(second, an_exchange(second), {}, origin="chatgpt:2")
    third = a_conversation()
    assert await store.import_conversation(third, an_exchange(third), {})


async def test_what_is_in_the_trash_is_there(store: SqliteConversationStore) -> None:
    conversation = a_conversation()
    await store.import_conversation(conversation, an_exchange(conversation), {}, origin="elia:1")
    await store.update(replace(conversation, trashed_at=NOW))
    assert await store.conversation_ids() == ()
    again = a_conversation()
    assert not await store.import_conversation(again, an_exchange(again), {}, origin="elia:1")


async def test_a_message_of_another_conversation_is_refused(store: SqliteConversationStore) -> None:
    first, second = a_conversation(), a_conversation()
    messages = an_exchange(first)
    await store.import_conversation(first, messages, {})
    stolen = tuple(replace(message, conversation_id=second.id) for message in messages)
    with pytest.raises(BadRequest):
        await store.import_conversation(second, stolen, {})
    assert await store.conversation_ids() == (first.id,)


async def test_ids_come_oldest_first(store: SqliteConversationStore) -> None:
    made = [replace(a_conversation(), created_at=NOW - number) for number in range(4)]
    for conversation in made:
        await store.create(conversation)
    assert await store.conversation_ids() == tuple(conversation.id for conversation in reversed(made))


async def test_a_store_of_the_version_before_takes_imports(tmp_path: Path) -> None:
    path = tmp_path / "conversations.db"
    database = await Database.open(path, load_migrations()[:1])
    await database.aclose()
    store = await SqliteConversationStore.open(path)
    conversation = a_conversation()
    assert await store.import_conversation(conversation, an_exchange(conversation), {}, origin="x:1")
    await store.aclose()
