"""An Ollama server over real HTTP that does what a test tells it.

In a thread: `with ScriptedServer() as server: … server.url`. As a process, for benchmarks and for
applications under test: `python -m tests.support.scripted_server --rate 100`, which prints its port.
"""

import argparse
import asyncio
import json
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from tests.support import token_counter
from tests.support.connection import Connection, head, send
from tests.support.recordings import chunk
from tests.support.script import Gate, Model, Reply, Request, expiry
from tests.support.scripted_answers import pause, replay, stream, whole_answer
from tests.support.scripted_library import Cut, Library, PullScript

__all__ = ["DEFAULT_MODELS", "Gate", "Model", "PullScript", "Reply", "Request", "ScriptedServer"]

DEFAULT_MODELS = (
    Model("gemma3:270m"),
    Model("llama3.2:3b", "3.2B", "Q4_K_M", ("completion", "tools"), 131072, "llama", 2019393189, "b" * 64),
    Model("qwen3-vl:8b", "8.8B", "Q4_K_M", ("completion", "vision", "thinking"), 262144, "qwen3vl"),
)

_ROUTES = {
    "/": "GET",
    "/api/version": "GET",
    "/api/tags": "GET",
    "/api/ps": "GET",
    "/api/show": "POST",
    "/api/chat": "POST",
    "/api/pull": "POST",
    "/api/create": "POST",
    "/api/copy": "POST",
    "/api/delete": "DELETE",
}

_NO_VISION = json.dumps(
    {
        "error": {
            "code": 400,
            "message": "Multimodal data provided, but model does not support multimodal requests.",
            "type": "invalid_request_error",
        }
    }
)


