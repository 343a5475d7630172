"""Conversations into the store, each one whole or not at all."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui.domain.conversation import ConversationId
from tui.domain.errors import BadRequest, FileUnusable
from tui.domain.events import ConversationsChanged
from tui.domain.ports import Clock, ConversationStore
from tui.domain.text import sanitize_line
from tui.services.events import EventBus
from tui.services.transfer.found import Failure, FoundConversation, Step
from tui.services.transfer.sources import Reading, read_source

_TOLD_EVERY: Final = 0.1
"""Seconds between two reports of progress, at least."""
_MOST_FAILURES: Final = 1000
"""Failures that are kept with their reasons; more are only counted."""


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is."""

    file: str
    """The name of the file that is being read."""
    fraction: float | None
    """How much of it has been read, from 0 to 1; None where that is not known."""
    imported: int
    skipped: int
    failed: int


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import did."""

    imported: tuple[ConversationId, ...]
    """The conversations that are new in the store; deleting them undoes the import."""
    skipped: int
    """Conversations that were there already."""
    failures: tuple[Failure, ...]
    """What could not be imported, and why."""
    failed: int
    """How many that are, including those whose reasons are not kept."""
    stopped: bool
    """It was stopped before the end."""

    def in_words(self) -> str:
        """Return the numbers as a sentence."""
        parts = [_counted(len(self.imported), "imported")]
        if self.skipped:
            parts.append(f"{self.skipped:,} there already")
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        return ", ".join(parts) + (", then stopped." if self.stopped else ".")


class ImportRun:
    """One import, from its start to its summary."""

    def __init__(
        self,
        store: ConversationStore,
        bus: EventBus,
        clock: Clock,
        on_progress: Callable[[ImportProgress], None],
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._on_progress = on_progress
        # One thread: what is cancelled while it reads is closed after it, not beside it.
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="import")
        self._stop = threading.Event()
        self._imported: list[ConversationId] = []
        self._failures: list[Failure] = []
        self._skipped = 0
        self._failed = 0
        self._told_at = float("-inf")

    def stop(self) -> None:
        """End after the conversation that is being stored; what is imported stays."""
        self._stop.set()

    async def run(self, paths: Sequence[Path]) -> ImportSummary:
        """Import everything in `paths`; return what came of it.

        Raises:
            StoreUnavailable: The store cannot be written; what was stored before stays.
        """
        try:
            for path in paths:
                if not self._stop.is_set():
                    await self._source(path)
        finally:
            self._reader.shutdown(wait=False)
            if self._imported:
                self._bus.publish(ConversationsChanged())
        return ImportSummary(
            imported=tuple(self._imported),
            skipped=self._skipped,
            failures=tuple(self._failures),
            failed=self._failed,
            stopped=self._stop.is_set(),
        )

    async def _source(self, path: Path) -> None:
        name = sanitize_line(path.name)
        steps = read_source(path, Reading(self._clock.now(), self._stop.is_set))
        reading = asyncio.get_running_loop()
        self._tell(name, None)
        try:
            while not self._stop.is_set():
                step = await reading.run_in_executor(self._reader, _next, steps)
                if step is None:
                    break
                await self._take(step)
                self._tell(name, step)
        except FileUnusable as error:
            if not self._stop.is_set():
                self._fail(Failure(name, error.message))
        finally:
            await reading.run_in_executor(self._reader, steps.close)

    async def _take(self, step: Step) -> None:
        found = step.result
        if isinstance(found, Failure):
            self._fail(found)
            return
        try:
            new = await self._store.import_conversation(
                found.conversation, found.messages, found.attachments, origin=found.origin
            )
        except BadRequest as error:
            self._fail(Failure(f"“{_title(found)}”", error.message))
            return
        if new:
            self._imported.append(found.conversation.id)
        else:
            self._skipped += 1

    def _fail(self, failure: Failure) -> None:
        self._failed += 1
        if len(self._failures) < _MOST_FAILURES:
            self._failures.append(failure)

    def _tell(self, name: str, step: Step | None) -> None:
        now = self._clock.monotonic()
        if step is not None and now - self._told_at < _TOLD_EVERY:
            return
        self._told_at = now
        fraction = min(1.0, step.done / step.total) if step is not None and step.total else None
        self._on_progress(ImportProgress(name, fraction, len(self._imported), self._skipped, self._failed))


class ImportService:
    """Takes in conversations that were exported here, or kept by other programs."""

    def __init__(self, store: ConversationStore, bus: EventBus, clock: Clock) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock

    def begin(self, on_progress: Callable[[ImportProgress], None] = lambda _: None) -> ImportRun:
        """Return an import that can be run once, and stopped while it runs."""
        return ImportRun(self._store, self._bus, self._clock, on_progress)

    async def undo(self, ids: Sequence[ConversationId]) -> None:
        """Delete what an import brought.

        Raises:
            StoreUnavailable: The store cannot be written.
        """
        for conversation_id in ids:
            await self._store.delete(conversation_id)
        self._bus.publish(ConversationsChanged())


def _next(steps: Iterator[Step]) -> Step | None:
    try:
        return next(steps, None)
    except RecursionError:
        raise FileUnusable("it is nested too deeply") from None


def _title(found: FoundConversation) -> str:
    return sanitize_line(found.conversation.title, 60)


def _counted(number: int, done: str) -> str:
    return f"{number:,} conversation{'' if number == 1 else 's'} {done}"
