# ruff: noqa: ASYNC240 - the loop of a test may wait for a file

import asyncio
import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from tui.domain.errors import StoreCorrupt, StoreTooNew, StoreUnavailable
from tui.storage.database import Database, _use_write_ahead_log
from tui.storage.failures import from_sqlite
from tui.storage.files import set_aside
from tui.storage.schema import load_migrations

OLD = ("CREATE TABLE words (word TEXT);",)
NEW = (*OLD, "ALTER TABLE words ADD COLUMN length INTEGER; UPDATE words SET length = length(word)")
BROKEN = (*OLD, "CREATE TABLE half (x); SELECT no_such_function();")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def query(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


async def make_old(path: Path) -> None:
    database = await Database.open(path, OLD)
    await database.write(lambda connection: connection.execute("INSERT INTO words VALUES ('hello')").rowcount)
    await database.aclose()


async def test_files_are_private_whatever_the_umask(path: Path) -> None:
    with umask(0):
        database = await Database.open(path)
        await database.write(lambda connection: connection.execute("DELETE FROM drafts").rowcount)
        assert mode(path.parent) == 0o700
        files = sorted(path.parent.iterdir())
        assert [file.name for file in files] == [path.name, f"{path.name}-shm", f"{path.name}-wal"]
        assert [mode(file) for file in files] == [0o600] * 3
        await database.aclose()


async def test_an_existing_file_is_made_private(path: Path) -> None:
    await (await Database.open(path)).aclose()
    path.chmod(0o644)
    database = await Database.open(path)
    assert mode(path) == 0o600
    await database.aclose()


async def test_an_existing_folder_keeps_its_mode(path: Path) -> None:
    path.parent.mkdir()
    path.parent.chmod(0o755)
    await (await Database.open(path)).aclose()
    assert mode(path.parent) == 0o755


async def test_settings_of_the_connections(path: Path) -> None:
    database = await Database.open(path)

    def pragmas(connection: sqlite3.Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "temp_store", "query_only")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert await database.write(pragmas) == ["wal", 1, 1, 5000, 2, 0]
    assert await database.read(pragmas) == ["wal", 1, 1, 5000, 2, 1]
    await database.aclose()


async def test_a_failed_write_leaves_nothing_behind(path: Path) -> None:
    database = await Database.open(path, OLD)

    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO words VALUES ('half')")
        raise LookupError("in the middle")

    with pytest.raises(LookupError):
        await database.write(fail)
    assert await database.read(lambda c: c.execute("SELECT * FROM words").fetchall()) == []
    await database.aclose()


async def test_a_cancelled_write_is_done_all_the_same(path: Path) -> None:
    database = await Database.open(path, OLD)
    begun, go_on = threading.Event(), threading.Event()

    def insert(connection: sqlite3.Connection) -> None:
        begun.set()
        connection.execute("INSERT INTO words VALUES ('one')")
        go_on.wait()
        connection.execute("INSERT INTO words VALUES ('two')")

    running = asyncio.create_task(database.write(insert))
    await asyncio.to_thread(begun.wait)
    waiting = asyncio.create_task(
        database.write(lambda c: c.execute("INSERT INTO words VALUES ('three')").rowcount)
    )
    await asyncio.sleep(0)
    running.cancel()
    waiting.cancel()
    await asyncio.gather(running, waiting, return_exceptions=True)
    assert running.cancelled() and waiting.cancelled()
    closing_task = asyncio.create_task(database.aclose())
    await asyncio.sleep(0)
    assert not closing_task.done()
    go_on.set()
    await closing_task
    assert query(path, "SELECT word FROM words") == [("one",), ("two",), ("three",)]


async def test_closing_leaves_one_file_and_an_error_for_late_callers(path: Path) -> None:
    database = await Database.open(path)
    await asyncio.gather(database.aclose(), database.aclose())
    await database.aclose()
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    for late in (database.write(lambda c: None), database.read(lambda c: None), database.data_version()):
        with pytest.raises(StoreUnavailable, match="closed"):
            await late


async def test_reading_sees_one_state(path: Path) -> None:
    database = await Database.open(path, OLD)
    counted, written = threading.Event(), threading.Event()

    def count_twice(connection: sqlite3.Connection) -> tuple[int, int]:
        first = len(connection.execute("SELECT * FROM words").fetchall())
        counted.set()
        written.wait()
        return first, len(connection.execute("SELECT * FROM words").fetchall())

    reading = asyncio.create_task(database.read(count_twice))
    await asyncio.to_thread(counted.wait)
    await database.write(lambda c: c.execute("INSERT INTO words VALUES ('x')").rowcount)
    written.set()
    assert await reading == (0, 0)
    await database.aclose()


async def test_migration_keeps_what_is_there_and_a_copy(path: Path) -> None:
    await make_old(path)
    with umask(0):
        database = await Database.open(path, NEW)
    assert await database.read(lambda c: c.execute("SELECT * FROM words").fetchall()) == [("hello", 5)]
    await database.aclose()
    (backup,) = path.parent.glob("conversations.db.backup-v1-*")
    assert mode(backup) == 0o600
    assert query(backup, "SELECT * FROM words") == [("hello",)]
    assert query(backup, "PRAGMA user_version") == [(1,)]
    await (await Database.open(path, NEW)).aclose()
    assert len(list(path.parent.glob("*.backup-*"))) == 1


async def test_a_new_file_needs_no_copy(path: Path) -> None:
    await (await Database.open(path)).aclose()
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert query(path, "PRAGMA user_version") == [(len(load_migrations()),)]


async def test_a_failed_migration_changes_nothing(path: Path) -> None:
    await make_old(path)
    with pytest.raises(StoreUnavailable, match="no_such_function"):
        await Database.open(path, BROKEN)
    assert query(path, "PRAGMA user_version") == [(1,)]
    assert query(path, "SELECT name FROM sqlite_schema") == [("words",)]
    await (await Database.open(path, OLD)).aclose()


async def test_many_open_and_migrate_at_once(path: Path) -> None:
    await make_old(path)
    databases = await asyncio.gather(*(Database.open(path, NEW) for _ in range(6)))
    for database in databases:
        assert await database.read(lambda c: c.execute("SELECT * FROM words").fetchall()) == [("hello", 5)]
    await asyncio.gather(*(database.aclose() for database in databases))
    assert len(list(path.parent.glob("*.backup-*"))) == 1


async def test_many_make_the_same_new_file_at_once(path: Path) -> None:
    databases = await asyncio.gather(*(Database.open(path) for _ in range(6)))
    await asyncio.gather(*(database.aclose() for database in databases))
    assert query(path, "PRAGMA integrity_check") == [("ok",)]


async def test_a_newer_store_is_not_touched(path: Path) -> None:
    await (await Database.open(path, NEW)).aclose()
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match="newer version") as failure:
        await Database.open(path, OLD)
    assert "--data-dir" in failure.value.hint
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def damage_header(path: Path) -> None:
    path.write_bytes(b"This is a letter to my aunt.\n" * 200)


