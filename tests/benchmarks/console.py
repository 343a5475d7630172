"""A program in a pseudo-terminal, and when it wrote what. Nothing it writes is interpreted."""

import os
import signal
import threading
import time
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from ptyprocess.ptyprocess import PtyProcess

COLUMNS, ROWS = 120, 40

_PAGE = os.sysconf("SC_PAGE_SIZE")

_ASKS_FOR_FRAMES = b"\x1b[?2026$p"
_HAS_FRAMES = b"\x1b[?2026;2$y"

FRAME_END = b"\x1b[?2026l"
"""What a program writes behind a whole frame."""


class NeverShown(Exception):
    """What was waited for did not come."""


class Console:
    """One run of a program. Times are those of `time.monotonic`."""

    def __init__(self, command: Sequence[str], *, environment: Mapping[str, str], folder: Path) -> None:
        self._data = bytearray()
        self._ends: list[int] = []
        self._times: list[float] = []
        self._news = threading.Condition()
        self.started = time.monotonic()
        # Without the terminal's own echo, which would answer before the program does.
        self._process = PtyProcess.spawn(
            list(command), env=dict(environment), cwd=str(folder), dimensions=(ROWS, COLUMNS), echo=False
        )
        self.pid = int(self._process.pid)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.isalive():
            self._process.kill(signal.SIGKILL)
            self._process.wait()
        self._reader.join(5)
        self._process.close()

    def _read(self) -> None:
        descriptor = self._process.fd
        while True:
            try:
                data = os.read(descriptor, 1 << 16)
            except OSError:
                data = b""
            now = time.monotonic()
            if not data:
                return
            with self._news:
                self._data += data
                self._ends.append(len(self._data))
                self._times.append(now)
                self._news.notify_all()
            if _ASKS_FOR_FRAMES in data:
                self.send(_HAS_FRAMES)

    @property
    def written(self) -> int:
        """How many bytes it has written."""
        return len(self._data)

    def send(self, data: bytes) -> float:
        """Type; return when."""
        now = time.monotonic()
        os.write(self._process.fd, data)
        return now

    def resize(self, columns: int, rows: int) -> float:
        now = time.monotonic()
        self._process.setwinsize(rows, columns)
        return now

    def time_of(self, wanted: bytes, after: int) -> float | None:
        """Return when `wanted` was first written whole behind byte `after`; None if it was not."""
        with self._news:
            place = self._data.find(wanted, after)
            return None if place < 0 else self._times[bisect_right(self._ends, place + len(wanted) - 1)]

    def wait(self, wanted: bytes, *, after: int = 0, timeout: float = 60.0) -> float:
        """Wait until `wanted` is written behind byte `after`; return when it was.

        Raises:
            NeverShown: it was not, in `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        with self._news:
            while self._data.find(wanted, after) < 0:
                if not self._news.wait(deadline - time.monotonic()) and time.monotonic() >= deadline:
                    raise NeverShown(f"{wanted!r}; the end is {bytes(self._data[-2000:])!r}")
        found = self.time_of(wanted, after)
        assert found is not None
        return found

    def settle(self, quiet: float = 0.3, timeout: float = 30.0) -> float:
        """Wait until nothing was written for `quiet` seconds; return when the last byte was."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            before = self.written
            time.sleep(quiet)
            if self.written == before:
                break
        return self._times[-1] if self._times else self.started

    @property
    def cpu(self) -> float:
        """Seconds of processor time that it has used."""
        # The clock of another process, as clock_getcpuclockid(3) makes its number.
        return time.clock_gettime((~self.pid << 3) | 2)

    @property
    def megabytes(self) -> float:
        """Resident memory."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text("ascii").split()[1])
        return pages * _PAGE / 1e6