class ScriptedServer:
    """A server on a loopback port, in a thread of its own."""

    def __init__(
        self,
        *,
        models: Sequence[Model] = DEFAULT_MODELS,
        default: Reply | None = None,
        version: str = "0.33.0",
        parallel: int | None = None,
        port: int = 0,
        window: int | None = None,
    ) -> None:
        self.library = Library(list(models))
        """What is installed, and what can be fetched."""
        self.default = default or Reply()
        """What happens to a chat when nothing is queued."""
        self.version = version
        self.parallel = parallel
        """How many chats are answered at once; the others get not even a head."""
        self.window = window
        """The context window where a request asks for none; None for a server that takes everything."""
        self.port = port
        """0 until the server was started; a second start takes the same port again."""
        self.requests: list[Request] = []
        self.loaded: list[str] = []
        self._kept: dict[str, tuple[float, object]] = {}
        self._queued: deque[Reply] = deque()
        self._fixed: dict[str, Reply] = {}
        self._arrived = threading.Condition()
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._slots: asyncio.Semaphore | None = None
        self._connections: set[Connection] = set()

    @property
    def models(self) -> list[Model]:
        """What is installed."""
        return self.library.models

    @models.setter
    def models(self, models: Sequence[Model]) -> None:
        self.library.models = list(models)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def script(self, *replies: Reply) -> None:
        """Queue what happens to the next chats."""
        self._queued.extend(replies)

    def answer(self, path: str, reply: Reply | None) -> None:
        """Answer every request for `path` with `reply`; None makes it as usual again."""
        if reply is None:
            self._fixed.pop(path, None)
        else:
            self._fixed[path] = reply

    def gate(self) -> Gate:
        """Return a gate for a reply's `hold` or `gate`."""
        return Gate()

    def chats(self) -> list[Request]:
        """Return the chat requests with messages in them, in the order they came."""
        return [r for r in list(self.requests) if r.path == "/api/chat" and r.json.get("messages")]

    def wait_for_request(self, count: int = 1, timeout: float = 20.0) -> Request:
        """Block until `count` chats with messages have arrived; return the last of these."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.chats()) >= count, timeout):
                raise TimeoutError(f"{len(self.chats())} of {count} chats arrived")
        return self.chats()[count - 1]

    async def request(self, count: int = 1) -> Request:
        """Wait until `count` chats with messages have arrived; return the last of these."""
        return await asyncio.to_thread(self.wait_for_request, count)

    def start(self) -> None:
        self._ready.clear()
        self._thread = threading.Thread(target=lambda: asyncio.run(self.serve(self._ready.set)), daemon=True)
        self._thread.start()
        if not self._ready.wait(20):
            raise TimeoutError("the scripted server did not start")

    def stop(self) -> None:
        """Close the port and every connection, as a killed server does."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(20)
        self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def serve(self, ready: Callable[[], None]) -> None:
        """Serve until `stop` is called."""
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._slots = asyncio.Semaphore(self.parallel) if self.parallel else None
        server = await self._loop.create_server(
            lambda: Connection(self.handle, self._connections), "127.0.0.1", self.port
        )
        self.port = server.sockets[0].getsockname()[1]
        ready()
        await self._stopping.wait()
        server.close()
        for connection in list(self._connections):
            connection.abort()

    async def handle(self, request: Request, connection: Connection) -> bool:
        """Answer a request; return whether the connection stays open."""
        with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()
        if (fixed := self._fixed.get(request.path)) is not None:
            return await self._play(fixed, request, connection)
        if request.path == "/api/chat" and request.method == "POST":
            return await self._chat(request, connection)
        if request.path in ("/api/pull", "/api/create") and request.method == "POST":
            return await self._library_stream(request, connection)
        status, content_type, body = self._plain(request)
        send(connection, status, body, content_type, head_only=request.method == "HEAD")
        return True

    def _plain(self, request: Request) -> tuple[int, str, bytes]:
        expected = _ROUTES.get(request.path)
        if expected is None:
            return 404, "text/plain", b"404 page not found"
        if request.method != expected and not (request.method == "HEAD" and expected == "GET"):
            return 405, "text/plain", b"405 method not allowed"
        if request.path == "/":
            return 200, "text/plain; charset=utf-8", b"Ollama is running"
        status, answer = self._answer(request)
        return status, "application/json; charset=utf-8", json.dumps(answer).encode()

    def _answer(self, request: Request) -> tuple[int, dict[str, Any]]:
        if request.path == "/api/version":
            return 200, {"version": self.version}
        if request.path == "/api/tags":
            return 200, {"models": [model.tags_entry() for model in self.models]}
        if request.path == "/api/ps":
            running = [model for model in self.models if model.name in self.loaded]
            return 200, {"models": [m.ps_entry(expiry(self._kept.get(m.name))) for m in running]}
        name = str(request.json.get("model", ""))
        if request.path in ("/api/copy", "/api/delete"):
            return self._changed(request.path, request.json)
        if (model := self._model(name)) is None:
            return 404, {"error": f"model '{name}' not found"}
        return 200, model.show_answer()

    def _model(self, name: str) -> Model | None:
        return self.library.find(name)

    def _changed(self, path: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path == "/api/delete":
            status, error = self.library.delete(str(asked.get("model", "")))
        else:
            status, error = self.library.copy(str(asked.get("source", "")), str(asked.get("destination", "")))
        return status, {"error": error} if error else {}

    async def _library_stream(self, request: Request, connection: Connection) -> bool:
        name = str(request.json.get("model", ""))
        if not name or " " in name:
            send(connection, 400, b'{"error":"invalid model name"}')
            return True
        connection.write(
            head(200, [("Content-Type", "application/x-ndjson"), ("Transfer-Encoding", "chunked")])
        )

        async def write(line: dict[str, Any]) -> None:
            connection.write(chunk(json.dumps(line).encode() + b"\n"))
            request.lines_sent += 1
            await connection.drain()

        try:
            if request.path == "/api/pull":
                await self.library.pull(name, write)
            else:
                await self.library.create(request.json, write)
        except Cut:
            return False
        connection.write(b"0\r\n\r\n")
        return True

    async def _chat(self, request: Request, connection: Connection) -> bool:
        asked = request.json
        name = str(asked.get("model", ""))
        if (refusal := self._refusal(name, asked)) is not None:
            status, text = refusal
            send(connection, status, json.dumps({"error": text}).encode())
            return True
        if not asked.get("messages"):
            return await self._load(name, asked, connection)
        if self.window is not None:
            tokens = token_counter.prompt_tokens(asked["messages"])
            window = token_counter.window_of(asked, self.window)
            if tokens > window and asked.get("truncate") is False:
                send(connection, 400, token_counter.refusal(tokens, window))
                return True
        reply = self._queued.popleft() if self._queued else self.default
        if reply.text is None and reply.tokens is None:
            said = [m["content"] for m in asked["messages"] if m["role"] == "user"]
            reply = replace(reply, text=f"You said: {said[-1] if said else ''}")
        if self._slots is None:
            return await self._play(reply, request, connection)
        async with self._slots:
            return await self._play(reply, request, connection)

    def _refusal(self, name: str, asked: dict[str, Any]) -> tuple[int, str] | None:
        if not name:
            return 400, "model is required"
        if (model := self._model(name)) is None:
            return 404, f"model '{name}' not found"
        capabilities = model.capabilities or ()
        if asked.get("think") and "thinking" not in capabilities:
            return 400, f'"{name}" does not support thinking'
        if any(m.get("images") for m in asked.get("messages") or ()) and "vision" not in capabilities:
            return 400, _NO_VISION
        return None

    async def _load(self, name: str, asked: dict[str, Any], connection: Connection) -> bool:
        unload = asked.get("keep_alive") == 0
        if not unload:
            await pause(self.default.load_delay, self.default.hold)
        self._mark(name, loaded=not unload, keep_alive=asked.get("keep_alive"))
        message = {"role": "assistant", "content": ""}
        reason = "unload" if unload else "load"
        answer = {"model": name, "message": message, "done": True, "done_reason": reason}
        send(connection, 200, json.dumps(answer).encode())
        return True

    def _mark(self, name: str, *, loaded: bool, keep_alive: object = None) -> None:
        self._kept[name] = (time.time(), keep_alive)
        if loaded and name not in self.loaded:
            self.loaded.append(name)
        elif not loaded and name in self.loaded:
            self.loaded.remove(name)

    async def _play(self, reply: Reply, request: Request, connection: Connection) -> bool:
        name = str(request.json.get("model", "")) if request.body else ""
        cold = 0.0 if name in self.loaded else reply.load_delay
        await pause(reply.delay + cold, reply.hold)
        if name:
            self._mark(name, loaded=True, keep_alive=request.json.get("keep_alive"))
        if reply.raw is not None or reply.raw_forever is not None:
            connection.write(reply.raw or b"")
            while reply.raw_forever is not None:
                connection.write(reply.raw_forever)
                await connection.drain()
            return False
        if reply.recording is not None:
            await replay(reply, request, connection)
            return False
        if reply.body is not None:
            send(connection, reply.status, reply.body, reply.content_type, reply.headers)
            return True
        if request.json.get("stream") is False:
            send(connection, 200, whole_answer(name, reply))
            return True
        return await stream(name, reply, request, connection, self.window)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A scripted Ollama server; prints its port.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--rate", type=float, help="tokens a second")
    parser.add_argument("--burst", action="store_true", help="write every answer at once")
    parser.add_argument("--tokens", type=int, help="answer with this many tokens of prose")
    parser.add_argument("--text-file", type=Path, help="answer with the text of this file")
    parser.add_argument("--thinking", default="", help="what a thinking model thinks")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before an answer")
    parser.add_argument("--load-delay", type=float, default=0.0, help="seconds to load a model")
    parser.add_argument("--cut-after", type=int, help="close the connection after this many lines")
    parser.add_argument("--recording", help="replay this recording for every chat")
    parser.add_argument("--parallel", type=int, help="how many chats are answered at once")
    parser.add_argument("--pull-rate", type=float, default=4.0, help="lines a second while fetching")
    parser.add_argument("--model", action="append", help="a model to list; may be given several times")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> Coroutine[Any, Any, None]:
    """Return the server that the command line asks for, to be run."""
    given = _arguments(argv)
    text = given.text_file.read_text("utf-8") if given.text_file else None
    words = ("The", " sea", " is", " wide", " and", " very", " old", ".", "\n\n")
    reply = Reply(
        text=text,
        tokens=[words[i % len(words)] for i in range(given.tokens)] if given.tokens else None,
        thinking=given.thinking,
        rate=given.rate,
        burst=given.burst,
        delay=given.delay,
        load_delay=given.load_delay,
        cut_after=given.cut_after,
        recording=given.recording,
        time_scale=1.0,
    )
    server = ScriptedServer(
        models=[Model(name) for name in given.model] if given.model else DEFAULT_MODELS,
        default=reply,
        parallel=given.parallel,
        port=given.port,
    )

    for name in ("llama3.2:1b", "mistral:7b", "hf.co/someone/tiny-GGUF:Q4_K_M"):
        server.library.registry[name] = PullScript((1_321_098_329, 12_403, 561), 200, given.pull_rate)

    def announce() -> None:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()

    return server.serve(announce)


if __name__ == "__main__":
    asyncio.run(main())
