"""What plans requests, over what a test says of the models."""

from dataclasses import dataclass

from tui.domain.model import ModelInfo, RunningModel
from tui.domain.store import ConversationStore
from tui.services.calibrations import CalibrationBook
from tui.services.context import ContextService
from tui.services.events import EventBus
from tui.services.told import Teller


@dataclass
class KnownModels:
    """The models that a server has listed."""

    installed: tuple[ModelInfo, ...] = ()
    running: tuple[RunningModel, ...] = ()


def a_context(
    store: ConversationStore,
    bus: EventBus,
    models: KnownModels | None = None,
    book: CalibrationBook | None = None,
) -> ContextService:
    """Return a service that plans the requests of a store's conversations."""
    known = models or KnownModels()
    return ContextService(
        store=store,
        teller=Teller(store),
        models=lambda _: known,
        book=book or CalibrationBook(store),
        bus=bus,
    )