def damage_schema(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[100:4096] = b"\xff" * 3996
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:700])


def foreign(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")
        connection.commit()


@pytest.mark.parametrize("damage", [damage_header, damage_schema, cut, foreign])
async def test_what_is_no_store_is_kept_as_it_is(path: Path, damage: Callable[[Path], None]) -> None:
    await (await Database.open(path)).aclose()
    damage(path)
    before = path.read_bytes()
    with pytest.raises(StoreCorrupt, match=r"conversations\.db"):
        await Database.open(path)
    assert path.read_bytes() == before

    aside = set_aside(path)
    assert aside.name.startswith("conversations.db.corrupt-")
    assert aside.read_bytes() == before
    await (await Database.open(path)).aclose()
    assert query(path, "SELECT count(*) FROM conversations") == [(0,)]


async def test_setting_aside_takes_the_log_along_and_never_overwrites(path: Path) -> None:
    path.parent.mkdir()
    targets = []
    for number in range(3):
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).write_text(f"{number}{suffix}")
        targets.append(set_aside(path))
    assert [target.read_text() for target in targets] == ["0", "1", "2"]
    assert [Path(f"{target}-wal").read_text() for target in targets] == ["0-wal", "1-wal", "2-wal"]
    assert not path.exists()
    with pytest.raises(StoreUnavailable):
        set_aside(path)


