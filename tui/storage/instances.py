"""Which processes use the store now: each holds a lock on a file of its own while it lives.

The system releases the lock when the process ends, however it ends, and a process id that is used again
means nothing here.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final, NewType, Self
from uuid import uuid4

from tui.storage.files import make_private_directory

InstanceId = NewType("InstanceId", str)
"""What a process is called in the store: 32 hexadecimal digits, never used twice."""

_SUFFIX: Final = ".lock"

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class Instance:
    """This process among those that use the store."""

    def __init__(self, directory: Path, identity: InstanceId, descriptor: int) -> None:
        """Take over a lock that is held; `enter` takes one."""
        self.id = identity
        """Its name."""
        self._directory = directory
        self._descriptor = descriptor

    @classmethod
    def enter(cls, directory: Path) -> Self:
        """Take a new name and the lock that goes with it.

        Raises:
            OSError: The folder cannot be written, or its file system knows no locks.
        """
        make_private_directory(directory)
        while True:
            identity = InstanceId(uuid4().hex)
            path = _lock_path(directory, identity)
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
            try:
                # Another process that looks for the dead may have seen the file before it was locked.
                if _try_lock(descriptor) and _is_at(path, descriptor):
                    return cls(directory, identity, descriptor)
            except OSError:
                _remove(path, descriptor)
                raise
            os.close(descriptor)

    @classmethod
    def alone(cls) -> Self:
        """Take a name that only this process will ever see."""
        return cls(Path(os.devnull), InstanceId(uuid4().hex), -1)

    def leave(self) -> None:
        """Give the lock back; again is harmless."""
        if self._descriptor >= 0:
            _remove(_lock_path(self._directory, self.id), self._descriptor)
            self._descriptor = -1

    def is_alive(self, identity: str) -> bool:
        """Tell whether a process lives; the lock file of a dead one is removed."""
        if identity == self.id:
            return True
        path = _lock_path(self._directory, identity)
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return False
        if not _try_lock(descriptor):
            os.close(descriptor)
            return True
        _remove(path, descriptor)
        return False

    def sweep(self) -> None:
        """Remove the lock files of all dead processes."""
        for path in self._directory.glob(f"*{_SUFFIX}"):
            self.is_alive(path.name.removesuffix(_SUFFIX))


def _lock_path(directory: Path, identity: str) -> Path:
    return directory / f"{identity}{_SUFFIX}"


def _is_at(path: Path, descriptor: int) -> bool:
    """Tell whether `path` still is the open file."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _remove(path: Path, descriptor: int) -> None:
    """Remove a locked file and release the lock, in the order that the system allows."""
    # Windows does not remove open files; elsewhere the lock must outlast the name.
    if sys.platform == "win32":
        os.close(descriptor)
        with suppress(OSError):
            path.unlink(missing_ok=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        os.close(descriptor)
