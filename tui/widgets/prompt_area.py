"""The editing part of the prompt."""

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.document._document import EditResult, Location
from textual.document._edit import Edit
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widgets import TextArea

from tui.domain.text import sanitize
from tui.widgets.pasted import PastedTexts, is_large
from tui.widgets.terminal_keys import MODIFY_OTHER_KEYS_SHIFT_ENTER

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.widgets.text_area import TextAreaTheme


class PromptArea(TextArea, inherit_bindings=False):
    """A text area that says when the cursor leaves it, and keeps large pastes behind labels."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # The page keys are the screen's: they scroll the transcript from anywhere.
        binding
        for binding in TextArea.BINDINGS
        if isinstance(binding, Binding) and binding.key not in ("pageup", "pagedown")
    ]

    class Left(Message):
        """The cursor was moved beyond the first or the last line."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step
            """-1 above the first line, 1 below the last."""

    class ClipboardWanted(Message):
        """What is on the clipboard is wanted: a picture, or else `PromptArea.paste_copied`."""

    class Pasted(Message):
        """Something was pasted."""

        def __init__(self, text: str, shown: str, start: Location, end: Location) -> None:
            super().__init__()
            self.text = text
            """As it came."""
            self.shown = shown
            """As it stands in the area."""
            self.start = start
            self.end = end

    asks_clipboard = False
    """There may be a picture on the clipboard: pasting asks for it first."""

    class BackspacedAtStart(Message):
        """Backspace was pressed where there is nothing to delete: the area is empty."""

    class UndoRequested(Message):
        """Undo was pressed where nothing was typed that could be undone."""

    def __init__(self, *, placeholder: str = "", id: str | None = None) -> None:
        """Make an empty text area with `placeholder` in it."""
        self._styled: TextAreaTheme | None = None
        """The theme that holds the colours of the style sheet as it is now."""
        super().__init__(
            id=id, compact=True, highlight_cursor_line=False, placeholder=placeholder, tab_behavior="focus"
        )
        self.match_cursor_bracket = False
        # A blinking cursor would write to the terminal for as long as nothing happens.
        self.cursor_blink = False
        self.pasted = PastedTexts()
        self.takes_large: Callable[[str], bool] | None = None
        """Given every large paste; it is put into the area where this does not take it."""
        self.keys_first: Callable[[str], Awaitable[bool]] | None = None
        """Asked about every key that writes nothing; the key is done with where it says so."""

    @property
    def whole_text(self) -> str:
        """The text with every label replaced by what it stands for."""
        return self.pasted.expand(self.document.text)

    @property
    def selected_text(self) -> str:
        """The selection with every label replaced by what it stands for."""
        return self.pasted.expand(super().selected_text)

    def shown(self, text: str) -> str:
        """Return `text` as it is put into the area: sanitised, a large one as a label."""
        clean = sanitize(text)
        return self.pasted.add(clean) if is_large(clean) else clean

    def notify_style_update(self) -> None:
        """Take the colours from the style sheet again when next drawn."""
        self._styled = None
        super().notify_style_update()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw some rows.

        TextArea's own asks the style sheet for every colour each time, which takes half of what it takes to
        show a letter.
        """
        if self._styled is self._theme:
            return super(TextArea, self).render_lines(crop)
        self._styled = self._theme
        return super().render_lines(crop)

    def put(self, text: str) -> None:
        """Replace everything by `text`, the cursor at its end; can be undone."""
        self.replace(self.shown(text), (0, 0), self.document.end, maintain_selection_offset=False)
        self.move_cursor(self.document.end)

    def edit(self, edit: Edit) -> EditResult:
        """Perform an edit; a label is only ever deleted whole, and nothing is typed into one."""
        start, end = edit.from_location, edit.to_location
        if start == end:
            edit.from_location = edit.to_location = self._outside(start, after=True)
        else:
            first, last = sorted((start, end))
            edit.from_location = self._outside(first, after=False)
            edit.to_location = self._outside(last, after=True)
        return super().edit(edit)

    def _outside(self, location: Location, *, after: bool) -> Location:
        """Return `location`, or the end (or start) of the label that it is inside of."""
        row, column = location
        if row >= self.document.line_count:
            # The last line is deleted up to the beginning of the one after it, which is not there.
            return location
        for begin, end in self.pasted.spans(self.document[row]):
            if begin < column < end:
                return row, end if after else begin
        return location

    def action_cursor_up(self, select: bool = False) -> None:
        """Move the cursor up; above the first line, say so."""
        if not select and self.navigator.is_first_wrapped_line(self.cursor_location):
            self.post_message(self.Left(-1))
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Move the cursor down; below the last line, say so."""
        if not select and self.navigator.is_last_wrapped_line(self.cursor_location):
            self.post_message(self.Left(1))
        else:
            super().action_cursor_down(select)

    def action_undo(self) -> None:
        """Take back what was typed last; where nothing was since the area was empty, ask for more."""
        # What was typed and taken back may come again: pressing once too often undoes nothing else.
        if not self.text and not self.history.undo_stack and not self.history.redo_stack:
            self.post_message(self.UndoRequested())
        else:
            super().action_undo()

    def action_paste(self) -> None:
        """Paste a picture that is on the clipboard, or else what was copied in this application."""
        if self.asks_clipboard:
            self.post_message(self.ClipboardWanted())
        else:
            self.paste_copied()

    def paste_copied(self) -> None:
        """Paste what was copied in this application."""
        self._paste(self.app.clipboard)

    def take_back(self, pasted: "PromptArea.Pasted") -> None:
        """Take a paste out again, unless it has been changed; can be undone."""
        if self.document.get_text_range(pasted.start, pasted.end) == pasted.shown:
            self.delete(pasted.start, pasted.end, maintain_selection_offset=True)

    def action_cut(self) -> None:
        """Cut the selection, or the line, with the texts behind labels."""
        start, end = self.selection
        result = self._delete_cursor_line() if start == end else self._delete_via_keyboard(start, end)
        if result is not None:
            self.app.copy_to_clipboard(self.pasted.expand(result.replaced_text))

    async def _on_key(self, event: events.Key) -> None:
        if event.key == MODIFY_OTHER_KEYS_SHIFT_ENTER:
            event.stop()
            event.prevent_default()
            self.insert("\n")
            return
        if not event.is_printable:
            if event.key == "backspace" and not self.document.text:
                self.post_message(self.BackspacedAtStart())
            if self.keys_first is not None and await self.keys_first(event.key):
                event.stop()
                event.prevent_default()
                return
            if await self._run_own_binding(event):
                return
        await super()._on_key(event)

    async def _run_own_binding(self, event: events.Key) -> bool:
        """Run what `event` is bound to here or in the prompt; return whether it did anything.

        Bindings run in the application, after the keys that were typed next have reached the widget (or,
        with priority, before those typed earlier have): typing fast would send half a message.
        """
        active = self.screen.active_bindings.get(event.key)
        if active is None or active.node not in (self, self.parent):
            return False
        if not await self.app.run_action(active.binding.action, active.node):
            return False
        event.stop()
        event.prevent_default()
        return True

    async def _on_paste(self, event: events.Paste) -> None:
        # TextArea's own handler would insert the text a second time.
        event.prevent_default()
        event.stop()
        self._paste(event.text)

    def _paste(self, text: str) -> None:
        # Not through a message: the key that sends may stand behind the paste already.
        if self.takes_large is not None and is_large(text) and self.takes_large(text):
            return
        shown, start = self.shown(text), min(self.selection)
        if result := self._replace_via_keyboard(shown, *self.selection):
            self.move_cursor(result.end_location)
            self.focus()
            self.post_message(self.Pasted(text, shown, start, result.end_location))
