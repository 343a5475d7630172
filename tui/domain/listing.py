"""What a folder has, as far as someone who types a path wants to know it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PathEntry:
    """A file or a folder."""

    name: str
    """As the file system has it: to be sanitised before it is drawn."""
    is_folder: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """What was read of a folder."""

    entries: tuple[PathEntry, ...] = ()
    """In the order of the alphabet."""
    complete: bool = True
    """Nothing was left out because there was too much."""
