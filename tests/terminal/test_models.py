"""Models and servers in a real terminal."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.scripted_server import PullScript, ScriptedServer
from tests.support.terminal import COMMAND, Terminal
from tests.terminal.conftest import Start

pytestmark = pytest.mark.terminal

ROOT = Path(__file__).parent.parent.parent


def _press(terminal: Terminal, key: str) -> None:
    terminal.type({"f4": "\x1bOS", "f5": "\x1b[15~", "f9": "\x1b[20~"}[key])


def test_a_pull_shows_its_progress_dies_and_is_resumed(start: Start, server: ScriptedServer) -> None:
    layers = (400_000_000, 100)
    death = server.gate()
    server.library.registry["tiny:1b"] = PullScript(layers, steps=40, rate=20.0, dies_after=12, death=death)
    terminal = start(columns=80, rows=24)
    _press(terminal, "f4")
    terminal.wait_for("Installed")
    terminal.type("p")
    terminal.wait_for("Pull a model")
    terminal.type("tiny:1b\r")
    screen = terminal.wait_for(lambda text: "MB/s" in text and "left" in text)
    assert "━" in screen
    death.open()
    terminal.wait_for("failed")
    server.library.registry["tiny:1b"] = PullScript(layers, steps=8)
    terminal.press("enter")
    terminal.wait_for("✓ ready")
    terminal.press("escape", "ctrl+l")
    terminal.wait_for("tiny:1b")


@pytest.mark.parametrize("stops", [False, True], ids=["left running", "stopped at exit"])
def test_ollama_is_started_with_one_key(home: Path, tmp_path: Path, *, stops: bool) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder, mark = tmp_path / "bin", tmp_path / "pid"
    folder.mkdir()
    (folder / "ollama").write_text(
        f'#!/bin/sh\ntest "$1" = serve || exit 9\necho $$ > {mark}\ncd {ROOT}\n'
        f"exec {sys.executable} -m tests.support.scripted_server --port ${{OLLAMA_HOST##*:}}\n"
    )
    (folder / "ollama").chmod(0o755)
    environment = {"OLLAMA_HOST": f"127.0.0.1:{port}", "PATH": f"{folder}:/usr/bin:/bin"}
    config = tmp_path / "config.toml"
    config.write_text(f"[server]\nstop_ollama_at_exit = {str(stops).lower()}\n")
    with Terminal(["--config", str(config)], home=home, environment=environment) as terminal:
        terminal.wait_for("refused")
        _press(terminal, "f5")
        terminal.wait_for(f"● 127.0.0.1:{port}")
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0
    pid = int(mark.read_text())
    if stops:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    else:
        os.kill(pid, 0)
        os.kill(pid, signal.SIGKILL)


def test_an_ollama_that_cannot_start_shows_its_log(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "ollama").write_text("#!/bin/sh\necho 'Error: no GPU and no hope'\nexit 1\n")
    (folder / "ollama").chmod(0o755)
    environment = {"OLLAMA_HOST": "127.0.0.1:9", "PATH": f"{folder}:/usr/bin:/bin"}
    with Terminal([], home=home, environment=environment) as terminal:
        terminal.wait_for("refused")
        _press(terminal, "f5")
        terminal.wait_for("no GPU and no hope")


def test_a_secret_is_nowhere(home: Path, server: ScriptedServer) -> None:
    secret = "s3cr3t-t0ken"
    config = home / "config.toml"
    config.write_text(
        f"[servers.box]\nhost = '{server.url}'\ntoken_env = 'BOX'\nheaders = {{ K = 'k-{secret}' }}\n"
    )
    with Terminal(
        ["--config", str(config), "--host", "box"], home=home, environment={"BOX": secret}
    ) as terminal:
        terminal.wait_for("● box")
        _press(terminal, "f9")
        terminal.wait_for("Esc closes")
        terminal.press("escape")
        terminal.wait_for(lambda text: "Esc closes" not in text)
        terminal.type("hello\r")
        terminal.wait_for_answer("You said: hello")
        command_line = Path(f"/proc/{terminal.pid}/cmdline")
        assert not command_line.exists() or secret not in command_line.read_text()
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0
        assert secret.encode() not in terminal.raw
    assert server.requests[-1].headers["authorization"] == f"Bearer {secret}"
    written = [path for path in home.rglob("*") if path.is_file() and path != config]
    assert written
    assert not [path for path in written if secret.encode() in path.read_bytes()]


def test_a_password_is_not_taken_from_the_command_line(home: Path, server: ScriptedServer) -> None:
    secret = "s3cr3t-t0ken"
    host = server.url.replace("//", f"//ann:{secret}@")
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "OLLAMA_HOST": host}
    refused = subprocess.run(
        [COMMAND, "--host", host], env=environment, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert "$OLLAMA_HOST" in refused.stderr
    assert secret not in refused.stderr + refused.stdout
    assert not server.requests
    with Terminal([], home=home, environment={"OLLAMA_HOST": host}) as terminal:
        terminal.wait_for("● 127.0.0.1")
        command_line = Path(f"/proc/{terminal.pid}/cmdline")
        assert not command_line.exists() or secret not in command_line.read_text()
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0
        assert secret.encode() not in terminal.raw
    assert all(each.headers["authorization"].startswith("Basic ") for each in server.requests)
