"""One SQLite file with one thread that writes, one that reads and one that searches."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final, Self, TypeVar

from tui.storage.failures import closed, translated
from tui.storage.files import make_private_directory, make_private_file
from tui.storage.finder import Finder
from tui.storage.matching import VOCABULARY
from tui.storage.schema import load_migrations, migrate, schema_version

_T = TypeVar("_T")

_BUSY_SECONDS: Final = 5.0
"""How long to wait for another process that writes."""
_WAL_LIMIT: Final = 64 * 1024 * 1024
"""Bytes that the write-ahead log may keep on disk once it has been copied into the database."""

Work = Callable[[sqlite3.Connection], _T]
"""Something to do with a connection, on the thread that the connection belongs to."""


class Database:
    """An open database. Work is done in the order in which it was handed in, one transaction each.

    What is handed to `write` is done even if the caller is cancelled while it waits.
    """

    def __init__(self, path: Path, *, private: bool = False) -> None:
        """Prepare for `path`; `open` makes one that is open.

        Args:
            path: The file.
            private: There is no file: everything is in memory, and gone when it is closed.
        """
        self.path = path
        """The file."""
        self._log = Path(f"{path}-wal")
        self._private = private
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="store-reader")
        self._finder = Finder(self._connect_finder)
        self._writing: sqlite3.Connection | None = None
        self._reading: sqlite3.Connection | None = None
        self._closing: Future[None] | None = None

    @classmethod
    async def in_memory(cls) -> Self:
        """Open a database that is nowhere but in memory."""
        database = cls(Path(":memory:"), private=True)
        # Its only connection belongs to one thread.
        database._reader.shutdown(wait=False)
        database._reader = database._writer
        await _result(database._writer.submit(database._open_private))
        return database

    @classmethod
    async def open(cls, path: Path, migrations: Sequence[str] | None = None) -> Self:
        """Open the database at `path`, made if there is none and brought to the newest schema.

        Raises:
            StoreCorrupt: It is no database of ours or a damaged one; it was not touched.
            StoreTooNew: A newer version wrote it; it was not touched.
            StoreUnavailable: It cannot be opened or written.
        """
        database = cls(path)
        scripts = load_migrations() if migrations is None else migrations
        try:
            await _result(database._writer.submit(database._open_writer, scripts))
            await _result(database._reader.submit(database._open_reader))
        except BaseException:
            await database.aclose()
            raise
        return database

    async def write(self, work: Work[_T]) -> _T:
        """Do `work` in a transaction that is committed when this returns, or not at all.

        Raises:
            StoreUnavailable: The file cannot be written.
        """
        if self._closing is not None:
            raise closed(self.path)
        return await _result(self._writer.submit(self._write, work))

    async def read(self, work: Work[_T]) -> _T:
        """Do `work` on one unchanging state of the database.

        Raises:
            StoreUnavailable: The file cannot be read.
        """
        if self._closing is not None:
            raise closed(self.path)
        return await asyncio.wrap_future(self._reader.submit(self._read, work))

    async def find(self, work: Work[_T]) -> _T:
        """Do `work` that may take long on one unchanging state of the database.

        It holds up no other reading. When the caller is cancelled it is interrupted.

        Raises:
            StoreUnavailable: The file cannot be read.
        """
        if self._closing is not None:
            raise closed(self.path)
        if self._private:
            return await self.read(work)
        return await self._finder.find(lambda connection: self._transact(connection, "BEGIN", work))

    async def data_version(self) -> int:
        """Return a number that changes when another process has changed the database.

        The writing connection answers, because its own changes do not count for it.
        """
        if self._closing is not None:
            raise closed(self.path)
        return await asyncio.wrap_future(self._writer.submit(self._data_version))

    def stamp(self) -> tuple[int, int]:
        """Return when the log was last written to, in nanoseconds since the epoch, and its length in bytes.

        Every change writes to it. No thread is woken for this.
        """
        try:
            status = self._log.stat()
        except OSError:
            return 0, 0
        return status.st_mtime_ns, status.st_size

    async def aclose(self) -> None:
        """Wait for everything that was handed in and close the file; again is harmless."""
        if self._closing is None:
            others = (self._reader.submit(self._close_reader), self._finder.close())
            self._closing = self._writer.submit(self._close_writer, () if self._private else others)
            self._reader.shutdown(wait=False)
            self._writer.shutdown(wait=False)
        await _result(self._closing)

    def _open_writer(self, migrations: Sequence[str]) -> None:
        with translated(self.path.parent):
            make_private_directory(self.path.parent)
            make_private_file(self.path)
        with translated(self.path):
            connection = self._writing = self._connect()
            # Before anything that writes: a file that is not ours stays as it is.
            schema_version(connection, self.path, len(migrations))
            _use_write_ahead_log(connection)
            migrate(connection, self.path, migrations)

    def _open_private(self) -> None:
        connection = self._writing = self._reading = self._connect()
        migrate(connection, self.path, load_migrations())
        for statement in VOCABULARY:
            connection.execute(statement)

    def _open_reader(self) -> None:
        with translated(self.path):
            self._reading = self._connect()
            self._reading.execute("PRAGMA query_only = ON")

    def _connect_finder(self) -> sqlite3.Connection:
        with translated(self.path):
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT}")
        return connection

    def _write(self, work: Work[_T]) -> _T:
        assert self._writing is not None
        return self._transact(self._writing, "BEGIN IMMEDIATE", work)

    def _read(self, work: Work[_T]) -> _T:
        assert self._reading is not None
        return self._transact(self._reading, "BEGIN", work)

    def _transact(self, connection: sqlite3.Connection, begin: str, work: Work[_T]) -> _T:
        with translated(self.path):
            connection.execute(begin)
            try:
                result = work(connection)
                connection.execute("COMMIT")
            finally:
                # Some errors (a full disk) have already rolled back.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            return result

    def _data_version(self) -> int:
        assert self._writing is not None
        with translated(self.path):
            row: tuple[int] = self._writing.execute("PRAGMA data_version").fetchone()
            return row[0]

    def _close_reader(self) -> None:
        if self._reading is not None and not self._private:
            self._reading.close()

    def _close_writer(self, others: Sequence[Future[None]]) -> None:
        # The last connection to close copies the log into the database: that must be this one.
        for other in others:
            other.result()
        if self._writing is not None:
            with translated(self.path):
                self._writing.close()


async def _result(future: Future[_T]) -> _T:
    """Wait for `future`; cancelling the wait does not cancel it."""
    return await asyncio.shield(asyncio.wrap_future(future))


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch to WAL; SQLite does not wait by itself for others that do the same just now."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
