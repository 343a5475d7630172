"""The installed command in a real pseudo-terminal, and what its screen shows."""

import os
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import pyte
from ptyprocess.ptyprocess import PtyProcess

COMMAND = Path(sys.executable).with_name("ollama-tui")
"""The command as it was installed beside the running Python."""

_UNKNOWN_TO_PYTE = re.compile(
    rb"\x1b\[[<>=?][\d;]*[a-zA-Z]|\x1b\[[\d;?]*\$p|\x1bP[^\x1b]*\x1b\\\\|\x1b_[^\x1b]*\x1b\\\\"
)
_UNFINISHED = re.compile(rb"\x1b(?:[\[\]PO_][^a-zA-Z~\x07\\]*)?$")
_ASKS_FOR_FRAMES, _HAS_FRAMES = b"\x1b[?2026$p", b"\x1b[?2026;2$y"
_FRAME_BEGINS, _FRAME_ENDS = b"\x1b[?2026h", b"\x1b[?2026l"
_PRIVATE_MODES = re.compile(rb"\x1b\[\?(1049|25|7)[hl]")

KEYS: Mapping[str, bytes] = {
    "enter": b"\r",
    "escape": b"\x1b",
    "tab": b"\t",
    "shift+tab": b"\x1b[Z",
    "up": b"\x1b[A",
    "down": b"\x1b[B",
    "alt+up": b"\x1b[1;3A",
    "alt+down": b"\x1b[1;3B",
    "pageup": b"\x1b[5~",
    "pagedown": b"\x1b[6~",
    "f1": b"\x1bOP",
    "f2": b"\x1bOQ",
    "f3": b"\x1bOR",
    "f12": b"\x1b[24~",
    "f8": b"\x1b[19~",
    "left": b"\x1b[D",
    "right": b"\x1b[C",
    "delete": b"\x1b[3~",
} | {f"ctrl+{letter}": bytes([ord(letter) - 96]) for letter in "abcdefghijklmnopqrstuvwxyz"}
"""What a terminal sends for a key."""


class Terminal:
    """One run of the command."""

    def __init__(
        self,
        arguments: Sequence[str] = (),
        *,
        home: Path,
        environment: Mapping[str, str] | None = None,
        columns: int = 120,
        rows: int = 40,
        measured: bool = False,
    ) -> None:
        """Start the command.

        Args:
            arguments: What is typed behind it.
            home: An empty directory, or one that an earlier run has used.
            environment: Variables beside the few that every run has.
            columns: Width of the terminal.
            rows: Its height.
            measured: Count the lines that it runs where coverage is measured: that takes twice the time.
        """
        self.raw = bytearray()
        """Every byte that the command wrote."""
        self._held = b""
        self._is_drawing = False
        """Half of a frame has come."""
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._process = PtyProcess.spawn(
            [str(COMMAND), *arguments],
            env={**_environment(home, measured=measured), **(environment or {})},
            dimensions=(rows, columns),
        )

    def __enter__(self) -> Self:
        """Return the running command."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, whatever it does."""
        if self._process.isalive():
            self._process.kill(signal.SIGKILL)
        self._process.close()

    @property
    def pid(self) -> int:
        """The process id."""
        return int(self._process.pid)

    @property
    def lines(self) -> list[str]:
        """The rows of the screen."""
        return list(self._screen.display)

    @property
    def text(self) -> str:
        """The screen."""
        return "\n".join(self.lines)

    def type(self, text: str) -> None:
        """Type text."""
        self._process.write(text.encode())

    def press(self, *keys: str) -> None:
        """Press keys, by their names in `KEYS`."""
        for key in keys:
            self._process.write(KEYS[key])

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the terminal."""
        self._screen.resize(rows, columns)
        self._process.setwinsize(rows, columns)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def wait_for(self, wanted: str | Callable[[str], object], timeout: float = 30.0) -> str:
        """Read until the screen shows `wanted`, and return the screen.

        Raises:
            AssertionError: it did not in `timeout` seconds, or the command ended.
        """
        shows = wanted if callable(wanted) else lambda text: wanted in text
        deadline = time.monotonic() + timeout
        while self._is_drawing or not shows(self.text):
            if not self._read(deadline - time.monotonic()):
                raise AssertionError(f"{wanted!r} was not shown; the screen is:\n{self.text}")
        return self.text

    def wait_for_answer(self, wanted: str, timeout: float = 30.0) -> str:
        """Read until the screen shows `wanted` and no answer is being written, and return the screen.

        Raises:
            AssertionError: it did not in `timeout` seconds, or the command ended.
        """
        return self.wait_for(lambda text: wanted in text and "Esc stops" not in text, timeout)

    def reads_within(self, seconds: float) -> bool:
        """Return whether the command writes anything in the next `seconds`."""
        return self._read(seconds)

    def settle(self, quiet: float = 0.5) -> None:
        """Read until the command has written nothing for `quiet` seconds."""
        while self._read(quiet):
            pass

    def wait_exit(self, timeout: float = 15.0) -> int:
        """Read until the command has ended, and return its exit status."""
        deadline = time.monotonic() + timeout
        while self._read(deadline - time.monotonic()):
            pass
        assert time.monotonic() < deadline, f"still running; the screen is:\n{self.text}"
        self._process.wait()
        return int(
            self._process.exitstatus if self._process.exitstatus is not None else -self._process.signalstatus
        )

    def hang_up(self, timeout: float = 15.0) -> bool:
        """Take the terminal away, as a closed window does; return whether the command ended in time."""
        self._process.fileobj.close()
        deadline = time.monotonic() + timeout
        while self._process.isalive() and time.monotonic() < deadline:
            time.sleep(0.05)
        return not self._process.isalive()

    def _read(self, timeout: float) -> bool:
        """Take what the command writes next; False when nothing came in time or it has ended."""
        if timeout <= 0 or not select.select([self._process.fd], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self._process.fd, 65536)
        except OSError:
            data = b""
        if not data:
            return False
        self.raw += data
        data = self._held + data
        unfinished = _UNFINISHED.search(data)
        cut = unfinished.start() if unfinished else len(data)
        self._held = data[cut:]
        if _ASKS_FOR_FRAMES in data[:cut]:
            self._process.write(_HAS_FRAMES)
        begun, ended = data[:cut].rfind(_FRAME_BEGINS), data[:cut].rfind(_FRAME_ENDS)
        if begun != ended:
            self._is_drawing = begun > ended
        self._stream.feed(_UNKNOWN_TO_PYTE.sub(_kept, data[:cut]))
        return True


def _kept(sequence: re.Match[bytes]) -> bytes:
    """Return a sequence that pyte may see: the private modes that it knows."""
    return sequence[0] if _PRIVATE_MODES.fullmatch(sequence[0]) else b""


def _environment(home: Path, *, measured: bool) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if measured and name.startswith("COV")}
    return kept | {
        "HOME": str(home),
        "PATH": "/usr/bin:/bin",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        # Tests count requests; those about titles switch them on.
        "OLLAMA_TUI_CHAT_TITLES": "false",
        "TEXTUAL_ANIMATIONS": "none",
    }
