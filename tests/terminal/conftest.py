"""What the terminal tests share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.scripted_server import ScriptedServer
from tests.support.terminal import Terminal

Start = Callable[..., Terminal]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Return a running scripted server."""
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return an empty home directory."""
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.fixture
def start(server: ScriptedServer, home: Path) -> Iterator[Start]:
    """Return what starts the command against the scripted server; every run is ended after the test."""
    running: list[Terminal] = []

    def started(
        *arguments: str,
        ready: bool = True,
        columns: int = 120,
        rows: int = 40,
        measured: bool = False,
        **environment: str,
    ) -> Terminal:
        variables = {"OLLAMA_HOST": server.url, **environment}
        terminal = Terminal(
            arguments, home=home, environment=variables, columns=columns, rows=rows, measured=measured
        )
        running.append(terminal)
        if ready:
            terminal.wait_for(f"● {server.url.removeprefix('http://')}")
        return terminal

    yield started
    for terminal in running:
        terminal.__exit__()
