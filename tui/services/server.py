"""Which server answers, and how the connection to it is."""

import asyncio
import contextlib
import random
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from tui.backends.address import DEFAULT_HOST, parse_host
from tui.domain.errors import REFUSED, ServerFailed, ServerRefused, ServerUnreachable, TuiError
from tui.domain.events import ServerCondition, ServerState
from tui.domain.ports import ChatBackend

RECHECK_SECONDS: Final = 30.0
"""How long a connected server is left alone."""

FIRST_RETRY_SECONDS: Final = 1.0
"""How soon a server that does not answer is tried again the first time."""

LAST_RETRY_SECONDS: Final = 15.0
"""How long at most between two tries."""

ENGINE_TRIES: Final = 3
"""How often in a row the engine may fail before it is left alone."""

ENGINE_ADDRESS: Final = "embedded engine"
"""What stands for an address where the engine is the only choice and does not run."""

INSTALL_HINT: Final = (
    "Install Ollama from https://ollama.com/download, or this app's embedded engine with "
    "pip install 'ollama-tui[embedded]'. A server that starts is found by itself."
)

START_HINT: Final = "Ollama is installed but not running: F5 starts it"


class Connector(Protocol):
    """Makes a backend; sends nothing yet."""

    async def __call__(self, host: str, *, headers: Mapping[str, str], embedded: bool) -> ChatBackend:
        """Return a backend for the server at `host`; raises a `TuiError` when it cannot."""
        ...


class EngineHandle(Protocol):
    """An embedded engine that runs."""

    @property
    def url(self) -> str:
        """Where it listens."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """What must be sent with every request."""
        ...

    @property
    def description(self) -> str:
        """What it is, for people."""
        ...


def ollama_installed() -> bool:
    """Return whether an `ollama` command is there to be started."""
    return shutil.which("ollama") is not None


@dataclass(frozen=True, slots=True)
class ServerChoice:
    """What may be connected to."""

    host: str | None = field(default=None, repr=False)
    """The host that the user named, never replaced by anything; None to look for one."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Sent to the host, never to the engine."""
    start_engine: Callable[[], Awaitable[EngineHandle]] | None = None
    """Starts the embedded engine, or returns the one that runs; None where there is none."""
    engine_only: bool = False
    """The user asked for the engine, for example with a model file: nothing else is tried."""
    engine_model: str = ""
    """The name of the model file that the engine is given; empty for the model that comes with it."""
    installed: Callable[[], bool] = ollama_installed
    connect: Connector | None = None
    """How to reach the host, where that takes more than its address; None for the usual way."""


@dataclass(frozen=True, slots=True)
class _Target:
    host: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    embedded: bool


@dataclass(frozen=True, slots=True)
class _Parked:
    """What was connected to before another server was used."""

    target: _Target
    backend: ChatBackend
    engine: EngineHandle | None


