"""The input: what is asked is written here."""

from collections.abc import Sequence
from typing import ClassVar, Self

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from tui.commands.bindings import bindings_for
from tui.commands.command import Command, Scope
from tui.domain.pasted import is_data, named_files
from tui.widgets.completing import Completing
from tui.widgets.completion import CompletionSource
from tui.widgets.prompt_area import PromptArea
from tui.widgets.terminal_keys import learn_alt_enter

PLACEHOLDER = "Ask anything… (/ for commands, @ for files)"
"""What an empty input says."""


class Prompt(Vertical):
    """A growing input that walks the history of what was sent and never loses a word.

    Sending takes two steps, so that a refused message stays where it was written: Enter posts
    `Submitted` and the text stays; then the screen calls `accept` (the text goes) or `refuse` (it
    stays). Until then Enter does nothing, so nothing is sent twice.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.PROMPT)]

    DEFAULT_CSS = """
    Prompt {
        height: auto;
        border: round $border-blurred;
        border-title-color: $text-warning;
        border-title-background: $background;
        border-subtitle-color: $text-muted;
        border-subtitle-align: right;
        border-subtitle-background: $background;
        background: $background;
        padding: 0 1;
        &:focus-within { border: round $border; }
        &.-editing { border: round $warning; border-subtitle-color: $text-warning; }
        PromptArea {
            height: auto;
            min-height: 1;
            max-height: 33vh;
            background: $background;
            padding: 0;
            scrollbar-size-vertical: 1;
            &:focus { background: $background; }
            .text-area--placeholder { color: $text-muted; }
        }
    }
    """

    hint: reactive[str] = reactive("Enter sends · Ctrl+J new line")
    """What the lower right edge says; trusted text."""

    area = getters.query_one(PromptArea)

    class Submitted(Message):
        """Enter was pressed; `Prompt.accept` or `Prompt.refuse` must follow."""

        def __init__(self, prompt: "Prompt", text: str) -> None:
            super().__init__()
            self.prompt = prompt
            self.text = text
            """What is to be sent, whole; only white space where there are files above it."""

        @property
        def control(self) -> "Prompt":
            """The prompt that posted it."""
            return self.prompt

    class Changed(Message):
        """The text changed: a draft to be kept."""

        def __init__(self, prompt: "Prompt", text: str) -> None:
            super().__init__()
            self.prompt = prompt
            self.text = text
            """`Prompt.draft`."""

        @property
        def control(self) -> "Prompt":
            """The prompt that posted it."""
            return self.prompt

    class CommandWanted(Message):
        """A command was typed, or chosen in the menu; it is no longer in the input."""

        def __init__(self, prompt: "Prompt", command: Command, argument: str) -> None:
            super().__init__()
            self.prompt = prompt
            self.command = command
            self.argument = argument
            """What was typed after its name; empty for nothing."""

        @property
        def control(self) -> "Prompt":
            """The prompt that posted it."""
            return self.prompt

    class FileWanted(Message):
        """A file was chosen in the menu, to be attached; it is no longer in the input."""

        def __init__(self, prompt: "Prompt", path: str) -> None:
            super().__init__()
            self.prompt = prompt
            self.path = path
            """As it was typed: relative to the working directory, or beginning with `/` or `~`."""

        @property
        def control(self) -> "Prompt":
            """The prompt that posted it."""
            return self.prompt

    class FilesPasted(Message):
        """Something was pasted that is made of nothing but paths; perhaps of files that exist."""

        def __init__(self, prompt: "Prompt", pasted: PromptArea.Pasted) -> None:
            super().__init__()
            self.prompt = prompt
            self.pasted = pasted
            """What stands in the input now; `PromptArea.take_back` takes it out again."""

        @property
        def control(self) -> "Prompt":
            """The prompt that posted it."""
            return self.prompt

    class LeftUpwards(Message):
        """The cursor was moved up out of an empty input that has files above it."""

    has_files_above = False
    """There are files to be sent along: a message needs no words, and moving up goes to them first."""

    def __init__(
        self,
        *,
        history: Sequence[str] = (),
        placeholder: str = PLACEHOLDER,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
        disabled: bool = False,
    ) -> None:
        """Make an empty input.

        Args:
            history: What was sent before, oldest first.
            placeholder: What the empty input says.
            name: The widget's name.
            id: The widget's id.
            classes: The widget's classes.
            disabled: Whether it takes no input.
        """
        super().__init__(name=name, id=id, classes=classes, disabled=disabled)
        self._placeholder = placeholder
        self._history: tuple[str, ...] = tuple(history)
        self._place = len(self._history)
        self._edited: dict[int, str] = {}
        """Texts that were left while walking the history; the unsent one under `len(history)`."""
        self._pending: str | None = None
        """What was submitted and neither accepted nor refused yet."""
        self.completing: Completing | None = None
        """What offers commands and files; None until there is a text area."""

    def compose(self) -> ComposeResult:
        """Compose the text area."""
        yield PromptArea(placeholder=self._placeholder)

    def on_mount(self) -> None:
        """Learn the keys that break the line."""
        learn_alt_enter()
        self.completing = Completing(self, self.area)
        self.area.keys_first = self.completing.press

    def complete_from(self, source: CompletionSource) -> None:
        """Offer the commands and files that `source` knows, after `/` and `@`."""
        if self.completing is not None:
            self.completing.source = source

    def want_command(self, command: Command, argument: str) -> None:
        """Say that a command is wanted."""
        self.post_message(self.CommandWanted(self, command, argument))

    def want_file(self, path: str) -> None:
        """Say that a file is to be attached."""
        self.post_message(self.FileWanted(self, path))

    def focus(self, scroll_visible: bool = True) -> Self:
        """Put the cursor into the input."""
        self.area.focus(scroll_visible)
        return self

    @property
    def text(self) -> str:
        """The unsent text, whole. Setting it begins anew: no undo, no walk through the history."""
        return self.area.whole_text

    @text.setter
    def text(self, value: str) -> None:
        self._pending = None
        self._forget_walk()
        self.area.text = self.area.shown(value)
        self.area.move_cursor(self.area.document.end)
        if self.completing is not None:
            self.completing.dismiss()

    @property
    def draft(self) -> str:
        """What would be lost if the input were emptied now: also what waits while the history is walked."""
        text = self.text
        unsent = self._unsent
        if self._place < len(self._history) and text == self._history[self._place]:
            return unsent
        return "\n".join(each for each in (unsent, text) if each) if unsent.strip() else text

    @property
    def _unsent(self) -> str:
        """The text that was left to walk the history; empty while it is in the input."""
        newest = len(self._history)
        return self._edited.get(newest, "") if self._place < newest else ""

    @property
    def history(self) -> tuple[str, ...]:
        """What was sent, oldest first. Setting it keeps what is unsent."""
        return self._history

    @history.setter
    def history(self, value: Sequence[str]) -> None:
        walking, draft = self._place < len(self._history), self.draft if self.is_mounted else ""
        self._history = tuple(value)
        self._forget_walk()
        if walking:
            self.area.put(draft)

    def add_below(self, text: str) -> None:
        """Put `text` below what is there; the cursor stays, and so does what waits to be accepted."""
        if text:
            area, stands = self.area, self.area.selection
            area.replace(f"\n{area.shown(text)}", area.document.end, area.document.end)
            area.selection = stands

    def accept(self) -> None:
        """Clear what was submitted: it is safe now. What else is unsent stays."""
        sent, self._pending = self._pending, None
        if sent is None:
            return
        typed_since = self.text.removeprefix(sent).lstrip("\n")
        unsent = self._unsent if self._unsent != sent else ""
        if sent.strip() and (not self._history or self._history[-1] != sent):
            self._history = (*self._history, sent)
        self.text = "\n".join(each for each in (unsent, typed_since) if each)

    def refuse(self) -> None:
        """Keep what was submitted: it was not sent, and can be submitted again."""
        self._pending = None

    def action_send(self) -> None:
        """Submit the text, unless there is nothing in it or it waits to be accepted."""
        text = self.text
        if self._pending is None and (text.strip() or self.has_files_above):
            self._pending = text
            self.post_message(self.Submitted(self, text))

    def action_newline(self) -> None:
        """Break the line."""
        area = self.area
        area.replace("\n", *area.selection, maintain_selection_offset=False)

    def watch_hint(self, hint: str) -> None:
        """Show the hint."""
        self.border_subtitle = Content(hint).markup

    @on(PromptArea.Changed)
    def _changed(self, event: PromptArea.Changed) -> None:
        event.stop()
        self._look()
        self.post_message(self.Changed(self, self.draft))

    @on(PromptArea.Pasted)
    def _pasted(self, event: PromptArea.Pasted) -> None:
        event.stop()
        if is_data(event.text.strip()) or named_files(event.text):
            self.post_message(self.FilesPasted(self, event))

    @on(PromptArea.SelectionChanged)
    def _moved(self, event: PromptArea.SelectionChanged) -> None:
        event.stop()
        self._look()

    def _look(self) -> None:
        if self.completing is not None:
            self.completing.look()

    def on_descendant_blur(self) -> None:
        """Close the menu: it belongs to the cursor."""
        if self.completing is not None:
            self.completing.close()

    @on(PromptArea.Left)
    def _walk_history(self, event: PromptArea.Left) -> None:
        event.stop()
        if event.step < 0 and self.has_files_above and not self.area.text:
            self.post_message(self.LeftUpwards())
            return
        place = self._place + event.step
        if not 0 <= place <= len(self._history):
            return
        self._edited[self._place] = self.text
        self._place = place
        unedited = self._history[place] if place < len(self._history) else ""
        self.area.put(self._edited.get(place, unedited))

    def _forget_walk(self) -> None:
        self._edited.clear()
        self._place = len(self._history)
