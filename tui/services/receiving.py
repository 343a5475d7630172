"""Receiving an answer: a request that turns out too long goes out again, and a model that loads is told."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final

from tui.domain.errors import ContextOverflow, TuiError
from tui.domain.events import ContextUsed
from tui.domain.generation import Delta, Phase
from tui.domain.model import full_name
from tui.domain.ports import ChatBackend
from tui.services.events import EventBus
from tui.services.patience import patient_chat
from tui.services.run import Run, Throttle
from tui.services.turns import Turn, TurnService

_LOADING_POLL: Final = 1.0
"""Seconds between two questions whether the model is loaded."""

_BEFORE_ASKING: Final = 0.1
"""Seconds in which a loaded model may begin to answer without that question."""

_TRIES: Final = 3
"""Times that a request goes out, each shorter than the one before."""


async def fitted_chat(
    backend: ChatBackend,
    turn: Turn,
    run: Run,
    *,
    turns: TurnService,
    bus: EventBus,
    busy: Callable[[bool], None],
) -> AsyncGenerator[Delta, None]:
    """Stream an answer; a request that the server finds too long is sent again with less in it.

    Args:
        backend: What answers.
        turn: What is asked; what goes out in the end is kept in `run`.
        run: The answer.
        turns: Makes shorter requests.
        bus: Told what each request holds.
        busy: Told True when the server's queue was found full, False when it is tried again.

    Raises:
        ContextOverflow: what must be sent does not fit.
        TuiError: as `ChatBackend.chat`.
    """
    for remaining in reversed(range(_TRIES)):
        run.turn = turn
        bus.publish(ContextUsed(run.conversation_id, run.answer.id, turn.composed.plan))
        try:
            async with aclosing(patient_chat(backend, turn.request, busy)) as deltas:
                async for delta in deltas:
                    yield delta
            return
        except ContextOverflow as error:
            if run.begun() or not remaining:
                raise
            turn = await turns.shortened(turn, error)


async def watch_loading(run: Run, backend: ChatBackend, updates: Throttle) -> None:
    """Tell loading from waiting until the first text arrives; neither can be seen in the stream."""
    wanted = full_name(run.answer.model).casefold()
    await asyncio.sleep(_BEFORE_ASKING)
    while True:
        try:
            running = await backend.running()
        except TuiError:
            return
        if run.begun():
            return
        loaded = any(full_name(model.name).casefold() == wanted for model in running)
        phase = Phase.WAITING if loaded else Phase.LOADING
        if run.phase not in (phase, Phase.BUSY):
            run.phase = phase
            updates.request()
        await asyncio.sleep(_LOADING_POLL)
