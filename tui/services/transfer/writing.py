"""Files that are there whole or not at all."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from tui.domain.errors import FileInTheWay, FileUnusable
from tui.domain.text import sanitize_line

_UNFIT: Final = re.compile(r"[^\w.-]+")
_LONGEST_NAME: Final = 60


@contextmanager
def whole_file(path: Path, *, overwrite: bool) -> Iterator[IO[str]]:
    """Open a file for this user only, which takes its name when the block ends well.

    Raises:
        FileUnusable: It cannot be written, or exists and must not be overwritten.
    """
    with (
        _renamed(path, overwrite=overwrite) as handle,
        os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file,
    ):
        yield file
        file.flush()
        os.fsync(file.fileno())


def write_whole(path: Path, data: bytes, *, overwrite: bool) -> None:
    """Write a file for this user only; it has its name when all of it is there.

    Raises:
        FileUnusable: It cannot be written, or exists and must not be overwritten.
    """
    with _renamed(path, overwrite=overwrite) as handle, os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _renamed(path: Path, *, overwrite: bool) -> Iterator[int]:
    """Open a file that takes the name `path` when the block, which must close it, ends well."""
    if not overwrite and os.path.lexists(path):
        raise exists(path)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}-", suffix=".part")
    except OSError as error:
        raise _unwritable(path, error) from error
    part = Path(name)
    try:
        yield handle
        _rename(part, path, overwrite=overwrite)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _rename(part: Path, path: Path, *, overwrite: bool) -> None:
    if overwrite:
        part.replace(path)
        return
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise exists(path) from None
    except OSError:
        # Not every file system has links: look once more, then rename.
        if os.path.lexists(path):
            raise exists(path) from None
        part.replace(path)


def exists(path: Path) -> FileInTheWay:
    """Return the error for a file that is there already."""
    return FileInTheWay(f"{path} exists already.", "Choose another name, or allow it to be overwritten.")


def _unwritable(path: Path, error: OSError) -> FileUnusable:
    reason = error.strerror or type(error).__name__
    return FileUnusable(f"{path} cannot be written: {reason}.", "Choose another place.")


def file_name(title: str, identity: str, suffix: str) -> str:
    """Return a name for a file, made of a title and an id, that is fit for every file system."""
    slug = _UNFIT.sub("-", sanitize_line(title, _LONGEST_NAME).rstrip("…")).strip("-.").lower()
    return f"{slug or 'conversation'}-{identity}.{suffix}"
