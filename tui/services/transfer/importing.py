"""Conversations into the store, each one whole or not at all."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui.domain.conversation import ConversationId
from tui.domain.errors import FileUnusable, TuiError
from tui.domain.events import ConversationsChanged
from tui.domain.ports import Clock
from tui.domain.store import TransferStore
from tui.domain.text import sanitize_line
from tui.domain.whole import Outcome, Taken, WholeConversation
from tui.services.events import EventBus
from tui.services.transfer.found import Failure, Step
from tui.services.transfer.sources import Reading, read_source
from tui.services.undo import UndoService

_TOLD_EVERY: Final = 0.1
"""Seconds between two reports of progress, at least."""
_MOST_FAILURES: Final = 1000
"""Failures that are kept with their reasons; more are only counted."""
_AT_ONCE: Final = 100
"""Conversations that are stored in one transaction, at most: each commit costs as much as several of them."""
_READ_FOR: Final = 0.2
"""Seconds of reading after which what was read is stored."""
_LARGE: Final = 4 << 20
"""Characters and bytes after which what was read is stored."""
_GIVEN_BACK_AT_ONCE: Final = 20


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
    """The conversations that are new in the store."""
    grown: tuple[ConversationId, ...]
    """Conversations that were there and got messages that they did not have."""
    skipped: int
    """Conversations that were there already."""
    failures: tuple[Failure, ...]
    """What could not be imported, and why."""
    failed: int
    """How many that are, including those whose reasons are not kept."""
    stopped: bool
    """It was stopped before the end."""

    @property
    def changed(self) -> bool:
        """Whether anything is different now."""
        return bool(self.imported or self.grown)

    def in_words(self) -> str:
        """Return the numbers as a sentence."""
        parts = [f"{_counted(len(self.imported))} imported"]
        if self.grown:
            parts.append(f"{len(self.grown):,} continued")
        if self.skipped:
            parts.append(f"{self.skipped:,} there already")
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        return ", ".join(parts) + (", then stopped." if self.stopped else ".")


class ImportRun:
    """One import, from its start to its summary."""

    def __init__(
        self,
        store: TransferStore,
        bus: EventBus,
        clock: Clock,
        on_progress: Callable[[ImportProgress], None],
        undo: UndoService | None,
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._on_progress = on_progress
        self._undo = undo
        # One thread: what is cancelled while it reads is closed after it, not beside it.
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="import")
        self._stop = threading.Event()
        self._taken: list[Taken] = []
        self._failures: list[Failure] = []
        self._skipped = 0
        self._failed = 0
        self._told_at = float("-inf")

    def stop(self) -> None:
        """End after the conversations that are being stored; what is imported stays."""
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
            if self._taken:
                self._bus.publish(ConversationsChanged())
                self._remember()
        return ImportSummary(
            imported=self._ids(Outcome.NEW),
            grown=self._ids(Outcome.GROWN),
            skipped=self._skipped,
            failures=tuple(self._failures),
            failed=self._failed,
            stopped=self._stop.is_set(),
        )

    def _ids(self, outcome: Outcome) -> tuple[ConversationId, ...]:
        return tuple(each.conversation_id for each in self._taken if each.outcome is outcome)

    def _remember(self) -> None:
        """Let what was imported be undone."""
        if self._undo is not None:
            taken = tuple(self._taken)
            self._undo.push(f"imported {_counted(len(taken))}", lambda: self._give_back(taken))

    async def _give_back(self, taken: Sequence[Taken]) -> None:
        try:
            for first in range(0, len(taken), _GIVEN_BACK_AT_ONCE):
                some = taken[first : first + _GIVEN_BACK_AT_ONCE]
                await self._store.give_back(some, self._clock.now())
        finally:
            self._bus.publish(ConversationsChanged())

    async def _source(self, path: Path) -> None:
        name = sanitize_line(path.name)
        steps = read_source(path, Reading(self._clock.now(), self._stop.is_set))
        loop = asyncio.get_running_loop()
        self._tell(name, None)
        storing: asyncio.Task[None] | None = None
        try:
            ended: FileUnusable | None = None
            while ended is None and not self._stop.is_set():
                some, ended = await loop.run_in_executor(self._reader, _some, steps)
                # While these are stored, the next ones are read.
                if storing is not None:
                    await storing
                if not some:
                    break
                storing = asyncio.create_task(self._store_all(some), name="store what was imported")
                self._tell(name, some[-1])
            if storing is not None:
                await storing
            if ended is not None and not self._stop.is_set():
                self._fail(Failure(name, ended.message))
        finally:
            await loop.run_in_executor(self._reader, steps.close)
            if storing is not None:
                with suppress(TuiError):
                    await storing

    async def _store_all(self, steps: Sequence[Step]) -> None:
        whole: list[WholeConversation] = []
        for step in steps:
            if isinstance(step.result, Failure):
                self._fail(step.result)
            else:
                whole.append(step.result)
        for found, taken in zip(whole, await self._store.take_in(whole), strict=True):
            if taken.outcome is Outcome.REFUSED:
                self._fail(Failure(f"“{sanitize_line(found.conversation.title, 60)}”", taken.reason))
            elif taken.outcome is Outcome.SAME:
                self._skipped += 1
            else:
                self._taken.append(taken)

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
        self._on_progress(ImportProgress(name, fraction, len(self._taken), self._skipped, self._failed))


class ImportService:
    """Takes in conversations that were exported here, or kept by other programs."""

    def __init__(
        self, store: TransferStore, bus: EventBus, clock: Clock, undo: UndoService | None = None
    ) -> None:
        """Make a service.

        Args:
            store: Where conversations go.
            bus: Told when they are there.
            clock: The time.
            undo: Told how to take an import back; None where nobody could.
        """
        self._store = store
        self._bus = bus
        self._clock = clock
        self._undo = undo

    def begin(self, on_progress: Callable[[ImportProgress], None] = lambda _: None) -> ImportRun:
        """Return an import that can be run once, and stopped while it runs."""
        return ImportRun(self._store, self._bus, self._clock, on_progress, self._undo)


def _some(steps: Iterator[Step]) -> tuple[list[Step], FileUnusable | None]:
    """Return the next steps, none at the end, and why there are no more if the file ends badly."""
    some: list[Step] = []
    size = 0
    until = time.monotonic() + _READ_FOR
    try:
        while len(some) < _AT_ONCE and size < _LARGE and time.monotonic() < until:
            step = next(steps, None)
            if step is None:
                break
            some.append(step)
            size += _size(step)
    except FileUnusable as error:
        return some, error
    except RecursionError:
        return some, FileUnusable("it is nested too deeply")
    return some, None


def _size(step: Step) -> int:
    if isinstance(step.result, Failure):
        return 0
    texts = sum(len(message.content) + len(message.thinking) for message in step.result.messages)
    return texts + sum(map(len, step.result.attachments.values()))


def _counted(number: int) -> str:
    return f"{number:,} conversation{'' if number == 1 else 's'}"
