"""The models of the server in use, as last seen."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Final, Protocol

from tui.domain.errors import ModelMissing, TuiError
from tui.domain.events import ModelsChanged
from tui.domain.generation import Think
from tui.domain.model import (
    Capability,
    ModelDetails,
    ModelInfo,
    Refusal,
    RunningModel,
    Thinking,
    Traits,
    find_model,
    find_running,
)
from tui.domain.ports import ChatBackend
from tui.domain.text import sanitize_line
from tui.domain.thinking import thinking_choices, thinking_of
from tui.services.events import EventBus
from tui.storage.model_cache import ModelMemory, load_memory, save_memory

_CHECK_SECONDS = 2.0
"""How long a message waits for the list of models before it is sent without it."""

_LOAD_SECONDS: Final = 0.3
"""A model that took less to load was loaded already."""

_LOADS_KEPT: Final = 5


class Models(Protocol):
    """What is known of the models of a server."""

    @property
    def installed(self) -> tuple[ModelInfo, ...]:
        """All installed models."""
        ...

    @property
    def running(self) -> tuple[RunningModel, ...]:
        """The loaded models."""
        ...


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What is known of a server that is not in use."""

    installed: tuple[ModelInfo, ...]
    running: tuple[RunningModel, ...] = ()


class ModelService:
    """Knows which models are installed and loaded; told to look again when it matters."""

    def __init__(
        self,
        *,
        backend: Callable[[], Awaitable[ChatBackend]],
        connected: Callable[[], bool],
        bus: EventBus,
        address: Callable[[], str] = lambda: "",
        version: Callable[[], str] = lambda: "",
        directory: Path | None = None,
    ) -> None:
        """Make a service that knows nothing yet.

        Args:
            backend: Returns the server in use.
            connected: Whether there is one.
            bus: Where events go.
            address: The address of the server in use, or that is looked for.
            version: Its version; empty while that is not known.
            directory: Where what is known is remembered; None forgets it.
        """
        self._backend = backend
        self._connected = connected
        self._bus = bus
        self._address = address
        self._version = version
        self._directory = directory
        self._known = False
        self._servers_seen = 0
        self._saving: asyncio.Task[None] | None = None
        self._describing = asyncio.Lock()
        self.memory = ModelMemory()
        """What is remembered of models."""
        self.installed: tuple[ModelInfo, ...] = ()
        """All installed models."""
        self.models: tuple[ModelInfo, ...] = ()
        """The installed models that can chat."""
        self.running: tuple[RunningModel, ...] = ()
        """The loaded models."""

    @property
    def known(self) -> bool:
        """Whether a server has said which models it has."""
        return self._known

    @property
    def server(self) -> str:
        """The server in use, as it is now: what it says of a model may change with its version."""
        return f"{self._address()} {self._version()}"

    async def recall(self) -> None:
        """Take up what was remembered of the models, until the server has been asked."""
        if self._directory is not None:
            self.memory = await asyncio.to_thread(load_memory, self._directory)
        if not self._known:
            self._set(self.memory.servers.get(self._address(), ()))

    def forget(self) -> None:
        """Begin anew with another server: show what was remembered of it."""
        self._known = False
        self._servers_seen += 1
        self.running = ()
        self._set(self.memory.servers.get(self._address(), ()))
        self._publish()

    async def refresh(self) -> None:
        """Ask the server for its models.

        Raises:
            TuiError: the server did not say; what was known stays known.
        """
        asked = self._servers_seen
        backend = await self._backend()
        models, running = await asyncio.gather(backend.models(), self.loaded(backend, self.running))
        if asked != self._servers_seen:
            return  # Another server is in use meanwhile; it is asked for itself.
        self.running = running
        self._set(models)
        self._known = True
        self.remember(self._address(), self.installed)
        self._publish()

    async def loaded(
        self, backend: ChatBackend, before: tuple[RunningModel, ...]
    ) -> tuple[RunningModel, ...]:
        """Return what is loaded; where that is not said, what was `before`: it can be used all the same."""
        try:
            return await backend.running()
        except TuiError:
            return before

    async def describe(self, names: Sequence[str]) -> None:
        """Learn of `names` what an older server does not list; what is known is not asked again.

        Raises:
            TuiError: the server did not say.
        """
        async with self._describing:
            for name in names:
                model = find_model(name, self.installed)
                if model is None or not _needs_traits(model):
                    continue
                details = await (await self._backend()).show(model.name)
                self.learn_details(model, details)

    def learn_details(self, model: ModelInfo, details: ModelDetails) -> None:
        """Remember what `/api/show` told of a model."""
        able = details.capabilities or model.capabilities or frozenset({Capability.COMPLETION.value})
        traits = Traits(able, details.context_length or model.context_length, thinking_of(details))
        if model.digest and self.memory.traits.get(model.digest) != traits:
            self.memory = replace(self.memory, traits={**self.memory.traits, model.digest: traits})
            self._save()
        self._set(self.installed)
        self._publish()

    def refuse_thinking(self, name: str, think: Think, taken: Sequence[Think] | None = None) -> None:
        """Remember that a model cannot be told this of thinking, though it seemed so.

        Args:
            name: The model.
            think: What was refused.
            taken: What the server says that it takes; None where it does not say.
        """
        model = find_model(name, self.installed)
        if model is None or think not in (choices := thinking_choices(model)):
            return
        left = tuple(each for each in choices if each != think and (taken is None or each in taken))
        if len(left) < 2 and taken:
            left = tuple(each for each in taken if each != think)
        default = model.thinking.default if model.thinking else None
        refusal = Refusal(Thinking(left, default if default in left else None), self._version())
        refusals = {**self.memory.refusals, self._key(model): refusal}
        self.memory = replace(self.memory, refusals=refusals)
        self._save()
        self._set(self.installed)
        self._publish()

    def is_loaded(self, name: str, num_ctx: int | None) -> bool:
        """Return whether a model is known to be loaded, with this context window where one is given."""
        running = find_running(name, self.running)
        return running is not None and num_ctx in (None, running.context_length)

    def learn_load(self, name: str, seconds: float | None, address: str | None = None) -> None:
        """Remember how long a model took to load.

        Args:
            name: The model.
            seconds: How long; None where the server did not say.
            address: The address of its server; None for the one in use.
        """
        known = self.installed if address is None else self.memory.servers.get(address, ())
        model = find_model(name, known)
        if seconds is None or seconds < _LOAD_SECONDS or model is None:
            return
        key = self._key(model, address)
        loads = (*self.memory.load_seconds.get(key, ()), seconds)[-_LOADS_KEPT:]
        self.memory = replace(self.memory, load_seconds={**self.memory.load_seconds, key: loads})
        self._save()

    def load_seconds(
        self, models: Sequence[ModelInfo] | None = None, address: str | None = None
    ) -> dict[str, float]:
        """Return how long models typically take to load, by name.

        Args:
            models: Which; None for the installed ones.
            address: The address of their server; None for the one in use.
        """
        loads = self.memory.load_seconds
        asked = self.installed if models is None else models
        known = {model.name: loads.get(self._key(model, address)) for model in asked}
        return {name: median(each) for name, each in known.items() if each}

    def _key(self, model: ModelInfo, address: str | None = None) -> str:
        """Return what is remembered under of a model on a server: another machine takes longer to load it."""
        return f"{address or self._address()} {model.digest or model.name}"

    def toggle_favourite(self, name: str) -> None:
        """Let a model stand first, or no longer."""
        self.memory = replace(self.memory, favourites=self.memory.favourites ^ {name})
        self._save()

    async def require(self, name: str) -> None:
        """Make sure that a model is there before anything is sent to it.

        A server that cannot be asked is not held against the model.

        Raises:
            ModelMissing: no model is chosen, or the server does not have it.
        """
        if not name:
            raise ModelMissing("No model is chosen.", "Choose one with Ctrl+L.")
        if not self._connected():
            return
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                await self.refresh()
        except (TuiError, TimeoutError):
            return
        if find_model(name, self.models) is None:
            raise ModelMissing(
                f"The server does not have the model {sanitize_line(name, 80)}.",
                "Choose another one; your message is still in the input.",
            )

    def preferred(self, *names: str) -> str:
        """Return the first of `names` that is installed, else a loaded model, else the first one.

        Empty when no model is installed; the first name when the models are not known yet.
        """
        wanted = [name for name in names if name]
        if not self.known:
            return wanted[0] if wanted else ""
        candidates = [*wanted, *(model.name for model in self.running)]
        for name in candidates:
            found = find_model(name, self.models)
            if found is not None:
                return found.name
        return self.models[0].name if self.models else ""

    async def aclose(self) -> None:
        """Wait until what is to be remembered is written."""
        while self._saving is not None:
            await self._saving

    def _set(self, models: tuple[ModelInfo, ...]) -> None:
        self.installed = tuple(self._with_traits(model) for model in models)
        self.models = tuple(model for model in self.installed if model.can_chat)

    def told(self, model: ModelInfo) -> ModelInfo:
        """Return a model of any server with what `/api/show` told of its digest, here or elsewhere."""
        traits = self.memory.traits.get(model.digest)
        if traits is None:
            return model
        return replace(
            model,
            capabilities=model.capabilities if model.capabilities is not None else traits.capabilities,
            context_length=model.context_length or traits.context_length,
            thinking=traits.thinking,
        )

    def _with_traits(self, model: ModelInfo) -> ModelInfo:
        model = self.told(model)
        refusal = self.memory.refusals.get(self._key(model))
        if refusal is None or self._version() not in ("", refusal.version):
            return model
        return replace(model, thinking=refusal.thinking)

    def remember(self, address: str, models: tuple[ModelInfo, ...]) -> None:
        """Remember what the server at an address has, so that its models can be listed at once."""
        others = {key: value for key, value in self.memory.servers.items() if key != address}
        if self.memory.servers.get(address) != models:
            self.memory = replace(self.memory, servers={**others, address: models})
            self._save()

    def _publish(self) -> None:
        self._bus.publish(ModelsChanged(self.models, self.running))

    def _save(self) -> None:
        """Write what is remembered, beside the event loop; changes meanwhile are written after it."""
        if self._directory is not None and self._saving is None:
            self._saving = asyncio.create_task(self._write(self._directory), name="remember models")

    async def _write(self, directory: Path) -> None:
        try:
            written = None
            while written != self.memory:
                written = self.memory
                await asyncio.to_thread(save_memory, directory, written)
        except OSError:
            pass  # Only a cache: without it the list opens a moment later.
        finally:
            self._saving = None


def _needs_traits(model: ModelInfo) -> bool:
    """Return whether `/api/show` would tell more: an older server, or how much a model can think."""
    return model.capabilities is None
