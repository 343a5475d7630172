"""The row above the input: what the model is doing, in words, then the figures of the last answer."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Final

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from tui.domain.conversation import Message, MessageStatus
from tui.domain.events import GenerationUpdated
from tui.domain.generation import Phase, Stats
from tui.domain.text import sanitize_line
from tui.rendering.furniture import token_words
from tui.widgets.gauge import ContextGauge

if TYPE_CHECKING:
    from textual.timer import Timer


@dataclass(frozen=True, slots=True)
class Running:
    """How far a running answer is."""

    phase: Phase
    started_at: float
    """Monotonic seconds when the request went out."""
    tokens: int = 0
    tokens_per_second: float | None = None


_LEGIBLE: Final = 0.25
"""Seconds for which figures stand: nobody reads faster, and each change costs a tenth of a growing answer."""

_ENDS: Final = {
    MessageStatus.STOPPED: "stopped",
    MessageStatus.FAILED: "failed",
    MessageStatus.INTERRUPTED: "interrupted",
}


class StatusBar(Horizontal):
    """One quiet row. It ticks once a second, and only while an answer is being written."""

    DEFAULT_CSS = """
    StatusBar {
        height: 1;
        padding: 0 2;
        color: $text-muted;
        Static { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        #state { width: 1fr; }
        #stop-hint { width: auto; }
    }
    """

    running: reactive[Running | None] = reactive(None, repaint=False)
    """The answer being written in the open conversation; None while there is none."""

    last: reactive[Message | None] = reactive(None, repaint=False)
    """The last answer of the open conversation."""

    queued: reactive[int] = reactive(0, repaint=False)
    """How many messages wait in the open conversation."""

    notice: reactive[str] = reactive("", repaint=False)
    """Something to say while nothing is running, for example that messages wait for a server."""

    offer: reactive[str] = reactive("")
    """What can be done next in this conversation, while there is nothing more urgent to say."""

    def __init__(
        self, *, clock: Callable[[], float] = monotonic, id: str | None = None, classes: str | None = None
    ) -> None:
        """Make an empty bar.

        Args:
            clock: Monotonic seconds, the ones that `Running.started_at` is in.
            id: The widget's id.
            classes: The widget's classes.
        """
        super().__init__(id=id, classes=classes)
        self._clock = clock
        self._timer: Timer | None = None
        self._shown_at = float("-inf")

    def compose(self) -> ComposeResult:
        """Compose the words and the hint."""
        yield Static("", id="state", markup=False)
        yield Static("", id="stop-hint", markup=False)
        yield ContextGauge(id="gauge")

    def on_resize(self, event: events.Resize) -> None:
        """Give the gauge the room that there is."""
        self.query_one(ContextGauge).fit(event.size.width)

    def on_mount(self) -> None:
        """Prepare the tick, standing still."""
        self._timer = self.set_interval(1.0, self._show, pause=self.running is None)

    def update_running(self, event: GenerationUpdated) -> None:
        """Show how far an answer is."""
        self.running = Running(event.phase, event.started_at, event.tokens, event.tokens_per_second)

    def finish(self, answer: Message | None) -> None:
        """Show the figures of the last answer; None when there is none."""
        self.running = None
        self.last = answer

    @property
    def state_text(self) -> str:
        """What the bar says."""
        return self._state().plain

    def watch_running(self, old: Running | None, new: Running | None) -> None:
        """Show the state; start or stop the tick."""
        if self._timer is not None and (old is None) != (new is None):
            if new is None:
                self._timer.pause()
            else:
                self._timer.reset()
                self._timer.resume()
        same = old is not None and new is not None and old.phase is new.phase
        if not same or self._clock() - self._shown_at >= _LEGIBLE:
            self._show()

    def watch_last(self) -> None:
        """Show the figures."""
        self._show()

    def watch_queued(self) -> None:
        """Show how many wait."""
        self._show()

    def watch_notice(self) -> None:
        """Show the notice."""
        self._show()

    def watch_offer(self) -> None:
        """Show the offer."""
        self._show()

    def _show(self) -> None:
        self._shown_at = self._clock()
        if self.is_mounted:
            # Twenty times a second: typing would wait for a layout of the whole screen each time.
            self.query_one("#state", Static).update(self._state(), layout=False)
            hint, words = self.query_one("#stop-hint", Static), "Esc stops" if self.running else ""
            if hint.content != words:
                hint.update(words)

    def _state(self) -> Content:
        words = self._running_words(self.running) if self.running else self._idle_words()
        if self.queued:
            words += [Content(f"{self.queued} queued")]
        return Content(" · ").join(words)

    def _running_words(self, running: Running) -> list[Content]:
        style = "$text-success" if running.phase is Phase.ANSWERING else "$text-primary"
        words = [
            Content.styled(running.phase.value, style),
            Content(duration(self._clock() - running.started_at, whole=True)),
        ]
        if running.tokens_per_second is not None:
            words.append(Content(f"{running.tokens_per_second:.0f} tok/s"))
        if running.tokens:
            words.append(Content(token_words(running.tokens)))
        return words

    def _idle_words(self) -> list[Content]:
        if self.notice:
            return [Content(sanitize_line(self.notice))]
        if self.offer:
            return [Content.styled(sanitize_line(self.offer), "$text-accent")]
        if self.last is None:
            return []
        end = _ENDS.get(self.last.status)
        words = [Content.styled(end, "$text-warning")] if end else []
        return words + [Content(each) for each in figures(self.last.stats)]


def figures(stats: Stats) -> list[str]:
    """Return the figures of an answer, as far as they are known."""
    found: list[str] = []
    if stats.tokens_per_second is not None:
        found.append(f"{stats.tokens_per_second:.0f} tok/s")
    if stats.answer_tokens is not None:
        found.append(token_words(stats.answer_tokens))
    if stats.total_seconds is not None:
        found.append(duration(stats.total_seconds))
    return found


def duration(seconds: float, *, whole: bool = False) -> str:
    """Return a duration as people write it: `2.1 s`, `48 s`, `3 min 05 s`."""
    seconds = max(0.0, seconds)
    if seconds < 10 and not whole:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{int(seconds)} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02} s"
