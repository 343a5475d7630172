"""The text of a PDF file, taken out by a process that can be limited and ended."""

import asyncio
import json
import sys
from contextlib import suppress
from typing import Final

from tui.domain.attachment import Span
from tui.domain.errors import FileUnusable

PATIENCE: Final = 40.0
"""Seconds until the process is given up."""

_ALL: Final = Span(1, 1_000_000)

_AS_PICTURES: Final = "Attach its pages as pictures, to a model that sees."

_REFUSED: Final = {
    "encrypted": ("is locked with a password", "Save it without one first."),
    "damaged": ("is a damaged PDF file", "Open and save it in another program first."),
    "memory": ("is too much to take the text out of", "Attach some of its pages: paper.pdf:1-10"),
}


async def text_of_pdf(name: str, data: bytes, span: Span | None, most: int) -> str:
    """Return the text of a PDF file.

    Args:
        name: Of the file, for people.
        data: All of it.
        span: Which pages; None for all.
        most: Characters, at most.

    Raises:
        FileUnusable: It is damaged, locked, has no text or too much, or no such page.
    """
    wanted = span or _ALL
    answer = await _asked(data, (str(wanted.first), str(wanted.last), str(most)))
    if answer is None:
        raise FileUnusable(
            f"{name} takes too long or too much memory to be read.", "Attach some pages: paper.pdf:1-10"
        )
    refused, pages, text = answer.get("refused"), answer.get("pages"), answer.get("text")
    if not isinstance(pages, int) or not isinstance(text, str):
        words, hint = _REFUSED.get(str(refused), _REFUSED["damaged"])
        raise FileUnusable(f"{name} {words}.", hint)
    if span is not None and span.first > pages:
        raise FileUnusable(f"{name} has no page {span.first:,}: there are {pages:,}.", "Pages count from 1.")
    if not text.strip():
        raise FileUnusable(f"There is no text in {name}: its pages are pictures, as scans are.", _AS_PICTURES)
    if len(text) > most:
        raise FileUnusable(
            f"{name} has more than {most:,} characters.", "Attach some of its pages: paper.pdf:1-10"
        )
    return text + "\n"


async def _asked(data: bytes, arguments: tuple[str, str, str]) -> dict[str, object] | None:
    """Return what the process answers; None when it ran out of time or memory."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tui.pdf_text",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        written, _ = await asyncio.wait_for(process.communicate(data), PATIENCE)
        answer = json.loads(written)
    except (TimeoutError, ValueError):
        return None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return answer if isinstance(answer, dict) else None
