"""Objects of the domain with everything that a test does not care about filled in."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from tui.domain.conversation import (
    Attachment,
    Conversation,
    ConversationId,
    Message,
    MessageId,
    MessageStatus,
    QueuedMessage,
    Role,
    new_conversation_id,
    new_message_id,
)
from tui.domain.generation import Stats
from tui.domain.store import ConversationStore
from tui.domain.whole import Taken, WholeConversation

NOW = 1_750_000_000.0
"""The time in tests: seconds since the epoch."""


async def take_in(
    store: ConversationStore,
    conversation: Conversation,
    messages: Sequence[Message],
    attachments: Mapping[str, bytes] | None = None,
    *,
    origin: str = "",
) -> Taken:
    """Store a conversation with its messages as it is."""
    whole = WholeConversation(conversation, tuple(messages), attachments or {}, origin=origin)
    (taken,) = await store.take_in([whole])
    return taken


def a_conversation(
    title: str = "Capitals", *, updated_at: float = NOW, pinned: bool = False, model: str = "llama3.2:latest"
) -> Conversation:
    """Return a conversation with an id of its own; `dataclasses.replace` sets what else matters."""
    return Conversation(
        id=new_conversation_id(),
        title=title,
        created_at=updated_at,
        updated_at=updated_at,
        model=model,
        pinned=pinned,
    )


def a_message(
    conversation: Conversation | ConversationId,
    content: str = "What is the capital of France?",
    *,
    role: Role = Role.USER,
    parent: Message | MessageId | None = None,
    status: MessageStatus = MessageStatus.COMPLETE,
    created_at: float = NOW,
) -> Message:
    """Return a message with an id of its own."""
    return Message(
        id=new_message_id(),
        conversation_id=conversation.id if isinstance(conversation, Conversation) else conversation,
        parent_id=parent.id if isinstance(parent, Message) else parent,
        role=role,
        content=content,
        created_at=created_at,
        status=status,
    )


def an_answer(
    conversation: Conversation | ConversationId,
    content: str = "Paris.",
    *,
    parent: Message | MessageId | None = None,
    status: MessageStatus = MessageStatus.COMPLETE,
    created_at: float = NOW + 1,
    model: str = "llama3.2:latest",
) -> Message:
    """Return an assistant's message with an id of its own."""
    message = a_message(
        conversation, content, role=Role.ASSISTANT, parent=parent, status=status, created_at=created_at
    )
    return replace(message, model=model)


def ended(answer: Message, content: str, status: MessageStatus = MessageStatus.COMPLETE) -> Message:
    """Return `answer` as it is when it has ended."""
    return replace(
        answer,
        content=content,
        status=status,
        stop_reason="stop",
        stats=Stats(prompt_tokens=20, answer_tokens=10, total_seconds=1.0, answer_seconds=0.5),
        finished_at=answer.created_at + 1,
    )


def an_exchange(
    conversation: Conversation | ConversationId,
    question: str = "What is the capital of France?",
    answer: str = "Paris.",
    *,
    parent: Message | MessageId | None = None,
) -> tuple[Message, Message]:
    """Return a question and its answer."""
    asked = a_message(conversation, question, parent=parent)
    return asked, an_answer(conversation, answer, parent=asked)


def a_queued_message(
    conversation: Conversation | ConversationId, content: str = "And of Italy?", *, created_at: float = NOW
) -> QueuedMessage:
    """Return a message that waits."""
    return QueuedMessage(
        id=new_message_id(),
        conversation_id=conversation.id if isinstance(conversation, Conversation) else conversation,
        content=content,
        created_at=created_at,
    )


def an_attachment(data: bytes = b"\x89PNG picture", name: str = "map.png") -> Attachment:
    """Return the description of an image file with these bytes."""
    return Attachment(
        digest=sha256(data).hexdigest(),
        name=name,
        media_type="image/png",
        size=len(data),
        width=640,
        height=480,
    )
