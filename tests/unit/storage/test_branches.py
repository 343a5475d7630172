"""A branch that is read from its end is the branch that is shown, piece by piece."""

import random
from dataclasses import replace
from typing import Any

import pytest

from tests.support.builders import a_conversation, a_message
from tui.domain.conversation import Conversation, ConversationId, Message
from tui.services.clock import SystemClock
from tui.services.conversations import ConversationService
from tui.services.events import EventBus
from tui.storage import branches
from tui.storage.conversations import SqliteConversationStore
from tui.storage.rows import message_from


async def _grown(store: SqliteConversationStore, seed: int, count: int) -> Conversation:
    """Store a conversation that branches here and there, with some of it deleted and some pinned."""
    rng = random.Random(seed)
    conversation = a_conversation()
    await store.create(conversation)
    messages: list[Message] = []
    for number in range(count):
        far = rng.random() < 0.2 and len(messages) > 3
        parent = (rng.choice(messages) if far else messages[-1]) if messages else None
        made = a_message(conversation, f"m{number}", parent=parent)
        messages.append(replace(made, pinned=rng.random() < 0.1))
    await store.add_messages(messages)
    await store.set_active_leaf(conversation.id, rng.choice(messages[-5:]).id)
    await store.delete_messages(conversation.id, {each.id for each in rng.sample(messages, count // 8)}, 1.0)
    return conversation


async def _between(
    service: ConversationService, identity: ConversationId, last: int, step: int
) -> tuple[Message, ...]:
    """Return a branch that is read from its end, in steps."""
    opened = await service.open_end(identity, last=last)
    whole, above = opened.path, opened.above
    assert len(whole) >= min(last, len(whole) + len(above))
    while above:
        start = max(0, len(above) - step)
        after = above[start - 1] if start else None
        whole = (*await service.read(identity, above[start:], after), *whole)
        above = above[:start]
    return whole


@pytest.mark.parametrize("seed", range(6))
async def test_the_end_and_the_rest_are_the_branch(store: SqliteConversationStore, seed: int) -> None:
    conversation = await _grown(store, seed, 60)
    await _grown(store, seed + 100, 20)
    service = ConversationService(store, EventBus(), SystemClock())
    whole = await service.open(conversation.id)
    for last, step in ((1, 1), (5, 7), (100, 10)):
        assert await _between(service, conversation.id, last, step) == whole.path
    assert (await service.open_end(conversation.id, last=3)).branches == whole.branches


async def test_a_message_that_is_asked_for_is_read_at_once(store: SqliteConversationStore) -> None:
    conversation = await _grown(store, 1, 60)
    service = ConversationService(store, EventBus(), SystemClock())
    path = (await service.open(conversation.id)).path
    opened = await service.open_end(conversation.id, last=3, since=path[2].id)
    assert opened.path == path[2:]
    assert opened.above == tuple(message.id for message in path[:2])


async def test_of_a_branch_only_some_around_a_message_and_at_the_end_is_read(
    store: SqliteConversationStore,
) -> None:
    conversation = a_conversation()
    messages = [a_message(conversation, f"m{number}") for number in range(60)]
    for number in range(1, 50):
        messages[number] = replace(messages[number], parent_id=messages[number - 1].id)
    other = [replace(messages[50], parent_id=messages[20].id)]
    for each in messages[51:]:
        other.append(replace(each, parent_id=other[-1].id))
    messages[50:] = other
    await store.create(replace(conversation, active_leaf=messages[49].id), messages)
    path = [message.id for message in messages[:50]]
    for since, start, stop in (
        (path[10], 10, 15),
        (path[43], 43, 45),
        (path[47], 45, 45),
        (other[5].id, 20, 25),  # of the other branch: the nearest above it that both have
        (None, 45, 45),
    ):
        branch = await store.branch(conversation.id, last=5, since=since)
        assert branch is not None
        assert [message.id for message in branch.messages] == path[start:stop] + path[45:]
        assert branch.above == tuple(path[:start])
        assert branch.between == tuple(path[stop:45])
        assert branch.head == stop - start


async def test_rows_that_are_read_before_anything_is_shown(
    store: SqliteConversationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = a_conversation()
    messages = [a_message(conversation, f"m{number}") for number in range(400)]
    for number in range(1, 400):
        messages[number] = replace(messages[number], parent_id=messages[number - 1].id)
    await store.create(replace(conversation, active_leaf=messages[-1].id), messages)
    read: list[object] = []

    def counted(*row: Any) -> Message:
        read.append(row)
        return message_from(*row)

    monkeypatch.setattr(branches, "message_from", counted)
    branch = await store.branch(conversation.id, last=100)
    assert branch is not None
    assert len(read) == len(branch.messages) == 100
    assert len(branch.above) == 300