async def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="file") as failure:
        await Database.open(tmp_path / "file" / "conversations.db")
    assert failure.value.hint


async def test_a_folder_in_place_of_the_file(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(StoreUnavailable, match=r"conversations\.db cannot be opened"):
        await Database.open(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreUnavailable, match="Permission denied"):
        await Database.open(tmp_path / "conversations.db")


async def test_a_full_disk_is_said_and_writing_goes_on_when_there_is_room(path: Path) -> None:
    database = await Database.open(path, OLD)

    def limit(connection: sqlite3.Connection, pages: int) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    def insert(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO words VALUES ('small')")
        connection.execute("INSERT INTO words VALUES (?)", ("x" * 100_000,))

    await database.write(lambda c: limit(c, 5))
    with pytest.raises(StoreUnavailable, match="disk is full"):
        await database.write(insert)
    assert await database.read(lambda c: c.execute("SELECT * FROM words").fetchall()) == []
    await database.write(lambda c: limit(c, 5000))
    await database.write(insert)
    assert len(await database.read(lambda c: c.execute("SELECT * FROM words").fetchall())) == 2
    await database.aclose()


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (sqlite3.SQLITE_FULL, StoreUnavailable, "full"),
        (sqlite3.SQLITE_READONLY, StoreUnavailable, "read-only"),
        (sqlite3.SQLITE_READONLY_DBMOVED, StoreUnavailable, "read-only"),
        (sqlite3.SQLITE_BUSY, StoreUnavailable, "locked"),
        (sqlite3.SQLITE_IOERR_WRITE, StoreUnavailable, "disk reports"),
        (sqlite3.SQLITE_CANTOPEN, StoreUnavailable, "cannot be opened"),
        (sqlite3.SQLITE_CORRUPT, StoreCorrupt, "damaged"),
        (sqlite3.SQLITE_ERROR, StoreUnavailable, "some reason"),
    ],
)
def test_errors_in_words(path: Path, code: int, kind: type[StoreUnavailable], words: str) -> None:
    error = sqlite3.OperationalError("some reason")
    error.sqlite_errorcode = code
    said = from_sqlite(error, path)
    assert type(said) is kind
    assert words in said.message
    assert str(path) in said.message
    assert said.hint


async def test_data_version_counts_the_changes_of_others_only(path: Path) -> None:
    mine = await Database.open(path, OLD)
    other = await Database.open(path, OLD)

    def insert(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO words VALUES ('x')")

    before = await mine.data_version()
    await mine.write(insert)
    await mine.read(lambda c: c.execute("SELECT * FROM words").fetchall())
    assert await mine.data_version() == before
    await other.write(insert)
    assert await mine.data_version() != before
    await mine.aclose()
    await other.aclose()


async def test_no_migration_without_a_copy(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await make_old(path)
    target = path.with_name("backup")
    target.write_bytes(b"No database. " * 1000)
    monkeypatch.setattr("tui.storage.schema.dated", lambda *_: target)
    with pytest.raises(StoreUnavailable):
        await Database.open(path, NEW)
    assert not target.exists()
    assert query(path, "PRAGMA user_version") == [(1,)]
    assert query(path, "SELECT * FROM words") == [("hello",)]


class BusyConnection(sqlite3.Connection):
    """Fails as SQLite does when another process switches to WAL at the same moment."""

    failures: ClassVar = [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY]

    def execute(self, sql: str, parameters: object = ()) -> sqlite3.Cursor:
        if self.failures:
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = self.failures.pop()
            raise error
        return super().execute(sql)


def test_switching_to_wal_waits_for_others(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db", factory=BusyConnection)) as connection:
        _use_write_ahead_log(connection)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.failures.append(sqlite3.SQLITE_IOERR)
        with pytest.raises(sqlite3.OperationalError):
            _use_write_ahead_log(connection)
