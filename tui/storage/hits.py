"""Messages that were found, with the words around what was looked for."""

import json
import re
import sqlite3
from collections.abc import Sequence
from typing import Final

from tui.domain.conversation import ConversationId, MessageId, Role, SearchHit

_AROUND: Final = 60
"""Characters of context on each side of a match where FTS5 makes no snippet."""
_TOKENS: Final = 24
"""Words in a snippet that FTS5 makes."""

_COLUMNS: Final = (
    "SELECT messages.key, conversations.id, conversations.title, messages.id, messages.role,"
    " messages.created_at"
)

# The unary plus keeps SQLite from running the search anew for every key.
_MATCHED: Final = (
    f"{_COLUMNS}, snippet(messages_index, 0, char(2), char(3), '…', {_TOKENS})"
    " FROM messages_index JOIN messages ON messages.key = messages_index.rowid"
    " JOIN conversations ON conversations.key = messages.conversation"
    " WHERE messages_index MATCH ? AND +messages_index.rowid IN (SELECT value FROM json_each(?))"
    " AND messages_index.rowid >= ? AND messages_index.rowid <= ?"
    " ORDER BY messages_index.rowid DESC LIMIT ?"
)

_BY_KEY: Final = (
    f"{_COLUMNS}, content FROM json_each(?) AS given CROSS JOIN messages ON messages.key = given.value"
    " CROSS JOIN conversations ON conversations.key = messages.conversation"
)

_Row = tuple[int, str, str, str, str, float, str]


def ordered_hits(connection: sqlite3.Connection, match: str, keys: Sequence[int]) -> tuple[SearchHit, ...]:
    """Return messages that an FTS5 expression matches, in the order of `keys`."""
    if not keys:
        return ()
    # A snippet costs much more than a match: only those that are shown get one.
    given = (match, json.dumps(keys), min(keys), max(keys), len(keys))
    return _in_order(connection.execute(_MATCHED, given).fetchall(), keys)


def read_hits(
    connection: sqlite3.Connection, keys: Sequence[int], words: Sequence[str]
) -> tuple[SearchHit, ...]:
    """Return messages in the order of `keys`, with what is around the first of `words` that is in them."""
    if not keys:
        return ()
    rows: list[_Row] = connection.execute(_BY_KEY, (json.dumps(keys),)).fetchall()
    return _in_order([(*row[:6], _snippet(row[6], words)) for row in rows], keys)


def _in_order(rows: Sequence[_Row], keys: Sequence[int]) -> tuple[SearchHit, ...]:
    hits = {row[0]: _hit(row) for row in rows}
    return tuple(hits[key] for key in keys)


def _hit(row: _Row) -> SearchHit:
    _, conversation, title, message, role, time, snippet = row
    return SearchHit(ConversationId(conversation), title, MessageId(message), Role(role), snippet, time)


def _snippet(content: str, words: Sequence[str]) -> str:
    match = re.search("|".join(map(re.escape, words)), content, re.IGNORECASE) if words else None
    if match is None:
        return content[: 2 * _AROUND]
    start, end = max(0, match.start() - _AROUND), match.end()
    before = ("…" if start else "") + content[start : match.start()]
    after = content[end : end + _AROUND] + ("…" if len(content) > end + _AROUND else "")
    return f"{before}\x02{match[0]}\x03{after}"
