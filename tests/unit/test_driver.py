"""Answers that come when the application has begun to read keys."""

from textual import events
from textual._xterm_parser import XTermParser
from textual.message import Message

from tui.driver import LateAnswers


def keys(text: str) -> list[Message]:
    parser = XTermParser()
    found = list(parser.feed(text))
    found.extend(parser.feed(""))
    return found


def through(*typed: tuple[float, str]) -> str:
    """Return what of the keys gets through that are typed at some seconds."""
    answers = LateAnswers(0.0)
    passed: list[Message] = []
    for now, text in typed:
        for message in keys(text):
            passed.extend(answers.through(message, now))
    return "".join(event.character or "" for event in passed if isinstance(event, events.Key))


def test_a_late_answer_is_no_key() -> None:
    assert through((0.3, "a"), (0.5, "\x1b[?62;4;22c"), (0.6, "b")) == "ab"
    assert through((0.5, "\x1b[6;20;10t\x1b[?62;22c"), (0.6, "b")) == "b"


def test_what_is_typed_by_hand_gets_through() -> None:
    typed = [(0.1 * place, letter) for place, letter in enumerate("[1c] [t] [[?;c", 1)]
    assert through(*typed, (3.0, "x")) == "[1c] [t] [[?;cx"


def test_after_a_while_no_answer_is_expected() -> None:
    assert through((11.0, "[?62c")) == "[?62c"
