"""Conversations: a tree of messages and the path through it that is shown and sent."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple, NewType
from uuid import uuid4

from tui.domain.generation import Options, Stats, Think
from tui.domain.tree import parents_without, path_to, places_among_siblings

ConversationId = NewType("ConversationId", str)
"""A conversation's id: 32 hexadecimal digits."""

MessageId = NewType("MessageId", str)
"""A message's id: 32 hexadecimal digits."""

UNTITLED = "New conversation"
"""What a conversation is called until it has a title."""


def new_conversation_id() -> ConversationId:
    """Return an id that no conversation has."""
    return ConversationId(uuid4().hex)


def new_message_id() -> MessageId:
    """Return an id that no message has."""
    return MessageId(uuid4().hex)


class Role(StrEnum):
    """Who a message is from, in the words of the Ollama API."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class MessageStatus(StrEnum):
    """How far a message got."""

    COMPLETE = "complete"
    """All of it is there: the server said `done`."""
    STREAMING = "streaming"
    """It is being written by the process that owns it."""
    STOPPED = "stopped"
    """The user stopped it; what had arrived is kept."""
    FAILED = "failed"
    """The server refused or reported an error; `Message.error` says which."""
    INTERRUPTED = "interrupted"
    """It was cut by a crash, a lost server or a shutdown; what had arrived is kept."""


class ContextPolicy(StrEnum):
    """What leaves first when a conversation is longer than the model's context window."""

    DROP_OLDEST = "drop_oldest"
    """The oldest messages are no longer sent."""
    SUMMARISE = "summarise"
    """A summary made by the model is sent in place of the oldest messages."""
    ASK = "ask"
    """Nothing leaves without being asked about."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file sent along with a message; its bytes live in the store under their hash."""

    digest: str
    """SHA-256 of the bytes, hexadecimal."""
    name: str
    """The file name as the user knew it. From outside: never opened, shown sanitised."""
    media_type: str
    """For example `image/png`."""
    size: int
    """Bytes."""
    width: int | None = None
    """Pixels, for an image."""
    height: int | None = None
    """Pixels, for an image."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    id: MessageId
    conversation_id: ConversationId
    parent_id: MessageId | None
    """The message it follows; siblings with the same parent are branches."""
    role: Role
    content: str
    created_at: float
    """Seconds since the epoch."""
    status: MessageStatus = MessageStatus.COMPLETE
    thinking: str = ""
    model: str = ""
    """The model that answered; empty for the user's messages."""
    stop_reason: str = ""
    """The server's `done_reason`: `stop`, `length`, …; empty when there was none."""
    stats: Stats = field(default_factory=Stats)
    error: str = ""
    """What went wrong, for people; never sent to a model."""
    hint: str = ""
    """What can be done about `error`."""
    finished_at: float | None = None
    """Seconds since the epoch."""
    tool_calls: str = ""
    """The `tool_calls` of an assistant message as a JSON array; empty for none."""
    tool_name: str = ""
    """Which tool a message of role `tool` is from."""
    attachments: tuple[Attachment, ...] = ()
    pinned: bool = False
    """It always stays in what the model is told."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A saved conversation, without its messages."""

    id: ConversationId
    title: str
    created_at: float
    """Seconds since the epoch."""
    updated_at: float
    """Seconds since the epoch of the last message."""
    model: str = ""
    """The model that answers next; empty until one is chosen."""
    system: str = ""
    """The system prompt; empty for none."""
    options: Options = field(default_factory=Options)
    think: Think | None = None
    """The thinking level; None leaves it to the model."""
    active_leaf: MessageId | None = None
    """The last message of the branch that is shown."""
    title_by_user: bool = False
    """A title set by hand is never replaced."""
    pinned: bool = False
    unread: bool = False
    """An answer ended that has not been looked at."""
    trashed_at: float | None = None
    """Seconds since the epoch; None while it is not in the trash."""
    tags: tuple[str, ...] = ()
    """Words it was tagged with, sorted."""
    server: str = ""
    """The name of the configured server that answers, or the URL of one that was named for a run; empty for
    the one that needs no name."""
    policy: ContextPolicy = ContextPolicy.DROP_OLDEST
    keep_alive: str = ""
    """How long the model stays loaded, for example `10m`; empty takes what the settings say."""
    answer_format: str = ""
    """The form of the answers: empty for any, `json`, or a JSON schema."""


class MessageHead(NamedTuple):
    """A message whose words have not been read. A tuple, for there are many of them and they go at once."""

    id: MessageId
    role: Role
    length: int
    """Characters of its content."""
    calls_tools: bool


