"""Full-text search over messages: the first hits at once, the others as they are found.

A word that is in half of a million messages is found in newest messages without looking at the others.
Whatever may have to look at many goes through the messages in windows, the newest first, and stops now
and then to tell what it has.
"""

import time
from collections.abc import Callable, Set
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Final

from tui.domain.conversation import MessageId, SearchHit
from tui.domain.search import SearchMark, SearchPage, SearchQuery, SearchStage
from tui.storage.hits import ordered_hits, read_hits
from tui.storage.matching import (
    GRAM,
    beginnings,
    is_unspaced,
    like,
    match_expression,
    newest_expression,
    quoted,
    words_of,
)
from tui.storage.rows import Value, storable

MAX_CANDIDATES: Final = 600
"""Matches that are ranked; where there are more, the newest come first."""
_COMMON: Final = 20_000
"""Messages from which on a word says nothing about which of them is the best."""
_BUDGET: Final = 0.02
"""Seconds after which a part of a search ends."""
_FIRST_WINDOW: Final = 20_000
"""Messages that are looked at first; what is common is found in them, and it does not take long."""
_GROWTH: Final = 4
_FAST: Final = 0.004
"""Seconds under which the next window is larger."""

NOT_DELETED: Final = "NOT EXISTS (SELECT 1 FROM deleted_messages WHERE message = messages.key)"
"""Leaves out messages that were deleted by themselves; reading by key, so it costs little."""

TAGGED: Final = "SELECT conversation FROM conversation_tags WHERE tag >= ? AND tag < ?"
"""The keys of conversations with a tag in a `tag_range`."""

# CROSS keeps SQLite from running the search anew for every message.
_FOUND: Final = (
    "SELECT found.rowid FROM {index} AS found CROSS JOIN messages ON messages.key = found.rowid"
    " CROSS JOIN conversations ON conversations.key = messages.conversation"
    f" WHERE {{index}} MATCH ? AND trashed_at IS NULL AND {NOT_DELETED}"
    " AND found.rowid >= ? AND found.rowid < ?{conditions} ORDER BY found.rowid DESC LIMIT ?"
)

_READ: Final = (
    "SELECT messages.key FROM messages CROSS JOIN conversations ON conversations.key = messages.conversation"
    f" WHERE trashed_at IS NULL AND status <> 'streaming' AND {NOT_DELETED}"
    " AND messages.key >= ? AND messages.key < ?{conditions} ORDER BY messages.key DESC LIMIT ?"
)

_CANDIDATES: Final = (
    "SELECT rowid FROM messages_index WHERE messages_index MATCH ? ORDER BY rowid DESC LIMIT ?"
)

_KEPT: Final = (
    "SELECT messages.key FROM json_each(?) AS given CROSS JOIN messages ON messages.key = given.value"
    " CROSS JOIN conversations ON conversations.key = messages.conversation"
    f" WHERE trashed_at IS NULL AND {NOT_DELETED}{{conditions}}"
)

# The unary plus keeps SQLite from running the search anew for every key.
_RANKED: Final = (
    "SELECT rowid FROM messages_index WHERE messages_index MATCH ?"
    " AND +rowid IN (SELECT value FROM json_each(?)) ORDER BY bm25(messages_index), rowid DESC"
)

_OFTEN: Final = "SELECT count(*) FROM (SELECT 1 FROM messages_index WHERE messages_index MATCH ? LIMIT ?)"

