"""The side panel: saved conversations, and a filter over them."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import ClassVar, Self

from textual import events, getters, on
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Input

from tui.commands.bindings import bindings_for
from tui.commands.command import Scope
from tui.domain.conversation import Conversation, ConversationId
from tui.widgets.conversation_editing import ConversationEditing, RowEditor
from tui.widgets.conversation_rows import ConversationRows
from tui.widgets.filter_input import FilterInput

NO_CONVERSATIONS = "Nothing here yet. Just ask."
"""What the panel says before the first conversation."""

NO_MATCHES = "Nothing matches. Esc clears."
"""What the panel says when the filter leaves nothing."""


class ConversationList(ConversationEditing):
    """Saved conversations under date headings; told what there is, it says what was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.SIDEBAR)]

    DEFAULT_CSS = """
    ConversationList {
        width: 32;
        background: $surface;
        layers: default editor;
        #filter {
            border: none;
            height: 1;
            margin: 0 0 1 0;
            padding: 0 1;
            background: $surface;
            &:focus { background: $panel; border: none; }
        }
    }
    """

    current: reactive[ConversationId | None] = reactive(None)
    """The open conversation; None when it is not saved yet."""

    filter = getters.query_one("#filter", Input)

    class Opened(Message):
        """A conversation is to be opened."""

        def __init__(self, conversation_list: "ConversationList", conversation_id: ConversationId) -> None:
            super().__init__()
            self.conversation_list = conversation_list
            self.conversation_id = conversation_id

        @property
        def control(self) -> "ConversationList":
            """The list that posted it."""
            return self.conversation_list

    class FilterChanged(Message):
        """Other words are searched for; `set_conversations` should follow."""

        def __init__(self, conversation_list: "ConversationList", query: str) -> None:
            super().__init__()
            self.conversation_list = conversation_list
            self.query = query
            """Empty for all conversations."""

        @property
        def control(self) -> "ConversationList":
            """The list that posted it."""
            return self.conversation_list

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        """Make an empty panel."""
        super().__init__(id=id, classes=classes)
        self._outdated = False
        """The rows are still those of another filter."""
        self._open_first = False
        """Enter was pressed before the rows of the filter arrived."""

    def compose(self) -> ComposeResult:
        """Compose the filter and the rows."""
        yield FilterInput(placeholder="/ search conversations", select_on_focus=False, id="filter")
        yield ConversationRows()
        yield RowEditor(select_on_focus=False)

    def on_mount(self) -> None:
        """Begin empty."""
        self.rows.empty_text = NO_CONVERSATIONS

    def focus(self, scroll_visible: bool = True) -> Self:
        """Put the focus on the rows."""
        self.rows.focus(scroll_visible)
        return self

    @property
    def query_text(self) -> str:
        """What is searched for; empty for all conversations."""
        return self.filter.value.strip()

    def set_conversations(
        self,
        rows: Sequence[Conversation],
        now: float,
        *,
        groups: Sequence[tuple[str, int]] | None = None,
        offset: int = 0,
    ) -> None:
        """Show `rows`, which have the pinned first, then the last updated first.

        Args:
            rows: What the store found for `query_text`.
            now: Seconds since the epoch; decides what is Today.
            groups: The headings and how many conversations are under each, where `rows` are not all.
            offset: How many conversations are before `rows`.
        """
        self.rows.empty_text = NO_MATCHES if self.query_text else NO_CONVERSATIONS
        self.rows.show(rows, now, groups=groups, offset=offset)
        if not self.rows.cursor_shown:
            self.rows.watch_current(self.current)
        self._outdated = False
        if self._open_first:
            self._open_first = False
            self.rows.cursor = 0
            self.action_open()

    def set_live(self, ids: AbstractSet[ConversationId]) -> None:
        """Say in which conversations an answer is being written."""
        self.rows.set_live(ids)

    def neighbour(self, step: int) -> ConversationId | None:
        """Return the conversation `step` rows below the open one, or None where the list ends.

        Without an open one in the list, it is the first (or the last) one.
        """
        conversations = self.rows.conversations
        index = self.rows.index_of(self.current)
        if not conversations:
            return None
        wanted = (0 if step > 0 else len(conversations) - 1) if index is None else index + step
        if not 0 <= wanted < len(conversations):
            return None
        # Empty where it has not been read yet.
        return conversations[wanted].id or None

    def watch_current(self, current: ConversationId | None) -> None:
        """Mark the open conversation."""
        self.rows.current = current

    def action_open(self) -> None:
        """Open the conversation under the cursor."""
        conversation = self.rows.under_cursor
        if conversation is not None:
            self.post_message(self.Opened(self, conversation.id))

    def action_move_cursor(self, step: int) -> None:
        """Move the cursor by `step` conversations."""
        self.rows.cursor += step

    def action_page_cursor(self, step: int) -> None:
        """Move the cursor by `step` pages."""
        self.rows.cursor += step * max(1, self.rows.size.height - 2)

    def action_first(self) -> None:
        """Move the cursor to the first conversation."""
        self.rows.cursor = 0

    def action_last(self) -> None:
        """Move the cursor to the last conversation."""
        self.rows.cursor = len(self.rows.conversations) - 1

    def action_focus_filter(self) -> None:
        """Go to the filter."""
        self.filter.focus()

    def action_clear_filter(self) -> None:
        """Empty the filter and return to the rows; without a filter the key is the screen's."""
        if not self.filter.value and not self.filter.has_focus:
            raise SkipAction
        self.filter.value = ""
        self.rows.focus()

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.rows.cursor = 0
        self._outdated = True
        self.post_message(self.FilterChanged(self, self.query_text))

    @on(Input.Submitted, "#filter")
    def _filter_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._outdated:
            self._open_first = True
        else:
            self.action_open()

    @on(ConversationRows.Chosen)
    def _row_chosen(self, event: ConversationRows.Chosen) -> None:
        event.stop()
        if (conversation := self.rows.under_cursor) is not None:
            self.post_message(self.Opened(self, conversation.id))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Show the cursor."""
        self.rows.cursor_shown = True

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Hide the cursor."""
        self.rows.cursor_shown = False
