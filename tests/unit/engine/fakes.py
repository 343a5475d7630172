"""A runner that plays a script, and a model without weights."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tui.engine.catalog import Catalog, Model
from tui.engine.gguf import Header, Value
from tui.engine.llama import RunnerFailed

NAME = "gemma3:270m"


class FakeRunner:
    """Answers with pieces of text; `hold` makes it wait after the first."""

    def __init__(self, pieces: Sequence[str] = ("Good ", "day."), *, die: bool = False) -> None:
        self.pieces = list(pieces)
        self.die = die
        self.hold: asyncio.Event | None = None
        self.bodies: list[Mapping[str, object]] = []
        self.stopped = asyncio.Event()
        self.started = asyncio.Event()
        self.closed = asyncio.Event()

    async def ask(self, path: str, body: Mapping[str, object]) -> dict[str, object]:
        if path == "/tokenize":
            return {"tokens": str(body["content"]).split()}
        return {"prompt": str(body.get("messages"))}

    async def stream(self, path: str, body: Mapping[str, object]) -> AsyncGenerator[dict[str, object], None]:
        self.bodies.append(body)
        self.started.set()
        try:
            for number, piece in enumerate(self.pieces, 1):
                yield {"content": piece, "tokens_predicted": number, "tokens_evaluated": 7}
                if self.hold is not None:
                    await self.hold.wait()
                if self.die:
                    raise RunnerFailed("unexpected EOF")
            timings = {"prompt_ms": 1.5, "predicted_ms": 2.5}
            yield {"content": "", "stop_type": "eos", "tokens_predicted": 2, "timings": timings}
        finally:
            self.stopped.set()

    def memory(self) -> int:
        return 1000

    async def aclose(self) -> None:
        self.closed.set()


class FakeCatalog(Catalog):
    """Offers one model that needs no file."""

    def __init__(self, template: str = "") -> None:
        metadata: dict[str, Value | None] = {
            "general.architecture": "gemma3",
            "gemma3.context_length": 32768,
            "general.file_type": 15,
        }
        header = Header({**metadata, "tokenizer.chat_template": template}, 268098176)
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        self.model = Model(NAME, header, 253, "abc", moment, lambda: Path("/nowhere"))

    def models(self) -> tuple[Model, ...]:
        return (self.model,)
