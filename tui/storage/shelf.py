"""Saved conversations as a whole: listed, filtered, searched, thrown away."""

import sqlite3
from collections.abc import Sequence, Set
from typing import Final

from tui.domain.conversation import Conversation, ConversationId, MessageId
from tui.domain.search import SearchMark, SearchPage, SearchQuery
from tui.storage.database import Database
from tui.storage.instances import Instance
from tui.storage.messages import delete_conversation
from tui.storage.rows import storable
from tui.storage.search import find_messages
from tui.storage.titles import LISTED, filter_conversations, find_titles, load_conversations
from tui.storage.told import ToldBranches

_BEGINNING: Final = SearchMark()

_EXPIRED_MESSAGES: Final = (
    "SELECT messages.key, messages.id, parent_id, messages.conversation FROM deleted_messages"
    " JOIN messages ON messages.key = message WHERE deleted_at < ? ORDER BY messages.key LIMIT 500"
)


class Shelf:
    """The part of the store that is about many conversations."""

    def __init__(self, database: Database, instance: Instance) -> None:
        """Use an open database as one of the processes that do."""
        self._database = database
        self._instance = instance
        self._told = ToldBranches()

    async def conversations(
        self, *, query: str = "", offset: int = 0, limit: int = 200
    ) -> tuple[Conversation, ...]:
        """Return saved conversations, pinned ones first, then the last updated first.

        Those in the trash are left out. `query` keeps those whose title contains it, ignoring case.
        """
        wanted = storable(query).casefold()
        where = "trashed_at IS NULL AND instr(title_folded, ?)" if wanted else "trashed_at IS NULL"
        values = (wanted, limit, offset) if wanted else (limit, offset)
        return await self._database.read(
            lambda connection: load_conversations(
                connection, f"WHERE {where} {LISTED} LIMIT ? OFFSET ?", values
            )
        )

    async def filtered(self, query: SearchQuery, *, limit: int = 200) -> tuple[Conversation, ...]:
        """Return conversations whose title or messages contain the words, and that have the tag."""
        return await self._database.find(lambda connection: filter_conversations(connection, query, limit))

    async def titled(self, query: SearchQuery, *, limit: int = 5) -> tuple[Conversation, ...]:
        """Return conversations whose titles have the words, the best first."""
        return await self._database.find(lambda connection: find_titles(connection, query, limit))

    async def counts(self, borders: Sequence[float]) -> tuple[int, ...]:
        """Return how many conversations are pinned, and how many of the others lie between borders.

        Args:
            borders: Seconds since the epoch, the latest first.

        Returns:
            The pinned, those updated at or after the first border, those between each border and the
            next, and those before the last.
        """

        def count(connection: sqlite3.Connection) -> tuple[int, ...]:
            listed = "SELECT count(*) FROM conversations WHERE trashed_at IS NULL AND pinned"
            found = [_number(connection, f"{listed} = 1", ())]
            until = float("inf")
            for border in (*borders, float("-inf")):
                between = f"{listed} = 0 AND updated_at >= ? AND updated_at < ?"
                found.append(_number(connection, between, (border, until)))
                until = border
            return tuple(found)

        return await self._database.find(count)

    async def oldest(self) -> float | None:
        """Return when the conversation that rests longest was last updated; None without any."""

        def load(connection: sqlite3.Connection) -> float | None:
            row: tuple[float] | None = connection.execute(
                "SELECT updated_at FROM conversations WHERE trashed_at IS NULL AND pinned = 0"
                " ORDER BY updated_at LIMIT 1"
            ).fetchone()
            return row[0] if row is not None else None

        return await self._database.read(load)

    async def latest(self) -> Conversation | None:
        """Return the conversation that was last written in, or None."""
        order = "WHERE trashed_at IS NULL ORDER BY updated_at DESC, key DESC LIMIT 1"
        rows = await self._database.read(lambda connection: load_conversations(connection, order, ()))
        return rows[0] if rows else None

    async def trash(self, *, limit: int = 1000) -> tuple[Conversation, ...]:
        """Return what is in the trash, the last thrown away first."""
        order = "WHERE trashed_at IS NOT NULL ORDER BY trashed_at DESC LIMIT ?"
        return await self._database.read(lambda connection: load_conversations(connection, order, (limit,)))

    async def purge(self, before: float) -> bool:
        """Remove for good some of what was thrown away before a time; return whether there may be more.

        A little at a time, so that nothing has to wait for it.
        """

        def work(connection: sqlite3.Connection) -> bool:
            rows: list[tuple[str]] = connection.execute(
                "SELECT id FROM conversations WHERE trashed_at < ? LIMIT 10", (before,)
            ).fetchall()
            for (identity,) in rows:
                delete_conversation(connection, ConversationId(identity))
            return bool(rows) or _purge_messages(connection, before)

        return await self._database.write(work)

    async def live_elsewhere(self) -> frozenset[ConversationId]:
        """Return the conversations in which another process is writing an answer."""

        def load(connection: sqlite3.Connection) -> frozenset[ConversationId]:
            rows: list[tuple[str, str]] = connection.execute(
                "SELECT conversations.id, owner FROM messages JOIN conversations ON conversations.key ="
                " conversation WHERE status = 'streaming' AND owner IS NOT NULL AND owner <> ?",
                (self._instance.id,),
            ).fetchall()
            return frozenset(ConversationId(each) for each, owner in rows if self._instance.is_alive(owner))

        return await self._database.read(load)

    def stamp(self) -> tuple[int, int]:
        """Return a time in nanoseconds and a number, one of which differs after every change."""
        return self._database.stamp()

    async def data_version(self) -> int:
        """Return a number that changes when another process has changed something."""
        return await self._database.data_version()

    async def search(
        self,
        query: SearchQuery | str,
        *,
        limit: int = 50,
        mark: SearchMark = _BEGINNING,
        known: Set[MessageId] = frozenset(),
    ) -> SearchPage:
        """Go on with a search for a while.

        Query text is words to find, never FTS5 syntax.
        """
        wanted = SearchQuery(query) if isinstance(query, str) else query
        return await self._database.find(
            lambda connection: find_messages(connection, wanted, limit, mark, known)
        )


def _number(connection: sqlite3.Connection, statement: str, values: Sequence[float]) -> int:
    row: tuple[int] = connection.execute(statement, values).fetchone()
    return row[0]


def _purge_messages(connection: sqlite3.Connection, before: float) -> bool:
    """Remove messages that were deleted by themselves; what followed them is hung on their parents."""
    rows: list[tuple[int, str, str | None, int]] = connection.execute(_EXPIRED_MESSAGES, (before,)).fetchall()
    for key, identity, _, conversation in rows:
        # Read anew: the parent may have been removed just now.
        parent: tuple[str | None] = connection.execute(
            "SELECT parent_id FROM messages WHERE key = ?", (key,)
        ).fetchone()
        connection.execute(
            "UPDATE messages SET parent_id = ? WHERE conversation = ? AND parent_id = ?",
            (parent[0], conversation, identity),
        )
        connection.execute("DELETE FROM messages WHERE key = ?", (key,))
    return bool(rows)
