"""Messages and their attachments: how they are stored, changed and read."""

import sqlite3
from collections.abc import Callable, Sequence, Set
from typing import Final

from tui.domain.conversation import (
    Attachment,
    Conversation,
    ConversationId,
    Deletion,
    Message,
    MessageId,
    MessageStatus,
    leaf_without,
    without,
)
from tui.domain.errors import BadRequest, ConversationGone, StoreUnavailable, WrittenElsewhere
from tui.storage.instances import InstanceId
from tui.storage.rows import (
    MESSAGE_COLUMNS,
    STATS_COLUMNS,
    AttachmentRow,
    Value,
    attachment_from,
    message_from,
    stats_values,
    storable,
)

_INSERT: Final = (
    "INSERT INTO messages (id, conversation, parent_id, role, created_at, owner, content, thinking, model,"
    f" status, stop_reason, error, hint, finished_at, tool_calls, tool_name, {STATS_COLUMNS})"
    f" VALUES ({', '.join('?' * 24)})"
)

_FINISH: Final = (
    "UPDATE messages SET owner = NULL, content = ?, thinking = ?, model = ?, status = ?, stop_reason = ?,"
    " error = ?, hint = ?, finished_at = ?, tool_calls = ?, tool_name = ?, "
    + ", ".join(f"{column} = ?" for column in STATS_COLUMNS.split(", "))
    + " WHERE id = ? RETURNING conversation"
)

_ATTACHMENTS: Final = (
    "SELECT message, digest, name, media_type, size, width, height"
    " FROM message_attachments JOIN attachments USING (digest)"
    " WHERE message IN (SELECT key FROM messages WHERE conversation = ?) ORDER BY message, position"
)

_DELETED: Final = (
    "SELECT messages.id FROM deleted_messages JOIN messages ON messages.key = message"
    " WHERE deleted_messages.conversation = ?"
)

_PINNED: Final = "SELECT message FROM pinned_messages WHERE conversation = ?"

_PIN: Final = (
    "INSERT OR IGNORE INTO pinned_messages (message, conversation)"
    " SELECT key, conversation FROM messages WHERE id = ?"
)

_UNPIN: Final = "DELETE FROM pinned_messages WHERE message = (SELECT key FROM messages WHERE id = ?)"

_NOT_INDEXED: Final = "+"
"""The owner of messages that are stored and not indexed yet; no trigger does it then."""

_WRITERS: Final = "SELECT DISTINCT owner FROM messages WHERE conversation = ? AND status = 'streaming'"

_REOPEN: Final = (
    "UPDATE messages SET status = 'streaming', owner = ?, stop_reason = '', error = '', hint = '',"
    " finished_at = NULL WHERE id = ? AND status <> 'streaming'"
)


def conversation_key(connection: sqlite3.Connection, conversation_id: ConversationId) -> int:
    """Return the key of a conversation that must exist.

    Raises:
        StoreUnavailable: It does not, for example because another window deleted it.
    """
    row: tuple[int] | None = connection.execute(
        "SELECT key FROM conversations WHERE id = ?", (conversation_id,)
    ).fetchone()
    if row is None:
        raise conversation_gone()
    return row[0]


def conversation_gone() -> ConversationGone:
    """Return the error for writing to a conversation that is not there."""
    return ConversationGone(
        "This conversation is no longer stored: it was deleted in another window.",
        "Copy what you want to keep into a new conversation.",
    )


def conversation_of(connection: sqlite3.Connection, message_id: MessageId) -> int:
    """Return the key of the conversation that a message is in, which must exist.

    Raises:
        StoreUnavailable: It does not.
    """
    row: tuple[int] | None = connection.execute(
        "SELECT conversation FROM messages WHERE id = ?", (message_id,)
    ).fetchone()
    if row is None:
        raise conversation_gone()
    return row[0]


def store_tags(connection: sqlite3.Connection, conversation: Conversation) -> None:
    """Replace the tags of a conversation."""
    key = conversation_key(connection, conversation.id)
    connection.execute("DELETE FROM conversation_tags WHERE conversation = ?", (key,))
    connection.executemany(
        "INSERT INTO conversation_tags (conversation, tag) VALUES (?, ?)",
        [(key, storable(tag)) for tag in conversation.tags],
    )


def hide_messages(
    connection: sqlite3.Connection, conversation_id: ConversationId, ids: Set[MessageId], now: float
) -> Deletion:
    """Mark messages as deleted, and show the branch that is left; return what takes it back.

    Raises:
        BadRequest: One of them is being written.
    """
    key = conversation_key(connection, conversation_id)
    messages = load_messages(connection, conversation_id)
    if any(m.id in ids and m.status is MessageStatus.STREAMING for m in messages):
        raise BadRequest("This answer is being written.", "Stop it first with Esc.")
    row: tuple[MessageId | None] = connection.execute(
        "SELECT active_leaf FROM conversations WHERE key = ?", (key,)
    ).fetchone()
    connection.executemany(
        "INSERT OR IGNORE INTO deleted_messages (message, conversation, deleted_at)"
        " SELECT key, conversation, ? FROM messages WHERE id = ? AND conversation = ?",
        [(now, identity, key) for identity in sorted(ids)],
    )
    leaf = leaf_without(messages, row[0], ids)
    connection.execute("UPDATE conversations SET active_leaf = ? WHERE key = ?", (leaf, key))
    return Deletion(conversation_id, frozenset(ids), shown_before=row[0], shown_since=leaf)


