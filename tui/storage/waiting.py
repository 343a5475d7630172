"""Text that is not part of a conversation yet: queued messages and drafts."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Final

from tui.domain.conversation import Attachment, ConversationId, MessageId, QueuedMessage
from tui.domain.errors import NoLongerQueued
from tui.storage.draft_files import draft_of, load_draft_files, store_draft_files
from tui.storage.instances import InstanceId
from tui.storage.messages import conversation_key, insert_attachments
from tui.storage.rows import AttachmentRow, attachment_from, storable

_QUEUED: Final = (
    "SELECT queued_messages.key, queued_messages.id, queued_messages.created_at, content"
    " FROM queued_messages JOIN conversations ON conversation = conversations.key"
    " WHERE conversations.id = ? ORDER BY queued_messages.key"
)

_ATTACHMENTS: Final = (
    "SELECT message, digest, name, media_type, size, width, height"
    " FROM queued_attachments JOIN attachments USING (digest) WHERE message = ? ORDER BY position"
)


def insert_queued(connection: sqlite3.Connection, queued: QueuedMessage, me: InstanceId) -> None:
    """Store a message that waits."""
    cursor = connection.execute(
        "INSERT INTO queued_messages (id, conversation, created_at, owner, content) VALUES (?, ?, ?, ?, ?)",
        (
            queued.id,
            conversation_key(connection, queued.conversation_id),
            queued.created_at,
            me,
            storable(queued.content),
        ),
    )
    assert cursor.lastrowid is not None
    insert_attachments(connection, "queued_attachments", cursor.lastrowid, queued.attachments)


def take_queued(connection: sqlite3.Connection, queued_id: MessageId) -> None:
    """Remove a message that is sent now.

    Raises:
        NoLongerQueued: It does not wait any more.
    """
    if not connection.execute("DELETE FROM queued_messages WHERE id = ?", (queued_id,)).rowcount:
        raise NoLongerQueued("This message is no longer waiting.")


def change_queued(
    connection: sqlite3.Connection,
    queued_id: MessageId,
    content: str,
    attachments: Sequence[Attachment] | None,
) -> None:
    """Replace the text of a message that waits, and what goes along; None leaves that as it is.

    Raises:
        NoLongerQueued: It does not wait any more.
    """
    change = "UPDATE queued_messages SET content = ? WHERE id = ? RETURNING key"
    row: tuple[int] | None = connection.execute(change, (storable(content), queued_id)).fetchone()
    if row is None:
        raise NoLongerQueued("This message has been sent meanwhile.")
    if attachments is not None:
        connection.execute("DELETE FROM queued_attachments WHERE message = ?", row)
        insert_attachments(connection, "queued_attachments", row[0], attachments)


def load_queued(connection: sqlite3.Connection, conversation_id: ConversationId) -> tuple[QueuedMessage, ...]:
    """Return the messages that wait in a conversation, first come first."""
    rows: list[tuple[int, str, float, str]] = connection.execute(_QUEUED, (conversation_id,)).fetchall()
    return tuple(
        QueuedMessage(
            MessageId(message_id), conversation_id, content, created_at, _attachments(connection, key)
        )
        for key, message_id, created_at, content in rows
    )


def load_draft(connection: sqlite3.Connection, conversation_id: ConversationId | None) -> str:
    """Return the unsent text of a conversation, or of the one not yet begun."""
    where, values = draft_of(conversation_id)
    row: tuple[str] | None = connection.execute(
        f"SELECT content FROM drafts WHERE {where}", values
    ).fetchone()
    return row[0] if row is not None else ""


def store_draft(connection: sqlite3.Connection, conversation_id: ConversationId | None, text: str) -> None:
    """Replace the unsent text of a conversation, or of the one not yet begun."""
    where, values = draft_of(conversation_id)
    connection.execute(f"DELETE FROM drafts WHERE {where}", values)
    if text:
        key = None if conversation_id is None else conversation_key(connection, conversation_id)
        connection.execute("INSERT INTO drafts (conversation, content) VALUES (?, ?)", (key, storable(text)))


def recover(connection: sqlite3.Connection, is_alive: Callable[[str], bool]) -> int:
    """Clean up after dead processes: their streaming messages are interrupted, their queue is drafts.

    Returns:
        How many messages were marked as interrupted.
    """
    owners: list[tuple[str | None]] = connection.execute(
        "SELECT owner FROM messages WHERE status = 'streaming' UNION SELECT owner FROM queued_messages"
    ).fetchall()
    dead = [owner for (owner,) in owners if owner is None or not is_alive(owner)]
    interrupted = 0
    for owner in dead:
        interrupted += connection.execute(
            "UPDATE messages SET status = 'interrupted', owner = NULL"
            " WHERE status = 'streaming' AND owner IS ?",
            (owner,),
        ).rowcount
        _return_to_drafts(connection, owner)
    return interrupted


def _return_to_drafts(connection: sqlite3.Connection, owner: str | None) -> None:
    rows: list[tuple[int, str, str]] = connection.execute(
        "SELECT queued_messages.key, conversations.id, content"
        " FROM queued_messages JOIN conversations ON conversation = conversations.key"
        " WHERE owner IS ? ORDER BY queued_messages.key",
        (owner,),
    ).fetchall()
    for key, identity, content in rows:
        conversation_id = ConversationId(identity)
        draft = load_draft(connection, conversation_id)
        store_draft(connection, conversation_id, f"{draft}\n\n{content}" if draft else content)
        files = (*load_draft_files(connection, conversation_id), *_attachments(connection, key))
        store_draft_files(connection, conversation_id, files)
        connection.execute("DELETE FROM queued_messages WHERE key = ?", (key,))


def _attachments(connection: sqlite3.Connection, key: int) -> tuple[Attachment, ...]:
    rows: list[AttachmentRow] = connection.execute(_ATTACHMENTS, (key,)).fetchall()
    return tuple(attachment_from(row) for row in rows)
