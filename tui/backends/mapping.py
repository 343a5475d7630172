"""Between the JSON of the Ollama API and the domain."""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, get_args

from tui.domain.generation import ChatMessage, ChatRequest, Delta, Stats, Think
from tui.domain.model import ModelDetails, ModelInfo, RunningModel, Thinking
from tui.domain.pull import NewModel, PullStep
from tui.domain.text import sanitize_line

Answer = dict[str, Any]
"""A JSON object from a server, of which nothing is known yet."""

_SURROGATES: Final = re.compile("[\ud800-\udfff]")

_LEVELS: Final[Mapping[str, Think]] = {each: each for each in get_args(Think) if each not in ("off", "on")}

_NUMBER: Final = re.compile(r"-?\d+")


def parse_object(data: bytes) -> Answer | None:
    """Return the JSON object that `data` is, or None when it is anything else."""
    try:
        value = json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def chat_body(request: ChatRequest) -> bytes:
    """Return the body of a streaming chat request."""
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [_message(message) for message in request.messages],
        "stream": True,
    }
    if options := request.options.as_dict():
        body["options"] = options
    if request.think is not None:
        body["think"] = _think(request.think)
    if request.keep_alive is not None:
        body["keep_alive"] = keep_alive_value(request.keep_alive)
    if request.format:
        body["format"] = _format(request.format)
    if request.exact:
        # Servers that do not know them take no notice of them.
        body |= {"truncate": False, "shift": False}
    return json_body(body)


def _format(text: str) -> object:
    """Return the form of an answer as servers take it: a schema as the object that it is."""
    schema = parse_object(text.encode("utf-8", "replace"))
    return text if schema is None else schema


def json_body(body: Mapping[str, Any]) -> bytes:
    """Return `body` as JSON; a lone surrogate, which no server would take, becomes U+FFFD."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return _SURROGATES.sub("\ufffd", text).encode()


def keep_alive_value(text: str) -> str | int:
    """Return how long to keep a model: servers take a bare number only as a number."""
    return int(text) if _NUMBER.fullmatch(text) else text


def delta(line: Mapping[str, Any]) -> Delta | None:
    """Return what a line of a chat stream adds, or None when it is not such a line."""
    message = line.get("message")
    if line.get("done") is True:
        final = message if isinstance(message, dict) else {}
        return Delta(
            content=_text(final.get("content")),
            thinking=_text(final.get("thinking")),
            done=True,
            stop_reason=sanitize_line(_text(line.get("done_reason")), 40),
            stats=stats(line),
        )
    if not isinstance(message, dict):
        return None
    return Delta(_text(message.get("content")), _text(message.get("thinking")))


def stats(line: Mapping[str, Any]) -> Stats:
    """Return the figures of the last line of an answer."""
    return Stats(
        prompt_tokens=_integer(line.get("prompt_eval_count")),
        answer_tokens=_integer(line.get("eval_count")),
        total_seconds=_seconds(line.get("total_duration")),
        load_seconds=_seconds(line.get("load_duration")),
        prompt_seconds=_seconds(line.get("prompt_eval_duration")),
        answer_seconds=_seconds(line.get("eval_duration")),
    )


def models(answer: Mapping[str, Any]) -> tuple[ModelInfo, ...] | None:
    """Return the models of `/api/tags`, or None when it is not such an answer."""
    entries = _entries(answer)
    if entries is None:
        return None
    return tuple(_model(entry) for entry in entries if _name(entry))


def running(answer: Mapping[str, Any]) -> tuple[RunningModel, ...] | None:
    """Return the models of `/api/ps`, or None when it is not such an answer."""
    entries = _entries(answer)
    if entries is None:
        return None
    return tuple(
        RunningModel(
            name=_name(entry),
            digest=_text(entry.get("digest")),
            size=_integer(entry.get("size")) or 0,
            size_vram=_integer(entry.get("size_vram")) or 0,
            context_length=_integer(entry.get("context_length")),
            expires_at=_timestamp(entry.get("expires_at")),
        )
        for entry in entries
        if _name(entry)
    )


def details(answer: Mapping[str, Any]) -> ModelDetails:
    """Return what `/api/show` tells of a model."""
    summary = _object(answer.get("details"))
    return ModelDetails(
        capabilities=_capabilities(answer.get("capabilities")) or frozenset(),
        context_length=_trained_context(_object(answer.get("model_info"))),
        parameter_size=_text(summary.get("parameter_size")),
        quantization=_text(summary.get("quantization_level")),
        family=_text(summary.get("family")),
        parameters=_text(answer.get("parameters")),
        template=_text(answer.get("template")),
        system=_text(answer.get("system")),
        license=_license(answer.get("license")),
        modelfile=_text(answer.get("modelfile")),
        thinking=_thinking(answer.get("thinking")),
        kv_bytes_per_token=_kv_bytes(_object(answer.get("model_info"))),
    )


def pull_step(line: Mapping[str, Any]) -> PullStep | None:
    """Return what a line of a pull says, or None when it is not such a line."""
    if not isinstance(line.get("status"), str):
        return None
    total = max(0, _integer(line.get("total")) or 0)
    completed = max(0, _integer(line.get("completed")) or 0)
    return PullStep(
        status=sanitize_line(_text(line.get("status")), 120),
        digest=sanitize_line(_text(line.get("digest")), 80),
        total=total,
        completed=min(completed, total) if total else completed,
    )


def create_body(model: NewModel) -> bytes:
    """Return the body of a request to make a model."""
    body: dict[str, Any] = {"model": model.name, "from": model.base, "stream": True}
    if model.system:
        body["system"] = model.system
    if model.parameters:
        body["parameters"] = dict(model.parameters)
    return json_body(body)


def _message(message: ChatMessage) -> dict[str, Any]:
    mapped: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.images:
        mapped["images"] = [b64encode(image).decode() for image in message.images]
    if message.thinking:
        mapped["thinking"] = message.thinking
    return mapped


def _think(think: Think) -> bool | str:
    return {"off": False, "on": True}.get(think, think)


def _thinking(value: Any) -> Thinking | None:
    """Return what a model can be told of thinking; what this app does not know is left out."""
    controls = _object(value)
    named = controls.get("values")
    if not isinstance(named, list):
        return None
    known = tuple(dict.fromkeys(each for each in map(_think_value, named) if each is not None))
    default = _think_value(controls.get("default"))
    return Thinking(known, default if default in known else None) if known else None


def _think_value(value: Any) -> Think | None:
    if isinstance(value, bool):
        return "on" if value else "off"
    return _LEVELS.get(value) if isinstance(value, str) else None


def _model(entry: Mapping[str, Any]) -> ModelInfo:
    summary = _object(entry.get("details"))
    return ModelInfo(
        name=_name(entry),
        digest=_text(entry.get("digest")),
        size=_integer(entry.get("size")) or 0,
        family=_text(summary.get("family")),
        parameter_size=_text(summary.get("parameter_size")),
        quantization=_text(summary.get("quantization_level")),
        context_length=_integer(summary.get("context_length")),
        capabilities=_capabilities(entry.get("capabilities")),
    )


def _entries(answer: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    entries = answer.get("models", "")
    if entries is None:
        return []
    if not isinstance(entries, list):
        return None
    return [entry for entry in entries if isinstance(entry, dict)]


def _name(entry: Mapping[str, Any]) -> str:
    return _text(entry.get("name")) or _text(entry.get("model"))


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """Return a text that a store can hold: half a surrogate pair cannot be encoded."""
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else _SURROGATES.sub("\ufffd", value)


def _integer(value: Any) -> int | None:
    """Return a whole number that 64 bits can hold, as a store must."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63:
        return value
    return None


