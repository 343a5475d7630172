"""What a scripted server is told to do, and what it writes down."""

import asyncio
import json
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.support.recordings import chunk

_TIMESTAMP = "2026-11-22T20:26:46.643421226Z"

_TIMEOUT = 20.0


class Gate:
    """Holds answers back until a test lets them go, one line or all. Usable from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._permits = 0
        self._opened = False
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def release(self, count: int = 1) -> None:
        """Let `count` more lines pass."""
        with self._lock:
            self._permits += count
        self._wake()

    def open(self) -> None:
        """Let everything pass from now on."""
        with self._lock:
            self._opened = True
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            waiters, self._waiters = self._waiters, []
        for loop, waiter in waiters:
            loop.call_soon_threadsafe(_wake, waiter)

    def _take(self) -> bool:
        if self._opened:
            return True
        if self._permits > 0:
            self._permits -= 1
            return True
        return False

    async def passed(self) -> None:
        """Wait for a permit and use it up."""
        loop = asyncio.get_running_loop()
        while True:
            with self._lock:
                if self._take():
                    return
                waiter: asyncio.Future[None] = loop.create_future()
                self._waiters.append((loop, waiter))
            await waiter


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server does with one request. The default repeats the user's last message."""

    text: str | None = None
    """The answer; None for `You said: …`."""
    thinking: str = ""
    tokens: Sequence[str] | None = None
    """The answer in exactly these pieces."""
    rate: float | None = None
    """Tokens a second; None for as fast as they can be written, one by one."""
    burst: bool = False
    """Everything in a single write."""
    delay: float = 0.0
    """Seconds before the head."""
    load_delay: float = 0.0
    """Seconds more when the model is not loaded yet."""
    hold: Gate | None = None
    """Must be passed before the head is sent."""
    gate: Gate | None = None
    """Must be passed before each line."""
    cut_after: int | None = None
    """Close the connection after this many lines, without a last chunk."""
    cut_inside_line: bool = False
    """Send half of the next line before `cut_after` closes."""
    end_after: int | None = None
    """End the body properly after this many lines, without `done`."""
    error: str | None = None
    """An error line instead of the rest."""
    error_after: int = 0
    """How many lines come before `error`."""
    done_reason: str = "stop"
    status: int = 200
    body: bytes | None = None
    """The whole body, as it is, with `content_type`; with `status` an HTTP error."""
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    recording: str | None = None
    """Replay this recording byte for byte."""
    time_scale: float = 0.0
    """How slowly to replay it; 1 is as it was."""
    raw: bytes | None = None
    """Written to the socket as it is, without any head; then the connection is closed."""
    raw_forever: bytes | None = None
    """Written over and over after `raw` until the client goes."""


