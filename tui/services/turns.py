"""A turn of a conversation: what is stored before the model is asked, and what it is told."""

from dataclasses import dataclass, replace

from tui.domain.context import Window
from tui.domain.conversation import (
    Attachment,
    ContextPolicy,
    Conversation,
    ConversationId,
    Message,
    MessageHead,
    MessageId,
    MessageStatus,
    Role,
    active_path,
    new_message_id,
)
from tui.domain.errors import BadRequest, ContextOverflow, ConversationGone
from tui.domain.generation import ChatRequest, Options
from tui.domain.ports import Clock
from tui.domain.store import ConversationStore
from tui.services.context import Composed, ContextService


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
    composed: Composed
    """What of the conversation is in the request."""
    conversation: Conversation
    path: tuple[Message | MessageHead, ...]
    """The branch that is answered."""


class TurnService:
    """Stores turns and makes the requests for them."""

    def __init__(
        self, store: ConversationStore, clock: Clock, context: ContextService, keep_alive: str = ""
    ) -> None:
        """Make a service over a store.

        Args:
            store: Where messages live.
            clock: Dates messages.
            context: Says what of a conversation is sent.
            keep_alive: How long models stay loaded, where a conversation does not say.
        """
        self._store = store
        self._context = context
        self._clock = clock
        self._keep_alive = keep_alive

    async def prepare(self, conversation_id: ConversationId, job: Job) -> Turn:
        """Commit what `job` adds to a conversation, and return what is to be sent.

        Raises:
            StoreUnavailable: nothing was stored, and nothing must be sent.
            WrittenElsewhere: another window is writing an answer in the conversation.
            NoLongerQueued: the message that waited was sent or taken back meanwhile.
            BadRequest: the message that `job` names cannot be answered or continued.
            ContextQuestion: something would be left out that must not be without asking; nothing was
                stored.
        """
        conversation = await self._store.conversation(conversation_id)
        if conversation is None:
            raise ConversationGone("This conversation was deleted.", "Begin a new one with Ctrl+N.")
        if isinstance(job, Ask):
            path = await self._context.branch(conversation)
            return await self._asked(conversation, path, job)
        messages = await self._store.messages(conversation_id)
        match job:
            case Edit():
                asked = _question_in(messages, job.message_id)
                path = active_path(messages, asked.parent_id)
                files = asked.attachments if job.attachments is None else job.attachments
                return await self._asked(conversation, path, Ask(job.content, files))
            case Regenerate():
                old = _answer_in(messages, job.answer_id)
                path = active_path(messages, old.parent_id)
                composed = await self._composed(conversation, path)
                answer = self._empty_answer(conversation, old.parent_id, self._clock.now())
                await self._store.add_messages((answer,))
                return self._turn(None, answer, conversation, path, composed)
            case Continue():
                old = _answer_in(messages, job.answer_id)
                if old.status is MessageStatus.STREAMING:
                    raise BadRequest("This answer is still being written.", "Stop it first with Esc.")
                path = active_path(messages, old.id)
                composed = await self._composed(conversation, path)
                await self._store.reopen(old.id)
                answer = replace(old, status=MessageStatus.STREAMING, error="", hint="", stop_reason="")
                return self._turn(None, answer, conversation, path, composed)

    async def _asked(
        self, conversation: Conversation, path: tuple[Message | MessageHead, ...], ask: Ask
    ) -> Turn:
        user = self._user_message(conversation, path, ask)
        path = (*path, user)
        composed = await self._composed(conversation, path)
        answer = self._empty_answer(conversation, user.id, user.created_at)
        await self._store.add_messages((user, answer), sent=ask.waited)
        return self._turn(user, answer, conversation, path, composed)

    async def shortened(self, turn: Turn, error: ContextOverflow) -> Turn:
        """Return a turn as it is to be sent after the server found it too long.

        Raises:
            ContextOverflow: there is nothing more that could be left out, or not without asking.
        """
        window = await self._context.overflowed(turn.conversation, turn.composed, error)
        composed = await self._context.compose(turn.conversation, turn.path, window=window)
        before, after = turn.composed.plan, composed.plan
        if (after.sent, after.images_left_out, after.summary) == (
            before.sent,
            before.images_left_out,
            before.summary,
        ):
            raise error
        more = {*after.left_out, *after.images_left_out} - {*before.left_out, *before.images_left_out}
        if more and turn.conversation.policy is ContextPolicy.ASK:
            # Trying again asks, by what has just been learned.
            raise error
        return self._turn(turn.user, turn.answer, turn.conversation, turn.path, composed)

    async def answered(self, turn: Turn, answer: Message) -> None:
        """Compare what the server counted with what was planned, and learn from it."""
        await self._context.answered(turn.composed, answer)

    async def _composed(
        self, conversation: Conversation, path: tuple[Message | MessageHead, ...]
    ) -> Composed:
        composed = await self._context.compose(conversation, path)
        self._context.check(conversation, composed.plan)
        return composed

    def _user_message(
        self, conversation: Conversation, path: tuple[Message | MessageHead, ...], ask: Ask
    ) -> Message:
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

    def _turn(
        self,
        user: Message | None,
        answer: Message,
        conversation: Conversation,
        path: tuple[Message | MessageHead, ...],
        composed: Composed,
    ) -> Turn:
        request = ChatRequest(
            model=conversation.model,
            messages=composed.messages,
            options=sound(conversation.options, composed.plan.window),
            think=conversation.think,
            keep_alive=conversation.keep_alive or self._keep_alive or None,
            format=conversation.answer_format,
            exact=True,
        )
        return Turn(user, answer, request, composed, conversation, path)


def sound(options: Options, window: Window) -> Options:
    """Return options that mean what they say: servers make of some values something else without a word."""
    num_ctx, num_predict = options.num_ctx, options.num_predict
    if num_ctx is not None:
        most = window.maximum or num_ctx
        num_ctx = min(num_ctx, most) if num_ctx > 0 else None
    return replace(options, num_ctx=num_ctx, num_predict=num_predict or None)


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
