"""The one-line input of lists and bars."""

from textual import events
from textual.widgets import Input


class FilterInput(Input):
    """An input that writes nothing to the terminal while nothing happens: its cursor does not blink."""

    DEFAULT_CSS = """
    FilterInput {
        &:focus { background-tint: $foreground 3%; }
        & > .input--placeholder { color: $text-muted; }
    }
    """

    def on_mount(self) -> None:
        """Hold the cursor still."""
        self.cursor_blink = False

    def on_key(self, event: events.Key) -> None:
        """Delete at once: what comes by a binding comes after letters that were typed swiftly behind it."""
        if event.key == "backspace":
            event.stop()
            event.prevent_default()
            self.action_delete_left()
