"""Finding a server, losing it and finding it again, with a clock that stands still."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby

import pytest

from tests.support.fake_backend import FakeLibrary
from tests.support.scripted_server import ScriptedServer
from tui.backends.connect import connect_ollama
from tui.domain.errors import (
    EngineFailed,
    NotAnOllamaServer,
    ServerFailed,
    ServerUnreachable,
    SettingsError,
    TuiError,
)
from tui.domain.events import ServerCondition, ServerState
from tui.domain.generation import ChatRequest, Delta
from tui.domain.model import ModelDetails, ModelInfo, RunningModel
from tui.domain.ports import ChatBackend
from tui.services.server import (
    ENGINE_TRIES,
    INSTALL_HINT,
    LAST_RETRY_SECONDS,
    RECHECK_SECONDS,
    START_HINT,
    ServerChoice,
    ServerMonitor,
    ollama_installed,
)

HOME = "http://127.0.0.1:11434"

REFUSED = ServerUnreachable("Nothing listens at 127.0.0.1:11434.", "from the backend")


@dataclass
class World:
    """What listens where."""

    versions: dict[str, str] = field(default_factory=dict)
    errors: dict[str, TuiError] = field(default_factory=dict)
    made: list["FakeBackend"] = field(default_factory=list)
    probes: int = 0
    bug: Exception | None = None
    gate: asyncio.Event | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def connect(self, host: str, *, headers: Mapping[str, str], embedded: bool) -> ChatBackend:
        backend = FakeBackend(self, host, dict(headers), embedded)
        self.made.append(backend)
        return backend


@dataclass
class FakeBackend(FakeLibrary):
    """A backend that answers as the world says."""

    world: World
    host: str
    headers: dict[str, str]
    embedded: bool
    closed: bool = False

    @property
    def address(self) -> str:
        return self.host.removeprefix("http://")

    async def version(self) -> str:
        self.world.probes += 1
        if self.world.gate is not None:
            self.world.reached.set()
            await self.world.gate.wait()
        if self.world.bug is not None:
            raise self.world.bug
        if self.host in self.world.errors:
            raise self.world.errors[self.host]
        if self.host not in self.world.versions:
            raise REFUSED
        return self.world.versions[self.host]

    async def aclose(self) -> None:
        self.closed = True

    async def chat(self, request: ChatRequest) -> AsyncGenerator[Delta, None]:
        yield Delta(done=True)

    async def models(self) -> tuple[ModelInfo, ...]:
        return ()

    async def show(self, name: str) -> ModelDetails:
        raise NotImplementedError

    async def running(self) -> tuple[RunningModel, ...]:
        return ()

    async def load(self, name: str, keep_alive: str | None = None, num_ctx: int | None = None) -> None: ...

    async def unload(self, name: str) -> None: ...


class Clock:
    """Time that passes only when a test says so."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._pending: asyncio.Future[None] | None = None
        self._resting = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        self._pending = asyncio.get_running_loop().create_future()
        self._resting.set()
        await self._pending

    async def resting(self) -> None:
        """Wait until the monitor has nothing to do."""
        async with asyncio.timeout(20):
            await self._resting.wait()

    async def pass_by(self) -> None:
        """Let the time pass that is slept, and wait for the next rest."""
        await self.resting()
        assert self._pending is not None
        self._resting.clear()
        self._pending.set_result(None)
        await self.resting()

    async def woken(self) -> None:
        """Wait for the rest after one that is cut short by something else."""
        self._resting.clear()
        await self.resting()


@dataclass(frozen=True)
class Engine:
    url: str = "http://127.0.0.1:40000"
    headers: Mapping[str, str] = field(default_factory=lambda: {"Authorization": "Bearer token"})
    description: str = "Gemma 3 270M"


