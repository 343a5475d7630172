"""Whole conversations: listed for export, and stored as they are by an import."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from tui.domain.conversation import Conversation, ConversationId, Message
from tui.domain.errors import BadRequest
from tui.storage.database import Database
from tui.storage.instances import Instance
from tui.storage.messages import insert_messages, store_tags
from tui.storage.rows import conversation_values

_INSERT: Final = (
    "INSERT INTO conversations (origin, id, created_at, updated_at, active_leaf, title, title_folded, model,"
    " system, options, think, title_by_user, pinned, unread, trashed_at, server, policy, keep_alive,"
    f" answer_format) VALUES ({', '.join('?' * 19)})"
)

_ADD_ATTACHMENT: Final = (
    "INSERT INTO attachments (digest, added_at, size, data)"
    " VALUES (?, CAST(strftime('%s', 'now') AS INTEGER), ?, ?) ON CONFLICT (digest) DO NOTHING"
)

_ALL: Final = "SELECT id FROM conversations WHERE trashed_at IS NULL ORDER BY created_at, id"

_TAKEN: Final = "SELECT id FROM messages WHERE id IN (SELECT value FROM json_each(?)) LIMIT 1"


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

    async def import_conversation(
        self,
        conversation: Conversation,
        messages: Sequence[Message],
        attachments: Mapping[str, bytes],
        *,
        origin: str = "",
    ) -> bool:
        """Store a conversation with all its messages in one transaction; False if it is there already.

        Every field is stored as it is. A conversation is there if its id is, or its origin.

        Args:
            conversation: The conversation.
            messages: Its messages, none of them streaming, in the order in which they are kept.
            attachments: The bytes of their attachments, by digest.
            origin: What tells where it came from; empty for a conversation of our own.

        Raises:
            BadRequest: One of the messages is stored in another conversation.
        """
        batch = tuple(messages)

        def work(connection: sqlite3.Connection) -> bool:
            if _is_there(connection, conversation.id, origin):
                return False
            _refuse_taken(connection, batch)
            _insert(connection, conversation, origin)
            for data in attachments.values():
                connection.execute(_ADD_ATTACHMENT, (sha256(data).hexdigest(), len(data), data))
            store_tags(connection, conversation)
            insert_messages(connection, batch, self._instance.id)
            # Storing messages moves both to the last of them.
            connection.execute(
                "UPDATE conversations SET active_leaf = ?, updated_at = ? WHERE id = ?",
                (conversation.active_leaf, conversation.updated_at, conversation.id),
            )
            return True

        return await self._database.write(work)


def _is_there(connection: sqlite3.Connection, conversation_id: ConversationId, origin: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM conversations WHERE id = ? UNION ALL SELECT 1 FROM conversations WHERE origin = ?",
        (conversation_id, origin or None),
    )
    return found.fetchone() is not None


def _refuse_taken(connection: sqlite3.Connection, messages: Sequence[Message]) -> None:
    wanted = json.dumps([message.id for message in messages])
    taken: tuple[str] | None = connection.execute(_TAKEN, (wanted,)).fetchone()
    if taken is not None:
        raise BadRequest(f"The message {taken[0]} is stored in another conversation already.")


def _insert(connection: sqlite3.Connection, conversation: Conversation, origin: str) -> None:
    connection.execute(
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
