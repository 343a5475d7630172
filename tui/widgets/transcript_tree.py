"""What is done in the transcript that changes the tree of messages."""

from tui.domain.conversation import Message, MessageStatus, QueuedMessage, Role
from tui.widgets import transcript_events
from tui.widgets.transcript_files import TranscriptFiles


class TranscriptTree(TranscriptFiles):
    """Edit, branch off, delete and undo, with the message under the cursor or one that waits."""

    BINDINGS = TranscriptFiles.BINDINGS

    def _entry_under_cursor(self) -> Message | QueuedMessage | None:
        index = self._cursor_index()
        return self._items[index] if index is not None else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Switch off what does not apply to the message under the cursor."""
        if action not in ("edit", "branch_off", "delete", "pin"):
            return super().check_action(action, parameters)
        entry = self._entry_under_cursor()
        if entry is None:
            return None
        if isinstance(entry, QueuedMessage):
            return True if action in ("edit", "delete") else None
        if action == "edit":
            return True if entry.role is Role.USER else None
        return True if entry.status is not MessageStatus.STREAMING else None

    def action_edit(self) -> None:
        """Ask in other words, or change a message that waits."""
        entry = self._entry_under_cursor()
        if isinstance(entry, QueuedMessage):
            self.post_message(transcript_events.QueuedEditRequested(self, entry))
        elif entry is not None:
            self.post_message(transcript_events.EditRequested(self, entry))

    def action_branch_off(self) -> None:
        """Copy the conversation up to the message under the cursor."""
        if (message := self.message_under_cursor()) is not None:
            self.post_message(transcript_events.BranchRequested(self, message))

    def action_delete(self) -> None:
        """Delete the message under the cursor, or take back one that waits."""
        entry = self._entry_under_cursor()
        if isinstance(entry, QueuedMessage):
            self.post_message(transcript_events.QueuedDeleteRequested(self, entry))
        elif entry is not None:
            self.post_message(transcript_events.DeleteRequested(self, entry))

    def action_pin(self) -> None:
        """Keep the message under the cursor in what the model is told, or no longer."""
        if (message := self.message_under_cursor()) is not None:
            self.post_message(transcript_events.PinRequested(self, message))

    def action_undo(self) -> None:
        """Take back what was done last."""
        self.post_message(transcript_events.UndoRequested(self))
