"""What the services need from outside, as protocols."""

from collections.abc import AsyncGenerator
from typing import Protocol

from tui.domain.generation import ChatRequest, Delta
from tui.domain.model import ModelDetails, ModelInfo, RunningModel
from tui.domain.pull import NewModel, PullStep


class ModelLibrary(Protocol):
    """Something that keeps models. Every method raises a `TuiError` when it cannot."""

    def pull(self, name: str) -> AsyncGenerator[PullStep, None]:
        """Fetch a model; what is there already is not fetched again.

        Closing the iterator stops it at the server, which keeps what has arrived.
        """
        ...

    def create(self, model: NewModel) -> AsyncGenerator[PullStep, None]:
        """Make a model from another one."""
        ...

    async def copy(self, source: str, destination: str) -> None:
        """Give a model a second name."""
        ...

    async def delete(self, name: str) -> None:
        """Delete a model."""
        ...


class ChatBackend(ModelLibrary, Protocol):
    """Something that answers. Every method raises a `TuiError` when it cannot."""

    @property
    def address(self) -> str:
        """Host and port, for people; without user names, passwords or tokens."""
        ...

    def chat(self, request: ChatRequest) -> AsyncGenerator[Delta, None]:
        """Stream an answer.

        Closing the iterator (`aclose`) or cancelling the task that reads it stops the generation at
        the server.

        Raises:
            AnswerInterrupted: the stream ended without `done`.
            TuiError: the server refused or broke down, also in mid-stream.
        """
        ...

    async def version(self) -> str:
        """Return the server's version; the cheapest sign of life."""
        ...

    async def models(self) -> tuple[ModelInfo, ...]:
        """Return the installed models."""
        ...

    async def show(self, name: str) -> ModelDetails:
        """Return the details of one model."""
        ...

    async def running(self) -> tuple[RunningModel, ...]:
        """Return the loaded models; empty on servers too old to say."""
        ...

    async def load(self, name: str, keep_alive: str | None = None, num_ctx: int | None = None) -> None:
        """Load a model; returns when it is loaded.

        Args:
            name: The model.
            keep_alive: How long it stays loaded; None leaves it to the server.
            num_ctx: Its context window in tokens; None for the usual one. Another one than that of a loaded
                model loads it anew.
        """
        ...

    async def unload(self, name: str) -> None:
        """Unload a model."""
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


class Clock(Protocol):
    """The time, so that tests can hold it still."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        ...