@dataclass(eq=False)
class Request:
    """A request that arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    lines_sent: int = 0
    """How many lines of the answer were written."""
    completed: bool = False
    """The whole answer was written."""
    closed_by_client: bool = False
    """The client closed the connection before the end of the answer."""
    _ended: threading.Event = field(default_factory=threading.Event)

    @property
    def json(self) -> dict[str, Any]:
        value = json.loads(self.body or b"{}")
        assert isinstance(value, dict)
        return value

    def end(self, *, completed: bool) -> None:
        self.completed = completed
        self.closed_by_client = not completed
        self._ended.set()

    def wait_ended(self, timeout: float = _TIMEOUT) -> None:
        """Block until the answer is over, completed or not."""
        if not self._ended.wait(timeout):
            raise TimeoutError(f"{self.method} {self.path} is still being answered")

    async def ended(self) -> None:
        """Wait until the answer is over, completed or not."""
        await asyncio.to_thread(self.wait_ended)


@dataclass(frozen=True, slots=True)
class Model:
    """A model that the server says it has."""

    name: str
    parameter_size: str = "268.10M"
    quantization: str = "Q4_K_M"
    capabilities: tuple[str, ...] | None = ("completion",)
    """None as from an old server, which does not list them."""
    context_length: int = 32768
    family: str = "gemma3"
    size: int = 253113549
    digest: str = "97679ff56ddf9b61f0d9b304a865f3f947800263572333601842b44184c92044"
    thinking: tuple[bool | str, ...] | None = None
    """What it can be told of thinking, the first by itself; None as from servers that do not say it."""

    def details(self) -> dict[str, Any]:
        return {
            "parent_model": "",
            "format": "gguf",
            "family": self.family,
            "families": [self.family],
            "parameter_size": self.parameter_size,
            "quantization_level": self.quantization,
        }

    def tags_entry(self) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "name": self.name,
            "model": self.name,
            "modified_at": _TIMESTAMP,
            "size": self.size,
            "digest": self.digest,
            "details": self.details(),
        }
        if self.capabilities is not None:
            entry["details"] |= {"context_length": self.context_length, "embedding_length": 640}
            entry["capabilities"] = list(self.capabilities)
        return entry

    def ps_entry(self, expires_at: str = "2026-11-22T20:31:46.478565498Z") -> dict[str, Any]:
        return {
            "name": self.name,
            "model": self.name,
            "size": 287246908,
            "digest": self.digest,
            "details": self.details(),
            "expires_at": expires_at,
            "size_vram": 0,
            "context_length": 4096,
        }

    def show_answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "license": "A licence",
            "modelfile": f"FROM {self.name}\n",
            "parameters": "temperature                    0.7",
            "template": "{{ .Prompt }}",
            "details": self.details(),
            "model_info": {
                "general.architecture": self.family,
                f"{self.family}.context_length": self.context_length,
            },
            "modified_at": _TIMESTAMP,
        }
        if self.capabilities is not None:
            answer["capabilities"] = list(self.capabilities)
        if self.thinking:
            answer["thinking"] = {"values": list(self.thinking), "default": self.thinking[0]}
        return answer


def expiry(kept: tuple[float, object] | None) -> str:
    """Return when a model is unloaded that was used at a time with some `keep_alive`, as servers write it."""
    used_at, keep_alive = kept or (0.0, None)
    seconds: float = 300
    if isinstance(keep_alive, int):
        seconds = keep_alive if keep_alive >= 0 else 1e10
    elif isinstance(keep_alive, str) and (found := re.fullmatch(r"(\d+)([smh]?)", keep_alive)):
        seconds = int(found[1]) * {"s": 1, "": 1, "m": 60, "h": 3600}[found[2]]
    return datetime.fromtimestamp(used_at + seconds, UTC).isoformat().replace("+00:00", "Z")


def pieces(text: str) -> list[str]:
    """Return `text` in pieces about as long as a model's tokens."""
    return re.findall(r"\s?\S{1,6}|\s", text)


def answer_lines(model: str, tokens: Sequence[str], thinking: Sequence[str]) -> list[bytes]:
    """Return the lines of an answer without the last one."""
    head = f'{{"model":{json.dumps(model)},"created_at":"{_TIMESTAMP}","message":{{"role":"assistant",'
    lines = [f'{head}"content":"","thinking":{json.dumps(piece)}}},"done":false}}\n' for piece in thinking]
    lines += [f'{head}"content":{json.dumps(piece)}}},"done":false}}\n' for piece in tokens]
    return [line.encode() for line in lines]


def done_line(model: str, reason: str, *, prompt: int, count: int, rate: float | None) -> bytes:
    """Return the last line of an answer, with figures."""
    duration = int(count / (rate or 1000.0) * 1e9)
    answer = {
        "model": model,
        "created_at": _TIMESTAMP,
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": reason,
        "total_duration": duration + 153_543_000,
        "load_duration": 888_000,
        "prompt_eval_count": prompt,
        "prompt_eval_duration": 152_655_000,
        "eval_count": count,
        "eval_duration": duration,
    }
    return json.dumps(answer, separators=(",", ":")).encode() + b"\n"


def framed(lines: Sequence[bytes]) -> list[bytes]:
    """Return each line as a chunk of a chunked body."""
    return [chunk(line) for line in lines]
