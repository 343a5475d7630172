"""Full-text search over titles and messages."""

import json
import re
import sqlite3
import unicodedata
from typing import Final

from tui.domain.conversation import ConversationId, MessageId, Role, SearchHit
from tui.domain.search import SearchQuery
from tui.storage.rows import Value, storable

_MAX_WORDS: Final = 32
"""Words of a query that count; FTS5 gives up on far longer expressions."""
MAX_CANDIDATES: Final = 600
"""Matches that are ranked, the newest ones: a word that is everywhere must not rank the whole store."""
_GRAM: Final = 3
"""Characters that a part of a word has at least to be found in the index of trigrams."""
_AROUND: Final = 60
"""Characters of context on each side of a match where FTS5 makes no snippet."""

# Scripts that write no spaces between words: to FTS5's tokenizer a whole sentence is one word.
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)

NOT_DELETED: Final = "NOT EXISTS (SELECT 1 FROM deleted_messages WHERE message = messages.key)"
"""Leaves out messages that were deleted by themselves; reading by key, so it costs little."""

_SAID: Final = (
    " JOIN messages ON messages.key = found.rowid"
    " JOIN conversations ON conversations.key = messages.conversation"
    f" WHERE trashed_at IS NULL AND {NOT_DELETED}"
)

_COLUMNS: Final = (
    "SELECT messages.key, conversations.id, conversations.title, messages.id, messages.role,"
    " messages.created_at"
)

# The unary plus keeps SQLite from running the search anew for every key.
_HITS: Final = (
    _COLUMNS + ", snippet({index}, 0, char(2), char(3), '…', {length})"
    " FROM {index} JOIN messages ON messages.key = {index}.rowid"
    " JOIN conversations ON conversations.key = messages.conversation"
    " WHERE {index} MATCH ? AND +{index}.rowid IN (SELECT value FROM json_each(?))"
)

_Row = tuple[int, str, str, str, str, float, str]


def match_expression(query: str) -> str:
    """Return the FTS5 expression for all the words of `query`, the last of which may be unfinished.

    Every word is quoted, so nothing in it is syntax; what FTS5 itself divides (`foo-bar`) becomes a
    phrase. A single ASCII letter is a whole word: as a beginning it would match nearly everything.
    Empty if there is no word.
    """
    words = _words(query)
    if not words:
        return ""
    prefix = "" if len(words[-1]) == 1 and words[-1].isascii() else "*"
    return " ".join(f'"{word}"' for word in words) + prefix


def find_messages(connection: sqlite3.Connection, query: SearchQuery, limit: int) -> tuple[SearchHit, ...]:
    """Return the messages outside the trash that contain the words of `query`, the best first.

    Without words it is the newest messages that pass the filters.
    """
    match = match_expression(query.words)
    if query.words and not match:
        return ()
    conditions, values = _narrowed(query)
    if not match:
        return _newest(connection, conditions, values, limit) if query.is_narrow else ()
    newest = "SELECT rowid, bm25(messages_index) AS score FROM messages_index WHERE messages_index MATCH ?"
    if not query.is_narrow:
        # Without filters the newest candidates are taken before anything else is read.
        newest += " ORDER BY rowid DESC LIMIT ?"
        statement = (
            f"SELECT found.rowid FROM ({newest}) AS found {_SAID} ORDER BY score, found.rowid DESC LIMIT ?"
        )
        values = (match, max(limit, MAX_CANDIDATES), limit)
    else:
        inner = (
            f"SELECT found.rowid, bm25(messages_index) AS score FROM messages_index AS found {_SAID}"
            f" AND messages_index MATCH ? {conditions} ORDER BY found.rowid DESC LIMIT ?"
        )
        statement = f"SELECT rowid FROM ({inner}) ORDER BY score, rowid DESC LIMIT ?"
        values = (match, *values, max(limit, MAX_CANDIDATES), limit)
    keys: list[tuple[int]] = connection.execute(statement, values).fetchall()
    return _hits(connection, "messages_index", 24, match, keys)


def find_parts(
    connection: sqlite3.Connection, query: SearchQuery, limit: int, found: frozenset[MessageId]
) -> tuple[SearchHit, ...]:
    """Return messages that contain the words of `query` inside other words, the newest first.

    For identifiers, and for scripts that write no spaces. Those `found` already are left out.
    """
    words = _words(query.words)
    grams = [word for word in words if len(word) >= _GRAM]
    if not grams:
        if not _UNSPACED.search(query.words):
            return ()
        scanned = _scanned(connection, query, words, limit + len(found))
        return tuple(hit for hit in scanned if hit.message_id not in found)[:limit]
    match = " ".join(f'"{word}"' for word in grams)
    conditions, values = _narrowed(query)
    for word in words:
        if len(word) < _GRAM:
            conditions += " AND messages.content LIKE ? ESCAPE '\\'"
            values = (*values, _like(word))
    keys: list[tuple[int]] = connection.execute(
        f"SELECT found.rowid FROM messages_trigrams AS found {_SAID}"
        f" AND messages_trigrams MATCH ? {conditions} ORDER BY found.rowid DESC LIMIT ?",
        (match, *values, limit + len(found)),
    ).fetchall()
    hits = _hits(connection, "messages_trigrams", 64, match, keys)
    return tuple(hit for hit in hits if hit.message_id not in found)[:limit]


