"""The shapes of requests, checked: what is wrong is answered in Ollama's words."""

import base64
import binascii
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

_T = TypeVar("_T")

JSON: Final = "application/json; charset=utf-8"
JSON_BARE: Final = "application/json"

_INTEGERS: Final = frozenset({"num_ctx", "num_predict", "top_k", "seed", "repeat_last_n", "num_keep"})
_FLOATS: Final = frozenset(
    {"temperature", "top_p", "min_p", "typical_p", "repeat_penalty", "presence_penalty", "frequency_penalty"}
)
_HUGE: Final = 2.0**63
_THINK_LEVELS: Final = frozenset({"high", "medium", "low", "max"})
_DURATION: Final = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+")
_DURATION_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class ApiError(Exception):
    """An answer other than success."""

    def __init__(self, status: int, message: str, content_type: str = JSON) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.content_type = content_type


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the history."""

    role: str
    content: str
    has_images: bool = False


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request to `/api/chat` whose shape is right; its options are not checked yet."""

    model: str
    messages: tuple[Message, ...]
    stream: bool = True
    keep_alive: float | None = None
    """Seconds; infinity keeps the model, None is the default."""
    options: Mapping[str, object] | None = None
    format: object = None
    think: bool | str | None = None
    tools: bool = False
    truncate: bool = True
    shift: bool = True


@dataclass(frozen=True, slots=True)
class Options:
    """Options whose types are right; None and absent keys mean the model's own."""

    num_ctx: int | None
    num_predict: int | None
    stop: tuple[str, ...] | None
    sampling: Mapping[str, float | int]
    """The others, by Ollama's names."""


def parse_body(body: bytes) -> dict[str, object]:
    """Return the JSON object of a request body.

    Raises:
        ApiError: it is not one.
    """
    if not body.strip():
        raise ApiError(400, "missing request body")
    try:
        text = body.decode("utf-8")
        value: object = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ApiError(400, _syntax(text, error)) from error
    except UnicodeDecodeError as error:
        raise ApiError(400, "invalid UTF-8 in request body") from error
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "invalid JSON in request body") from error
    if not isinstance(value, dict):
        raise ApiError(400, f"json: cannot unmarshal {_kind(value)} into Go value of type api.ChatRequest")
    return value


def model_name(body: Mapping[str, object]) -> str:
    """Return the model that a request names, by its new or its old key."""
    name = _typed(body, "model", str, "string") or _typed(body, "name", str, "string")
    if not name:
        raise ApiError(400, "model is required")
    return name


def parse_chat(raw: bytes) -> ChatRequest:
    """Return a chat request.

    Raises:
        ApiError: its shape is wrong.
    """
    body = parse_body(raw)
    messages = _messages(body.get("messages"))
    keep_alive = parse_keep_alive(body.get("keep_alive"))
    think = _think(body.get("think"))
    options = _typed(body, "options", dict, "map[string]interface {}")
    stream = _typed(body, "stream", bool, "bool")
    truncate = _typed(body, "truncate", bool, "bool")
    shift = _typed(body, "shift", bool, "bool")
    tools = _typed(body, "tools", list, "api.Tools")
    return ChatRequest(
        model=model_name(body),
        messages=messages,
        stream=stream is not False,
        keep_alive=keep_alive,
        options=options,
        format=body.get("format"),
        think=think,
        tools=bool(tools),
        truncate=truncate is not False,
        shift=shift is not False,
    )


def parse_options(raw: Mapping[str, object] | None) -> Options:
    """Return the options; unknown ones are ignored, as Ollama does.

    Raises:
        ApiError: one has the wrong type.
    """
    sampling: dict[str, float | int] = {}
    stop: tuple[str, ...] | None = None
    for key, value in (raw or {}).items():
        if value is None:
            continue
        if key in _INTEGERS:
            sampling[key] = int(_number(key, value, "integer"))
        elif key in _FLOATS:
            sampling[key] = float(_number(key, value, "float32"))
        elif key == "stop":
            stop = _stop(value)
    return Options(
        num_ctx=_integer(sampling.pop("num_ctx", None)),
        num_predict=_integer(sampling.pop("num_predict", None)),
        stop=stop,
        sampling=sampling,
    )


def parse_format(value: object) -> object:
    """Return the JSON schema that an answer must follow, or None.

    Raises:
        ApiError: it is neither `json` nor a schema.
    """
    if value is None or value == "":
        return None
    if value == "json":
        return {"type": "object"}
    if isinstance(value, dict):
        return value
    given = json.dumps(json.dumps(value))
    text = f'invalid format: {given}; expected "json" or a valid JSON Schema object'
    raise ApiError(500, text, JSON_BARE)