@dataclass
class Starter:
    """Starts engines, or fails to."""

    world: World
    error: TuiError | None = None
    engine: Engine = field(default_factory=Engine)
    starts: int = 0

    async def __call__(self) -> Engine:
        self.starts += 1
        if self.error is not None:
            raise self.error
        self.world.versions[self.engine.url] = "engine 1"
        return self.engine


class Rig:
    """A monitor with everything around it."""

    def __init__(self, choice: ServerChoice, world: World) -> None:
        self.world = world
        self.clock = Clock()
        self.seen: list[ServerState] = []
        self.monitor = ServerMonitor(
            choice,
            world.connect,
            self.seen.append,
            sleep=self.clock.sleep,
            chance=lambda: 0.5,
            clock=lambda: 100.0,
        )

    @property
    def conditions(self) -> list[ServerCondition]:
        """How the connection was, as often as it became another; without what is only tried again."""
        found = [each.condition for each in self.seen if each.condition is not ServerCondition.RECONNECTING]
        return [each for each, _ in groupby(found)]

    async def settle(self) -> None:
        self.monitor.start()
        await self.clock.resting()


def absent() -> bool:
    return False


def present() -> bool:
    return True


async def test_a_server_at_the_default_address() -> None:
    rig = Rig(ServerChoice(installed=absent, start_engine=Starter(World())), World({HOME: "0.33.0"}))
    assert rig.monitor.state == ServerState(ServerCondition.CONNECTING, "127.0.0.1:11434")
    rig.monitor.start()

    backend = await rig.monitor.backend()

    assert backend is rig.world.made[0]
    assert rig.seen == [ServerState(ServerCondition.CONNECTED, "127.0.0.1:11434", "0.33.0")]
    await rig.monitor.aclose()
    assert rig.world.made[0].closed


async def test_a_named_host_is_never_replaced() -> None:
    world = World({HOME: "0.33.0"})
    starter = Starter(world)
    rig = Rig(ServerChoice("http://gpu:1", {"X-Key": "k"}, starter, installed=absent), world)

    await rig.settle()
    await rig.clock.pass_by()

    assert {backend.host for backend in world.made} == {"http://gpu:1"}
    assert world.made[0].headers == {"X-Key": "k"}
    assert starter.starts == 0
    assert rig.monitor.state.address == "gpu:1"
    assert rig.monitor.state.error is REFUSED
    assert rig.conditions == [ServerCondition.UNREACHABLE]
    await rig.monitor.aclose()


def test_a_host_that_is_none() -> None:
    with pytest.raises(SettingsError):
        Rig(ServerChoice("ftp://x"), World())


async def test_installed_but_not_running() -> None:
    starter = Starter(World())
    rig = Rig(ServerChoice(start_engine=starter, installed=present), World())

    await rig.settle()

    assert starter.starts == 0
    error = rig.monitor.state.error
    assert error is not None
    assert error.message == REFUSED.message
    assert error.hint == START_HINT
    with pytest.raises(ServerUnreachable, match="Nothing listens"):
        await rig.monitor.backend()
    await rig.monitor.aclose()


async def test_nothing_to_connect_to() -> None:
    rig = Rig(ServerChoice(installed=absent), World())

    await rig.settle()

    assert rig.monitor.state.error is not None
    assert rig.monitor.state.error.hint == INSTALL_HINT
    await rig.monitor.aclose()


async def test_something_else_at_the_default_address() -> None:
    starter = Starter(World())
    other = NotAnOllamaServer("A web page.", "Check.")
    rig = Rig(ServerChoice(start_engine=starter, installed=absent), World(errors={HOME: other}))

    await rig.settle()

    assert starter.starts == 0
    assert rig.monitor.state.error is other
    await rig.monitor.aclose()


