"""Whole conversations: listed for export, taken in as they are by an import, and given back."""

import json
import sqlite3
from collections.abc import Sequence, Set
from dataclasses import replace
from hashlib import sha256
from typing import Final

from tui.domain.conversation import Conversation, ConversationId, Message, MessageId, Summary, active_path
from tui.domain.errors import BadRequest, TuiError
from tui.domain.whole import Outcome, Taken, WholeConversation
from tui.storage.database import Database
from tui.storage.instances import Instance, InstanceId
from tui.storage.messages import (
    delete_conversation,
    hide_messages,
    index_messages,
    insert_messages,
    load_messages,
    remove_messages,
    store_tags,
)
from tui.storage.rows import conversation_values, storable

_INSERT: Final = (
    "INSERT INTO conversations (origin, id, created_at, updated_at, active_leaf, title, title_folded, model,"
    " system, options, think, title_by_user, pinned, unread, trashed_at, server, policy, keep_alive,"
    f" answer_format) VALUES ({', '.join('?' * 19)})"
)

_ADD_ATTACHMENT: Final = (
    "INSERT INTO attachments (digest, added_at, size, data)"
    " VALUES (?, CAST(strftime('%s', 'now') AS INTEGER), ?, ?) ON CONFLICT (digest) DO NOTHING"
)

