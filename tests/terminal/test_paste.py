"""A paste in a real pseudo-terminal, read by the driver of the platform."""

import pytest

from tests.support.scripted_server import ScriptedServer
from tests.terminal.conftest import Start

pytestmark = pytest.mark.terminal


def test_a_large_paste_is_a_chip_and_sent_whole(start: Start, server: ScriptedServer) -> None:
    text = "".join(f"Zeile {number} mit Ümlauten\n" for number in range(300))
    terminal = start()
    terminal.type("\x1b[200~" + text.replace("\n", "\r") + "\x1b[201~")
    terminal.wait_for("pasted text 1")
    terminal.type("Sum up")
    terminal.press("enter")
    sent = server.wait_for_request().json["messages"][-1]["content"]
    assert sent == f"pasted text 1:\n```\n{text}```\n\nSum up"