def unhide_messages(connection: sqlite3.Connection, deletion: Deletion) -> None:
    """Take back that messages were deleted, and show what was shown unless another branch is since."""
    key = conversation_key(connection, deletion.conversation_id)
    connection.executemany(
        "DELETE FROM deleted_messages WHERE message = (SELECT key FROM messages WHERE id = ?)",
        [(identity,) for identity in sorted(deletion.ids)],
    )
    connection.execute(
        # After a long time it may have been removed for good.
        "UPDATE conversations SET active_leaf = ?1 WHERE key = ?2 AND active_leaf IS ?3"
        " AND (?1 IS NULL OR EXISTS (SELECT 1 FROM messages WHERE id = ?1))",
        (deletion.shown_before, key, deletion.shown_since),
    )


def remove_messages(connection: sqlite3.Connection, ids: Set[MessageId]) -> None:
    """Remove messages for good that nothing which stays follows."""
    connection.executemany("DELETE FROM messages WHERE id = ?", [(identity,) for identity in sorted(ids)])


def load_messages(connection: sqlite3.Connection, conversation_id: ConversationId) -> tuple[Message, ...]:
    """Return all messages of a conversation in the order they were stored."""
    row: tuple[int] | None = connection.execute(
        "SELECT key FROM conversations WHERE id = ?", (conversation_id,)
    ).fetchone()
    if row is None:
        return ()
    attachments: dict[int, list[Attachment]] = {}
    attached: AttachmentRow
    for attached in connection.execute(_ATTACHMENTS, row):
        attachments.setdefault(attached[0], []).append(attachment_from(attached))
    rows = connection.execute(
        f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE conversation = ? ORDER BY key", row
    )
    pinned = {key for (key,) in connection.execute(_PINNED, row)}
    messages = tuple([message_from(message, conversation_id, attachments, pinned) for message in rows])
    gone = {MessageId(identity) for (identity,) in connection.execute(_DELETED, row)}
    return without(messages, gone) if gone else messages


def insert_messages(
    connection: sqlite3.Connection,
    messages: Sequence[Message],
    me: InstanceId,
    *,
    indexed: bool = True,
) -> None:
    """Store new messages; the last one becomes its conversation's active leaf.

    Args:
        connection: In a transaction.
        messages: What is stored.
        me: The process that owns those that are streaming.
        indexed: They can be found; False leaves that to `index_messages`, and none may be streaming.
    """
    waiting = None if indexed else _NOT_INDEXED
    keys: dict[ConversationId, int] = {}
    for message in messages:
        key = keys.get(message.conversation_id)
        if key is None:
            key = keys[message.conversation_id] = conversation_key(connection, message.conversation_id)
        values = (
            message.id,
            key,
            message.parent_id,
            message.role.value,
            message.created_at,
            me if message.status is MessageStatus.STREAMING else waiting,
            *_end_state(message),
        )
        cursor = connection.execute(_INSERT, values)
        assert cursor.lastrowid is not None
        insert_attachments(connection, "message_attachments", cursor.lastrowid, message.attachments)
        if message.pinned:
            connection.execute(_PIN, (message.id,))
    if messages:
        last = messages[-1]
        connection.execute(
            "UPDATE conversations SET active_leaf = ?, updated_at = ? WHERE key = ?",
            (last.id, last.created_at, keys[last.conversation_id]),
        )


def index_messages(connection: sqlite3.Connection, above: int) -> None:
    """Let messages be found that were stored without; all of them have keys above a number."""
    for index in ("messages_index", "messages_trigrams"):
        connection.execute(
            f"INSERT INTO {index} (rowid, content) SELECT key, content FROM messages"
            " WHERE key > ? AND owner = ?",
            (above, _NOT_INDEXED),
        )
    connection.execute("UPDATE messages SET owner = NULL WHERE key > ? AND owner = ?", (above, _NOT_INDEXED))


def insert_attachments(
    connection: sqlite3.Connection, table: str, message_key: int, attachments: Sequence[Attachment]
) -> None:
    """Link attachments, whose bytes must be stored, to a message in the `table` of such links."""
    for position, attachment in enumerate(attachments):
        require_attachment(connection, attachment)
        connection.execute(
            f"INSERT INTO {table} (message, position, digest, name, media_type, width, height)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                message_key,
                position,
                attachment.digest,
                storable(attachment.name),
                storable(attachment.media_type),
                attachment.width,
                attachment.height,
            ),
        )


