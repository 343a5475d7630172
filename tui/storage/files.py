"""The database's files: made private, and set aside when they are damaged."""

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from tui.storage.failures import from_system

_COMPANIONS: Final = ("-wal", "-shm")
"""What SQLite keeps beside a database; both belong to it."""


def make_private_directory(directory: Path) -> None:
    """Make `directory` for this user only; one that exists is left as its owner made it."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def make_private_file(path: Path) -> None:
    """Make sure `path` exists, and that it and its companions are for this user only.

    An existing file is never opened here: closing it would drop the locks that SQLite holds on it
    elsewhere in this process.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    for name in ("", *_COMPANIONS):
        # A companion may vanish at any time; a file of another user cannot be changed.
        with suppress(FileNotFoundError, PermissionError):
            file = path.with_name(path.name + name)
            if file.stat().st_mode & 0o077:
                file.chmod(0o600)


def dated(path: Path, label: str) -> Path:
    """Return a path beside `path` that nothing has, ending in `label` and the time."""
    stamp = f"{datetime.now():%Y%m%d-%H%M%S}"
    number = 1
    while True:
        suffix = f".{label}-{stamp}" + (f"-{number}" if number > 1 else "")
        candidate = path.with_name(path.name + suffix)
        if not candidate.exists():
            return candidate
        number += 1


def set_aside(path: Path) -> Path:
    """Rename a damaged database, so that a new one can be made in its place.

    Call it only while nothing has the database open.

    Returns:
        Where it is now.

    Raises:
        StoreUnavailable: It could not be renamed.
    """
    target = dated(path, "corrupt")
    try:
        path.rename(target)
        for name in _COMPANIONS:
            with suppress(FileNotFoundError):
                path.with_name(path.name + name).rename(target.with_name(target.name + name))
    except OSError as error:
        raise from_system(error, path) from error
    return target