async def test_a_server_that_appears_is_connected_to() -> None:
    rig = Rig(ServerChoice(installed=present), World())
    await rig.settle()
    connected = asyncio.create_task(rig.monitor.wait_connected())
    await rig.clock.pass_by()
    await rig.clock.pass_by()
    assert not connected.done()

    rig.world.versions[HOME] = "0.33.0"
    await rig.clock.pass_by()
    await connected

    assert rig.conditions == [ServerCondition.UNREACHABLE, ServerCondition.CONNECTED]
    assert len(rig.world.made) == 1
    await rig.monitor.aclose()


async def test_tries_become_rarer_and_start_anew() -> None:
    rig = Rig(ServerChoice(installed=present), World())
    await rig.settle()
    for _ in range(5):
        await rig.clock.pass_by()
    assert rig.clock.asked == [1.0, 2.0, 4.0, 8.0, LAST_RETRY_SECONDS / 1.25, LAST_RETRY_SECONDS / 1.25]

    rig.world.versions[HOME] = "0.33.0"
    await rig.clock.pass_by()
    del rig.world.versions[HOME]
    await rig.clock.pass_by()

    assert rig.clock.asked[6:] == [RECHECK_SECONDS, 1.0]
    assert rig.conditions[1:] == [ServerCondition.CONNECTED, ServerCondition.UNREACHABLE]
    await rig.monitor.aclose()


async def test_each_try_is_told_with_the_time_of_the_next_and_with_the_reason() -> None:
    rig = Rig(ServerChoice("http://gpu:1"), World())
    await rig.settle()
    await rig.clock.pass_by()
    rig.world.versions["http://gpu:1"] = "0.33.0"
    await rig.clock.pass_by()

    first = ServerState(ServerCondition.UNREACHABLE, "gpu:1", error=REFUSED, retry_at=101.0)
    again = ServerState(ServerCondition.RECONNECTING, "gpu:1", error=REFUSED)
    connected = ServerState(ServerCondition.CONNECTED, "gpu:1", "0.33.0")
    assert rig.seen == [first, again, replace(first, retry_at=102.0), again, connected]
    await rig.monitor.aclose()


async def test_what_is_asked_during_a_try_waits_for_its_outcome() -> None:
    rig = Rig(ServerChoice("http://gpu:1"), World())
    await rig.settle()
    rig.world.versions["http://gpu:1"] = "0.33.0"
    rig.world.gate = asyncio.Event()
    rig.monitor.suspect()
    await rig.world.reached.wait()

    asked = asyncio.create_task(rig.monitor.backend())
    await asyncio.sleep(0)
    rig.world.gate.set()

    assert await asked is rig.world.made[0]
    await rig.monitor.aclose()


async def test_an_error_that_nobody_expected_is_told_and_the_watch_goes_on() -> None:
    rig = Rig(ServerChoice("http://gpu:1"), World(bug=KeyError("version")))
    await rig.settle()

    error = rig.monitor.state.error
    assert isinstance(error, ServerFailed)
    assert "did not expect: KeyError" in error.message
    assert rig.world.made[0].closed
    rig.world.bug = None
    rig.world.versions["http://gpu:1"] = "0.33.0"
    await rig.clock.pass_by()
    assert rig.conditions == [ServerCondition.UNREACHABLE, ServerCondition.CONNECTED]
    await rig.monitor.aclose()


async def test_chance_spreads_the_tries() -> None:
    def delays(chance: float) -> list[float]:
        monitor = ServerMonitor(ServerChoice(), World().connect, lambda _: None, chance=lambda: chance)
        return [monitor._retry_seconds(failures) for failures in (1, 2, 100)]

    assert delays(0.0) == [0.75, 1.5, LAST_RETRY_SECONDS * 0.6], "also the longest"
    assert delays(1.0) == [1.25, 2.5, LAST_RETRY_SECONDS]


