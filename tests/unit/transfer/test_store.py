"""What the store promises an import: whole or not at all, and once."""

from dataclasses import replace
from pathlib import Path

from tests.support.builders import (
    NOW,
    a_conversation,
    a_message,
    an_answer,
    an_attachment,
    an_exchange,
    take_in,
)
from tui.domain.conversation import Deletion, new_conversation_id
from tui.domain.whole import Outcome, WholeConversation
from tui.storage.conversations import SqliteConversationStore
from tui.storage.database import Database
from tui.storage.schema import load_migrations


async def test_every_field_is_kept_as_it_is(store: SqliteConversationStore) -> None:
    conversation = a_conversation()
    asked, answer = an_exchange(conversation)
    other = an_answer(conversation, "Lyon.", parent=asked, created_at=NOW + 99)
    conversation = replace(conversation, active_leaf=answer.id, updated_at=NOW + 7, unread=True)
    assert (await take_in(store, conversation, (asked, answer, other))).outcome is Outcome.NEW
    assert await store.conversation(conversation.id) == conversation
    assert await store.messages(conversation.id) == (asked, answer, other)
    assert [hit.message_id for hit in (await store.search("Lyon")).hits] == [other.id]


async def test_what_is_refused_leaves_nothing_and_the_others_alone(store: SqliteConversationStore) -> None:
    spoilt, sound = a_conversation(), a_conversation()
    asked, answer = an_exchange(spoilt)
    answer = replace(answer, attachments=(an_attachment(),))
    refused, taken = await store.take_in(
        [
            WholeConversation(spoilt, (asked, answer), {"x": b"something else"}),
            WholeConversation(sound, an_exchange(sound)),
        ]
    )
    assert (refused.outcome, taken.outcome) == (Outcome.REFUSED, Outcome.NEW)
    assert "no longer stored" in refused.reason
    assert await store.conversation_ids() == (sound.id,)
    assert await store.messages(spoilt.id) == ()
    assert await store.attachment_data(an_attachment(b"something else").digest) is None


async def test_an_id_or_an_origin_comes_once(store: SqliteConversationStore) -> None:
    first = a_conversation()
    exchange = an_exchange(first)
    assert (await take_in(store, first, exchange, origin="chatgpt:1")).outcome is Outcome.NEW
    assert (await take_in(store, first, exchange, origin="chatgpt:1")).outcome is Outcome.SAME
    assert (await take_in(store, first, exchange)).outcome is Outcome.SAME
    same = replace(first, id=new_conversation_id())
    moved = tuple(replace(message, conversation_id=same.id) for message in exchange)
    assert (await take_in(store, same, moved, origin="chatgpt:1")).outcome is Outcome.SAME
    assert await store.conversation_ids() == (first.id,)
    second = a_conversation()
    assert (await take_in(store, second, an_exchange(second), origin="chatgpt:2")).outcome is Outcome.NEW


async def test_what_is_in_the_trash_stays_there(store: SqliteConversationStore) -> None:
    conversation = a_conversation()
    exchange = an_exchange(conversation)
    await take_in(store, conversation, exchange, origin="elia:1")
    await store.update(replace(conversation, trashed_at=NOW))
    assert (await take_in(store, conversation, exchange, origin="elia:1")).outcome is Outcome.SAME
    assert await store.conversation_ids() == ()


async def test_a_conversation_that_has_grown_gets_what_is_new(store: SqliteConversationStore) -> None:
    conversation = a_conversation()
    asked, answer = an_exchange(conversation)
    before = replace(conversation, active_leaf=answer.id, updated_at=NOW + 1, title="Named there")
    await take_in(store, before, (asked, answer), origin="chatgpt:1")
    await store.update(replace(before, title="Named here"))
    more = a_message(conversation, "And of Spain?", parent=answer, created_at=NOW + 50)
    beside = an_answer(conversation, "Lyon.", parent=asked, created_at=NOW + 60)
    after = replace(before, active_leaf=more.id, updated_at=NOW + 60)
    everything = (asked, answer, more, beside)
    taken = await take_in(store, after, everything, origin="chatgpt:1")
    assert (taken.outcome, taken.added) == (Outcome.GROWN, (more.id, beside.id))
    assert await store.messages(conversation.id) == everything
    stored = await store.conversation(conversation.id)
    assert stored is not None
    assert (stored.title, stored.active_leaf, stored.updated_at) == ("Named here", more.id, NOW + 60)
    assert (await take_in(store, after, everything, origin="chatgpt:1")).outcome is Outcome.SAME
    await store.give_back([taken], NOW + 99)
    assert await store.messages(conversation.id) == (asked, answer)
    stored = await store.conversation(conversation.id)
    assert stored is not None and (stored.active_leaf, stored.updated_at) == (answer.id, NOW + 1)
    assert (await take_in(store, after, everything, origin="chatgpt:1")).outcome is Outcome.GROWN


