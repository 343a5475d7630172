"""Where conversations live, as protocols: what the services need of a store.

Writes are committed when the call returns. Every method raises `StoreUnavailable` when the file cannot
be read or written.
"""

from collections.abc import Callable, Sequence, Set
from typing import Protocol

from tui.domain.conversation import (
    Attachment,
    Branch,
    Conversation,
    ConversationId,
    Deletion,
    Message,
    MessageHead,
    MessageId,
    QueuedMessage,
    Summary,
)
from tui.domain.search import SearchMark, SearchPage, SearchQuery
from tui.domain.whole import Taken, WholeConversation


class ConversationShelf(Protocol):
    """The conversations themselves, and lists of them."""

    async def create(self, conversation: Conversation, messages: Sequence[Message] = ()) -> None:
        """Store a new conversation, with its messages, in one transaction."""
        ...

    async def conversation(self, conversation_id: ConversationId) -> Conversation | None:
        """Return a conversation, or None."""
        ...

    async def update(self, conversation: Conversation) -> None:
        """Store every field of a conversation that exists, except its times and active leaf."""
        ...

    async def change(
        self, conversation_id: ConversationId, change: Callable[[Conversation], Conversation]
    ) -> Conversation:
        """Change a conversation as `update` does, and return what it was; no other window gets in between.

        Args:
            conversation_id: Which one.
            change: Returns what it becomes, or raises a `TuiError`; called where it is stored.

        Raises:
            ConversationGone: It is not there.
        """
        ...

    async def set_active_leaf(self, conversation_id: ConversationId, leaf: MessageId | None) -> None:
        """Remember which branch is shown."""
        ...

    async def delete(self, conversation_id: ConversationId) -> None:
        """Delete a conversation and its messages for good."""
        ...

    async def conversations(
        self, *, query: str = "", offset: int = 0, limit: int = 200
    ) -> tuple[Conversation, ...]:
        """Return saved conversations, pinned ones first, then the last updated first.

        Those in the trash are left out. `query` keeps those whose title contains it, ignoring case.
        """
        ...

    async def filtered(self, query: SearchQuery, *, limit: int = 200) -> tuple[Conversation, ...]:
        """Return conversations whose title or messages contain the words, and that have the tag."""
        ...

    async def titled(self, query: SearchQuery, *, limit: int = 5) -> tuple[Conversation, ...]:
        """Return conversations whose titles have the words, the best first."""
        ...

    async def counts(self, borders: Sequence[float]) -> tuple[int, ...]:
        """Return how many conversations are pinned, and how many others lie between borders.

        The borders are times, the latest first; what lies before the last is counted as well.
        """
        ...

    async def oldest(self) -> float | None:
        """Return when the conversation that rests longest was last updated; None without any."""
        ...

    async def trash(self, *, limit: int = 1000) -> tuple[Conversation, ...]:
        """Return what is in the trash, the last thrown away first."""
        ...

    async def purge(self, before: float) -> bool:
        """Remove for good some of what was thrown away before a time; return whether to go on."""
        ...

    async def live_elsewhere(self) -> frozenset[ConversationId]:
        """Return the conversations in which another process is writing an answer."""
        ...

    async def latest(self) -> Conversation | None:
        """Return the conversation that was last written in, or None."""
        ...

    async def find(self, prefix: str) -> tuple[ConversationId, ...]:
        """Return the ids that start with `prefix`, at most ten."""
        ...

    async def conversation_ids(self) -> tuple[ConversationId, ...]:
        """Return the ids of all conversations outside the trash, the oldest first."""
        ...


class MessageTree(Protocol):
    """The messages of conversations, in all their branches."""

    async def messages(self, conversation_id: ConversationId) -> tuple[Message, ...]:
        """Return all messages of a conversation, every branch, in the order they were stored."""
        ...

    async def branch(
        self, conversation_id: ConversationId, *, last: int, since: MessageId | None = None
    ) -> Branch | None:
        """Return the branch that is shown, perhaps only some of it; None where there is no conversation.

        Args:
            conversation_id: Which conversation.
            last: How many messages of its end are read at least.
            since: A message, of this branch or another, from which on as many are read as well; where the
                branch does not have it, from the one that is nearest above it.
        """
        ...

    async def told_branch(
        self, conversation_id: ConversationId, leaf: MessageId | None, *, characters: int
    ) -> tuple[Message | MessageHead, ...]:
        """Return a branch as a model is told it: of what is too old to be told, no words are read.

        Args:
            conversation_id: The conversation.
            leaf: Where the branch ends.
            characters: How much is read at least, from the end; what is pinned is read besides.
        """
        ...

    async def some_messages(
        self, conversation_id: ConversationId, ids: Sequence[MessageId], after: MessageId | None
    ) -> tuple[Message, ...]:
        """Return messages that follow each other on a branch; those that are not there are left out.

        Args:
            conversation_id: The conversation that they are in.
            ids: Which messages, the first first.
            after: The message before the first; None where there is none.
        """
        ...

    async def add_messages(self, messages: Sequence[Message], *, sent: MessageId | None = None) -> None:
        """Store new messages in one transaction.

        The last one becomes its conversation's active leaf, its time the conversation's
        `updated_at`. Messages with status `streaming` are owned by this process. `sent` is the message
        that waited, which these are made of: it waits no longer.

        Raises:
            NoLongerQueued: `sent` did not wait any more. Nothing was stored.
            WrittenElsewhere: another process is writing an answer in the conversation. Nothing was
                stored.
        """
        ...

    async def delete_messages(
        self, conversation_id: ConversationId, ids: Set[MessageId], now: float
    ) -> Deletion:
        """Delete messages so that they can be restored; what follows them stays.

        Raises:
            BadRequest: one of them is being written.
        """
        ...

    async def restore_messages(self, deletion: Deletion) -> None:
        """Put messages back where they were before they were deleted, and show them again.

        What is shown stays if another branch was chosen since, or something was said.
        """
        ...

    async def pin_message(self, message_id: MessageId, *, pinned: bool) -> None:
        """Keep a message in what the model is told, or no longer."""
        ...

    async def reopen(self, message_id: MessageId) -> None:
        """Make an ended answer `streaming` again, owned by this process, to be continued."""
        ...

    async def checkpoint(self, message_id: MessageId, content: str, thinking: str) -> None:
        """Store how far a streaming message got."""
        ...

    async def finish(self, message: Message, *, unread: bool) -> None:
        """Store the end state of a streaming message, and whether the conversation is unread."""
        ...

    async def recover(self) -> int:
        """Mark streaming messages of dead processes as interrupted; return how many.

        Messages that waited behind them go back into their conversations' drafts.
        """
        ...


