"""A driver that waits: a thread that asks ten times a second would never let the processor rest."""

import os
import selectors
from codecs import getincrementaldecoder
from contextlib import suppress
from time import monotonic
from typing import Any, Final

from textual._parser import ParseError
from textual.constants import ESCAPE_DELAY
from textual.drivers import linux_driver
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver

from tui.driver import PasteParser

_AT_ONCE: Final = 4096
"""Bytes that are read at a time."""

_TICK: Final = 0.1
"""Seconds between two looks at whether a key that begins like a sequence was one by itself."""

_SETTLED: Final = ESCAPE_DELAY + 2 * _TICK
"""Seconds after which what was typed is known for what it is."""


class PatientWriter(WriterThread):
    """Writes as Textual's does; once the terminal is gone it goes on taking what nobody will see.

    Textual's ends then, and whoever writes to it next, or waits for its end, waits for ever.
    """

    def run(self) -> None:
        """Write until the end."""
        while (text := self._queue.get()) is not None:
            with suppress(OSError, ValueError):
                self._file.write(text)
                if self._queue.empty():
                    self._file.flush()
        with suppress(OSError, ValueError):
            self._file.flush()


# The driver makes its writer itself, by this name.
vars(linux_driver)["WriterThread"] = PatientWriter


class QuietDriver(LinuxDriver):
    """Sleeps while nothing is typed; the end of the application wakes it.

    While another program has the terminal, what would be written to it is dropped: nothing takes it then, and
    whoever comes to a full queue waits for ever. Everything is drawn anew afterwards.
    """

    _is_lent = False
    """Another program has the terminal."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make a driver as Textual does."""
        super().__init__(*args, **kwargs)
        # For as long as the process lives: a driver that was closed may be started again.
        self._woken, self._wake = os.pipe()

    def suspend_application_mode(self) -> None:
        """Leave the terminal to another program."""
        super().suspend_application_mode()
        self._is_lent = True

    def resume_application_mode(self) -> None:
        """Take the terminal back."""
        self._is_lent = False
        super().resume_application_mode()

    def write(self, data: str) -> None:
        """Write to the terminal, while it is ours."""
        if not self._is_lent:
            super().write(data)

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

    def _sigcont_application(self, *details: Any) -> None:
        # A terminal that goes away says so with SIGHUP and SIGCONT: what runs is not to be started twice,
        # for threads that nobody knows would keep the process for ever.
        if self._must_signal_resume:
            super()._sigcont_application(*details)

    def disable_input(self) -> None:
        """Read nothing more."""
        # It stays to be read until the thread has seen that it is to end.
        os.write(self._wake, b".")
        super().disable_input()
        os.read(self._woken, 1)
