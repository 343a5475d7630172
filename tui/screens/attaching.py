"""The part of the chat screen that attaches files: picked, pasted, dropped, from the clipboard."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on

from tui.domain.errors import TuiError
from tui.domain.pasted import may_name_files
from tui.domain.text import sanitize_line
from tui.screens.model_messages import FolderUsed
from tui.screens.session import ChatSession
from tui.screens.sight import SightRoom
from tui.services.attachments.service import FromText
from tui.services.attachments.sources import sources_in, sources_of
from tui.services.clipboard import can_hold_pictures, clipboard_sources
from tui.widgets.attachment_row import AttachmentRow
from tui.widgets.prompt import Prompt
from tui.widgets.prompt_area import PromptArea

if TYPE_CHECKING:
    from tui.services.attachments.service import Source


class AttachingRoom(SightRoom):
    """Brings files to the input and takes them away; sees to it that pictures go to models that see."""

    takes_files = True
    """Whether a file can be attached."""

    _folder = ""
    """The folder that files were last attached from; empty for none."""

    def begin_attaching(self, session: ChatSession, folder: str) -> None:
        """Begin to take files.

        Args:
            session: What the files go to.
            folder: The folder that files were last attached from; empty for none.
        """
        self._folder = folder
        # From the screen's own queue: what reads a file is no part of the interface.
        session.files.arrived = lambda: self.call_later(self.pictures_arrived)
        session.files.opened = self.show_sight
        self.show_sight()
        self.pane.prompt.area.asks_clipboard = can_hold_pictures()
        self.pane.prompt.area.takes_large = self._take_large

    def attach_paths(self, paths: Sequence[str | Path]) -> None:
        """Attach files, each perhaps with lines or pages behind its path."""
        if self.session is not None and paths:
            self._start(self._attach_paths(self.session, [str(path) for path in paths]), "attach")

    async def _attach_paths(self, session: ChatSession, paths: Sequence[str]) -> None:
        session.files.add(await sources_of(paths))

    # Ways in

    def action_attach(self, path: str = "") -> None:
        """Choose files to attach, or attach the named one."""
        if path:
            self.attach_paths([path])
        elif self.session is not None:
            # Imported late: a start does not need it.
            from tui.screens.file_picker import FilePicker

            if not isinstance(self.app.screen, FilePicker):
                services = self.session.services
                picker = FilePicker(
                    services.attachments.preview,
                    self._picked,
                    folder=self._folder,
                    longest=services.settings.attachments.longest_side,
                )
                self.app.push_screen(picker)

    def _picked(self, paths: Sequence[Path]) -> None:
        self._folder = str(paths[0].parent)
        self.post_message(FolderUsed(self._folder))
        self.attach_paths(paths)
        self.pane.prompt.focus()

    def action_attach_clipboard(self) -> None:
        """Attach the picture that is on the clipboard."""
        if self.session is not None:
            self._start(self._attach_clipboard(self.session, or_paste=False), "attach")

    @on(PromptArea.ClipboardWanted)
    def _clipboard_wanted(self, event: PromptArea.ClipboardWanted) -> None:
        event.stop()
        if self.session is None:
            self.pane.prompt.area.paste_copied()
        else:
            self._start(self._attach_clipboard(self.session, or_paste=True), "attach")

    async def _attach_clipboard(self, session: ChatSession, *, or_paste: bool) -> None:
        sources: Sequence[Source] = ()
        try:
            sources = await clipboard_sources(session.services.settings.attachments.most_bytes)
        except TuiError as error:
            if not or_paste:
                self.tell(error)
                return
        if sources:
            session.files.add(sources)
        elif or_paste:
            self.pane.prompt.area.paste_copied()
        else:
            self._say("There is no picture on the clipboard.")

    @on(Prompt.FilesPasted)
    def _files_pasted(self, event: Prompt.FilesPasted) -> None:
        event.stop()
        if self.session is not None:
            self._start(self._attach_pasted(self.session, event.pasted), "attach")

    def _take_large(self, text: str) -> bool:
        """Attach a large paste in place of putting it into the input; return whether that is done."""
        session = self.session
        if session is None:
            return False
        # Only where it may be so: looking into it is work.
        if may_name_files(text):
            self._start(self._attach_large(session, text), "attach")
        else:
            self._attach_text(session, text)
        return True

    async def _attach_large(self, session: ChatSession, text: str) -> None:
        if sources := await sources_in(text):
            session.files.add(sources)
        else:
            self._attach_text(session, text)

    def _attach_text(self, session: ChatSession, text: str) -> None:
        names = {chip.name for chip in self.pane.attachments.chips}
        name = next(each for number in count(1) if (each := f"pasted text {number}") not in names)
        session.files.add([FromText(text, name)])
        # The row says so too, but the key that sends may be next.
        self.pane.prompt.has_files_above = True

    async def _attach_pasted(self, session: ChatSession, pasted: PromptArea.Pasted) -> None:
        sources = await sources_in(pasted.text)
        if sources:
            self.pane.prompt.area.take_back(pasted)
            session.files.add(sources)

    @on(Prompt.FileWanted)
    def _file_wanted(self, event: Prompt.FileWanted) -> None:
        event.stop()
        self.attach_paths([event.path])

    # Chips

    @on(AttachmentRow.Removed)
    def _chip_removed(self, event: AttachmentRow.Removed) -> None:
        event.stop()
        session = self.session
        if session is None or not 0 <= event.index < len(event.row.chips):
            return
        name = sanitize_line(event.row.chips[event.index].name, 60)
        put_back = session.files.remove(event.index)
        if put_back is not None:

            async def undo() -> None:
                put_back()

            session.services.undo.push(f"took away {name}", undo)
            self._say_done(f"took away {name}")

    @on(AttachmentRow.Moved)
    def _chip_moved(self, event: AttachmentRow.Moved) -> None:
        event.stop()
        if self.session is not None:
            self.session.files.move(event.index, event.step)

    @on(AttachmentRow.Opened)
    def _chip_opened(self, event: AttachmentRow.Opened) -> None:
        event.stop()
        chips = event.row.chips
        files = tuple(chip.attachment for chip in chips if chip.attachment is not None)
        before = sum(chip.attachment is not None for chip in chips[: event.index])
        self.open_files(files, before)
