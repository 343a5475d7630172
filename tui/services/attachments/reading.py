"""Reading what may be anything: only files are opened, nothing blocks, and not too much is read."""

import errno
import io
import os
import stat
from pathlib import Path
from typing import Final

from tui.domain.attachment import byte_size
from tui.domain.errors import FileUnusable
from tui.domain.text import sanitize_line
from tui.services.threads import Stop

_PIECE: Final = 1 << 20

_FLAGS: Final = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY")
)
"""Opening waits for nobody, and is seen by no child process."""

_KINDS: Final = (
    (stat.S_ISDIR, "is a folder", "Attach the files in it: the file picker takes several at once."),
    (stat.S_ISFIFO, "is a pipe, not a file", "Write what comes out of it to a file first."),
    (stat.S_ISSOCK, "is a socket, not a file", ""),
    (stat.S_ISCHR, "is a device, not a file", ""),
    (stat.S_ISBLK, "is a device, not a file", ""),
)


def shown(path: Path) -> str:
    """Return a file's name as it may be drawn."""
    return sanitize_line(path.name or str(path), 80)


def read_file(path: Path, most: int, stop: Stop, only: int | None = None) -> bytes:
    """Return the bytes of a file.

    Args:
        path: Where it is.
        most: How many bytes it may have.
        stop: Ends the reading.
        only: How many bytes from its beginning are wanted; None for all.

    Raises:
        FileUnusable: It cannot be read, is no file, is empty, is too large, or changed meanwhile.
    """
    try:
        # A device may act on being opened, so it is looked at first.
        _require_file(path, path.stat())
        descriptor = os.open(path, _FLAGS)
        try:
            return _read(path, descriptor, most, stop, only)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None


def _require_file(path: Path, status: os.stat_result) -> None:
    if stat.S_ISREG(status.st_mode):
        return
    for is_kind, words, hint in _KINDS:
        if is_kind(status.st_mode):
            raise FileUnusable(f"{shown(path)} {words}.", hint)
    raise FileUnusable(f"{shown(path)} is not a file.")


def _read(path: Path, descriptor: int, most: int, stop: Stop, only: int | None) -> bytes:
    before = os.fstat(descriptor)
    _require_file(path, before)
    require_size(shown(path), before.st_size, most)
    if only is not None:
        return os.read(descriptor, only)
    # What is joined in the end is in memory twice; this hands out what it has.
    read = io.BytesIO()
    while piece := os.read(descriptor, _PIECE):
        stop.check()
        read.write(piece)
        if read.tell() > before.st_size:
            break
    after, size = os.fstat(descriptor), read.tell()
    if size != before.st_size or after.st_size != size or after.st_mtime_ns != before.st_mtime_ns:
        raise FileUnusable(
            f"{shown(path)} changed while it was read.", "Attach it again when nothing is writing to it."
        )
    return read.getvalue()


def require_size(name: str, size: int, most: int) -> None:
    """Make sure that something is not empty and not too large.

    Raises:
        FileUnusable: It is.
    """
    if size == 0:
        raise FileUnusable(f"{name} is empty: it has 0 bytes.")
    if size > most:
        raise FileUnusable(
            f"{name} has {byte_size(size)}; files of up to {byte_size(most)} can be attached.",
            "Cut it, or scale the picture down, first.",
        )


def unreadable(path: Path, error: OSError | ValueError) -> FileUnusable:
    """Return the error for a file that could not be read: which, why, and what can be done."""
    name = shown(path)
    code = error.errno if isinstance(error, OSError) else None
    if code == errno.ENOENT:
        try:
            dangling = path.is_symlink()
        except (OSError, ValueError):
            dangling = False
        if dangling:
            return FileUnusable(f"{name} is a link to a file that is not there.")
        return FileUnusable(f"{name} is not there.", "It may have been moved or deleted.")
    if code in (errno.EACCES, errno.EPERM):
        return FileUnusable(f"{name} may not be read: no permission.", "Its owner can change that: chmod +r")
    if code == errno.ELOOP:
        return FileUnusable(f"{name} is a link that leads back to itself.")
    if code == errno.ENOTDIR:
        return FileUnusable(f"{name} is not there: part of its path is no folder.")
    if code == errno.ENAMETOOLONG:
        return FileUnusable("This name is too long to be that of a file.")
    if code is None:
        return FileUnusable(f"{name} cannot be the name of a file.")
    reason = sanitize_line(os.strerror(code), 80)
    return FileUnusable(f"{name} cannot be read: {reason}.", "Check the disk or the network it is on.")
