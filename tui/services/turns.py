"""A turn of a conversation: what is stored before the model is asked, and what it is told."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from tui.domain.conversation import (
    Attachment,
    Conversation,
    ConversationId,
    Message,
    MessageId,
    MessageStatus,
    Role,
    active_path,
    new_message_id,
    sent_history,
)
from tui.domain.errors import BadRequest, ConversationGone
from tui.domain.generation import ChatMessage, ChatRequest
from tui.domain.ports import Clock, ConversationStore
from tui.services.told import Teller


@dataclass(frozen=True, slots=True)
class Ask:
    """A message of the user's to be answered."""

    content: str
    attachments: tuple[Attachment, ...] = ()
    waited: MessageId | None = None
    """The message that waited, if it did: it waits no longer once the turn is stored."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A message of the user's to be asked in other words, beside the one that is there."""

    message_id: MessageId
    content: str
    attachments: tuple[Attachment, ...] | None = None
    """What goes along; None for what the other message was sent with."""


@dataclass(frozen=True, slots=True)
class Regenerate:
    """An answer to be written again, beside the one that is there."""

    answer_id: MessageId


@dataclass(frozen=True, slots=True)
class Continue:
    """A cut answer to be gone on with."""

    answer_id: MessageId


Job = Ask | Edit | Regenerate | Continue
"""What a generation is asked to do."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that is in the store and ready to be sent."""

    user: Message | None
    """The new message of the user's, if there is one."""
    answer: Message
    """The answer to be written; its content is what is there already."""
    request: ChatRequest


class TurnService:
    """Stores turns and makes the requests for them."""

    def __init__(
        self,
        store: ConversationStore,
        clock: Clock,
        keep_alive: str = "",
        sees: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._store = store
        self._teller = Teller(store, sees)
        self._clock = clock
        self._keep_alive = keep_alive or None

    async def prepare(self, conversation_id: ConversationId, job: Job) -> Turn:
        """Commit what `job` adds to a conversation, and return what is to be sent.

        Raises:
            StoreUnavailable: nothing was stored, and nothing must be sent.
            WrittenElsewhere: another window is writing an answer in the conversation.
            NoLongerQueued: the message that waited was sent or taken back meanwhile.
            BadRequest: the message that `job` names cannot be answered or continued.
        """
        conversation = await self._store.conversation(conversation_id)
        if conversation is None:
            raise ConversationGone("This conversation was deleted.", "Begin a new one with Ctrl+N.")
        messages = await self._store.messages(conversation_id)
        match job:
            case Ask():
                path = active_path(messages, conversation.active_leaf)
                return await self._asked(conversation, path, job)
            case Edit():
                asked = _question_in(messages, job.message_id)
                path = active_path(messages, asked.parent_id)
                files = asked.attachments if job.attachments is None else job.attachments
                return await self._asked(conversation, path, Ask(job.content, files))
            case Regenerate():
                old = _answer_in(messages, job.answer_id)
                path = active_path(messages, old.parent_id)
                answer = self._empty_answer(conversation, old.parent_id, self._clock.now())
                await self._store.add_messages((answer,))
                return Turn(None, answer, await self._request(conversation, path))
            case Continue():
                old = _answer_in(messages, job.answer_id)
                if old.status is MessageStatus.STREAMING:
                    raise BadRequest("This answer is still being written.", "Stop it first with Esc.")
                await self._store.reopen(old.id)
                answer = replace(old, status=MessageStatus.STREAMING, error="", hint="", stop_reason="")
                return Turn(None, answer, await self._request(conversation, active_path(messages, old.id)))

    async def _asked(self, conversation: Conversation, path: tuple[Message, ...], ask: Ask) -> Turn:
        user = self._user_message(conversation, path, ask)
        answer = self._empty_answer(conversation, user.id, user.created_at)
        await self._store.add_messages((user, answer), sent=ask.waited)
        return Turn(user, answer, await self._request(conversation, (*path, user)))

    def _user_message(self, conversation: Conversation, path: tuple[Message, ...], ask: Ask) -> Message:
        return Message(
            id=new_message_id(),
            conversation_id=conversation.id,
            parent_id=path[-1].id if path else None,
            role=Role.USER,
            content=ask.content,
            created_at=self._clock.now(),
            attachments=ask.attachments,
        )

    def _empty_answer(
        self, conversation: Conversation, parent_id: MessageId | None, created_at: float
    ) -> Message:
        return Message(
            id=new_message_id(),
            conversation_id=conversation.id,
            parent_id=parent_id,
            role=Role.ASSISTANT,
            content="",
            created_at=created_at,
            status=MessageStatus.STREAMING,
            model=conversation.model,
        )

    async def _request(self, conversation: Conversation, path: tuple[Message, ...]) -> ChatRequest:
        told: list[ChatMessage] = []
        for role, message in sent_history(path, conversation.system):
            if isinstance(message, str):
                told.append(ChatMessage(role, message))
            else:
                told.append(await self._teller.told(message, conversation.model))
        return ChatRequest(
            model=conversation.model,
            messages=tuple(told),
            options=conversation.options,
            think=conversation.think,
            keep_alive=conversation.keep_alive or self._keep_alive,
            format=conversation.answer_format,
        )


def _answer_in(messages: tuple[Message, ...], message_id: MessageId) -> Message:
    for message in messages:
        if message.id == message_id and message.role is Role.ASSISTANT:
            return message
    raise BadRequest("This answer is no longer there.")


def _question_in(messages: tuple[Message, ...], message_id: MessageId) -> Message:
    for message in messages:
        if message.id == message_id and message.role is Role.USER:
            return message
    raise BadRequest("This message is no longer there.")
