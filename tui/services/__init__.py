"""Use cases, free of any user interface, and the one place that puts them together."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui.backends.connect import connect_ollama
from tui.domain.events import ServerCondition, ServerStateChanged
from tui.services.clock import SystemClock
from tui.services.conversations import ConversationService
from tui.services.engine import EngineSupervisor
from tui.services.events import EventBus
from tui.services.generation import GenerationService
from tui.services.collection import CollectionService
from tui.services.models import ModelService
from tui.services.server import ServerChoice, ServerMonitor
from tui.services.titles import TitleService
from tui.services.turns import TurnService
from tui.services.undo import UndoService
from tui.services.windows import WindowService
from tui.storage.conversations import SqliteConversationStore
from tui.storage.files import set_aside

if TYPE_CHECKING:
    from tui.domain.ports import ConversationStore
    from tui.settings.schema import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that the screens call."""

    settings: "Settings"
    bus: EventBus
    store: "ConversationStore"
    server: ServerMonitor
    models: ModelService
    conversations: ConversationService
    generation: GenerationService
    engine: EngineSupervisor
    undo: UndoService
    collection: CollectionService
    windows: WindowService
    titles: TitleService

    async def aclose(self) -> None:
        """End everything in order, so that nothing is lost: answers, server, engine, store."""
        await self.titles.aclose()
        await self.windows.aclose()
        await self.generation.aclose()
        await self.server.aclose()
        await self.engine.aclose()
        await self.store.aclose()
        self.bus.close()


async def build(settings: "Settings") -> Services:
    """Open the store and start looking for a server.

    Raises:
        StoreUnavailable: the store cannot be opened; nothing was started.
    """
    clock = SystemClock()
    bus = EventBus()
    store = await SqliteConversationStore.open(_store_file(settings))
    await store.recover()
    engine = EngineSupervisor(
        settings.state_dir / "engine.log",
        gguf=_gguf_files(settings),
        on_died=lambda _: server.suspect(),
    )
    choice = ServerChoice(
        host=settings.server.host or None,
        start_engine=engine.start if settings.engine.enabled and engine.available() else None,
        engine_only=bool(settings.engine.gguf) and not settings.server.host,
    )
    server = ServerMonitor(choice, connect_ollama, lambda state: bus.publish(ServerStateChanged(state)))
    models = ModelService(
        backend=server.backend,
        connected=lambda: server.state.condition is ServerCondition.CONNECTED,
        bus=bus,
    )
    services = _over_store(settings, store, bus, clock, server, models, engine)
    services.windows.start()
    if settings.chat.titles:
        services.titles.start()
    return services


def _over_store(
    settings: "Settings",
    store: "ConversationStore",
    bus: EventBus,
    clock: SystemClock,
    server: ServerMonitor,
    models: ModelService,
    engine: EngineSupervisor,
) -> Services:
    """Return the services over a store, with nothing started."""
    undo = UndoService()
    generation = GenerationService(
        store=store,
        turns=TurnService(store, clock, settings.chat.keep_alive),
        backend=server.backend,
        bus=bus,
        clock=clock,
        suspect=server.suspect,
    )
    return Services(
        settings=settings,
        bus=bus,
        store=store,
        server=server,
        models=models,
        conversations=ConversationService(store, bus, clock),
        generation=generation,
        engine=engine,
        undo=undo,
        collection=CollectionService(store, bus, clock, undo),
        windows=WindowService(store, bus),
        titles=TitleService(
            store=store,
            backend=server.backend,
            bus=bus,
            busy=lambda: bool(generation.live),
            able=lambda: not server.state.embedded,
        ),
    )


async def temporary(services: Services) -> Services:
    """Return services like others, but over an empty store that is nowhere but in memory.

    Server and engine are shared; end them with `end_temporary`.
    """
    store = await services.store.beside()
    return _over_store(
        services.settings,
        store,
        services.bus,
        SystemClock(),
        services.server,
        services.models,
        services.engine,
    )


async def end_temporary(services: Services) -> None:
    """Forget everything that `temporary` services hold."""
    await services.generation.aclose()
    await services.store.aclose()


async def set_store_aside(settings: "Settings") -> Path:
    """Rename a damaged store so that a new one can be begun; return where it is kept.

    Raises:
        StoreUnavailable: it cannot be renamed.
    """
    return await asyncio.to_thread(set_aside, _store_file(settings))


def _store_file(settings: "Settings") -> Path:
    return settings.data_dir / "conversations.db"


def _gguf_files(settings: "Settings") -> tuple[Path, ...]:
    return (Path(settings.engine.gguf).expanduser(),) if settings.engine.gguf else ()
