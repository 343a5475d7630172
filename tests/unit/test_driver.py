"""Answers that come when the application has begun to read keys."""

import pytest
from textual import events
from textual._xterm_parser import XTermParser
from textual.message import Message

from tui.driver import LateAnswers, PasteParser, patient, take_pastes_whole


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


def swiftly(text: str, size: int) -> list[Message]:
    """Return what comes of a text that is read `size` characters at a time."""
    parser = PasteParser()
    found: list[Message] = []
    for start in range(0, len(text), size):
        found.extend(parser.feed(text[start : start + size]))
    found.extend(parser.feed(""))
    return found


def told(messages: list[Message]) -> list[str]:
    return [
        f"paste {each.text}" if isinstance(each, events.Paste) else each.key
        for each in messages
        if isinstance(each, events.Paste | events.Key)
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 11, 1000])
def test_a_paste_comes_whole_wherever_it_is_cut(size: int) -> None:
    text = (
        "a\x1b[A\x1b[200~one\rtwo \x1b[31mred\x00 wörld \x1b[20\x1b[201~b\x1b[2~"
        "\x1b[200~\x1b[201~c\x1b[200~three\x1b[201~\x1b[200~four\x1b[201~"
    )
    pasted = ["paste one\rtwo \x1b[31mred wörld \x1b[20", "paste ", "paste three", "paste four"]
    assert told(swiftly(text, size)) == ["a", "up", pasted[0], "b", "insert", pasted[1], "c", *pasted[2:]]


def test_a_paste_that_never_ends_is_no_key() -> None:
    assert told(swiftly("a\x1b[200~hello", 4)) == ["a"]


def test_the_driver_reads_with_it() -> None:
    from textual.drivers import linux_driver

    take_pastes_whole(linux_driver.LinuxDriver)
    assert vars(linux_driver)["XTermParser"] is PasteParser


def test_what_was_typed_ahead_is_typed_once() -> None:
    from textual.drivers.headless_driver import HeadlessDriver

    said: list[str] = []

    class Terminal(HeadlessDriver):
        def __init__(self) -> None:
            """Begin without an application."""

        def start_application_mode(self) -> None:
            said.append("ours")

        def process_message(self, message: Message) -> None:
            said.append(message.key if isinstance(message, events.Key) else "")

    driver = patient(Terminal, b"ab", late=False)()  # type: ignore[call-arg]
    driver.start_application_mode()
    driver.resume_application_mode()
    assert said == ["ours", "a", "b", "ours"]
