"""What can be done in the transcript with the mouse."""

from collections.abc import Mapping

from textual import events
from textual.geometry import Offset
from textual.selection import Selection

from tui.domain.conversation import Message, QueuedMessage
from tui.widgets import transcript_events
from tui.widgets.transcript_actions import CODE_STEP, TranscriptActions
from tui.widgets.transcript_selection import selected_text, whole_message, word_at


class TranscriptMouse(TranscriptActions):
    """Clicks on what can be clicked, selecting text, moving long lines of code."""

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        """Move long lines of code to the left."""
        self.scroll_code(CODE_STEP)
        event.stop()

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        """Move long lines of code to the right."""
        self.scroll_code(-CODE_STEP)
        event.stop()

    def on_click(self, event: events.Click) -> None:
        """Do what was clicked at; twice selects the word there, three times the message."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        # Otherwise two clicks select everything there is.
        event.prevent_default()
        meta = event.style.meta
        if meta.get("act") == "follow":
            self.follow()
            return
        row = self._top + offset.y
        if not self._is_ready or row >= self._items.heights.total:
            return
        index = self._items.heights.find(row)[0]
        self._cursor = self._items[index].id
        self.refresh()
        if event.chain > 1:
            self._select_around(index, offset.y, event)
        else:
            self._clicked(index, meta or self._picture_at(index, row))

    def _clicked(self, index: int, meta: Mapping[str, object]) -> None:
        message = self._items[index]
        act, href, code = meta.get("act"), meta.get("href"), meta.get("copy_code")
        if isinstance(href, str):
            self.post_message(transcript_events.LinkClicked(self, href))
        elif isinstance(code, int):
            blocks = self._items.item(index).code_blocks
            if 0 <= code < len(blocks):
                self._copy_block(blocks[code])
        elif act == "fold":
            self.action_toggle_fold()
        elif act == "details":
            self.toggle_details(index)
        elif act == "edit" and isinstance(message, QueuedMessage):
            self.post_message(transcript_events.QueuedEditRequested(self, message))
        elif act == "delete" and isinstance(message, QueuedMessage):
            self.post_message(transcript_events.QueuedDeleteRequested(self, message))
        elif isinstance(message, Message):
            self._asked_of(message, meta)

    def _asked_of(self, message: Message, meta: Mapping[str, object]) -> None:
        match meta.get("act"):
            case "summary":
                self.post_message(transcript_events.SummaryRequested(self))
            case "retry":
                self.post_message(transcript_events.RetryRequested(self, message))
            case "continue":
                self.post_message(transcript_events.ContinueRequested(self, message))
            case "branch" if isinstance(step := meta.get("step"), int):
                self.post_message(transcript_events.BranchStepped(self, message, step))

    def _picture_at(self, index: int, row: int) -> Mapping[str, object]:
        """Return what a click on the cells of a picture does."""
        for above, picture in self._items.item(index).pictures():
            start = self._items.heights.prefix(index) + above
            if start < row < start + picture.height(self._items.item(index).inner_width):
                return {"act": "open_image", "picture": picture.number}
        return {}

    def _select_around(self, index: int, y: int, event: events.Click) -> None:
        _, offset = self.screen.get_widget_and_offset_at(event.screen_x, event.screen_y)
        if event.chain > 2:
            first, last = whole_message(self._items.number(index))
            start, end = Offset(0, first), Offset(self._view.width, last)
        elif offset is not None:
            begin, stop = word_at(self.render_line(y).text, offset.x)
            start, end = Offset(begin, offset[1]), Offset(stop, offset[1])
        else:
            return
        self.screen.selections = {self: Selection(start, end)}

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the text under a selection, and what follows it."""
        with self._reading_held():
            text = selected_text(self._items, selection, self.palette)
        return (text, "\n") if text else None

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw the selection; while there is one the text stays where it is."""
        if selection is not None:
            self.following = False
        self.refresh()
