"""The user's editor: which one it is, and what comes of what it writes."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tui.domain.errors import BadRequest, FileUnusable
from tui.services.editor import edited, editor_command


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that temporary folders are made in."""
    for variable in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def left(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def what_is_in(place: str) -> str:
    return Path(place).read_text()


def editor(script: str) -> tuple[str, ...]:
    """Return an editor that does what a shell script says; `$1` is the file."""
    return ("sh", "-c", script, "editor")


def test_the_chosen_editor_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "cat")
    assert editor_command() == ("cat",)
    monkeypatch.setenv("VISUAL", "sh -c 'a b'")
    assert editor_command() == ("sh", "-c", "a b")


@pytest.mark.parametrize(
    ("chosen", "said"), [("no-such-editor", "names no program"), ("'open", "cannot be read")]
)
def test_an_editor_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch, chosen: str, said: str) -> None:
    monkeypatch.setenv("EDITOR", chosen)
    with pytest.raises(BadRequest, match=f"EDITOR {said}"):
        editor_command()


def test_without_any_editor_it_is_said_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadRequest, match="no editor") as told:
        editor_command()
    assert "export EDITOR" in told.value.hint


async def test_a_text_is_edited_and_its_file_is_gone(folder: Path) -> None:
    script = 'stat -c %a "$(dirname "$1")" >> "$1"; printf "dreißig\\r\\nend\\n" >> "$1"'
    assert await edited("one\ntwo\n", editor(script)) == "one\ntwo\n700\ndreißig\nend"
    assert not left(folder)


async def test_what_a_failed_editor_left_is_kept_and_named(folder: Path) -> None:
    with pytest.raises(BadRequest, match="sh ended with status 3") as told:
        await edited("words", editor('echo more >> "$1"; exit 3'))
    place = told.value.hint.removesuffix(".").rpartition(" ")[2]
    assert place.startswith(str(folder))
    assert what_is_in(place) == "wordsmore\n"


async def test_a_file_that_is_gone_is_told() -> None:
    with pytest.raises(FileUnusable, match="nothing back"):
        await edited("words", editor('rm "$1"'))


async def test_what_is_no_text_is_taken_as_far_as_it_goes() -> None:
    assert await edited("", editor("printf 'a\\377b' > \"$1\"")) == "a\ufffdb"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of terminals")
async def test_ctrl_c_is_the_editors() -> None:
    # A terminal tells all that run in it; what the editor begins with is as usual.
    told = f'kill -INT {os.getpid()}; (kill -INT $$; echo lived >> "$1"); exit 0'
    assert (
        await edited("words", editor(f'trap "echo caught >> \\"$1\\"" INT; {told}')) == "wordslived\ncaught"
    )
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
