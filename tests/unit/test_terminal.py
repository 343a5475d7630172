"""What the terminal is asked, and what is made of its answers."""

import fcntl
import os
import struct
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tui.domain.graphics import Protocol
from tui.terminal import Answered, Question

XTERM = b"\x1b[?62;4;22c"
PLAIN = b"\x1b[?62;22c"
OK = b"\x1b_Gi=31;OK\x1b\\"


class FakeTerminal:
    """The other end of a pseudo-terminal: answers are put in before they are read."""

    def __init__(self) -> None:
        self.master, self.fd = os.openpty()
        tty.setraw(self.master)

    def asked(self) -> bytes:
        os.set_blocking(self.master, False)
        try:
            return os.read(self.master, 4096)
        except BlockingIOError:
            return b""

    def ask(
        self,
        answers: bytes,
        wanted: str = "auto",
        *,
        size: tuple[int, int] = (10, 20),
        environment: dict[str, str] | None = None,
    ) -> Answered:
        width, height = size
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 120 * width, 40 * height))
        question = Question(wanted, {"TERM": "xterm-256color", **(environment or {})}, self.fd, self.fd)
        question.ask()
        os.write(self.master, answers)
        return question.answered()


@contextmanager
def terminal() -> Iterator[FakeTerminal]:
    fake = FakeTerminal()
    try:
        yield fake
    finally:
        os.close(fake.master)
        os.close(fake.fd)


@pytest.mark.parametrize(
    ("answers", "environment", "protocol"),
    [
        (XTERM, {}, Protocol.SIXEL),
        (PLAIN, {}, Protocol.HALFCELL),
        (b"\x1b[?4c", {}, Protocol.HALFCELL),
        (b"", {}, Protocol.HALFCELL),
        (XTERM, {"TMUX": "/tmp/tmux"}, Protocol.HALFCELL),
        (XTERM, {"TERM": "screen-256color"}, Protocol.HALFCELL),
        (XTERM, {"TERM": "dumb"}, Protocol.HALFCELL),
        (PLAIN + b"\x1bP>|kitty(0.28.1)\x1b\\" + OK + PLAIN, {"TERM": "xterm-kitty"}, Protocol.KITTY),
        (PLAIN + b"\x1bP>|kitty(0.26.5)\x1b\\" + OK + PLAIN, {"TERM": "xterm-kitty"}, Protocol.HALFCELL),
        (PLAIN + b"\x1bP>|kitty(1.0.0)\x1b\\" + OK + PLAIN, {"KITTY_WINDOW_ID": "1"}, Protocol.KITTY),
        (PLAIN + b"\x1bP>|ghostty 1.0.1\x1b\\" + OK + PLAIN, {"TERM": "xterm-ghostty"}, Protocol.KITTY),
        (PLAIN + b"\x1bP>|kitty(0.30.0)\x1b\\" + PLAIN, {"TERM": "xterm-kitty"}, Protocol.HALFCELL),
        (XTERM + b"\x1bP>|XTerm(379)\x1b\\" + XTERM, {"KITTY_WINDOW_ID": "1"}, Protocol.SIXEL),
    ],
)
def test_the_best_that_the_terminal_is_known_to_draw_is_chosen(
    answers: bytes, environment: dict[str, str], protocol: Protocol
) -> None:
    with terminal() as fake:
        answered = fake.ask(answers, environment=environment)
    assert answered.graphics.protocol is protocol
    assert answered.late is (not answers)


def test_keys_between_the_answers_are_given_back() -> None:
    with terminal() as fake:
        answered = fake.ask(b"he\x1b[?62;4cllo\x1b[A\r")
    assert answered.typed == b"hello\x1b[A\r"
    assert answered.graphics.protocol is Protocol.SIXEL


def test_an_answer_that_has_only_begun_is_waited_for_and_never_typed() -> None:
    with terminal() as fake:
        answered = fake.ask(b"a\x1b[?62;")
    assert answered.late and answered.typed == b"a\x1b[?62;"


def test_the_pixels_of_a_cell_are_asked_for_where_the_system_does_not_know_them() -> None:
    with terminal() as fake:
        answered = fake.ask(b"\x1b[6;17;8t" + XTERM, size=(0, 0))
        assert fake.asked() == b"\x1b[16t\x1b[?2;1;0S\x1b[c"
    assert (answered.graphics.cell_width, answered.graphics.cell_height) == (8, 17)
    with terminal() as fake:
        assert fake.ask(XTERM, size=(0, 0)).graphics.protocol is Protocol.HALFCELL


def test_the_largest_picture_that_the_terminal_draws_is_known() -> None:
    with terminal() as fake:
        graphics = fake.ask(b"\x1b[?2;0;1000;500S" + XTERM).graphics
        assert graphics.largest == (1000, 500)
        assert graphics.fitted(4000, 1000, 200, 60) == (100, 13)
        assert graphics.room(200, 60) == (100, 25)
        answered = fake.ask(b"\x1b[?2;3;0S" + XTERM)
        assert answered.graphics.room(200, 60) == (200, 60) and not answered.typed


def test_sixel_that_the_settings_want_is_as_large_as_the_terminal_can() -> None:
    with terminal() as fake:
        graphics = fake.ask(b"\x1b[?2;0;1000;500S\x1b[?62;c", "sixel").graphics
        assert (graphics.protocol, graphics.largest) == (Protocol.SIXEL, (1000, 500))


@pytest.mark.parametrize("wanted", ["off", "halfcell", "kitty"])
def test_what_the_settings_say_is_taken_and_nothing_asked(wanted: str) -> None:
    with terminal() as fake:
        answered = fake.ask(b"typed", wanted)
        assert fake.asked() == b""
    assert answered == Answered(answered.graphics)
    assert answered.graphics.protocol == wanted
    assert (answered.graphics.cell_width, answered.graphics.cell_height) == (10, 20)


def test_the_terminal_is_left_as_it_was() -> None:
    with terminal() as fake:
        before = termios.tcgetattr(fake.fd)
        question = Question("auto", {"TERM": "xterm"}, fake.fd, fake.fd)
        question.ask()
        assert not termios.tcgetattr(fake.fd)[3] & (termios.ECHO | termios.ICANON)
        question.answered()
        assert termios.tcgetattr(fake.fd) == before


def test_where_there_is_no_terminal_nothing_is_asked() -> None:
    reading, writing = os.pipe()
    question = Question("auto", {"TERM": "xterm"}, reading, writing)
    question.ask()
    os.set_blocking(reading, False)
    with pytest.raises(BlockingIOError):
        os.read(reading, 1)
    assert question.answered().graphics.protocol is Protocol.HALFCELL
