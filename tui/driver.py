"""What stands between the terminal's keys and the application while the terminal is still answering."""

from collections.abc import Iterator
from time import monotonic
from typing import Final

from textual import events
from textual._xterm_parser import XTermParser
from textual.driver import Driver
from textual.message import Message

_BEGINS: Final = ("[", "^")
"""What Textual makes of the beginning of an answer that it does not know: the ESC goes, or becomes a `^`."""

_TOGETHER: Final = 0.03
"""Seconds between two characters of an answer; nobody types that fast."""

_INSIDE: Final = frozenset("?;0123456789")
_ENDS: Final = frozenset("ctS")
_FOR: Final = 10.0
"""Seconds after which no answer comes any more."""


class LateAnswers:
    """Takes the answer of a slow terminal out of the keys that it would otherwise be."""

    def __init__(self, now: float) -> None:
        """Begin to look out.

        Args:
            now: Seconds of a clock.
        """
        self._until = now + _FOR
        self._held: list[Message] = []
        self._last = now

    def through(self, message: Message, now: float) -> Iterator[Message]:
        """Yield what is to be let through once `message` has come."""
        if not isinstance(message, events.Key) or (not self._held and now > self._until):
            yield from self._released()
            yield message
            return
        apart, self._last = now - self._last > _TOGETHER, now
        if self._held and apart:
            yield from self._released()
        if not self._held:
            if message.character in _BEGINS:
                self._held.append(message)
            else:
                yield message
            return
        self._held.append(message)
        follows = len(self._held) == 2 and message.character == "["
        if message.character in _INSIDE or follows:
            return
        if message.character in _ENDS and len(self._held) > 2:
            self._held.clear()
            return
        yield from self._released()

    def _released(self) -> Iterator[Message]:
        held, self._held = self._held, []
        yield from held


def patient(driver: type[Driver], typed: bytes, *, late: bool) -> type[Driver]:
    """Return a driver that begins with keys that were typed before it was there, and knows late answers.

    Args:
        driver: The driver of the platform.
        typed: The keys, as the terminal sent them.
        late: An answer may still come.
    """

    class PatientDriver(driver):  # type: ignore[misc, valid-type]
        """Begins with what was typed ahead."""

        _answers = LateAnswers(monotonic()) if late else None

        def start_application_mode(self) -> None:
            """Take over the terminal."""
            super().start_application_mode()
            parser = XTermParser()
            for event in parser.feed(typed.decode("utf-8", "replace")):
                self.process_message(event)

        def process_message(self, message: Message) -> None:
            """Pass on what the terminal said."""
            if self._answers is None:
                super().process_message(message)
                return
            for each in self._answers.through(message, monotonic()):
                super().process_message(each)

    return PatientDriver
