"""The schema and how an older one becomes the newest."""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Final

from tui.domain.errors import StoreTooNew
from tui.storage.failures import corrupt
from tui.storage.files import dated, make_private_file

APPLICATION_ID: Final = 0x6F747569
"""Marks the file as ours (`otui`), for `file` and against opening some other program's database."""


def load_migrations() -> tuple[str, ...]:
    """Return the scripts that lead from one version of the schema to the next, the first first."""
    folder = files("tui.storage") / "migrations"
    scripts = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda e: e.name
    )
    return tuple(script.read_text(encoding="utf-8") for script in scripts)


def schema_version(connection: sqlite3.Connection, path: Path, newest: int) -> int:
    """Return the version of the schema; 0 for an empty file. Reads the header and the schema only.

    Raises:
        StoreCorrupt: The database is not one of ours.
        StoreTooNew: Its version is newer than `newest`.
        sqlite3.DatabaseError: It is no database or damaged.
    """
    version = _pragma(connection, "user_version")
    tables = connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
    if version == 0 and tables is None:
        return 0
    if _pragma(connection, "application_id") != APPLICATION_ID or version < 1:
        raise corrupt(path, "it is the database of another program")
    if version > newest:
        raise StoreTooNew(
            f"The conversations in {path} were saved by a newer version of ollama-tui.",
            "Update ollama-tui, or choose another place with --data-dir. The file was not touched.",
        )
    return version


def migrate(connection: sqlite3.Connection, path: Path, scripts: Sequence[str]) -> None:
    """Bring the schema to the newest version in one transaction, after a copy of what is there.

    Of several processes that do this at once, one does the work and the others find it done.
    """
    if schema_version(connection, path, len(scripts)) == len(scripts):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = schema_version(connection, path, len(scripts))
        if 0 < version < len(scripts):
            _back_up(path, version)
        for script in scripts[version:]:
            for statement in _statements(script):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(scripts)}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    row: tuple[int] = connection.execute(f"PRAGMA {name}").fetchone()
    return row[0]


def _back_up(path: Path, version: int) -> None:
    """Copy the database; a connection of its own, for one cannot copy what it is about to write."""
    target = dated(path, f"backup-v{version}")
    make_private_file(target)
    try:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
    except sqlite3.Error:
        target.unlink(missing_ok=True)
        raise


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script (`executescript` would end the transaction)."""
    statement = ""
    for part in re.split(r"(?<=;)", script):
        statement += part
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement
