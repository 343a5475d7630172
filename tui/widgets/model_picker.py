"""The list of models that drops down from the header."""

from collections.abc import Callable, Sequence
from time import time
from typing import ClassVar, Protocol

from textual import events, getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.commands.bindings import bindings_for
from tui.commands.command import Scope
from tui.domain.errors import TuiError
from tui.domain.model import ModelInfo, find_model
from tui.domain.server import ModelChoice
from tui.domain.text import sanitize_line
from tui.widgets.filter_input import FilterInput
from tui.widgets.picker_rows import PickerContents, PickerRow, headings, left_out, picker_rows, row_text

NO_MODELS = "No models are installed on this server.\n\nF4 opens the manager, which fetches one by its name."
"""What the list says when the server has no model that can chat."""

_WIDEST = 120

_ABOVE = 5
"""Rows of the panel besides the list and what stands below it: its border, the filter, the headings."""

_MESSAGE = 4
"""Rows that an error may take below the list."""


class PickerDelegate(Protocol):
    """Does what the list cannot do by itself."""

    def describe_models(self, names: Sequence[str], server: str | None) -> None:
        """Learn what models can do that are listed without it; `show` is called when it is known.

        Args:
            names: The models.
            server: The name of their server; None for the one in use.
        """
        ...

    def toggle_favourite(self, name: str) -> None:
        """Let a model stand first, or no longer."""
        ...

    def manage_models(self) -> None:
        """Open the model manager."""
        ...

    def refresh_models(self) -> None:
        """Ask every server for its models again."""
        ...


