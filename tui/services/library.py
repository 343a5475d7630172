"""What is done with installed models: details, copies, new ones, deletion, loading and unloading."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from time import time
from typing import Final

from tui.domain.errors import AnswerInterrupted, BadRequest, TuiError
from tui.domain.model import FOR_GOOD_SECONDS, ModelDetails, ModelInfo, find_model, find_running
from tui.domain.ports import ChatBackend
from tui.domain.pull import NewModel
from tui.services.models import ModelService
from tui.services.pulls import check_name

KEEP: Final = "-1"
"""How long to keep a model loaded that is to be kept: for ever."""

EXTEND_SECONDS: Final = 1800
"""How much longer a model stays loaded that is extended."""


class LibraryService:
    """Changes what the server in use has, and looks at it again afterwards."""

    def __init__(
        self,
        backend: Callable[[], Awaitable[ChatBackend]],
        models: ModelService,
        now: Callable[[], float] = time,
    ) -> None:
        """Make a service.

        Args:
            backend: Returns the server in use.
            models: What it has.
            now: Seconds since the epoch.
        """
        self._backend = backend
        self._models = models
        self._now = now
        self._details: dict[str, ModelDetails] = {}

    def known_details(self, model: ModelInfo) -> ModelDetails | None:
        """Return the details of a model if they were asked for before."""
        return self._details.get(self._key(model))

    def _key(self, model: ModelInfo) -> str:
        return f"{self._models.server} {model.digest} {model.name}"

    async def details(self, model: ModelInfo) -> ModelDetails:
        """Return the details of a model; those of the same digest are asked for once."""
        key = self._key(model)
        if key not in self._details:
            self._details[key] = await (await self._backend()).show(model.name)
        self._models.learn_details(model, self._details[key])
        return self._details[key]

    def freed_by_deleting(self, name: str) -> int:
        """Return how many bytes of disk are freed: none while another name has the same files."""
        model = find_model(name, self._models.installed)
        if model is None:
            return 0
        others = (each for each in self._models.installed if each.name != model.name)
        return 0 if model.digest and any(each.digest == model.digest for each in others) else model.size

    async def delete(self, name: str) -> None:
        """Delete a model; one that is loaded is unloaded first."""
        backend = await self._backend()
        if any(each.name == name for each in self._models.running):
            with suppress(TuiError):
                await backend.unload(name)
        await backend.delete(name)
        await self._models.refresh()

    async def copy(self, source: str, destination: str) -> None:
        """Give a model a second name.

        Raises:
            BadRequest: that is no name, or another model has it.
        """
        wanted = self.free_name(destination)
        await (await self._backend()).copy(source, wanted)
        await self._models.refresh()

    async def rename(self, name: str, new_name: str) -> None:
        """Give a model another name: it is copied, and the old name deleted."""
        await self.copy(name, new_name)
        await (await self._backend()).delete(name)
        await self._models.refresh()

    async def create(self, model: NewModel) -> None:
        """Make a model from an installed one."""
        model = replace(model, name=self.free_name(model.name))
        backend = await self._backend()
        done = False
        async with aclosing(backend.create(model)) as steps:
            async for step in steps:
                done = step.done
        if not done:
            raise AnswerInterrupted("The model was not made.", "Try again.")
        await self._models.refresh()

    async def load(self, name: str, keep_alive: str | None = None, num_ctx: int | None = None) -> None:
        """Load a model, or change how long it stays loaded.

        Args:
            name: The model.
            keep_alive: How long it stays loaded; None leaves it to the server.
            num_ctx: Its context window in tokens; None keeps that of a loaded one.
        """
        running = find_running(name, self._models.running)
        if num_ctx is None and running is not None:
            num_ctx = running.context_length  # Without it a server would load the model anew.
        began = asyncio.get_running_loop().time()
        await (await self._backend()).load(name, keep_alive, num_ctx)
        self._models.learn_load(name, asyncio.get_running_loop().time() - began)
        await self._models.refresh()

    async def extend(self, name: str) -> None:
        """Keep a loaded model for `EXTEND_SECONDS` more than it is kept now.

        Servers count from the moment of asking, so what is left is added to it. One that is kept for good
        stays so.
        """
        running = find_running(name, self._models.running)
        left = running.expires_at - self._now() if running and running.expires_at is not None else 0.0
        if left < FOR_GOOD_SECONDS:
            await self.load(name, str(round(max(0.0, left)) + EXTEND_SECONDS))

    async def unload(self, name: str) -> None:
        """Unload a model."""
        await (await self._backend()).unload(name)
        await self._models.refresh()

    def free_name(self, name: str) -> str:
        """Return a name as it is sent.

        Raises:
            BadRequest: that is no name, or a model has it.
        """
        wanted = check_name(name)
        if find_model(wanted, self._models.installed) is not None:
            raise BadRequest("There is a model of this name already.", "Choose another name.")
        return wanted
