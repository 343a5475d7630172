import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.builders import (
    NOW,
    a_conversation,
    a_message,
    a_queued_message,
    an_answer,
    an_attachment,
    an_exchange,
    ended,
)
from tui.domain.conversation import (
    ContextPolicy,
    Conversation,
    ConversationId,
    Message,
    MessageId,
    MessageStatus,
    Role,
    active_path,
)
from tui.domain.errors import ConversationGone, StoreUnavailable, WrittenElsewhere
from tui.domain.generation import Options, Stats
from tui.domain.store import ConversationStore
from tui.storage.conversations import SqliteConversationStore

PORT: type[ConversationStore] = SqliteConversationStore
"""The type checker accepts this line only while the class is what the services ask for."""

FULL = replace(
    a_conversation("Ünïcode 🦙 title"),
    model="qwen3:8b",
    system="Be brief.\nAlways.",
    options=Options(temperature=0.5, top_k=3, stop=("a", "b"), seed=2**40),
    think="high",
    active_leaf=MessageId("f" * 32),
    title_by_user=True,
    pinned=True,
    unread=True,
    trashed_at=NOW + 5,
    server="box",
    policy=ContextPolicy.SUMMARISE,
    keep_alive="10m",
    answer_format='{"type": "object"}',
)


async def begin(store: SqliteConversationStore, title: str = "Capitals") -> Conversation:
    conversation = a_conversation(title)
    await store.create(conversation)
    return conversation


@pytest.mark.parametrize("conversation", [FULL, a_conversation()])
async def test_a_conversation_comes_back_as_it_was(path: Path, conversation: Conversation) -> None:
    store = await SqliteConversationStore.open(path)
    await store.create(conversation)
    await store.aclose()
    store = await SqliteConversationStore.open(path)
    assert await store.conversation(conversation.id) == conversation
    assert await store.conversation(ConversationId("nobody")) is None
    await store.aclose()


async def test_update_keeps_times_and_leaf(store: SqliteConversationStore) -> None:
    conversation = await begin(store)
    await store.set_active_leaf(conversation.id, MessageId("leaf"))
    await store.update(
        replace(FULL, id=conversation.id, created_at=1, updated_at=2, active_leaf=None, title="Rivers")
    )
    assert await store.conversation(conversation.id) == replace(
        FULL,
        id=conversation.id,
        title="Rivers",
        created_at=conversation.created_at,
        updated_at=conversation.updated_at,
        active_leaf=MessageId("leaf"),
    )
    await store.set_active_leaf(conversation.id, None)
    changed = await store.conversation(conversation.id)
    assert changed is not None and changed.active_leaf is None


async def test_listing_order_pages_and_trash(store: SqliteConversationStore) -> None:
    old = a_conversation("old", updated_at=NOW)
    new = a_conversation("new", updated_at=NOW + 2)
    pinned = a_conversation("pinned", updated_at=NOW - 9, pinned=True)
    twin = a_conversation("twin of new", updated_at=NOW + 2)
    trashed = replace(a_conversation("trashed", updated_at=NOW + 3), trashed_at=NOW + 4)
    for conversation in (old, new, pinned, twin, trashed):
        await store.create(conversation)
    assert await store.conversations() == (pinned, twin, new, old)
    assert await store.conversations(offset=1, limit=2) == (twin, new)
    assert await store.conversations(offset=9) == ()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("straße", ["Straßen in Köln"]),
        ("STRASSE", ["Straßen in Köln"]),
        ("KÖLN", ["Straßen in Köln"]),
        ("100%", ["100% sure"]),
        ("_", ["snake_case"]),
        ("'; DROP", []),
        ("ПРИ", ["Привет"]),
        ("\ud800", []),
        (" in ", ["Straßen in Köln"]),
    ],
)
async def test_filter_by_title(store: SqliteConversationStore, query: str, found: list[str]) -> None:
    for title in ("Straßen in Köln", "100% sure", "snake_case", "Привет"):
        await begin(store, title)
    assert [conversation.title for conversation in await store.conversations(query=query)] == found