_ADD_SUMMARY: Final = (
    "INSERT OR IGNORE INTO summaries (id, conversation, upto, created_at, by_user, model, content)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)

_ALL: Final = "SELECT id FROM conversations WHERE trashed_at IS NULL ORDER BY created_at, id"

_THERE: Final = (
    "SELECT key, id, updated_at, active_leaf FROM conversations WHERE id = ? UNION ALL"
    " SELECT key, id, updated_at, active_leaf FROM conversations WHERE origin = ? LIMIT 1"
)

_TAKEN: Final = (
    "SELECT id FROM messages WHERE id IN (SELECT value FROM json_each(?)) AND conversation IS NOT ? LIMIT 1"
)

_SHOW: Final = "UPDATE conversations SET active_leaf = ?, updated_at = ? WHERE key = ?"

_UNTOUCHED: Final = (
    "SELECT 1 FROM conversations WHERE id = ? AND updated_at = ? AND ? ="
    " (SELECT count(*) FROM messages WHERE conversation = conversations.key)"
)

_There = tuple[int, str, float, str | None]


class WholeConversations:
    """The part of the store that takes conversations out and in as a whole."""

    _database: Database
    _instance: Instance

    async def conversation_ids(self) -> tuple[ConversationId, ...]:
        """Return the ids of all conversations outside the trash, the oldest first."""

        def load(connection: sqlite3.Connection) -> tuple[ConversationId, ...]:
            rows: list[tuple[str]] = connection.execute(_ALL).fetchall()
            return tuple(ConversationId(identity) for (identity,) in rows)

        return await self._database.read(load)

    async def take_in(self, conversations: Sequence[WholeConversation]) -> tuple[Taken, ...]:
        """Store conversations in one transaction, each of them whole or not at all.

        Every field is stored as it is. A conversation is there if its id is, or its origin: then it gets
        the messages that it does not have, and nothing else of it changes.

        Args:
            conversations: What is stored.

        Returns:
            What became of each.
        """

        def work(connection: sqlite3.Connection) -> tuple[Taken, ...]:
            newest: tuple[int | None] = connection.execute("SELECT max(key) FROM messages").fetchone()
            taken = tuple([_take_whole(connection, each, self._instance.id) for each in conversations])
            index_messages(connection, newest[0] or 0)
            return taken

        return await self._database.write(work)

    async def give_back(self, taken: Sequence[Taken], now: float) -> None:
        """Undo in one transaction that conversations were taken in.

        What has not been touched since is removed for good. What has been is not lost: a conversation
        goes to the trash, messages are deleted so that they can be restored.

        Args:
            taken: What became of the conversations.
            now: Seconds since the epoch.
        """

        def work(connection: sqlite3.Connection) -> None:
            for each in taken:
                if each.outcome is Outcome.NEW:
                    _give_back_new(connection, each, now)
                elif each.outcome is Outcome.GROWN:
                    _give_back_grown(connection, each, now)

        await self._database.write(work)


def add_summaries(connection: sqlite3.Connection, key: int, summaries: Sequence[Summary]) -> None:
    """Store summaries of a conversation that are not there yet."""
    connection.executemany(
        _ADD_SUMMARY,
        [
            (
                summary.id,
                key,
                summary.upto,
                summary.created_at,
                summary.by_user,
                storable(summary.model),
                storable(summary.content),
            )
            for summary in summaries
        ],
    )


def _take_whole(connection: sqlite3.Connection, whole: WholeConversation, me: InstanceId) -> Taken:
    connection.execute("SAVEPOINT one")
    try:
        taken = _take(connection, whole, me)
    except TuiError as error:
        connection.execute("ROLLBACK TO one")
        taken = Taken(Outcome.REFUSED, whole.conversation.id, reason=error.message)
    connection.execute("RELEASE one")
    return taken


def _take(connection: sqlite3.Connection, whole: WholeConversation, me: InstanceId) -> Taken:
    conversation = whole.conversation
    there: _There | None = connection.execute(_THERE, (conversation.id, whole.origin or None)).fetchone()
    if there is not None:
        return _grow(connection, whole, there, me)
    _refuse_taken(connection, whole.messages, None)
    key = _insert(connection, conversation, whole.origin)
    _add_attachments(connection, whole)
    store_tags(connection, conversation)
    insert_messages(connection, whole.messages, me, indexed=False)
    add_summaries(connection, key, whole.summaries)
    # Storing messages moves both to the last of them.
    connection.execute(_SHOW, (conversation.active_leaf, conversation.updated_at, key))
    return Taken(
        Outcome.NEW, conversation.id, messages=len(whole.messages), updated_at=conversation.updated_at
    )


def _grow(connection: sqlite3.Connection, whole: WholeConversation, there: _There, me: InstanceId) -> Taken:
    key, identity, updated_at, leaf = there
    conversation_id = ConversationId(identity)
    rows: list[tuple[str]] = connection.execute(
        "SELECT id FROM messages WHERE conversation = ?", (key,)
    ).fetchall()
    known = {MessageId(message_id) for (message_id,) in rows}
    new = _hung([message for message in whole.messages if message.id not in known], whole.messages, known)
    if not new:
        return Taken(Outcome.SAME, conversation_id)
    _refuse_taken(connection, new, key)
    _add_attachments(connection, whole)
    moved = [replace(message, conversation_id=conversation_id) for message in new]
    insert_messages(connection, moved, me, indexed=False)
    add_summaries(connection, key, whole.summaries)
    # The branch that is shown goes on where it went on; another one that was chosen here stays.
    wanted = whole.conversation.active_leaf
    goes_on = any(message.id == leaf for message in active_path(whole.messages, wanted))
    shown = wanted if goes_on or leaf is None else leaf
    connection.execute(_SHOW, (shown, max(updated_at, whole.conversation.updated_at), key))
    added = tuple(message.id for message in new)
    return Taken(Outcome.GROWN, conversation_id, len(added), added, updated_at)


def _hung(new: Sequence[Message], all_messages: Sequence[Message], known: Set[MessageId]) -> list[Message]:
    """Return new messages, each on the nearest of those it follows that has not been removed for good."""
    parents = {message.id: message.parent_id for message in all_messages}
    there = known | {message.id for message in new}
    hung: list[Message] = []
    for message in new:
        parent = message.parent_id
        while parent is not None and parent not in there:
            parent = parents.get(parent)
        hung.append(message if parent == message.parent_id else replace(message, parent_id=parent))
    return hung


def _refuse_taken(connection: sqlite3.Connection, messages: Sequence[Message], key: int | None) -> None:
    wanted = json.dumps([message.id for message in messages])
    taken: tuple[str] | None = connection.execute(_TAKEN, (wanted, key)).fetchone()
    if taken is not None:
        raise BadRequest(f"The message {taken[0]} is stored in another conversation already.")


def _insert(connection: sqlite3.Connection, conversation: Conversation, origin: str) -> int:
    cursor = connection.execute(
        _INSERT,
        (
            origin or None,
            conversation.id,
            conversation.created_at,
            conversation.updated_at,
            conversation.active_leaf,
            *conversation_values(conversation),
        ),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _add_attachments(connection: sqlite3.Connection, whole: WholeConversation) -> None:
    for data in whole.attachments.values():
        connection.execute(_ADD_ATTACHMENT, (sha256(data).hexdigest(), len(data), data))


def _give_back_new(connection: sqlite3.Connection, taken: Taken, now: float) -> None:
    untouched = (taken.conversation_id, taken.updated_at, taken.messages)
    if connection.execute(_UNTOUCHED, untouched).fetchone() is not None:
        delete_conversation(connection, taken.conversation_id)
    else:
        connection.execute(
            "UPDATE conversations SET trashed_at = ? WHERE id = ?", (now, taken.conversation_id)
        )


def _give_back_grown(connection: sqlite3.Connection, taken: Taken, now: float) -> None:
    messages = load_messages(connection, taken.conversation_id)
    added = set(taken.added)
    gone = {message.id for message in messages if message.id in added}
    if not gone:
        return
    untouched = all(message.id in added or message.parent_id not in added for message in messages)
    hide_messages(connection, taken.conversation_id, gone, now)
    if untouched:
        remove_messages(connection, gone)
        latest = max((message.created_at for message in messages if message.id not in gone), default=0.0)
        connection.execute(
            "UPDATE conversations SET updated_at = ? WHERE id = ? AND ? <= ?",
            (taken.updated_at, taken.conversation_id, latest, taken.updated_at),
        )
