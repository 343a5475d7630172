"""The files that will be sent with the next message, above the input."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.commands.bindings import bindings_for
from tui.commands.command import Scope
from tui.domain.conversation import Attachment
from tui.domain.text import sanitize_line
from tui.rendering.line import Palette
from tui.rendering.palette import palette_from
from tui.rendering.picture import Drawn, PictureRequest
from tui.widgets.fit import shorten
from tui.widgets.picture_events import PicturesWanted

THUMBNAIL: Final = (5, 2)
"""Columns and rows of a thumbnail."""

_TALL: Final = 28
"""Rows of the screen from which on there is room for thumbnails."""

_NAME_CELLS: Final = 28
_NOTE_CELLS: Final = 36


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


@dataclass(frozen=True, slots=True)
class _Placed:
    """Where a chip is drawn."""

    index: int
    left: int
    width: int
    cross: int
    """The column of the mark that removes it."""


class AttachmentRow(Widget, can_focus=True, inherit_bindings=False):
    """Chips in a row, each with a name and a mark that removes it; nothing at all while there are none."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.ATTACHMENTS)]

    DEFAULT_CSS = """
    AttachmentRow {
        height: 1;
        margin: 0 2;
        display: none;
        background: $background;
        &.-filled { display: block; }
        &.-tall { height: 2; }
    }
    """

    class Removed(Message):
        """A file is not to be sent."""

        def __init__(self, row: "AttachmentRow", index: int) -> None:
            super().__init__()
            self.row = row
            self.index = index
            """Which, from 0."""

        @property
        def control(self) -> "AttachmentRow":
            """The row that posted it."""
            return self.row

    class Moved(Message):
        """A file is to be sent earlier or later."""

        def __init__(self, row: "AttachmentRow", index: int, step: int) -> None:
            super().__init__()
            self.row = row
            self.index = index
            """Which, from 0."""
            self.step = step
            """-1 for earlier, 1 for later; there is one to change places with."""

        @property
        def control(self) -> "AttachmentRow":
            """The row that posted it."""
            return self.row

    class Opened(Message):
        """A file is to be looked at."""

        def __init__(self, row: "AttachmentRow", index: int) -> None:
            super().__init__()
            self.row = row
            self.index = index
            """Which, from 0."""

        @property
        def control(self) -> "AttachmentRow":
            """The row that posted it."""
            return self.row

    class Counted(Message):
        """There are more files, or fewer."""

        def __init__(self, row: "AttachmentRow", count: int) -> None:
            super().__init__()
            self.row = row
            self.count = count

        @property
        def control(self) -> "AttachmentRow":
            """The row that posted it."""
            return self.row

    class Left(Message):
        """The focus is to go back to the input."""

        def __init__(self, row: "AttachmentRow") -> None:
            super().__init__()
            self.row = row

        @property
        def control(self) -> "AttachmentRow":
            """The row that posted it."""
            return self.row

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        """Begin with no files.

        Args:
            id: The widget's id.
            classes: The widget's classes.
        """
        super().__init__(id=id, classes=classes)
        self._chips: tuple[Chip, ...] = ()
        self._thumbnails: dict[str, Drawn | None] = {}
        self._cursor = 0

    @property
    def chips(self) -> Sequence[Chip]:
        """What is shown."""
        return self._chips

    @property
    def cursor(self) -> int:
        """Which file the keys are about, from 0."""
        return self._cursor

    def show(self, chips: Sequence[Chip]) -> None:
        """Show files; none hides the row."""
        had_focus = self.has_focus
        followed = self._followed(chips)
        self._chips = tuple(chips)
        self._cursor = max(0, min(followed, len(chips) - 1))
        self.set_class(bool(chips), "-filled")
        kept = {chip.attachment.digest for chip in chips if chip.attachment is not None}
        self._thumbnails = {digest: drawn for digest, drawn in self._thumbnails.items() if digest in kept}
        self.post_message(self.Counted(self, len(chips)))
        if had_focus and not chips:
            self.post_message(self.Left(self))
        self._ask_for_thumbnails()
        self.refresh()

    def _followed(self, chips: Sequence[Chip]) -> int:
        """Return where the file under the cursor is among `chips`."""
        if self._cursor < len(self._chips):
            chip = self._chips[self._cursor]
            # The nearest, as one file may be there twice.
            same = [index for index, other in enumerate(chips) if other == chip]
            if same:
                return min(same, key=lambda index: abs(index - self._cursor))
        return self._cursor

    def remove_last(self) -> None:
        """Ask for the last file to be removed, if there is one."""
        if self._chips:
            self.post_message(self.Removed(self, len(self._chips) - 1))

    def enter(self) -> None:
        """Take the focus, on the last file."""
        self._cursor = max(0, len(self._chips) - 1)
        self.focus()

    def set_thumbnail(self, digest: str, picture: Drawn | None) -> None:
        """Show a small picture beside the name of a file.

        Args:
            digest: Which file.
            picture: `THUMBNAIL` cells large; None where there is none.
        """
        self._thumbnails[digest] = picture
        self.refresh()

    def picture_drawn(self, request: PictureRequest, drawn: Drawn | str) -> None:
        """Take over a picture that was wanted."""
        self.set_thumbnail(request.digest, drawn if isinstance(drawn, Drawn) else None)

    def _ask_for_thumbnails(self) -> None:
        if not self.has_class("-tall"):
            return
        files = [chip.attachment for chip in self._chips if chip.attachment is not None]
        missing = dict.fromkeys(
            file.digest
            for file in files
            if file.media_type.startswith("image/") and file.digest not in self._thumbnails
        )
        if missing:
            ground = self._palette.background
            requests = tuple(PictureRequest(digest, *THUMBNAIL, ground) for digest in missing)
            self.post_message(PicturesWanted(self, requests, small=True))

    def on_mount(self) -> None:
        """Be as high as the screen has room for."""
        self._fit_to_screen()

    def on_resize(self) -> None:
        """Be as high as the screen has room for."""
        self._fit_to_screen()

    def _fit_to_screen(self) -> None:
        self.set_class(self.app.size.height >= _TALL, "-tall")
        self._ask_for_thumbnails()

    # Drawing

    @property
    def _palette(self) -> Palette:
        return palette_from(self.app.theme_variables, self.app.current_theme.dark)

    @property
    def _is_tall(self) -> bool:
        return self.size.height > 1

    def _title(self, chip: Chip) -> str:
        return shorten(sanitize_line(chip.name, 200) or "file", _NAME_CELLS)

    def _note(self, chip: Chip) -> str:
        return shorten(sanitize_line(chip.note, 200), _NOTE_CELLS)

    def _width(self, chip: Chip) -> int:
        if not self._is_tall:
            return cell_len(self._mark(chip) + self._title(chip)) + 4
        words = max(cell_len(self._mark(chip) + self._title(chip)) + 2, cell_len(self._note(chip)))
        return words + (THUMBNAIL[0] + 1 if self._picture(chip) else 0)

    def _mark(self, chip: Chip) -> str:
        return {"working": "… ", "failed": "✗ ", "ready": ""}[chip.state]

    def _picture(self, chip: Chip) -> Drawn | None:
        return self._thumbnails.get(chip.attachment.digest) if chip.attachment is not None else None

    def _placed(self) -> Iterator[_Placed]:
        """Yield the chips that there is room for: as many as fit, the one under the cursor among them."""
        gap = 3 if self._is_tall else 1
        widths = [self._width(chip) for chip in self._chips]
        first, room = self._cursor, self.size.width - sum(widths[self._cursor : self._cursor + 1])
        while first > 0 and widths[first - 1] + gap + 4 <= room:
            first -= 1
            room -= widths[first] + gap
        left = 0 if first == 0 else 4
        for index in range(first, len(self._chips)):
            width = widths[index]
            is_last = index == len(self._chips) - 1
            if index > self._cursor and left + width + (0 if is_last else 4) > self.size.width:
                break
            name = cell_len(self._mark(self._chips[index]) + self._title(self._chips[index]))
            before = THUMBNAIL[0] + 1 if self._is_tall and self._picture(self._chips[index]) else 0
            cross = left + before + name + 1 + (0 if self._is_tall else 1)
            yield _Placed(index, left, width, cross)
            left += width + gap

    def render_line(self, y: int) -> Strip:
        """Draw a row."""
        palette, base = self._palette, self.rich_style
        segments: list[Segment] = []
        used = 0
        placed = list(self._placed())
        if placed and placed[0].index:
            segments.append(
                Segment(f"‹{placed[0].index:<3}" if y == 0 else "    ", base + _ink(palette.muted))
            )
            used = 4
        for place in placed:
            if place.left > used:
                segments.append(Segment(" " * (place.left - used), base))
            segments.extend(self._chip(place.index, y, palette, base))
            used = place.left + place.width
        after = len(self._chips) - (placed[-1].index + 1 if placed else 0)
        if after and y == 0:
            segments.append(Segment(f" +{after}", base + _ink(palette.muted)))
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _chip(self, index: int, y: int, palette: Palette, base: Style) -> list[Segment]:
        chip = self._chips[index]
        ink = palette.error if chip.state == "failed" else palette.secondary
        words = base + _ink(palette.muted if chip.state == "working" else ink)
        quiet = base + _ink(palette.error if chip.state == "failed" else palette.muted)
        if self.has_focus and index == self._cursor:
            words += Style(reverse=True)
        name = Segment(self._mark(chip) + self._title(chip), words)
        cross = Segment("✕", base + _ink(palette.muted))
        if not self._is_tall:
            return [Segment("[", quiet), name, Segment(" ", base), cross, Segment("]", quiet)]
        segments: list[Segment] = []
        if picture := self._picture(chip):
            segments += [*picture.cells[y], Segment(" ", base)]
        line = [name, Segment(" ", base), cross] if y == 0 else [Segment(self._note(chip), quiet)]
        width = self._width(chip) - (THUMBNAIL[0] + 1 if picture else 0)
        return segments + list(Strip(line).adjust_cell_length(width, base))

    # Doing

    def on_focus(self) -> None:
        """Show the cursor."""
        self.refresh(Region(0, 0, *self.size))

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.refresh(Region(0, 0, *self.size))

    def on_click(self, event: events.Click) -> None:
        """Open what was clicked at, or remove it."""
        event.stop()
        offset = event.get_content_offset(self)
        if offset is None:
            return
        for place in self._placed():
            if place.left <= offset.x < place.left + place.width:
                if offset.y == 0 and place.cross <= offset.x <= place.cross + 1:
                    self.post_message(self.Removed(self, place.index))
                else:
                    self._cursor = place.index
                    self.action_open()
                self.refresh()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Switch off what needs a file while there is none."""
        return True if self._chips else None

    def action_step(self, step: int) -> None:
        """Go to the file before or after."""
        self._cursor = max(0, min(self._cursor + step, len(self._chips) - 1))
        self.refresh()

    def action_open(self) -> None:
        """Look at the file under the cursor."""
        if self._cursor < len(self._chips) and self._chips[self._cursor].attachment is not None:
            self.post_message(self.Opened(self, self._cursor))

    def action_remove(self) -> None:
        """Do not send the file under the cursor."""
        if self._cursor < len(self._chips):
            self.post_message(self.Removed(self, self._cursor))

    def action_move(self, step: int) -> None:
        """Send the file under the cursor earlier or later."""
        if 0 <= self._cursor + step < len(self._chips):
            self.post_message(self.Moved(self, self._cursor, step))

    def action_leave(self) -> None:
        """Go back to the input."""
        self.post_message(self.Left(self))


def _ink(color: str) -> Style:
    return Style(color=color)
