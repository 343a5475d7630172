"""The rows of the table, one function for those that are measured together."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from tests.benchmarks import keyboard, texts
from tests.benchmarks.console import COLUMNS, FRAME_END, ROWS, Console
from tests.benchmarks.programs import Bench
from tests.benchmarks.sheet import Sheet

_BEGIN, _END, _SAVED = texts.BEGIN.encode(), texts.END.encode(), texts.SAVED.encode()

_LONG = "ours at 10,000"

_START = 4.0
"""Seconds after which a program has started for good."""


def _all(bench: Bench) -> Iterator[tuple[str, AbstractContextManager[Console]]]:
    """Yield the programs that are typed into, each with its column."""
    yield "T", bench.floor()
    yield "ours", bench.ours(bench.homes.empty())
    yield _LONG, bench.ours(bench.homes.long(), "-c", shows=texts.SAVED)


def _warmed(console: Console) -> None:
    """Wait until the start is over: what is loaded and put in order after it counts for nothing else."""
    time.sleep(max(0.0, console.started + _START - time.monotonic()))


def _ask(console: Console, question: str) -> int:
    """Send a question; return how much had been written before."""
    place = console.written
    console.send(question.encode() + b"\r")
    console.wait(_BEGIN, after=place)
    return place


def start(bench: Bench, sheet: Sheet) -> None:
    starts: list[tuple[str, Callable[[], Console]]] = [
        ("T", bench.start_floor),
        ("ours", lambda: bench.start_ours(bench.homes.empty())),
        (_LONG, lambda: bench.start_ours(bench.homes.many())),
    ]
    for column, run in starts:
        with run() as console:
            sheet.add("exec → echo, s", "≤ 1.25 × T", column, keyboard.first_echo(console))


def typing(bench: Bench, sheet: Sheet) -> None:
    for column, running in _all(bench):
        with running as console:
            keyboard.echoes(console, count=10)
            sheet.add_latencies(
                "echo, idle", ("–", "≤ 1.5 × T"), column, keyboard.echoes(console, count=100, interval=0.05)
            )


def typing_at_100(bench: Bench, sheet: Sheet) -> None:
    _typing_at(bench, sheet, 100, ("≤ 6", "≤ 16.7"))


def typing_at_1000(bench: Bench, sheet: Sheet) -> None:
    _typing_at(bench, sheet, 1000, ("–", "≤ 16.7"))


def _typing_at(bench: Bench, sheet: Sheet, rate: int, goals: tuple[str, str]) -> None:
    for column, running in _all(bench):
        with running as console:
            _warmed(console)
            _ask(console, f"prose {rate * 14} {rate}")
            time.sleep(1)
            latencies = keyboard.echoes(console, count=100)
            sheet.add_latencies(f"echo, {rate} tokens/s", goals, column, latencies)


def cost(bench: Bench, sheet: Sheet) -> None:
    question = "prose 1000 100"
    row, goal = "CPU for 1,000 tokens at 100/s, s", "≤ 3 × L"
    told = bench.loop(question)
    sheet.add(row, goal, "L", told["cpu"])
    sheet.add("memory after 1,000 tokens, MB", "≤ 90", "L", told["memory"])
    for column, running in _all(bench):
        with running as console:
            _warmed(console)
            sheet.add("memory after start, MB", "≤ 80", column, console.megabytes)
            idle = _cpu_per_second(console, 2)
            before, begun = console.cpu, time.monotonic()
            console.wait(_END, after=_ask(console, question))
            console.settle(1)
            sheet.add(row, goal, column, console.cpu - before - idle * (time.monotonic() - begun))
            sheet.add("memory after 1,000 tokens, MB", "≤ 90", column, console.megabytes)


def _cpu_per_second(console: Console, seconds: float) -> float:
    before = console.cpu
    time.sleep(seconds)
    return (console.cpu - before) / seconds


def burst(bench: Bench, sheet: Sheet) -> None:
    question = "prose 5000 0"
    row, goal = "5,000 tokens at once: last byte → last word, s", "≤ 0.5"
    before = len(bench.server.answered)
    told = bench.loop(question)
    sheet.add(row, goal, "L", told["end"] - bench.server.wait_answered(before + 1))
    for column, running in _all(bench):
        with running as console:
            before, place = len(bench.server.answered), console.written
            # All of it may be there before anything is drawn: the first word is then never seen.
            console.send(question.encode() + b"\r")
            seen = console.wait(_END, after=place)
            sheet.add(row, goal, column, seen - bench.server.wait_answered(before + 1))


def code(bench: Bench, sheet: Sheet) -> None:
    """Stream 2,000 lines of code, a hundred a second."""
    for column, running in (("ours", bench.ours(bench.homes.empty())),):
        with running as console:
            _warmed(console)
            place = _ask(console, "code 2000 100")
            begun = time.monotonic()
            spent: list[float] = []
            for second in range(1, 21):
                before = console.cpu
                time.sleep(max(0.0, begun + second - time.monotonic()))
                spent.append(console.cpu - before)
            console.wait(_END, after=place)
            sheet.add("2,000 lines of code: CPU of lines 101-200, s", "–", column, spent[1])
            sheet.add("2,000 lines of code: CPU of the last 100, s", "–", column, spent[-2])
            sheet.add("2,000 lines of code: last 100 / 101-200", "≤ 1.5", column, spent[-2] / spent[1])


def opening(bench: Bench, sheet: Sheet) -> None:
    """Open 10,000 messages by a key and from the command line."""
    with bench.ours(bench.homes.long()) as console:
        _warmed(console)
        before, place = console.megabytes, console.written
        sent = console.send(keyboard.ALT_DOWN)
        sheet.add("key → last line, s", "≤ 0.1", _LONG, console.wait(_SAVED, after=place) - sent)
        console.settle(1)
        sheet.add("memory of an open conversation, MB", "≤ 40", _LONG, console.megabytes - before)
        spent, pages = console.cpu, 200
        for _ in range(pages):
            place = console.written
            console.send(keyboard.PAGE_UP)
            console.wait(FRAME_END, after=place)
        console.settle(0.5)
        sheet.add("CPU of a page, through 200 of them, ms", "–", _LONG, (console.cpu - spent) / pages * 1000)
        sheet.add("memory after 200 pages, MB", "≤ 40", _LONG, console.megabytes - before)
    with bench.start_ours(bench.homes.long(), "-c") as console:
        sheet.add("--continue → last line, s", "–", _LONG, console.wait(_SAVED) - console.started)


def scrolling(bench: Bench, sheet: Sheet) -> None:
    with bench.ours(bench.homes.long(), "-c", shows=texts.SAVED) as console:
        _warmed(console)
        goals = ("–", "≤ 33")
        for name, keys in (
            ("PageUp → frame", [keyboard.PAGE_UP] * 30),
            ("wheel → frame", [keyboard.WHEEL_UP] * 30),
        ):
            sheet.add_latencies(name, goals, _LONG, keyboard.frames(console, keys))
        console.send(keyboard.SHIFT_TAB)
        for name, keys in (("start → frame", [b"g", b"G"] * 8), ("message → frame", [b"k"] * 20)):
            sheet.add_latencies(name, goals, _LONG, keyboard.frames(console, keys))


def resizing(bench: Bench, sheet: Sheet) -> None:
    for column, running in list(_all(bench))[1:]:
        with running as console:
            _warmed(console)
            taken: list[float] = []
            for number in range(10):
                columns, rows = (COLUMNS - 15, ROWS - 8) if number % 2 == 0 else (COLUMNS, ROWS)
                sent = console.resize(columns, rows)
                taken.append(console.settle(0.4) - sent)
            sheet.add_latencies("resize → last frame", ("–", "≤ 33"), column, taken)


def idle(bench: Bench, sheet: Sheet) -> None:
    for column, running in _all(bench):
        with running as console:
            _warmed(console)
            place = console.written
            sheet.add("idle, % of a processor", "≤ 0.1", column, _cpu_per_second(console, 10) * 100)
            sheet.add("idle, bytes written in 10 s", "0", column, console.written - place)


BENCHMARKS: dict[str, Callable[[Bench, Sheet], None]] = {
    "start": start,
    "typing": typing,
    "typing-100": typing_at_100,
    "typing-1000": typing_at_1000,
    "cost": cost,
    "burst": burst,
    "code": code,
    "opening": opening,
    "scrolling": scrolling,
    "resizing": resizing,
    "idle": idle,
}
"""Every benchmark by the name that chooses it."""
