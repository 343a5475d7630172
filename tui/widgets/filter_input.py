"""The one-line input of lists and bars."""

from textual.widgets import Input


class FilterInput(Input):
    """An input that writes nothing to the terminal while nothing happens: its cursor does not blink."""

    def on_mount(self) -> None:
        """Hold the cursor still."""
        self.cursor_blink = False
