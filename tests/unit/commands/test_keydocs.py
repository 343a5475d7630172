"""The page about keys is what the table says."""

from pathlib import Path

import pytest

from tui.commands import keydocs
from tui.commands.key_names import key_name, key_names
from tui.commands.keydocs import KEYBINDINGS_FILE, keybindings_markdown
from tui.commands.registry import COMMANDS

ROOT = Path(__file__).parents[3]


def test_the_page_is_not_stale() -> None:
    written = (ROOT / KEYBINDINGS_FILE).read_text(encoding="utf-8")
    assert written == keybindings_markdown(), "run: python -m tui.commands.keydocs"


def test_every_command_with_a_key_is_on_the_page_once() -> None:
    page = keybindings_markdown()
    for command in COMMANDS:
        assert page.count(f"`{command.id}`") == (1 if command.keys else 0), command.id


def test_writing_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    keydocs.main()
    assert (tmp_path / KEYBINDINGS_FILE).read_text(encoding="utf-8") == keybindings_markdown()


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("ctrl+n", "Ctrl+N"),
        ("shift+enter", "Shift+Enter"),
        ("f1", "F1"),
        ("g", "g"),
        ("G", "G"),
        ("slash", "/"),
        ("pageup", "PageUp"),
        ("alt+up", "Alt+Up"),
        ("escape", "Esc"),
    ],
)
def test_key_names(key: str, name: str) -> None:
    assert key_name(key) == name


def test_lists_of_keys() -> None:
    assert key_names("ctrl+j, shift+enter,") == ("Ctrl+J", "Shift+Enter")
