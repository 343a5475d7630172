"""What the next request of a conversation holds: planned while it is typed, and again when it is sent."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from tui.domain.context import (
    TOO_LONG_HINT,
    WOULD_LEAVE_HINT,
    ContextPlan,
    Window,
    system_features,
    told_system,
    too_long,
    would_leave,
)
from tui.domain.conversation import (
    Attachment,
    ContextPolicy,
    Conversation,
    ConversationId,
    Message,
    MessageHead,
    MessageId,
    Role,
    Summary,
)
from tui.domain.errors import ContextOverflow, ContextQuestion
from tui.domain.estimate import Calibration, Features, added, message_features, thinking_features
from tui.domain.events import (
    ContextChanged,
    ContextMismatch,
    ConversationsChanged,
    Event,
    GenerationFinished,
    GenerationStarted,
)
from tui.domain.generation import ChatMessage
from tui.domain.planning import Planner, tellable
from tui.domain.ports import ChatBackend
from tui.domain.store import ConversationStore
from tui.services.calibrations import CalibrationBook
from tui.services.events import EventBus
from tui.services.models import Models
from tui.services.request_messages import merged, thinking_to_go_on_with, without_images
from tui.services.told import Teller
from tui.services.weighing import Scales, fixed_features
from tui.services.window_knowledge import WindowKnowledge

_BRANCHES: Final = 8
"""Branches that are kept weighed, at most."""


_ENOUGH: Final = 1.5
"""What is weighed of a branch, in windows: older messages cannot be sent."""

_SAMPLE: Final = "The quick brown fox, who is 3 years old, jumps over the lazy dog; then it rests.\n"
_DENSE: Final = 0.7
"""How dense prose is, and how much of its room a text of another kind may need."""

_SHORT: Final = 200
"""A branch of fewer messages is weighed where it stands."""


_TRIMMED: Final = 0.6
_TRIMMED_UNKNOWN: Final = 0.45
"""A prompt counted shorter than this part of its estimate was cut; of an unknown model less is believed."""

_TINY: Final = 50
"""Tokens by which even a short prompt may be counted shorter than estimated."""

_CLEAR: Final = 0.9
"""The part of a window that is planned with after a request was refused."""


@dataclass(frozen=True, slots=True)
class Composed:
    """A request for an answer, as far as it is about what the model is told."""

    plan: ContextPlan
    """What is in it and what is not."""
    messages: tuple[ChatMessage, ...]
    """What is sent: exactly the messages that the plan says."""
    features: Features
    """What is counted of it, to learn from what the server counts."""
    key: str
    """The model, as its calibration is called."""
    num_ctx: int | None = None
    """The context window that is asked for, in tokens."""
    server: str = ""
    """The name of the server that is asked."""


@dataclass(frozen=True, slots=True)
class _Branch:
    """A branch that is weighed."""

    leaf: MessageId | None
    calibration: Calibration
    window: int
    planner: Planner


class ContextService:
    """Plans requests. Nothing of it waits for a server."""

    def __init__(
        self,
        *,
        store: ConversationStore,
        teller: Teller,
        models: Callable[[str], Models],
        book: CalibrationBook,
        bus: EventBus,
        backend: Callable[[str], Awaitable[ChatBackend]] | None = None,
    ) -> None:
        """Make a service that has planned nothing yet.

        Args:
            store: Where conversations live.
            teller: Says what a model is told of a message.
            models: Returns what is installed and loaded on the server of this name.
            book: What is known of how models count tokens.
            bus: Tells of changes, and is told when plans may differ from now on.
            backend: Returns the server of this name, to ask it once about a model; None asks nothing.
        """
        self._store = store
        self._teller = teller
        self.windows = WindowKnowledge(models, bus, backend)
        """What is known of the models' context windows."""
        self._book = book
        self._bus = bus
        self._scales = Scales(teller)
        self._branches: dict[ConversationId, _Branch] = {}
        self._allowed: set[ConversationId] = set()
        self._agreed: dict[ConversationId, frozenset[MessageId]] = {}
        self._stop = bus.listen(self._heard)

    async def aclose(self) -> None:
        """Give up what is being asked."""
        self._stop()
        await self.windows.aclose()

    async def plan(
        self,
        conversation: Conversation,
        *,
        draft: str = "",
        attachments: tuple[Attachment, ...] = (),
        instead_of: Message | None = None,
        share: float = 1.0,
    ) -> ContextPlan:
        """Return what the next request holds if the draft is sent.

        It is cheap enough to be asked for at every pause in typing, in a branch of any length.

        Args:
            conversation: The conversation, stored or not yet begun.
            draft: The unsent text.
            attachments: What is attached to it.
            instead_of: The message that was sent and that the draft is another form of; None for none.
            share: The part of the window that is planned with; with less than all, no summary is used.

        Raises:
            StoreUnavailable: the conversation cannot be read.
        """
        conversation = await self._store.conversation(conversation.id) or conversation
        if instead_of is not None:
            conversation = replace(conversation, active_leaf=instead_of.parent_id)
        key = self.windows.key(conversation)
        if draft or conversation.active_leaf is not None:
            self.windows.ask_about(conversation)
        calibration = await self._book.of(key)
        window = self.windows.window(conversation)
        planner = await self._planner(conversation, calibration, window)
        return planner.plan(
            window=replace(window, tokens=round(window.tokens * share)),
            system=calibration.tokens(fixed_features(system_features(conversation.system))),
            draft=await self._scales.draft(
                draft,
                attachments,
                calibration,
                sees=self._teller.shows_pictures(conversation.model, conversation.server),
            ),
            policy=conversation.policy if share == 1.0 else ContextPolicy.DROP_OLDEST,
            num_predict=self.windows.num_predict(conversation),
        )

    async def characters(self, conversation: Conversation, tokens: int) -> int:
        """Return how many characters of prose surely fit into so many tokens of a request."""
        calibration = await self._book.of(self.windows.key(conversation))
        sample = calibration.tokens(message_features(_SAMPLE)) / len(_SAMPLE)
        fixed = calibration.tokens(fixed_features(message_features("")))
        return max(0, round((calibration.within(tokens) - fixed) / max(sample, 0.01) * _DENSE))

    async def branch(self, conversation: Conversation) -> tuple[Message | MessageHead, ...]:
        """Return the branch that is shown; what is too old to be sent is not read.

        Raises:
            StoreUnavailable: the conversation cannot be read.
        """
        characters = self._scales.read(_ENOUGH * self.windows.window(conversation).tokens)
        return await self._store.told_branch(conversation.id, conversation.active_leaf, characters=characters)

    async def compose(
        self,
        conversation: Conversation,
        path: Sequence[Message | MessageHead],
        *,
        window: Window | None = None,
    ) -> Composed:
        """Return the request that has the end of a branch answered, or gone on with.

        Args:
            conversation: The conversation.
            path: The branch; its last message is the user's, or an answer that was cut.
            window: The context window, where the server has told it.

        Raises:
            StoreUnavailable: the conversation cannot be read.
        """
        key = self.windows.key(conversation)
        self.windows.ask_about(conversation)
        calibration = await self._book.of(key)
        window = window or self.windows.window(conversation)
        told = await _tellable(path)
        thinking = thinking_to_go_on_with(told)
        extra = (system_features(conversation.system), thinking_features(thinking))
        planner = await self._weigh(conversation, told, calibration, window, answering=True)
        plan = planner.plan(
            window=window,
            system=calibration.tokens(fixed_features(added(extra))),
            policy=conversation.policy,
            num_predict=self.windows.num_predict(conversation),
        )
        self.windows.of(key, conversation.server).requested = conversation.options.num_ctx
        return await self._composed(conversation, told, plan, key, thinking)

    def allow(self, conversation_id: ConversationId) -> None:
        """Let the next request of a conversation leave out what it has to, and go out if it seems long."""
        self._allowed.add(conversation_id)

    def check(self, conversation: Conversation, plan: ContextPlan) -> None:
        """Make sure that a request may go out as planned.

        Raises:
            ContextQuestion: what must be sent does not fit, or the conversation's policy is to ask and
                something would be left out that was not agreed to; `allow` agrees to it.
        """
        leaving = frozenset(plan.left_out) | frozenset(plan.images_left_out)
        if conversation.id in self._allowed:
            self._allowed.discard(conversation.id)
            self._agreed[conversation.id] = leaving
        elif not plan.fits:
            raise ContextQuestion(too_long(plan), TOO_LONG_HINT, plan)
        elif conversation.policy is ContextPolicy.ASK and leaving - self._agreed.get(
            conversation.id, frozenset()
        ):
            raise ContextQuestion(would_leave(plan), WOULD_LEAVE_HINT, plan)

    async def overflowed(
        self, conversation: Conversation, composed: Composed, error: ContextOverflow
    ) -> Window:
        """Learn from a request that the server refused as too long; return the window to plan with now."""
        window = composed.plan.window
        if error.prompt_tokens:
            await self._book.learn(composed.key, composed.features, error.prompt_tokens)
        tokens = error.window or window.tokens
        if tokens < window.tokens:
            self.windows.of(composed.key, composed.server).limits[conversation.options.num_ctx] = tokens
        if tokens == window.tokens or not error.prompt_tokens:
            # The window was known and the estimate was wrong all the same: stay well clear of it.
            tokens = round(tokens * _CLEAR)
        return replace(window, tokens=tokens)

    async def answered(self, composed: Composed, answer: Message) -> None:
        """Learn from what the server counted for an answer, and tell if it cannot be right."""
        counted, plan = answer.stats.prompt_tokens, composed.plan
        if counted is None or counted <= 0:
            return
        known = (await self._book.of(composed.key)).known
        trimmed = counted < plan.estimate * (_TRIMMED if known else _TRIMMED_UNKNOWN) - _TINY
        if trimmed or (known and counted > plan.window.tokens):
            facts = self.windows.of(composed.key, composed.server)
            if trimmed:
                facts.cut(composed.num_ctx, counted)
            if not facts.warned:
                facts.warned = True
                self._bus.publish(ContextMismatch(answer.conversation_id, answer.id, plan, counted))
        if not trimmed:
            await self._book.learn(composed.key, composed.features, counted)
            self._bus.publish(ContextChanged(None))

    def _heard(self, event: Event) -> None:
        match event:
            case ConversationsChanged():
                if event.conversation_id is None:
                    self._branches.clear()
                    self._book.forget()
                else:
                    self._branches.pop(event.conversation_id, None)
            case ContextChanged():
                if event.conversation_id is not None:
                    self._branches.pop(event.conversation_id, None)
            case GenerationStarted() | GenerationFinished():
                self._branches.pop(event.conversation_id, None)

    async def _planner(self, conversation: Conversation, calibration: Calibration, window: Window) -> Planner:
        """Return the branch that is shown, weighed."""
        kept = self._branches.get(conversation.id)
        state = (conversation.active_leaf, calibration, window.tokens)
        if kept is not None and (kept.leaf, kept.calibration, kept.window) == state:
            return kept.planner
        if conversation.active_leaf is None:
            return Planner((), calibration, answering=False)
        path = await _tellable(await self.branch(conversation))
        planner = await self._weigh(conversation, path, calibration, window, answering=False)
        self._branches[conversation.id] = _Branch(*state, planner)
        while len(self._branches) > _BRANCHES:
            self._branches.pop(next(iter(self._branches)))
        return planner

    async def _weigh(
        self,
        conversation: Conversation,
        path: Sequence[Message | MessageHead],
        calibration: Calibration,
        window: Window,
        *,
        answering: bool,
    ) -> Planner:
        entries = await self._scales.branch(
            path,
            calibration,
            enough=_ENOUGH * window.tokens,
            sees=self._teller.shows_pictures(conversation.model, conversation.server),
        )
        summaries: tuple[Summary, ...] = ()
        if conversation.policy is ContextPolicy.SUMMARISE:
            summaries = await self._store.summaries(conversation.id)
        make = partial(Planner, entries, calibration, answering=answering, summaries=summaries)
        return make() if len(entries) < _SHORT else await asyncio.to_thread(make)

    async def _read(
        self, conversation_id: ConversationId, chosen: Sequence[Message | MessageHead]
    ) -> tuple[Message, ...]:
        """Return messages with their words; where a window turned out larger, some were not read before."""
        heads = [each.id for each in chosen if isinstance(each, MessageHead)]
        some = await self._store.some_messages(conversation_id, heads, None) if heads else ()
        read = {message.id: message for message in some}
        found = [read.get(each.id) if isinstance(each, MessageHead) else each for each in chosen]
        return tuple(message for message in found if message is not None)

    async def _composed(
        self,
        conversation: Conversation,
        path: Sequence[Message | MessageHead],
        plan: ContextPlan,
        key: str,
        thinking: str,
    ) -> Composed:
        chosen, bare = set(plan.sent), set(plan.images_left_out)
        system = told_system(conversation.system, plan.summary)
        sees = self._teller.shows_pictures(conversation.model, conversation.server)
        counted = [fixed_features(system_features(system)), thinking_features(thinking)]
        told: list[ChatMessage] = [ChatMessage(Role.SYSTEM, system)] if system else []
        for message in await self._read(conversation.id, [each for each in path if each.id in chosen]):
            weight = await self._scales.counted(message)
            counted.append(weight.words if message.id in bare else weight.whole(sees=sees))
            said = without_images(message) if message.id in bare else message
            told.append(await self._teller.told(said, conversation.model, conversation.server))
        if thinking and told:
            told[-1] = replace(told[-1], thinking=thinking)
        num_ctx, server = conversation.options.num_ctx, conversation.server
        return Composed(plan, merged(told), added(counted), key, num_ctx, server)


async def _tellable(path: Sequence[Message | MessageHead]) -> tuple[Message | MessageHead, ...]:
    return tellable(path) if len(path) < _SHORT else await asyncio.to_thread(tellable, path)
