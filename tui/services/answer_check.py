"""Whether answers have the form that was asked for: found out by a process that can be ended."""

import asyncio
import json
import sys
from contextlib import suppress
from dataclasses import replace
from typing import Final

from tui.domain.answer_format import is_schema
from tui.domain.conversation import Message, MessageStatus
from tui.domain.text import sanitize_line
from tui.json_forms import UNCHECKED, violation

PATIENCE: Final = 10.0
"""Seconds until the process is given up."""


async def checked(answer: Message, answer_format: str) -> Message:
    """Return an answer that is complete with what is wrong about its form, if anything is.

    Args:
        answer: As it ended.
        answer_format: The form that it was asked for in; empty for any.
    """
    if not answer_format or answer.status is not MessageStatus.COMPLETE:
        return answer
    if is_schema(answer_format):
        broken = await _found(answer.content, answer_format)
    else:
        broken = await asyncio.to_thread(violation, answer.content, answer_format)
    if not broken:
        return answer
    if broken.startswith(UNCHECKED):
        return replace(answer, error=f"Whether this has the form that was asked for is not known: {broken}.")
    cut = " The answer was cut at its length limit." if answer.stop_reason == "length" else ""
    return replace(answer, error=f"Not the form that was asked for: {broken}.{cut}")


async def _found(answer: str, answer_format: str) -> str:
    """Return how an answer breaks a schema, as a process of its own says."""
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tui.json_forms",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        return f"{UNCHECKED}: {sanitize_line(str(error), 120)}"
    asked = json.dumps({"answer": answer, "format": answer_format}).encode()
    try:
        written, _ = await asyncio.wait_for(process.communicate(asked), PATIENCE)
        return str(json.loads(written))
    except (TimeoutError, ValueError):
        return f"{UNCHECKED}: the schema asks for too much"
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
