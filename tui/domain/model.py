"""Models: what is installed, what is loaded, what they can do."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tui.domain.generation import Think

FOR_GOOD_SECONDS: Final = 30 * 24 * 3600.0
"""A model that stays loaded for longer than this is kept for good: servers say hundreds of years."""


class Capability(StrEnum):
    """What a model can do, in the words of the Ollama API."""

    COMPLETION = "completion"
    VISION = "vision"
    TOOLS = "tools"
    THINKING = "thinking"
    EMBEDDING = "embedding"
    INSERT = "insert"


@dataclass(frozen=True, slots=True)
class Thinking:
    """What a model can be told of thinking."""

    values: tuple[Think, ...]
    """In the order in which the server names them."""
    default: Think | None = None
    """What it does where it is told nothing; None where that is not known."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One installed model, as `/api/tags` lists it."""

    name: str
    """As the server spells it, tag included: `gemma3:4b`."""
    digest: str = ""
    size: int = 0
    """Bytes on disk."""
    family: str = ""
    parameter_size: str = ""
    """For example `4.3B`."""
    quantization: str = ""
    """For example `Q4_K_M`."""
    context_length: int | None = None
    """The longest context window it was trained for, in tokens; None on older servers."""
    capabilities: frozenset[str] | None = None
    """None on older servers, which do not list them."""
    thinking: Thinking | None = None
    """None where the server has not said it; a model that thinks can be told on and off then."""

    @property
    def can_chat(self) -> bool:
        """False only for a model that is known to do nothing but embeddings.

        Servers that do not say what a model can do say its family: those of BERT's kind write nothing.
        """
        if self.capabilities is None:
            return not self.family.casefold().endswith("bert")
        return Capability.COMPLETION in self.capabilities


@dataclass(frozen=True, slots=True)
class ModelDetails:
    """What `/api/show` tells of a model."""

    capabilities: frozenset[str]
    context_length: int | None
    parameter_size: str
    quantization: str
    family: str
    parameters: str
    """The parameters of its Modelfile, one a line."""
    template: str
    system: str
    license: str
    modelfile: str
    thinking: Thinking | None = None
    """None on servers that do not say it."""
    kv_bytes_per_token: int | None = None
    """Bytes of memory that each token of the context window takes, at most; None where it is not known."""


@dataclass(frozen=True, slots=True)
class RunningModel:
    """A model that is loaded now, as `/api/ps` lists it."""

    name: str
    digest: str = ""
    size: int = 0
    """Bytes of memory."""
    size_vram: int = 0
    """Bytes of those on a GPU."""
    context_length: int | None = None
    """The context window in force, in tokens."""
    expires_at: float | None = None
    """Seconds since the epoch when it will be unloaded."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What `/api/show` tells of a model that older servers do not list, by the model's digest."""

    capabilities: frozenset[str]
    context_length: int | None = None
    thinking: Thinking | None = None
    """What it can be told of thinking; None for no more than on and off."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a server takes for a model, learned from what it refused."""

    thinking: Thinking
    version: str
    """Of that server: another version may take more."""


def full_name(name: str) -> str:
    """Return a model's name with the tag that the server understands where none is given."""
    last = name.rpartition("/")[2]
    return name if ":" in last else f"{name}:latest"


def find_model(name: str, models: tuple[ModelInfo, ...]) -> ModelInfo | None:
    """Return the installed model that the server would take `name` for, or None.

    Servers compare names without regard to case, and take a missing tag for `latest`.
    """
    wanted = full_name(name).casefold()
    return next((model for model in models if full_name(model.name).casefold() == wanted), None)


def find_running(name: str, running: tuple[RunningModel, ...]) -> RunningModel | None:
    """Return the loaded model of this name, or None."""
    wanted = full_name(name).casefold()
    return next((model for model in running if full_name(model.name).casefold() == wanted), None)
