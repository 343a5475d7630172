"""Conversations with everything that belongs to them, as they leave a store and come into one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tui.domain.conversation import Conversation, ConversationId, Message, MessageId, Summary


@dataclass(frozen=True, slots=True)
class WholeConversation:
    """A conversation that can be stored as it is."""

    conversation: Conversation
    messages: tuple[Message, ...]
    """All branches, none of them streaming, each message behind the one it follows."""
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    """The bytes of the messages' attachments, by digest."""
    summaries: tuple[Summary, ...] = ()
    origin: str = ""
    """What tells where it came from; empty for one of our own, which has an id."""


class Outcome(StrEnum):
    """What became of a conversation that was to be taken in."""

    NEW = "new"
    """It was not there."""
    GROWN = "grown"
    """It was there, and got the messages that it did not have."""
    SAME = "same"
    """It was there with all its messages."""
    REFUSED = "refused"
    """It could not be stored; nothing of it was."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A conversation that was taken in, and what is needed to take that back."""

    outcome: Outcome
    conversation_id: ConversationId
    """The one that is stored, which may have another id than the one that came."""
    messages: int = 0
    """How many messages are new."""
    added: tuple[MessageId, ...] = ()
    """The new messages of one that grew; an import of millions of messages holds no id of a new one's."""
    updated_at: float = 0.0
    """Seconds since the epoch: when a new one was last updated, and a grown one before it grew."""
    reason: str = ""
    """Why it was refused, for people."""
