"""What can be done in the transcript with keys."""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Final

from textual import events
from textual.binding import BindingType

from tui.commands.bindings import bindings_for
from tui.commands.registry import Scope
from tui.domain.conversation import Message, MessageId, MessageStatus, Role
from tui.domain.text import sanitize, sanitize_line
from tui.rendering.contract import Code, DocumentFactory
from tui.rendering.furniture import details
from tui.widgets import transcript_events
from tui.widgets.clipboard import copy_locally, local_tool
from tui.widgets.transcript_items import TranscriptItems
from tui.widgets.transcript_view import TranscriptView

_ENDED_EARLY = (MessageStatus.STOPPED, MessageStatus.INTERRUPTED)

CODE_STEP: Final = 4
"""Cells by which long lines of code move at once."""


class TranscriptActions(TranscriptView):
    """A cursor that goes from message to message, what is done with the one under it, copying."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.TRANSCRIPT)]

    def __init__(
        self, document: DocumentFactory, *, id: str | None = None, classes: str | None = None
    ) -> None:
        """Begin empty.

        Args:
            document: Makes the documents of Markdown texts.
            id: The widget's id.
            classes: The widget's classes.
        """
        super().__init__(document, id=id, classes=classes)
        self._choices: Sequence[Code] = ()

    def message_under_cursor(self) -> Message | None:
        """Return the message that commands are about: the one marked, otherwise the last one seen."""
        index = self._cursor_index()
        entry = self._items[index] if index is not None else None
        return entry if isinstance(entry, Message) else None

    def _cursor_index(self) -> int | None:
        index = self._items.index(self._cursor) if self._cursor is not None else None
        if index is None and self._is_ready:
            visible = self.visible_messages()
            index = self._items.index(visible[-1]) if visible else None
        return index

    def on_focus(self) -> None:
        """Show the cursor, on a message that is seen."""
        visible = self.visible_messages()
        if visible and self._cursor not in visible:
            self._cursor = visible[-1]
        self.refresh()

    def action_move_cursor(self, step: int) -> None:
        """Go to the message above or below."""
        visible = self.visible_messages()
        if not visible:
            return
        if self._cursor not in visible:
            # The reader has scrolled on: the cursor comes along.
            index = self._items.index(visible[-1] if step < 0 else visible[0])
        else:
            index = self._items.index(self._cursor) if self._cursor is not None else None
            index = None if index is None else index + step
        if index is None or not 0 <= index < len(self._items):
            if step > 0:
                self.follow()
            return
        self.go_to(self._items[index].id)

    def go_to(self, message_id: MessageId) -> None:
        """Put the cursor on a message and bring it into view."""
        index = self._items.index(message_id)
        if index is None:
            return
        self._cursor = message_id
        if self._is_ready:
            self._items.measure(index)
            start, height = self._items.heights.prefix(index), self._items.heights[index] - 1
            if start < self._top or height > self._view.height:
                self._jump(start, start)
            elif start + height > self._top + self._view.height:
                self._jump(start + height - self._view.height, start + height)
        self.refresh()

    def _jump(self, row: int, anchor: int) -> None:
        self._anchor = None
        self._place(row, anchor)
        self.following = self._top >= self.max_scroll_y
        self.prepare_ahead()

    def action_first_message(self) -> None:
        """Go to the first message."""
        if len(self._items):
            self.go_to(self._items[0].id)

    def action_last_message(self) -> None:
        """Go to the last message and follow what is being written."""
        if len(self._items):
            self._cursor = self._items[len(self._items) - 1].id
            self.follow()
            self.refresh()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Switch off what does not apply to the message under the cursor."""
        if action in ("move_cursor", "first_message", "last_message", "find"):
            return True if len(self._items) else None
        applies = _APPLIES.get(action)
        if applies is None:
            return super().check_action(action, parameters)
        index = self._cursor_index()
        return True if index is not None and applies(self._items, index) else None

    def action_toggle_fold(self) -> None:
        """Show or hide the thinking of the message under the cursor."""
        if (index := self._cursor_index()) is not None:
            self.unfold(index, not self._items.is_unfolded(self._items[index]))

    def action_toggle_details(self) -> None:
        """Show or hide the figures of the message under the cursor that are told on request."""
        if (index := self._cursor_index()) is not None:
            self.toggle_details(index)

    def toggle_details(self, index: int) -> None:
        """Show or hide the figures of a message that are told on request."""
        with self._reading_held():
            self._items.toggle_details(index)
            self._items.measure(index)
        self.refresh()

    def action_scroll_code_by(self, step: int) -> None:
        """Scroll the long lines of code."""
        self.scroll_code(step * CODE_STEP)

    def unfold(self, index: int, unfolded: bool) -> None:
        """Show or hide the thinking of a message; its header stays where it is."""
        header = self._items.heights.prefix(index)
        self.following = False
        with self._reading_held():
            self._items.unfold(index, unfolded)
            self._items.measure(index)
        if header < self._top:
            self._place(header, header)
        self.following = self._top >= self.max_scroll_y
        self.refresh()

    def action_copy_message(self) -> None:
        """Copy what is selected, otherwise the Markdown of the message under the cursor."""
        if self.text_selection is not None and (found := self.get_selection(self.text_selection)):
            self.copy(found[0], _lines(found[0]))
        elif (message := self.message_under_cursor()) is not None:
            text = sanitize(message.content)
            self.copy(text, f"the message, {_lines(text)}")

    def action_copy_code(self) -> None:
        """Copy the code under the cursor, or ask which of several blocks."""
        index = self._cursor_index()
        blocks = self._items.item(index).code_blocks if index is not None else ()
        if len(blocks) == 1:
            self._copy_block(blocks[0])
        elif blocks:
            choices = [f"{number} {_name(block)}" for number, block in enumerate(blocks[:9], 1)]
            self._choices = blocks[:9]
            self._set_question("Copy which?  " + "   ".join(choices))

    def _copy_block(self, block: Code) -> None:
        name = f" of {sanitize_line(block.language, 20)}" if block.language else " of code"
        self.copy(block.code, _lines(block.code) + name)

    def on_key(self, event: events.Key) -> None:
        """Take the answer to which block of code is to be copied."""
        if not self._choices:
            return
        choices, self._choices = self._choices, ()
        self._set_question("")
        if event.character and event.character in "123456789"[: len(choices)]:
            self._copy_block(choices[int(event.character) - 1])
            event.stop()
            event.prevent_default()
        elif event.key == "escape":
            event.stop()
            event.prevent_default()

    def copy(self, text: str, what: str) -> None:
        """Put a text on the clipboards there are, and say so.

        Args:
            text: The text.
            what: What it is, for people.
        """
        self.app.copy_to_clipboard(text)
        if (command := local_tool()) is not None:
            self.run_worker(
                copy_locally(text, command),
                name="copy to the local clipboard",
                group="clipboard",
                description="Gives the copied text to the clipboard of this machine.",
                exit_on_error=False,
            )
        self.notify(f"Copied {what}", timeout=2, markup=False)
        self.post_message(transcript_events.Copied(self, text, what))

    def action_retry(self) -> None:
        """Ask for the answer under the cursor again."""
        if (message := self.message_under_cursor()) is not None:
            self.post_message(transcript_events.RetryRequested(self, message))

    def action_continue_answer(self) -> None:
        """Let the answer under the cursor go on."""
        if (message := self.message_under_cursor()) is not None:
            self.post_message(transcript_events.ContinueRequested(self, message))

    def action_step_branch(self, step: int) -> None:
        """Show another branch of the message under the cursor."""
        if (message := self.message_under_cursor()) is not None:
            self.post_message(transcript_events.BranchStepped(self, message, step))

    def action_find(self) -> None:
        """Ask for the find bar."""
        self.post_message(transcript_events.FindRequested(self))

    def action_toggle_code_wrap(self) -> None:
        """Wrap the long lines of code, or cut them at the edge."""
        self.wrap_code = not self.wrap_code


