"""Full-text search over the messages."""

import sqlite3
import unicodedata
from typing import Final

from tui.domain.conversation import ConversationId, MessageId, Role, SearchHit
from tui.storage.rows import storable

_MAX_WORDS: Final = 32
"""Words of a query that count; FTS5 gives up on far longer expressions."""
_MAX_CANDIDATES: Final = 2000
"""Matches that are ranked, the newest ones: a word that is everywhere must not rank the whole store."""

_BEST: Final = (
    "SELECT found.rowid FROM"
    " (SELECT rowid, bm25(messages_index) AS score FROM messages_index"
    "  WHERE messages_index MATCH :match ORDER BY rowid DESC LIMIT :candidates) AS found"
    " JOIN messages ON messages.key = found.rowid"
    " JOIN conversations ON conversations.key = messages.conversation"
    " WHERE trashed_at IS NULL ORDER BY score, found.rowid DESC LIMIT :limit"
)

_HIT: Final = (
    "SELECT conversations.id, conversations.title, messages.id, messages.role, messages.created_at,"
    " snippet(messages_index, 0, char(2), char(3), '…', 24)"
    " FROM messages_index JOIN messages ON messages.key = messages_index.rowid"
    " JOIN conversations ON conversations.key = messages.conversation"
    " WHERE messages_index MATCH ? AND messages_index.rowid = ?"
)


def match_expression(query: str) -> str:
    """Return the FTS5 expression for all the words of `query`, the last of which may be unfinished.

    Every word is quoted, so nothing in it is syntax; what FTS5 itself divides (`foo-bar`) becomes a
    phrase. Empty if there is no word.
    """
    words = [word for word in storable(query).replace('"', " ").replace("\0", " ").split() if _is_word(word)]
    if not words:
        return ""
    return " ".join(f'"{word}"' for word in words[:_MAX_WORDS]) + "*"


def find_messages(connection: sqlite3.Connection, query: str, limit: int) -> tuple[SearchHit, ...]:
    """Return the messages outside the trash that contain the words of `query`, the best first."""
    match = match_expression(query)
    if not match:
        return ()
    keys: list[tuple[int]] = connection.execute(
        _BEST, {"match": match, "candidates": max(limit, _MAX_CANDIDATES), "limit": limit}
    ).fetchall()
    # A snippet costs much more than a match: only those that are shown get one.
    return tuple(_hit(connection, match, key) for (key,) in keys)


def _hit(connection: sqlite3.Connection, match: str, key: int) -> SearchHit:
    row: tuple[str, str, str, str, float, str] = connection.execute(_HIT, (match, key)).fetchone()
    conversation_id, title, message_id, role, created_at, snippet = row
    return SearchHit(
        ConversationId(conversation_id), title, MessageId(message_id), Role(role), snippet, created_at
    )


def _is_word(text: str) -> bool:
    """Tell whether FTS5's tokenizer finds anything in `text`: letters, digits, private characters."""
    return any(
        unicodedata.category(character)[0] in "LN" or "\ue000" <= character <= "\uf8ff" for character in text
    )
