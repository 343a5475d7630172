"""What widgets that show pictures ask for."""

from typing import Protocol

from textual.message import Message
from textual.widget import Widget

from tui.rendering.picture import Drawn, PictureRequest


class ShowsPictures(Protocol):
    """A widget that is told when a picture that it wanted has been drawn."""

    def picture_drawn(self, request: PictureRequest, drawn: Drawn | str) -> None:
        """Take over a picture, or why there is none."""
        ...


class PictureWanted(Message):
    """A widget is about to show a picture that has not been drawn; `picture_drawn` is to be called."""

    def __init__(self, widget: ShowsPictures, request: PictureRequest, *, small: bool = False) -> None:
        super().__init__()
        self.widget = widget
        self.request = request
        self.small = small
        """Half-cells will do, whatever the terminal can."""

    @property
    def control(self) -> Widget | None:
        """The widget that posted it."""
        return self.widget if isinstance(self.widget, Widget) else None
