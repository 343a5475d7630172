"""An answer being written: what is asked for, what arrives, what it cost."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Literal, Self

Think = Literal["off", "on", "minimal", "low", "medium", "high", "xhigh", "max"]
"""How much a thinking model thinks before it answers."""


@dataclass(frozen=True, slots=True)
class Options:
    """Model parameters of a conversation; None leaves the model's own default.

    Source: https://github.com/ollama/ollama/blob/main/docs/modelfile.mdx#parameter
    """

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    seed: int | None = None
    num_ctx: int | None = None
    """Context window, in tokens."""
    num_predict: int | None = None
    """Longest answer, in tokens."""
    repeat_penalty: float | None = None
    stop: tuple[str, ...] = ()
    """Texts that end the answer."""

    def as_dict(self) -> dict[str, Any]:
        """Return what is set, as the `options` object of the Ollama API."""
        values: dict[str, Any] = {
            key: value for key, value in asdict(self).items() if value is not None and value != ()
        }
        if self.stop:
            values["stop"] = list(self.stop)
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the options in `values`, ignoring keys that are not options."""
        known = {field.name for field in fields(cls)}
        kept = {key: value for key, value in values.items() if key in known}
        if "stop" in kept:
            kept["stop"] = tuple(kept["stop"])
        return cls(**kept)


@dataclass(frozen=True, slots=True)
class Stats:
    """The figures of an answer; None where the server gave none."""

    prompt_tokens: int | None = None
    """The whole prompt, cached tokens included (`prompt_eval_count`)."""
    answer_tokens: int | None = None
    """`eval_count`."""
    total_seconds: float | None = None
    load_seconds: float | None = None
    prompt_seconds: float | None = None
    answer_seconds: float | None = None
    first_token_seconds: float | None = None
    """From sending the request to the first text, measured here."""
    thinking_seconds: float | None = None
    """From the first thinking text to the first text of the answer, measured here."""

    @property
    def tokens_per_second(self) -> float | None:
        """Speed of the answer, or None where it is not known."""
        if not self.answer_tokens or not self.answer_seconds:
            return None
        return self.answer_tokens / self.answer_seconds


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message as a model is told it."""

    role: str
    content: str
    images: tuple[bytes, ...] = ()
    """The bytes of the image files that go with it."""
    thinking: str = ""
    """What the model thought before this answer of its, where it is told."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request for an answer."""

    model: str
    messages: tuple[ChatMessage, ...]
    options: Options = Options()
    think: Think | None = None
    keep_alive: str | None = None
    """How long the model stays loaded: a Go duration such as `5m`, or a number of seconds."""
    format: str = ""
    """The form of the answer: empty for any, `json`, or a JSON schema."""
    exact: bool = False
    """What does not fit into the context window is to be refused rather than cut, and an answer that
    reaches its end is to stop there. Servers that do not know this cut."""


@dataclass(frozen=True, slots=True)
class Delta:
    """What one line of a chat stream adds."""

    content: str = ""
    thinking: str = ""
    done: bool = False
    """The server said that the answer is complete; without it an answer was cut."""
    stop_reason: str = ""
    stats: Stats = Stats()


class Phase(StrEnum):
    """What a running generation is doing, in words that people see."""

    CONNECTING = "connecting"
    LOADING = "loading model"
    WAITING = "waiting for the model"
    BUSY = "queue is full, trying again"
    THINKING = "thinking"
    ANSWERING = "answering"