async def test_a_lost_server_is_seen_at_once_when_suspected() -> None:
    starter = Starter(World())
    rig = Rig(ServerChoice(start_engine=starter, installed=absent), World({HOME: "0.33.0"}))
    await rig.settle()
    del rig.world.versions[HOME]

    rig.monitor.suspect()
    await rig.clock.woken()

    assert rig.conditions == [ServerCondition.CONNECTED, ServerCondition.UNREACHABLE]
    assert starter.starts == 0, "a server that was met is not replaced by the engine"
    await rig.monitor.aclose()


async def test_nothing_is_told_twice() -> None:
    rig = Rig(ServerChoice(installed=absent), World({HOME: "0.33.0"}))
    await rig.settle()
    await rig.clock.pass_by()
    await rig.clock.pass_by()

    assert rig.world.probes == 3
    assert len(rig.seen) == 1
    rig.world.versions[HOME] = "0.34.0"
    await rig.clock.pass_by()
    assert [state.version for state in rig.seen] == ["0.33.0", "0.34.0"]
    await rig.monitor.aclose()


async def test_asking_for_the_backend_tries_once_more() -> None:
    rig = Rig(ServerChoice(installed=present), World())
    await rig.settle()
    rig.world.versions[HOME] = "0.33.0"

    assert await rig.monitor.backend() is rig.world.made[0]
    await rig.monitor.aclose()


async def test_the_engine_where_there_is_nothing_else() -> None:
    world = World()
    starter = Starter(world)
    rig = Rig(ServerChoice(headers={"X-Key": "k"}, start_engine=starter, installed=absent), world)

    await rig.settle()

    assert rig.seen == [ServerState(ServerCondition.CONNECTED, "127.0.0.1:40000", "engine 1", embedded=True)]
    assert rig.monitor.engine == starter.engine
    home, engine = world.made
    assert home.closed
    assert (engine.host, engine.embedded) == (starter.engine.url, True)
    assert engine.headers == {"Authorization": "Bearer token"}
    await rig.clock.pass_by()
    assert starter.starts == 1
    assert rig.clock.asked == [RECHECK_SECONDS, RECHECK_SECONDS]
    await rig.monitor.aclose()


async def test_an_engine_that_dies_is_started_anew() -> None:
    world = World()
    starter = Starter(world)
    rig = Rig(ServerChoice(start_engine=starter, installed=absent), world)
    await rig.settle()
    del world.versions[starter.engine.url]
    starter.engine = Engine("http://127.0.0.1:40001")

    rig.monitor.suspect()
    await rig.clock.woken()

    assert starter.starts == 2
    assert rig.monitor.state.address == "127.0.0.1:40001"
    assert rig.monitor.state.condition is ServerCondition.CONNECTED
    await rig.monitor.aclose()


async def test_an_engine_that_moved_is_followed() -> None:
    world = World()
    starter = Starter(world)
    rig = Rig(ServerChoice(start_engine=starter, installed=absent), world)
    await rig.settle()
    world.versions["http://127.0.0.1:40002"] = "engine 1"
    object.__setattr__(starter.engine, "url", "http://127.0.0.1:40002")

    await rig.clock.pass_by()

    assert starter.starts == 1
    assert rig.monitor.state.address == "127.0.0.1:40002"
    await rig.monitor.aclose()


async def test_a_real_server_replaces_a_dead_engine() -> None:
    world = World()
    starter = Starter(world)
    rig = Rig(ServerChoice(start_engine=starter, installed=absent), world)
    await rig.settle()
    world.versions = {HOME: "0.33.0"}

    await rig.clock.pass_by()

    assert rig.monitor.state == ServerState(ServerCondition.CONNECTED, "127.0.0.1:11434", "0.33.0")
    assert rig.monitor.engine is None
    assert starter.starts == 1
    await rig.monitor.aclose()


