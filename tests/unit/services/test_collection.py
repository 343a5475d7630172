"""Branches, deletions, copies, the trash: what is done, and that it can be taken back exactly."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.desk import Desk, Faults
from tests.support.fake_backend import Answer, said
from tui.domain.conversation import MessageStatus
from tui.domain.errors import BadRequest, Overtaken, StoreUnavailable
from tui.domain.generation import Delta
from tui.services.collection import TRASH_SECONDS
from tui.storage.conversations import SqliteConversationStore


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(await SqliteConversationStore.open(tmp_path / "conversations.db"))
    yield desk
    await desk.aclose()


async def test_an_edit_makes_a_branch_and_overwrites_nothing(desk: Desk) -> None:
    conversation = await desk.begin()
    desk.backend.answers = [said("one"), said("two"), said("three")]
    await desk.ask(conversation, "a")
    await desk.ask(conversation, "b")
    first = await desk.path(conversation)
    await desk.generation.edit(conversation.id, first[2].id, "B")
    await desk.idle(conversation)
    assert await desk.texts(conversation) == ["a", "one", "B", "three"]
    assert [m.content for m in desk.backend.requests[-1].messages] == ["a", "one", "B"]
    assert (await desk.conversations.open(conversation.id)).branches == {
        (await desk.path(conversation))[2].id: (2, 2)
    }
    assert await desk.conversations.step_branch(conversation.id, (await desk.path(conversation))[2].id, -1)
    assert await desk.path(conversation) == first


async def test_an_edit_of_nothing_or_of_an_answer_is_refused(desk: Desk) -> None:
    conversation = await desk.begin()
    await desk.ask(conversation, "a")
    question, answer = await desk.path(conversation)
    for target, text in ((question, " \n"), (answer, "x")):
        with pytest.raises(BadRequest):
            await desk.generation.edit(conversation.id, target.id, text)
    assert len(await desk.store.messages(conversation.id)) == 2


async def test_deleting_a_message_leaves_what_follows_and_undo_is_exact(desk: Desk) -> None:
    conversation = await desk.begin()
    for text in ("a", "b", "c"):
        await desk.ask(conversation, text)
    before = await desk.path(conversation)
    everything = await desk.store.messages(conversation.id)
    for index in range(len(before)):
        await desk.collection.delete_message(before[index])
        left = [m.content for n, m in enumerate(before) if n != index]
        assert await desk.texts(conversation) == left
        found = await desk.store.search(before[index].content)
        assert before[index].id not in {hit.message_id for hit in found.hits}
        await desk.undo.undo()
        assert await desk.path(conversation) == before
        assert await desk.store.messages(conversation.id) == everything


async def test_a_deleted_message_is_not_sent(desk: Desk) -> None:
    conversation = await desk.begin()
    for text in ("a", "b"):
        await desk.ask(conversation, text)
    path = await desk.path(conversation)
    await desk.collection.delete_message(path[1])
    await desk.ask(conversation, "c")
    assert [m.content for m in desk.backend.requests[-1].messages] == ["a\n\nb", "Yes.", "c"]


async def test_deleting_the_last_answer_shows_the_other_one(desk: Desk) -> None:
    conversation = await desk.begin()
    desk.backend.answers = [said("one"), said("two")]
    await desk.ask(conversation, "a")
    await desk.generation.regenerate(conversation.id, (await desk.path(conversation))[1].id)
    await desk.idle(conversation)
    assert await desk.texts(conversation) == ["a", "two"]
    await desk.collection.delete_message((await desk.path(conversation))[1])
    assert await desk.texts(conversation) == ["a", "one"]
    await desk.collection.delete_message((await desk.path(conversation))[1])
    assert await desk.texts(conversation) == ["a"]
    await desk.undo.undo()
    await desk.undo.undo()
    assert await desk.texts(conversation) == ["a", "two"]


async def test_undoing_a_deletion_keeps_what_was_said_since(desk: Desk) -> None:
    conversation = await desk.begin()
    await desk.ask(conversation, "a")
    await desk.collection.delete_message((await desk.path(conversation))[1])
    await desk.ask(conversation, "b")
    await desk.undo.undo()
    assert sorted(m.content for m in await desk.store.messages(conversation.id)) == ["Yes.", "Yes.", "a", "b"]
    assert (await desk.texts(conversation))[-2:] == ["b", "Yes."]


async def test_what_is_being_written_cannot_be_deleted(desk: Desk) -> None:
    conversation = await desk.begin()
    gate = asyncio.Event()
    desk.backend.answers = [Answer((Delta(content="x"),), gate=gate)]
    await desk.generation.ask(conversation.id, "a")
    answer = (await desk.path(conversation))[1]
    with pytest.raises(BadRequest):
        await desk.collection.delete_message(answer)
    assert not desk.undo.next
    gate.set()
    await desk.idle(conversation)


async def test_clear_and_undo(desk: Desk) -> None:
    conversation = await desk.begin()
    await desk.ask(conversation, "a")
    await desk.ask(conversation, "b")
    before = await desk.path(conversation)
    assert await desk.collection.clear(conversation.id) == "cleared 4 messages"
    assert await desk.path(conversation) == ()
    await desk.undo.undo()
    assert await desk.path(conversation) == before


async def test_rename_pin_tag_delete_are_undone_in_turn(desk: Desk) -> None:
    conversation = await desk.begin("Old title")
    original = await desk.conversations.get(conversation.id)
    await desk.collection.rename(conversation.id, " New\x1b[31m title\n")
    await desk.collection.set_pinned(conversation.id, True)
    await desk.collection.set_tags(conversation.id, "Work, #rust work")
    changed = await desk.conversations.get(conversation.id)
    assert changed is not None
    assert changed.title_by_user and changed.pinned and changed.tags == ("rust", "work")
    assert "\x1b" not in changed.title
    assert await desk.collection.delete([conversation.id]) == f"deleted “{changed.title}”"
    assert await desk.conversations.page() == ()
    assert [c.id for c in await desk.collection.trash()] == [conversation.id]
    undone = await desk.undo.undo()
    assert undone is not None and undone.conversation_id == conversation.id
    assert await desk.conversations.page() == (changed,)
    for _ in range(3):
        assert await desk.undo.undo() is not None
    assert await desk.conversations.get(conversation.id) == original
    assert await desk.undo.undo() is None


async def test_an_undo_that_fails_can_be_tried_again(desk: Desk) -> None:
    conversation = await desk.begin("Old title")
    await desk.collection.rename(conversation.id, "New title")
    faults = Faults(desk.store)
    faults.failing = True
    with pytest.raises(StoreUnavailable):
        await desk.undo.undo()
    faults.failing = False
    assert await desk.undo.undo() is not None
    assert [c.title for c in await desk.conversations.page()] == ["Old title"]


async def test_a_branch_into_a_new_conversation_has_the_path_and_no_more(desk: Desk) -> None:
    conversation = await desk.begin()
    await desk.ask(conversation, "a")
    await desk.ask(conversation, "b")
    before = await desk.store.messages(conversation.id)
    path = await desk.path(conversation)
    copy = await desk.conversations.get(await desk.collection.branch_off(path[1]))
    assert copy is not None
    assert await desk.texts(copy) == ["a", "Yes."]
    assert not {m.id for m in await desk.store.messages(copy.id)} & {m.id for m in before}
    assert await desk.store.messages(conversation.id) == before
    await desk.ask(copy, "c")
    assert [m.content for m in desk.backend.requests[-1].messages] == ["a", "Yes.", "c"]


async def test_a_duplicate_has_every_branch(desk: Desk) -> None:
    conversation = await desk.begin()
    desk.backend.answers = [said("one"), said("two")]
    await desk.ask(conversation, "a")
    await desk.generation.regenerate(conversation.id, (await desk.path(conversation))[1].id)
    await desk.idle(conversation)
    copy = await desk.conversations.get(await desk.collection.duplicate(conversation.id))
    assert copy is not None
    opened = await desk.conversations.open(copy.id)
    assert [m.content for m in opened.path] == ["a", "two"]
    assert opened.branches == {opened.path[1].id: (2, 2)}
    assert copy.title == f"Copy: {conversation.title}" and copy.title_by_user
    branch = await desk.conversations.get(await desk.collection.branch_off(opened.path[0]))
    assert branch is not None and branch.title == f"Branch: {conversation.title}"


async def test_the_trash_is_emptied_after_thirty_days(desk: Desk) -> None:
    old, recent, kept = [await desk.begin(name) for name in ("old", "recent", "kept")]
    await desk.ask(kept, "a")
    await desk.ask(kept, "b")
    path = await desk.path(kept)
    now = desk.collection._clock.now()
    for conversation, age in ((old, TRASH_SECONDS + 10), (recent, 10)):
        await desk.store.update(replace(conversation, trashed_at=now - age))
    await desk.store.delete_messages(kept.id, {path[1].id, path[2].id}, now - TRASH_SECONDS - 10)
    await desk.collection.purge()
    assert await desk.conversations.get(old.id) is None
    assert [c.id for c in await desk.collection.trash()] == [recent.id]
    assert [(m.content, m.parent_id) for m in await desk.store.messages(kept.id)] == [
        ("a", None),
        ("Yes.", path[0].id),
    ]
    assert await desk.texts(kept) == ["a", "Yes."]


async def test_the_message_that_was_found_is_shown_on_its_branch(desk: Desk) -> None:
    conversation = await desk.begin()
    desk.backend.answers = [said("pelican"), said("heron")]
    await desk.ask(conversation, "a")
    first = (await desk.path(conversation))[1]
    await desk.generation.regenerate(conversation.id, first.id)
    await desk.idle(conversation)
    assert await desk.texts(conversation) == ["a", "heron"]
    await desk.conversations.show_message(conversation.id, first.id)
    assert await desk.texts(conversation) == ["a", "pelican"]


async def test_copies_of_what_is_being_written_are_not(desk: Desk) -> None:
    conversation = await desk.begin()
    gate = asyncio.Event()
    desk.backend.answers = [Answer((Delta(content="x"),), gate=gate)]
    await desk.generation.ask(conversation.id, "a")
    copy = await desk.collection.duplicate(conversation.id)
    assert (await desk.store.messages(copy))[-1].status is MessageStatus.INTERRUPTED
    gate.set()
    await desk.idle(conversation)


async def test_what_was_changed_again_is_not_taken_back_out_of_order(desk: Desk) -> None:
    conversation = await desk.begin("first")
    await desk.collection.rename(conversation.id, "second")
    toast = desk.undo.last
    await desk.collection.rename(conversation.id, "third")
    with pytest.raises(Overtaken):
        await desk.undo.undo(toast)
    assert (await desk.conversations.page())[0].title == "third"
    await desk.undo.undo()
    assert (await desk.conversations.page())[0].title == "second"
    # Nothing that can never be taken back stays in the way.
    assert desk.undo.next == ""


async def test_tags_and_pins_that_were_changed_again_stay(desk: Desk) -> None:
    conversation = await desk.begin()
    await desk.collection.set_tags(conversation.id, "one")
    tagged = desk.undo.last
    await desk.collection.set_tags(conversation.id, "two")
    await desk.collection.set_pinned(conversation.id, True)
    pinned = desk.undo.last
    await desk.collection.set_pinned(conversation.id, False)
    for number in (tagged, pinned):
        with pytest.raises(Overtaken):
            await desk.undo.undo(number)
    found = (await desk.conversations.page())[0]
    assert (found.tags, found.pinned) == (("two",), False)
