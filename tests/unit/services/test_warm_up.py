"""Warming up, and patience with a full queue."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import pytest

from tests.support.fake_backend import FakeBackend
from tui.domain.errors import ServerBusy, ServerFailed
from tui.domain.events import WarmUpChanged
from tui.domain.generation import ChatRequest, Delta
from tui.services.clock import SystemClock
from tui.services.events import EventBus, Subscription
from tui.services.patience import WAITS, patient_chat
from tui.services.warm_up import WarmUpService


@dataclass
class Desk:
    bus: EventBus = field(default_factory=EventBus)
    loads: list[tuple[str, str | None, int | None]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    error: ServerFailed | None = None

    def __post_init__(self) -> None:
        self.events: Subscription = self.bus.subscribe()
        self.service = WarmUpService(
            load=self._load,
            loaded=lambda name, num_ctx: name == "loaded:1b" and num_ctx is None,
            bus=self.bus,
            clock=SystemClock(),
            keep_alive="10m",
        )

    async def _load(self, name: str, keep_alive: str | None, num_ctx: int | None) -> None:
        self.loads.append((name, keep_alive, num_ctx))
        await self.gate.wait()
        if self.error is not None:
            raise self.error

    async def next(self) -> WarmUpChanged:
        async for event in self.events:
            assert isinstance(event, WarmUpChanged)
            return event
        raise AssertionError("closed")


async def test_a_model_is_loaded_once_and_the_end_is_told() -> None:
    desk = Desk()
    desk.service.start("a:1b")
    desk.service.start("a:1b")
    assert (await desk.next()).started_at is not None
    assert desk.service.model == "a:1b"
    desk.gate.set()
    ended = await desk.next()
    assert (ended.started_at, ended.error) == (None, None)
    assert desk.loads == [("a:1b", "10m", None)]
    assert desk.service.model == ""
    assert not desk.service.cancel()


async def test_a_loaded_model_is_left_alone() -> None:
    desk = Desk()
    desk.service.start("loaded:1b")
    desk.service.start("")
    assert desk.service.model == ""


async def test_a_model_is_loaded_as_the_first_message_will_want_it() -> None:
    desk = Desk()
    desk.gate.set()
    desk.service.start("loaded:1b", num_ctx=16384, keep_alive="1h")
    await desk.next()
    await desk.next()
    assert desk.loads == [("loaded:1b", "1h", 16384)], "loaded, but with another window"


async def test_stopping_and_choosing_another() -> None:
    desk = Desk()
    desk.service.start("a:1b")
    await desk.next()
    desk.service.start("b:1b")
    assert desk.service.model == "b:1b"
    seen = [await desk.next(), await desk.next()]
    assert {(event.model, event.started_at is None) for event in seen} == {("a:1b", True), ("b:1b", False)}
    assert desk.service.cancel()
    ended = await desk.next()
    assert (ended.model, ended.error) == ("b:1b", None)


async def test_a_failed_load_is_told() -> None:
    desk = Desk(error=ServerFailed("out of memory"))
    desk.gate.set()
    desk.service.start("a:1b")
    await desk.next()
    assert (await desk.next()).error is desk.error
    await desk.service.aclose()


@dataclass
class FullQueue(FakeBackend):
    refusals: int = 0

    async def chat(self, request: ChatRequest) -> AsyncGenerator[Delta, None]:
        self.requests.append(request)
        if len(self.requests) <= self.refusals:
            raise ServerBusy("full")
        yield Delta("Yes.")
        yield Delta(done=True)


async def _tried(backend: FullQueue) -> tuple[list[Delta], list[bool], list[float]]:
    busy: list[bool] = []
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    request = ChatRequest("m", ())
    deltas = [delta async for delta in patient_chat(backend, request, busy.append, sleep)]
    return deltas, busy, slept


async def test_a_full_queue_is_tried_again_and_seen() -> None:
    deltas, busy, slept = await _tried(FullQueue(refusals=2))
    assert [delta.content for delta in deltas] == ["Yes.", ""]
    assert busy == [True, False, True, False]
    assert slept == list(WAITS[:2])


async def test_a_queue_that_stays_full() -> None:
    backend = FullQueue(refusals=99)
    with pytest.raises(ServerBusy):
        await _tried(backend)
    assert len(backend.requests) == len(WAITS) + 1
