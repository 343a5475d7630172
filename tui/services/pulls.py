"""Models being fetched: any number at once, whatever screen is shown."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from typing import Final

from tui.domain.errors import BadRequest, CapabilityMissing, TuiError
from tui.domain.events import PullsChanged
from tui.domain.model import full_name
from tui.domain.ports import ChatBackend, Clock
from tui.domain.pull import Pull, PullLayer, PullState, PullStep
from tui.domain.text import sanitize_line
from tui.services.events import EventBus
from tui.services.run import Throttle

UPDATE_SECONDS: Final = 0.2
"""Seconds between two events, at least."""

SPEED_SECONDS: Final = 5.0
"""Over how long the speed is measured."""

LONGEST_NAME: Final = 400
"""Characters that a model's name may have."""

_TICK_SECONDS: Final = 1.0
"""How often a silent pull is looked at, so that its speed falls."""


@dataclass(slots=True)
class _Work:
    """One pull and what it takes to follow it."""

    pull: Pull
    task: asyncio.Task[None] | None = None
    fetched: int = 0
    """Bytes that arrived since it began; what was there before does not count as speed."""
    marks: deque[tuple[float, int]] = field(default_factory=deque)

    def take(self, step: PullStep, now: float) -> None:
        """Add what a line says."""
        layers = self.pull.layers
        if step.digest and step.total:
            layers = self._with_layer(step)
        self.pull = replace(self.pull, status=step.status, layers=layers)
        self.measure(now)

    def _with_layer(self, step: PullStep) -> tuple[PullLayer, ...]:
        layer = PullLayer(step.digest, step.total, step.completed)
        for index, known in enumerate(self.pull.layers):
            if known.digest == step.digest:
                self.fetched += max(0, step.completed - known.completed)
                return (*self.pull.layers[:index], layer, *self.pull.layers[index + 1 :])
        return (*self.pull.layers, layer)

    def measure(self, now: float) -> None:
        """Measure the speed anew."""
        self.marks.append((now, self.fetched))
        while len(self.marks) > 2 and now - self.marks[1][0] >= SPEED_SECONDS:
            self.marks.popleft()
        begun, before = self.marks[0]
        if now - begun >= 0.5:
            self.pull = replace(self.pull, bytes_per_second=(self.fetched - before) / (now - begun))


class PullService:
    """Owns every model that is being fetched; they go on without any widget or screen."""

    def __init__(
        self,
        *,
        backend: Callable[[], Awaitable[ChatBackend]],
        embedded: Callable[[], bool],
        bus: EventBus,
        clock: Clock,
        fetched: Callable[[], Awaitable[None]],
        suspect: Callable[[], None] = lambda: None,
    ) -> None:
        """Make a service with nothing to do.

        Args:
            backend: Returns the server in use; raises a `TuiError` when there is none.
            embedded: Whether that is the embedded engine.
            bus: Where events go.
            clock: The time.
            fetched: Called after a model has arrived.
            suspect: Called when the server may have gone away.
        """
        self._backend = backend
        self._embedded = embedded
        self._bus = bus
        self._clock = clock
        self._fetched = fetched
        self._suspect = suspect
        self._works: dict[tuple[str, str], _Work] = {}
        self._updates = Throttle(UPDATE_SECONDS, self._publish)
        self._ticker: asyncio.Task[None] | None = None

    @property
    def pulls(self) -> tuple[Pull, ...]:
        """All of them, also those that ended and were not put away."""
        return tuple(work.pull for work in self._works.values())

    @property
    def running(self) -> int:
        """How many are being fetched."""
        return sum(pull.state is PullState.RUNNING for pull in self.pulls)

    async def start(self, name: str) -> str:
        """Fetch a model, or go on with it; one that is being fetched is left alone.

        Returns:
            The name under which it is fetched.

        Raises:
            BadRequest: that is no name.
            CapabilityMissing: the embedded engine cannot fetch models.
            TuiError: there is no server.
        """
        wanted = check_name(name)
        backend = await self._backend()
        key = _key(wanted, backend.address)
        if self._embedded():
            raise CapabilityMissing(
                "The embedded engine cannot fetch models.",
                "Install Ollama from https://ollama.com/download; this app finds it by itself.",
            )
        before = self._works.get(key)
        if before is not None and before.pull.state is PullState.RUNNING:
            return before.pull.name
        work = _Work(Pull(wanted, backend.address, layers=before.pull.layers if before else ()))
        self._works[key] = work
        work.task = asyncio.create_task(self._run(work, backend), name=f"pull {wanted}")
        self._publish()
        if self._ticker is None:
            self._ticker = asyncio.create_task(self._tick(), name="pull ticker")
        return wanted

    def cancel(self, name: str, server: str) -> bool:
        """Stop fetching a model; what has arrived stays at the server. Return whether it was fetched.

        Args:
            name: The model's name.
            server: The address of the server that fetches it.
        """
        work = self._works.get(_key(name, server))
        if work is None or work.task is None or work.pull.state is not PullState.RUNNING:
            return False
        work.task.cancel()
        return True

    def dismiss(self, name: str, server: str) -> None:
        """Put away a pull that has ended."""
        key = _key(name, server)
        work = self._works.get(key)
        if work is not None and work.pull.state is not PullState.RUNNING:
            del self._works[key]
            self._publish()

    async def aclose(self) -> None:
        """Stop all; what has arrived stays at the servers."""
        tasks = [work.task for work in self._works.values() if work.task is not None]
        if self._ticker is not None:
            tasks.append(self._ticker)
        for task in tasks:
            task.cancel()
        self._updates.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, work: _Work, backend: ChatBackend) -> None:
        try:
            async with aclosing(backend.pull(work.pull.name)) as steps:
                async for step in steps:
                    work.take(step, self._clock.monotonic())
                    self._updates.request()
        except asyncio.CancelledError:
            self._end(work, PullState.CANCELLED)
            raise
        except TuiError as error:
            if error.retryable:
                self._suspect()
            self._end(work, PullState.FAILED, error)
            return
        self._end(work, PullState.DONE)
        with suppress(TuiError):
            await self._fetched()

    def _end(self, work: _Work, state: PullState, error: TuiError | None = None) -> None:
        work.pull = replace(work.pull, state=state, error=error, bytes_per_second=None)
        self._publish()

    async def _tick(self) -> None:
        try:
            while self.running:
                await asyncio.sleep(_TICK_SECONDS)
                for work in self._works.values():
                    if work.pull.state is PullState.RUNNING and work.pull.layers:
                        work.measure(self._clock.monotonic())
                self._updates.request()
        finally:
            self._ticker = None

    def _publish(self) -> None:
        self._bus.publish(PullsChanged(self.pulls))


def _key(name: str, server: str) -> tuple[str, str]:
    """Return what tells one pull from another: servers do not know of each other's."""
    return (server, full_name(name).casefold())


def check_name(name: str) -> str:
    """Return a model's name as it is sent.

    Raises:
        BadRequest: it cannot be one. What registries allow is left to them.
    """
    wanted = name.strip().removeprefix("ollama pull ").removeprefix("ollama run ").strip()
    if not wanted:
        raise BadRequest("A model needs a name.", "Names look like gemma3:4b or hf.co/user/repository.")
    if len(wanted) > LONGEST_NAME or any(each.isspace() or not each.isprintable() for each in wanted):
        raise BadRequest(
            f"“{sanitize_line(wanted, 60)}” is not a name that a model can have.",
            "Names look like gemma3:4b, user/model:tag or hf.co/user/repository:Q4_K_M.",
        )
    return wanted