class ModelPicker(ModalScreen[ModelChoice | None]):
    """Every installed model that can chat, on every server; dismissed with the chosen one, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.MODELS)]

    DEFAULT_CSS = """
    ModelPicker {
        align: right top;
        background: $background 50%;
        #panel {
            width: 120;
            max-width: 96%;
            height: auto;
            max-height: 90%;
            margin: 1 1 0 0;
            padding: 0 1;
            background: $surface;
            border: round $border;
            border-title-color: $text;
            border-subtitle-color: $text-muted;
            border-subtitle-background: $surface;
            border-title-background: $surface;
        }
        Input {
            border: none;
            height: 1;
            padding: 0 1;
            background: $panel;
            margin: 0 0 1 0;
            &:focus { border: none; }
        }
        #columns { height: 1; color: $text-muted; text-wrap: nowrap; }
        OptionList {
            height: auto;
            border: none;
            padding: 0;
            background: $surface;
            scrollbar-size-vertical: 1;
            text-wrap: nowrap;
            &:focus { border: none; }
            & > .option-list--option-highlighted {
                color: $block-cursor-foreground;
                background: $block-cursor-background;
            }
        }
        #left-out { height: auto; color: $text-muted; border-top: solid $border; text-wrap: nowrap; }
        #message { height: auto; padding: 0 1 1 1; color: $text; }
    }
    """

    options = getters.query_one(OptionList)
    filter = getters.query_one(Input)

    def __init__(
        self,
        contents: PickerContents | None = None,
        current: str = "",
        *,
        error: TuiError | None = None,
        delegate: PickerDelegate | None = None,
        clock: Callable[[], float] = time,
    ) -> None:
        """Make the list.

        Args:
            contents: The models and what is known of them.
            current: The name of the model in use; the cursor begins there.
            error: Why the models are not known, if they are not.
            delegate: Does what the list cannot do by itself.
            clock: Seconds since the epoch, for how long a model stays loaded.
        """
        super().__init__()
        self._contents = contents or PickerContents()
        self._chosen_before = current
        self._error = error
        self._delegate = delegate
        self._clock = clock
        self._rows: list[PickerRow] = []
        self._filtered_by = ""
        self._described: set[tuple[str | None, str]] = set()
        self._room = 0

    def compose(self) -> ComposeResult:
        """Compose the filter, the headings and the list."""
        with Vertical(id="panel") as panel:
            panel.border_title = "Model"
            panel.border_subtitle = "Enter chooses · F3 favourite · F4 manage · Esc closes"
            yield FilterInput(placeholder="type to filter")
            yield Static("", id="columns", markup=False)
            yield OptionList(compact=True, markup=False)
            yield Static("", id="left-out", markup=False)
            yield Static("", id="message", markup=False)

    def on_mount(self) -> None:
        """Show the models with the cursor on the one in use."""
        self.options.can_focus = False
        self.filter.focus()
        self._rebuild(self._chosen_before)

    def on_resize(self, event: events.Resize) -> None:
        """Fit the columns to the new width."""
        self._rebuild(self._name_under_cursor)

    def show(self, contents: PickerContents, error: TuiError | None = None) -> None:
        """Show other models; filter and cursor stay."""
        self._contents, self._error = contents, error
        if self.is_mounted:
            self._rebuild(self._name_under_cursor or self._chosen_before)

    def set_error(self, error: TuiError) -> None:
        """Say why the models are not known; what was listed before stays listed."""
        self._error = error
        if self.is_mounted:
            self._rebuild(self._name_under_cursor)

    @property
    def shown(self) -> tuple[ModelInfo, ...]:
        """The models that are listed now."""
        return tuple(row.model for row in self._rows)

    def action_move_cursor(self, step: int) -> None:
        """Move the cursor by `step` models."""
        if step > 0:
            self.options.action_cursor_down()
        else:
            self.options.action_cursor_up()
        self.call_after_refresh(self._describe_visible)

    def action_page_cursor(self, step: int) -> None:
        """Move the cursor by `step` pages."""
        if self._rows:
            page = max(1, self.options.size.height - 1)
            place = (self.options.highlighted or 0) + step * page
            self.options.highlighted = max(0, min(place, len(self._rows) - 1))
            self.call_after_refresh(self._describe_visible)

    def action_choose(self) -> None:
        """Choose the model under the cursor."""
        # Typed fast, Enter arrives before the list has followed the filter.
        if self._filtered_by != self.filter.value:
            self._filter_changed()
        if row := self._row:
            self._choose(row)

    def action_favourite(self) -> None:
        """Let the model under the cursor stand first, or no longer."""
        if self._delegate is not None and (row := self._row) is not None:
            self._delegate.toggle_favourite(row.model.name)

    def action_manage(self) -> None:
        """Open the model manager in place of the list."""
        self.dismiss(None)
        if self._delegate is not None:
            self._delegate.manage_models()

    def action_refresh(self) -> None:
        """Ask every server for its models again."""
        if self._delegate is not None:
            self._delegate.refresh_models()

    def action_close(self) -> None:
        """Choose nothing."""
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        """Close on a click beside the list."""
        if event.widget is self:
            self.dismiss(None)

    @on(Input.Changed)
    def _filter_changed(self) -> None:
        self._rebuild("" if self.filter.value.strip() else self._chosen_before)
        self.call_after_refresh(self._show_first)

    def _show_first(self) -> None:
        """Show the list from its beginning where the cursor is in sight then: it was short a moment ago."""
        if (self.options.highlighted or 0) < self._room:
            self.options.scroll_home(animate=False)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_choose()

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._choose(self._rows[event.option_index])

    def _choose(self, row: PickerRow) -> None:
        self.dismiss(ModelChoice(row.model.name, row.server.name if row.server else None))

    @property
    def _row(self) -> PickerRow | None:
        index = self.options.highlighted
        return self._rows[index] if index is not None and index < len(self._rows) else None

    @property
    def _name_under_cursor(self) -> str:
        return self._row.model.name if self._row else ""

    def _rebuild(self, cursor: str) -> None:
        self._filtered_by = self.filter.value
        before = self._row.server if self._row else None
        self._rows = picker_rows(self._filtered_by, self._contents)
        width = self._row_width
        self.options.set_options(
            Option(row_text(row, self._contents, self._chosen_before, width, self._clock))
            for row in self._rows
        )
        if self._rows:
            self.options.highlighted = self._place(cursor, before.name if before else None)
        self.query_one("#columns", Static).update(Content(headings(width)))
        self._show_message()
        self._show_left_out()
        self.call_after_refresh(self._describe_visible)

    @property
    def _row_width(self) -> int:
        return min(_WIDEST, self.app.size.width * 96 // 100) - 6

    @on(OptionList.OptionHighlighted)
    def _show_left_out(self) -> None:
        """Say of the model under the cursor what the columns have no room for."""
        foot = self.query_one("#left-out", Static)
        row = self._row
        text = left_out(self._rows, row, self._contents, self._row_width) if row else ""
        foot.update(text)
        foot.display = bool(text)
        below = text.count("\n") + 2 if text else 0
        below += _MESSAGE if self._error is not None else 0
        self._room = max(3, (self.app.size.height - 1) * 90 // 100 - _ABOVE - below)
        self.options.styles.max_height = self._room

    def _place(self, name: str, server: str | None) -> int:
        for index, row in enumerate(self._rows):
            where = row.server.name if row.server else None
            if name and where == server and find_model(name, (row.model,)) is not None:
                return index
        return 0

    def _describe_visible(self) -> None:
        """Have what can be seen, and is listed without what it can do, looked up; each once."""
        first, height = round(self.options.scroll_y), self.options.size.height
        missing: dict[str | None, list[str]] = {}
        for row in self._rows[first : first + height]:
            model = (row.server.name if row.server else None, row.model.name)
            if row.model.capabilities is None and model not in self._described:
                self._described.add(model)
                missing.setdefault(model[0], []).append(model[1])
        if self._delegate is not None:
            for server, names in missing.items():
                self._delegate.describe_models(names, server)

    def _show_message(self) -> None:
        message = self.query_one("#message", Static)
        text = self._message()
        message.update(text)
        message.display = bool(text.plain)
        self.options.display = bool(self._rows)
        self.query_one("#columns", Static).display = bool(self._rows)

    def _message(self) -> Content:
        if self._error is not None:
            return Content("\n").join(
                [
                    Content.styled(sanitize_line(self._error.message), "$text-error"),
                    Content.styled(sanitize_line(self._error.hint), "$text-muted"),
                ]
            )
        if self._rows:
            return Content("")
        if not any(model.can_chat for model in self._contents.models):
            return Content(NO_MODELS)
        return Content(f"No installed model matches “{sanitize_line(self.filter.value, 60)}”.")
