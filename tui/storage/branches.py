"""The branch of a conversation that is shown, read from its end: what a reader sees first."""

import sqlite3
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Final

from tui.domain.conversation import Attachment, Branch, ConversationId, Message, MessageId
from tui.domain.tree import parents_without, path_to, places_among_siblings
from tui.storage.rows import (
    CONVERSATION_COLUMNS,
    MESSAGE_COLUMNS,
    AttachmentRow,
    ConversationRow,
    MessageRow,
    attachment_from,
    conversation_from,
    message_from,
)

_AT_A_TIME: Final = 500
"""Messages that are asked for by one statement: old versions of SQLite take 999 values at most."""

_CONVERSATION: Final = f"SELECT key, {CONVERSATION_COLUMNS} FROM conversations WHERE id = ?"

_PARENTS: Final = "SELECT id, parent_id FROM messages WHERE conversation = ? ORDER BY key"

DELETED: Final = (
    "SELECT messages.id FROM deleted_messages JOIN messages ON messages.key = message"
    " WHERE deleted_messages.conversation = ?"
)
"""The ids of what is deleted of a conversation."""

_ATTACHED: Final = (
    "SELECT message, digest, name, media_type, size, width, height"
    " FROM message_attachments JOIN attachments USING (digest)"
    " WHERE message IN ({}) ORDER BY message, position"
)

_PINNED: Final = "SELECT message FROM pinned_messages WHERE message IN ({})"

_BETWEEN: Final = (
    "conversation = (SELECT key FROM conversations WHERE id = ?)"
    " AND key BETWEEN (SELECT key FROM messages WHERE id = ?) AND (SELECT key FROM messages WHERE id = ?)"
)


def load_branch(
    connection: sqlite3.Connection, conversation_id: ConversationId, last: int, since: MessageId | None
) -> Branch | None:
    """Return the branch that is shown with some of its messages; None where there is no conversation.

    Of the others only the ids are read.

    Args:
        connection: To the database.
        conversation_id: Which conversation.
        last: How many messages of its end are read at least.
        since: A message from which on as many are read as well.
    """
    row: tuple[int, *ConversationRow] | None = connection.execute(
        _CONVERSATION, (conversation_id,)
    ).fetchone()
    if row is None:
        return None
    key, *rest = row
    conversation = conversation_from(tuple(rest))  # type: ignore[arg-type]
    parents: dict[MessageId, MessageId | None] = dict(connection.execute(_PARENTS, (key,)))
    gone = {MessageId(identity) for (identity,) in connection.execute(DELETED, (key,))}
    shown = parents_without(parents, gone) if gone else parents
    path = path_to(shown, conversation.active_leaf)
    first = max(0, len(path) - last)
    start = _nearest(path, parents, since)
    start = first if start is None else min(start, first)
    stop = min(start + last, first)
    places = places_among_siblings(shown, path)
    head = load_some(connection, conversation_id, path[start:stop], path[start - 1] if start else None)
    end = load_some(connection, conversation_id, path[first:], path[first - 1] if first else None)
    return Branch(conversation, tuple(path[:start]), head + end, places, tuple(path[stop:first]), len(head))


def _nearest(
    path: Sequence[MessageId], parents: Mapping[MessageId, MessageId | None], wanted: MessageId | None
) -> int | None:
    """Return the place of a message on a branch, or of the one nearest above it that the branch has."""
    if wanted is None:
        return None
    places = {identity: place for place, identity in enumerate(path)}
    while wanted is not None and wanted not in places:
        wanted = parents.get(wanted)
    return None if wanted is None else places[wanted]


def load_some(
    connection: sqlite3.Connection,
    conversation_id: ConversationId,
    ids: Sequence[MessageId],
    after: MessageId | None,
) -> tuple[Message, ...]:
    """Return messages that follow each other on a branch; those that are not there are left out.

    Args:
        connection: To the database.
        conversation_id: The conversation that they are in.
        ids: Which messages, the first first.
        after: The message before the first; None where there is none.
    """
    if not ids:
        return ()
    # They stand beside each other in the file, nearly always: that is read faster than one by one.
    found = _found(connection, conversation_id, _BETWEEN, (conversation_id, ids[0], ids[-1]), set(ids))
    found |= load_named(connection, conversation_id, [identity for identity in ids if identity not in found])
    messages: list[Message] = []
    for identity, parent in zip(ids, (after, *ids), strict=False):
        message = found.get(identity)
        if message is not None:
            # A message that stood between the two may have been deleted.
            messages.append(message if message.parent_id == parent else replace(message, parent_id=parent))
    return tuple(messages)


def load_named(
    connection: sqlite3.Connection, conversation_id: ConversationId, ids: Sequence[MessageId]
) -> dict[str, Message]:
    """Return messages by their ids; those that are not there are left out."""
    found: dict[str, Message] = {}
    for start in range(0, len(ids), _AT_A_TIME):
        some = ids[start : start + _AT_A_TIME]
        found |= _found(connection, conversation_id, f"id IN ({_marks(some)})", some, set(some))
    return found


def _found(
    connection: sqlite3.Connection,
    conversation_id: ConversationId,
    where: str,
    values: Sequence[str],
    wanted: Set[str],
) -> dict[str, Message]:
    rows: list[MessageRow] = connection.execute(
        f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE {where}", values
    ).fetchall()
    rows = [row for row in rows if row[1] in wanted]
    attachments: dict[int, list[Attachment]] = {}
    pinned: set[int] = set()
    for start in range(0, len(rows), _AT_A_TIME):
        keys = [row[0] for row in rows[start : start + _AT_A_TIME]]
        marks = _marks(keys)
        attached: AttachmentRow
        for attached in connection.execute(_ATTACHED.format(marks), keys):
            attachments.setdefault(attached[0], []).append(attachment_from(attached))
        pinned.update(key for (key,) in connection.execute(_PINNED.format(marks), keys))
    return {row[1]: message_from(row, conversation_id, attachments, pinned) for row in rows}


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
