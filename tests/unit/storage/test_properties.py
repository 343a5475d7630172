"""Whatever is done in whatever order, the store holds what a list in memory would."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Coroutine
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    precondition,
    rule,
)

from tests.support.builders import NOW, a_conversation, a_message, a_queued_message, an_answer, ended
from tui.domain.conversation import (
    Conversation,
    ConversationId,
    Message,
    MessageId,
    MessageStatus,
    QueuedMessage,
)
from tui.storage.conversations import SqliteConversationStore

_T = TypeVar("_T")

TEXTS = st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from(
    ["needle", "needle in hay", "", "Näedle 🦙", "```\ncode\n```"]
)
ENDS = st.sampled_from([status for status in MessageStatus if status is not MessageStatus.STREAMING])


class StoreMachine(RuleBasedStateMachine):
    """Runs the same steps on a store and on plain lists and dictionaries."""

    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "conversations.db"
        self.store = self.run(SqliteConversationStore.open(self.path))
        self.saved: dict[ConversationId, Conversation] = {}
        self.messages: dict[MessageId, Message] = {}
        self.queue: dict[MessageId, QueuedMessage] = {}
        self.drafts: dict[ConversationId, str] = {}
        self.clock = NOW

    def run(self, work: Coroutine[object, object, _T]) -> _T:
        return self.runner.run(work)

    def pick(self, status: bool, number: int) -> Message | None:
        """Return one of the messages that are (not) streaming."""
        found = [m for m in self.messages.values() if (m.status is MessageStatus.STREAMING) is status]
        return found[number % len(found)] if found else None

    @rule(target=ids, title=TEXTS)
    def create(self, title: str) -> ConversationId:
        conversation = a_conversation(title, updated_at=self.clock)
        self.run(self.store.create(conversation))
        self.saved[conversation.id] = conversation
        return conversation.id

    @rule(key=ids, title=TEXTS, pinned=st.booleans(), trashed=st.none() | st.just(NOW))
    def update(self, key: ConversationId, title: str, pinned: bool, trashed: float | None) -> None:
        changed = replace(self.saved[key], title=title, pinned=pinned, trashed_at=trashed)
        self.run(self.store.update(changed))
        self.saved[key] = changed

    @rule(key=consumes(ids))
    def delete(self, key: ConversationId) -> None:
        self.run(self.store.delete(key))
        del self.saved[key]
        self.drafts.pop(key, None)
        self.messages = {i: m for i, m in self.messages.items() if m.conversation_id != key}
        self.queue = {i: q for i, q in self.queue.items() if q.conversation_id != key}

    @rule(key=ids, texts=st.lists(TEXTS, min_size=1, max_size=3), streaming=st.booleans())
    def add(self, key: ConversationId, texts: list[str], streaming: bool) -> None:
        self.clock += 1
        leaf = self.saved[key].active_leaf
        added = [a_message(key, text, parent=leaf, created_at=self.clock) for text in texts]
        if streaming:
            added.append(
                an_answer(key, "", parent=added[-1], status=MessageStatus.STREAMING, created_at=self.clock)
            )
        self.run(self.store.add_messages(added))
        self.messages.update({message.id: message for message in added})
        self.saved[key] = replace(self.saved[key], active_leaf=added[-1].id, updated_at=self.clock)

    @rule(number=st.integers(0, 99), content=TEXTS, thinking=TEXTS)
    def checkpoint(self, number: int, content: str, thinking: str) -> None:
        if message := self.pick(True, number):
            self.run(self.store.checkpoint(message.id, content, thinking))
            self.messages[message.id] = replace(message, content=content, thinking=thinking)

    @rule(number=st.integers(0, 99), content=TEXTS, status=ENDS, unread=st.booleans(), again=st.booleans())
    def finish(self, number: int, content: str, status: MessageStatus, unread: bool, again: bool) -> None:
        if message := self.pick(not again, number):
            done = ended(message, content, status)
            self.run(self.store.finish(done, unread=unread))
            self.messages[message.id] = done
            key = message.conversation_id
            self.saved[key] = replace(self.saved[key], unread=unread)

    @rule(number=st.integers(0, 99))
    def reopen(self, number: int) -> None:
        if message := self.pick(False, number):
            self.run(self.store.reopen(message.id))
            self.messages[message.id] = replace(
                message,
                status=MessageStatus.STREAMING,
                stop_reason="",
                error="",
                hint="",
                finished_at=None,
            )

    @rule(key=ids, content=TEXTS)
    def enqueue(self, key: ConversationId, content: str) -> None:
        queued = a_queued_message(key, content)
        self.run(self.store.enqueue(queued))
        self.queue[queued.id] = queued

    @precondition(lambda self: self.queue)
    @rule(number=st.integers(0, 99))
    def dequeue(self, number: int) -> None:
        key = list(self.queue)[number % len(self.queue)]
        self.run(self.store.dequeue(key))
        del self.queue[key]

    @rule(key=ids, text=TEXTS)
    def save_draft(self, key: ConversationId, text: str) -> None:
        self.run(self.store.save_draft(key, text))
        self.drafts[key] = text

    @rule()
    def restart(self) -> None:
        self.run(self.store.aclose())
        self.store = self.run(SqliteConversationStore.open(self.path))
        streaming = [m for m in self.messages.values() if m.status is MessageStatus.STREAMING]
        assert self.run(self.store.recover()) == len(streaming)
        for message in streaming:
            self.messages[message.id] = replace(message, status=MessageStatus.INTERRUPTED)
        for queued in self.queue.values():
            key = queued.conversation_id
            draft = self.drafts.get(key, "")
            self.drafts[key] = f"{draft}\n\n{queued.content}" if draft else queued.content
        self.queue = {}

    @invariant()
    def holds_the_same(self) -> None:
        listed = [c for c in self.saved.values() if c.trashed_at is None]
        listed.reverse()
        listed.sort(key=lambda c: (c.pinned, c.updated_at), reverse=True)
        assert self.run(self.store.conversations()) == tuple(listed)
        for key, conversation in self.saved.items():
            assert self.run(self.store.conversation(key)) == conversation
            mine = [m for m in self.messages.values() if m.conversation_id == key]
            assert list(self.run(self.store.messages(key))) == mine
            waiting = [q for q in self.queue.values() if q.conversation_id == key]
            assert list(self.run(self.store.queued(key))) == waiting
            assert self.run(self.store.draft(key)) == self.drafts.get(key, "")

    @invariant()
    def finds_what_has_ended(self) -> None:
        found = {hit.message_id for hit in self.run(self.store.search("needle", limit=1000)).hits}
        for message in self.messages.values():
            trashed = self.saved[message.conversation_id].trashed_at is not None
            searched = message.status is not MessageStatus.STREAMING and not trashed
            if message.content in ("needle", "needle in hay", "Näedle 🦙"):
                wanted = searched and message.content != "Näedle 🦙"
                assert (message.id in found) is wanted

    def teardown(self) -> None:
        self.run(self.store.aclose())
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            # Raises if an index does not agree with what it indexes.
            for index in ("messages_index", "titles_index"):
                connection.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        self.runner.close()
        self.folder.cleanup()


StoreMachine.TestCase.settings = settings(
    max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestStore = StoreMachine.TestCase
