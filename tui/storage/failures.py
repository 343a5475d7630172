"""SQLite's and the system's errors in the words of the domain."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tui.domain.errors import StoreCorrupt, StoreUnavailable

_PRIMARY_CODE: Final = 0xFF
_ELSEWHERE: Final = "Choose another place with --data-dir."

_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

_REASONS: Final = {
    sqlite3.SQLITE_FULL: (
        "The disk is full: nothing can be saved in {path}.",
        "Free some space; saving goes on as soon as there is room.",
    ),
    sqlite3.SQLITE_READONLY: (
        "The conversations in {path} are read-only.",
        f"Check who may write the file and its folder. {_ELSEWHERE}",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "The conversations in {path} cannot be opened.",
        f"Check that the folder exists and who may write it. {_ELSEWHERE}",
    ),
    sqlite3.SQLITE_BUSY: (
        "Another program keeps the conversations in {path} locked.",
        "Try again; if it stays so, close the other windows that use the file.",
    ),
    sqlite3.SQLITE_IOERR: (
        "The conversations in {path} cannot be read or written: the disk reports an error.",
        f"Check the disk. {_ELSEWHERE}",
    ),
}


def corrupt(path: Path, reason: str) -> StoreCorrupt:
    """Return the error that says why `path` is not a store of conversations."""
    return StoreCorrupt(
        f"{path} is not a conversation store, or a damaged one: {reason}.",
        "The file was left as it is. It can be set aside to start with an empty one.",
    )


def closed(path: Path) -> StoreUnavailable:
    """Return the error for using a store after it was closed."""
    return StoreUnavailable(f"The conversations in {path} were closed.")


def from_sqlite(error: sqlite3.Error, path: Path) -> StoreUnavailable:
    """Return what `error` means to a person."""
    # An error that the sqlite3 module raises itself has no code.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY_CODE
    if code in _DAMAGED:
        return corrupt(path, str(error))
    known = _REASONS.get(code)
    if known is None:
        return StoreUnavailable(
            f"The conversations in {path} cannot be used: {error}.", f"Check the disk. {_ELSEWHERE}"
        )
    message, hint = known
    return StoreUnavailable(message.format(path=path), hint)


def from_system(error: OSError, path: Path) -> StoreUnavailable:
    """Return what an error of the file system at `path` means to a person."""
    reason = error.strerror or type(error).__name__
    return StoreUnavailable(
        f"Conversations cannot be kept in {path}: {reason}.",
        f"Check that it is a folder you may write, and that the disk has room. {_ELSEWHERE}",
    )


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise errors of the database at `path`, or of the files beside it, as `StoreUnavailable`.

    Violated constraints and wrong use of the interface pass: they are mistakes of the program.
    """
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError):
        raise
    except sqlite3.Error as error:
        raise from_sqlite(error, path) from error
    except OSError as error:
        raise from_system(error, path) from error
