"""The files that will be sent with the next message, above the input."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui.domain.conversation import Attachment
from tui.domain.text import sanitize_line


@dataclass(frozen=True, slots=True)
class Chip:
    """A file as the row shows it."""

    name: str
    """From outside: shown sanitised."""
    note: str = ""
    """Size, tokens; or what went wrong."""
    attachment: Attachment | None = None
    """None while it is being read."""
    state: Literal["working", "ready", "failed"] = "ready"


class AttachmentRow(Widget):
    """Chips in a row, each with a name and a mark that removes it; nothing at all while there are none."""

    DEFAULT_CSS = """
    AttachmentRow {
        height: 1;
        margin: 0 2;
        display: none;
        background: $background;
        color: $text-secondary;
        &.-filled { display: block; }
    }
    """

    @dataclass
    class Counted(Message):
        """There are more files, or fewer."""

        count: int

    @dataclass
    class Removed(Message):
        """A file is not to be sent."""

        row: "AttachmentRow"
        index: int
        """Which, from 0."""

    @dataclass
    class Moved(Message):
        """A file is to be sent earlier or later."""

        row: "AttachmentRow"
        index: int
        """Which, from 0."""
        step: int
        """-1 for earlier, 1 for later."""

    def __init__(self, *, id: str | None = None) -> None:
        """Begin with no files."""
        super().__init__(id=id)
        self.chips: tuple[Chip, ...] = ()
        """What is shown."""

    def show(self, chips: Sequence[Chip]) -> None:
        """Show files; none hides the row."""
        if len(chips) != len(self.chips):
            self.post_message(self.Counted(len(chips)))
        self.chips = tuple(chips)
        self.set_class(bool(chips), "-filled")
        self.refresh()

    def _words(self) -> list[str]:
        marks = {"working": "… ", "failed": "✗ ", "ready": ""}
        return [f"[{marks[chip.state]}{sanitize_line(chip.name, 28)} ✕]" for chip in self.chips]

    def render(self) -> Content:
        """Draw the row."""
        return Content(" ".join(self._words()))

    def on_click(self, event: events.Click) -> None:
        """Remove what was clicked at."""
        offset = event.get_content_offset(self)
        left = 0
        for index, words in enumerate(self._words()):
            if offset is not None and left <= offset.x < left + len(words):
                self.post_message(self.Removed(self, index))
                return
            left += len(words) + 1
