"""One answer while it is being written: what has arrived, and when."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tui.domain.conversation import ConversationId, Message, MessageStatus
from tui.domain.errors import AnswerInterrupted, TuiError
from tui.domain.events import GenerationUpdated
from tui.domain.generation import Delta, Phase, Stats
from tui.domain.ports import Clock
from tui.services.turns import Turn


class Throttle:
    """Calls a function soon, but never more often than once an interval; the last call is never lost."""

    def __init__(self, interval: float, call: Callable[[], None]) -> None:
        self._interval = interval
        self._call = call
        self._last = float("-inf")
        self._timer: asyncio.TimerHandle | None = None

    def request(self) -> None:
        """Ask for a call: now if the interval has passed, else at its end."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            wait = self._last + self._interval - loop.time()
            if wait <= 0:
                self._fire()
            else:
                self._timer = loop.call_later(wait, self._fire)

    def cancel(self) -> None:
        """Forget a call that was asked for."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        self._timer = None
        self._last = asyncio.get_running_loop().time()
        self._call()


@dataclass(slots=True)
class Run:
    """The state of one answer while it is being written."""

    answer: Message
    """As it was stored when the run began."""
    clock: Clock
    started_at: float
    """Monotonic seconds when the request went out."""
    phase: Phase = Phase.CONNECTING
    tokens: int = 0
    """Pieces of text received."""
    done: Delta | None = None
    """The line that said `done`."""
    turn: Turn | None = None
    """What was sent last."""
    _content: list[str] = field(default_factory=list)
    _thinking: list[str] = field(default_factory=list)
    _first_token_at: float | None = None
    _thinking_at: float | None = None
    _answering_at: float | None = None

    def __post_init__(self) -> None:
        """Begin with what is there already."""
        self._content.append(self.answer.content)
        self._thinking.append(self.answer.thinking)

    @property
    def conversation_id(self) -> ConversationId:
        """The conversation it belongs to."""
        return self.answer.conversation_id

    @property
    def content(self) -> str:
        """All of the answer so far."""
        return self._joined(self._content)

    @property
    def thinking(self) -> str:
        """All of the thinking so far."""
        return self._joined(self._thinking)

    def begun(self) -> bool:
        """Return whether any text has arrived."""
        return self.tokens > 0

    @staticmethod
    def _joined(parts: list[str]) -> str:
        if len(parts) > 1:
            parts[:] = ["".join(parts)]
        return parts[0]

    def take(self, delta: Delta) -> None:
        """Add what one line of the stream brought."""
        if delta.done:
            self.done = delta
        if not delta.content and not delta.thinking:
            return
        now = self.clock.monotonic()
        self.tokens += 1
        if self._first_token_at is None:
            self._first_token_at = now
        if delta.thinking:
            self._thinking.append(delta.thinking)
            self._thinking_at = self._thinking_at if self._thinking_at is not None else now
            self.phase = Phase.THINKING
        if delta.content:
            self._content.append(delta.content)
            self._answering_at = self._answering_at if self._answering_at is not None else now
            self.phase = Phase.ANSWERING

    def update(self) -> GenerationUpdated:
        """Return how far it is."""
        speed = None
        if self._first_token_at is not None and self.tokens > 1:
            elapsed = self.clock.monotonic() - self._first_token_at
            speed = (self.tokens - 1) / elapsed if elapsed > 0 else None
        return GenerationUpdated(
            conversation_id=self.conversation_id,
            message_id=self.answer.id,
            phase=self.phase,
            content=self.content,
            thinking=self.thinking,
            tokens=self.tokens,
            tokens_per_second=speed,
            started_at=self.started_at,
        )

    def ended(self, error: TuiError | None, *, stopped: bool) -> Message:
        """Return the answer as it is to be kept."""
        if stopped:
            status = MessageStatus.STOPPED
        elif error is None:
            status = MessageStatus.COMPLETE
        elif isinstance(error, AnswerInterrupted) or self.tokens:
            status = MessageStatus.INTERRUPTED
        else:
            status = MessageStatus.FAILED
        return replace(
            self.answer,
            content=self.content,
            thinking=self.thinking,
            status=status,
            stop_reason=self.done.stop_reason if self.done else "",
            stats=self._stats(),
            error=error.message if error else "",
            hint=error.hint if error else "",
            finished_at=self.clock.now(),
        )

    def _stats(self) -> Stats:
        stats = self.done.stats if self.done else Stats()
        now = self.clock.monotonic()
        first, thought = self._first_token_at, self._thinking_at
        until = self._answering_at if self._answering_at is not None else now
        return replace(
            stats,
            total_seconds=stats.total_seconds if stats.total_seconds is not None else now - self.started_at,
            first_token_seconds=None if first is None else first - self.started_at,
            thinking_seconds=None if thought is None else until - thought,
        )
