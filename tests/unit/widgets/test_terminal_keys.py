"""Alt+Enter as terminals send it."""

import pytest
from textual._xterm_parser import XTermParser
from textual.events import Key

from tui.widgets.terminal_keys import MODIFY_OTHER_KEYS_SHIFT_ENTER, learn_alt_enter


def keys(data: str) -> list[str]:
    parser = XTermParser()
    events = [*parser.feed(data), *parser.feed("")]
    return [event.key for event in events if isinstance(event, Key)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("\x1b\r", ["alt+enter"]),
        ("a\x1b\rb\r", ["a", "alt+enter", "b", "enter"]),
        ("\n", ["ctrl+j"]),
        ("\x1b", ["escape"]),
        ("\x1b[13;2u", ["shift+enter"]),
        ("\x1b[13;3u", ["alt+enter"]),
        ("\x1b[27;2;13~", [MODIFY_OTHER_KEYS_SHIFT_ENTER]),
    ],
)
def test_what_terminals_send(data: str, expected: list[str]) -> None:
    learn_alt_enter()
    assert keys(data) == expected
