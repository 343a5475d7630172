"""A loaded model: the runner's process, and what can be asked of llama.cpp's server in it."""

import asyncio
import contextlib
import json
import os
import secrets
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

_LINE_LIMIT: Final = 16 * 1024 * 1024


class RunnerFailed(Exception):
    """The runner could not load the model, or it has died; the text says what is known."""


class RunnerRefused(Exception):
    """llama.cpp did not accept a request."""

    def __init__(self, status: int, error: Mapping[str, object]) -> None:
        super().__init__(str(error.get("message") or f"status {status}"))
        self.status = status
        self.error = error


class Runner(Protocol):
    """What the runtime needs of a loaded model."""

    async def ask(self, path: str, body: Mapping[str, object]) -> dict[str, object]:
        """Return the answer to a request."""
        ...

    def stream(self, path: str, body: Mapping[str, object]) -> AsyncGenerator[dict[str, object], None]:
        """Return the events of a streamed answer; closing the iterator stops the generation."""
        ...

    def memory(self) -> int:
        """Return how many bytes it takes; 0 if unknown."""
        ...

    async def aclose(self) -> None:
        """End it; returns when its memory is free."""
        ...


def thread_count() -> int:
    """Return how many threads generate: the physical cores but one, which is left to the screen.

    llama.cpp's threads wait for each other by spinning: on a machine that is busy otherwise, one
    thread too many slows an answer down far more than one too few.
    """
    try:
        usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    except OSError:
        usable = os.cpu_count() or 1
    cores = min(usable, _physical_cores() or usable)
    return max(1, min(cores - 1, 16))


def _physical_cores() -> int:
    """Return the number of physical cores that Linux tells of; 0 elsewhere."""
    siblings = Path("/sys/devices/system/cpu").glob("cpu[0-9]*/topology/thread_siblings_list")
    with contextlib.suppress(OSError):
        return len({path.read_text("ascii").strip() for path in siblings})
    return 0


class LlamaRunner:
    """A runner's process."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, key: str) -> None:
        self._process = process
        self._port = port
        self._key = key

    @classmethod
    async def start(cls, path: Path, num_ctx: int) -> "LlamaRunner":
        """Load a model file; cancelling this stops the loading at once.

        Raises:
            RunnerFailed: the model cannot be loaded.
        """
        key = secrets.token_urlsafe(32)
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "tui.engine.runner"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=_environment(),
            )
        except OSError as error:
            raise RunnerFailed(str(error)) from error
        settings = {
            "path": str(path),
            "num_ctx": num_ctx,
            "threads": thread_count(),
            "key": key,
            "parent_pid": os.getpid(),
        }
        try:
            address = await _handshake(process, settings)
        except BaseException:
            await _end(process)
            raise
        return cls(process, urlsplit(address).port or 0, key)

    async def ask(self, path: str, body: Mapping[str, object]) -> dict[str, object]:
        """Return the answer to a request.

        Raises:
            RunnerFailed: the runner has died.
            RunnerRefused: the request was not accepted.
        """
        async with self._exchange(path, body) as (reader, headers, status):
            try:
                raw = b"".join([part async for part in _body(reader, headers)])
                answer: object = json.loads(raw)
            except (OSError, EOFError, ValueError) as error:
                raise RunnerFailed("unexpected EOF") from error
        if not isinstance(answer, dict):
            raise RunnerFailed("unexpected answer")
        if status != 200:
            error_part = answer.get("error")
            raise RunnerRefused(
                status, error_part if isinstance(error_part, dict) else {"message": str(answer)}
            )
        return answer

    async def stream(self, path: str, body: Mapping[str, object]) -> AsyncGenerator[dict[str, object], None]:
        """Yield the events of a streamed answer.

        Raises:
            RunnerFailed: the runner has died, also in mid-stream.
            RunnerRefused: the request was not accepted.
        """
        async with self._exchange(path, body) as (reader, headers, status):
            buffer = b""
            try:
                async for part in _body(reader, headers):
                    buffer += part
                    *lines, buffer = buffer.split(b"\n")
                    for line in lines:
                        if line.startswith((b"data: {", b"error: {")):
                            event: dict[str, object] = json.loads(line.partition(b": ")[2])
                            yield event if line.startswith(b"data") else {"error": event}
            except (OSError, EOFError, ValueError) as error:
                raise RunnerFailed("unexpected EOF") from error
            if status != 200:
                answer = json.loads(buffer or b"{}")
                raise RunnerRefused(status, answer.get("error") or {"message": f"status {status}"})

    def memory(self) -> int:
        """Return the resident size of the process."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            pages = int(Path(f"/proc/{self._process.pid}/statm").read_text("ascii").split()[1])
            return pages * os.sysconf("SC_PAGE_SIZE")
        return 0

    async def aclose(self) -> None:
        """End the process."""
        await _end(self._process)

    @contextlib.asynccontextmanager
    async def _exchange(
        self, path: str, body: Mapping[str, object]
    ) -> AsyncIterator[tuple[asyncio.StreamReader, dict[str, str], int]]:
        """Send a request and read the head of its answer; the connection is cut at the end."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=_LINE_LIMIT)
        except OSError as error:
            raise RunnerFailed("unexpected EOF") from error
        try:
            payload = json.dumps(body).encode()
            head = (
                f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
                f"Authorization: Bearer {self._key}\r\nConnection: close\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n\r\n"
            )
            try:
                writer.write(head.encode("ascii") + payload)
                await writer.drain()
                status, headers = await _head(reader)
            except (OSError, EOFError, ValueError) as error:
                raise RunnerFailed("unexpected EOF") from error
            yield reader, headers, status
        finally:
            # Not close(), which would wait for what is unsent: cutting stops the generation at once.
            writer.transport.abort()


async def _handshake(process: asyncio.subprocess.Process, settings: Mapping[str, object]) -> str:
    """Tell a new runner what to load and return its address."""
    if process.stdin is None or process.stdout is None:
        raise RunnerFailed("no pipes")
    try:
        process.stdin.write(json.dumps(settings).encode() + b"\n")
        await process.stdin.drain()
        line = await process.stdout.readline()
    except OSError as error:
        raise RunnerFailed(str(error)) from error
    if not line:
        raise RunnerFailed(f"exit status {await process.wait()}")
    answer = json.loads(line)
    if "address" not in answer:
        raise RunnerFailed(str(answer.get("error")))
    return str(answer["address"])


def _environment() -> dict[str, str]:
    """Return what a runner's process may see."""
    return {key: value for key, value in os.environ.items() if not key.startswith("LLAMA_")}


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a process that has nothing to save."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await asyncio.shield(process.wait())


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """Read the status and the headers of an answer."""
    raw = await reader.readuntil(b"\r\n\r\n")
    first, *rest = raw.decode("latin-1").split("\r\n")
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)
    }
    return int(first.split(" ")[1]), headers


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
    """Yield the body of an answer as it comes."""
    if headers.get("transfer-encoding", "").lower() != "chunked":
        yield await reader.readexactly(int(headers.get("content-length", "0")))
        return
    while size := int((await reader.readline()).split(b";")[0] or b"-", 16):
        yield (await reader.readexactly(size + 2))[:-2]