def require_attachment(connection: sqlite3.Connection, attachment: Attachment) -> None:
    """Make sure that the bytes of an attachment are stored.

    Raises:
        StoreUnavailable: They are not.
    """
    found = "SELECT 1 FROM attachments WHERE digest = ?"
    if connection.execute(found, (attachment.digest,)).fetchone() is None:
        raise StoreUnavailable(
            f"The attachment {attachment.name} is no longer stored.", "Attach the file again."
        )


def pin_message(connection: sqlite3.Connection, message_id: MessageId, *, pinned: bool) -> None:
    """Pin a message, or take the pin off."""
    _require_message(connection, message_id)
    connection.execute(_PIN if pinned else _UNPIN, (message_id,))


def require_no_other_writer(
    connection: sqlite3.Connection, key: int, me: InstanceId, is_alive: Callable[[str], bool]
) -> None:
    """Make sure that no other process is writing an answer in a conversation.

    Raises:
        WrittenElsewhere: One is.
    """
    owners: list[tuple[str | None]] = connection.execute(_WRITERS, (key,)).fetchall()
    if any(owner is not None and owner != me and is_alive(owner) for (owner,) in owners):
        raise WrittenElsewhere(
            "An answer is being written here in another window.", "Wait until it has ended, or stop it there."
        )


def reopen_message(connection: sqlite3.Connection, message_id: MessageId, me: InstanceId) -> None:
    """Make an ended message streaming again."""
    if connection.execute(_REOPEN, (me, message_id)).rowcount:
        return
    _require_message(connection, message_id)
    raise WrittenElsewhere(
        "This answer is being written in another window.", "Wait until it has ended, or stop it there."
    )


def checkpoint_message(
    connection: sqlite3.Connection, message_id: MessageId, content: str, thinking: str, me: InstanceId
) -> None:
    """Store how far a message got; one that has ended since keeps its end."""
    changed = connection.execute(
        "UPDATE messages SET content = ?, thinking = ? WHERE id = ? AND status = 'streaming' AND owner = ?",
        (storable(content), storable(thinking), message_id, me),
    ).rowcount
    if not changed:
        _require_message(connection, message_id)


def finish_message(connection: sqlite3.Connection, message: Message, *, unread: bool) -> None:
    """Store the end of a message."""
    row: tuple[int] | None = connection.execute(_FINISH, (*_end_state(message), message.id)).fetchone()
    if row is None:
        raise conversation_gone()
    connection.execute("UPDATE conversations SET unread = ? WHERE key = ?", (unread, row[0]))


def delete_conversation(connection: sqlite3.Connection, conversation_id: ConversationId) -> None:
    """Delete a conversation, its messages, and attachments that nothing uses any more.

    Attachments that were stored but never sent go after a day: until then they may wait in a prompt.
    """
    digests: list[tuple[str]] = connection.execute(
        "SELECT digest FROM message_attachments WHERE message IN"
        " (SELECT messages.key FROM messages JOIN conversations ON conversation = conversations.key"
        "  WHERE conversations.id = :id)"
        " UNION SELECT digest FROM queued_attachments WHERE message IN"
        " (SELECT queued_messages.key FROM queued_messages JOIN conversations"
        "  ON conversation = conversations.key WHERE conversations.id = :id)"
        " UNION SELECT digest FROM draft_attachments JOIN conversations ON conversation = conversations.key"
        "  WHERE conversations.id = :id",
        {"id": conversation_id},
    ).fetchall()
    connection.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,))
    unused = (
        " NOT EXISTS (SELECT 1 FROM message_attachments AS m WHERE m.digest = attachments.digest)"
        " AND NOT EXISTS (SELECT 1 FROM queued_attachments AS q WHERE q.digest = attachments.digest)"
        " AND NOT EXISTS (SELECT 1 FROM draft_attachments AS d WHERE d.digest = attachments.digest)"
    )
    connection.executemany(f"DELETE FROM attachments WHERE digest = ? AND {unused}", digests)
    connection.execute(
        "DELETE FROM attachments WHERE added_at < CAST(strftime('%s', 'now', '-1 day') AS INTEGER)"
        f" AND {unused}"
    )


def _end_state(message: Message) -> tuple[Value, ...]:
    return (
        storable(message.content),
        storable(message.thinking),
        storable(message.model),
        message.status.value,
        storable(message.stop_reason),
        storable(message.error),
        storable(message.hint),
        message.finished_at,
        storable(message.tool_calls),
        storable(message.tool_name),
        *stats_values(message.stats),
    )


def _require_message(connection: sqlite3.Connection, message_id: MessageId) -> None:
    if connection.execute("SELECT 1 FROM messages WHERE id = ?", (message_id,)).fetchone() is None:
        raise conversation_gone()
