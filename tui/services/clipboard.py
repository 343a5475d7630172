"""Pictures and files on the clipboard of the system."""

import asyncio
import io
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from tui.domain.errors import FileUnusable
from tui.services.attachments.service import FromBytes, FromFile, Source
from tui.services.attachments.sources import sources_in
from tui.services.threads import Stop, in_thread

PATIENCE: Final = 3.0
"""Seconds until a clipboard program is given up."""

_LISTING: Final = 65_536
"""Bytes of a list of types, or of files, that are read."""

_TYPES: Final = ("image/png", "image/jpeg", "image/webp", "image/tiff", "image/bmp", "image/gif")
"""Types of pictures, the best first."""

_FILES: Final = "text/uri-list"

_BUILT_IN: Final = ("darwin", "win32")
"""Systems whose clipboard Pillow reads by itself."""


def reader() -> tuple[str, ...]:
    """Return the program that reads the clipboard here; empty where there is none, or none is needed."""
    if os.environ.get("WAYLAND_DISPLAY") and shutil.which("wl-paste"):
        return ("wl-paste",)
    if os.environ.get("DISPLAY") and shutil.which("xclip"):
        return ("xclip", "-selection", "clipboard", "-out")
    return ()


def can_hold_pictures() -> bool:
    """Tell whether the clipboard can be asked for a picture from here."""
    return sys.platform in _BUILT_IN or bool(reader())


async def clipboard_sources(most: int) -> tuple[Source, ...]:
    """Return the picture on the clipboard, or the files that were copied; nothing for anything else.

    Args:
        most: Bytes of a picture, at most.

    Raises:
        FileUnusable: The clipboard cannot be asked, or holds too much.
    """
    if sys.platform in _BUILT_IN:
        return await in_thread(_grabbed, "read the clipboard")
    program = reader()
    if not program:
        raise FileUnusable(
            "The clipboard cannot be read here.",
            "Install wl-clipboard or xclip; over SSH, attach the file with Ctrl+O or paste its path.",
        )
    types = (await _output(_listing(program), _LISTING)).decode("utf-8", "replace").split()
    for wanted in _TYPES:
        if wanted in types:
            data = await _output(_reading(program, wanted), most)
            return (FromBytes(data, f"clipboard.{wanted.partition('/')[2]}"),) if data else ()
    if _FILES in types:
        return await sources_in(
            (await _output(_reading(program, _FILES), _LISTING)).decode("utf-8", "replace")
        )
    return ()


def _listing(program: Sequence[str]) -> tuple[str, ...]:
    return (*program, "--list-types") if program[0] == "wl-paste" else (*program, "-target", "TARGETS")


def _reading(program: Sequence[str], wanted: str) -> tuple[str, ...]:
    if program[0] == "wl-paste":
        return (*program, "--no-newline", "--type", wanted)
    return (*program, "-target", wanted)


async def _output(command: Sequence[str], most: int) -> bytes:
    """Return what a program writes; nothing when it fails, as it does where the clipboard is empty."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return b""
    assert process.stdout is not None
    written = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            while piece := await process.stdout.read(1 << 16):
                written += piece
                if len(written) > most:
                    raise FileUnusable("There is too much on the clipboard.", "Save it as a file first.")
            await process.wait()
    except TimeoutError:
        return b""
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return bytes(written) if process.returncode == 0 else b""


def _grabbed(stop: Stop) -> tuple[Source, ...]:
    from PIL import Image, ImageGrab

    try:
        found = ImageGrab.grabclipboard()
    except (OSError, NotImplementedError, ValueError) as error:
        raise FileUnusable(f"The clipboard cannot be read: {error}.") from None
    stop.check()
    if isinstance(found, Image.Image):
        stream = io.BytesIO()
        found.save(stream, "PNG")
        return (FromBytes(stream.getvalue(), "clipboard.png"),)
    return tuple(FromFile(Path(name)) for name in found or ())
