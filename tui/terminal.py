"""What the terminal can draw, asked of itself before the application takes it over.

The question is written, then the application is loaded, then the answers are read: that costs no time. Keys
that were typed meanwhile are given back.
"""

import os
import re
import select
import struct
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from tui.domain.graphics import Graphics, Protocol

AUTO: Final = "auto"

_PATIENCE: Final = 0.2
"""Seconds from the question on that an answer is waited for: no longer than the application takes to load."""

_REST: Final = 0.05
"""Seconds that the rest of an answer that has begun is waited for."""

_ROUND: Final = 0.5
"""Seconds that a terminal, which has answered once, has for answers about Kitty's graphics."""

_LONGEST: Final = 65_536

_ATTRIBUTES: Final = re.compile(rb"\x1b\[\?([\d;]*)c")
_CELL: Final = re.compile(rb"\x1b\[6;(\d+);(\d+)t")
_VERSION: Final = re.compile(rb"\x1bP>\|([^\x1b]*)\x1b\\")
_GRAPHICS: Final = re.compile(rb"\x1b_G([^\x1b]*)\x1b\\")
_LARGEST: Final = re.compile(rb"\x1b\[\?2;0;(\d+);(\d+)S")
_REFUSED: Final = re.compile(rb"\x1b\[\?2;[\d;]*S")
_ANSWERS: Final = (_ATTRIBUTES, _REFUSED, _CELL, _VERSION, _GRAPHICS)
_BEGUN: Final = re.compile(rb"\x1b(?:\[(?:\?[\d;]*|6;[\d;]*)|P[^\x1b]*\x1b?|_[^\x1b]*\x1b?)$")
"""An answer that has not arrived whole."""

_SIXEL: Final = "4"
"""The attribute of terminals that draw Sixel."""

_ASK_ATTRIBUTES: Final = b"\x1b[?2;1;0S\x1b[c"
"""How large Sixel may be, then the attributes."""
_ASK_CELL: Final = b"\x1b[16t"
_ASK_KITTY: Final = b"\x1b[>q\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[c"

_KITTY: Final = re.compile(r"kitty\((\d+)\.(\d+)")
_PLACEHOLDERS: Final = (0, 28)
"""The first version of kitty that has placeholder characters."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the terminal has told."""

    graphics: Graphics
    typed: bytes = b""
    """Keys that came between the answers, as they came."""
    late: bool = False
    """There is an answer that may still come: it must not be taken for keys."""


