import sqlite3

import pytest

from tests.support.builders import a_conversation
from tui.domain.conversation import Attachment, ConversationId, QueuedMessage, new_message_id
from tui.domain.errors import StoreUnavailable
from tui.storage.conversations import SqliteConversationStore
from tui.storage.messages import delete_conversation

ONE = Attachment("1" * 64, "one.png", "image/png", 3, 10, 20)
TWO = Attachment("2" * 64, "two.txt", "text/plain", 3)


async def kept(store: SqliteConversationStore, *attachments: Attachment) -> None:
    for attachment in attachments:
        await store.add_attachment(b"abc", attachment)


async def test_what_is_attached_to_unsent_text_is_kept_in_order(store: SqliteConversationStore) -> None:
    conversation = a_conversation()
    await store.create(conversation)
    await kept(store, ONE, TWO)
    await store.save_draft_attachments(conversation.id, (TWO, ONE, TWO))
    await store.save_draft_attachments(None, (ONE,))
    assert await store.draft_attachments(conversation.id) == (TWO, ONE, TWO)
    assert await store.draft_attachments(None) == (ONE,)
    await store.save_draft_attachments(None, ())
    assert await store.draft_attachments(None) == ()
    assert await store.draft_attachments(conversation.id) == (TWO, ONE, TWO)


async def test_only_what_is_stored_can_be_kept(store: SqliteConversationStore) -> None:
    with pytest.raises(StoreUnavailable, match=r"one\.png is no longer stored"):
        await store.save_draft_attachments(None, (ONE,))
    with pytest.raises(StoreUnavailable):
        await store.save_draft_attachments(ConversationId("gone"), (ONE,))


async def test_bytes_stay_while_a_draft_has_them_and_go_with_the_last(store: SqliteConversationStore) -> None:
    first, second = a_conversation(), a_conversation()
    await store.create(first)
    await store.create(second)
    await kept(store, ONE)
    await store.save_draft_attachments(first.id, (ONE,))
    await store.save_draft_attachments(second.id, (ONE,))
    await store.delete(first.id)
    assert await store.attachment_data(ONE.digest) == b"abc"
    await store.delete(second.id)
    assert await store.attachment_data(ONE.digest) is None


async def test_an_old_draft_survives_the_cleaning_up(store: SqliteConversationStore) -> None:
    old, other = a_conversation(), a_conversation()
    await store.create(old)
    await store.create(other)
    await kept(store, ONE, TWO)
    await store.save_draft_attachments(old.id, (ONE,))

    def age_and_delete(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE attachments SET added_at = 0")
        delete_conversation(connection, other.id)

    await store._database.write(age_and_delete)
    assert await store.attachment_data(ONE.digest) == b"abc"
    assert await store.attachment_data(TWO.digest) is None


async def test_files_of_a_message_that_waited_go_back_to_the_draft(store: SqliteConversationStore) -> None:
    conversation = a_conversation()
    await store.create(conversation)
    await kept(store, ONE, TWO)
    await store.save_draft_attachments(conversation.id, (TWO,))
    queued = QueuedMessage(new_message_id(), conversation.id, "waits", 1.0, (ONE,))
    await store.enqueue(queued)
    await store._database.write(lambda c: c.execute("UPDATE queued_messages SET owner = 'dead'"))
    await store.recover()
    assert await store.draft(conversation.id) == "waits"
    assert await store.draft_attachments(conversation.id) == (TWO, ONE)
