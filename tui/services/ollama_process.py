"""Starts Ollama where it is installed and does not run."""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from tui.domain.errors import ServerFailed
from tui.domain.text import sanitize_line

_START_SECONDS: Final = 20.0
_END_SECONDS: Final = 5.0
_TAIL_LINES: Final = 4
_LOG_LIMIT: Final = 4 * 1024 * 1024


class OllamaProcess:
    """`ollama serve`, started by the user from here."""

    def __init__(self, log: Path, connected: Callable[[], Awaitable[None]], *, stop_at_exit: bool) -> None:
        """Make a handle; nothing is started.

        Args:
            log: The file that its output goes to.
            connected: Returns when a server answers.
            stop_at_exit: End it with this app; otherwise it is left running.
        """
        self._log = log
        self._log_begins = 0
        self._connected = connected
        self._stop_at_exit = stop_at_exit
        self._process: asyncio.subprocess.Process | None = None

    @property
    def log(self) -> Path:
        """Where its output is."""
        return self._log

    @property
    def running(self) -> bool:
        """Whether it was started here and still runs."""
        return self._process is not None and self._process.returncode is None

    async def start(self, host: str = "") -> None:
        """Start it and wait until it answers.

        Args:
            host: Where it shall listen; empty for its own default.

        Raises:
            ServerFailed: it is not installed, ended at once or does not answer; with the end of its log.
        """
        if not self.running:
            self._process = await self._spawn(host)
        assert self._process is not None
        ended = asyncio.ensure_future(self._process.wait())
        answered = asyncio.ensure_future(self._connected())
        try:
            done, _ = await asyncio.wait(
                {ended, answered}, timeout=_START_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            ended.cancel()
            answered.cancel()
        if answered in done:
            return
        what = "stopped at once" if ended in done else f"does not answer after {_START_SECONDS:.0f} seconds"
        tail = await asyncio.to_thread(_tail, self._log, self._log_begins)
        raise ServerFailed(f"Ollama {what}." + (f" {tail}" if tail else ""), f"Its log is {self._log}.")

    async def aclose(self) -> None:
        """Leave it running, or end it, as was asked."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None or not self._stop_at_exit:
            return
        for number, end in ((signal.SIGTERM, os.kill), (signal.SIGKILL, os.killpg)):
            # It ends what runs its models itself, unless it has to be killed: they are of its group.
            with contextlib.suppress(ProcessLookupError):
                end(process.pid, number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_END_SECONDS):
                    await process.wait()
                    return

    async def _spawn(self, host: str) -> asyncio.subprocess.Process:
        binary = await asyncio.to_thread(shutil.which, "ollama")
        if binary is None:
            raise ServerFailed("Ollama is not installed.", "Get it from https://ollama.com/download.")
        try:
            log = await asyncio.to_thread(_open_log, self._log)
            self._log_begins = os.fstat(log).st_size
            try:
                # A session of its own: neither Ctrl+C nor the end of this terminal may end it.
                return await asyncio.create_subprocess_exec(
                    binary,
                    "serve",
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    close_fds=True,
                    env={**os.environ, **({"OLLAMA_HOST": host} if host else {})},
                )
            finally:
                os.close(log)
        except OSError as error:
            raise ServerFailed("Ollama could not be started.", sanitize_line(str(error))) from error


def _open_log(path: Path) -> int:
    """Open the log for appending, readable by its owner only; a large one begins anew."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    size = path.stat().st_size if path.exists() else 0
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if size > _LOG_LIMIT else 0)
    return os.open(path, flags, 0o600)


def _tail(path: Path, begins: int) -> str:
    """Return the last lines of the log, on one line; what stands before `begins` is of an earlier run."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        file.seek(max(file.seek(0, 2) - 4096, begins))
        lines = file.read().decode("utf-8", "replace").splitlines()
        return sanitize_line(" · ".join(line for line in lines[-_TAIL_LINES:] if line.strip()))
    return ""