async def test_an_engine_that_cannot_start() -> None:
    world = World()
    starter = Starter(world, EngineFailed("No model file.", "Reinstall."))
    rig = Rig(ServerChoice(start_engine=starter, installed=absent), world)
    await rig.settle()
    for _ in range(5):
        await rig.clock.pass_by()

    assert rig.monitor.state.error is starter.error
    assert starter.starts == ENGINE_TRIES
    assert rig.conditions == [ServerCondition.UNREACHABLE]
    world.versions[HOME] = "0.33.0"
    await rig.clock.pass_by()
    assert rig.monitor.state.condition is ServerCondition.CONNECTED
    await rig.monitor.aclose()


async def test_the_engine_alone() -> None:
    world = World({HOME: "0.33.0"})
    starter = Starter(world)
    rig = Rig(ServerChoice(start_engine=starter, engine_only=True, installed=present), world)
    assert rig.monitor.state.embedded

    await rig.settle()

    assert [backend.host for backend in world.made] == [starter.engine.url]
    assert rig.monitor.state.embedded
    starter.error = EngineFailed("Gone.", "")
    del world.versions[starter.engine.url]
    for _ in range(4):
        await rig.clock.pass_by()
    assert rig.conditions == [ServerCondition.CONNECTED, ServerCondition.UNREACHABLE]
    assert rig.monitor.state.error is starter.error
    assert {backend.host for backend in world.made} == {starter.engine.url}
    await rig.monitor.aclose()


async def test_the_engine_alone_and_not_installed() -> None:
    rig = Rig(ServerChoice(engine_only=True), World({HOME: "0.33.0"}))

    await rig.settle()

    assert rig.monitor.state.error is not None
    assert "not installed" in rig.monitor.state.error.message
    await rig.monitor.aclose()


@pytest.mark.parametrize("begun", [True, False])
async def test_closing_ends_every_wait(begun: bool) -> None:
    never = asyncio.Event()

    async def connect(host: str, *, headers: Mapping[str, str], embedded: bool) -> ChatBackend:
        await never.wait()
        raise AssertionError

    monitor = ServerMonitor(ServerChoice(), connect, lambda _: None)
    monitor.start()
    monitor.start()
    waiting = [asyncio.create_task(monitor.backend()), asyncio.create_task(monitor.wait_connected())]
    if begun:
        await asyncio.sleep(0)

    await monitor.aclose()

    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, ServerUnreachable) for result in results)


async def test_through_a_real_socket() -> None:
    with ScriptedServer() as server:
        seen: list[ServerState] = []
        changed = asyncio.Event()

        def on_change(state: ServerState) -> None:
            if state.condition is not ServerCondition.RECONNECTING:
                seen.append(state)
                changed.set()

        monitor = ServerMonitor(ServerChoice(server.url), connect_ollama, on_change)
        monitor.start()
        backend = await monitor.backend()
        assert (await backend.models())[0].name == "gemma3:270m"
        server.stop()
        changed.clear()
        monitor.suspect()
        await changed.wait()
        server.start()

        assert await monitor.backend() is backend
        assert [state.condition.value for state in seen] == ["connected", "unreachable", "connected"]
        await monitor.aclose()


def test_looking_for_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def which(name: str) -> None:
        asked.append(name)

    monkeypatch.setattr("shutil.which", which)

    assert not ollama_installed()
    assert asked == ["ollama"]


def test_watching_needs_no_client_library() -> None:
    code = "import sys, tui.services.server; print('ollama' in sys.modules, 'httpx' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(
    ("host", "starts"), [(None, True), ("http://127.0.0.1:7", True), ("http://gpu:7", False)]
)
async def test_an_installed_ollama_can_be_started_wherever_it_is_to_listen_on_this_machine(
    host: str | None, *, starts: bool
) -> None:
    refused = ServerUnreachable("Nothing listens.", "Start it there.", reason="refused")
    rig = Rig(ServerChoice(host, installed=present), World(errors={host or HOME: refused}))

    await rig.settle()

    error = rig.monitor.state.error
    assert error is not None
    assert (error.hint == START_HINT, error.reason) == (starts, "refused")
    await rig.monitor.aclose()
