"""The conversation store on SQLite."""

import asyncio
import sqlite3
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, Self

from tui.domain.conversation import (
    Attachment,
    Conversation,
    ConversationId,
    Message,
    MessageId,
    MessageStatus,
    QueuedMessage,
    SearchHit,
)
from tui.storage.database import Database
from tui.storage.failures import translated
from tui.storage.instances import Instance
from tui.storage.messages import (
    checkpoint_message,
    conversation_gone,
    delete_conversation,
    finish_message,
    insert_messages,
    load_messages,
    reopen_message,
)
from tui.storage.rows import (
    CONVERSATION_COLUMNS,
    ConversationRow,
    Value,
    conversation_from,
    conversation_values,
    storable,
)
from tui.storage.search import find_messages
from tui.storage.transfers import WholeConversations
from tui.storage.waiting import insert_queued, load_draft, load_queued, recover, store_draft

_CREATE: Final = (
    "INSERT INTO conversations (id, created_at, updated_at, active_leaf, title, title_folded, model, system,"
    " options, think, title_by_user, pinned, unread, trashed_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

_UPDATE: Final = (
    "UPDATE conversations SET title = ?, title_folded = ?, model = ?, system = ?, options = ?, think = ?,"
    " title_by_user = ?, pinned = ?, unread = ?, trashed_at = ? WHERE id = ?"
)

_ADD_ATTACHMENT: Final = (
    "INSERT INTO attachments (digest, added_at, size, data)"
    " VALUES (?, CAST(strftime('%s', 'now') AS INTEGER), ?, ?)"
    " ON CONFLICT (digest) DO UPDATE SET added_at = excluded.added_at"
)

_ORDER: Final = "ORDER BY pinned DESC, updated_at DESC, key DESC LIMIT ? OFFSET ?"
_LAST_CHARACTER: Final = "\U0010ffff"


class SqliteConversationStore(WholeConversations):
    """A `ConversationStore` in one file, which several processes may have open."""

    def __init__(self, database: Database, instance: Instance) -> None:
        """Use an open database as one of the processes that do; `open` makes both."""
        self._database = database
        self._instance = instance

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

    async def aclose(self) -> None:
        """Wait for every write, close the file and let others know that this process is gone."""
        try:
            await self._database.aclose()
        finally:
            self._instance.leave()

    async def data_version(self) -> int:
        """Return a number that changes when another process has changed something."""
        return await self._database.data_version()

    async def create(self, conversation: Conversation) -> None:
        """Store a new conversation."""
        values = (
            conversation.id,
            conversation.created_at,
            conversation.updated_at,
            conversation.active_leaf,
            *conversation_values(conversation),
        )
        await self._database.write(partial(_run, _CREATE, values))

    async def conversation(self, conversation_id: ConversationId) -> Conversation | None:
        """Return a conversation, or None."""

        def load(connection: sqlite3.Connection) -> Conversation | None:
            row: ConversationRow | None = connection.execute(
                f"SELECT {CONVERSATION_COLUMNS} FROM conversations WHERE id = ?", (conversation_id,)
            ).fetchone()
            return None if row is None else conversation_from(row)

        return await self._database.read(load)

    async def update(self, conversation: Conversation) -> None:
        """Store every field of a conversation that exists, except its times and active leaf."""
        values = (*conversation_values(conversation), conversation.id)
        await self._database.write(partial(_change_one, _UPDATE, values))

    async def set_active_leaf(self, conversation_id: ConversationId, leaf: MessageId | None) -> None:
        """Remember which branch is shown."""
        change = "UPDATE conversations SET active_leaf = ? WHERE id = ?"
        await self._database.write(partial(_change_one, change, (leaf, conversation_id)))

    async def delete(self, conversation_id: ConversationId) -> None:
        """Delete a conversation and its messages for good."""
        await self._database.write(lambda connection: delete_conversation(connection, conversation_id))

    async def conversations(
        self, *, query: str = "", offset: int = 0, limit: int = 200
    ) -> tuple[Conversation, ...]:
        """Return saved conversations, pinned ones first, then the last updated first.

        Those in the trash are left out. `query` keeps those whose title contains it, ignoring case.
        """
        wanted = storable(query).casefold()
        where = "trashed_at IS NULL AND instr(title_folded, ?)" if wanted else "trashed_at IS NULL"
        values = (wanted, limit, offset) if wanted else (limit, offset)

        def load(connection: sqlite3.Connection) -> tuple[Conversation, ...]:
            rows: list[ConversationRow] = connection.execute(
                f"SELECT {CONVERSATION_COLUMNS} FROM conversations WHERE {where} {_ORDER}", values
            ).fetchall()
            return tuple(map(conversation_from, rows))

        return await self._database.read(load)

    async def latest(self) -> Conversation | None:
        """Return the conversation that was last written in, or None."""

        def load(connection: sqlite3.Connection) -> Conversation | None:
            row: ConversationRow | None = connection.execute(
                f"SELECT {CONVERSATION_COLUMNS} FROM conversations WHERE trashed_at IS NULL "
                "ORDER BY updated_at DESC, key DESC LIMIT 1"
            ).fetchone()
            return None if row is None else conversation_from(row)

        return await self._database.read(load)

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

    async def add_messages(self, messages: Sequence[Message]) -> None:
        """Store new messages in one transaction.

        The last one becomes its conversation's active leaf, its time the conversation's
        `updated_at`. Messages with status `streaming` are owned by this process.
        """
        batch = tuple(messages)
        await self._database.write(lambda connection: insert_messages(connection, batch, self._instance.id))

    async def reopen(self, message_id: MessageId) -> None:
        """Make an ended answer `streaming` again, owned by this process, to be continued."""
        await self._database.write(
            lambda connection: reopen_message(connection, message_id, self._instance.id)
        )

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
        with translated(self._database.path.parent):
            await asyncio.to_thread(self._instance.sweep)
        return interrupted

    async def enqueue(self, queued: QueuedMessage) -> None:
        """Store a message that waits."""
        await self._database.write(lambda connection: insert_queued(connection, queued, self._instance.id))

    async def dequeue(self, queued_id: MessageId) -> None:
        """Remove a message that no longer waits."""
        await self._database.write(partial(_run, "DELETE FROM queued_messages WHERE id = ?", (queued_id,)))

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

    async def search(self, query: str, *, limit: int = 50) -> tuple[SearchHit, ...]:
        """Return the messages that contain the words of `query`, the best first.

        Query text is words to find, never FTS5 syntax.
        """
        return await self._database.read(lambda connection: find_messages(connection, query, limit))


def _run(change: str, values: Sequence[Value], connection: sqlite3.Connection) -> None:
    connection.execute(change, values)


def _change_one(change: str, values: Sequence[Value], connection: sqlite3.Connection) -> None:
    """Change a conversation that must exist."""
    if connection.execute(change, values).rowcount == 0:
        raise conversation_gone()
