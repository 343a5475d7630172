"""A long conversation of which some is on the screen, while the rest is read."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from tui.domain.errors import TuiError
from tui.services.conversations import ConversationService, OpenedConversation
from tui.widgets.conversation_pane import ConversationPane
from tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from tui.domain.conversation import Message, MessageId

FIRST_READ: Final = 100
"""Messages that are read before anything is shown."""

_AT_A_TIME: Final = 250
"""Messages that are read at a time behind them: a few milliseconds of work."""

_PAUSE: Final = 0.005
"""Seconds between two readings: a frame, and a key, have their turn."""

_GROUP: Final = "rest"

_Read: TypeAlias = "Callable[[Sequence[MessageId], MessageId | None], Awaitable[tuple[Message, ...]]]"


class ReadBehind:
    """Reads the messages that are not shown yet, and puts them there without anything moving."""

    def __init__(self, pane: ConversationPane, tell: Callable[[TuiError], None]) -> None:
        """Make one with nothing to read.

        Args:
            pane: What shows the messages.
            tell: Shows an error.
        """
        self._pane = pane
        self._tell = tell

    def begin(self, conversations: ConversationService, opened: OpenedConversation | None) -> None:
        """Read what is missing of a conversation that is now shown; give up what was read before.

        Args:
            conversations: Where messages are read.
            opened: What is shown; None for nothing.
        """
        self._pane.workers.cancel_group(self._pane, _GROUP)
        if opened is not None and (opened.above or opened.between):
            self._pane.run_worker(
                self._read(conversations, opened),
                name="read the rest of a conversation",
                group=_GROUP,
                description="Reads what stands above and between, a few milliseconds at a time.",
                exclusive=True,
            )

    async def _read(self, conversations: ConversationService, opened: OpenedConversation) -> None:
        above, path, head = opened.above, opened.path, opened.head
        transcript, drawn = self._pane.transcript, asyncio.Event()
        transcript.call_after_refresh(drawn.set)
        await drawn.wait()
        read = partial(conversations.read, opened.conversation.id)
        try:
            await self._fill(transcript, _Missing(above, None, self._pane.prepend), len(path), read)
            before = path[head - 1].id if head else above[-1] if above else None
            between = _Missing(opened.between, before, self._pane.insert)
            await self._fill(transcript, between, len(above) + len(path), read)
        except TuiError as error:
            if transcript.is_attached:
                self._tell(error)
        if transcript.is_attached:
            self._pane.complete()

    async def _fill(self, transcript: Transcript, missing: "_Missing", shown: int, read: _Read) -> None:
        """Read messages from the last to the first, and put them where they belong.

        Args:
            transcript: Where they are seen.
            missing: Which messages.
            shown: How many there are already.
            read: Reads some that follow each other, the first of them a given one.
        """
        ids, end = missing.ids, len(missing.ids)
        waiting: list[Message] = []
        while end > 0 or waiting:
            await asyncio.sleep(_PAUSE)
            start = max(0, end - _AT_A_TIME)
            if start < end:
                waiting[:0] = await read(ids[start:end], ids[start - 1] if start else missing.before)
                end = start
            if not transcript.is_attached:
                # The app is being closed, and widgets go before what works for them.
                return
            # As many at a time as are there already: each costs its share, and there are few.
            if (end == 0 or len(waiting) >= shown) and not transcript.is_moving:
                missing.put(waiting)
                shown += len(waiting)
                waiting = []


@dataclass(frozen=True, slots=True)
class _Missing:
    """Messages that follow each other and are not shown yet."""

    ids: "Sequence[MessageId]"
    before: "MessageId | None"
    """What stands before the first."""
    put: "Callable[[Sequence[Message]], None]"
    """Shows some, before those that it was given last."""
