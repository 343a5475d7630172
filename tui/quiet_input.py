"""Input that is waited for: a thread that asks ten times a second would never let the processor rest."""

import os
import selectors
from codecs import getincrementaldecoder
from contextlib import suppress
from time import monotonic
from typing import Any, Final

from textual._parser import ParseError
from textual.constants import ESCAPE_DELAY
from textual.drivers.linux_driver import LinuxDriver

from tui.driver import PasteParser

_AT_ONCE: Final = 4096
"""Bytes that are read at a time."""

_TICK: Final = 0.1
"""Seconds between two looks at whether a key that begins like a sequence was one by itself."""

_SETTLED: Final = ESCAPE_DELAY + 2 * _TICK
"""Seconds after which what was typed is known for what it is."""


class QuietDriver(LinuxDriver):
    """Sleeps while nothing is typed; the end of the application wakes it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make a driver as Textual does."""
        super().__init__(*args, **kwargs)
        # For as long as the process lives: a driver that was closed may be started again.
        self._woken, self._wake = os.pipe()

    def run_input_thread(self) -> None:
        """Pass on what is typed until the end."""
        selector = selectors.SelectSelector()
        selector.register(self.fileno, selectors.EVENT_READ)
        selector.register(self._woken, selectors.EVENT_READ)
        parser, decode = PasteParser(self._debug), getincrementaldecoder("utf-8")().decode
        settled = 0.0
        try:
            while not self.exit_event.is_set():
                waits = None if monotonic() > settled else _TICK
                if self.fileno in [key.fd for key, _ in selector.select(waits)]:
                    data = os.read(self.fileno, _AT_ONCE)
                    if not data:
                        # The terminal is gone: there is never anything more.
                        selector.unregister(self.fileno)
                    for message in parser.feed(text) if (text := decode(data)) else ():
                        self.process_message(message)
                    settled = monotonic() + _SETTLED
                for message in parser.tick():
                    self.process_message(message)
        finally:
            selector.close()
            with suppress(EOFError, ParseError):
                for _ in parser.feed(""):
                    pass

    def disable_input(self) -> None:
        """Read nothing more."""
        # It stays to be read until the thread has seen that it is to end.
        os.write(self._wake, b".")
        super().disable_input()
        os.read(self._woken, 1)
