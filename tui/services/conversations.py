"""Saved conversations: begin, open, find, change."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from tui.domain.conversation import (
    UNTITLED,
    Attachment,
    Conversation,
    ConversationId,
    Message,
    MessageId,
    QueuedMessage,
    SearchHit,
    active_path,
    branches_of,
    new_conversation_id,
    newest_leaf,
    sibling_leaf,
    title_from,
)
from tui.domain.errors import BadRequest
from tui.domain.events import ConversationsChanged
from tui.domain.generation import Think
from tui.domain.ports import Clock
from tui.domain.search import SearchMark, SearchQuery, parse_query
from tui.domain.setup import UNSET, Setup, with_setup
from tui.domain.store import ConversationStore
from tui.domain.text import sanitize_line
from tui.services.events import EventBus


@dataclass(frozen=True, slots=True)
class OpenedConversation:
    """A conversation with what is shown of it."""

    conversation: Conversation
    path: tuple[Message, ...]
    """The messages of the active branch; perhaps only some."""
    branches: Mapping[MessageId, tuple[int, int]]
    """Place and number of siblings, for the messages that have any."""
    queued: tuple[QueuedMessage, ...]
    draft: str
    files: tuple[Attachment, ...] = ()
    """What is attached to the draft."""
    above: tuple[MessageId, ...] = ()
    """The messages of the active branch before those of `path`, which have not been read."""
    between: tuple[MessageId, ...] = ()
    """Messages of the active branch that stand among those of `path`, and have not been read."""
    head: int = 0
    """How many of `path` stand before those."""


@dataclass(frozen=True, slots=True)
class FoundEverywhere:
    """What a search has found so far."""

    titles: tuple[Conversation, ...]
    """Conversations whose titles have the words."""
    hits: tuple[SearchHit, ...]
    """Messages that have them."""
    done: bool
    """There is no more to come."""


class ConversationService:
    """Reads and changes saved conversations, and tells of every change."""

    def __init__(self, store: ConversationStore, bus: EventBus, clock: Clock) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock

    async def begin(
        self, first_words: str, *, model: str, setup: Setup = UNSET, server: str = ""
    ) -> Conversation:
        """Store a new conversation, named after its first words until it has a better title."""
        now = self._clock.now()
        conversation = Conversation(
            id=new_conversation_id(),
            title=sanitize_line(title_from(first_words)),
            created_at=now,
            updated_at=now,
            model=model,
            server=server,
        )
        conversation = with_setup(conversation, setup)
        await self._store.create(conversation)
        self._bus.publish(ConversationsChanged(conversation.id))
        return conversation

    async def open(self, conversation_id: ConversationId) -> OpenedConversation:
        """Return a conversation with its active branch.

        Raises:
            BadRequest: it is no longer there.
        """
        conversation, messages, queued, draft, files = await asyncio.gather(
            self._store.conversation(conversation_id),
            self._store.messages(conversation_id),
            self._store.queued(conversation_id),
            self._store.draft(conversation_id),
            self._store.draft_attachments(conversation_id),
        )
        if conversation is None:
            raise BadRequest("This conversation is no longer there.")
        path, branches = await asyncio.to_thread(_shown, messages, conversation.active_leaf)
        return OpenedConversation(conversation, path, branches, queued, draft, files)

    async def open_end(
        self, conversation_id: ConversationId, *, last: int, since: MessageId | None = None
    ) -> OpenedConversation:
        """Return a conversation with some of its active branch; the rest of it is `read` behind that.

        Args:
            conversation_id: Which conversation.
            last: How many messages of its end are read at least.
            since: A message from which on as many are read as well; see `ConversationStore.branch`.

        Raises:
            BadRequest: it is no longer there.
        """
        branch, queued, draft, files = await asyncio.gather(
            self._store.branch(conversation_id, last=last, since=since),
            self._store.queued(conversation_id),
            self._store.draft(conversation_id),
            self._store.draft_attachments(conversation_id),
        )
        if branch is None:
            raise BadRequest("This conversation is no longer there.")
        return OpenedConversation(
            branch.conversation,
            branch.messages,
            branch.branches,
            queued,
            draft,
            files,
            branch.above,
            branch.between,
            branch.head,
        )

    async def read(
        self, conversation_id: ConversationId, ids: Sequence[MessageId], after: MessageId | None
    ) -> tuple[Message, ...]:
        """Return messages that follow each other on a branch, the first of them the message `after`."""
        return await self._store.some_messages(conversation_id, ids, after)

    async def page(self, *, query: str = "", offset: int = 0, limit: int = 200) -> tuple[Conversation, ...]:
        """Return saved conversations as the side panel lists them.

        Args:
            query: Words in titles or messages, and perhaps `tag:`; empty for all conversations.
            offset: How many to leave out; without a query.
            limit: How many at most.
        """
        if not query.strip():
            return await self._store.conversations(offset=offset, limit=limit)
        try:
            wanted = parse_query(query)
        except BadRequest:
            wanted = SearchQuery(query)
        if wanted.is_empty:
            return await self._store.conversations(limit=limit)
        return await self._store.filtered(wanted, limit=limit)

    async def oldest(self) -> float | None:
        """Return when the conversation that rests longest was last updated; None without any."""
        return await self._store.oldest()

    async def counts(self, borders: Sequence[float]) -> tuple[int, ...]:
        """Return how many are pinned, and how many of the others lie before, between and after borders."""
        return await self._store.counts(borders)

    async def get(self, conversation_id: ConversationId) -> Conversation | None:
        """Return a conversation without its messages, or None."""
        return await self._store.conversation(conversation_id)

    async def search(self, text: str, *, limit: int = 50) -> AsyncGenerator[FoundEverywhere, None]:
        """Look for words and filters in everything; yield what is found so far.

        Raises:
            BadRequest: a filter makes no sense.
        """
        query = parse_query(text)
        if query.is_empty:
            return
        titles: tuple[Conversation, ...] = ()
        if query.words and query == SearchQuery(query.words, tag=query.tag):
            titles = await self._store.titled(query, limit=5)
        hits: tuple[SearchHit, ...] = ()
        going: SearchMark | None = SearchMark()
        while going is not None:
            known = frozenset(hit.message_id for hit in hits)
            page = await self._store.search(query, limit=limit - len(hits), mark=going, known=known)
            begins = not hits
            hits, going = (*hits, *page.hits), page.next
            if page.hits or begins or going is None:
                yield FoundEverywhere(titles, hits, done=going is None)

    async def show_message(self, conversation_id: ConversationId, message_id: MessageId) -> None:
        """Make the branch that holds a message the one that is shown."""
        messages = await self._store.messages(conversation_id)
        conversation = await self._store.conversation(conversation_id)
        leaf = conversation.active_leaf if conversation else None
        if all(message.id != message_id for message in active_path(messages, leaf)):
            await self._store.set_active_leaf(conversation_id, newest_leaf(messages, message_id))

    async def latest(self) -> Conversation | None:
        """Return the conversation that was last written in, or None."""
        return await self._store.latest()

    async def resolve(self, text: str) -> ConversationId:
        """Return the id that `text` is, or is the beginning of.

        Raises:
            BadRequest: there is no such conversation, or more than one.
        """
        found = await self._store.find(text.strip().lower())
        if not found:
            raise BadRequest(f"There is no conversation {sanitize_line(text, 40)}.")
        if len(found) > 1:
            raise BadRequest(f"{sanitize_line(text, 40)} begins the ids of several conversations.")
        return found[0]

    async def rename(self, conversation_id: ConversationId, title: str) -> None:
        """Give a conversation a title by hand."""
        clean = sanitize_line(title, 200) or UNTITLED
        await self._change(conversation_id, lambda old: replace(old, title=clean, title_by_user=True))

    async def set_model(self, conversation_id: ConversationId, model: str, server: str | None = None) -> None:
        """Let another model answer from now on, and perhaps another server.

        Args:
            conversation_id: Where.
            model: The model's name.
            server: The server's name in the settings; None keeps the one that answers there.
        """
        await self._change(
            conversation_id,
            lambda old: replace(old, model=model, server=old.server if server is None else server),
        )

    async def set_setup(self, conversation_id: ConversationId, setup: Setup) -> None:
        """Ask for its answers with other settings from now on."""
        await self._change(conversation_id, lambda old: with_setup(old, setup))

    async def set_think(self, conversation_id: ConversationId, think: Think | None) -> None:
        """Tell the model how much to think from now on; None leaves it to the model."""
        await self._change(conversation_id, lambda old: replace(old, think=think))

    async def mark_read(self, conversation_id: ConversationId) -> None:
        """Remember that its answers have been looked at."""
        conversation = await self._store.conversation(conversation_id)
        if conversation is not None and conversation.unread:
            await self._change(conversation_id, lambda old: replace(old, unread=False))

    async def step_branch(self, conversation_id: ConversationId, message_id: MessageId, step: int) -> bool:
        """Show the branch `step` places beside a message's; return whether there is one."""
        messages = await self._store.messages(conversation_id)
        leaf = await asyncio.to_thread(sibling_leaf, messages, message_id, step)
        if leaf is None:
            return False
        await self._store.set_active_leaf(conversation_id, leaf)
        return True

    async def draft(self, conversation_id: ConversationId | None) -> str:
        """Return the unsent text of a conversation; None is the one not yet begun."""
        return await self._store.draft(conversation_id)

    async def draft_files(self, conversation_id: ConversationId | None) -> tuple[Attachment, ...]:
        """Return what is attached to the unsent text of a conversation; None is the one not yet begun."""
        return await self._store.draft_attachments(conversation_id)

    async def save_draft_files(
        self, conversation_id: ConversationId | None, files: Sequence[Attachment]
    ) -> None:
        """Store what is attached to the unsent text of a conversation."""
        await self._store.save_draft_attachments(conversation_id, files)

    async def save_draft(self, conversation_id: ConversationId | None, text: str) -> None:
        """Store the unsent text of a conversation."""
        await self._store.save_draft(conversation_id, text)

    async def _change(
        self, conversation_id: ConversationId, change: Callable[[Conversation], Conversation]
    ) -> None:
        await self._store.change(conversation_id, change)
        self._bus.publish(ConversationsChanged(conversation_id))


def _shown(
    messages: tuple[Message, ...], leaf: MessageId | None
) -> tuple[tuple[Message, ...], dict[MessageId, tuple[int, int]]]:
    path = active_path(messages, leaf)
    return path, branches_of(messages, path)
