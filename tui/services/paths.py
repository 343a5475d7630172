"""Reads folders for someone who types a path."""

import asyncio
import os
from pathlib import Path
from typing import Final

from tui.domain.listing import Listing, PathEntry

MOST_ENTRIES: Final = 5_000
"""Entries of a folder that are taken; a bigger one is searched for names that begin as typed."""

MOST_READ: Final = 100_000
"""Entries of a folder that are looked at at all."""


async def list_folder(folder: str, typed: str) -> Listing:
    """Return what a folder has; nothing where it cannot be read.

    Args:
        folder: As it was typed: empty for the working directory, `~` for the home directory.
        typed: How a name begins that is wanted; decides only where a folder has more than is taken.
    """
    return await asyncio.to_thread(_read, folder, typed.casefold())


def located(path: str) -> Path:
    """Return the path that was typed, from the root of the file system."""
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError:
        # There is no such user.
        return Path(path).absolute()


def _read(folder: str, typed: str) -> Listing:
    found: list[PathEntry] = []
    rest: list[PathEntry] = []
    complete = True
    try:
        with os.scandir(located(folder)) as entries:
            for number, entry in enumerate(entries):
                if number == MOST_READ or len(found) == MOST_ENTRIES:
                    complete = False
                    break
                taken = found if entry.name.casefold().startswith(typed) else rest
                if len(taken) < MOST_ENTRIES:
                    taken.append(PathEntry(entry.name, _is_folder(entry)))
    except (OSError, ValueError):
        return Listing()
    complete = complete and len(found) + len(rest) <= MOST_ENTRIES
    kept = [*found, *rest[: MOST_ENTRIES - len(found)]]
    return Listing(tuple(sorted(kept, key=lambda each: each.name.casefold())), complete)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
