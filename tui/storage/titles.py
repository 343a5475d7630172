"""Conversations by their titles, and the side panel's filter over titles and messages."""

import json
from collections.abc import Sequence
from sqlite3 import Connection
from typing import Final

from tui.domain.conversation import Conversation
from tui.domain.search import SearchQuery
from tui.storage.matching import GRAM, match_expression, newest_expression
from tui.storage.rows import CONVERSATION_COLUMNS, ConversationRow, Value, conversation_from, storable
from tui.storage.search import MAX_CANDIDATES, NOT_DELETED, TAGGED, tag_range

LISTED: Final = "ORDER BY pinned DESC, updated_at DESC, key DESC"
"""The order of the side panel."""

_FEW: Final = 2000
"""Titles up to which those that match are read one by one; more of them are soon met in the list."""

_IN_TITLE: Final = "SELECT rowid FROM titles_trigrams WHERE titles_trigrams MATCH ? LIMIT ?"

_SAID: Final = (
    "SELECT DISTINCT messages.conversation FROM (SELECT rowid FROM messages_index WHERE messages_index MATCH"
    f" ? ORDER BY rowid DESC LIMIT {MAX_CANDIDATES}) AS found CROSS JOIN messages ON messages.key ="
    f" found.rowid WHERE {NOT_DELETED}"
)

_CANDIDATES: Final = "SELECT rowid FROM titles_index WHERE titles_index MATCH ? ORDER BY rowid DESC LIMIT ?"

_BEST: Final = (
    "JOIN (SELECT rowid, bm25(titles_index) AS score FROM titles_index WHERE titles_index MATCH ?) AS found"
    " ON found.rowid = conversations.key WHERE trashed_at IS NULL{tagged}"
    " ORDER BY score, updated_at DESC LIMIT ?"
)

_AMONG: Final = "key IN (SELECT value FROM json_each(?))"


def load_conversations(
    connection: Connection, where: str, values: Sequence[Value]
) -> tuple[Conversation, ...]:
    """Return conversations; `where` is the rest of the statement behind the table."""
    rows: list[ConversationRow] = connection.execute(
        f"SELECT {CONVERSATION_COLUMNS} FROM conversations {where}", values
    ).fetchall()
    return tuple(map(conversation_from, rows))


def filter_conversations(connection: Connection, query: SearchQuery, limit: int) -> tuple[Conversation, ...]:
    """Return conversations whose title or messages contain the words, and that have the tag, as listed."""
    conditions, values = ["trashed_at IS NULL"], list[Value]()
    wanted = storable(query.words).casefold()
    if wanted:
        said = _said(connection, query.words)
        named = _keys_named(connection, wanted)
        if named is None:
            conditions.append(f"(instr(title_folded, ?) OR {_AMONG})")
            values += (wanted, json.dumps(said))
        else:
            conditions.append(_AMONG)
            values.append(json.dumps([*named, *said]))
    tagged, tag_values = _tagged(query)
    where = f"WHERE {' AND '.join(conditions)}{tagged} {LISTED} LIMIT ?"
    return load_conversations(connection, where, (*values, *tag_values, limit))


def find_titles(connection: Connection, query: SearchQuery, limit: int) -> tuple[Conversation, ...]:
    """Return conversations whose titles have the words, the best first, then those that contain them."""
    match = match_expression(query.words)
    if not match:
        return ()
    tagged, tag_values = _tagged(query)
    rows: list[tuple[int]] = connection.execute(_CANDIDATES, (match, MAX_CANDIDATES)).fetchall()
    if len(rows) < MAX_CANDIDATES:
        best = load_conversations(connection, _BEST.format(tagged=tagged), (match, *tag_values, limit))
        if len(best) == limit:
            return best
        return (*best, *_containing(connection, query, limit, best))
    # Words that are everywhere say nothing about which is the best.
    newest = json.dumps([key for (key,) in rows])
    where = f"WHERE trashed_at IS NULL AND {_AMONG}{tagged} ORDER BY updated_at DESC LIMIT ?"
    return load_conversations(connection, where, (newest, *tag_values, limit))


def _containing(
    connection: Connection, query: SearchQuery, limit: int, known: Sequence[Conversation]
) -> tuple[Conversation, ...]:
    named = _keys_named(connection, storable(query.words).casefold())
    if not named:
        return ()
    tagged, tag_values = _tagged(query)
    where = f"WHERE trashed_at IS NULL AND {_AMONG}{tagged} ORDER BY updated_at DESC LIMIT ?"
    found = load_conversations(connection, where, (json.dumps(named), *tag_values, limit))
    ids = {each.id for each in known}
    return tuple(each for each in found if each.id not in ids)[: limit - len(known)]


def _said(connection: Connection, words: str) -> list[int]:
    """Return the keys of conversations in which the words were said lately."""
    match = newest_expression(connection, words)
    rows: list[tuple[int]] = connection.execute(_SAID, (match,)).fetchall() if match else []
    return [key for (key,) in rows]


def _keys_named(connection: Connection, wanted: str) -> list[int] | None:
    """Return the keys of conversations whose titles contain a text; None where they are too many to tell."""
    if len(wanted) < GRAM:
        return None
    quoted = '"' + wanted.replace('"', '""').replace("\0", "") + '"'
    rows: list[tuple[int]] = connection.execute(_IN_TITLE, (quoted, _FEW)).fetchall()
    return [key for (key,) in rows] if len(rows) < _FEW else None


def _tagged(query: SearchQuery) -> tuple[str, tuple[Value, ...]]:
    return (f" AND key IN ({TAGGED})", tag_range(query.tag)) if query.tag else ("", ())
