"""The one loaded model, the queue before it, and the clock that unloads it."""

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from tui.engine.catalog import Model, ModelUnusable
from tui.engine.llama import Runner, RunnerFailed
from tui.engine.wire import ApiError

KEEP_ALIVE: Final = 300.0
"""Seconds that a model stays loaded after its last use, if the request does not say."""
DEFAULT_NUM_CTX: Final = 4096
MIN_NUM_CTX: Final = 4
FOREVER: Final = timedelta(days=365 * 200)

StartRunner = Callable[[Path, int], Awaitable[Runner]]


@dataclass(slots=True)
class Loaded:
    """A model in memory."""

    model: Model
    num_ctx: int
    runner: Runner
    keep_alive: float = KEEP_ALIVE
    used_at: float = field(default_factory=time.monotonic)

    @property
    def expires_at(self) -> datetime:
        """When it will be unloaded."""
        if math.isinf(self.keep_alive):
            return datetime.now(UTC) + FOREVER
        left = self.used_at + self.keep_alive - time.monotonic()
        return datetime.now(UTC) + min(timedelta(seconds=min(left, FOREVER.total_seconds())), FOREVER)


class Runtime:
    """Loads one model at a time and lets one request at a time have it, first come first served."""

    def __init__(self, start_runner: StartRunner) -> None:
        self._start_runner = start_runner
        self._turn = asyncio.Lock()
        self._loaded: Loaded | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def loaded(self) -> Loaded | None:
        """The model in memory, if any."""
        return self._loaded

    @contextlib.asynccontextmanager
    async def turn(
        self, model: Model, num_ctx: int | None, keep_alive: float | None
    ) -> AsyncIterator[Loaded]:
        """Wait for this request's turn and load the model if it is not; hold it until the end.

        Args:
            model: The model to load.
            num_ctx: The context length asked for; None keeps the one in force.
            keep_alive: How long it stays loaded afterwards.

        Raises:
            ApiError: it cannot be loaded.
        """
        async with self._turn:
            self._stop_timer()
            try:
                loaded = await self._load(model, num_ctx)
                loaded.keep_alive = KEEP_ALIVE if keep_alive is None else keep_alive
                try:
                    yield loaded
                except RunnerFailed:
                    await self._unload()
                    raise
            finally:
                await self._rest()

    async def unload(self, model: Model) -> None:
        """Unload a model when its turn has come; nothing happens if it is not loaded."""
        async with self._turn:
            if self._loaded is not None and self._loaded.model.name == model.name:
                self._stop_timer()
                await self._unload()

    async def aclose(self) -> None:
        """Unload whatever is loaded."""
        self._stop_timer()
        for task in self._tasks:
            task.cancel()
        await self._unload()

    async def _load(self, model: Model, num_ctx: int | None) -> Loaded:
        """Return the model in memory, which is put there if another one, or none, is."""
        current = self._loaded
        same = current is not None and current.model.name == model.name
        wanted = context_length(model, num_ctx) if num_ctx is not None or not same else None
        if current is not None and same and wanted in (None, current.num_ctx):
            return current
        await self._unload()
        length = wanted or DEFAULT_NUM_CTX
        try:
            path = await asyncio.to_thread(model.locate)
            runner = await self._start_runner(path, length)
        except ModelUnusable as error:
            missing = "not found" in str(error)
            raise ApiError(404 if missing else 500, str(error)) from error
        except RunnerFailed as error:
            raise ApiError(500, f"unable to load model: {model.name}: {error}") from error
        self._loaded = Loaded(model, length, runner)
        return self._loaded

    async def _unload(self) -> None:
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            await loaded.runner.aclose()

    async def _rest(self) -> None:
        """Begin to count the time until the model is unloaded, or do it now."""
        loaded = self._loaded
        if loaded is None:
            return
        loaded.used_at = time.monotonic()
        if loaded.keep_alive <= 0:
            await self._unload()
        elif not math.isinf(loaded.keep_alive):
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(loaded.keep_alive, self._expire, loaded)

    def _expire(self, loaded: Loaded) -> None:
        """Unload a model that has not been used for long enough."""
        self._timer = None
        # A request may have its turn since: its end starts the clock anew.
        if not self._turn.locked() and self._loaded is loaded:
            task = asyncio.get_running_loop().create_task(self._unload_unused(loaded), name="engine-expire")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _unload_unused(self, loaded: Loaded) -> None:
        async with self._turn:
            if self._loaded is loaded and time.monotonic() >= loaded.used_at + loaded.keep_alive:
                await self._unload()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def context_length(model: Model, num_ctx: int | None) -> int:
    """Return the context length that a request gets: what it asks for, within what the model can."""
    most = model.header.context_length or DEFAULT_NUM_CTX
    if num_ctx is None or num_ctx == 0:
        num_ctx = DEFAULT_NUM_CTX
    return min(max(num_ctx, MIN_NUM_CTX), most)
