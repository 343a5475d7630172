"""A backend that behaves: tests say what it answers and when it goes on."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from tui.domain.errors import ModelMissing, TuiError
from tui.domain.generation import ChatRequest, Delta, Stats
from tui.domain.model import ModelDetails, ModelInfo, RunningModel
from tui.domain.pull import NewModel, PullStep

DONE = Delta(done=True, stop_reason="stop", stats=Stats(prompt_tokens=7, answer_tokens=3, answer_seconds=1.5))
"""The last line of a complete answer."""


@dataclass
class Answer:
    """What one request gets."""

    deltas: Sequence[Delta] = ()
    error: TuiError | None = None
    """Raised after the deltas."""
    gate: asyncio.Event | None = None
    """Waited for before the end, when there is one."""


def said(*parts: str) -> Answer:
    """Return a complete answer in pieces."""
    return Answer((*(Delta(content=part) for part in parts), DONE))


class FakeLibrary:
    """Keeps models, and does nothing with them."""

    def pull(self, name: str) -> AsyncGenerator[PullStep, None]:
        return self._steps()

    def create(self, model: NewModel) -> AsyncGenerator[PullStep, None]:
        return self._steps()

    async def copy(self, source: str, destination: str) -> None:
        """Do nothing."""

    async def delete(self, name: str) -> None:
        """Do nothing."""

    async def _steps(self) -> AsyncGenerator[PullStep, None]:
        yield PullStep("success")


@dataclass
class FakeBackend(FakeLibrary):
    """A `ChatBackend` that gives the answers it was told to, in order."""

    answers: list[Answer] = field(default_factory=list)
    installed: tuple[ModelInfo, ...] = (ModelInfo("gemma3:4b"), ModelInfo("llama3.2:latest"))
    loaded: tuple[RunningModel, ...] = ()
    requests: list[ChatRequest] = field(default_factory=list)
    closed: int = 0
    """Streams that were closed before their end."""
    address: str = "127.0.0.1:11434"
    failure: TuiError | None = None
    """Raised by everything but chat."""

    async def chat(self, request: ChatRequest) -> AsyncGenerator[Delta, None]:
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else said("Yes.")
        finished = False
        try:
            for delta in answer.deltas:
                if delta.done and answer.gate is not None:
                    await answer.gate.wait()
                yield delta
                await asyncio.sleep(0)
            if answer.gate is not None:
                await answer.gate.wait()
            finished = True
            if answer.error is not None:
                raise answer.error
        finally:
            self.closed += not finished

    async def version(self) -> str:
        self._check()
        return "0.33.0"

    async def models(self) -> tuple[ModelInfo, ...]:
        self._check()
        return self.installed

    async def show(self, name: str) -> ModelDetails:
        raise ModelMissing(name)

    async def running(self) -> tuple[RunningModel, ...]:
        self._check()
        return self.loaded

    async def load(self, name: str, keep_alive: str | None = None, num_ctx: int | None = None) -> None:
        self._check()

    async def unload(self, name: str) -> None:
        self._check()

    async def aclose(self) -> None:
        """Nothing is open."""

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure
