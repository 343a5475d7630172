"""What widgets that show pictures ask for."""

from typing import Protocol

from textual.message import Message

from tui.rendering.picture import Drawn, PictureRequest


class ShowsPictures(Protocol):
    """A widget that is told when a picture that it wanted has been drawn."""

    def picture_drawn(self, request: PictureRequest, drawn: Drawn | str) -> None:
        """Take over a picture, first as a sketch, or why there is none."""
        ...


class PicturesWanted(Message):
    """A widget shows pictures that have not been drawn; whoever can is to call its `picture_drawn` for each.

    What it wanted before and does not name is not wanted any more.
    """

    def __init__(
        self,
        widget: ShowsPictures,
        requests: tuple[PictureRequest, ...],
        *,
        sketched: frozenset[PictureRequest] = frozenset(),
        small: bool = False,
    ) -> None:
        super().__init__()
        self.widget = widget
        self.requests = requests
        """The most urgent first."""
        self.sketched = sketched
        """Those of them that are shown in half-cells already."""
        self.small = small
        """Half-cells will do, whatever the terminal can."""
