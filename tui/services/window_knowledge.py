"""What is known of the models' context windows: from the server's lists, and from what it was asked once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from tui.domain.context import Window, model_defaults, window_in_force
from tui.domain.conversation import Conversation
from tui.domain.errors import TuiError
from tui.domain.events import ContextChanged
from tui.domain.model import ModelDetails, find_model, find_running, full_name
from tui.domain.ports import ChatBackend
from tui.services.events import EventBus
from tui.services.models import Models

_LEAST_WINDOW: Final = 512
"""Tokens of the smallest window that a server is believed to have without having said so."""


@dataclass(slots=True)
class Facts:
    """What is known of one model's windows."""

    details: ModelDetails | None = None
    """What `/api/show` told; None before it was asked, or where it did not."""
    asked: bool = False
    requested: int | None = None
    """The `num_ctx` of the last request that was sent to it; None for one without."""
    limits: dict[int | None, int] = field(default_factory=dict)
    """The windows that the server turned out to have, by the `num_ctx` that was asked for."""
    usual: int | None = None
    """The window that it was last loaded with when nobody asked for one."""
    warned: bool = False
    """A count that cannot be right was told of."""
    suspected: int | None = None
    """The window that the last count which was too small speaks for."""

    def cut(self, num_ctx: int | None, counted: int) -> None:
        """Learn from a prompt that a server cut without a word to what its window holds.

        Windows are powers of two. Two counts must speak for the same one: a single small count may be that of
        a server which leaves out what it had in its cache.
        """
        window = max(_LEAST_WINDOW, 1 << (counted - 1).bit_length())
        if window == self.suspected:
            self.limits[num_ctx] = window
        self.suspected = window


class WindowKnowledge:
    """Knows which context window a request will have. Nothing of it waits for a server."""

    def __init__(
        self,
        models: Callable[[str], Models],
        bus: EventBus,
        backend: Callable[[str], Awaitable[ChatBackend]] | None = None,
    ) -> None:
        """Make one that knows what the lists of models say.

        Args:
            models: Returns what is installed and loaded on the server of this name.
            bus: Told when more is known.
            backend: Returns the server of this name, to ask it once about a model; None asks nothing.
        """
        self._models = models
        self._bus = bus
        self._backend = backend
        self._facts: dict[tuple[str, str], Facts] = {}
        self._asking: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        """Give up what is being asked."""
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)

    def of(self, key: str, server: str = "") -> Facts:
        """Return what is known of a model, by the name of its calibration and of its server."""
        return self._facts.setdefault((server, key), Facts())

    def _of(self, conversation: Conversation) -> Facts:
        return self.of(self.key(conversation), conversation.server)

    def window(self, conversation: Conversation) -> Window:
        """Return the context window that the conversation's next request will have."""
        models = self._models(conversation.server)
        model = find_model(conversation.model, models.installed)
        facts = self._of(conversation)
        running = find_running(conversation.model, models.running)
        loaded = running.context_length if running is not None else None
        options = conversation.options
        maximum = model.context_length if model is not None else None
        if facts.details is not None and facts.details.context_length:
            maximum = facts.details.context_length
        if loaded is not None and options.num_ctx is None and facts.requested is not None:
            # It was loaded for a request that asked for this window; one that asks for none loads it anew.
            clamped = min(facts.requested, maximum) if maximum else facts.requested
            loaded = None if loaded == clamped else loaded
        default = model_defaults(facts.details.parameters).num_ctx if facts.details else None
        if loaded is not None and options.num_ctx is None:
            facts.usual = loaded
        default = facts.usual or default
        window = window_in_force(options, loaded=loaded, default=default, maximum=maximum)
        limit = facts.limits.get(options.num_ctx)
        return window if limit is None else replace(window, tokens=min(limit, window.tokens))

    def num_predict(self, conversation: Conversation) -> int | None:
        """Return the longest answer in tokens, by the conversation or else by the model; None for any."""
        asked = conversation.options.num_predict
        if asked:
            return asked if asked > 0 else None
        facts = self._of(conversation)
        return model_defaults(facts.details.parameters).num_predict if facts.details else None

    def memory_cost(self, conversation: Conversation, tokens: int) -> int | None:
        """Return how many bytes more a window of `tokens` takes than the one in force; None if unknown.

        It is an upper bound: parts of a model that look at the latest tokens alone take less.
        """
        facts = self._of(conversation)
        each = facts.details.kv_bytes_per_token if facts.details is not None else None
        return None if each is None else max(0, tokens - self.window(conversation).tokens) * each

    def key(self, conversation: Conversation) -> str:
        """Return what the calibration of a conversation's model is called.

        Weights and template are the same under it.
        """
        model = conversation.model
        found = find_model(model, self._models(conversation.server).installed)
        return found.digest if found is not None and found.digest else full_name(model).casefold()

    def ask_about(self, conversation: Conversation) -> None:
        """Learn what its server tells of a conversation's model, once, beside everything else."""
        facts, model = self._of(conversation), conversation.model
        if facts.asked or self._backend is None or not model:
            return
        facts.asked = True
        learning = self._learn_details(facts, model, partial(self._backend, conversation.server))
        task = asyncio.create_task(learning, name=f"show {model}")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _learn_details(
        self, facts: Facts, model: str, connect: Callable[[], Awaitable[ChatBackend]]
    ) -> None:
        try:
            facts.details = await (await connect()).show(model)
        except TuiError:
            return
        self._bus.publish(ContextChanged(None))
