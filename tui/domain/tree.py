"""The tree that messages form, known by ids alone: which branch is shown, and what stands beside it."""

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set

    from tui.domain.conversation import MessageId


def path_to(parents: "Mapping[MessageId, MessageId | None]", leaf: "MessageId | None") -> "list[MessageId]":
    """Return the branch that ends at `leaf`, first message first.

    A missing parent or a cycle (a damaged store) ends the walk instead of failing.

    Args:
        parents: What each message follows.
        leaf: Where the branch ends.
    """
    path: list[MessageId] = []
    seen: set[MessageId] = set()
    current = leaf
    while current is not None and current in parents and current not in seen:
        seen.add(current)
        path.append(current)
        current = parents[current]
    path.reverse()
    return path


def parents_without(
    parents: "Mapping[MessageId, MessageId | None]", gone: "Set[MessageId]"
) -> "dict[MessageId, MessageId | None]":
    """Return what each message follows once some are gone: the nearest ancestor that is left."""

    def left(parent: "MessageId | None") -> "MessageId | None":
        seen: set[MessageId] = set()
        while parent is not None and parent in gone and parent not in seen:
            seen.add(parent)
            parent = parents.get(parent)
        return None if parent in gone else parent

    return {
        message: left(parent) if parent in gone else parent
        for message, parent in parents.items()
        if message not in gone
    }


def places_among_siblings(
    parents: "Mapping[MessageId, MessageId | None]", path: "Sequence[MessageId]"
) -> "dict[MessageId, tuple[int, int]]":
    """Return for each message of `path` that has siblings its place among them, from 1, and their number.

    Args:
        parents: What each message follows, in the order in which they were stored.
        path: The messages that are asked about.
    """
    sizes = Counter(parents.values())
    if len(sizes) == len(parents):
        return {}
    families: dict[MessageId | None, list[MessageId]] = {}
    for message, parent in parents.items():
        if sizes[parent] > 1:
            families.setdefault(parent, []).append(message)
    places: dict[MessageId, tuple[int, int]] = {}
    for message in path:
        family = families.get(parents[message])
        if family is not None:
            places[message] = (family.index(message) + 1, len(family))
    return places
