"""The models of the server in use, as last seen."""

import asyncio
from collections.abc import Awaitable, Callable

from tui.domain.errors import ModelMissing, TuiError
from tui.domain.events import ModelsChanged
from tui.domain.model import ModelInfo, RunningModel, find_model
from tui.domain.ports import ChatBackend
from tui.domain.text import sanitize_line
from tui.services.events import EventBus

_CHECK_SECONDS = 2.0
"""How long a message waits for the list of models before it is sent without it."""


class ModelService:
    """Knows which models are installed and loaded; told to look again when it matters."""

    def __init__(
        self,
        *,
        backend: Callable[[], Awaitable[ChatBackend]],
        connected: Callable[[], bool],
        bus: EventBus,
    ) -> None:
        self._backend = backend
        self._connected = connected
        self._bus = bus
        self._known = False
        self.models: tuple[ModelInfo, ...] = ()
        """The installed models that can chat."""
        self.running: tuple[RunningModel, ...] = ()
        """The loaded models."""

    @property
    def known(self) -> bool:
        """Whether a server has said which models it has."""
        return self._known

    async def refresh(self) -> None:
        """Ask the server for its models.

        Raises:
            TuiError: the server did not say; what was known stays known.
        """
        backend = await self._backend()
        models = await backend.models()
        self.running = await backend.running()
        self.models = tuple(model for model in models if model.can_chat)
        self._known = True
        self._bus.publish(ModelsChanged(self.models, self.running))

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
