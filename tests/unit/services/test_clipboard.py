"""The clipboard, read by programs that stand in for wl-paste."""

from pathlib import Path

import pytest

from tests.support.files import png
from tui.domain.errors import FileUnusable
from tui.services import clipboard
from tui.services.attachments.service import FromBytes, FromFile

PROGRAM = """#!/bin/sh
case "$*" in
  --list-types) printf '%s\\n' {types} ;;
  *) cat {content} ;;
esac
"""


@pytest.fixture
def wayland(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tui.services.clipboard.sys.platform", "linux")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def holds(folder: Path, types: str, content: bytes) -> None:
    (folder / "content").write_bytes(content)
    program = folder / "wl-paste"
    program.write_text(PROGRAM.format(types=types, content=folder / "content"))
    program.chmod(0o755)


async def test_a_picture_is_taken(wayland: Path) -> None:
    holds(wayland, "text/html image/jpeg image/png", png())
    assert clipboard.can_hold_pictures()
    assert await clipboard.clipboard_sources(10_000) == (FromBytes(png(), "clipboard.png"),)
    with pytest.raises(FileUnusable, match="too much on the clipboard"):
        await clipboard.clipboard_sources(10)


async def test_files_that_were_copied_are_taken(wayland: Path) -> None:
    copied = wayland / "a b.txt"
    copied.write_text("x")
    holds(wayland, "text/uri-list text/plain", copied.as_uri().encode() + b"\r\n")
    assert await clipboard.clipboard_sources(10_000) == (FromFile(copied),)


async def test_text_is_left_alone(wayland: Path) -> None:
    holds(wayland, "text/plain UTF8_STRING", b"words")
    assert await clipboard.clipboard_sources(10_000) == ()


async def test_without_a_program_it_is_said_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tui.services.clipboard.sys.platform", "linux")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not clipboard.can_hold_pictures()
    with pytest.raises(FileUnusable) as caught:
        await clipboard.clipboard_sources(10)
    assert "wl-clipboard" in caught.value.hint
