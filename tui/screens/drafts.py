"""Keeps unsent text on disk, a moment after it was typed."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from textual.widget import Widget

from tui.domain.conversation import ConversationId
from tui.domain.errors import ConversationGone, StoreUnavailable

if TYPE_CHECKING:
    from textual.timer import Timer

SAVE_DELAY = 0.15
"""Seconds between a keystroke and the write that keeps it."""

RETRY_DELAY = 2.0
"""Seconds until saving is tried again where it failed."""


class DraftKeeper:
    """Saves the draft of the open conversation; typing costs one write per `SAVE_DELAY` at most."""

    def __init__(self, widget: Widget, save: Callable[[ConversationId | None, str], Awaitable[None]]) -> None:
        """Make a keeper with nothing to keep.

        Args:
            widget: Whose timers and workers are used.
            save: Writes a draft.
        """
        self._widget = widget
        self._save = save
        self._unsaved: dict[ConversationId | None, str] = {}
        self._timer: Timer | None = None
        self._delay = SAVE_DELAY

    def use(self, save: Callable[[ConversationId | None, str], Awaitable[None]]) -> None:
        """Keep drafts somewhere else from now on; what is not saved yet is forgotten."""
        self._unsaved.clear()
        self._save = save

    def keep(self, conversation_id: ConversationId | None, text: str) -> None:
        """Have `text` saved soon."""
        self._unsaved[conversation_id] = text
        if self._timer is None:
            self._timer = self._widget.set_timer(self._delay, self._due)

    async def try_flush(self) -> None:
        """Save now what can be saved; the rest stays in memory and is tried again."""
        try:
            await self.flush()
            self._delay = SAVE_DELAY
        except ConversationGone:
            self._unsaved.clear()
        except StoreUnavailable:
            self._delay = RETRY_DELAY
            if self._timer is None:
                self._timer = self._widget.set_timer(self._delay, self._due)

    async def flush(self) -> None:
        """Save now what is not saved yet."""
        while self._unsaved:
            conversation_id, text = next(iter(self._unsaved.items()))
            await self._save(conversation_id, text)
            if self._unsaved.get(conversation_id) == text:
                del self._unsaved[conversation_id]

    async def forget(self, conversation_id: ConversationId | None) -> None:
        """Remove the draft of a conversation: it was sent."""
        self._unsaved.pop(conversation_id, None)
        await self._save(conversation_id, "")

    def _due(self) -> None:
        self._timer = None
        self._widget.run_worker(
            self.try_flush(),
            name="save draft",
            group="drafts",
            description="Save unsent text",
            exit_on_error=True,
        )