async def test_a_branch_chosen_here_stays_when_the_conversation_grows(store: SqliteConversationStore) -> None:
    conversation = a_conversation()
    asked, answer = an_exchange(conversation)
    await take_in(store, replace(conversation, active_leaf=answer.id), (asked, answer))
    mine = a_message(conversation, "My own question", parent=answer, created_at=NOW + 9)
    await store.add_messages((mine,))
    theirs = a_message(conversation, "A question there", parent=answer, created_at=NOW + 8)
    await take_in(store, replace(conversation, active_leaf=theirs.id), (asked, answer, theirs))
    stored = await store.conversation(conversation.id)
    assert stored is not None and (stored.active_leaf, stored.updated_at) == (mine.id, NOW + 9)
    assert await store.messages(conversation.id) == (asked, answer, mine, theirs)


async def test_a_message_that_was_deleted_here_does_not_come_back(store: SqliteConversationStore) -> None:
    conversation = a_conversation()
    asked, answer = an_exchange(conversation)
    await take_in(store, conversation, (asked, answer))
    await store.delete_messages(conversation.id, {answer.id}, NOW)
    assert (await take_in(store, conversation, (asked, answer))).outcome is Outcome.SAME
    # What was removed for good is no parent any more.
    await store.purge(NOW + 1)
    more = a_message(conversation, "And of Spain?", parent=answer)
    later = an_answer(conversation, "Madrid.", parent=more)
    taken = await take_in(store, conversation, (asked, more, later))
    assert taken.added == (more.id, later.id)
    assert (await store.messages(conversation.id))[1].parent_id in (None, asked.id)


async def test_giving_back_keeps_what_was_touched(store: SqliteConversationStore) -> None:
    untouched, touched = a_conversation(), a_conversation()
    taken = [await take_in(store, each, an_exchange(each)) for each in (untouched, touched)]
    messages = await store.messages(touched.id)
    await store.add_messages((a_message(touched, "Go on", parent=messages[-1], created_at=NOW + 5),))
    await store.give_back(taken, NOW + 9)
    assert await store.conversation_ids() == ()
    assert [each.id for each in await store.trash()] == [touched.id]
    assert await store.conversation(untouched.id) is None
    assert (await take_in(store, untouched, an_exchange(untouched))).outcome is Outcome.NEW


async def test_a_branch_below_what_is_given_back_is_kept(store: SqliteConversationStore) -> None:
    conversation = a_conversation()
    asked, answer = an_exchange(conversation)
    await take_in(store, conversation, (asked, answer))
    more = a_message(conversation, "And of Spain?", parent=answer)
    taken = await take_in(store, conversation, (asked, answer, more))
    mine = an_answer(conversation, "My own words", parent=more)
    await store.add_messages((mine,))
    await store.give_back([taken], NOW)
    left = await store.messages(conversation.id)
    assert [message.content for message in left][-1] == "My own words"
    await store.restore_messages(Deletion(conversation.id, frozenset({more.id}), mine.id, mine.id))
    assert len(await store.messages(conversation.id)) == 4


async def test_a_message_of_another_conversation_is_refused(store: SqliteConversationStore) -> None:
    first, second = a_conversation(), a_conversation()
    messages = an_exchange(first)
    await take_in(store, first, messages)
    stolen = tuple(replace(message, conversation_id=second.id) for message in messages)
    taken = await take_in(store, second, stolen)
    assert (taken.outcome, "another conversation" in taken.reason) == (Outcome.REFUSED, True)
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
    taken = await take_in(store, conversation, an_exchange(conversation), origin="x:1")
    assert taken.outcome is Outcome.NEW
    await store.aclose()
