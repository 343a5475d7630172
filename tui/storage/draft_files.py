"""Files that were attached and not sent yet."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from tui.domain.conversation import Attachment, ConversationId
from tui.storage.database import Database
from tui.storage.messages import conversation_key, require_attachment
from tui.storage.rows import AttachmentRow, attachment_from, storable

_LOAD: Final = (
    "SELECT position, digest, name, media_type, size, width, height"
    " FROM draft_attachments JOIN attachments USING (digest) WHERE {where} ORDER BY position"
)

_INSERT: Final = (
    "INSERT INTO draft_attachments (conversation, position, digest, name, media_type, width, height)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)


class DraftFiles:
    """The part of the store that keeps what is attached to unsent text."""

    _database: Database

    async def draft_attachments(self, conversation_id: ConversationId | None) -> tuple[Attachment, ...]:
        """Return what is attached to a conversation's unsent text; None is the one not yet begun."""
        return await self._database.read(lambda connection: load_draft_files(connection, conversation_id))

    async def save_draft_attachments(
        self, conversation_id: ConversationId | None, attachments: Sequence[Attachment]
    ) -> None:
        """Store what is attached to a conversation's unsent text, in this order."""
        kept = tuple(attachments)
        await self._database.write(lambda connection: store_draft_files(connection, conversation_id, kept))


def load_draft_files(
    connection: sqlite3.Connection, conversation_id: ConversationId | None
) -> tuple[Attachment, ...]:
    """Return what is attached to the unsent text of a conversation, or of the one not yet begun."""
    where, values = draft_of(conversation_id)
    rows: list[AttachmentRow] = connection.execute(_LOAD.format(where=where), values).fetchall()
    return tuple(map(attachment_from, rows))


def store_draft_files(
    connection: sqlite3.Connection, conversation_id: ConversationId | None, attachments: Sequence[Attachment]
) -> None:
    """Replace what is attached to the unsent text of a conversation, or of the one not yet begun."""
    where, values = draft_of(conversation_id)
    connection.execute(f"DELETE FROM draft_attachments WHERE {where}", values)
    if not attachments:
        return
    key = None if conversation_id is None else conversation_key(connection, conversation_id)
    for position, attachment in enumerate(attachments):
        require_attachment(connection, attachment)
        connection.execute(
            _INSERT,
            (
                key,
                position,
                attachment.digest,
                storable(attachment.name),
                storable(attachment.media_type),
                attachment.width,
                attachment.height,
            ),
        )


def draft_of(conversation_id: ConversationId | None) -> tuple[str, tuple[str, ...]]:
    """Return the condition for rows of a conversation, or of the one not yet begun."""
    if conversation_id is None:
        return "conversation IS NULL", ()
    return "conversation = (SELECT key FROM conversations WHERE id = ?)", (conversation_id,)