def _hits(
    connection: sqlite3.Connection, index: str, length: int, match: str, keys: list[tuple[int]]
) -> tuple[SearchHit, ...]:
    # A snippet costs much more than a match: only those that are shown get one.
    rows: list[_Row] = connection.execute(
        _HITS.format(index=index, length=length) + f" ORDER BY {index}.rowid DESC LIMIT ?",
        (match, json.dumps([key for (key,) in keys]), len(keys)),
    ).fetchall()
    hits = {row[0]: _hit(row) for row in rows}
    return tuple(hits[key] for (key,) in keys)


def _hit(row: _Row) -> SearchHit:
    _, conversation, title, message, role, time, snippet = row
    return SearchHit(ConversationId(conversation), title, MessageId(message), Role(role), snippet, time)


def _newest(
    connection: sqlite3.Connection, conditions: str, values: tuple[Value, ...], limit: int
) -> tuple[SearchHit, ...]:
    rows: list[_Row] = connection.execute(
        f"{_COLUMNS}, substr(content, 1, {2 * _AROUND}) FROM messages"
        " JOIN conversations ON conversations.key = messages.conversation"
        f" WHERE trashed_at IS NULL AND status <> 'streaming' AND {NOT_DELETED} {conditions}"
        " ORDER BY messages.key DESC LIMIT ?",
        (*values, limit),
    ).fetchall()
    return tuple(map(_hit, rows))


def _scanned(
    connection: sqlite3.Connection, query: SearchQuery, words: list[str], limit: int
) -> tuple[SearchHit, ...]:
    """Read messages, the newest first, until enough contain all of `words`: they are too short to index."""
    conditions, values = _narrowed(query)
    for word in words:
        conditions += " AND messages.content LIKE ? ESCAPE '\\'"
        values = (*values, _like(word))
    rows: list[_Row] = connection.execute(
        f"{_COLUMNS}, content FROM messages JOIN conversations ON conversations.key = messages.conversation"
        f" WHERE trashed_at IS NULL AND status <> 'streaming' AND {NOT_DELETED} {conditions}"
        " ORDER BY messages.key DESC LIMIT ?",
        (*values, limit),
    ).fetchall()
    return tuple(_hit((*row[:6], _snippet(row[6], words[0]))) for row in rows)


def _snippet(content: str, word: str) -> str:
    at = content.find(word)
    if at < 0:
        return content[: 2 * _AROUND]
    start, end = max(0, at - _AROUND), at + len(word)
    before = ("…" if start else "") + content[start:at]
    after = content[end : end + _AROUND] + ("…" if len(content) > end + _AROUND else "")
    return f"{before}\x02{word}\x03{after}"


def _narrowed(query: SearchQuery) -> tuple[str, tuple[Value, ...]]:
    """Return the filters of `query` as SQL conditions on messages, and their values."""
    conditions: list[str] = []
    values: list[Value] = []
    if query.model:
        conditions.append("messages.model LIKE ? ESCAPE '\\'")
        values.append(_like(query.model))
    if query.role is not None:
        conditions.append("messages.role = ?")
        values.append(query.role.value)
    if query.after is not None:
        conditions.append("messages.created_at >= ?")
        values.append(query.after)
    if query.before is not None:
        conditions.append("messages.created_at < ?")
        values.append(query.before)
    if query.tag:
        conditions.append(f"conversations.key IN ({TAGGED})")
        values += tag_range(query.tag)
    return "".join(f" AND {condition}" for condition in conditions), tuple(values)


TAGGED: Final = "SELECT conversation FROM conversation_tags WHERE tag >= ? AND tag < ?"
"""The keys of conversations with a tag in a `tag_range`."""


def tag_range(tag: str) -> tuple[str, str]:
    """Return between what the tags are that begin with `tag`."""
    return storable(tag), storable(tag) + "\U0010ffff"


def _like(text: str) -> str:
    escaped = re.sub(r"([\\%_])", r"\\\1", storable(text))
    return f"%{escaped}%"


def _words(query: str) -> list[str]:
    words = storable(query).replace('"', " ").replace("\0", " ").split()
    return [word for word in words if _is_word(word)][:_MAX_WORDS]


def _is_word(text: str) -> bool:
    """Tell whether FTS5's tokenizer finds anything in `text`: letters, digits, private characters."""
    return any(
        unicodedata.category(character)[0] in "LN" or "\ue000" <= character <= "\uf8ff" for character in text
    )
