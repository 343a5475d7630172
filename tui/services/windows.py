"""Other windows on the same store: what they change is noticed within a second."""

import asyncio
import time
from typing import TYPE_CHECKING

from tui.domain.errors import TuiError
from tui.domain.events import ConversationsChanged

if TYPE_CHECKING:
    from tui.domain.conversation import ConversationId
    from tui.domain.store import ConversationStore
    from tui.services.events import EventBus

POLL_INTERVAL = 0.9
"""Seconds between two looks at the store: most of them ask the file system for one time, and no more."""

_SURE_EVERY = 12
"""Looks between two that do not rely on that time."""

_TICK = 50_000_000
"""Nanoseconds within which file systems may give two changes the same time."""

_RECOVER_EVERY = 6
"""Looks between two at whether a window that writes an answer has died."""


class WindowService:
    """Watches a store for changes by other processes and tells of them."""

    def __init__(self, store: "ConversationStore", bus: "EventBus") -> None:
        self._store = store
        self._bus = bus
        self._task: asyncio.Task[None] | None = None
        self.live_elsewhere: frozenset[ConversationId] = frozenset()
        """The conversations in which other windows are writing answers."""
        self.looks = 0
        """How often the store has been looked at."""

    def start(self) -> None:
        """Begin to watch."""
        self._task = asyncio.create_task(self._watch(), name="watch other windows")

    async def aclose(self) -> None:
        """Watch no longer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        version: int | None = None
        before: tuple[int, int] | None = None
        while True:
            stamp = self._store.stamp()
            # A window that died changes nothing any more.
            overdue = bool(self.live_elsewhere) and self.looks % _RECOVER_EVERY == 0
            if overdue or stamp != before or self.looks % _SURE_EVERY == 0:
                try:
                    seen = await self._store.data_version()
                    if overdue or (version is not None and seen != version):
                        await self.look()
                    version = seen
                except TuiError:
                    pass  # Whoever reads or writes next tells of it.
            # What has changed just now may change once more and look the same.
            before = stamp if time.time_ns() - stamp[0] > _TICK else None
            self.looks += 1
            await asyncio.sleep(POLL_INTERVAL)

    async def look(self) -> None:
        """Learn what other windows do now, and tell that something has changed."""
        if self.live_elsewhere:
            await self._store.recover()
        self.live_elsewhere = await self._store.live_elsewhere()
        self._bus.publish(ConversationsChanged(None))
