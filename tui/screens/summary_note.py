"""The summary that is sent in place of earlier messages: read, changed, made anew, deleted."""

from collections.abc import Callable, Coroutine
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from tui.commands.bindings import bindings_for
from tui.commands.command import Scope
from tui.domain.conversation import Summary
from tui.domain.errors import TuiError
from tui.domain.text import sanitize, sanitize_line
from tui.screens.dialogs import ConfirmScreen
from tui.screens.work import begin_work_of_dialog
from tui.services.summaries import SummaryService


class SummaryScreen(ModalScreen[None]):
    """A note in a text area."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.SUMMARY)]

    DEFAULT_CSS = """
    SummaryScreen {
        align: center middle;
        background: $background 50%;
        #panel {
            width: 92;
            max-width: 96%;
            height: 80%;
            padding: 0 1;
            background: $surface;
            border: round $border;
            border-title-style: bold;
            border-subtitle-color: $text-muted;
            border-subtitle-background: $surface;
        }
        #about { height: auto; color: $text-muted; padding: 0 1; }
        #about.-wrong { color: $text-error; }
        TextArea {
            height: 1fr;
            border: none;
            padding: 0 1;
            background: $panel;
            scrollbar-size-vertical: 1;
            &:focus { border: none; background: $panel; background-tint: transparent 0%; }
            .text-area--cursor-line { background: $panel; }
        }
    }
    """

    note = query_one(TextArea)

    def __init__(self, service: SummaryService, summary: Summary, done: Callable[[str], None]) -> None:
        """Make the page.

        Args:
            service: Changes summaries.
            summary: What is shown.
            done: Says what was done, and offers to undo it.
        """
        super().__init__()
        self._service = service
        self._summary = summary
        self._done = done
        self._busy = False

    def compose(self) -> ComposeResult:
        """Compose words and text."""
        with Vertical(id="panel") as panel:
            panel.border_title = "Summary of earlier messages"
            panel.border_subtitle = "Ctrl+S keep · Ctrl+R make anew · F8 delete · Esc closes"
            yield Static("", id="about", markup=False)
            yield TextArea(id="note", tab_behavior="focus", soft_wrap=True)

    def on_mount(self) -> None:
        """Show the note, its cursor still."""
        self.note.cursor_blink = False
        self._show(self._summary)
        self.note.focus()

    def _show(self, summary: Summary) -> None:
        self._summary = summary
        self.note.text = summary.content
        model = sanitize_line(summary.model, 60) or "a model"
        by = "changed by hand" if summary.by_user else f"made by {model}"
        self._say(f"The model is told this in place of the messages above the line · {by}")

    def _say(self, words: str, *, wrong: bool = False) -> None:
        about = self.query_one("#about", Static)
        about.set_class(wrong, "-wrong")
        about.update(Content(sanitize(words)))

    @property
    def _dirty(self) -> bool:
        return self.note.text != self._summary.content

    def _do(self, work: Coroutine[None, None, None]) -> None:
        async def tried() -> None:
            self._busy = True
            try:
                await work
            except TuiError as error:
                self._say(f"{error.message} {error.hint}".strip(), wrong=True)
            finally:
                self._busy = False

        if self._busy:
            work.close()
        else:
            begin_work_of_dialog(self, tried(), "summary")

    def action_keep(self) -> None:
        """Keep the note as it stands here."""
        self._do(self._keep())

    async def _keep(self) -> None:
        if self._dirty:
            if not self.note.text.strip():
                self._say("An empty summary says nothing: F8 deletes it.", wrong=True)
                return
            await self._service.edit(self._summary, self.note.text)
            self._done("changed the summary")
        self.dismiss(None)

    def action_regenerate(self) -> None:
        """Have the model make the summary anew."""
        self._do(self._regenerate())

    async def _regenerate(self) -> None:
        self._say("The model writes it anew…")
        self._show(await self._service.regenerate(self._summary))
        self._done("had the summary made anew")

    def action_delete(self) -> None:
        """Delete the summary."""
        self._do(self._delete())

    async def _delete(self) -> None:
        await self._service.delete(self._summary)
        self._done("deleted the summary")
        self.dismiss(None)

    def action_close(self) -> None:
        """Close; asks first where the note was changed."""

        def decided(yes: bool | None) -> None:
            if yes:
                self.dismiss(None)

        if self._dirty:
            body = "What you changed is not kept. Ctrl+S keeps it."
            self.app.push_screen(ConfirmScreen("Close the summary?", body, yes="Close"), decided)
        else:
            self.dismiss(None)
