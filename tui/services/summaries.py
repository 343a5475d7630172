"""Summaries of what no longer fits: made by the model before they are needed, kept and changed by hand."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import Final
from uuid import uuid4

from tui.domain.context import ContextPlan
from tui.domain.conversation import (
    ContextPolicy,
    Conversation,
    ConversationId,
    Message,
    MessageId,
    MessageStatus,
    Role,
    Summary,
    active_path,
)
from tui.domain.errors import BadRequest, ServerFailed, TuiError
from tui.domain.events import (
    ContextChanged,
    ConversationsChanged,
    Event,
    GenerationFinished,
    GenerationStarted,
)
from tui.domain.generation import ChatMessage, ChatRequest, Options
from tui.domain.planning import tellable
from tui.domain.ports import ChatBackend, Clock
from tui.domain.store import ConversationStore
from tui.services.context import ContextService
from tui.services.events import EventBus
from tui.services.undo import UndoService

_SOON: Final = 0.75
"""How full the room for a request is when its oldest part is condensed: it is to be done when needed."""

_KEEP: Final = 0.5
"""The part of the window whose messages stay as they are."""

_WORTH: Final = 0.2
"""The part of the window that is worth a new summary while nothing is left out without one."""

_LENGTH: Final = 400
_LENGTH_SHARE: Final = 8
"""Tokens of a summary at most, and the part of the window that it may take."""

_LEAST: Final = 200
"""Characters of a message that are shown to the model in any case."""

_ASK: Final = (
    "Condense the conversation below into a summary that lets you go on with it. Keep facts, names, numbers, "
    "decisions, open questions and what the user wants; leave out courtesies. Write in the language of the "
    "conversation, as short notes, at most {words} words, and nothing but the summary."
)
_EARLIER: Final = "Summary of what came before:\n{summary}"
_THOUGHT: Final = re.compile(r"<think>.*?(?:</think>|$)", re.DOTALL)
_SPEAKERS: Final = {Role.USER: "User", Role.ASSISTANT: "Assistant", Role.SYSTEM: "System", Role.TOOL: "Tool"}


@dataclass(frozen=True, slots=True)
class _Job:
    """Messages to be condensed."""

    conversation: Conversation
    messages: tuple[Message, ...]
    """What is condensed, oldest first; the summary stands for everything up to the last of them."""
    earlier: Summary | None
    """What stands for the messages before them."""
    window: int


class SummaryService:
    """Condenses the oldest part of conversations whose policy it is, whenever no answer is being written.

    A server answers one request at a time: a summary that is being made is given up at once when an answer
    begins, and made later. Until then the oldest messages are left out.
    """

    def __init__(
        self,
        *,
        store: ConversationStore,
        context: ContextService,
        backend: Callable[[ConversationId], Awaitable[ChatBackend]],
        bus: EventBus,
        clock: Clock,
        undo: UndoService,
        busy: Callable[[], bool],
    ) -> None:
        """Make a service that does nothing by itself until it is started.

        Args:
            store: Where summaries live.
            context: Says what does not fit.
            backend: Returns what answers in a conversation.
            bus: Tells of answers, and is told of summaries.
            clock: Dates summaries.
            undo: Told how to take back what is done by hand.
            busy: An answer is being written, or something waits to be answered.
        """
        self._store = store
        self._context = context
        self._backend = backend
        self._bus = bus
        self._clock = clock
        self._undo = undo
        self._busy = busy
        self._waiting: dict[ConversationId, None] = {}
        self._deaf: Callable[[], None] | None = None
        self._making: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen for answers."""
        self._deaf = self._bus.listen(self._heard)

    async def aclose(self) -> None:
        """Give up what is being made."""
        if self._deaf is not None:
            self._deaf()
        if self._making is not None:
            self._making.cancel()
            await asyncio.gather(self._making, return_exceptions=True)

    async def of(self, conversation_id: ConversationId) -> tuple[Summary, ...]:
        """Return the summaries of a conversation, in the order in which they were made.

        Raises:
            StoreUnavailable: they cannot be read.
        """
        return await self._store.summaries(conversation_id)

    async def make(self, conversation_id: ConversationId) -> Summary | None:
        """Condense now what would soon be left out; None when nothing would.

        Raises:
            TuiError: the model did not answer, or the store cannot be written.
        """
        conversation = await self._store.conversation(conversation_id)
        job = await self._job(conversation, soon=False) if conversation is not None else None
        return await self._made(job) if job is not None else None

    async def regenerate(self, summary: Summary) -> Summary:
        """Have a summary made again from the messages that it stands for; it can be undone.

        Raises:
            BadRequest: those messages are gone.
            TuiError: the model did not answer, or the store cannot be written.
        """
        conversation = await self._store.conversation(summary.conversation_id)
        messages = tellable(active_path(await self._store.messages(summary.conversation_id), summary.upto))
        if conversation is None or not messages:
            raise BadRequest("The messages that this summary stands for are no longer there.")
        earlier, rest = _after_summary(
            messages,
            [each for each in await self.of(summary.conversation_id) if each.upto != summary.upto],
        )
        window = self._context.windows.window(conversation).tokens
        content = await self._condensed(_Job(conversation, rest, earlier, window))
        changed = replace(
            summary,
            content=content,
            model=conversation.model,
            by_user=False,
            created_at=self._clock.now(),
        )
        await self._replace(summary, changed, "made a summary anew")
        return changed

    async def edit(self, summary: Summary, content: str) -> Summary:
        """Replace the text of a summary; it can be undone.

        Raises:
            BadRequest: there is nothing in it.
            StoreUnavailable: the store cannot be written.
        """
        if not content.strip():
            raise BadRequest("A summary cannot be empty.", "Delete it to send nothing in its place.")
        changed = replace(summary, content=content.strip(), by_user=True)
        await self._replace(summary, changed, "changed a summary")
        return changed

    async def delete(self, summary: Summary) -> str:
        """Delete a summary; return what was done, for people. It can be undone.

        Raises:
            StoreUnavailable: the store cannot be written.
        """
        await self._store.delete_summary(summary.id)
        self._bus.publish(ContextChanged(summary.conversation_id))
        self._undo.push("deleted a summary", lambda: self._save(summary), summary.conversation_id)
        return "deleted a summary"

    async def _replace(self, old: Summary, new: Summary, what: str) -> None:
        await self._save(new)
        self._undo.push(what, lambda: self._save(old), old.conversation_id)

    async def _save(self, summary: Summary) -> None:
        await self._store.save_summary(summary)
        self._bus.publish(ContextChanged(summary.conversation_id))

    def _heard(self, event: Event) -> None:
        if isinstance(event, GenerationStarted):
            if self._making is not None:
                self._making.cancel()
        elif isinstance(event, GenerationFinished):
            if event.answer.status in (MessageStatus.COMPLETE, MessageStatus.STOPPED):
                self._waiting[event.conversation_id] = None
        elif not isinstance(event, ConversationsChanged):
            return
        elif event.conversation_id is not None and not self._busy():
            # Its policy may have become this one.
            self._waiting.setdefault(event.conversation_id, None)
        # The end of an answer is told before its conversation is free again, which is told as a change.
        if self._waiting and not self._busy() and (self._making is None or self._making.done()):
            self._making = asyncio.create_task(self._make_all(), name="make summaries")

    async def _make_all(self) -> None:
        while self._waiting and not self._busy():
            conversation_id = next(iter(self._waiting))
            # On an error the oldest messages are left out, which is shown.
            with suppress(TuiError):
                conversation = await self._store.conversation(conversation_id)
                if conversation is not None and conversation.policy is ContextPolicy.SUMMARISE:
                    while (job := await self._job(conversation, soon=True)) is not None:
                        await self._made(job)
            self._waiting.pop(conversation_id, None)

    async def _job(self, conversation: Conversation, *, soon: bool) -> _Job | None:
        """Return what is to be condensed next; None while there is room, or nothing more to condense."""
        plan = await self._context.plan(conversation)
        if soon and not _fills(plan):
            return None
        leaving = set((await self._context.plan(conversation, share=_KEEP)).left_out)
        messages = await self._store.messages(conversation.id)
        path = tellable(active_path(messages, conversation.active_leaf))
        summaries = await self.of(conversation.id)
        earlier, rest = _after_summary(path, summaries)
        # However long the latest exchange is, it stays as it is while the window holds it.
        leaving -= _latest(path) - set(plan.left_out)
        rest = tuple(message for message in rest if message.id in leaving)
        if soon and not {message.id for message in rest} & set(plan.left_out):
            worth = await self._context.characters(conversation, round(_WORTH * plan.window.tokens))
            if sum(len(message.content) for message in rest) < worth:
                return None
        return _Job(conversation, rest, earlier, plan.window.tokens) if rest else None

    async def _made(self, job: _Job) -> Summary:
        """Have a summary made, and store it."""
        job = await self._fitting(job)
        summary = Summary(
            id=uuid4().hex,
            conversation_id=job.conversation.id,
            upto=job.messages[-1].id,
            content=await self._condensed(job),
            created_at=self._clock.now(),
            model=job.conversation.model,
        )
        await self._save(summary)
        return summary

    async def _fitting(self, job: _Job) -> _Job:
        """Return as much of a job as one request can hold, ending where a unit does."""
        room = await self._context.characters(job.conversation, job.window - _length(job.window))
        taken, length = 0, len(job.earlier.content) if job.earlier else 0
        for index, message in enumerate(job.messages):
            length += len(message.content) + 12
            if length > room and taken:
                break
            following = job.messages[index + 1] if index + 1 < len(job.messages) else None
            if following is None or following.role is Role.USER:
                taken = index + 1
        return replace(job, messages=job.messages[: taken or len(job.messages)])

    async def _condensed(self, job: _Job) -> str:
        """Return what the model makes of messages.

        Raises:
            TuiError: it did not answer.
        """
        length = _length(job.window)
        room = await self._context.characters(job.conversation, job.window - length)
        thinks = any(message.thinking for message in job.messages)
        request = ChatRequest(
            model=job.conversation.model,
            messages=(
                ChatMessage(Role.SYSTEM, _ASK.format(words=round(length * 0.6))),
                ChatMessage(Role.USER, _transcript(job, room)),
            ),
            # The same window as the conversation's: another would load the model anew.
            options=Options(temperature=0.2, num_predict=length, num_ctx=job.conversation.options.num_ctx),
            think="off" if thinks else None,
            keep_alive=job.conversation.keep_alive or None,
            exact=True,
        )
        parts: list[str] = []
        backend = await self._backend(job.conversation.id)
        async with aclosing(backend.chat(request)) as deltas:
            async for delta in deltas:
                parts.append(delta.content)
                if len(parts) > 2 * length:
                    break
        content = _THOUGHT.sub("", "".join(parts)).strip()
        if not content:
            raise ServerFailed("The model made no summary.", "Try again, or write it by hand.")
        return content


