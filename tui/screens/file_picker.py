"""The file picker: what is attached is looked for and looked at here."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events, getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.css.query import NoMatches
from textual.widgets import Footer, OptionList, Static
from textual.widgets.option_list import Option
from textual_fspicker.base_dialog import Dialog, FileSystemPickerScreen

from tui.commands.bindings import bindings_for
from tui.commands.command import Scope
from tui.domain.attachment import (
    Span,
    byte_size,
    picture_tokens,
    scaled,
    split_span,
    text_tokens,
    token_words,
)
from tui.domain.errors import TuiError
from tui.domain.folder import Bookmark, FolderEntry, Found, View
from tui.domain.text import sanitize, sanitize_line
from tui.screens.work import Work, begin_work
from tui.services.attachments.service import Preview
from tui.services.folders import MOST_READ, bookmarks, choose, is_folder, read_folder
from tui.services.paths import located
from tui.widgets.folder_list import FolderList
from tui.widgets.message_image import PictureView

if TYPE_CHECKING:
    from textual.timer import Timer

_PREVIEW_DELAY = 0.12
"""Seconds that the cursor rests on a file before it is read."""

_READING_DELAY = 0.2
"""Seconds that a folder may take to be read while what was listed before is still shown."""


class FilePicker(FileSystemPickerScreen, inherit_bindings=False):
    """Lists one folder, with places to go to and a look at the file under the cursor; typing filters."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.PICKER)]

    DEFAULT_CSS = """
    FilePicker {
        align: center middle;
        background: $background 50%;
        Dialog {
            width: 94%;
            max-width: 140;
            height: 90%;
            border: round $border;
            border-title-color: $text;
            border-title-background: $surface;
            border-subtitle-color: $text-error;
            border-subtitle-background: $surface;
            background: $surface;
            padding: 0 1;
            OptionList, OptionList:focus { background: $surface; background-tint: transparent; }
        }
        #where { height: 1; color: $text-muted; }
        #filter { height: 1; margin: 0 0 1 0; }
        #columns { height: 1fr; }
        #places, #places:focus { width: 16; height: 1fr; border: none; background: $surface; padding: 0; }
        #places:blur { color: $text-muted; }
        FolderList { width: 1fr; height: 1fr; margin: 0 1; }
        #preview { width: 42%; height: 1fr; background: $background; padding: 0 1; }
        #facts { height: auto; max-height: 5; color: $text-muted; }
        #text { height: 1fr; color: $text-muted; display: none; }
        #preview.-text #text { display: block; }
        #preview.-text PictureView, #preview.-none PictureView { display: none; }
        #count { height: 1; color: $text-muted; }
        &.-narrow #places { display: none; }
        &.-narrow #preview { width: 36%; }
        &.-narrow.-places #places { display: block; }
        &.-narrow.-places #preview { display: none; }
    }
    """

    folder = getters.query_one(FolderList)
    places = getters.query_one("#places", OptionList)
    picture = getters.query_one(PictureView)
    preview = getters.query_one("#preview", Vertical)

    def __init__(
        self,
        look: Callable[[Path], Awaitable[Preview]],
        picked: Callable[[Sequence[Path]], None],
        *,
        folder: str = "",
        longest: int,
    ) -> None:
        """Make the picker.

        Args:
            look: Tells what a file is; raises a `TuiError` where it cannot be attached.
            picked: Is given what was picked; not called for nothing.
            folder: Where to begin; empty for the home directory.
            longest: Pixels of the longest side of a picture that is sent.
        """
        super().__init__(folder or Path.home(), "Attach files")
        self._look, self._picked, self._last, self._longest = look, picked, folder, longest
        self._view = View()
        self._entries: tuple[FolderEntry, ...] = ()
        self._chosen: dict[Path, None] = {}
        self._bookmarks: tuple[Bookmark, ...] = ()
        self._span: Span | None = None
        """Which lines or pages of a file are wanted, as typed behind its name."""
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Compose the lists and the preview."""
        with Dialog() as dialog:
            dialog.border_title = "Attach files"
            yield Static(id="where", markup=False)
            yield Static(id="filter", markup=False)
            with Horizontal(id="columns"):
                yield OptionList(id="places", compact=True, markup=False)
                yield FolderList(Path(self._location))
                with Vertical(id="preview", classes="-none"):
                    yield PictureView()
                    yield Static(id="text", markup=False)
                    yield Static(id="facts", markup=False)
            yield Static(id="count", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Look where to go to."""
        self._begin(self._find_places(), "places")
        # A list that begins where the program was started does not say that it went there.
        self.call_after_refresh(self._read_again)

    def on_resize(self, event: events.Resize) -> None:
        """Leave the places out where there is no room for them, until they are gone to."""
        self.set_class(event.size.width < 90, "-narrow")

    def _begin(self, work: Work, group: str, *, exclusive: bool = False) -> None:
        begin_work(self, work, group, exclusive=exclusive, through=self._while_open)

    async def _while_open(self, work: Work) -> None:
        """Do `work`; that the widgets go when the picker is closed is no failure."""
        try:
            await work
        except NoMatches:
            if self.is_current and self.app.is_running:
                raise

    async def _find_places(self) -> None:
        self._bookmarks = await bookmarks(self._last)
        self.places.add_options([Option(Content(bookmark.name)) for bookmark in self._bookmarks])
        self.places.action_first()

    # What is listed

    @on(FolderList.Changed)
    def _read_again(self) -> None:
        self._view = View("", self._view.hidden, self._view.pictures)
        self._entries = ()
        self._note("Reading…")
        self._show_state()
        self._begin(self._read(self.folder.location), "read", exclusive=True)

    async def _read(self, location: Path) -> None:
        slow = self.set_timer(_READING_DELAY, self._show_nothing)
        try:
            self._entries = await read_folder(location)
        except TuiError as error:
            self._set_error(sanitize(error.message))
            if self._last and str(location) == self._last:
                self._last = ""
                self.folder.location = Path.home()
        finally:
            slow.stop()
        await self._choose()

    def _show_nothing(self) -> None:
        """Empty the list: what it has belongs to another folder."""
        self.folder.show(Found(()), self._chosen.keys())

    async def _choose(self) -> None:
        words, self._span = split_span(self._view.words)
        entry = self.folder.highlighted_entry
        view = replace(self._view, words=words)
        found = await choose(self._entries, view, entry.name if entry is not None else "")
        self.folder.show(found, self._chosen.keys())
        shown = len(found.entries)
        if len(self._entries) == MOST_READ:
            self._note(f"{shown:,} of the first {MOST_READ:,} here; there are more, which are not looked at")
        elif self._span is not None:
            self._note(f"{shown:,} here; lines or pages {self._span} of what is chosen with Enter")
        elif not shown:
            self._note("Nothing here that is called so." if self._view.words else "Nothing here.")
        else:
            self._note(f"{shown:,} here")

    def _choose_again(self) -> None:
        self._show_state()
        self._begin(self._choose(), "choose", exclusive=True)

    def _note(self, words: str) -> None:
        count = len(self._chosen)
        chosen = f"{count} chosen · Enter attaches {'it' if count == 1 else 'them'} · " if count else ""
        self.query_one("#count", Static).update(chosen + words)

    def _show_state(self) -> None:
        kinds = ["pictures only"] if self._view.pictures else []
        kinds += ["with hidden files"] if self._view.hidden else []
        about = f"  ({', '.join(kinds)})" if kinds else ""
        self.query_one("#where", Static).update(sanitize_line(str(self.folder.location), 200) + about)
        words = sanitize_line(self._view.words, 80)
        typed = Content(f"› {words}▏") if words else Content.styled("› type to filter", "$text-muted")
        self.query_one("#filter", Static).update(typed)

    # Keys

    async def _on_key(self, event: events.Key) -> None:
        if event.character is None or not event.is_printable or event.key == "space":
            return
        event.stop()
        if not self._view.words and event.character in "~/":
            self.folder.location = Path.home() if event.character == "~" else Path("/")
            return
        self._filter(self._view.words + event.character)

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        self._begin(self._go_or_filter(event.text.strip()), "paste", exclusive=True)

    async def _go_or_filter(self, text: str) -> None:
        path = located(text)
        if text.startswith(("/", "~")) and await is_folder(path):
            self.folder.location = path
        else:
            self._filter(self._view.words + sanitize_line(text, 200))

    def _filter(self, words: str) -> None:
        self._view = View(words, self._view.hidden, self._view.pictures)
        self._to_places(wanted=False)
        self._choose_again()

    def action_up(self) -> None:
        """Take the last letter back, or go to the folder above."""
        if self._view.words:
            self._filter(self._view.words[:-1])
        else:
            self.folder.location = self.folder.location.parent

    def action_toggle_pictures(self) -> None:
        """Show only pictures, or all files."""
        self._view = View(self._view.words, self._view.hidden, not self._view.pictures)
        self._choose_again()

    def action_toggle_hidden(self) -> None:
        """Show hidden files, or no longer."""
        self._view = View(self._view.words, not self._view.hidden, self._view.pictures)
        self._choose_again()

    def action_places(self) -> None:
        """Go to the list of places, or back to the files."""
        self._to_places(wanted=not self.places.has_focus)

    def _to_places(self, *, wanted: bool) -> None:
        # Where there is no room for both, the places stand where the preview is, while they are gone through.
        self.set_class(wanted, "-places")
        (self.places if wanted else self.folder).focus()

    def action_mark(self) -> None:
        """Choose the file under the cursor as well, or no longer; then go to the next."""
        path, entry = self.folder.highlighted_path, self.folder.highlighted_entry
        if path is None or entry is None or entry.is_folder or not self.folder.has_focus:
            return
        if path in self._chosen:
            del self._chosen[path]
        else:
            self._chosen[path] = None
        self.folder.mark(self._chosen.keys())
        self.folder.action_cursor_down()
        self._note(f"{len(self.folder.found.entries):,} here")

    def action_accept(self) -> None:
        """Attach what is chosen, or open the folder."""
        self.folder.action_select()

    def action_close(self) -> None:
        """Clear what was typed, or attach nothing."""
        if self._view.words:
            self._filter("")
        else:
            self.dismiss(None)

    @on(FolderList.Selected)
    def _selected(self, event: FolderList.Selected) -> None:
        event.stop()
        path = event.path if self._span is None else event.path.with_name(f"{event.path.name}:{self._span}")
        paths = tuple(self._chosen) or (path,)
        self.dismiss(None)
        self._picked(paths)

    @on(OptionList.OptionSelected, "#places")
    def _place_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.folder.location = self._bookmarks[event.option_index].path
        self._to_places(wanted=False)

    # The file under the cursor

    @on(FolderList.Highlighted)
    def _highlighted(self, event: FolderList.Highlighted) -> None:
        event.stop()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_PREVIEW_DELAY, self._look_at_it)

    def _look_at_it(self) -> None:
        if not self.is_current:
            return
        path, entry = self.folder.highlighted_path, self.folder.highlighted_entry
        if path is None or entry is None or entry.is_folder:
            self._show_preview(None, "")
        else:
            self._begin(self._look_at(path), "preview", exclusive=True)

    async def _look_at(self, path: Path) -> None:
        try:
            preview = await self._look(path)
        except TuiError as error:
            self._show_preview(None, f"{error.message}\n{error.hint}".strip())
        else:
            self._show_preview(preview, self._facts(preview))

    def _facts(self, preview: Preview) -> str:
        what = f"{preview.kind} · {byte_size(preview.size)}"
        if (facts := preview.facts) is not None:
            tokens = picture_tokens(*scaled(facts.width, facts.height, self._longest))
            return f"{facts.width:,}×{facts.height:,} · {what}\n{token_words(tokens)}"
        return f"{what}\n{token_words(text_tokens(preview.size))}" if preview.text else what

    def _show_preview(self, preview: Preview | None, facts: str) -> None:
        picture = preview.picture if preview is not None else None
        text = preview.text if preview is not None else ""
        self.preview.set_class(picture is None and not text, "-none")
        self.preview.set_class(bool(text), "-text")
        self.picture.show(picture)
        rows = [line.expandtabs(4) for line in sanitize(text).split("\n")[: self.size.height]]
        self.query_one("#text", Static).update(Content("\n".join(rows)))
        self.query_one("#facts", Static).update(Content(sanitize(facts)))
