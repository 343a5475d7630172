"""Titles made by the model, when it has nothing better to do."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import replace

from tui.domain.conversation import (
    Conversation,
    ConversationId,
    Message,
    MessageStatus,
    Role,
    title_from,
)
from tui.domain.errors import TuiError
from tui.domain.events import ConversationsChanged, Event, GenerationFinished, GenerationStarted
from tui.domain.generation import ChatMessage, ChatRequest, Options
from tui.domain.ports import ChatBackend
from tui.domain.store import ConversationStore
from tui.domain.text import sanitize_line
from tui.services.events import EventBus

_ASK = (
    "Write a title for the conversation below: at most six words, in the language of the conversation. "
    "Answer with the title alone, without quotation marks.\n\nUser: {question}\n\nAssistant: {answer}"
)
_EXAMPLES = (
    ("How do I boil an egg so that it stays soft?", "Soft-boiled eggs"),
    ("Wie lange braucht das Licht von der Sonne zur Erde?", "Licht von der Sonne"),
    ("Écris une lettre à mon voisin qui fait du bruit.", "Lettre au voisin"),
    ("¿Por qué el cielo es azul?", "El color del cielo"),
    ("Write a function in Rust that sorts a vector.", "Sorting in Rust"),
)
"""What a tiny model is shown: it follows examples where it does not follow instructions."""
_EXAMPLE = "Title for: {question}"
_EXCERPT = 600
"""Characters of each message that the model is shown: reading more would keep it busy for longer."""
_LONGEST = 60
_TOKENS = 24
_OPTIONS = Options(temperature=0.2, num_predict=_TOKENS)
_LABEL = re.compile(r"^\W*(?:title|titel|titre|título|titolo|标题|タイトル)\W*[:：]\s*", re.IGNORECASE)
_THOUGHT = re.compile(r"<think>.*?(?:</think>|$)", re.DOTALL)


def clean_title(text: str) -> str:
    """Return the title in what a model answered; empty if it has none that is fit to be shown."""
    text = _THOUGHT.sub("", text).strip()
    line = sanitize_line(next((line for line in text.splitlines() if line.strip(" #*_`\"'")), ""), 200)
    line = _LABEL.sub("", line).strip(" \t#*_`\"'“”„‚‘’«»「」『』").rstrip(".。:,;")
    if len(line) > _LONGEST:
        line = title_from(line, _LONGEST)
    return line if any(character.isalnum() for character in line) else ""


class TitleService:
    """Names conversations after their first exchange, whenever no answer is being written.

    A server answers one request at a time: a title that is being made is given up at once when an answer
    begins, and made later.
    """

    def __init__(
        self,
        *,
        store: ConversationStore,
        backend: Callable[[ConversationId], Awaitable[ChatBackend]],
        bus: EventBus,
        busy: Callable[[], bool],
        tiny: Callable[[Conversation], bool],
    ) -> None:
        """Make a service that does nothing until it is started.

        Args:
            store: Where conversations live.
            backend: Returns what answers in a conversation.
            bus: Tells of answers, and is told of titles.
            busy: An answer is being written, or something waits to be answered.
            tiny: The model of a conversation is too small to be told what to do.
        """
        self._store = store
        self._backend = backend
        self._bus = bus
        self._busy = busy
        self._tiny = tiny
        self._waiting: dict[ConversationId, None] = {}
        self._listening: asyncio.Task[None] | None = None
        self._making: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen for answers."""
        self._listening = asyncio.create_task(self._listen(), name="titles")

    async def aclose(self) -> None:
        """Give up what is being made."""
        tasks = [task for task in (self._listening, self._making) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        async for event in self._bus.subscribe():
            self._heard(event)

    def _heard(self, event: Event) -> None:
        if isinstance(event, GenerationStarted):
            if self._making is not None:
                self._making.cancel()
        elif isinstance(event, GenerationFinished):
            if event.answer.status is MessageStatus.COMPLETE:
                self._waiting[event.conversation_id] = None
        elif not isinstance(event, ConversationsChanged):
            return
        # The end of an answer is told before its conversation is free again, which is told as a change.
        if self._waiting and not self._busy() and (self._making is None or self._making.done()):
            self._making = asyncio.create_task(self._make_all(), name="make titles")

    async def _make_all(self) -> None:
        while self._waiting and not self._busy():
            conversation_id = next(iter(self._waiting))
            # On an error the first words stay: a title is not worth telling of it.
            with suppress(TuiError):
                await self._make(conversation_id)
            self._waiting.pop(conversation_id, None)

    async def _make(self, conversation_id: ConversationId) -> None:
        conversation = await self._store.conversation(conversation_id)
        if conversation is None or conversation.title_by_user:
            return
        path = await self._beginning(conversation_id)
        if not _wants_title(conversation, path):
            return
        title = clean_title(await self._ask(conversation, path))
        if title:
            old = await self._store.change(
                conversation_id, lambda now: _named(now, conversation.title, title)
            )
            if old.title == conversation.title and not old.title_by_user:
                self._bus.publish(ConversationsChanged(conversation_id))

    async def _beginning(self, conversation_id: ConversationId) -> tuple[Message, ...]:
        """Return the first messages of a conversation, two of them if there are so many."""
        branch = await self._store.branch(conversation_id, last=2)
        if branch is None or not branch.above:
            return branch.messages if branch else ()
        first = (*branch.above, branch.messages[0].id)[:2]
        return await self._store.some_messages(conversation_id, first, None)

    async def _ask(self, conversation: Conversation, path: tuple[Message, ...]) -> str:
        request = ChatRequest(
            model=conversation.model,
            messages=_examples(path) if self._tiny(conversation) else _instruction(path),
            # The same window as the conversation's: another would load the model anew.
            options=replace(_OPTIONS, num_ctx=conversation.options.num_ctx),
            think="off" if path[1].thinking else None,
        )
        parts: list[str] = []
        backend = await self._backend(conversation.id)
        async with aclosing(backend.chat(request)) as deltas:
            async for delta in deltas:
                parts.append(delta.content)
                if len(parts) > 2 * _TOKENS:
                    break
        return "".join(parts)


def _instruction(path: tuple[Message, ...]) -> tuple[ChatMessage, ...]:
    question, answer = path[0].content[:_EXCERPT], path[1].content[:_EXCERPT]
    return (ChatMessage(Role.USER, _ASK.format(question=question, answer=answer)),)


def _examples(path: tuple[Message, ...]) -> tuple[ChatMessage, ...]:
    turns: list[ChatMessage] = []
    for question, title in _EXAMPLES:
        turns.append(ChatMessage(Role.USER, _EXAMPLE.format(question=question)))
        turns.append(ChatMessage(Role.ASSISTANT, title))
    asked = _EXAMPLE.format(question=" ".join(path[0].content[:_EXCERPT].split()))
    return (*turns, ChatMessage(Role.USER, asked))


def _named(now: Conversation, before: str, title: str) -> Conversation:
    """Return a conversation with a title, unless it was named by somebody meanwhile."""
    return replace(now, title=title) if now.title == before and not now.title_by_user else now


def _wants_title(conversation: Conversation, path: tuple[Message, ...]) -> bool:
    """Tell whether a conversation is still called by its first words, and has an answer."""
    return (
        not conversation.title_by_user
        and len(path) > 1
        and path[0].role is Role.USER
        and path[1].role is Role.ASSISTANT
        and bool(path[1].content.strip())
        and conversation.title == sanitize_line(title_from(path[0].content))
    )
