"""Servers side by side: what each says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tui.domain.errors import TuiError
from tui.domain.model import ModelInfo, RunningModel


@dataclass(frozen=True, slots=True)
class ServerReport:
    """A configured server, as last seen."""

    name: str
    """As the settings call it, or its URL; empty for the one that is looked for without a name."""
    address: str
    """Host and port, for people."""
    current: bool = False
    """It is the one in use."""
    asked: bool = False
    """It has been asked since the app started."""
    version: str = ""
    """Its version; empty while it does not answer."""
    models: tuple[ModelInfo, ...] = ()
    """Its models, as it last listed them."""
    running: tuple[RunningModel, ...] = ()
    """Those that were loaded then."""
    load_seconds: Mapping[str, float] = field(default_factory=dict)
    """How long its models typically take to load."""
    error: TuiError | None = None
    """Why it does not answer."""

    @property
    def label(self) -> str:
        """What people call it."""
        return self.address if is_address(self.name) else self.name or self.address


def is_address(name: str) -> bool:
    """Return whether a conversation's server is called by its URL: it was named for one run alone."""
    return "://" in name


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model that was chosen, and where it is."""

    model: str
    server: str | None = None
    """The name of another server than the one in use; None for that one."""
