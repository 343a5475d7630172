"""The archive of a ChatGPT export: read where it is, never unpacked to the disk."""

import re
import zipfile
import zlib
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

from tui.domain.errors import FileUnusable
from tui.domain.text import sanitize_line
from tui.services.transfer.elements import Readable
from tui.services.transfer.pictures import LARGEST, picture_from
from tui.services.transfer.tree import Picture

ZIP: Final = b"PK\x03\x04"
"""How an archive begins."""

MOST_UNPACKED: Final = 8 << 30
"""Bytes that one member may unpack to."""

MOST_RATIO: Final = 200
"""How many times its packed size a large member may unpack to; text packs to a tenth, not to less."""

_HARMLESS: Final = 64 << 20
_CONVERSATIONS: Final = re.compile(r"(?:.*/)?conversations(?:-\d+)?\.json")
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


class Archive:
    """An open archive."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members = {each.filename: each for each in archive.infolist() if not each.is_dir()}
        self._names = sorted((PurePosixPath(name).name, name) for name in self._members)

    def conversations(self) -> list[str]:
        """Return the names of the members that hold conversations, in order.

        Raises:
            FileUnusable: There is none.
        """
        found = sorted(name for name in self._members if _CONVERSATIONS.fullmatch(name))
        if not found:
            raise FileUnusable("there is no conversations.json in the archive")
        return found

    @contextmanager
    def open(self, name: str) -> Iterator["Bounded"]:
        """Open a member for reading from front to back."""
        try:
            with self._archive.open(self._members[name]) as file:
                yield Bounded(file, self._members[name])
        except _BROKEN as error:
            raise FileUnusable(f"the archive is damaged: {sanitize_line(str(error), 200)}") from error

    def size(self, name: str) -> int:
        """Return how long a member says it is."""
        return self._members[name].file_size

    def picture(self, asset: str) -> Picture | None:
        """Return the image whose file's name begins with an asset's id, or None."""
        place = bisect_left(self._names, (asset, ""))
        if not asset or place >= len(self._names) or not self._names[place][0].startswith(asset):
            return None
        name, member = self._names[place]
        if self._members[member].file_size > LARGEST:
            return None
        with self.open(member) as file:
            return picture_from(file.read(LARGEST), name)


class Bounded:
    """A member that may not unpack to more than is sound, whatever its header says."""

    def __init__(self, file: Readable, info: zipfile.ZipInfo) -> None:
        self._file = file
        self._most = min(MOST_UNPACKED, max(_HARMLESS, info.compress_size * MOST_RATIO))
        self._read = 0

    def read(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes, none at the end."""
        data = self._file.read(size)
        self._read += len(data)
        if self._read > self._most:
            raise FileUnusable(f"it unpacks to more than {self._most:,} bytes, which no export does")
        return data


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open an archive.

    Raises:
        FileUnusable: It is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield Archive(archive)
    except _BROKEN as error:
        raise FileUnusable(f"the archive is damaged: {sanitize_line(str(error), 200)}") from error