class MessageQueue(Protocol):
    """Messages that wait until an answer has ended."""

    async def enqueue(self, queued: QueuedMessage) -> None:
        """Store a message that waits."""
        ...

    async def dequeue(self, queued_id: MessageId) -> None:
        """Remove a message that no longer waits."""
        ...

    async def change_queued(
        self, queued_id: MessageId, content: str, attachments: Sequence[Attachment] | None = None
    ) -> None:
        """Replace the text of a message that waits, and what goes along; None leaves that as it is.

        Raises:
            NoLongerQueued: it does not wait any more.
        """
        ...

    async def queued(self, conversation_id: ConversationId) -> tuple[QueuedMessage, ...]:
        """Return the messages that wait in a conversation, first come first."""
        ...


class DraftStore(Protocol):
    """What is written and not sent."""

    async def draft(self, conversation_id: ConversationId | None) -> str:
        """Return the unsent text of a conversation; None is the conversation not yet begun."""
        ...

    async def save_draft(self, conversation_id: ConversationId | None, text: str) -> None:
        """Store the unsent text of a conversation."""
        ...

    async def draft_attachments(self, conversation_id: ConversationId | None) -> tuple[Attachment, ...]:
        """Return what is attached to the unsent text of a conversation; None is the one not yet begun."""
        ...

    async def save_draft_attachments(
        self, conversation_id: ConversationId | None, attachments: Sequence[Attachment]
    ) -> None:
        """Store what is attached to the unsent text of a conversation, in this order."""
        ...


class AttachmentStore(Protocol):
    """The bytes of what is sent along."""

    async def add_attachment(self, data: bytes, attachment: Attachment) -> None:
        """Store the bytes of an attachment under their digest, once."""
        ...

    async def attachment_data(self, digest: str) -> bytes | None:
        """Return the bytes of an attachment, or None."""
        ...


class MemoryStore(Protocol):
    """What helps to fit conversations into context windows."""

    async def summaries(self, conversation_id: ConversationId) -> tuple[Summary, ...]:
        """Return the summaries of a conversation, in the order in which they were made."""
        ...

    async def save_summary(self, summary: Summary) -> None:
        """Store a summary, in place of the one with its id if there is one."""
        ...

    async def delete_summary(self, summary_id: str) -> None:
        """Delete a summary, if it is there."""
        ...

    async def calibration(self, model: str) -> str | None:
        """Return what is stored of how a model counts tokens, or None."""
        ...

    async def change_calibration(self, model: str, change: Callable[[str | None], str]) -> str:
        """Store what `change` makes of what is stored of how a model counts, and return it.

        No other process changes it meanwhile. `change` runs on another thread.
        """
        ...


class TransferStore(Protocol):
    """Whole conversations, as they are exported and imported."""

    async def take_in(self, conversations: Sequence[WholeConversation]) -> tuple[Taken, ...]:
        """Store conversations in one transaction, each of them whole or not at all.

        Every field is stored as it is. A conversation is there if its id is, or its origin: then it gets
        the messages that it does not have.
        """
        ...

    async def give_back(self, taken: Sequence[Taken], now: float) -> None:
        """Undo that conversations were taken in; what has been touched since is kept in the trash."""
        ...


class ConversationSearch(Protocol):
    """Full-text search."""

    async def search(
        self,
        query: SearchQuery | str,
        *,
        limit: int = 50,
        mark: SearchMark = ...,
        known: Set[MessageId] = ...,
    ) -> SearchPage:
        """Go on with a search for a while, from its beginning or from where a page said.

        Messages in `known` were found before. Query text is words to find, never FTS5 syntax. Cancelling
        the caller interrupts the search.
        """
        ...


class StoreFile(Protocol):
    """What holds all of that, and who has changed it."""

    async def aclose(self) -> None:
        """Wait for every write and close the file."""
        ...

    async def beside(self) -> "ConversationStore":
        """Return an empty store that is nowhere but in memory."""
        ...

    def stamp(self) -> tuple[int, int]:
        """Return a time in nanoseconds and a number, one of which differs after every change by anybody.

        Two changes at nearly the same time may leave the same.
        """
        ...

    async def data_version(self) -> int:
        """Return a number that changes when another process has changed something."""
        ...


class ConversationStore(
    ConversationShelf,
    MessageTree,
    MessageQueue,
    DraftStore,
    AttachmentStore,
    MemoryStore,
    TransferStore,
    ConversationSearch,
    StoreFile,
    Protocol,
):
    """All of it."""
