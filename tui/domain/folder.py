"""What is in a folder, and what of it is shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.domain.attachment import is_named_like_a_picture


@dataclass(frozen=True, slots=True)
class FolderEntry:
    """A file or a folder in a folder."""

    name: str
    """From outside: shown sanitised."""
    is_folder: bool
    folded: str
    """The name for comparing without regard to case."""

    @property
    def is_hidden(self) -> bool:
        """Whether it is shown only on request."""
        return self.name.startswith(".")


@dataclass(frozen=True, slots=True)
class View:
    """What of a folder is to be shown."""

    words: str = ""
    """What the names have in them, in any order and case."""
    hidden: bool = False
    """Show hidden entries."""
    pictures: bool = False
    """Of the files, show only those that are named like pictures."""


@dataclass(frozen=True, slots=True)
class Found:
    """What of a folder is shown."""

    entries: tuple[FolderEntry, ...]
    """Folders first, then files, in the order of their names."""
    place: int = 0
    """Where among them the cursor stands."""


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A folder to go to by its name."""

    name: str
    path: Path


def chosen(
    entries: Sequence[FolderEntry], view: View, cursor: str = "", check: Callable[[], None] = lambda: None
) -> Found:
    """Return the entries that are to be shown.

    Args:
        entries: All there are.
        view: Which are wanted.
        cursor: The name under the cursor, which stays there if it is one of them.
        check: Called now and then; may raise to end the search.
    """
    words = view.words.casefold().split()
    hidden = view.hidden or any(word.startswith(".") for word in words)
    found: list[FolderEntry] = []
    place = 0
    for number, entry in enumerate(entries):
        if number % 1000 == 0:
            check()
        if entry.is_hidden and not hidden:
            continue
        if view.pictures and not entry.is_folder and not is_named_like_a_picture(entry.name):
            continue
        if words and not all(word in entry.folded for word in words):
            continue
        if entry.name == cursor:
            place = len(found)
        found.append(entry)
    return Found(tuple(found), place)