async def test_find_by_prefix(store: SqliteConversationStore) -> None:
    for number in range(12):
        await store.create(replace(a_conversation(), id=ConversationId(f"ab{number:030x}")))
    await store.create(replace(a_conversation(), id=ConversationId("ac" + "0" * 30)))
    assert await store.find("ac") == ("ac" + "0" * 30,)
    assert len(await store.find("ab")) == 10
    assert len(await store.find("")) == 10
    assert await store.find("ab%") == ()
    assert await store.find("b") == ()


async def test_messages_come_back_as_they_were_every_branch_in_order(store: SqliteConversationStore) -> None:
    conversation = await begin(store)
    asked, answer = an_exchange(conversation)
    picture, plan = an_attachment(), an_attachment(b"plan", "plan ✏️.png")
    for attachment, data in ((picture, b"\x89PNG picture"), (plan, b"plan")):
        await store.add_attachment(data, attachment)
    asked = replace(asked, attachments=(plan, picture, plan))
    answer = replace(
        answer,
        thinking="France… Paris.",
        stop_reason="length",
        stats=Stats(1, 2, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5),
        error="oops",
        hint="try again",
        finished_at=NOW + 3,
        tool_calls='[{"function": {"name": "x"}}]',
        tool_name="weather",
    )
    other = an_answer(conversation, "Lyon?", parent=asked)
    orphan = a_message(conversation, "where am I", role=Role.TOOL, parent=MessageId("gone"))
    await store.add_messages([asked, answer])
    await store.add_messages([other])
    await store.add_messages([orphan])
    await store.add_messages([])
    assert await store.messages(conversation.id) == (asked, answer, other, orphan)
    assert await store.messages(ConversationId("nobody")) == ()
    assert active_path(await store.messages(conversation.id), answer.id) == (asked, answer)


async def test_the_last_message_is_the_leaf_and_sets_the_time(store: SqliteConversationStore) -> None:
    conversation = await begin(store)
    asked, answer = an_exchange(conversation)
    await store.add_messages([asked, answer])
    changed = await store.conversation(conversation.id)
    assert changed == replace(conversation, active_leaf=answer.id, updated_at=answer.created_at)


async def test_all_or_nothing(store: SqliteConversationStore) -> None:
    conversation = await begin(store)
    message = a_message(conversation)
    lost = replace(a_message(conversation), attachments=(an_attachment(),))
    with pytest.raises(StoreUnavailable, match=r"map\.png"):
        await store.add_messages([message, lost])
    assert await store.messages(conversation.id) == ()


async def test_an_answer_from_first_to_last(store: SqliteConversationStore) -> None:
    conversation = await begin(store)
    answer = an_answer(conversation, "", status=MessageStatus.STREAMING)
    await store.add_messages([answer])
    await store.checkpoint(answer.id, "Par", "hm")
    assert await store.messages(conversation.id) == (replace(answer, content="Par", thinking="hm"),)
    done = replace(ended(answer, "Paris."), thinking="hmm", tool_calls="[]")
    await store.finish(done, unread=True)
    assert await store.messages(conversation.id) == (done,)
    changed = await store.conversation(conversation.id)
    assert changed is not None and changed.unread
    await store.checkpoint(answer.id, "too late", "")
    assert await store.messages(conversation.id) == (done,)

    await store.reopen(answer.id)
    (reopened,) = await store.messages(conversation.id)
    assert (reopened.status, reopened.content) == (MessageStatus.STREAMING, "Paris.")
    assert (reopened.stop_reason, reopened.finished_at) == ("", None)
    await store.checkpoint(answer.id, "Paris. And", "")
    await store.finish(ended(answer, "Paris. And Lyon."), unread=False)
    assert await store.messages(conversation.id) == (ended(answer, "Paris. And Lyon."),)
    changed = await store.conversation(conversation.id)
    assert changed is not None and not changed.unread


async def test_an_end_is_never_streaming(store: SqliteConversationStore) -> None:
    conversation = await begin(store)
    answer = an_answer(conversation, "", status=MessageStatus.STREAMING)
    await store.add_messages([answer])
    with pytest.raises(ValueError, match="not streaming"):
        await store.finish(answer, unread=False)