def parse_keep_alive(value: object) -> float | None:
    """Return how many seconds a model is kept; infinity for negative durations.

    Raises:
        ApiError: it is no duration.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ApiError(400, f"Unsupported type: '{_kind(value)}'")
    seconds = _duration(value) if isinstance(value, str) else value
    return math.inf if seconds < 0 or seconds > _HUGE else float(seconds)


def plain(text: str) -> str:
    """Return text that can be encoded: a lone surrogate from JSON becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def nested_error(status: int, message: str, kind: str, **more: int) -> ApiError:
    """Return an error of the runner, which Ollama passes on as JSON inside the text."""
    inner = {"error": {"code": status, "message": message, "type": kind, **more}}
    return ApiError(status, json.dumps(inner, separators=(",", ":")), JSON_BARE)


def _unmarshal(value: object, where: str) -> ApiError:
    """Return what Ollama says of a value of the wrong type."""
    return ApiError(400, f"json: cannot unmarshal {_kind(value)} into {where}")


def _messages(value: object) -> tuple[Message, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _unmarshal(value, "Go struct field ChatRequest.messages of type []api.Message")
    return tuple(_message(item) for item in value)


def _message(item: object) -> Message:
    if not isinstance(item, dict):
        raise _unmarshal(item, "Go struct field ChatRequest.messages of type api.Message")
    for key in ("role", "content", "thinking"):
        if item.get(key) is not None and not isinstance(item[key], str):
            raise _unmarshal(item[key], f"Go struct field Alias.{key} of type string")
    role = plain(str(item.get("role") or "")).lower()
    return Message(role, plain(str(item.get("content") or "")), _has_images(item.get("images")))


def _has_images(images: object) -> bool:
    if images is None:
        return False
    if not isinstance(images, list):
        raise _unmarshal(images, "Go struct field Alias.images of type []api.ImageData")
    for index, image in enumerate(images):
        _check_image(index, image)
    return bool(images)


def _check_image(index: int, image: object) -> None:
    where = f"Alias.images.{index} of type api.ImageData"
    if not isinstance(image, str):
        raise _unmarshal(image, where)
    try:
        base64.b64decode(image.encode("utf-8", "replace"), validate=True)
    except binascii.Error as error:
        bad = re.search(r"[^A-Za-z0-9+/=]", image)
        at = bad.start() if bad else len(image)
        text = f"json: cannot unmarshal string into {where}: illegal base64 data at input byte {at}"
        raise ApiError(400, text) from error


def _think(value: object) -> bool | str | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value in _THINK_LEVELS:
        return value
    if isinstance(value, str):
        given = json.dumps(plain(value), ensure_ascii=False)
        text = f'invalid think value: {given} (must be "high", "medium", "low", "max", true, or false)'
        raise ApiError(400, text)
    raise ApiError(400, 'think must be a boolean or string ("high", "medium", "low", "max", true, or false)')


def _typed(body: Mapping[str, object], key: str, kind: type[_T], name: str) -> _T | None:
    value = body.get(key)
    if value is None:
        return None
    if not isinstance(value, kind):
        raise _unmarshal(value, f"Go struct field ChatRequest.{key} of type {name}")
    return value


def _number(key: str, value: object, name: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_HUGE < value < _HUGE:
        raise ApiError(500, f'option "{key}" must be of type {name}')
    return value


def _integer(value: float | int | None) -> int | None:
    return None if value is None else int(value)


def _stop(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ApiError(500, 'option "stop" must be of type array')
    if not all(isinstance(item, str) for item in value):
        raise ApiError(500, 'option "stop" must be of an array of strings')
    return tuple(plain(item) for item in value if item)


def _duration(text: str) -> float:
    given = json.dumps(plain(text), ensure_ascii=False)
    if text in ("0", "+0", "-0"):
        return 0.0
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text):
        raise ApiError(400, f"time: missing unit in duration {given}")
    if not _DURATION.fullmatch(text):
        raise ApiError(400, f"time: invalid duration {given}")
    total = sum(float(number) * _UNITS[unit] for number, unit in _DURATION_PART.findall(text))
    return -total if text.startswith("-") else total


def _syntax(text: str, error: json.JSONDecodeError) -> str:
    rest = text[error.pos :].lstrip()
    if not rest or error.msg.startswith("Unterminated"):
        return "unexpected EOF"
    return f"invalid character {_quoted(rest[0])} looking for beginning of value"


def _quoted(character: str) -> str:
    return "'\\''" if character == "'" else f"'{character}'"


_KINDS: Final[tuple[tuple[type, str], ...]] = (
    (bool, "bool"),
    (str, "string"),
    (list, "array"),
    (dict, "object"),
    (int, "number"),
    (float, "number"),
)


def _kind(value: object) -> str:
    """Return what Go calls the type of a JSON value."""
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "null")


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
