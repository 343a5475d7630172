"""The whole app with the real model, as on a machine that has nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.terminal import Terminal

pytestmark = pytest.mark.live


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "home"
    home.mkdir()
    yield home


def answered(terminal: Terminal, words: str) -> None:
    """Wait until an answer with `words` in it is complete."""
    terminal.wait_for(lambda text: words in text and "tok/s" in text and "Esc stops" not in text, timeout=90)


def test_a_conversation_with_the_real_model(home: Path) -> None:
    with Terminal(home=home, environment={"OLLAMA_TUI_SERVER_HOST": ""}) as terminal:
        terminal.wait_for("embedded engine", timeout=60)
        terminal.wait_for("Its model is tiny")
        terminal.type("What is the capital of France?")
        terminal.press("enter")
        answered(terminal, "Paris")
        terminal.type("What is the population of that city?")
        terminal.press("enter")
        answered(terminal, "The population of")
        terminal.press("ctrl+n")
        terminal.wait_for("Ask anything: write below")
        terminal.type("Name three fruits.")
        terminal.press("enter")
        answered(terminal, "ruits")
        terminal.press("alt+down")
        terminal.wait_for("What is the population of that city?")
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0
    with Terminal(["--continue"], home=home) as terminal:
        terminal.wait_for("Name three fruits.", timeout=60)
        terminal.wait_for("What is the capital")
