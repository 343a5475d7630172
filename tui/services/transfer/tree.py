"""From messages as another program kept them to a conversation of ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from typing import Final

from tui.domain.conversation import (
    UNTITLED,
    Attachment,
    Conversation,
    ConversationId,
    Message,
    MessageId,
    MessageStatus,
    Role,
    title_from,
)
from tui.domain.generation import Options, Stats, Think
from tui.domain.text import sanitize_line
from tui.domain.whole import WholeConversation
from tui.services.transfer.found import BadConversation

ROLES: Final[Mapping[str, Role]] = {
    "user": Role.USER,
    "human": Role.USER,
    "me": Role.USER,
    "assistant": Role.ASSISTANT,
    "ai": Role.ASSISTANT,
    "ollama": Role.ASSISTANT,
    "system": Role.SYSTEM,
    "tool": Role.TOOL,
}
"""What other programs call the roles."""

_MOST_TITLE: Final = 200


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that goes with a message."""

    name: str
    media_type: str
    data: bytes


@dataclass(slots=True)
class Node:
    """A message of another program."""

    key: str
    """What names it there."""
    parent: str | None
    """The key of the message it follows."""
    role: Role = Role.ASSISTANT
    content: str = ""
    created_at: float | None = None
    """Seconds since the epoch; None takes that of the message before it."""
    thinking: str = ""
    model: str = ""
    status: MessageStatus = MessageStatus.COMPLETE
    stop_reason: str = ""
    stats: Stats = field(default_factory=Stats)
    error: str = ""
    tool_calls: str = ""
    tool_name: str = ""
    pictures: tuple[Picture, ...] = ()
    kept: bool = True
    """False for what only holds the tree together; its thinking goes to what follows it."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a conversation of another program is, beside its messages."""

    origin: str
    title: str = ""
    created_at: float | None = None
    updated_at: float | None = None
    leaf: str | None = None
    """The key of the last message of the branch that is shown; None takes the newest branch."""
    model: str = ""
    system: str = ""
    options: Options = field(default_factory=Options)
    pinned: bool = False
    tags: tuple[str, ...] = ()
    think: Think | None = None
    keep_alive: str = ""
    answer_format: str = ""


def place_key(place: int, role: Role, content: str) -> str:
    """Return a key for a message that has none but its place.

    It is another one where something else stands there, so that what was changed there since comes in as
    a branch of its own.
    """
    told = f"{role.value}\0{content}".encode("utf-8", "surrogatepass")
    return f"{place}:{sha256(told).hexdigest()[:16]}"


def chained(nodes: Sequence[Node]) -> None:
    """Let each message follow the one before it."""
    for before, node in pairwise(nodes):
        node.parent = before.key


def build(frame: Frame, nodes: Sequence[Node], now: float) -> WholeConversation:
    """Return the conversation that `nodes` are, with ids of our own.

    Raises:
        BadConversation: They are no tree, or there is nothing in them.
    """
    try:
        ordered = _in_order(nodes)
        _keep_lone_thoughts(ordered)
        return _conversation(frame, ordered, now)
    except BadConversation as error:
        error.title = error.title or sanitize_line(frame.title, _MOST_TITLE)
        raise


def _in_order(nodes: Sequence[Node]) -> list[Node]:
    """Return the nodes with each one behind its parent, siblings in the order in which they came."""
    known: set[str] = set()
    for node in nodes:
        if node.key in known:
            raise BadConversation(f"two messages have the id {_shown(node.key)}")
        known.add(node.key)
    children: dict[str | None, list[Node]] = {}
    for node in nodes:
        if node.parent is not None and node.parent not in known:
            raise BadConversation(
                f"the message {_shown(node.key)} follows {_shown(node.parent)}, which is not there"
            )
        children.setdefault(node.parent, []).append(node)
    ordered: list[Node] = []
    waiting = list(reversed(children.get(None, ())))
    while waiting:
        node = waiting.pop()
        ordered.append(node)
        waiting.extend(reversed(children.get(node.key, ())))
    if len(ordered) < len(nodes):
        reached = {node.key for node in ordered}
        lost = next(node for node in nodes if node.key not in reached)
        raise BadConversation(f"the message {_shown(lost.key)} follows itself in a circle")
    return ordered


def _keep_lone_thoughts(ordered: Sequence[Node]) -> None:
    """Keep thinking that no answer follows: there is nothing that it could go to."""
    answered: set[str | None] = set()
    for node in reversed(ordered):
        if node.thinking and node.key not in answered:
            node.kept = True
        if (node.kept and node.role is Role.ASSISTANT) or (not node.kept and node.key in answered):
            answered.add(node.parent)


def _conversation(frame: Frame, ordered: Sequence[Node], now: float) -> WholeConversation:
    conversation_id = ConversationId(_identity(frame.origin))
    start = frame.created_at or frame.updated_at or now
    messages: list[Message] = []
    attachments: dict[str, bytes] = {}
    # For each key: the message that stands for it, its time, and thinking that waits for an answer.
    stands: dict[str | None, tuple[MessageId | None, float, str]] = {None: (None, start, "")}
    for node in ordered:
        parent_id, before, waiting = stands[node.parent]
        thinking = "\n\n".join(part for part in (waiting, node.thinking) if part)
        at = node.created_at if node.created_at is not None else before
        if not node.kept:
            stands[node.key] = (parent_id, at, thinking)
            continue
        if node.role is not Role.ASSISTANT and thinking:
            thinking = ""
        message = Message(
            id=MessageId(_identity(frame.origin, node.key)),
            conversation_id=conversation_id,
            parent_id=parent_id,
            role=node.role,
            content=node.content,
            created_at=at,
            status=node.status,
            thinking=thinking,
            model=node.model,
            stop_reason=node.stop_reason,
            stats=node.stats,
            error=node.error,
            tool_calls=node.tool_calls,
            tool_name=node.tool_name,
            attachments=tuple(_attached(picture, attachments) for picture in node.pictures),
        )
        messages.append(message)
        stands[node.key] = (message.id, at, "")
    if not messages:
        raise BadConversation("there is no message in it")
    leaf = stands[frame.leaf][0] if frame.leaf in stands else None
    latest = max(message.created_at for message in messages)
    conversation = Conversation(
        id=conversation_id,
        title=_title(frame, messages),
        created_at=frame.created_at or min(message.created_at for message in messages),
        updated_at=frame.updated_at or latest,
        model=frame.model,
        system=frame.system,
        options=frame.options,
        active_leaf=leaf or messages[-1].id,
        title_by_user=bool(frame.title.strip()),
        pinned=frame.pinned,
        tags=frame.tags,
        think=frame.think,
        keep_alive=frame.keep_alive,
        answer_format=frame.answer_format,
    )
    return WholeConversation(conversation, tuple(messages), attachments, origin=frame.origin)


def _identity(origin: str, key: str = "") -> str:
    """Return an id that is the same whenever the same is imported, so that it is known again."""
    return sha256(f"{origin}\0{key}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _title(frame: Frame, messages: Sequence[Message]) -> str:
    first = next((message.content for message in messages if message.role is Role.USER), "")
    return sanitize_line(frame.title, _MOST_TITLE) or sanitize_line(title_from(first)) or UNTITLED


def _attached(picture: Picture, attachments: dict[str, bytes]) -> Attachment:
    digest = sha256(picture.data).hexdigest()
    attachments[digest] = picture.data
    return Attachment(digest, picture.name, picture.media_type, len(picture.data))


def _shown(key: str) -> str:
    return f"“{sanitize_line(key, 60)}”"
