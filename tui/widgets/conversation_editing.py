"""The part of the side panel that changes conversations: rename and tag in place, pin, copy, delete."""

from dataclasses import dataclass
from typing import Literal

from textual import events, getters, on
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from tui.domain.conversation import Conversation, ConversationId
from tui.domain.text import sanitize_line
from tui.widgets.conversation_rows import ConversationRows
from tui.widgets.filter_input import FilterInput

What = Literal["title", "tags"]
"""What is edited in a row."""


class RowEditor(FilterInput):
    """An input over a row; Enter accepts, Esc and leaving give up."""

    DEFAULT_CSS = """
    RowEditor {
        layer: editor;
        position: absolute;
        display: none;
        border: none;
        height: 1;
        margin: 0;
        padding: 0 1;
        background: $panel;
        &:focus { border: none; background: $panel; }
    }
    """

    @dataclass
    class Done(Message):
        """Editing ended."""

        text: str | None
        """What was accepted; None for nothing."""

    def on_input_changed(self, event: Input.Changed) -> None:
        """Keep to itself what is typed."""
        event.stop()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Accept."""
        event.stop()
        self._end(event.value)

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            event.prevent_default()
            self._end(None)
            return
        await super()._on_key(event)

    def on_blur(self) -> None:
        """Give up."""
        self._end(None)

    def _end(self, text: str | None) -> None:
        if self.display:
            self.display = False
            self.post_message(self.Done(text))


class ConversationEditing(Vertical):
    """Tells what is to be changed about the conversation under the cursor, or the open one."""

    rows = getters.query_one(ConversationRows)
    editor = getters.query_one(RowEditor)

    _edited: tuple[What, ConversationId] | None = None

    @dataclass
    class Edited(Message):
        """Another title or other tags were written."""

        conversation_id: ConversationId
        what: What
        text: str

    @dataclass
    class PinToggled(Message):
        """A conversation is to be pinned, or no longer."""

        conversation: Conversation

    @dataclass
    class DuplicateRequested(Message):
        """A conversation is to be copied."""

        conversation: Conversation

    @dataclass
    class DeleteRequested(Message):
        """A conversation is to be moved to the trash."""

        conversation: Conversation

    @dataclass
    class UndoRequested(Message):
        """What was done last is to be taken back."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Switch off what needs a conversation where there is none."""
        if action in ("pin", "tag", "duplicate", "delete"):
            return True if self.rows.under_cursor is not None else None
        return super().check_action(action, parameters)

    def edit(self, what: What, index: int) -> None:
        """Edit the title or the tags of a conversation in its row."""
        conversation = self.rows.conversations[index]
        if not conversation.id:
            return
        self.rows.cursor = index
        self._edited = (what, conversation.id)
        editor = self.editor
        value = conversation.title if what == "title" else ", ".join(conversation.tags)
        editor.value = sanitize_line(value)
        editor.placeholder = "title" if what == "title" else "tags, with spaces between"
        editor.cursor_position = len(editor.value)
        top = self.rows.region.y - self.region.y + self.rows.row_of(index) - self.rows.scroll_offset.y
        editor.styles.offset = (1, top)
        editor.styles.width = max(8, self.size.width - 2)
        editor.display = True
        editor.focus()

    def action_pin(self) -> None:
        """Keep the conversation at the top, or no longer."""
        if (conversation := self.rows.under_cursor) is not None:
            self.post_message(self.PinToggled(conversation))

    def action_tag(self) -> None:
        """Edit the tags in the row."""
        self.edit("tags", self.rows.cursor)

    def action_duplicate(self) -> None:
        """Copy the conversation."""
        if (conversation := self.rows.under_cursor) is not None:
            self.post_message(self.DuplicateRequested(conversation))

    def action_delete(self) -> None:
        """Move the conversation to the trash."""
        if (conversation := self.rows.under_cursor) is not None:
            self.post_message(self.DeleteRequested(conversation))

    def action_undo(self) -> None:
        """Take back what was done last."""
        self.post_message(self.UndoRequested())

    @on(RowEditor.Done)
    def _row_edited(self, event: RowEditor.Done) -> None:
        event.stop()
        edited, self._edited = self._edited, None
        if self.editor.has_focus or event.text is not None:
            self.rows.focus()
        if edited is None or event.text is None:
            return
        what, conversation_id = edited
        if event.text.strip() or what == "tags":
            self.post_message(self.Edited(conversation_id, what, event.text))
