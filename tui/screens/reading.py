"""A long conversation whose end is on the screen, while what comes before is read."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tui.domain.errors import TuiError
from tui.services.conversations import ConversationService, OpenedConversation
from tui.widgets.conversation_pane import ConversationPane

if TYPE_CHECKING:
    from tui.domain.conversation import Message

FIRST_READ: Final = 100
"""Messages that are read before anything is shown."""

_AT_A_TIME: Final = 250
"""Messages that are read at a time behind them: a few milliseconds of work."""

_PAUSE: Final = 0.005
"""Seconds between two readings: a frame, and a key, have their turn."""

_GROUP: Final = "rest"


class ReadBehind:
    """Reads the messages above those that are shown, and puts them there without anything moving."""

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
        if opened is not None and opened.above:
            self._pane.run_worker(
                self._read(conversations, opened),
                name="read the rest of a conversation",
                group=_GROUP,
                description="Reads what stands above, a few milliseconds at a time.",
                exclusive=True,
            )

    async def _read(self, conversations: ConversationService, opened: OpenedConversation) -> None:
        above, shown = opened.above, len(opened.path)
        end = len(above)
        waiting: list[Message] = []
        transcript, drawn = self._pane.transcript, asyncio.Event()
        transcript.call_after_refresh(drawn.set)
        await drawn.wait()
        try:
            while end > 0 or waiting:
                await asyncio.sleep(_PAUSE)
                start = max(0, end - _AT_A_TIME)
                if start < end:
                    after = above[start - 1] if start else None
                    some = await conversations.read(opened.conversation.id, above[start:end], after)
                    waiting[:0] = some
                    end = start
                if not transcript.is_attached:
                    # The app is being closed, and widgets go before what works for them.
                    return
                # As many at a time as are there already: each costs its share, and there are few.
                if (end == 0 or len(waiting) >= shown) and not transcript.is_moving:
                    self._pane.prepend(waiting)
                    shown += len(waiting)
                    waiting = []
        except TuiError as error:
            if transcript.is_attached:
                self._tell(error)
        if transcript.is_attached:
            self._pane.complete()