def _fills(plan: ContextPlan) -> bool:
    """Return whether what is sent is close to what the window has room for, or beyond."""
    room = plan.window.tokens - plan.parts.answer - plan.parts.margin
    return plan.trims or plan.estimate > _SOON * room


def _length(window: int) -> int:
    return max(32, min(_LENGTH, window // _LENGTH_SHARE))


def _latest(path: Sequence[Message]) -> set[MessageId]:
    """Return the last message of the user's on a branch, and what follows it."""
    asked = max((index for index, each in enumerate(path) if each.role is Role.USER), default=0)
    return {message.id for message in path[asked:]}


def _after_summary(
    path: Sequence[Message], summaries: Sequence[Summary]
) -> tuple[Summary | None, tuple[Message, ...]]:
    """Return the summary that stands for the most of a branch, and the messages after what it stands for."""
    places = {message.id: index for index, message in enumerate(path)}
    known = [
        (places[summary.upto], index) for index, summary in enumerate(summaries) if summary.upto in places
    ]
    if not known:
        return None, tuple(path)
    place, index = max(known)
    return summaries[index], tuple(path[place + 1 :])


def _transcript(job: _Job, room: int) -> str:
    """Return what is to be condensed as a text of at most about `room` characters.

    Where it is longer, long messages lose their middle.
    """
    parts = [_EARLIER.format(summary=job.earlier.content)] if job.earlier else []
    spent = sum(map(len, parts)) + 20 * len(job.messages)
    each = max(_LEAST, (room - spent) // max(len(job.messages), 1))
    spare = sum(max(0, each - len(message.content)) for message in job.messages)
    long = sum(len(message.content) > each for message in job.messages)
    limit = each + spare // max(long, 1)
    parts += [f"{_SPEAKERS[message.role]}: {_clipped(message.content, limit)}" for message in job.messages]
    return "\n\n".join(parts)


def _clipped(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    half = (limit - 5) // 2
    return f"{text[:half]} […] {text[-half:]}"
