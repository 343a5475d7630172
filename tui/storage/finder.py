"""Searching on a thread of its own: what nobody waits for any more is interrupted."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")


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
        self._lock = threading.Lock()
        self._current: object = None
        """What identifies the search that is being done."""

    async def find(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do `work`; it is interrupted when the caller is cancelled."""
        token = object()
        future = self._thread.submit(self._do, token, work)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            self._interrupt(token)
            raise

    def close(self) -> Future[None]:
        """Interrupt what is being searched, and close the connection; to be called once."""
        self._interrupt(None)
        closing = self._thread.submit(self._close)
        self._thread.shutdown(wait=False)
        return closing

    def _do(self, token: object, work: Callable[[sqlite3.Connection], _T]) -> _T:
        if self._connection is None:
            self._connection = self._connect()
            self._connection.execute("PRAGMA query_only = ON")
        with self._lock:
            self._current = token
        try:
            return work(self._connection)
        finally:
            with self._lock:
                self._current = None

    def _interrupt(self, token: object) -> None:
        """Interrupt one search, or with None whichever is being done."""
        with self._lock:
            wanted = self._current is not None and (token is None or self._current is token)
            if wanted and self._connection is not None:
                self._connection.interrupt()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
