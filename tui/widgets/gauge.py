"""How full the context window will be with the next request."""

from typing import Final

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui.domain.context import ContextPlan
from tui.widgets.context_words import explained, tokens

_CELLS: Final = 10
_ROOMY: Final = 86
"""Cells of the row from which on the gauge has its bar."""

_NEARLY: Final = 0.75
_FULL: Final = 0.95


class ContextGauge(Widget):
    """A bar and two figures; told what is planned. Hover says what is in it, a click opens it."""

    DEFAULT_CSS = """
    ContextGauge {
        display: none;
        width: auto;
        height: 1;
        padding: 0 0 0 2;
        color: $text-muted;
        &.-known { display: block; }
    }
    """

    plan: reactive[ContextPlan | None] = reactive(None, repaint=False)
    """What the next request holds; None while it is not known."""

    roomy: reactive[bool] = reactive(True)
    """There is room for the bar."""

    class Clicked(Message):
        """More is to be shown."""

    @property
    def text(self) -> str:
        """What it says."""
        return self._words().plain

    def render(self) -> Content:
        """Return the bar and the figures."""
        return self._words()

    def get_content_width(self, container: object, viewport: object) -> int:
        """Return how wide the words are."""
        return self._words().cell_length

    def watch_plan(self, before: ContextPlan | None, plan: ContextPlan | None) -> None:
        """Show the figures; the row is laid out again only where they are longer or shorter."""
        self.tooltip = None if plan is None else Content(explained(plan))
        self.set_class(plan is not None, "-known")
        wide = self._words_of(plan).cell_length
        self.refresh(layout=wide != self._words_of(before).cell_length)

    def watch_roomy(self) -> None:
        """Lay out again."""
        self.refresh(layout=True)

    def fit(self, width: int) -> None:
        """Take as much room as a row of this width has for it."""
        self.roomy = width >= _ROOMY

    def on_click(self, event: events.Click) -> None:
        """Ask for more."""
        event.stop()
        self.post_message(self.Clicked())

    def _words(self) -> Content:
        return self._words_of(self.plan)

    def _words_of(self, plan: ContextPlan | None) -> Content:
        if plan is None:
            return Content("")
        ink = _ink(plan)
        label = Content.styled("context ", "$text-muted")
        end = "too long" if not plan.fits else "full" if plan.trims else ""
        if not self.roomy:
            return label + Content.styled(end or f"≈{plan.used:.0%}", ink)
        figures = f" ≈{tokens(plan.estimate)}/{tokens(plan.window.tokens)} {end}".rstrip()
        return label + Content.styled(_bar(plan), ink) + Content.styled(figures, ink)


def _bar(plan: ContextPlan) -> str:
    """Return the request, the room that is kept for the answer, and what is free, in ten cells."""
    each = max(plan.window.tokens, 1) / _CELLS
    filled = min(_CELLS, max(int(plan.estimate > 0), round(plan.estimate / each)))
    kept = min(
        _CELLS - filled, round((plan.estimate + plan.parts.answer + plan.parts.margin) / each) - filled
    )
    return "█" * filled + "▒" * max(0, kept) + "░" * (_CELLS - filled - max(0, kept))


def _ink(plan: ContextPlan) -> str:
    if not plan.fits or plan.used > _FULL:
        return "$text-error"
    return "$text-warning" if plan.trims or plan.used > _NEARLY else "$text-muted"
