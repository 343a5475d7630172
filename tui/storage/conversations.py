"""The conversation store on SQLite."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence, Set
from functools import partial
from pathlib import Path
from typing import Final, Self

from tui.domain.conversation import (
    Attachment,
    Branch,
    Conversation,
    ConversationId,
    Deletion,
    Message,
    MessageHead,
    MessageId,
    MessageStatus,
    QueuedMessage,
)
from tui.storage.branches import load_branch, load_some
from tui.storage.database import Database
from tui.storage.draft_files import DraftFiles
from tui.storage.failures import translated
from tui.storage.instances import Instance
from tui.storage.memory import MemoryShelf
from tui.storage.messages import (
    checkpoint_message,
    conversation_gone,
    conversation_key,
    conversation_of,
    delete_conversation,
    finish_message,
    hide_messages,
    insert_messages,
    load_messages,
    pin_message,
    reopen_message,
    require_no_other_writer,
    store_tags,
    unhide_messages,
)
from tui.storage.rows import (
    CONVERSATION_COLUMNS,
    ConversationRow,
    Value,
    conversation_from,
    conversation_values,
    storable,
)
from tui.storage.shelf import Shelf
from tui.storage.transfers import WholeConversations
from tui.storage.waiting import (
    change_queued,
    insert_queued,
    load_draft,
    load_queued,
    recover,
    store_draft,
    take_queued,
)

_CREATE: Final = (
    "INSERT INTO conversations (id, created_at, updated_at, active_leaf, title, title_folded, model, system,"
    " options, think, title_by_user, pinned, unread, trashed_at, server, policy, keep_alive, answer_format)"
    f" VALUES ({', '.join('?' * 18)})"
)

_UPDATE: Final = (
    "UPDATE conversations SET title = ?, title_folded = ?, model = ?, system = ?, options = ?, think = ?,"
    " title_by_user = ?, pinned = ?, unread = ?, trashed_at = ?, server = ?, policy = ?, keep_alive = ?,"
    " answer_format = ? WHERE id = ?"
)

_ADD_ATTACHMENT: Final = (
    "INSERT INTO attachments (digest, added_at, size, data)"
    " VALUES (?, CAST(strftime('%s', 'now') AS INTEGER), ?, ?)"
    " ON CONFLICT (digest) DO UPDATE SET added_at = excluded.added_at"
)

_SHOW: Final = "UPDATE conversations SET active_leaf = ?, updated_at = ? WHERE id = ?"
_LAST_CHARACTER: Final = "\U0010ffff"


class SqliteConversationStore(Shelf, WholeConversations, DraftFiles, MemoryShelf):
    """A `ConversationStore` in one file, which several processes may have open."""

    _owns_instance = True

    @classmethod
    async def open(cls, path: Path, instance_lock_dir: Path | None = None) -> Self:
        """Open the store at `path`, made if there is none.

        Args:
            path: The file.
            instance_lock_dir: Where each process that has the store open holds a lock; by default
                `instances` beside the file.

        Raises:
            StoreCorrupt: It is no store or a damaged one; it was not touched.
            StoreTooNew: A newer version wrote it; it was not touched.
            StoreUnavailable: It cannot be opened or written.
        """
        directory = instance_lock_dir or path.parent / "instances"
        database = await Database.open(path)
        try:
            with translated(directory):
                instance = await asyncio.to_thread(Instance.enter, directory)
        except BaseException:
            await database.aclose()
            raise
        return cls(database, instance)

    @classmethod
    async def unsaved(cls) -> Self:
        """Open an empty store that is nowhere but in memory, and known to no other process."""
        store = cls(await Database.in_memory(), Instance.alone())
        store._owns_instance = False
        return store

    async def beside(self) -> "SqliteConversationStore":
        """Return an empty store of this process that is nowhere but in memory."""
        store = SqliteConversationStore(await Database.in_memory(), self._instance)
        store._owns_instance = False
        return store

    async def aclose(self) -> None:
        """Wait for every write, close the file and let others know that this process is gone."""
        try:
            await self._database.aclose()
        finally:
            if self._owns_instance:
                self._instance.leave()

    async def create(self, conversation: Conversation, messages: Sequence[Message] = ()) -> None:
        """Store a new conversation, with its messages, in one transaction."""
        values = (
            conversation.id,
            conversation.created_at,
            conversation.updated_at,
            conversation.active_leaf,
            *conversation_values(conversation),
        )

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(_CREATE, values)
            store_tags(connection, conversation)
            if messages:
                insert_messages(connection, messages, self._instance.id)
                shown = (conversation.active_leaf, conversation.updated_at, conversation.id)
                connection.execute(_SHOW, shown)

        await self._database.write(work)

    async def conversation(self, conversation_id: ConversationId) -> Conversation | None:
        """Return a conversation, or None."""
        return await self._database.read(partial(_load, conversation_id))

    async def update(self, conversation: Conversation) -> None:
        """Store every field of a conversation that exists, except its times and active leaf."""
        await self._database.write(partial(_update, conversation))

    async def change(
        self, conversation_id: ConversationId, change: Callable[[Conversation], Conversation]
    ) -> Conversation:
        """Change a conversation as `update` does, and return what it was; no other window gets in between.

        Args:
            conversation_id: Which one.
            change: Returns what it becomes, or raises a `TuiError`; called on the thread that writes.

        Raises:
            ConversationGone: It is not there.
        """

        def work(connection: sqlite3.Connection) -> Conversation:
            old = _load(conversation_id, connection)
            if old is None:
                raise conversation_gone()
            _update(change(old), connection)
            return old

        return await self._database.write(work)

    async def set_active_leaf(self, conversation_id: ConversationId, leaf: MessageId | None) -> None:
        """Remember which branch is shown."""
        change = "UPDATE conversations SET active_leaf = ? WHERE id = ?"
        await self._database.write(partial(_change_one, change, (leaf, conversation_id)))

    async def delete(self, conversation_id: ConversationId) -> None:
        """Delete a conversation and its messages for good."""
        await self._database.write(lambda connection: delete_conversation(connection, conversation_id))

    async def find(self, prefix: str) -> tuple[ConversationId, ...]:
        """Return the ids that start with `prefix`, at most ten."""
        first = storable(prefix)

        def load(connection: sqlite3.Connection) -> tuple[ConversationId, ...]:
            rows: list[tuple[str]] = connection.execute(
                "SELECT id FROM conversations WHERE id >= ? AND id < ? ORDER BY id LIMIT 10",
                (first, first + _LAST_CHARACTER),
            ).fetchall()
            return tuple(ConversationId(identity) for (identity,) in rows)

        return await self._database.read(load)

    async def messages(self, conversation_id: ConversationId) -> tuple[Message, ...]:
        """Return all messages of a conversation, every branch, in the order they were stored."""
        return await self._database.read(lambda connection: load_messages(connection, conversation_id))

    async def branch(
        self, conversation_id: ConversationId, *, last: int, since: MessageId | None = None
    ) -> Branch | None:
        """Return the branch that is shown, with at least its `last` messages, and as many from one on."""
        return await self._database.read(
            lambda connection: load_branch(connection, conversation_id, last, since)
        )

    async def told_branch(
        self, conversation_id: ConversationId, leaf: MessageId | None, *, characters: int
    ) -> tuple[Message | MessageHead, ...]:
        """Return a branch with the words of so many characters at its end, and of what is pinned."""
        return await self._database.read(
            lambda connection: self._told.load(connection, conversation_id, leaf, characters)
        )

    async def some_messages(
        self, conversation_id: ConversationId, ids: Sequence[MessageId], after: MessageId | None
    ) -> tuple[Message, ...]:
        """Return messages that follow each other on a branch, the first of them the message `after`."""
        return await self._database.read(
            lambda connection: load_some(connection, conversation_id, ids, after)
        )

    async def add_messages(self, messages: Sequence[Message], *, sent: MessageId | None = None) -> None:
        """Store new messages in one transaction.

        The last one becomes its conversation's active leaf, its time the conversation's
        `updated_at`. Messages with status `streaming` are owned by this process.

        Args:
            messages: All of them of one conversation where one is streaming.
            sent: The message that waited, which these are made of: it waits no longer.

        Raises:
            NoLongerQueued: `sent` did not wait any more. Nothing was stored.
            WrittenElsewhere: A message is streaming, and another process is writing an answer in the
                same conversation. Nothing was stored.
        """
        batch = tuple(messages)

        def work(connection: sqlite3.Connection) -> None:
            if any(message.status is MessageStatus.STREAMING for message in batch):
                key = conversation_key(connection, batch[-1].conversation_id)
                require_no_other_writer(connection, key, self._instance.id, self._instance.is_alive)
            if sent is not None:
                take_queued(connection, sent)
            insert_messages(connection, batch, self._instance.id)

        await self._database.write(work)

    async def delete_messages(
        self, conversation_id: ConversationId, ids: Set[MessageId], now: float
    ) -> Deletion:
        """Delete messages so that they can be restored; what follows them stays.

        Raises:
            BadRequest: One of them is being written.
        """
        return await self._database.write(
            lambda connection: hide_messages(connection, conversation_id, ids, now)
        )

    async def restore_messages(self, deletion: Deletion) -> None:
        """Put messages back where they were before they were deleted, and show them again."""
        await self._database.write(lambda connection: unhide_messages(connection, deletion))

    async def pin_message(self, message_id: MessageId, *, pinned: bool) -> None:
        """Keep a message in what the model is told, or no longer."""
        await self._database.write(lambda connection: pin_message(connection, message_id, pinned=pinned))

    async def reopen(self, message_id: MessageId) -> None:
        """Make an ended answer `streaming` again, owned by this process, to be continued.

        Raises:
            WrittenElsewhere: Another process is writing an answer in the same conversation.
        """
        me = self._instance

        def work(connection: sqlite3.Connection) -> None:
            require_no_other_writer(connection, conversation_of(connection, message_id), me.id, me.is_alive)
            reopen_message(connection, message_id, me.id)

        await self._database.write(work)

    async def checkpoint(self, message_id: MessageId, content: str, thinking: str) -> None:
        """Store how far a streaming message got; one that has ended since keeps its end."""
        await self._database.write(
            lambda connection: checkpoint_message(
                connection, message_id, content, thinking, self._instance.id
            )
        )

    async def finish(self, message: Message, *, unread: bool) -> None:
        """Store the end state of a streaming message, and whether the conversation is unread."""
        if message.status is MessageStatus.STREAMING:
            raise ValueError("a message that ends is not streaming")
        await self._database.write(lambda connection: finish_message(connection, message, unread=unread))

    async def recover(self) -> int:
        """Mark streaming messages of dead processes as interrupted; return how many.

        Messages that waited behind them go back into their conversations' drafts.
        """

        def work(connection: sqlite3.Connection) -> int:
            return recover(connection, self._instance.is_alive)

        interrupted = await self._database.write(work)
        if self._owns_instance:
            with translated(self._database.path.parent):
                await asyncio.to_thread(self._instance.sweep)
        return interrupted

    async def enqueue(self, queued: QueuedMessage) -> None:
        """Store a message that waits."""
        await self._database.write(lambda connection: insert_queued(connection, queued, self._instance.id))

    async def dequeue(self, queued_id: MessageId) -> None:
        """Remove a message that no longer waits."""
        await self._database.write(partial(_run, "DELETE FROM queued_messages WHERE id = ?", (queued_id,)))

    async def change_queued(
        self, queued_id: MessageId, content: str, attachments: Sequence[Attachment] | None = None
    ) -> None:
        """Replace the text of a message that waits, and what goes along; None leaves that as it is.

        Raises:
            NoLongerQueued: It does not wait any more.
        """
        await self._database.write(
            lambda connection: change_queued(connection, queued_id, content, attachments)
        )

    async def queued(self, conversation_id: ConversationId) -> tuple[QueuedMessage, ...]:
        """Return the messages that wait in a conversation, first come first."""
        return await self._database.read(lambda connection: load_queued(connection, conversation_id))

    async def draft(self, conversation_id: ConversationId | None) -> str:
        """Return the unsent text of a conversation; None is the conversation not yet begun."""
        return await self._database.read(lambda connection: load_draft(connection, conversation_id))

    async def save_draft(self, conversation_id: ConversationId | None, text: str) -> None:
        """Store the unsent text of a conversation."""
        await self._database.write(lambda connection: store_draft(connection, conversation_id, text))

    async def add_attachment(self, data: bytes, attachment: Attachment) -> None:
        """Store the bytes of an attachment under their digest, once."""
        values = (attachment.digest, attachment.size, data)
        await self._database.write(partial(_run, _ADD_ATTACHMENT, values))

    async def attachment_data(self, digest: str) -> bytes | None:
        """Return the bytes of an attachment, or None."""

        def load(connection: sqlite3.Connection) -> bytes | None:
            row: tuple[bytes] | None = connection.execute(
                "SELECT data FROM attachments WHERE digest = ?", (digest,)
            ).fetchone()
            return None if row is None else row[0]

        return await self._database.read(load)


def _load(conversation_id: ConversationId, connection: sqlite3.Connection) -> Conversation | None:
    row: ConversationRow | None = connection.execute(
        f"SELECT {CONVERSATION_COLUMNS} FROM conversations WHERE id = ?", (conversation_id,)
    ).fetchone()
    return None if row is None else conversation_from(row)


def _update(conversation: Conversation, connection: sqlite3.Connection) -> None:
    """Store every field of a conversation that must exist, except its times and active leaf."""
    _change_one(_UPDATE, (*conversation_values(conversation), conversation.id), connection)
    store_tags(connection, conversation)


def _run(change: str, values: Sequence[Value], connection: sqlite3.Connection) -> None:
    connection.execute(change, values)


def _change_one(change: str, values: Sequence[Value], connection: sqlite3.Connection) -> None:
    """Change a conversation that must exist."""
    if connection.execute(change, values).rowcount == 0:
        raise conversation_gone()
