"""The import screen: conversations from a file, or from the store of another program."""

import os
from pathlib import Path
from typing import ClassVar, Final

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from tui.commands.bindings import bindings_for
from tui.commands.command import Scope
from tui.domain.errors import FileUnusable, TuiError
from tui.domain.text import sanitize, sanitize_line
from tui.screens.transfer import TRANSFER_CSS, path_from
from tui.screens.work import begin_work
from tui.services import Services
from tui.services.clock import SystemClock
from tui.services.transfer.importing import ImportProgress, ImportRun, ImportService, ImportSummary
from tui.services.transfer.sources import Program, locate
from tui.widgets.filter_input import FilterInput

_SHOWN_FAILURES: Final = 100


class ImportScreen(ModalScreen[int]):
    """Asks what to import, shows how far it is, and says what came of it.

    It is dismissed with the number of the step that undoes the last import, 0 for none.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.DIALOG)]

    DEFAULT_CSS = TRANSFER_CSS.format(name="ImportScreen")

    path = getters.query_one("#path", Input)
    message = getters.query_one("#message", Static)
    details = getters.query_one("#details", VerticalScroll)
    close_button = getters.query_one("#no", Button)
    undo_button = getters.query_one("#undo", Button)

    def __init__(self, services: Services) -> None:
        """Make the screen.

        Args:
            services: Where conversations go.
        """
        super().__init__()
        self._services = services
        self._service = ImportService(services.store, services.bus, SystemClock(), services.undo)
        self._run: ImportRun | None = None
        self._step = 0
        """What undoes the last import; 0 for nothing."""
        self._stores = _found_stores()

    def compose(self) -> ComposeResult:
        """Compose the path, the stores that were found, and what comes of it."""
        with Vertical(id="panel"):
            yield Static("Import conversations", id="heading")
            yield Static(
                "A file of ollama-tui, ChatGPT (JSON or ZIP) or Open WebUI. What is here already stays.",
                classes="label",
            )
            yield FilterInput(id="path", placeholder="path of a file or folder")
            if self._stores:
                with Horizontal(id="stores"):
                    for program in self._stores:
                        yield Button(f"From {program.value}", id=f"from-{program.value}", compact=True)
            yield Static("", id="message")
            with VerticalScroll(id="details"):
                yield Static("", id="failures")
            with Horizontal(id="buttons"):
                yield Button("Undo", id="undo", compact=True)
                yield Button("Close", id="no", compact=True)
                yield Button("Import", id="yes", compact=True)

    def on_mount(self) -> None:
        """Wait for a path."""
        self.details.display = False
        self.undo_button.display = False
        self.path.focus()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_answer(True)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        name = (event.button.id or "").removeprefix("from-")
        if name in ("yes", "no"):
            self.action_answer(name == "yes")
        elif name == "undo":
            begin_work(self, self._undo(), "import")
        else:
            self._begin(self._stores[Program(name)])

    def action_move(self) -> None:
        """Go to the next field."""
        self.focus_next()

    def action_answer(self, answer: bool) -> None:
        """Begin to import; or stop, or close where nothing runs."""
        if self._run is not None:
            if not answer:
                self._run.stop()
        elif not answer:
            self.dismiss(self._step)
        elif self.path.value.strip():
            self._begin(path_from(self.path.value))

    def _begin(self, path: Path) -> None:
        if self._run is None:
            self._run = self._service.begin(self._show_progress)
            self.details.display = False
            self.close_button.label = "Stop"
            begin_work(self, self._import(self._run, path), "import")

    async def _import(self, run: ImportRun, path: Path) -> None:
        try:
            self._show_summary(await run.run([path]))
        except TuiError as error:
            self._tell(f"{error.message} {error.hint}")
        finally:
            self._run = None
            self.close_button.label = "Close"

    async def _undo(self) -> None:
        self.path.focus()
        self.undo_button.display = False
        step, self._step = self._step, 0
        self._tell("Taking it back…")
        try:
            undone = await self._services.undo.undo(step)
        except TuiError as error:
            self._step = step
            self.undo_button.display = True
            self._tell(f"{error.message} {error.hint}")
        else:
            self._tell(f"Undone: {undone.what}." if undone else "This was undone already.")

    def _show_progress(self, progress: ImportProgress) -> None:
        read = "reading" if progress.fraction is None else f"{progress.fraction:.0%}"
        self._tell(f"{progress.file}, {read}: {progress.imported:,} imported · Esc stops")

    def _show_summary(self, summary: ImportSummary) -> None:
        self._tell(summary.in_words())
        self._step = self._services.undo.last if summary.changed else 0
        self.undo_button.display = summary.changed
        lines = [f"{failure.place}: {failure.reason}" for failure in summary.failures[:_SHOWN_FAILURES]]
        if summary.failed > len(lines):
            lines.append(f"… and {summary.failed - len(lines):,} more")
        self.query_one("#failures", Static).update(
            Content("\n".join(sanitize_line(line, 1000) for line in lines))
        )
        self.details.display = bool(lines)

    def _tell(self, text: str) -> None:
        self.message.update(Content(sanitize(text)))


def _found_stores() -> dict[Program, Path]:
    """Return the programs whose conversations are on this machine, and where."""
    found: dict[Program, Path] = {}
    for program in Program:
        try:
            found[program] = locate(program, os.environ, Path.home())
        except FileUnusable:
            continue
    return found
