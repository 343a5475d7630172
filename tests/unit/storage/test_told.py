"""A branch as a model is told it: the whole branch, of which only the end is read."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.builders import a_conversation, a_message, ended
from tui.domain.conversation import (
    Conversation,
    ConversationId,
    Deletion,
    Message,
    MessageHead,
    MessageStatus,
    Role,
    active_path,
)
from tui.storage import branches, told
from tui.storage.conversations import SqliteConversationStore
from tui.storage.rows import message_from


def a_row(conversation: Conversation, count: int, parent: Message | None = None) -> list[Message]:
    """Return messages that follow each other, ten characters each."""
    messages: list[Message] = []
    for number in range(count):
        role = Role.ASSISTANT if number % 2 else Role.USER
        messages.append(
            a_message(conversation, f"{number:010}", role=role, parent=messages[-1] if messages else parent)
        )
    return messages


async def whole(store: SqliteConversationStore, identity: ConversationId) -> tuple[Message, ...]:
    """Return the branch that is shown, read whole."""
    found = await store.conversation(identity)
    assert found is not None
    return active_path(await store.messages(identity), found.active_leaf)


async def same(store: SqliteConversationStore, identity: ConversationId, characters: int = 25) -> None:
    """Make sure that the branch that is told is the one that is shown."""
    path = await whole(store, identity)
    branch = await store.told_branch(identity, path[-1].id if path else None, characters=characters)
    assert [each.id for each in branch] == [each.id for each in path]
    for each, message in zip(branch, path, strict=True):
        if isinstance(each, MessageHead):
            assert not message.pinned
            assert each[1:] == (message.role, len(message.content), bool(message.tool_calls))
        else:
            assert each == (message if message.pinned else replace(message, parent_id=each.parent_id))
    read = sum(len(each.content) for each in branch if isinstance(each, Message))
    assert read >= min(characters, sum(len(each.content) for each in path))


async def test_what_goes_with_a_pinned_message_is_read(store: SqliteConversationStore) -> None:
    conversation = a_conversation()
    messages = a_row(conversation, 30)
    await store.create(conversation, messages)
    await store.pin_message(messages[5].id, pinned=True)
    branch = await store.told_branch(conversation.id, messages[-1].id, characters=25)
    assert [place for place, each in enumerate(branch) if isinstance(each, Message)] == [4, 5, 27, 28, 29]


@pytest.mark.parametrize("seed", range(4))
async def test_it_is_the_branch_that_is_shown_whatever_happens(
    store: SqliteConversationStore, path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    conversation = a_conversation()
    messages = a_row(conversation, 30)
    await store.create(conversation, messages)
    await store.set_active_leaf(conversation.id, messages[-1].id)
    other = await SqliteConversationStore.open(path)
    deletion = Deletion(conversation.id, frozenset(), None, None)
    for _ in range(25):
        await same(store, conversation.id)
        here = rng.choice((store, other))
        shown = await whole(store, conversation.id)
        match rng.randrange(6):
            case 0 | 1:
                parent = rng.choice(shown) if shown else None
                await here.add_messages(a_row(conversation, rng.randint(1, 4), parent))
            case 2:
                ids = {each.id for each in rng.sample(shown, len(shown) // 6)}
                deletion = await here.delete_messages(conversation.id, ids, 1.0)
            case 3:
                await here.restore_messages(deletion)
            case 4:
                while await here.purge(2.0):
                    pass
            case _:
                if shown:
                    chosen = rng.choice(shown)
                    await here.pin_message(chosen.id, pinned=not chosen.pinned)
    await same(store, conversation.id)
    await other.aclose()


async def test_an_answer_counts_as_long_as_it_has_become(store: SqliteConversationStore) -> None:
    conversation = a_conversation()
    asked = a_message(conversation)
    answer = a_message(conversation, "", role=Role.ASSISTANT, parent=asked, status=MessageStatus.STREAMING)
    await store.create(conversation)
    await store.add_messages((asked, answer))
    await same(store, conversation.id)
    await store.finish(ended(answer, "Paris. " * 20), unread=False)
    later = a_row(conversation, 10, answer)
    await store.add_messages(later)
    branch = await store.told_branch(conversation.id, later[-1].id, characters=20)
    assert isinstance(branch[1], MessageHead)
    assert branch[1].length == 140


async def test_a_key_that_is_used_again_is_another_message(store: SqliteConversationStore) -> None:
    conversation = a_conversation()
    messages = a_row(conversation, 10)
    await store.create(conversation, messages)
    await store.set_active_leaf(conversation.id, messages[-1].id)
    await same(store, conversation.id)
    await store.delete_messages(conversation.id, {messages[-1].id}, 1.0)
    await store.purge(2.0)
    await store.add_messages(a_row(conversation, 2, messages[-2]))
    await same(store, conversation.id)


async def test_what_is_read_for_one_more_question(
    store: SqliteConversationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = a_conversation()
    messages = a_row(conversation, 500)
    await store.create(conversation, messages)
    await store.told_branch(conversation.id, messages[-1].id, characters=100)
    more = a_row(conversation, 2, messages[-1])
    await store.add_messages(more)
    read: list[object] = []

    def counted(*row: Any) -> Message:
        read.append(row)
        return message_from(*row)

    monkeypatch.setattr(branches, "message_from", counted)
    heads: list[object] = []
    read_on = told._Known.read_on

    def watched(known: Any, rows: Any) -> None:
        heads.extend(taken := list(rows))
        read_on(known, taken)

    monkeypatch.setattr(told._Known, "read_on", watched)
    branch = await store.told_branch(conversation.id, more[-1].id, characters=100)
    assert len(branch) == 502
    assert len(read) == 10
    assert len(heads) == 2
