"""Keeps the gauge and the cut line true: plans the next request a moment after anything changed."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.widget import Widget

from tui.domain.context import ContextPlan
from tui.domain.conversation import ConversationId, Message
from tui.domain.errors import TuiError
from tui.domain.told_marks import NOTHING_MARKED
from tui.screens.work import Work, begin_work
from tui.widgets.context_words import marks_of
from tui.widgets.conversation_pane import ConversationPane
from tui.widgets.gauge import ContextGauge

if TYPE_CHECKING:
    from textual.timer import Timer

    from tui.screens.session import ChatSession

PLAN_DELAY = 0.2
"""Seconds between a change and the plan that takes it into account: many keys make one plan."""


class ContextKeeper:
    """Asks for plans, and shows them. A key costs it one comparison."""

    def __init__(
        self,
        widget: Widget,
        session: "ChatSession",
        pane: ConversationPane,
        through: Callable[[Work], Work],
    ) -> None:
        """Make a keeper that has nothing to show.

        Args:
            widget: Whose timers and workers are used.
            session: Knows the open conversation.
            pane: Told what is planned.
            through: Awaits work that may outlive the widgets.
        """
        self._widget = widget
        self._session = session
        self._pane = pane
        self._through = through
        self._timer: Timer | None = None
        self._stale = True
        """More than the draft has changed: the cut line may be elsewhere."""
        self.shown_plan: ContextPlan | None = None
        """The plan that the cut line shows; None where nothing is known."""

    @property
    def gauge(self) -> ContextGauge:
        """The gauge."""
        return self._pane.status.query_one(ContextGauge)

    @property
    def plan(self) -> ContextPlan | None:
        """The next request with what is written now, as last planned."""
        return self.gauge.plan

    def typed(self) -> None:
        """Plan again soon: the draft has changed."""
        if self._timer is None:
            self._timer = self._widget.set_timer(PLAN_DELAY, self._due)

    def changed(self) -> None:
        """Plan again soon, and show where what is sent begins: anything may have changed."""
        self._stale = True
        self.typed()

    def sent(self, conversation_id: ConversationId, plan: ContextPlan) -> None:
        """Show what a request held that went out."""
        if conversation_id == self._pane.conversation_id:
            self._show_marks(plan)

    def _due(self) -> None:
        self._timer = None
        begin_work(self._widget, self._planned(), "context", exclusive=True, through=self._through)

    async def _planned(self) -> None:
        session = self._session
        shown = self._pane.conversation_id
        conversation = session.asking.conversation()
        if not conversation.model:
            self.gauge.plan = None
            return
        draft, files = self._pane.prompt.text, session.files.attachments
        target = session.editing.target
        edited = target if isinstance(target, Message) else None
        context = session.services.context
        stale, self._stale = self._stale, False
        try:
            plan = await context.plan(conversation, draft=draft, attachments=files, instead_of=edited)
            without = await context.plan(conversation) if stale and (draft or files) else plan
        except TuiError:
            return  # What is shown stays; sending tells why.
        if shown != self._pane.conversation_id:
            self.changed()
            return
        self.gauge.plan = plan
        if stale and not self._is_writing():
            self._show_marks(without)

    def _is_writing(self) -> bool:
        return self._pane.conversation_id in self._session.services.generation.live

    def _show_marks(self, plan: ContextPlan) -> None:
        self.shown_plan = plan
        last = self._pane.messages[-1].id if self._pane.messages else None
        marks = marks_of(plan, last) if last is not None else NOTHING_MARKED
        self._pane.transcript.set_marks(marks)
