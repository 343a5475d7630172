"""How the scripted server fetches, makes, copies and deletes models."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from tests.support.script import Gate, Model

Write = Callable[[dict[str, Any]], Awaitable[None]]
"""Writes one line of a stream."""


@dataclass(frozen=True, slots=True)
class PullScript:
    """What happens when a model is fetched. The default is at once and whole."""

    layers: tuple[int, ...] = (253_113_024, 248, 53)
    """Bytes of each file."""
    steps: int = 8
    """Lines about the first file."""
    rate: float | None = None
    """Lines a second."""
    gate: Gate | None = None
    """Must be passed before each line."""
    dies_after: int | None = None
    """The registry dies after this many lines: a while nothing moves, then an error line."""
    death: Gate | None = None
    """Must be passed before that error line."""
    error: str = (
        'max retries exceeded: Get "http://registry/x": dial tcp 127.0.0.1:5001: connect: connection refused'
    )
    cut_after: int | None = None
    """The connection breaks after this many lines."""

    async def die(self, write: Write) -> None:
        """Say that the registry is gone, once that may be."""
        if self.death is not None:
            await self.death.passed()
        await write({"error": self.error})


class Cut(Exception):
    """The connection is to be broken now."""


@dataclass
class Library:
    """The models of a scripted server, and those that it can fetch."""

    models: list[Model]
    registry: dict[str, PullScript] = field(default_factory=dict)
    """What can be fetched, by name."""
    blobs: dict[str, int] = field(default_factory=dict)
    """Bytes of each file that are there: a pull goes on where it stopped."""

    def find(self, name: str) -> Model | None:
        wanted = _full(name)
        return next((model for model in self.models if _full(model.name) == wanted), None)

    def delete(self, name: str) -> tuple[int, str]:
        if not name:
            return 400, "model is required"
        if (model := self.find(name)) is None:
            return 404, f"model '{name}' not found"
        self.models.remove(model)
        return 200, ""

    def copy(self, source: str, destination: str) -> tuple[int, str]:
        if " " in destination or not destination:
            return 400, f'destination "{destination}" is invalid'
        if (model := self.find(source)) is None:
            return 404, f'model "{source}" not found'
        self._add(replace(model, name=destination))
        return 200, ""

    async def create(self, asked: dict[str, Any], write: Write) -> None:
        base = self.find(str(asked.get("from", "")))
        if base is None:
            await write({"status": "pulling manifest"})
            await write({"error": "pull model manifest: file does not exist"})
            return
        for status in (
            "using existing layer sha256:a5fd",
            "creating new layer sha256:b1",
            "writing manifest",
        ):
            await write({"status": status})
        self._add(
            replace(base, name=str(asked["model"]), digest=sha256(str(asked["model"]).encode()).hexdigest())
        )
        await write({"status": "success"})

    async def pull(self, name: str, write: Write) -> None:
        script = self.registry.get(name)
        await write({"status": "pulling manifest"})
        if script is None:
            await write({"error": "pull model manifest: file does not exist"})
            return
        written = 0
        for number, total in enumerate(script.layers):
            digest = f"sha256:{sha256(f'{name}{number}'.encode()).hexdigest()}"
            steps = script.steps if number == 0 else 1
            for completed in _amounts(self.blobs.get(digest, 0), total, steps):
                if script.cut_after is not None and written >= script.cut_after:
                    raise Cut
                if script.dies_after is not None and written >= script.dies_after:
                    await script.die(write)
                    return
                if script.gate is not None:
                    await script.gate.passed()
                if script.rate is not None:
                    await asyncio.sleep(1 / script.rate)
                self.blobs[digest] = completed
                short = digest.removeprefix("sha256:")[:12]
                line = {"status": f"pulling {short}", "digest": digest, "total": total}
                await write(line | {"completed": completed})
                written += 1
        for status in ("verifying sha256 digest", "writing manifest", "success"):
            if status == "success":
                self._add(Model(name, size=sum(script.layers)))
            await write({"status": status})

    def _add(self, model: Model) -> None:
        if (old := self.find(model.name)) is not None:
            self.models.remove(old)
        self.models.append(model)


def _full(name: str) -> str:
    lowered = name.lower()
    return lowered if ":" in lowered.rpartition("/")[2] else f"{lowered}:latest"


def _amounts(there: int, total: int, steps: int) -> list[int]:
    """Return how much is there after each line."""
    if there >= total:
        return [total]
    return [there + (total - there) * step // steps for step in range(1, steps + 1)]