class ServerMonitor:
    """Owns the backend in use: finds it, watches it, and finds it again after it was lost."""

    def __init__(
        self,
        choice: ServerChoice,
        connect: Connector,
        on_change: Callable[[ServerState], None],
        *,
        name: str = "",
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare to connect; `start` begins.

        Args:
            choice: What may be connected to.
            connect: Makes a backend.
            on_change: Called with every new state, never twice with the same.
            name: What the settings call it; empty for the server that is looked for.
            sleep: Waits some seconds.
            chance: Returns a number from 0 to 1, to spread tries.
            clock: Monotonic seconds.

        Raises:
            SettingsError: the host that was named is not an address.
        """
        self._choice = choice
        self._connect = connect
        self._on_change = on_change
        self._sleep = sleep
        self._chance = chance
        self._clock = clock
        self._home = _Target(choice.host or DEFAULT_HOST, choice.headers, embedded=False)
        address = ENGINE_ADDRESS if choice.engine_only else parse_host(self._home.host).display
        self._state = ServerState(ServerCondition.CONNECTING, address, embedded=choice.engine_only)
        self._looked_for = self._state
        self._backend: ChatBackend | None = None
        self._target: _Target | None = None
        self._engine: EngineHandle | None = None
        self._engine_failures = 0
        self._engine_error: TuiError | None = None
        self._met_server = False
        self._wake = asyncio.Event()
        self._probed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._name = name
        self._parked: dict[str, _Parked] = {}

    @property
    def state(self) -> ServerState:
        """The server in use and how the connection to it is."""
        return self._state

    @property
    def engine(self) -> EngineHandle | None:
        """The embedded engine, while it is in use."""
        return self._engine

    def start(self) -> None:
        """Begin to connect. Needs a running event loop; a second call does nothing."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="server-monitor")

    def parked(self, name: str) -> ChatBackend | None:
        """Return the connection to a server that was in use before, or None."""
        parked = self._parked.get(name)
        return parked.backend if parked else None

    def parked_embedded(self, name: str) -> bool:
        """Return whether the server that was in use before under a name is the embedded engine."""
        parked = self._parked.get(name)
        return parked is not None and parked.target.embedded

    def switch(self, choice: ServerChoice, name: str) -> None:
        """Connect to something else; what is being answered or fetched elsewhere goes on.

        Done when it returns, so that nobody is given the one for the other; needs a running event loop.

        Args:
            choice: What may be connected to.
            name: What it is called: the connection is kept under this name when yet another is used.

        Raises:
            SettingsError: the host that was named is not an address; nothing has changed.
        """
        home = _Target(choice.host or DEFAULT_HOST, choice.headers, embedded=False)
        address = ENGINE_ADDRESS if choice.engine_only else parse_host(home.host).display
        if self._backend is not None and self._target is not None:
            self._parked[self._name] = _Parked(self._target, self._backend, self._engine)
        parked = self._parked.pop(name, None)
        self._backend, self._target = (parked.backend, parked.target) if parked else (None, None)
        self._engine = parked.engine if parked else None
        self._choice, self._home, self._name = choice, home, name
        self._engine_failures, self._met_server = 0, False
        self._looked_for = ServerState(ServerCondition.CONNECTING, address, embedded=choice.engine_only)
        before, self._task = self._task, None
        if before is not None:
            before.cancel()
        self._publish(self._looked_for)
        self._task = asyncio.create_task(self._run(before), name="server-monitor")

    async def aclose(self) -> None:
        """Stop watching and close the backends. The engine is its supervisor's to stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        self._announce_probe()
        await self._drop_backend()
        for parked in self._parked.values():
            await parked.backend.aclose()

    def suspect(self) -> None:
        """Look at the server at once: something that was asked of it failed."""
        self._wake.set()

    async def backend(self) -> ChatBackend:
        """Return the backend in use, waiting while it is being connected to.

        A server that was unreachable is tried once more before the error is raised: it may have come
        up a moment ago.

        Raises:
            TuiError: the server is unreachable, and why.
        """
        if self._state.condition is ServerCondition.UNREACHABLE:
            await self._next_probe()
        elif self._state.condition is ServerCondition.RECONNECTING:
            await self._next_probe(hurry=False)
        while self._state.condition is ServerCondition.CONNECTING:
            await self._next_probe(hurry=False)
        if self._state.condition is ServerCondition.CONNECTED and self._backend is not None:
            return self._backend
        raise self._error()

    async def wait_connected(self) -> None:
        """Wait until a server answers."""
        while self._state.condition is not ServerCondition.CONNECTED:
            await self._next_probe(hurry=False)

    async def _next_probe(self, *, hurry: bool = True) -> None:
        """Wait until the server was looked at."""
        if self._task is not None and self._task.done():
            raise ServerUnreachable("The connection was closed.")
        probed = self._probed
        if hurry:
            self.suspect()
        await probed.wait()

    async def _run(self, before: asyncio.Task[None] | None = None) -> None:
        """Look at the server again and again, once the look at another one `before` has ended."""
        failures = 0
        try:
            if before is not None:
                await asyncio.wait({before})
            while True:
                self._wake.clear()
                if failures:
                    again = ServerCondition.RECONNECTING
                    self._publish(replace(self._state, condition=again, retry_at=None))
                error = await self._look()
                failures = failures + 1 if error is not None else 0
                seconds = self._retry_seconds(failures) if failures else RECHECK_SECONDS
                if error is not None:
                    self._publish_error(error, self._clock() + seconds)
                self._announce_probe()
                await self._rest(seconds)
        finally:
            self._announce_probe()

    def _announce_probe(self) -> None:
        probed, self._probed = self._probed, asyncio.Event()
        probed.set()

    def _retry_seconds(self, failures: int) -> float:
        growing = FIRST_RETRY_SECONDS * 2.0 ** min(failures - 1, 10)
        return min(LAST_RETRY_SECONDS / 1.25, growing) * (0.75 + self._chance() / 2)

    async def _rest(self, seconds: float) -> None:
        """Wait, or until someone wants to know."""
        waits = (
            asyncio.ensure_future(self._sleep(seconds)),
            asyncio.create_task(self._wake.wait()),
        )
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _look(self) -> TuiError | None:
        """Look at the server; return why it cannot be used, None where it can.

        Nothing that happens there may end the watch: without it the app would say for ever what was
        the case last.
        """
        try:
            await self._probe()
        except TuiError as error:
            return error
        except Exception as error:  # noqa: BLE001
            with contextlib.suppress(Exception):
                await self._drop_backend()
            return ServerFailed(
                f"ollama-tui met an error that it did not expect: {type(error).__name__}.",
                "It tries again by itself. Please report this.",
                reason="internal error",
            )
        return None

    async def _probe(self) -> None:
        """Look at the server in use or, where there is none, for one; publish the one that was found.

        Raises:
            TuiError: there is none, and why.
        """
        if self._engine is not None and await self._try_engine(self._engine):
            return
        if self._choice.engine_only:
            await self._start_engine()
            return
        try:
            await self._try(self._home)
            self._met_server = True
        except TuiError as error:
            if isinstance(error, ServerRefused) and self._choice.connect is not None:
                await self._drop_backend()  # The next try asks for the token again: it may have expired.
            await self._without_server(error)

    async def _try(self, target: _Target) -> None:
        """Connect to `target`, or make sure that the connection holds."""
        if self._backend is None or self._target != target:
            await self._drop_backend()
            connect = self._connect if target.embedded else self._choice.connect or self._connect
            self._backend = await connect(target.host, headers=target.headers, embedded=target.embedded)
            self._target = target
        version = await self._backend.version()
        if not target.embedded:
            self._engine = None
        own = self._choice.engine_model if target.embedded else ""
        address = self._backend.address
        self._publish(ServerState(ServerCondition.CONNECTED, address, version, target.embedded, own))

    async def _try_engine(self, engine: EngineHandle) -> bool:
        """Return whether the engine answers; one that does not is given up, and may be started anew."""
        try:
            await self._try(_Target(engine.url, engine.headers, embedded=True))
        except TuiError as error:
            self._engine = None
            self._engine_failures += 1
            self._engine_error = error
            return False
        self._engine_failures = 0
        return True

    async def _without_server(self, error: TuiError) -> None:
        """Do what can be done where the server does not answer.

        Raises:
            TuiError: nothing can be done, or it failed; says what the user can do.
        """
        if self._choice.host is not None or self._met_server or not isinstance(error, ServerUnreachable):
            raise self._startable(error)
        if self._choice.installed():
            raise ServerUnreachable(error.message, START_HINT, reason=error.reason)
        if self._choice.start_engine is None:
            raise ServerUnreachable(error.message, INSTALL_HINT, reason=error.reason)
        await self._start_engine()

    def _startable(self, error: TuiError) -> TuiError:
        """Return an error that says how to start an Ollama which is installed where nothing listens."""
        here = parse_host(self._home.host).loopback
        if (
            here
            and isinstance(error, ServerUnreachable)
            and error.reason == REFUSED
            and self._choice.installed()
        ):
            return ServerUnreachable(error.message, START_HINT, reason=error.reason)
        return error

    async def _start_engine(self) -> None:
        """Start the engine and connect to it, unless it has failed too often.

        Raises:
            TuiError: it cannot be started, and why.
        """
        start = self._choice.start_engine
        if start is None:
            raise ServerUnreachable("The embedded engine is not installed.", INSTALL_HINT)
        if self._engine_failures >= ENGINE_TRIES and self._engine_error is not None:
            raise self._engine_error
        try:
            engine = await start()
            await self._try(_Target(engine.url, engine.headers, embedded=True))
        except TuiError as error:
            self._engine_failures += 1
            self._engine_error = error
            raise
        self._engine = engine
        self._engine_failures = 0

    async def _drop_backend(self) -> None:
        backend, self._backend, self._target = self._backend, None, None
        if backend is not None:
            await backend.aclose()

    def _publish_error(self, error: TuiError, retry_at: float) -> None:
        unreachable = ServerCondition.UNREACHABLE
        self._publish(replace(self._looked_for, condition=unreachable, error=error, retry_at=retry_at))

    def _publish(self, state: ServerState) -> None:
        if _told(state) != _told(self._state):
            self._state = state
            self._on_change(state)

    def _error(self) -> TuiError:
        return self._state.error or ServerUnreachable(f"{self._state.address} does not answer.")


def _told(state: ServerState) -> tuple[object, ...]:
    """Return what people would see of a state: two errors that read the same are the same."""
    error = state.error
    words = (type(error), error.message, error.hint) if error is not None else ()
    return (state.condition, state.address, state.version, state.embedded, words, state.retry_at)