Keys = list[int]


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to look for messages, in windows."""

    statement: str
    """Selects keys; takes `values`, the window's ends, `conditions`' values and how many at most."""
    values: tuple[Value, ...]
    conditions: tuple[Value, ...]


def find_messages(
    connection: Connection, query: SearchQuery, limit: int, mark: SearchMark, known: Set[MessageId]
) -> SearchPage:
    """Go on with a search for a while.

    Messages in the trash and those that were deleted are left out. Without words it is the newest
    messages that pass the filters.

    Args:
        connection: To the store.
        query: What is looked for.
        limit: How many messages at most.
        mark: Where to go on.
        known: Messages that were found before.
    """
    hits: dict[MessageId, SearchHit] = {}
    deadline = time.monotonic() + _BUDGET
    going: SearchMark | None = mark
    while going is not None and len(hits) < limit:
        found, going = _STAGES[going.stage](connection, query, going, limit + len(known), deadline)
        for hit in found:
            if hit.message_id not in known and len(hits) < limit:
                hits.setdefault(hit.message_id, hit)
        if time.monotonic() > deadline:
            break
    return SearchPage(tuple(hits.values()), going if len(hits) < limit else None)


_Stage = Callable[
    [Connection, SearchQuery, SearchMark, int, float], tuple[tuple[SearchHit, ...], SearchMark | None]
]


def _by_words(
    connection: Connection, query: SearchQuery, mark: SearchMark, limit: int, deadline: float
) -> tuple[tuple[SearchHit, ...], SearchMark | None]:
    match = match_expression(query.words)
    if not match:
        return (), SearchMark(SearchStage.TEXTS) if query.is_narrow and not query.words else None
    match = newest_expression(connection, query.words)
    if mark.below is None:
        rows: list[tuple[int]] = connection.execute(_CANDIDATES, (match, MAX_CANDIDATES + 1)).fetchall()
        candidates = [key for (key,) in rows]
        few = len(candidates) <= MAX_CANDIDATES
        if few or not query.is_narrow:
            if few:
                keys = _ranked(connection, query.words, _kept(connection, query, candidates))
            else:
                # Of so many the newest are shown: the others are not read from a disk that may be slow.
                keys = _kept(connection, query, candidates[: 2 * limit])
                if len(keys) < limit:
                    keys = _kept(connection, query, candidates)
            return ordered_hits(connection, match, keys[:limit]), SearchMark(SearchStage.PARTS)
    conditions, values = narrowed(query)
    way = _Way(_FOUND.format(index="messages_index", conditions=conditions), (match,), values)
    keys, below = _through_windows(connection, way, mark.below, limit, deadline)
    after = SearchMark(SearchStage.PARTS) if below is None else SearchMark(mark.stage, below)
    return read_hits(connection, keys, words_of(query.words)), after


def _by_parts(
    connection: Connection, query: SearchQuery, mark: SearchMark, limit: int, deadline: float
) -> tuple[tuple[SearchHit, ...], SearchMark | None]:
    """Find words inside other words: identifiers, and scripts that write no spaces."""
    words = words_of(query.words)
    after = SearchMark(SearchStage.TEXTS) if is_unspaced(query.words) else None
    conditions, values = narrowed(query)
    long = [word for word in words if len(word) >= GRAM]
    short = [word for word in words if len(word) < GRAM]
    if long:
        match = " ".join(map(quoted, long))
        after = None
        conditions += " AND messages.content LIKE ? ESCAPE '\\'" * len(short)
        values = (*values, *map(like, short))
    elif after is not None:
        match = beginnings(connection, short)
    else:
        return (), None
    if not match:
        return (), after
    way = _Way(_FOUND.format(index="messages_trigrams", conditions=conditions), (match,), values)
    keys, below = _through_windows(connection, way, mark.below, limit, deadline)
    return read_hits(connection, keys, words), after if below is None else SearchMark(mark.stage, below)


def _by_reading(
    connection: Connection, query: SearchQuery, mark: SearchMark, limit: int, deadline: float
) -> tuple[tuple[SearchHit, ...], SearchMark | None]:
    """Find what no index has: words that are too short, and filters without words."""
    words = words_of(query.words)
    conditions, values = narrowed(query)
    conditions += " AND messages.content LIKE ? ESCAPE '\\'" * len(words)
    way = _Way(_READ.format(conditions=conditions), (), (*values, *map(like, words)))
    keys, below = _through_windows(connection, way, mark.below, limit, deadline)
    return read_hits(connection, keys, words), None if below is None else SearchMark(mark.stage, below)


_STAGES: Final[dict[SearchStage, _Stage]] = {
    SearchStage.WORDS: _by_words,
    SearchStage.PARTS: _by_parts,
    SearchStage.TEXTS: _by_reading,
}


def _through_windows(
    connection: Connection, way: _Way, below: int | None, limit: int, deadline: float
) -> tuple[Keys, int | None]:
    """Return keys, the newest first, and below which to go on; None where there is no more."""
    keys: Keys = []
    if below is None:
        newest: tuple[int | None] = connection.execute("SELECT max(key) FROM messages").fetchone()
        below = (newest[0] or 0) + 1
    size = _FIRST_WINDOW
    while below > 0 and len(keys) < limit:
        begun = time.monotonic()
        since = max(0, below - size)
        window = (*way.values, since, below, *way.conditions, limit - len(keys))
        rows: list[tuple[int]] = connection.execute(way.statement, window).fetchall()
        keys += [key for (key,) in rows]
        below = since
        now = time.monotonic()
        if now > deadline:
            break
        size *= _GROWTH if now - begun < _FAST else 1
    return keys, below or None


def _kept(connection: Connection, query: SearchQuery, keys: Keys) -> Keys:
    """Return those messages that pass the filters, in the same order."""
    conditions, values = narrowed(query)
    given = f"[{','.join(map(str, keys))}]"
    rows: list[tuple[int]] = connection.execute(
        _KEPT.format(conditions=conditions), (given, *values)
    ).fetchall()
    kept = {key for (key,) in rows}
    return [key for key in keys if key in kept]


def _ranked(connection: Connection, text: str, keys: Keys) -> Keys:
    """Return messages with the best first, as far as words say that are not everywhere."""
    words = words_of(text)
    telling = [
        expression
        for place in range(len(words))
        if _is_rare(connection, expression := match_expression(text, only=place))
    ]
    if not telling or not keys:
        return keys
    given = f"[{','.join(map(str, keys))}]"
    rows: list[tuple[int]] = connection.execute(_RANKED, (" ".join(telling), given)).fetchall()
    return [key for (key,) in rows]


def _is_rare(connection: Connection, expression: str) -> bool:
    row: tuple[int] = connection.execute(_OFTEN, (expression, _COMMON)).fetchone()
    return row[0] < _COMMON


def narrowed(query: SearchQuery) -> tuple[str, tuple[Value, ...]]:
    """Return the filters of `query` as SQL conditions on messages, and their values."""
    conditions: list[str] = []
    values: list[Value] = []
    if query.model:
        conditions.append("messages.model LIKE ? ESCAPE '\\'")
        values.append(like(query.model))
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


def tag_range(tag: str) -> tuple[str, str]:
    """Return between what the tags are that begin with `tag`."""
    return storable(tag), storable(tag) + "\U0010ffff"
