"""Searching on a thread of its own: what nobody waits for any more is interrupted."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

from tui.storage.matching import VOCABULARY

_T = TypeVar("_T")

_STEPS_BETWEEN_CHECKS: Final = 1000
"""Steps of SQLite's machine between two looks at whether anybody still waits."""


class Finder:
    """Does searches one after the other; the connection is opened for the first."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        """Make a finder that has not searched yet.

        Args:
            connect: Opens a connection; called on the thread that uses it.
        """
        self._connect = connect
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-finder")
        self._connection: sqlite3.Connection | None = None
        self._closed = threading.Event()

    async def find(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do `work`; it is interrupted when the caller is cancelled."""
        outdated = threading.Event()
        future = self._thread.submit(self._do, outdated, work)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            outdated.set()
            raise

    def close(self) -> Future[None]:
        """Interrupt what is being searched, and close the connection; to be called once."""
        self._closed.set()
        closing = self._thread.submit(self._close)
        self._thread.shutdown(wait=False)
        return closing

    def _do(self, outdated: threading.Event, work: Callable[[sqlite3.Connection], _T]) -> _T:
        if self._connection is None:
            self._connection = self._connect()
            for statement in VOCABULARY:
                self._connection.execute(statement)
            self._connection.execute("PRAGMA query_only = ON")
        # `Connection.interrupt` would miss a statement that is just about to begin.
        self._connection.set_progress_handler(
            lambda: outdated.is_set() or self._closed.is_set(), _STEPS_BETWEEN_CHECKS
        )
        return work(self._connection)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
