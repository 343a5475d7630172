"""Use cases, free of any user interface, and the one place that puts them together."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tui.backends.address import parse_host
from tui.backends.connect import connect_ollama
from tui.domain.events import ServerCondition, ServerStateChanged
from tui.services.attachments.service import AttachmentService
from tui.services.calibrations import CalibrationBook
from tui.services.clock import SystemClock
from tui.services.collection import CollectionService
from tui.services.context import ContextService
from tui.services.conversations import ConversationService
from tui.services.engine import EngineSupervisor
from tui.services.events import EventBus
from tui.services.generation import GenerationService
from tui.services.library import LibraryService
from tui.services.models import ModelService
from tui.services.ollama_process import OllamaProcess
from tui.services.pins import PinService
from tui.services.presets import PresetService
from tui.services.pulls import PullService
from tui.services.server import ENGINE_ADDRESS, ServerChoice, ServerMonitor
from tui.services.servers import ServerDirectory, choice_of
from tui.services.summaries import SummaryService
from tui.services.titles import TitleService
from tui.services.told import Teller
from tui.services.turns import TurnService
from tui.services.undo import UndoService
from tui.services.warm_up import WarmUpService
from tui.services.windows import WindowService
from tui.storage.conversations import SqliteConversationStore
from tui.storage.files import set_aside

if TYPE_CHECKING:
    from tui.domain.conversation import ConversationId
    from tui.domain.ports import ChatBackend
    from tui.domain.store import ConversationStore
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
    library: LibraryService
    pulls: PullService
    warm_up: WarmUpService
    servers: ServerDirectory
    ollama: OllamaProcess
    undo: UndoService
    collection: CollectionService
    windows: WindowService
    titles: TitleService
    context: ContextService
    calibrations: CalibrationBook
    summaries: SummaryService
    pins: PinService
    attachments: AttachmentService
    presets: PresetService

    async def aclose(self) -> None:
        """End everything in order, so that nothing is lost: answers, server, engine, store."""
        await self.titles.aclose()
        await self.summaries.aclose()
        await self.windows.aclose()
        await self.generation.aclose()
        await self.context.aclose()
        await self.pulls.aclose()
        await self.warm_up.aclose()
        await self.models.aclose()
        await self.servers.aclose()
        await self.server.aclose()
        await self.ollama.aclose()
        await self.engine.aclose()
        await self.store.aclose()
        self.bus.close()


async def build(settings: "Settings", *, server_name: str = "", save: bool = True) -> Services:
    """Open the store and start looking for a server.

    Args:
        settings: The settings in force.
        server_name: The server chosen last; a host in the settings wins over it.
        save: Keep conversations; otherwise they are nowhere but in memory.

    Raises:
        StoreUnavailable: the store cannot be opened; nothing was started.
    """
    clock = SystemClock()
    bus = EventBus()
    kept, unsaved = SqliteConversationStore.open, SqliteConversationStore.unsaved
    store = await (kept(_store_file(settings)) if save else unsaved())
    await store.recover()
    engine = EngineSupervisor(
        settings.state_dir / "engine.log",
        gguf=_gguf_files(settings),
        on_died=lambda _: server.suspect(),
    )
    home, current = _server(settings, server_name, engine)
    choice = choice_of(settings.servers[current]) if current else home
    server = ServerMonitor(
        choice, connect_ollama, lambda state: bus.publish(ServerStateChanged(state)), name=current
    )
    models = ModelService(
        backend=server.backend,
        connected=lambda: server.state.condition is ServerCondition.CONNECTED,
        bus=bus,
        address=lambda: ENGINE_ADDRESS if server.state.embedded else server.state.address,
        version=lambda: server.state.version,
        directory=settings.state_dir,
    )
    await models.recall()
    library = LibraryService(server.backend, models)
    book = CalibrationBook(store)
    servers = ServerDirectory(
        settings.servers,
        home=home,
        current=current,
        monitor=server,
        models=models,
        bus=bus,
        fixed=bool({"server.host", "engine.gguf"} & settings.typed),
        typed=parse_host(home.host).url if home.host and "server.host" in settings.typed else "",
    )
    over = _over_store(settings, store, bus, clock, servers, server, models, book)
    services = Services(
        settings=settings,
        bus=bus,
        store=store,
        server=server,
        models=models,
        conversations=over.conversations,
        generation=over.generation,
        undo=over.undo,
        collection=over.collection,
        windows=over.windows,
        titles=over.titles,
        context=over.context,
        calibrations=book,
        summaries=over.summaries,
        pins=over.pins,
        attachments=over.attachments,
        engine=engine,
        library=library,
        pulls=PullService(
            backend=server.backend,
            embedded=lambda: server.state.embedded,
            bus=bus,
            clock=clock,
            fetched=models.refresh,
            suspect=server.suspect,
        ),
        warm_up=WarmUpService(
            load=library.load,
            loaded=models.is_loaded,
            bus=bus,
            clock=clock,
            keep_alive=settings.chat.keep_alive,
        ),
        servers=servers,
        ollama=OllamaProcess(
            settings.state_dir / "ollama.log",
            server.wait_connected,
            stop_at_exit=settings.server.stop_ollama_at_exit,
        ),
        presets=PresetService(settings.presets_dir),
    )
    services.windows.start()
    services.summaries.start()
    if settings.chat.titles:
        services.titles.start()
    return services


@dataclass(frozen=True, slots=True)
class _OverStore:
    """The services that belong to one store."""

    conversations: ConversationService
    generation: GenerationService
    undo: UndoService
    collection: CollectionService
    windows: WindowService
    titles: TitleService
    context: ContextService
    summaries: SummaryService
    pins: PinService
    attachments: AttachmentService


def _over_store(
    settings: "Settings",
    store: "ConversationStore",
    bus: EventBus,
    clock: SystemClock,
    servers: ServerDirectory,
    server: ServerMonitor,
    models: ModelService,
    book: CalibrationBook,
) -> _OverStore:
    """Return the services over a store, with nothing started."""

    async def reach(conversation_id: "ConversationId") -> "ChatBackend":
        """Return what answers in a conversation: its own server, whichever is in use."""
        conversation = await store.conversation(conversation_id)
        return await servers.reach(conversation.server if conversation else "")

    undo = UndoService()
    context = ContextService(
        store=store,
        teller=Teller(store, sees=servers.may_see),
        models=servers.models_of,
        book=book,
        bus=bus,
        backend=servers.reach,
    )
    generation = GenerationService(
        store=store,
        turns=TurnService(store, clock, context, settings.chat.keep_alive),
        backend=reach,
        bus=bus,
        clock=clock,
        suspect=server.suspect,
    )
    return _OverStore(
        conversations=ConversationService(store, bus, clock),
        generation=generation,
        undo=undo,
        collection=CollectionService(store, bus, clock, undo),
        windows=WindowService(store, bus),
        titles=TitleService(
            store=store,
            backend=reach,
            bus=bus,
            busy=lambda: bool(generation.live),
            tiny=lambda conversation: servers.embedded(conversation.server),
        ),
        context=context,
        pins=PinService(store, bus, undo),
        summaries=SummaryService(
            store=store,
            context=context,
            backend=reach,
            bus=bus,
            clock=clock,
            undo=undo,
            busy=lambda: bool(generation.live),
        ),
        attachments=AttachmentService(store, settings.attachments),
    )


async def temporary(services: Services) -> Services:
    """Return services like others, but over an empty store that is nowhere but in memory.

    Server, models and engine are shared; end them with `end_temporary`.
    """
    store = await services.store.beside()
    book = services.calibrations.beside()
    over = _over_store(
        services.settings,
        store,
        services.bus,
        SystemClock(),
        services.servers,
        services.server,
        services.models,
        book,
    )
    over.summaries.start()
    if services.settings.chat.titles:
        over.titles.start()
    return replace(
        services,
        store=store,
        conversations=over.conversations,
        generation=over.generation,
        undo=over.undo,
        collection=over.collection,
        windows=over.windows,
        titles=over.titles,
        context=over.context,
        calibrations=book,
        summaries=over.summaries,
        pins=over.pins,
        attachments=over.attachments,
    )


async def end_temporary(services: Services) -> None:
    """Forget everything that `temporary` services hold."""
    await services.titles.aclose()
    await services.summaries.aclose()
    await services.generation.aclose()
    await services.context.aclose()
    await services.store.aclose()


def _server(settings: "Settings", chosen: str, engine: EngineSupervisor) -> tuple[ServerChoice, str]:
    """Return what is connected to where no server is named, and the name of the one to begin with."""
    host = settings.server.host
    named = host if host in settings.servers else "" if host else chosen
    address = "" if host in settings.servers else host
    home = ServerChoice(
        host=address or None,
        start_engine=engine.start if settings.engine.enabled and engine.available() else None,
        engine_only=bool(settings.engine.gguf) and not address,
        engine_model=Path(settings.engine.gguf).name,
    )
    return home, named if named in settings.servers and not (home.engine_only and not host) else ""


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
