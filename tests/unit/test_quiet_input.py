"""Nothing is done while nothing is typed, and what is typed comes at once and whole."""

import io
import os
import queue
import selectors
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from textual import events
from textual.message import Message

from tui.quiet_input import PatientWriter, QuietDriver


class Typewriter(QuietDriver):
    """A driver that reads from a pipe, without a terminal or an application."""

    def __init__(self) -> None:
        """Begin to read."""
        self.fileno, self.keys = os.pipe()
        self.exit_event = threading.Event()
        self._debug = False
        self._woken, self._wake = os.pipe()
        self.said: queue.Queue[Message] = queue.Queue()
        self._key_thread = threading.Thread(target=self.run_input_thread, daemon=True)

    def process_message(self, message: Message) -> None:
        """Keep what was typed."""
        self.said.put(message)

    def _disable_mouse_support(self) -> None:
        pass

    def typed(self, data: bytes) -> str:
        """Type; return the key that comes of it."""
        os.write(self.keys, data)
        message = self.said.get(timeout=30)
        assert isinstance(message, events.Key)
        return message.key


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> "queue.Queue[float | None]":
    """Return how long each wait for a key may last, as it begins."""
    begun: queue.Queue[float | None] = queue.Queue()

    class Watched(selectors.SelectSelector):
        def select(self, timeout: float | None = None) -> Any:
            begun.put(timeout)
            return super().select(timeout)

    monkeypatch.setattr(selectors, "SelectSelector", Watched)
    return begun


@pytest.fixture
def typewriter(waits: "queue.Queue[float | None]") -> Iterator[Typewriter]:
    typewriter = Typewriter()
    assert typewriter._key_thread is not None
    typewriter._key_thread.start()
    yield typewriter
    typewriter.disable_input()
    assert not typewriter._key_thread.is_alive()


def test_without_keys_the_thread_sleeps(typewriter: Typewriter, waits: "queue.Queue[float | None]") -> None:
    assert waits.get(timeout=30) is None
    assert typewriter.typed(b"a") == "a"
    while waits.get(timeout=30) is not None:
        pass
    assert waits.empty()


def test_an_escape_by_itself_is_a_key_and_one_in_a_sequence_is_not(typewriter: Typewriter) -> None:
    assert typewriter.typed(b"\x1b") == "escape"
    assert typewriter.typed(b"\x1b[A") == "up"
    os.write(typewriter.keys, b"\xc3")
    assert typewriter.typed(b"\xa9x") == "é"


def test_when_the_terminal_is_gone_nothing_goes_round_and_round(
    typewriter: Typewriter, waits: "queue.Queue[float | None]"
) -> None:
    assert waits.get(timeout=30) is None
    os.close(typewriter.keys)
    while waits.get(timeout=30) is not None:
        pass
    assert waits.empty()


def test_a_writer_whose_terminal_is_gone_takes_everything_and_ends() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

    writer = PatientWriter(Gone())
    writer.start()
    for _ in range(100):
        writer.write("never seen")
    writer.stop()
    assert not writer.is_alive()