async def test_an_answer_that_is_written_elsewhere_is_not_taken(path: Path) -> None:
    mine, other = await SqliteConversationStore.open(path), await SqliteConversationStore.open(path)
    conversation = await begin(mine)
    answer = an_answer(conversation, "", status=MessageStatus.STREAMING)
    await mine.add_messages([answer])
    with pytest.raises(WrittenElsewhere, match="another window"):
        await other.reopen(answer.id)
    with pytest.raises(WrittenElsewhere):
        await other.add_messages([an_answer(conversation, "", status=MessageStatus.STREAMING)])
    assert await other.live_elsewhere() == {conversation.id}
    assert await mine.live_elsewhere() == frozenset()
    await other.checkpoint(answer.id, "theirs", "")
    assert await mine.messages(conversation.id) == (answer,)
    await mine.aclose()
    await other.aclose()


async def test_a_conversation_deleted_in_another_window(path: Path) -> None:
    mine, other = await SqliteConversationStore.open(path), await SqliteConversationStore.open(path)
    conversation = await begin(mine)
    answer = an_answer(conversation, "", status=MessageStatus.STREAMING)
    await mine.add_messages([answer])
    assert await other.messages(conversation.id) == (answer,)
    before = await mine.data_version()
    await other.delete(conversation.id)
    assert await mine.data_version() != before
    for late in (
        mine.checkpoint(answer.id, "x", ""),
        mine.finish(ended(answer, "x"), unread=False),
        mine.reopen(answer.id),
        mine.add_messages([a_message(conversation)]),
        mine.update(conversation),
        mine.set_active_leaf(conversation.id, answer.id),
        mine.enqueue(a_queued_message(conversation)),
        mine.save_draft(conversation.id, "words"),
    ):
        with pytest.raises(StoreUnavailable, match="deleted in another window") as failure:
            await late
        assert failure.value.hint
    await mine.save_draft(conversation.id, "")
    await mine.delete(conversation.id)
    assert await mine.messages(conversation.id) == ()
    await mine.aclose()
    await other.aclose()


async def test_queue(store: SqliteConversationStore) -> None:
    conversation, other = await begin(store), await begin(store)
    picture = an_attachment()
    await store.add_attachment(b"\x89PNG picture", picture)
    first = replace(a_queued_message(conversation, "first"), attachments=(picture,))
    second = a_queued_message(conversation, "second", created_at=NOW - 1)
    for queued in (first, second, a_queued_message(other, "elsewhere")):
        await store.enqueue(queued)
    assert await store.queued(conversation.id) == (first, second)
    await store.dequeue(first.id)
    await store.dequeue(first.id)
    assert await store.queued(conversation.id) == (second,)
    assert await store.attachment_data(picture.digest) == b"\x89PNG picture"


async def test_drafts(store: SqliteConversationStore) -> None:
    conversation = await begin(store)
    assert await store.draft(conversation.id) == ""
    assert await store.draft(None) == ""
    for text in ("one", "two\nlines"):
        await store.save_draft(None, text)
        await store.save_draft(conversation.id, text + "!")
    assert await store.draft(None) == "two\nlines"
    assert await store.draft(conversation.id) == "two\nlines!"
    await store.save_draft(None, "")
    assert await store.draft(None) == ""
    assert await store.draft(conversation.id) == "two\nlines!"


async def test_deleting_takes_everything_that_nothing_else_uses(store: SqliteConversationStore) -> None:
    doomed, kept = await begin(store, "doomed"), await begin(store, "kept")
    shared, own, waiting, new = (
        an_attachment(data) for data in (b"shared", b"own", b"waiting", b"in a prompt")
    )
    for attachment, data in ((shared, b"shared"), (own, b"own"), (waiting, b"waiting"), (new, b"new")):
        await store.add_attachment(data, attachment)
    await store.add_messages([replace(a_message(doomed, "secret"), attachments=(shared, own))])
    await store.add_messages([replace(a_message(kept), attachments=(shared,))])
    await store.enqueue(replace(a_queued_message(doomed), attachments=(waiting,)))
    await store.save_draft(doomed.id, "draft")
    await store.delete(doomed.id)
    assert await store.conversation(doomed.id) is None
    assert await store.messages(doomed.id) == ()
    assert await store.queued(doomed.id) == ()
    assert await store.draft(doomed.id) == ""
    assert (await store.search("secret")).hits == ()
    stored = [await store.attachment_data(each.digest) for each in (shared, own, waiting, new)]
    assert stored == [b"shared", None, None, b"new"]
    assert len(await store.messages(kept.id)) == 1


