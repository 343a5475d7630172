"""What stands between the terminal and the application: swift pastes, and answers that come late."""

import sys
from collections.abc import Generator, Iterable, Iterator
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


_PASTE_BEGINS: Final = "\x1b[200~"
_PASTE_ENDS: Final = "\x1b[201~"


class PasteParser(XTermParser):
    """Takes a paste as it comes; Textual's own looks at each character, 15 seconds for ten million."""

    def __init__(self, debug: bool = False) -> None:
        """Begin outside of a paste."""
        super().__init__(debug)
        self._before = ""
        """The last characters outside of a paste: it may begin in the middle of what is read at a time."""
        self._pasted: list[str] | None = None
        """What has come of a paste; None outside of one."""

    def feed(self, data: str) -> Iterable[Message]:
        """Yield what the terminal said, a paste as one event."""
        if not data:
            yield from super().feed(data)
        while data:
            if self._pasted is None:
                seen = self._before + data
                place = seen.find(_PASTE_BEGINS)
                if place < 0:
                    self._before = seen[1 - len(_PASTE_BEGINS) :]
                    yield from super().feed(data)
                    return
                after = place + len(_PASTE_BEGINS) - len(self._before)
                # The marks go through Textual's parser, which keeps count of them.
                yield from super().feed(data[:after])
                self._before, self._pasted, data = "", [], data[after:]
            else:
                data = yield from self._within(self._pasted, data)

    def _within(self, pasted: list[str], data: str) -> Generator[Message, None, str]:
        """Take the rest of a paste; return what follows it."""
        tail = pasted.pop() if pasted else ""
        seen = tail + data
        place = seen.find(_PASTE_ENDS)
        if place < 0:
            pasted += (seen[: 1 - len(_PASTE_ENDS)], seen[1 - len(_PASTE_ENDS) :])
            return ""
        pasted.append(seen[:place])
        text = "".join(pasted).replace("\x00", "")
        self._pasted = None
        for event in super().feed(_PASTE_ENDS):
            yield events.Paste(text) if isinstance(event, events.Paste) else event
        return seen[place + len(_PASTE_ENDS) :]


def take_pastes_whole(driver: type[Driver]) -> None:
    """Have a driver read with a `PasteParser`; it makes its parser itself, by this name."""
    module = sys.modules[driver.__module__]
    if getattr(module, "XTermParser", None) is XTermParser:
        vars(module)["XTermParser"] = PasteParser


def quiet(driver: type[Driver]) -> type[Driver]:
    """Return the driver of a platform as one that sleeps while nothing is typed, where there is one."""
    if driver.__module__ != "textual.drivers.linux_driver":
        return driver
    # Imported late: it is there for terminals alone.
    from tui.quiet_input import QuietDriver

    return QuietDriver


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
        _typed = typed

        def start_application_mode(self) -> None:
            """Take over the terminal."""
            super().start_application_mode()
            parser, text = PasteParser(), self._typed.decode("utf-8", "replace")
            # Once: the terminal may be taken over again after another program has had it.
            self._typed = b""
            for event in parser.feed(text):
                self.process_message(event)

        def process_message(self, message: Message) -> None:
            """Pass on what the terminal said."""
            if self._answers is None:
                super().process_message(message)
                return
            for each in self._answers.through(message, monotonic()):
                super().process_message(each)

    return PatientDriver
