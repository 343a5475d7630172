"""What is in a folder, read so that nothing waits: not for 50,000 files, nor for a mount that is slow."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tui.domain.folder import Bookmark, FolderEntry, Found, View, chosen
from tui.services.attachments.reading import unreadable
from tui.services.threads import Stop, in_thread

MOST_READ: Final = 500_000
"""Entries of a folder that are looked at."""

_PATIENTLY: Final = 1000
"""Entries after which it is asked whether they are still wanted."""


async def read_folder(path: Path) -> tuple[FolderEntry, ...]:
    """Return what is in a folder, folders first.

    Raises:
        FileUnusable: It cannot be read.
    """
    return await in_thread(lambda stop: _read(path, stop), "read a folder")


async def choose(entries: Sequence[FolderEntry], view: View, cursor: str) -> Found:
    """Return the entries that are to be shown, with the cursor on the one of that name."""
    return await in_thread(lambda stop: chosen(entries, view, cursor, stop.check), "filter a folder")


async def bookmarks(last: str) -> tuple[Bookmark, ...]:
    """Return the folders that people keep things in, where they exist.

    Args:
        last: The folder used last; empty for none.
    """
    return await in_thread(lambda _: _bookmarks(last), "look for folders")


async def is_folder(path: Path) -> bool:
    """Tell whether a path is that of a folder."""
    return await in_thread(lambda _: _is_there(path), "look at a folder")


def _read(path: Path, stop: Stop) -> tuple[FolderEntry, ...]:
    found: list[FolderEntry] = []
    try:
        with os.scandir(path) as entries:
            for number, entry in enumerate(entries):
                if number % _PATIENTLY == 0:
                    stop.check()
                if number == MOST_READ:
                    break
                found.append(FolderEntry(entry.name, _leads_to_folder(entry), entry.name.casefold()))
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    stop.check()
    return tuple(sorted(found, key=lambda each: (not each.is_folder, each.folded)))


def _leads_to_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _bookmarks(last: str) -> tuple[Bookmark, ...]:
    import platformdirs

    wanted = [
        Bookmark("Home", Path.home()),
        Bookmark("Downloads", Path(platformdirs.user_downloads_dir())),
        Bookmark("Pictures", Path(platformdirs.user_pictures_dir())),
        Bookmark("Documents", Path(platformdirs.user_documents_dir())),
        Bookmark("Started in", Path.cwd()),
    ]
    if last:
        wanted.append(Bookmark("Last used", Path(last)))
    return tuple(bookmark for bookmark in wanted if _is_there(bookmark.path))


def _is_there(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False
