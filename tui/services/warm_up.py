"""Loading a model as soon as it is chosen, so that the first answer does not wait for it."""

import asyncio
from collections.abc import Awaitable, Callable

from tui.domain.errors import TuiError
from tui.domain.events import WarmUpChanged
from tui.domain.ports import Clock
from tui.services.events import EventBus


class WarmUpService:
    """Loads one model at a time; a later choice takes the place of an earlier one."""

    def __init__(
        self,
        *,
        load: Callable[[str, str | None, int | None], Awaitable[None]],
        loaded: Callable[[str, int | None], bool],
        bus: EventBus,
        clock: Clock,
        keep_alive: str = "",
    ) -> None:
        """Make a service with nothing to do.

        Args:
            load: Loads a model, for so long, with such a context window.
            loaded: Whether a model is known to be loaded with that window.
            bus: Where events go.
            clock: The time.
            keep_alive: How long models stay loaded where a conversation does not say; empty leaves it to
                the server.
        """
        self._load = load
        self._loaded = loaded
        self._bus = bus
        self._clock = clock
        self._keep_alive = keep_alive
        self._task: asyncio.Task[None] | None = None
        self._model = ""

    @property
    def model(self) -> str:
        """The model that is being loaded; empty for none."""
        return self._model if self._task is not None and not self._task.done() else ""

    def start(self, model: str, *, num_ctx: int | None = None, keep_alive: str = "") -> None:
        """Begin to load a model, unless it is loaded, as the first message will want it.

        Args:
            model: Its name.
            num_ctx: The context window that the message will ask for: with another one the model would be
                loaded a second time.
            keep_alive: How long the conversation keeps it loaded; empty for the usual time.
        """
        if model == self.model:
            return
        self.cancel()
        if model and not self._loaded(model, num_ctx):
            self._model = model
            self._task = asyncio.create_task(
                self._run(model, keep_alive or self._keep_alive or None, num_ctx), name=f"warm up {model}"
            )

    def cancel(self) -> bool:
        """Stop loading; the server gives up. Return whether a model was being loaded."""
        if not self.model or self._task is None:
            return False
        self._task.cancel()
        return True

    async def aclose(self) -> None:
        """Stop loading."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, model: str, keep_alive: str | None, num_ctx: int | None) -> None:
        self._bus.publish(WarmUpChanged(model, self._clock.monotonic()))
        error: TuiError | None = None
        try:
            await self._load(model, keep_alive, num_ctx)
        except TuiError as failure:
            error = failure
        finally:
            if self._model == model:
                self._model = ""
            self._bus.publish(WarmUpChanged(model, None, error))
