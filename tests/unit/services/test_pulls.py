"""Pulls: progress, speed, several at once, stopping, going on, and the end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from tests.support.scripted_server import PullScript, Reply, ScriptedServer
from tui.backends.ollama import OllamaBackend
from tui.domain.errors import BadRequest, CapabilityMissing, ModelMissing, ServerFailed
from tui.domain.events import PullsChanged
from tui.domain.ports import ChatBackend
from tui.domain.pull import Pull, PullState, PullStep
from tui.services.events import EventBus, Subscription
from tui.services.pulls import PullService, _Work, check_name


class Clock:
    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        self.time += 0.25
        return self.time


@dataclass
class Desk:
    server: ScriptedServer
    backend: OllamaBackend
    bus: EventBus = field(default_factory=EventBus)
    embedded: bool = False
    fetched: int = 0
    suspected: int = 0

    def __post_init__(self) -> None:
        self.events: Subscription = self.bus.subscribe()
        self.pulls = PullService(
            backend=self._backend,
            embedded=lambda: self.embedded,
            bus=self.bus,
            clock=Clock(),
            fetched=self._fetched,
            suspect=self._suspect,
        )

    async def _backend(self) -> ChatBackend:
        return self.backend

    def _suspect(self) -> None:
        self.suspected += 1

    async def _fetched(self) -> None:
        self.fetched += 1

    async def until(self, wanted: Callable[[tuple[Pull, ...]], bool]) -> tuple[Pull, ...]:
        """Return the pulls as soon as they are as wanted."""
        async for event in self.events:
            if isinstance(event, PullsChanged) and wanted(event.pulls):
                return event.pulls
        raise AssertionError("the bus was closed")

    async def ended(self, name: str) -> Pull:
        pulls = await self.until(
            lambda pulls: any(p.name == name and p.state is not PullState.RUNNING for p in pulls)
        )
        return next(pull for pull in pulls if pull.name == name)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    with ScriptedServer() as server:
        backend = OllamaBackend(server.url)
        desk = Desk(server, backend)
        yield desk
        await desk.pulls.aclose()
        await backend.aclose()


async def test_a_pull_is_followed_to_its_end(desk: Desk) -> None:
    gate = desk.server.gate()
    desk.server.library.registry["tiny:1b"] = PullScript(layers=(1000, 10), steps=4, gate=gate)
    await desk.pulls.start("tiny:1b")
    gate.release(2)
    (pull,) = await desk.until(lambda pulls: pulls[0].completed == 500)
    assert (pull.total, pull.state, len(pull.layers)) == (1000, PullState.RUNNING, 1)
    gate.open()
    ended = await desk.ended("tiny:1b")
    assert ended.state is PullState.DONE
    assert ended.completed == ended.total == 1010
    await asyncio.sleep(0)
    assert desk.fetched == 1


async def test_several_go_on_at_once_and_each_is_stopped_by_itself(desk: Desk) -> None:
    gates = {name: desk.server.gate() for name in ("one:1b", "two:1b")}
    for name, gate in gates.items():
        desk.server.library.registry[name] = PullScript(layers=(1000,), steps=4, gate=gate)
        await desk.pulls.start(name)
        gate.release()
    assert desk.pulls.running == 2
    await desk.until(lambda pulls: sum(pull.completed > 0 for pull in pulls) == 2)
    assert desk.pulls.cancel("one:1b", desk.backend.address)
    assert (await desk.ended("one:1b")).state is PullState.CANCELLED
    assert not desk.pulls.cancel("one:1b", desk.backend.address)
    gates["two:1b"].open()
    assert (await desk.ended("two:1b")).state is PullState.DONE


async def test_a_stopped_pull_goes_on_where_it_was(desk: Desk) -> None:
    gate = desk.server.gate()
    desk.server.library.registry["tiny:1b"] = PullScript(layers=(1000,), steps=4, gate=gate)
    await desk.pulls.start("tiny:1b")
    gate.release(2)
    await desk.until(lambda pulls: pulls[0].completed == 500)
    desk.pulls.cancel("TINY:1B", desk.backend.address)
    await desk.ended("tiny:1b")
    await desk.server.requests[-1].ended()
    await desk.pulls.start("tiny:1b")
    assert desk.pulls.pulls[0].completed == 500, "what is there is shown at once"
    gate.open()
    assert (await desk.ended("tiny:1b")).state is PullState.DONE


async def test_starting_a_running_one_again_changes_nothing(desk: Desk) -> None:
    gate = desk.server.gate()
    desk.server.library.registry["tiny:latest"] = PullScript(gate=gate)
    desk.server.library.registry["tiny"] = PullScript(gate=gate)
    await desk.pulls.start("tiny")
    await desk.pulls.start("tiny:latest")
    assert len(desk.pulls.pulls) == 1


async def test_what_goes_wrong_is_kept_until_it_is_put_away(desk: Desk) -> None:
    desk.server.library.registry["tiny:1b"] = PullScript(dies_after=2)
    await desk.pulls.start("tiny:1b")
    failed = await desk.ended("tiny:1b")
    assert failed.state is PullState.FAILED
    assert isinstance(failed.error, ServerFailed)
    await desk.pulls.start("nope:1b")
    missing = await desk.ended("nope:1b")
    assert isinstance(missing.error, ModelMissing)
    desk.pulls.dismiss("tiny:1b", desk.backend.address)
    assert [pull.name for pull in desk.pulls.pulls] == ["nope:1b"]
    assert desk.fetched == 0


async def test_a_pull_that_was_cut_has_the_server_looked_at(desk: Desk) -> None:
    desk.server.library.registry["tiny:1b"] = PullScript(cut_after=2)
    await desk.pulls.start("nope:1b")
    await desk.ended("nope:1b")
    assert desk.suspected == 0, "what a registry has not says nothing of the server"
    await desk.pulls.start("tiny:1b")
    await desk.ended("tiny:1b")
    assert desk.suspected == 1


async def test_a_recorded_pull_with_a_registry_that_dies(desk: Desk) -> None:
    desk.server.answer("/api/pull", Reply(recording="pull_registry_dies"))
    await desk.pulls.start("gemma3:270m")
    failed = await desk.ended("gemma3:270m")
    assert failed.completed == 69730304
    assert failed.error is not None and "registry" in failed.error.message


async def test_the_embedded_engine_fetches_nothing(desk: Desk) -> None:
    desk.embedded = True
    with pytest.raises(CapabilityMissing, match="cannot fetch"):
        await desk.pulls.start("tiny:1b")
    assert desk.pulls.pulls == ()


@pytest.mark.parametrize("name", ["", "   ", "a b", "x" * 1000, "a\x1bb", "a\nb"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(BadRequest):
        check_name(name)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [(" gemma3:4b ", "gemma3:4b"), ("ollama pull x", "x"), ("hf.co/a/b:Q4", "hf.co/a/b:Q4"), ("ä", "ä")],
)
def test_names_as_they_are_sent(typed: str, sent: str) -> None:
    assert check_name(typed) == sent


def test_speed_is_of_the_last_seconds_and_of_what_really_arrived() -> None:
    work = _Work(Pull("x", "server"))
    work.take(PullStep("pulling a", "a", 10_000, 4_000), 0.0)
    assert _speed(work) is None, "what was there before is no speed"
    for second in range(1, 7):
        work.take(PullStep("pulling a", "a", 10_000, 4_000 + 100 * second), float(second))
    assert _speed(work) == pytest.approx(100)
    assert work.pull.seconds_left == pytest.approx(54)
    for second in range(7, 14):
        work.measure(float(second))
    assert _speed(work) == 0
    assert work.pull.seconds_left is None


def _speed(work: _Work) -> float | None:
    return work.pull.bytes_per_second
