"""What is remembered between runs."""

from pathlib import Path

import pytest

from tui.settings.state import Remembered, load_remembered, save_remembered


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    remembered = Remembered(theme="calm-light", model="gemma3:4b", sidebar=False)
    save_remembered(tmp_path / "new", remembered)
    assert load_remembered(tmp_path / "new") == remembered
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["state.json"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"theme": 5, "sidebar": "no", "other": 1}', "null"])
def test_what_cannot_be_used_is_forgotten(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text, "utf-8")
    assert load_remembered(tmp_path) == Remembered()


def test_a_directory_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(OSError):
        save_remembered(tmp_path / "file" / "below", Remembered())
