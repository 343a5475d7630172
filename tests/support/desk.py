"""The services over a real store and a fake backend, for tests that need several of them."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar, cast

from tests.support.contexts import a_context
from tests.support.fake_backend import FakeBackend
from tui.domain.conversation import Conversation, ConversationId, Message
from tui.domain.errors import StoreUnavailable
from tui.domain.events import Event
from tui.domain.ports import ChatBackend
from tui.services.clock import SystemClock
from tui.services.collection import CollectionService
from tui.services.conversations import ConversationService
from tui.services.events import EventBus, Subscription
from tui.services.generation import GenerationService
from tui.services.titles import TitleService
from tui.services.turns import TurnService
from tui.services.undo import UndoService
from tui.services.windows import WindowService
from tui.storage.conversations import SqliteConversationStore
from tui.storage.database import Database, Work

_T = TypeVar("_T")
_E = TypeVar("_E", bound=Event)


async def happens(condition: Callable[[], object]) -> None:
    """Return when a condition holds, which something else in the event loop brings about.

    Raises:
        AssertionError: it does not come about.
    """
    for _ in range(20_000):
        if condition():
            return
        await asyncio.sleep(0.0005)
    raise AssertionError("it did not happen")


class Faults:
    """Lets writes to a store fail as a full disk or a sudden death does."""

    def __init__(self, store: SqliteConversationStore) -> None:
        self.failing = False
        """Every write fails."""
        self.until: int | None = None
        """How many writes are left until one fails, and every one after it."""
        self.after = False
        """The write that fails was committed: the process died before it knew."""
        self.within: int | None = None
        """After how many statements of its transaction the write fails, at the latest before the commit;
        None for one that does not begin."""
        self.before: Callable[[], None] = lambda: None
        """Called when the transaction that fails has begun."""
        self.whole = False
        """The write that failed had nothing left to do but to be committed."""
        self.writes = 0
        self.statements = 0
        """The most statements that a transaction had."""
        self.database = store._database
        store._database = _FaultyDatabase(store._database, self)

    async def write(self, database: Database, work: Work[_T]) -> _T:
        self.writes += 1
        if self.until is not None:
            self.until -= 1
            if self.until == 0:
                self.failing = True
                if self.after:
                    await database.write(work)
                elif self.within is not None:
                    await database.write(lambda connection: self._cut(work, connection))
        if self.failing:
            raise StoreUnavailable("The disk is full.")
        return await database.write(lambda connection: self._counted(work, connection))

    def _cut(self, work: Work[_T], connection: sqlite3.Connection) -> None:
        self.before()
        work(cast("sqlite3.Connection", _Statements(connection, self.within)))
        self.whole = True
        raise _full()

    def _counted(self, work: Work[_T], connection: sqlite3.Connection) -> _T:
        statements = _Statements(connection)
        result = work(cast("sqlite3.Connection", statements))
        self.statements = max(self.statements, statements.count)
        return result


class _Statements:
    """A connection that counts what is executed, and may refuse to go on after some of it."""

    def __init__(self, connection: sqlite3.Connection, most: int | None = None) -> None:
        self._connection = connection
        self._most = most
        self.count = 0

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        self._take_one()
        return self._connection.execute(*arguments)

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        self._take_one()
        return self._connection.executemany(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def _take_one(self) -> None:
        if self.count == self._most:
            raise _full()
        self.count += 1


def _full() -> sqlite3.OperationalError:
    return sqlite3.OperationalError("database or disk is full")


class _FaultyDatabase(Database):
    def __init__(self, database: Database, faults: Faults) -> None:
        self.__dict__.update(database.__dict__)
        self._real = database
        self._faults = faults

    async def write(self, work: Work[_T]) -> _T:
        return await self._faults.write(self._real, work)

    async def aclose(self) -> None:
        await self._real.aclose()


class Desk:
    """One window: services over a store."""

    def __init__(self, store: SqliteConversationStore, backend: FakeBackend | None = None) -> None:
        self.store = store
        self.backend = backend or FakeBackend()
        self.bus = EventBus()
        clock = SystemClock()
        self.undo = UndoService()
        self.conversations = ConversationService(store, self.bus, clock)
        self.collection = CollectionService(store, self.bus, clock, self.undo)
        self.windows = WindowService(store, self.bus)
        self.tiny = False
        self.context = a_context(store, self.bus)
        self.generation = GenerationService(
            store=store,
            turns=TurnService(store, clock, self.context),
            backend=self._connected,
            bus=self.bus,
            clock=clock,
            suspect=lambda: None,
        )
        self.titles = TitleService(
            store=store,
            backend=self._connected,
            bus=self.bus,
            busy=lambda: bool(self.generation.live),
            tiny=lambda _: self.tiny,
        )
        self.events: Subscription = self.bus.subscribe()

    async def _connected(self, _: ConversationId) -> ChatBackend:
        return self.backend

    async def aclose(self) -> None:
        await self.titles.aclose()
        await self.windows.aclose()
        await self.generation.aclose()
        await self.store.aclose()

    async def begin(self, text: str = "Hello there") -> Conversation:
        return await self.conversations.begin(text, model="gemma3:4b")

    async def ask(self, conversation: Conversation, text: str) -> None:
        """Ask and wait for the end of the answer."""
        await self.generation.ask(conversation.id, text)
        await self.idle(conversation)

    async def idle(self, conversation: Conversation) -> None:
        """Return when nothing more is done in a conversation."""
        await happens(lambda: conversation.id not in self.generation.live)

    async def until(self, kind: type[_E]) -> _E:
        async for event in self.events:
            if isinstance(event, kind):
                return event
        raise AssertionError("the bus was closed")

    async def path(self, conversation: Conversation) -> tuple[Message, ...]:
        """Return what is shown of a conversation."""
        return (await self.conversations.open(conversation.id)).path

    async def texts(self, conversation: Conversation) -> list[str]:
        return [message.content for message in await self.path(conversation)]
