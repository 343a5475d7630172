"""The clipboard of the machine that this runs on, where there is a tool for it."""

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping

_PATIENCE = 3.0
"""Seconds a tool may take."""


def local_tool(environment: Mapping[str, str] = os.environ) -> tuple[str, ...] | None:
    """Return the command that puts its standard input on the clipboard, or None."""
    candidates: list[tuple[str, ...]] = []
    if sys.platform == "darwin":
        candidates.append(("pbcopy",))
    if environment.get("WAYLAND_DISPLAY"):
        candidates.append(("wl-copy",))
    if environment.get("DISPLAY"):
        candidates.append(("xclip", "-selection", "clipboard", "-in"))
        candidates.append(("xsel", "--clipboard", "--input"))
    if sys.platform == "win32" or environment.get("WSL_DISTRO_NAME"):
        candidates.append(("clip.exe",))
    for command in candidates:
        if path := shutil.which(command[0]):
            return (path, *command[1:])
    return None


async def copy_locally(text: str, command: tuple[str, ...]) -> bool:
    """Give a text to a clipboard tool through its standard input, and say whether it took it."""
    # Windows takes UTF-16 for what it is; everything else expects UTF-8.
    encoding = "utf-16-le" if command[0].endswith("clip.exe") else "utf-8"
    try:
        # The tools stay in the background to serve what was copied: they get no pipe to hold open.
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL)
    except OSError:
        return False
    try:
        async with asyncio.timeout(_PATIENCE):
            await process.communicate(text.encode(encoding, "replace"))
    except TimeoutError:
        process.kill()
        await process.wait()
        return False
    return process.returncode == 0