def _lines(text: str) -> str:
    count = len(text.splitlines())
    return f"{count:,} line{'' if count == 1 else 's'}"


def _name(block: Code) -> str:
    first = next((line.strip() for line in block.code.splitlines() if line.strip()), "")
    return f"{sanitize_line(block.language, 12) or 'code'} “{sanitize_line(first, 16)}”"


def _can_go_on(message: Message) -> bool:
    cut = message.status is MessageStatus.COMPLETE and message.stop_reason == "length"
    return bool(message.content) and (cut or message.status in _ENDED_EARLY)


def _is(test: Callable[[Message], bool]) -> Callable[[TranscriptItems, int], bool]:
    def applies(items: TranscriptItems, index: int) -> bool:
        entry = items[index]
        return isinstance(entry, Message) and test(entry)

    return applies


_APPLIES: Final[Mapping[str, Callable[[TranscriptItems, int], bool]]] = {
    "toggle_fold": _is(lambda it: bool(it.thinking)),
    "copy_message": _is(lambda it: bool(it.content)),
    "copy_code": lambda items, index: bool(items.item(index).code_blocks),
    "toggle_details": _is(lambda it: bool(details(it.stats))),
    "retry": _is(lambda it: it.role is Role.ASSISTANT and it.status is not MessageStatus.STREAMING),
    "continue_answer": _is(_can_go_on),
    "step_branch": lambda items, index: items.branches.get(items[index].id, (1, 1))[1] > 1,
}
"""To which messages an action applies."""
