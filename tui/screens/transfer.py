"""Conversations to a file: the export dialog, and what it shares with the import screen."""

from pathlib import Path
from typing import ClassVar, Final

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Checkbox, Input, RadioButton, RadioSet, Static

from tui.commands.bindings import bindings_for
from tui.commands.command import Scope
from tui.domain.conversation import Conversation
from tui.domain.errors import FileInTheWay, TuiError
from tui.domain.text import sanitize, sanitize_line
from tui.screens.work import begin_work
from tui.services import Services
from tui.services.clock import SystemClock
from tui.services.transfer.export import ExportFormat, ExportService
from tui.services.transfer.writing import file_name
from tui.widgets.filter_input import FilterInput

_FORMATS: Final = (
    (ExportFormat.MARKDOWN, "Markdown: this branch, for reading"),
    (ExportFormat.JSON, "JSON: everything, to be imported again"),
    (ExportFormat.HTML, "HTML: this branch as a page with its images"),
)
_SHORT_ID: Final = 8

TRANSFER_CSS: Final = """
    {name} {{
        align: center middle;
        background: $background 50%;
        #panel {{
            width: 76;
            max-width: 94%;
            height: auto;
            max-height: 94%;
            padding: 1 2;
            background: $surface;
            border: round $border;
        }}
        #heading {{ height: auto; text-style: bold; color: $text; margin: 0 0 1 0; }}
        .label {{ height: auto; color: $text-muted; margin: 1 0 0 0; }}
        #message {{ height: auto; color: $text; margin: 1 0; }}
        #details {{ height: auto; max-height: 40vh; }}
        #details Static {{ height: auto; color: $text-muted; }}
        Input {{ border: none; height: 1; padding: 0 1; background: $panel; &:focus {{ border: none; }} }}
        RadioSet, Checkbox {{
            border: none;
            padding: 0;
            background: $surface;
            width: 1fr;
            &:focus, &:focus-within {{ border: none; background-tint: $foreground 0%; }}
        }}
        #buttons {{ height: 1; align-horizontal: right; }}
        #stores {{ height: 1; margin: 1 0 0 0; }}
        #stores Button {{ margin: 0 2 0 0; }}
        Button {{
            height: 1;
            min-width: 10;
            border: none;
            margin: 0 0 0 2;
            background: $panel;
            color: $text;
            text-style: none;
            &:focus {{
                background: $block-cursor-background;
                color: $block-cursor-foreground;
                text-style: bold;
            }}
        }}
    }}
"""


def path_from(text: str) -> Path:
    """Return the path that was typed, pasted or dropped, which may stand in quotes."""
    plain = text.strip()
    if len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "'\"":
        plain = plain[1:-1]
    return Path(plain).expanduser()


class _Choice(RadioButton):
    """A choice whose state can be told without colours."""

    def on_mount(self) -> None:
        """Show the state that it begins with."""
        self.BUTTON_INNER = "●" if self.value else " "

    def watch_value(self) -> None:
        """Show the state in the character too."""
        self.BUTTON_INNER = "●" if self.value else " "
        super().watch_value()


class _Tick(Checkbox):
    """A box whose state can be told without colours."""

    def on_mount(self) -> None:
        """Show the state that it begins with."""
        self.BUTTON_INNER = "X" if self.value else " "

    def watch_value(self) -> None:
        """Show the state in the character too."""
        self.BUTTON_INNER = "X" if self.value else " "
        super().watch_value()


class ExportScreen(ModalScreen[None]):
    """Asks as what and where to write a conversation, and writes it."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.DIALOG)]

    DEFAULT_CSS = TRANSFER_CSS.format(name="ExportScreen")

    path = getters.query_one("#path", Input)
    everything = getters.query_one(Checkbox)
    formats = getters.query_one(RadioSet)
    message = getters.query_one("#message", Static)

    def __init__(self, services: Services, conversation: Conversation | None) -> None:
        """Make the dialog.

        Args:
            services: Where conversations come from.
            conversation: The one that is open; None offers all of them only.
        """
        super().__init__()
        self._service = ExportService(services.store, SystemClock())
        self._conversation = conversation
        self._overwrite: Path | None = None
        """The file that may be overwritten: its name was confirmed."""

    def compose(self) -> ComposeResult:
        """Compose the choices, the path and the buttons."""
        title = self._conversation.title if self._conversation else "all conversations"
        with Vertical(id="panel"):
            yield Static(Content(f"Export {sanitize_line(title, 100)}"), id="heading")
            with RadioSet(compact=True):
                for format, words in _FORMATS:
                    yield _Choice(Content(words), value=format is ExportFormat.MARKDOWN, name=format.value)
            yield _Tick(
                "All conversations",
                value=self._conversation is None,
                disabled=self._conversation is None,
                compact=True,
            )
            yield Static("Write to", classes="label")
            yield FilterInput(id="path")
            yield Static("", id="message")
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="no", compact=True)
                yield Button("Export", id="yes", compact=True)

    def on_mount(self) -> None:
        """Propose a name."""
        self._propose()
        self.path.focus()

    @property
    def format(self) -> ExportFormat:
        """What is chosen."""
        return _FORMATS[max(0, self.formats.pressed_index)][0]

    def _propose(self) -> None:
        """Put a name into the path that fits what is chosen, in the folder that is there."""
        written = path_from(self.path.value)
        folder = written.parent if self.path.value.strip() else Path.cwd()
        chosen = self.format
        if self._conversation is not None and not self.everything.value:
            name = file_name(self._conversation.title, self._conversation.id[:_SHORT_ID], chosen.suffix)
        else:
            name = "conversations.json" if chosen is ExportFormat.JSON else "conversations"
        self.path.value = str(folder / name)

    @on(RadioSet.Changed)
    @on(Checkbox.Changed)
    def _chosen(self) -> None:
        self._propose()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_answer(True)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.action_answer(event.button.id == "yes")

    def action_move(self) -> None:
        """Go to the next field."""
        self.focus_next()

    def action_answer(self, answer: bool) -> None:
        """Write, or close without writing."""
        if answer:
            begin_work(self, self._write(), "export", exclusive=True)
        else:
            self.dismiss(None)

    async def _write(self) -> None:
        path = path_from(self.path.value)
        try:
            await self._write_to(path, overwrite=self._overwrite == path)
        except FileInTheWay as error:
            self._overwrite = path
            self._tell(f"{error.message} Once more overwrites it.")
        except TuiError as error:
            self._tell(f"{error.message} {error.hint}")
        else:
            self.app.notify(sanitize_line(f"Written to {path}"), markup=False)
            self.dismiss(None)

    async def _write_to(self, path: Path, *, overwrite: bool) -> None:
        if self._conversation is not None and not self.everything.value:
            await self._service.to_file([self._conversation.id], self.format, path, overwrite=overwrite)
            return
        ids = await self._service.all_ids()
        if self.format is ExportFormat.JSON:
            await self._service.to_file(
                ids, self.format, path, overwrite=overwrite, progress=self._show_progress
            )
        else:
            await self._service.to_directory(
                ids, self.format, path, overwrite=overwrite, progress=self._show_progress
            )

    def _show_progress(self, done: int, total: int) -> None:
        if done % 50 == 0:
            self._tell(f"Writing {done:,} of {total:,}…")

    def _tell(self, text: str) -> None:
        self.message.update(Content(sanitize(text)))
