"""What is remembered of models between runs, so that lists open at once."""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, get_args

from tui.domain.generation import Think
from tui.domain.model import ModelInfo, Refusal, Thinking, Traits

_THINK: Final[Mapping[str, Think]] = {each: each for each in get_args(Think)}
_FILE: Final = "models.json"
_MOST_TRAITS: Final = 500
_MOST_SERVERS: Final = 20


@dataclass(frozen=True, slots=True)
class ModelMemory:
    """What is known of models."""

    servers: Mapping[str, tuple[ModelInfo, ...]] = field(default_factory=dict)
    """The models that each server listed last, by its address."""
    traits: Mapping[str, Traits] = field(default_factory=dict)
    """By digest."""
    favourites: frozenset[str] = frozenset()
    """Names of models that stand first."""
    load_seconds: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """How long the last loads took, by the server's address and the model's digest."""
    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    """What servers take, learned from what they refused, by the same."""


def load_memory(directory: Path) -> ModelMemory:
    """Return what is remembered; nothing where there is nothing, or nothing that makes sense."""
    try:
        stored = json.loads((directory / _FILE).read_text("utf-8"))
        return ModelMemory(
            servers={str(key): _models(value) for key, value in stored["servers"].items()},
            traits={str(key): _traits(value) for key, value in stored["traits"].items()},
            favourites=frozenset(map(str, stored["favourites"])),
            load_seconds={
                str(key): tuple(float(each) for each in value)
                for key, value in stored["load_seconds"].items()
            },
            refusals={str(key): _refusal(value) for key, value in stored.get("refusals", {}).items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ModelMemory()


def save_memory(directory: Path, memory: ModelMemory) -> None:
    """Write what is to be remembered, whole or not at all.

    Raises:
        OSError: the directory cannot be written.
    """
    stored = {
        "servers": {
            key: [asdict(model) | {"capabilities": _listed(model.capabilities)} for model in models]
            for key, models in list(memory.servers.items())[-_MOST_SERVERS:]
        },
        "traits": {
            key: asdict(each) | {"capabilities": sorted(each.capabilities)}
            for key, each in list(memory.traits.items())[-_MOST_TRAITS:]
        },
        "favourites": sorted(memory.favourites),
        "load_seconds": {key: list(value) for key, value in memory.load_seconds.items()},
        "refusals": {key: asdict(each) for key, each in list(memory.refusals.items())[-_MOST_TRAITS:]},
    }
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=directory, prefix=".models-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(stored, file)
        Path(name).replace(directory / _FILE)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _listed(capabilities: frozenset[str] | None) -> list[str] | None:
    return None if capabilities is None else sorted(capabilities)


def _models(entries: list[dict[str, object]]) -> tuple[ModelInfo, ...]:
    return tuple(_model(entry) for entry in entries)


def _model(entry: Mapping[str, object]) -> ModelInfo:
    size, context, able = entry.get("size"), entry.get("context_length"), entry.get("capabilities")
    return ModelInfo(
        name=str(entry["name"]),
        digest=str(entry.get("digest", "")),
        size=size if isinstance(size, int) else 0,
        family=str(entry.get("family", "")),
        parameter_size=str(entry.get("parameter_size", "")),
        quantization=str(entry.get("quantization", "")),
        context_length=context if isinstance(context, int) else None,
        capabilities=frozenset(map(str, able)) if isinstance(able, list) else None,
        thinking=_thinking(entry.get("thinking")),
    )


def _traits(entry: Mapping[str, object]) -> Traits:
    able, context = entry["capabilities"], entry.get("context_length")
    return Traits(
        frozenset(map(str, able)) if isinstance(able, list) else frozenset(),
        context if isinstance(context, int) else None,
        _thinking(entry.get("thinking")),
    )


def _refusal(entry: Mapping[str, object]) -> Refusal:
    return Refusal(_thinking(entry["thinking"]) or Thinking(()), str(entry["version"]))


def _thinking(entry: object) -> Thinking | None:
    if not isinstance(entry, dict):
        return None
    return Thinking(_known(entry.get("values")), next(iter(_known([entry.get("default")])), None))


def _known(values: object) -> tuple[Think, ...]:
    if not isinstance(values, list):
        return ()
    return tuple(_THINK[value] for value in values if isinstance(value, str) and value in _THINK)
