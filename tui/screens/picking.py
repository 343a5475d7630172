"""What the dialogs that pick from a list share: an input above it, keys that move through it."""

from typing import Final, TypeVar

from textual import getters
from textual.screen import ModalScreen
from textual.widgets import OptionList

Picked = TypeVar("Picked")

PICKING_CSS: Final = """
    {name} {{
        align: center top;
        background: $background 50%;
        #panel {{
            width: 100;
            max-width: 96%;
            height: auto;
            max-height: 92%;
            margin-top: 1;
            padding: 0 1;
            background: $surface;
            border: round $border;
            border-subtitle-color: $text-muted;
        }}
        Input {{ border: none; height: 1; padding: 0 1; background: $panel; &:focus {{ border: none; }} }}
        #notice {{ height: auto; padding: 0 1; color: $text-muted; }}
        OptionList, OptionList:focus {{
            height: auto;
            max-height: 80vh;
            border: none;
            background: $surface;
            padding: 0;
            scrollbar-size-vertical: 1;
            text-wrap: nowrap;
            text-overflow: ellipsis;
            & > .option-list--option-highlighted {{
                background: $block-cursor-background;
                color: $block-cursor-foreground;
                text-style: none;
            }}
        }}
    }}
"""
"""The style of such a dialog; for `format` with its `name`."""


class PickingScreen(ModalScreen[Picked]):
    """A dialog with a list."""

    options = getters.query_one(OptionList)

    def action_move_cursor(self, step: int) -> None:
        """Go to the entry above or below."""
        if self.options.option_count:
            at = self.options.highlighted
            wanted = 0 if at is None else at + step
            self.options.highlighted = max(0, min(wanted, self.options.option_count - 1))

    def action_page_cursor(self, step: int) -> None:
        """Go up or down a page."""
        self.action_move_cursor(step * max(1, self.options.size.height // 2))

    def action_close(self) -> None:
        """Close and pick nothing."""
        self.dismiss(None)
