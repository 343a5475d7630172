"""One file on the whole screen: an image to zoom and move about, a text to read."""

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from textual import events, getters
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Static

from tui.commands.bindings import bindings_for
from tui.commands.command import Scope
from tui.domain.conversation import Attachment
from tui.domain.errors import BadRequest, TuiError
from tui.domain.text import sanitize_line
from tui.screens.saving import FileSaver
from tui.screens.work import begin_work
from tui.widgets.message_image import PictureView
from tui.widgets.text_view import TextView

Load = Callable[[], Awaitable[bytes]]
"""Reads the bytes of a file.

Raises:
    TuiError: They are not there.
"""

_STEP = (8, 4)
"""Columns and rows by which an image, or a text, is moved."""


class ImageScreen(Screen[None]):
    """Shows an attachment; those beside it can be gone to."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.IMAGE)]

    DEFAULT_CSS = """
    ImageScreen {
        background: $background;
        #title { height: 1; padding: 0 1; background: $panel; color: $text; }
        #name { width: 1fr; height: 1; text-style: bold; }
        #facts { width: auto; height: 1; color: $text-muted; }
        TextView { display: none; padding: 0; }
        &.-text TextView { display: block; }
        &.-text PictureView { display: none; }
    }
    """

    picture = getters.query_one(PictureView)
    text = getters.query_one(TextView)

    def __init__(
        self,
        attachment: Attachment,
        load: Load,
        *,
        others: Sequence[tuple[Attachment, Load]] = (),
        place: int = 0,
    ) -> None:
        """Make the screen.

        Args:
            attachment: What is shown.
            load: Reads its bytes.
            others: All files that can be gone to, itself among them; none for only this one.
            place: Which of them it is, from 0.
        """
        super().__init__()
        self._files = tuple(others) or ((attachment, load),)
        self._place = place if others else 0
        self._data: bytes | None = None

    def compose(self) -> ComposeResult:
        """Compose the title, the views and the keys."""
        with Horizontal(id="title"):
            yield Static(id="name", markup=False)
            yield Static(id="facts", markup=False)
        yield PictureView()
        yield TextView()
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Show the file."""
        self._show()

    @property
    def attachment(self) -> Attachment:
        """What is shown."""
        return self._files[self._place][0]

    @property
    def _is_image(self) -> bool:
        return self.attachment.media_type.startswith("image/")

    def _show(self) -> None:
        self._data = None
        self.picture.zoomed = False
        self.picture.show(None)
        self.set_class(not self._is_image, "-text")
        self._tell_title()
        self.refresh_bindings()
        begin_work(self, self._load(), "load", exclusive=True)

    async def _load(self) -> None:
        try:
            self._data = await self._files[self._place][1]()
        except TuiError as error:
            self._fail(error)
            return
        if self._is_image:
            self.picture.show(self._data)
        else:
            await self.text.show(self._data.decode("utf-8", "replace"))
            self.text.focus()

    def _fail(self, error: TuiError) -> None:
        words = f"{error.message} {error.hint}".strip()
        self.app.notify(sanitize_line(words, 500), severity="error", markup=False, timeout=8)

    def _tell_title(self) -> None:
        file = self.attachment
        facts = []
        if len(self._files) > 1:
            facts.append(f"{self._place + 1}/{len(self._files)}")
        if file.width and file.height:
            facts.append(f"{file.width}×{file.height}")
        facts.append(_size(file.size))
        if self._is_image:
            facts.append("100 %" if self.picture.zoomed else "fit")
        self.query_one("#name", Static).update(Content(sanitize_line(file.name, 200)))
        self.query_one("#facts", Static).update(Content(" · ".join(facts)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Switch off what there is nothing for."""
        if action == "zoom":
            return True if self._is_image else None
        if action == "step":
            return True if len(self._files) > 1 else None
        return super().check_action(action, parameters)

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)

    def action_zoom(self, full: int = -1) -> None:
        """Show the image as large as it is, or fitted; -1 changes between them."""
        self.picture.zoomed = not self.picture.zoomed if full < 0 else bool(full)
        self._tell_title()

    def action_pan(self, columns: int, rows: int) -> None:
        """Move what is seen."""
        if self._is_image:
            self.picture.pan(columns * _STEP[0], rows * _STEP[1])
        else:
            self.text.scroll_relative(columns * _STEP[0], rows, animate=False)

    def action_step(self, step: int) -> None:
        """Show another file."""
        if len(self._files) > 1:
            self._place = (self._place + step) % len(self._files)
            self._show()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Move down."""
        if self._is_image:
            self.action_pan(0, 1)
            event.stop()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Move up."""
        if self._is_image:
            self.action_pan(0, -1)
            event.stop()

    def action_save(self) -> None:
        """Write the file to a place that is asked for."""
        if self._data is None:
            self._fail(BadRequest("The file has not been read yet.", "Wait a moment and try again."))
            return
        FileSaver(self, self.attachment.name, self._data).begin()


def _size(size: int) -> str:
    if size < 1000:
        return f"{size} bytes"
    if size < 1_000_000:
        return f"{size / 1000:.0f} kB"
    return f"{size / 1_000_000:.1f} MB"
