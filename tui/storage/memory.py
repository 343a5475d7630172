"""What is stored for the memory of conversations: summaries, and what is known of models' tokens."""

import sqlite3
from collections.abc import Callable
from typing import Final

from tui.domain.conversation import ConversationId, MessageId, Summary
from tui.storage.database import Database
from tui.storage.messages import conversation_key
from tui.storage.rows import storable

_SUMMARIES: Final = (
    "SELECT summaries.id, upto, content, summaries.created_at, summaries.model, by_user"
    " FROM summaries JOIN conversations ON conversation = conversations.key"
    " WHERE conversations.id = ? ORDER BY summaries.key"
)

_SAVE_SUMMARY: Final = (
    "INSERT INTO summaries (id, conversation, upto, created_at, by_user, model, content)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET upto = excluded.upto, created_at = excluded.created_at,"
    " by_user = excluded.by_user, model = excluded.model, content = excluded.content"
)

_SAVE_CALIBRATION: Final = (
    "INSERT INTO calibrations (model, state) VALUES (?, ?)"
    " ON CONFLICT (model) DO UPDATE SET state = excluded.state"
)


class MemoryShelf:
    """The part of the store that says what models are told, and what that costs."""

    _database: Database

    async def summaries(self, conversation_id: ConversationId) -> tuple[Summary, ...]:
        """Return the summaries of a conversation, in the order in which they were made."""

        def load(connection: sqlite3.Connection) -> tuple[Summary, ...]:
            rows: list[tuple[str, str, str, float, str, int]] = connection.execute(
                _SUMMARIES, (conversation_id,)
            ).fetchall()
            return tuple(
                Summary(row_id, conversation_id, MessageId(upto), content, created_at, model, bool(by_user))
                for row_id, upto, content, created_at, model, by_user in rows
            )

        return await self._database.read(load)

    async def save_summary(self, summary: Summary) -> None:
        """Store a summary, in place of the one with its id if there is one."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                _SAVE_SUMMARY,
                (
                    summary.id,
                    conversation_key(connection, summary.conversation_id),
                    summary.upto,
                    summary.created_at,
                    summary.by_user,
                    storable(summary.model),
                    storable(summary.content),
                ),
            )

        await self._database.write(work)

    async def delete_summary(self, summary_id: str) -> None:
        """Delete a summary, if it is there."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM summaries WHERE id = ?", (summary_id,))

        await self._database.write(work)

    async def calibration(self, model: str) -> str | None:
        """Return what is stored of how a model counts tokens, or None."""
        return await self._database.read(lambda connection: _calibration(connection, model))

    async def change_calibration(self, model: str, change: Callable[[str | None], str]) -> str:
        """Store what `change` makes of what is stored of how a model counts, and return it.

        No other process changes it meanwhile. `change` runs on the thread that writes.
        """

        def work(connection: sqlite3.Connection) -> str:
            state = change(_calibration(connection, model))
            connection.execute(_SAVE_CALIBRATION, (storable(model), state))
            return state

        return await self._database.write(work)


def _calibration(connection: sqlite3.Connection, model: str) -> str | None:
    row: tuple[str] | None = connection.execute(
        "SELECT state FROM calibrations WHERE model = ?", (storable(model),)
    ).fetchone()
    return row[0] if row else None
