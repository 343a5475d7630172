"""Typing, and how long it takes until it is seen."""

import random
import time
from collections.abc import Sequence

from tests.benchmarks.console import FRAME_END, Console, NeverShown

# Letters that no text of the benchmarks and no program has, each one cell wide.
_LETTERS = [chr(code) for code in range(0x100, 0x17F) if code != 0x149]

_LINE = 50
"""Letters after which the line is emptied: no line is ever wrapped or scrolled."""

_DELETE_LINE = b"\x15"

LOST = 5.0
"""Taken for the latency of what was never shown."""

PAGE_UP = b"\x1b[5~"
WHEEL_UP = b"\x1b[<64;60;15M"
ALT_DOWN = b"\x1b[1;3B"
SHIFT_TAB = b"\x1b[Z"


def first_echo(console: Console, timeout: float = 30.0) -> float:
    """Type from the start on; return after how many seconds the first letter is seen."""
    typed = iter(_LETTERS * 40)
    keys: list[bytes] = []
    deadline = console.started + timeout
    while time.monotonic() < deadline:
        time.sleep(0.01)
        # What is typed before a program listens is in its queue, as with a person who types ahead.
        if len(keys) < 1 or time.monotonic() - console.started > 0.1:
            keys.append(next(typed).encode())
            console.send(keys[-1])
        seen = [at for key in set(keys) if (at := console.time_of(key, 0)) is not None]
        if seen:
            return min(seen) - console.started
    raise NeverShown("the first letter")


def echoes(console: Console, *, count: int, interval: float = 0.1, seed: int = 1) -> list[float]:
    """Type `count` letters at an uneven pace; return the seconds until each was written."""
    choose = random.Random(seed)
    typed: list[tuple[bytes, int, float]] = []
    for number in range(count):
        if number % _LINE == 0 and number:
            console.send(_DELETE_LINE)
            time.sleep(2 * interval)
        letter = _LETTERS[number % len(_LETTERS)].encode()
        place = console.written
        typed.append((letter, place, console.send(letter)))
        time.sleep(interval * choose.uniform(0.7, 1.3))
    deadline = time.monotonic() + LOST
    while time.monotonic() < deadline and console.time_of(*typed[-1][:2]) is None:
        time.sleep(0.05)
    console.send(_DELETE_LINE)
    times = ((console.time_of(letter, place), sent) for letter, place, sent in typed)
    return [LOST if at is None else at - sent for at, sent in times]


def frames(console: Console, keys: Sequence[bytes], *, smallest: int = 400) -> list[float]:
    """Press keys one after the other; return the seconds until the end of the first frame of each.

    Args:
        console: Where.
        keys: What is pressed.
        smallest: Bytes that a frame has at least which shows something else.
    """
    found: list[float] = []
    for key in keys:
        console.settle(0.25)
        place = console.written
        sent = console.send(key)
        found.append(_frame(console, place, smallest, sent + LOST) - sent)
    return found


def _frame(console: Console, after: int, smallest: int, deadline: float) -> float:
    while time.monotonic() < deadline:
        at = console.time_of(FRAME_END, after + smallest)
        if at is not None:
            return at
        time.sleep(0.002)
    return deadline
