"""The editor that the user has chosen: writes a longer text than an input is for."""

import asyncio
import os
import shlex
import shutil
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tui.domain.errors import BadRequest, FileUnusable
from tui.domain.text import sanitize_line
from tui.services.threads import in_thread

_USUAL: Final = ("nano", "vi", "notepad")
"""What is taken where nobody has chosen, the easiest first."""

_MOST: Final = 64 * 1024 * 1024
"""Bytes of a text that are taken back."""

_NAME: Final = "message.md"


def editor_command() -> tuple[str, ...]:
    """Return the editor, a program and its arguments: `$VISUAL`, else `$EDITOR`, else a usual one.

    Raises:
        BadRequest: There is none.
    """
    hint = "Set EDITOR to the program that you write with, for example: export EDITOR=nano"
    for variable in ("VISUAL", "EDITOR"):
        if chosen := os.environ.get(variable, "").strip():
            try:
                words = tuple(shlex.split(chosen))
            except ValueError as error:
                raise BadRequest(f"{variable} cannot be read: {sanitize_line(chosen, 60)}", hint) from error
            if words and shutil.which(words[0]):
                return words
            raise BadRequest(f"{variable} names no program: {sanitize_line(chosen, 60)}", hint)
    for usual in _USUAL:
        if shutil.which(usual):
            return (usual,)
    raise BadRequest("There is no editor.", hint)


async def edited(text: str, editor: Sequence[str]) -> str:
    """Have a text edited, and return what it has become; the terminal must be free.

    The file is in a folder that nobody else can read, and is gone once its text was taken; otherwise it
    stays, and the error says where.

    Args:
        text: What is in the file at first.
        editor: What `editor_command` returned.

    Raises:
        BadRequest: The editor said that it failed: what it left is not taken.
        FileUnusable: The file could not be written or read, or the editor not be started.
    """
    try:
        path = await in_thread(lambda _: _written(text), "write the draft")
    except OSError as error:
        raise FileUnusable("The editor cannot be given the text.", sanitize_line(str(error))) from error
    try:
        await _run(editor, path)
        text = await in_thread(lambda _: _read(path), "read the draft")
    except OSError as error:
        raise FileUnusable(
            "The editor gave nothing back.", f"{sanitize_line(str(error))}. {_stays(path)}"
        ) from error
    # Not where the application ends meanwhile, or where nothing could be read: what was written stays.
    await in_thread(lambda _: shutil.rmtree(path.parent, ignore_errors=True), "remove the draft")
    return text


async def _run(editor: Sequence[str], path: Path) -> None:
    with _keys_for_the_editor():
        process = await asyncio.create_subprocess_exec(*editor, str(path))
        try:
            status = await process.wait()
        except asyncio.CancelledError:
            with suppress(ProcessLookupError):
                process.terminate()
            raise
    if status:
        name = sanitize_line(Path(editor[0]).name, 40)
        raise BadRequest(f"{name} ended with status {status}.", f"The input is as it was. {_stays(path)}")


def _written(text: str) -> Path:
    path = Path(tempfile.mkdtemp(prefix="ollama-tui-")) / _NAME
    path.write_text(text, encoding="utf-8", newline="")
    return path


def _stays(path: Path) -> str:
    return f"What was written is in {path}."


def _read(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(_MOST + 1)
    if len(data) > _MOST:
        raise FileUnusable(
            f"The text is larger than {_MOST // 1024**2} MB.",
            f"Attach it as a file with Ctrl+O. {_stays(path)}",
        )
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    # Editors end the last line as well.
    return text.removesuffix("\n")


@contextmanager
def _keys_for_the_editor() -> Iterator[None]:
    """Leave Ctrl+C to the editor: the terminal tells it to whoever runs in it."""
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGQUIT") if hasattr(signal, name)]
    # A function, not SIG_IGN: what the editor begins with is then as usual.
    before = [(number, signal.signal(number, lambda *_: None)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