async def test_the_same_bytes_are_stored_once(store: SqliteConversationStore) -> None:
    picture = an_attachment()
    await store.add_attachment(b"first", picture)
    await store.add_attachment(b"second", picture)
    assert await store.attachment_data(picture.digest) == b"first"
    assert await store.attachment_data("unknown") is None


async def test_texts_that_utf8_cannot_say(store: SqliteConversationStore) -> None:
    conversation = await begin(store, "title \ud83d")
    message = a_message(conversation, "half \ud83d pair, pair 🦙, nul \0 end")
    await store.add_messages([message])
    (stored,) = await store.messages(conversation.id)
    assert stored.content == "half \ufffd pair, pair 🦙, nul \0 end"
    await store.save_draft(None, "\udfff")
    assert await store.draft(None) == "\ufffd"


async def test_options_spoiled_by_another_hand(store: SqliteConversationStore, path: Path) -> None:
    conversation = await begin(store)
    for spoiled in ("not JSON", "[1]", '{"stop": 5}'):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE conversations SET options = ?", (spoiled,))
            connection.commit()
        assert await store.conversation(conversation.id) == conversation


async def test_cost_does_not_grow_with_what_else_is_stored(
    store: SqliteConversationStore, path: Path
) -> None:
    conversation = await begin(store)
    statements: list[str] = []
    await store._database.read(lambda connection: connection.set_trace_callback(statements.append))
    await store.conversations(offset=5)
    await store.conversations(query="x")
    await store.conversation(conversation.id)
    await store.messages(conversation.id)
    await store.queued(conversation.id)
    await store.draft(conversation.id)
    await store.draft(None)
    queries = [statement for statement in statements if statement.startswith("SELECT")]
    assert len(queries) == 11
    queries.append("UPDATE messages SET owner = NULL WHERE status = 'streaming' AND owner IS 'someone'")
    queries.append("UPDATE messages SET content = '' WHERE id = 'x' AND status = 'streaming'")
    with closing(sqlite3.connect(path)) as connection:
        for sql in queries:
            steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
            assert not [step for step in steps if "TEMP B-TREE" in step], sql
            assert all(
                step.startswith("SEARCH") or "conversations_listed" in step or "SUBQUERY" in step
                for step in steps
            ), steps


async def test_two_stores_write_to_one_file_at_once(path: Path) -> None:
    one, two = await SqliteConversationStore.open(path), await SqliteConversationStore.open(path)
    conversation = await begin(one)

    async def fill(store: SqliteConversationStore, name: str) -> list[Message]:
        messages = [a_message(conversation, f"{name} {number}") for number in range(50)]
        for message in messages:
            await store.add_messages([message])
        return messages

    first, second = await asyncio.gather(fill(one, "one"), fill(two, "two"))
    stored = await one.messages(conversation.id)
    assert stored == await two.messages(conversation.id)
    assert [message for message in stored if message.content.startswith("one")] == first
    assert [message for message in stored if message.content.startswith("two")] == second
    await one.aclose()
    await two.aclose()


async def test_mistakes_of_the_program_are_not_dressed_up(store: SqliteConversationStore) -> None:
    conversation = await begin(store)
    with pytest.raises(sqlite3.IntegrityError):
        await store.create(conversation)
    assert await store.conversations() == (conversation,)


async def test_a_pin_is_kept_and_taken_off(store: SqliteConversationStore) -> None:
    conversation = await begin(store)
    asked, answer = an_exchange(conversation)
    await store.add_messages([asked, replace(answer, pinned=True)])
    await store.pin_message(asked.id, pinned=True)
    await store.pin_message(asked.id, pinned=True)
    assert [message.pinned for message in await store.messages(conversation.id)] == [True, True]
    await store.pin_message(answer.id, pinned=False)
    assert [message.pinned for message in await store.messages(conversation.id)] == [True, False]
    with pytest.raises(ConversationGone):
        await store.pin_message(MessageId("0" * 32), pinned=True)


async def test_a_store_that_is_not_saved_touches_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = await SqliteConversationStore.unsaved()
    conversation = a_conversation()
    await store.create(conversation, [a_message(conversation, "a secret needle")])
    assert await store.recover() == 0
    assert len((await store.search("needle")).hits) == 1
    await store.aclose()
    assert await asyncio.to_thread(lambda: list(tmp_path.iterdir())) == []
