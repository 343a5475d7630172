"""Full-text search over the messages."""

import json
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

# The unary plus keeps SQLite from running the search anew for every key.
_HITS: Final = (
    "SELECT messages.key, conversations.id, conversations.title, messages.id, messages.role,"
    " messages.created_at, snippet(messages_index, 0, char(2), char(3), '…', 24)"
    " FROM messages_index JOIN messages ON messages.key = messages_index.rowid"
    " JOIN conversations ON conversations.key = messages.conversation"
    " WHERE messages_index MATCH ? AND +messages_index.rowid IN (SELECT value FROM json_each(?))"
    " ORDER BY messages_index.rowid DESC LIMIT ?"
)


def match_expression(query: str) -> str:
    """Return the FTS5 expression for all the words of `query`, the last of which may be unfinished.

    Every word is quoted, so nothing in it is syntax; what FTS5 itself divides (`foo-bar`) becomes a
    phrase. A single ASCII letter is a whole word: as a beginning it would match nearly everything.
    Empty if there is no word.
    """
    words = [word for word in storable(query).replace('"', " ").replace("\0", " ").split() if _is_word(word)]
    if not words:
        return ""
    words = words[:_MAX_WORDS]
    prefix = "" if len(words[-1]) == 1 and words[-1].isascii() else "*"
    return " ".join(f'"{word}"' for word in words) + prefix


def find_messages(connection: sqlite3.Connection, query: str, limit: int) -> tuple[SearchHit, ...]:
    """Return the messages outside the trash that contain the words of `query`, the best first."""
    match = match_expression(query)
    if not match:
        return ()
    keys: list[tuple[int]] = connection.execute(
        _BEST, {"match": match, "candidates": max(limit, _MAX_CANDIDATES), "limit": limit}
    ).fetchall()
    # A snippet costs much more than a match: only those that are shown get one.
    rows: list[tuple[int, str, str, str, str, float, str]] = connection.execute(
        _HITS, (match, json.dumps([key for (key,) in keys]), len(keys))
    ).fetchall()
    hits = {
        key: SearchHit(ConversationId(conversation), title, MessageId(message), Role(role), snippet, time)
        for key, conversation, title, message, role, time, snippet in rows
    }
    return tuple(hits[key] for (key,) in keys)


def _is_word(text: str) -> bool:
    """Tell whether FTS5's tokenizer finds anything in `text`: letters, digits, private characters."""
    return any(
        unicodedata.category(character)[0] in "LN" or "\ue000" <= character <= "\uf8ff" for character in text
    )