def _seconds(value: Any) -> float | None:
    nanoseconds = _integer(value)
    return None if nanoseconds is None else nanoseconds / 1e9


def _timestamp(value: Any) -> float | None:
    try:
        return datetime.fromisoformat(_text(value)).timestamp()
    except (ValueError, OverflowError):
        return None


def _capabilities(value: Any) -> frozenset[str] | None:
    if not isinstance(value, list):
        return None
    return frozenset(item for item in value if isinstance(item, str))


def _trained_context(info: Mapping[str, Any]) -> int | None:
    architecture = _text(info.get("general.architecture"))
    return _integer(info.get(f"{architecture}.context_length"))


def _kv_bytes(info: Mapping[str, Any]) -> int | None:
    """Return what the keys and values of one token take in all layers, as half-precision numbers."""
    architecture = _text(info.get("general.architecture"))

    def figure(name: str) -> Any:
        return info.get(f"{architecture}.{name}")

    layers, heads = _integer(figure("block_count")), figure("attention.head_count")
    kv_heads = figure("attention.head_count_kv") or heads
    if isinstance(kv_heads, list):
        kv_heads = sum(_integer(each) or 0 for each in kv_heads)
    elif layers and _integer(kv_heads):
        kv_heads *= layers
    else:
        return None
    width = _integer(figure("embedding_length"))
    share = width // heads if width and isinstance(heads, int) and heads > 0 else 0
    keys = _integer(figure("attention.key_length")) or share
    values = _integer(figure("attention.value_length")) or keys
    return 2 * kv_heads * (keys + values) or None


def _license(value: Any) -> str:
    """Old servers list several licences of one model."""
    if isinstance(value, list):
        return "\n\n".join(_text(item) for item in value)
    return _text(value)
