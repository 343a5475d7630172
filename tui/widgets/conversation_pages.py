"""A long list of which only the parts that were looked at are in memory."""

from collections.abc import Sequence
from typing import Final, overload

from tui.domain.conversation import Conversation, ConversationId

PAGE: Final = 200
"""Conversations that are read at once."""

_KEPT: Final = 2000
"""Conversations on either side of those last read that are kept."""

PENDING: Final = Conversation(ConversationId(""), "…", 0.0, 0.0)
"""Stands for a conversation that has not been read yet."""


class ConversationPages(Sequence[Conversation]):
    """As many conversations as there are; those that have not been read are `PENDING`."""

    def __init__(
        self,
        total: int,
        offset: int,
        rows: Sequence[Conversation],
        before: Sequence[Conversation] = (),
    ) -> None:
        """Make a list.

        Args:
            total: How many there are.
            offset: The place of the first that was read.
            rows: What was read.
            before: The list as it was: it stands in for what has not been read again.
        """
        self._total = total
        old = before._read if isinstance(before, ConversationPages) else {}
        near = range(offset - _KEPT, offset + len(rows) + _KEPT)
        new = {each.id for each in rows}
        self._read: dict[int, Conversation] = {
            place: each
            for place, each in old.items()
            if place < total and place in near and each.id not in new
        }
        self._read.update((place, each) for place, each in enumerate(rows, offset) if place < total)

    def __len__(self) -> int:
        return self._total

    @overload
    def __getitem__(self, index: int) -> Conversation: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Conversation]: ...

    def __getitem__(self, index: int | slice) -> Conversation | Sequence[Conversation]:
        """Return a conversation, `PENDING` where it has not been read."""
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(self._total))]
        place = index + self._total if index < 0 else index
        if not 0 <= place < self._total:
            raise IndexError(index)
        return self._read.get(place, PENDING)

    def place_of(self, conversation_id: ConversationId) -> int | None:
        """Return where a conversation is, among those that have been read."""
        return next((place for place, each in self._read.items() if each.id == conversation_id), None)
