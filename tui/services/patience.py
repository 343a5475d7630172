"""Asking a server again whose queue is full."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Final

from tui.domain.errors import ServerBusy
from tui.domain.generation import ChatRequest, Delta
from tui.domain.ports import ChatBackend

WAITS: Final = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before each new try; after the last one the refusal stands."""


async def patient_chat(
    backend: ChatBackend,
    request: ChatRequest,
    busy: Callable[[bool], None],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncGenerator[Delta, None]:
    """Stream an answer, trying again for a while where the server's queue is full.

    Nothing was begun then, so nothing is asked twice.

    Args:
        backend: What answers.
        request: What is asked.
        busy: Told True when the queue was found full, False when it is tried again.
        sleep: Waits some seconds.

    Raises:
        ServerBusy: the queue stayed full.
        TuiError: as `ChatBackend.chat`.
    """
    for wait in (*WAITS, None):
        begun = False
        try:
            async with aclosing(backend.chat(request)) as deltas:
                async for delta in deltas:
                    begun = True
                    yield delta
            return
        except ServerBusy:
            if begun or wait is None:
                raise
        busy(True)
        await sleep(wait)
        busy(False)
