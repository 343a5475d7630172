"""Services that stand still, for screens that show models and are not to change while they are looked at."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

from tui.domain.errors import TuiError
from tui.domain.events import ServerCondition, ServerState
from tui.domain.model import ModelDetails, ModelInfo, RunningModel
from tui.domain.pull import Pull
from tui.domain.server import ServerReport
from tui.services import Services
from tui.storage.model_cache import ModelMemory

ADDRESS = "127.0.0.1:11434"
CONNECTED = ServerState(ServerCondition.CONNECTED, ADDRESS, "0.33.0")


@dataclass
class Shelf:
    """What a server has, as the model manager asks for it."""

    installed: tuple[ModelInfo, ...] = ()
    running: tuple[RunningModel, ...] = ()
    pulls: tuple[Pull, ...] = ()
    details: ModelDetails | None = None
    favourites: frozenset[str] = frozenset()
    state: ServerState = CONNECTED
    current: str = ""
    reports: tuple[ServerReport, ...] = ()
    missing: TuiError = field(default_factory=lambda: TuiError("It is not there."))

    @property
    def services(self) -> Services:
        """The services, as far as the model manager uses them to show something."""
        models = SimpleNamespace(
            installed=self.installed,
            models=self.installed,
            running=self.running,
            known=True,
            memory=ModelMemory(favourites=self.favourites),
            refresh=self._nothing,
        )
        library = SimpleNamespace(known_details=lambda _: self.details, details=self._details)
        servers = SimpleNamespace(current=self.current, reports=self.reports)
        made = SimpleNamespace(
            models=models,
            pulls=SimpleNamespace(pulls=self.pulls),
            library=library,
            servers=servers,
            server=SimpleNamespace(state=self.state),
        )
        return cast("Services", made)

    async def _nothing(self) -> None:
        """Know no more than before."""

    async def _details(self, _: ModelInfo) -> ModelDetails:
        if self.details is None:
            raise self.missing
        return self.details
