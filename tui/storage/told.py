"""A branch as a model is told it: of what is too old to be told, only what never changes is known."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from tui.domain.conversation import ConversationId, Message, MessageHead, MessageId
from tui.domain.planning import kept_with
from tui.domain.tree import parents_without, path_to
from tui.storage.branches import DELETED, load_named, load_some
from tui.storage.rows import ROLES

_CONVERSATIONS: Final = 4
"""Conversations of which heads are kept, at most."""

_KEY: Final = "SELECT key FROM conversations WHERE id = ?"

_HEADS: Final = (
    "SELECT key, id, parent_id, role, length(content), tool_calls <> '', status = 'streaming'"
    " FROM messages"
    " WHERE conversation = ? AND key > ? ORDER BY key"
)

_SEEN: Final = (
    "SELECT count(*), (SELECT id FROM messages WHERE key = ?) FROM messages"
    " WHERE conversation = ? AND key <= ?"
)
"""A key is used again once the newest message was removed for good; another one has it then."""

_PINNED: Final = (
    "SELECT id FROM pinned_messages JOIN messages ON messages.key = message"
    " WHERE pinned_messages.conversation = ?"
)


_HeadRow: TypeAlias = tuple[int, MessageId, MessageId | None, str, int, int, int]


@dataclass(slots=True)
class _Known:
    """The messages of a conversation that have been seen once, in all its branches."""

    heads: dict[MessageId, MessageHead] = field(default_factory=dict)
    parents: dict[MessageId, MessageId | None] = field(default_factory=dict)
    last: int = -1
    """The key of the newest message that is not read again."""
    newest: MessageId | None = None
    """That message."""
    settled: int = 0
    """How many messages are not read again."""

    def read_on(self, rows: Iterable[_HeadRow]) -> None:
        """Take newer messages along; those from one on that is being written are read again next time."""
        settles = True
        for key, identity, parent, role, length, calls_tools, is_written in rows:
            self.heads[identity] = MessageHead(identity, ROLES[role], length, bool(calls_tools))
            # The same string as that message's own: there are many.
            before = self.heads.get(parent) if parent is not None else None
            self.parents[identity] = parent if before is None else before.id
            settles = settles and not is_written
            if settles:
                self.last, self.newest, self.settled = key, identity, self.settled + 1


class ToldBranches:
    """Reads branches for requests. For one thread.

    Who said a message, what it follows and how long it is does not change once it is there whole, so that is
    read once. What is pinned or deleted, and the words near the end of a branch, are read each time.
    """

    def __init__(self) -> None:
        self._known: dict[ConversationId, _Known] = {}

    def load(
        self,
        connection: sqlite3.Connection,
        conversation_id: ConversationId,
        leaf: MessageId | None,
        characters: int,
    ) -> tuple[Message | MessageHead, ...]:
        """Return a branch, with the words of the messages at its end and of those that pins keep.

        Args:
            connection: To the database.
            conversation_id: Which conversation.
            leaf: Where the branch ends.
            characters: How much is read at least; the last message always is.
        """
        key: tuple[int] | None = connection.execute(_KEY, (conversation_id,)).fetchone()
        if key is None:
            self._known.pop(conversation_id, None)
            return ()
        known = self._up_to_date(connection, conversation_id, key[0])
        gone = {MessageId(identity) for (identity,) in connection.execute(DELETED, key)}
        path = path_to(parents_without(known.parents, gone) if gone else known.parents, leaf)
        first, length = len(path), 0
        while first and (length < characters or first == len(path)):
            first -= 1
            length += known.heads[path[first]].length
        above = path[:first]
        pins = {identity for (identity,) in connection.execute(_PINNED, key)}
        # What is sent with a pinned message must be weighed as exactly.
        kept = kept_with([known.heads[each] for each in path], pins) if pins else frozenset()
        pinned = [each for each in above if each in kept]
        read = load_named(connection, conversation_id, pinned)
        end = load_some(connection, conversation_id, path[first:], above[-1] if above else None)
        for message in end:
            # One that was cut may have been gone on with.
            known.heads[message.id] = MessageHead(
                message.id, message.role, len(message.content), bool(message.tool_calls)
            )
        return (*(read.get(each) or known.heads[each] for each in above), *end)

    def _up_to_date(
        self, connection: sqlite3.Connection, conversation_id: ConversationId, key: int
    ) -> _Known:
        known = self._known.pop(conversation_id, None) or _Known()
        seen = connection.execute(_SEEN, (known.last, key, known.last)).fetchone()
        if seen != (known.settled, known.newest):
            # Something was removed for good; what followed it follows something else now.
            known = _Known()
        self._known[conversation_id] = known
        while len(self._known) > _CONVERSATIONS:
            self._known.pop(next(iter(self._known)))
        known.read_on(connection.execute(_HEADS, (key, known.last)))
        return known