@dataclass(frozen=True, slots=True)
class Branch:
    """The branch of a conversation that is shown, of which perhaps only some has been read."""

    conversation: Conversation
    above: tuple[MessageId, ...]
    """Its first messages, which have not been read."""
    messages: tuple[Message, ...]
    """The others, except those `between`."""
    branches: Mapping[MessageId, tuple[int, int]]
    """Place among its siblings, from 1, and their number, for each message that has any."""
    between: tuple[MessageId, ...] = ()
    """Messages that have not been read either: they stand before the end."""
    head: int = 0
    """How many of `messages` stand before those."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """Messages that were deleted, and what is needed to take that back."""

    conversation_id: ConversationId
    ids: frozenset[MessageId]
    shown_before: MessageId | None
    """The end of the branch that was shown."""
    shown_since: MessageId | None
    """The end of the branch that is shown instead."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a model is told instead of the messages of a conversation up to one of them."""

    id: str
    """32 hexadecimal digits."""
    conversation_id: ConversationId
    upto: MessageId
    """The last message that it stands for; it counts for every branch that goes through that message."""
    content: str
    created_at: float
    """Seconds since the epoch."""
    model: str = ""
    """The model that made it."""
    by_user: bool = False
    """It was written or changed by hand."""


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A message that waits until the answer before it has ended."""

    id: MessageId
    conversation_id: ConversationId
    content: str
    created_at: float
    """Seconds since the epoch."""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A message that full-text search found."""

    conversation_id: ConversationId
    conversation_title: str
    message_id: MessageId
    role: Role
    snippet: str
    """Some text around the match; matches stand between `\\x02` and `\\x03`."""
    created_at: float
    """Seconds since the epoch."""


def active_path(messages: Iterable[Message], leaf: MessageId | None) -> tuple[Message, ...]:
    """Return the branch that ends at `leaf`, first message first.

    A missing parent or a cycle (a damaged store) ends the walk instead of failing.
    """
    by_id = {message.id: message for message in messages}
    return tuple(by_id[each] for each in path_to(_parents(by_id.values()), leaf))


def title_from(text: str, limit: int = 60) -> str:
    """Return a title made of the first words of `text`, at most `limit` characters long."""
    words = text.split()
    title = ""
    for word in words:
        longer = f"{title} {word}" if title else word
        if len(longer) > limit:
            return (title or longer[: limit - 1]) + "…"
        title = longer
    return title or UNTITLED


def sent_history(path: Sequence[Message], system: str) -> tuple[tuple[Role, Message | str], ...]:
    """Return what of a branch a model is told: the system prompt, then the messages in order.

    Answers that brought nothing (refused, cut before the first token) are left out, and so is what
    went wrong: neither is part of the conversation.
    """
    history: list[tuple[Role, Message | str]] = []
    if system.strip():
        history.append((Role.SYSTEM, system))
    for message in path:
        if message.role is Role.ASSISTANT and not message.content and not message.tool_calls:
            continue
        history.append((message.role, message))
    return tuple(history)


def tags_from(text: str) -> tuple[str, ...]:
    """Return the tags in a text that has them between commas or spaces: folded, sorted, each once."""
    words = text.replace(",", " ").split()
    return tuple(sorted({word.lstrip("#").casefold()[:40] for word in words} - {""}))


def newest_leaf(messages: Iterable[Message], message_id: MessageId) -> MessageId:
    """Return where the branch through a message ends, following the newest message each time."""
    newest: dict[MessageId | None, MessageId] = {message.parent_id: message.id for message in messages}
    seen = {message_id}
    while (below := newest.get(message_id)) is not None and below not in seen:
        seen.add(below)
        message_id = below
    return message_id


def without(messages: Sequence[Message], gone: Set[MessageId]) -> tuple[Message, ...]:
    """Return messages without some; what followed those hangs on the nearest ancestor that is left."""
    parents = parents_without(_parents(messages), gone)
    return tuple(
        replace(message, parent_id=parents[message.id]) if message.parent_id in gone else message
        for message in messages
        if message.id not in gone
    )


def leaf_without(
    messages: Sequence[Message], leaf: MessageId | None, gone: Set[MessageId]
) -> MessageId | None:
    """Return which branch is shown when some messages are deleted of the one that ends at `leaf`.

    It is the same branch without them. Where its end goes, an alternative to what was there is shown, if
    there is one, otherwise the branch ends earlier.
    """
    if leaf not in gone:
        return leaf
    path = list(active_path(messages, leaf))
    last_gone = path[-1] if path else None
    while path and path[-1].id in gone:
        last_gone = path.pop()
    left = without(messages, gone)
    last = next((message.id for message in reversed(path)), None)
    if last_gone is not None:
        siblings = [message.id for message in left if message.parent_id == last]
        if siblings:
            return newest_leaf(left, siblings[-1])
    return last


def branches_of(messages: Iterable[Message], path: Sequence[Message]) -> dict[MessageId, tuple[int, int]]:
    """Return for each message of `path` that has siblings its place among them, from 1, and their number."""
    return places_among_siblings(_parents(messages), [message.id for message in path])


def _parents(messages: Iterable[Message]) -> dict[MessageId, MessageId | None]:
    return {message.id: message.parent_id for message in messages}


def sibling_leaf(messages: Sequence[Message], message_id: MessageId, step: int) -> MessageId | None:
    """Return where the branch `step` places beside a message's ends, or None when there is no such branch.

    A branch is followed to its newest message.
    """
    children: dict[MessageId | None, list[MessageId]] = {}
    parent: MessageId | None = None
    for message in messages:
        children.setdefault(message.parent_id, []).append(message.id)
        if message.id == message_id:
            parent = message.parent_id
    family = children.get(parent, [])
    if message_id not in family or not 0 <= family.index(message_id) + step < len(family):
        return None
    leaf = family[family.index(message_id) + step]
    seen = {leaf}
    while (below := children.get(leaf)) and below[-1] not in seen:
        leaf = below[-1]
        seen.add(leaf)
    return leaf