class Question:
    """Asks a terminal, while other things are done, what it can draw."""

    def __init__(self, wanted: str, environment: Mapping[str, str], fd: int = 0, output: int = 2) -> None:
        """Make a question; nothing is asked yet.

        Args:
            wanted: What the settings say: `auto` or the name of a protocol.
            environment: Tells multiplexers, and terminals that are worth a second question.
            fd: Where keys and answers come from.
            output: Where questions go.
        """
        self._wanted = wanted
        self._environment = environment
        self._fd = fd
        self._output = output
        self._before: list[Any] | None = None
        self._received = b""
        self._asked = False
        self._asked_at = 0.0
        self._size = cell_size(output) or cell_size(fd)

    @classmethod
    def begin(cls, wanted: str, environment: Mapping[str, str]) -> Self:
        """Ask the terminal that this process is in, if there is something to be asked."""
        question = cls(wanted, environment)
        question.ask()
        return question

    @property
    def _is_worth_asking(self) -> bool:
        if sys.platform == "win32" or not (os.isatty(self._fd) and os.isatty(self._output)):
            return False
        if self._wanted == Protocol.SIXEL:
            return True
        if self._wanted == Protocol.KITTY:
            return self._size is None
        return self._wanted == AUTO and not self._is_multiplexed and self._term not in ("", "dumb", "linux")

    @property
    def _term(self) -> str:
        return self._environment.get("TERM", "")

    @property
    def _is_multiplexed(self) -> bool:
        """Whether pictures would have to pass through a program that does not let them."""
        inside = self._environment.get("TMUX") or self._environment.get("STY")
        return bool(inside) or self._term.startswith(("tmux", "screen"))

    @property
    def _may_be_kitty(self) -> bool:
        names = f"{self._term} {self._environment.get('TERM_PROGRAM', '')}".lower()
        return "KITTY_WINDOW_ID" in self._environment or "kitty" in names or "ghostty" in names

    def ask(self) -> None:
        """Write the question; until `answered` keys are neither shown nor waited for by the line."""
        if not self._is_worth_asking:
            return
        import termios

        try:
            self._before = termios.tcgetattr(self._fd)
            quiet = list(self._before)
            quiet[3] &= ~(termios.ICANON | termios.ECHO)
            termios.tcsetattr(self._fd, termios.TCSANOW, quiet)
            os.write(self._output, (b"" if self._size else _ASK_CELL) + _ASK_ATTRIBUTES)
            self._asked, self._asked_at = True, time.monotonic()
        except (termios.error, OSError):
            self._restore()

    def answered(self) -> Answered:
        """Return what has been told, and give the terminal back as it was."""
        try:
            if self._asked:
                self._read(max(0.0, self._asked_at + _PATIENCE - time.monotonic()), 1)
            attributes = _ATTRIBUTES.search(self._received)
            is_kitty = False
            if attributes is not None and self._wanted == AUTO and self._may_be_kitty:
                os.write(self._output, _ASK_KITTY)
                self._read(_ROUND, 2)
                is_kitty = self._has_placeholders()
        except OSError:
            attributes, is_kitty = None, False
        finally:
            self._restore()
        count = len(_ATTRIBUTES.findall(self._received))
        late = self._asked and count < 1
        if (cell := _CELL.search(self._received)) and self._size is None:
            self._size = int(cell[2]), int(cell[1])
        codes = attributes[1].decode().split(";")[1:] if attributes else []
        return Answered(self._graphics(is_kitty, _SIXEL in codes), self._typed(), late)

    def _graphics(self, is_kitty: bool, has_sixel: bool) -> Graphics:
        protocol = Protocol.HALFCELL
        if self._wanted != AUTO:
            protocol = Protocol(self._wanted)
        elif is_kitty:
            protocol = Protocol.KITTY
        elif has_sixel and self._size and min(self._size) > 1:
            # Pixels can only be put where they belong if it is known how many a cell has.
            protocol = Protocol.SIXEL
        graphics = Graphics(protocol)
        if self._size and min(self._size) > 1:
            graphics = replace(graphics, cell_width=self._size[0], cell_height=self._size[1])
        if largest := _LARGEST.search(self._received):
            graphics = replace(graphics, largest=(int(largest[1]), int(largest[2])))
        return graphics

    def _has_placeholders(self) -> bool:
        said = _GRAPHICS.search(self._received)
        version = _VERSION.search(self._received)
        if said is None or not said[1].endswith(b";OK") or version is None:
            return False
        name = version[1].decode("ascii", "replace").lower()
        kitty = _KITTY.match(name)
        if kitty is not None:
            return (int(kitty[1]), int(kitty[2])) >= _PLACEHOLDERS
        return name.startswith("ghostty")

    def _read(self, seconds: float, count: int) -> None:
        """Read until so many answers about attributes are there, which are always the last to be given."""
        end = time.monotonic() + seconds
        while len(_ATTRIBUTES.findall(self._received)) < count and len(self._received) < _LONGEST:
            ready = self._is_ready(max(0.0, end - time.monotonic()))
            # Half an answer is worth waiting for: the other half would be keys.
            if not ready and not (_BEGUN.search(self._received) and self._is_ready(_REST)):
                return
            received = os.read(self._fd, 4096)
            if not received:
                return
            self._received += received

    def _is_ready(self, seconds: float) -> bool:
        return bool(select.select([self._fd], [], [], seconds)[0])

    def _typed(self) -> bytes:
        typed = self._received
        for answer in _ANSWERS:
            typed = answer.sub(b"", typed)
        return typed

    def _restore(self) -> None:
        if self._before is not None:
            import termios

            before, self._before = self._before, None
            try:
                termios.tcsetattr(self._fd, termios.TCSANOW, before)
            except termios.error:
                return


def cell_size(fd: int) -> tuple[int, int] | None:
    """Return width and height of a cell in pixels, or None where the terminal does not tell."""
    if sys.platform == "win32":
        return None
    import fcntl
    import termios

    try:
        told = fcntl.ioctl(fd, termios.TIOCGWINSZ, b"\0" * 8)
    except OSError:
        return None
    rows, columns, width, height = struct.unpack("HHHH", told)
    if not (rows and columns and width and height):
        return None
    return width // columns, height // rows
