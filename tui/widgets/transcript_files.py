"""Opening what went along with a message."""

from collections.abc import Mapping

from textual import events

from tui.domain.conversation import Message
from tui.domain.text import sanitize_line
from tui.widgets import transcript_events
from tui.widgets.fit import shorten
from tui.widgets.transcript_mouse import TranscriptMouse

_CHOICES = 9
_NAME_CELLS = 20


class TranscriptFiles(TranscriptMouse):
    """Opens the file of the message under the cursor, or asks which of several."""

    BINDINGS = TranscriptMouse.BINDINGS

    _choosing: Message | None = None
    """The message of whose files one is to be chosen."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Switch off what does not apply to the message under the cursor."""
        if action == "open_image":
            message = self.message_under_cursor()
            return True if message is not None and message.attachments else None
        return super().check_action(action, parameters)

    def action_open_image(self) -> None:
        """Open the file of the message under the cursor, or ask which of several."""
        message = self.message_under_cursor()
        if message is None:
            return
        files = message.attachments
        if len(files) == 1:
            self.post_message(transcript_events.FileOpened(self, message, 0))
        elif files:
            self._choosing = message
            names = [shorten(sanitize_line(file.name, 60), _NAME_CELLS) for file in files[:_CHOICES]]
            choices = "   ".join(f"{number} {name}" for number, name in enumerate(names, 1))
            self._set_question(f"Open which?  {choices}")

    def _clicked(self, index: int, meta: Mapping[str, object]) -> None:
        message, number = self._items[index], meta.get("picture")
        if meta.get("act") != "open_image":
            super()._clicked(index, meta)
        elif isinstance(message, Message) and isinstance(number, int):
            self.post_message(transcript_events.FileOpened(self, message, number))

    def on_key(self, event: events.Key) -> None:
        """Take the answer to which file is to be opened."""
        message, self._choosing = self._choosing, None
        if message is None:
            return
        self._set_question("")
        number = int(event.character) if event.character and event.character in "123456789" else 0
        if 0 < number <= len(message.attachments):
            self.post_message(transcript_events.FileOpened(self, message, number - 1))
        elif event.key != "escape":
            return
        event.stop()
        event.prevent_default()
