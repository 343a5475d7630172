"""No byte from outside reaches the terminal as a command, and none is markup."""

import json
import re

import pytest

from tests.support.script import Model, Reply
from tests.support.scripted_server import ScriptedServer
from tests.terminal.conftest import Start

pytestmark = pytest.mark.terminal

ATTACK = (
    "\x1b]0;PWNED\x07\x1b]52;c;UFdORUQ=\x07\x1b[31mred\x1b[2J\x9b31m\x90q\x9c\x1bP1;2q\x1b\\"
    "\x07\x08\x7f[red]markup[/red] [@click=app.quit]click[/] \u202eevil\u202c end-of-attack"
)

# What an attack could have made the terminal do: set the title, write the clipboard, clear the screen.
FORBIDDEN = re.compile(
    rb"\x1b\]0;PWNED|\x1b\]52;|\x1b\[31m|\x1b\[2J|\x1bP1;2q|\xc2\x9b|\xc2\x90|(?<!\xe2\x90)\x9b31m|\x08|\x7f"
)


def test_an_answer_cannot_reach_the_terminal(start: Start, server: ScriptedServer) -> None:
    server.script(Reply(tokens=[ATTACK[n : n + 3] for n in range(0, len(ATTACK), 3)]))
    terminal = start("Attack")
    terminal.wait_for_answer("end-of-attack")
    assert "[red]markup[/red]" in terminal.text
    assert FORBIDDEN.search(bytes(terminal.raw)) is None


def test_code_and_thinking_cannot_reach_the_terminal(start: Start, server: ScriptedServer) -> None:
    server.script(
        Reply(text=f"```python\n{ATTACK}\n```\n\n| a |\n|---|\n| {ATTACK} |\n\ndone", thinking=ATTACK)
    )
    terminal = start("Attack")
    terminal.wait_for("done")
    assert FORBIDDEN.search(bytes(terminal.raw)) is None


def test_a_title_cannot_reach_the_terminal(start: Start, server: ScriptedServer) -> None:
    terminal = start(ATTACK)
    server.wait_for_request()
    terminal.wait_for_answer("end-of-attack")
    assert FORBIDDEN.search(bytes(terminal.raw)) is None


def test_a_model_name_cannot_reach_the_terminal(start: Start, server: ScriptedServer) -> None:
    server.models = [Model(name=f"{ATTACK}:1b")]
    terminal = start(ready=False)
    terminal.wait_for("● 127")
    terminal.press("ctrl+l")
    terminal.wait_for("type to filter")
    terminal.wait_for("[31mred")
    assert FORBIDDEN.search(bytes(terminal.raw)) is None


@pytest.mark.parametrize(
    "reply", [Reply(error=ATTACK), Reply(status=500, body=json.dumps({"error": ATTACK}).encode())]
)
def test_an_error_cannot_reach_the_terminal(start: Start, server: ScriptedServer, reply: Reply) -> None:
    server.script(reply)
    terminal = start("Attack")
    terminal.wait_for("[red]markup")
    assert FORBIDDEN.search(bytes(terminal.raw)) is None
