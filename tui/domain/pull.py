"""Fetching a model: what the server says of it, and how far it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tui.domain.errors import TuiError


@dataclass(frozen=True, slots=True)
class PullStep:
    """What one line of a pull, or of a model being created, says."""

    status: str
    """In the server's words: `pulling manifest`, `verifying sha256 digest`, `success`."""
    digest: str = ""
    """Which layer it is about; empty for none."""
    total: int = 0
    """Bytes of that layer; 0 while they are not known."""
    completed: int = 0
    """Bytes of it that are there."""

    @property
    def done(self) -> bool:
        """The server said that everything is there; without it a pull was cut."""
        return self.status == "success"


@dataclass(frozen=True, slots=True)
class PullLayer:
    """One file of a model that is being fetched."""

    digest: str
    total: int
    completed: int


class PullState(StrEnum):
    """How a pull is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Pull:
    """A model that is being fetched, or was."""

    name: str
    server: str
    """Address of the server that fetches it, for people."""
    state: PullState = PullState.RUNNING
    status: str = ""
    """What the server is doing, in its words."""
    layers: tuple[PullLayer, ...] = ()
    """In the order in which the server named them."""
    bytes_per_second: float | None = None
    """Speed over the last seconds; None where nothing has moved yet."""
    error: TuiError | None = None
    """Why it failed."""

    @property
    def total(self) -> int:
        """Bytes of every layer that is known."""
        return sum(layer.total for layer in self.layers)

    @property
    def completed(self) -> int:
        """Bytes that are there."""
        return sum(layer.completed for layer in self.layers)

    @property
    def seconds_left(self) -> float | None:
        """How long it takes at the present speed; None where that cannot be said."""
        if not self.bytes_per_second or not self.total:
            return None
        return (self.total - self.completed) / self.bytes_per_second


@dataclass(frozen=True, slots=True)
class NewModel:
    """A model to be created from one that is installed."""

    name: str
    base: str
    system: str = ""
    """Its system prompt; empty keeps the base's."""
    parameters: Mapping[str, object] = field(default_factory=dict)
    """Its parameters, beside the base's: `temperature`, `num_ctx`, `stop`, …"""
