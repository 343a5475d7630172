"""The list of models that drops down from the header."""

from collections.abc import Callable, Sequence
from time import time
from typing import ClassVar

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
from tui.domain.model import ModelInfo, RunningModel, find_model, full_name
from tui.domain.text import sanitize_line
from tui.widgets.filter_input import FilterInput
from tui.widgets.fit import fit
from tui.widgets.model_filter import capability_words, filter_models, size_words

NO_MODELS = "No models are installed on this server.\n\nIn another terminal: ollama pull gemma3"
"""What the list says when the server has no model that can chat."""

_WIDEST = 100
_COLUMNS = (("parameters", 9), ("quantisation", 10), ("size", 9), ("capabilities", 23), ("loaded", 10))


class ModelPicker(ModalScreen[str | None]):
    """Every installed model that can chat; dismissed with the chosen name, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.MODELS)]

    DEFAULT_CSS = """
    ModelPicker {
        align: right top;
        background: $background 50%;
        #panel {
            width: 100;
            max-width: 96%;
            height: auto;
            max-height: 80%;
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
            & > .input--placeholder { color: $text-muted; }
        }
        #columns { height: 1; padding: 0 1; color: $text-muted; text-wrap: nowrap; }
        OptionList {
            height: auto;
            max-height: 60vh;
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
        #message { height: auto; padding: 0 1 1 1; color: $text; }
    }
    """

    options = getters.query_one(OptionList)
    filter = getters.query_one(Input)

    def __init__(
        self,
        models: Sequence[ModelInfo] = (),
        running: Sequence[RunningModel] = (),
        current: str = "",
        *,
        error: TuiError | None = None,
        clock: Callable[[], float] = time,
    ) -> None:
        """Make the list.

        Args:
            models: The installed models; the ones that cannot chat are left out.
            running: The loaded ones.
            current: The name of the model in use; the cursor begins there.
            error: Why the models are not known, if they are not.
            clock: Seconds since the epoch, for how long a model stays loaded.
        """
        super().__init__()
        self._models = tuple(models)
        self._loaded = tuple(running)
        self._chosen_before = current
        self._error = error
        self._clock = clock
        self._shown: tuple[ModelInfo, ...] = ()
        self._filtered_by = ""

    def compose(self) -> ComposeResult:
        """Compose the filter, the headings and the list."""
        with Vertical(id="panel") as panel:
            panel.border_title = "Model"
            panel.border_subtitle = "Enter chooses · Esc closes"
            yield FilterInput(placeholder="type to filter")
            yield Static("", id="columns", markup=False)
            yield OptionList(compact=True, markup=False)
            yield Static("", id="message", markup=False)

    def on_mount(self) -> None:
        """Show the models with the cursor on the one in use."""
        self.options.can_focus = False
        self.filter.focus()
        self._rebuild(self._chosen_before)

    def on_resize(self, event: events.Resize) -> None:
        """Fit the columns to the new width."""
        self._rebuild(self._name_under_cursor)

    def set_models(self, models: Sequence[ModelInfo], running: Sequence[RunningModel]) -> None:
        """Show other models; filter and cursor stay."""
        self._models, self._loaded, self._error = tuple(models), tuple(running), None
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
        return self._shown

    def action_move_cursor(self, step: int) -> None:
        """Move the cursor by `step` models."""
        if step > 0:
            self.options.action_cursor_down()
        else:
            self.options.action_cursor_up()

    def action_page_cursor(self, step: int) -> None:
        """Move the cursor by `step` pages."""
        if self._shown:
            page = max(1, self.options.size.height - 1)
            place = (self.options.highlighted or 0) + step * page
            self.options.highlighted = max(0, min(place, len(self._shown) - 1))

    def action_choose(self) -> None:
        """Choose the model under the cursor."""
        # Typed fast, Enter arrives before the list has followed the filter.
        if self._filtered_by != self.filter.value:
            self._filter_changed()
        if name := self._name_under_cursor:
            self.dismiss(name)

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

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_choose()

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._shown[event.option_index].name)

    @property
    def _name_under_cursor(self) -> str:
        index = self.options.highlighted
        return self._shown[index].name if index is not None and index < len(self._shown) else ""

    def _rebuild(self, cursor: str) -> None:
        self._filtered_by = self.filter.value
        self._shown = filter_models(self._filtered_by, self._models)
        width = min(_WIDEST, self.app.size.width * 96 // 100) - 6
        loaded = {full_name(each.name).casefold(): each for each in self._loaded}
        self.options.set_options(
            Option(self._row(model, loaded.get(full_name(model.name).casefold()), width))
            for model in self._shown
        )
        if self._shown:
            found = find_model(cursor, self._shown) if cursor else None
            self.options.highlighted = self._shown.index(found) if found else 0
        self.query_one("#columns", Static).update(Content(self._headings(width)))
        self._show_message()

    def _show_message(self) -> None:
        message = self.query_one("#message", Static)
        text = self._message()
        message.update(text)
        message.display = bool(text.plain)
        self.options.display = bool(self._shown)
        self.query_one("#columns", Static).display = bool(self._shown)

    def _message(self) -> Content:
        if self._error is not None:
            return Content("\n").join(
                [
                    Content.styled(sanitize_line(self._error.message), "$text-error"),
                    Content.styled(sanitize_line(self._error.hint), "$text-muted"),
                ]
            )
        if not any(model.can_chat for model in self._models):
            return Content(NO_MODELS)
        if not self._shown:
            return Content(f"No installed model matches “{sanitize_line(self.filter.value, 60)}”.")
        return Content("")

    def _columns(self, width: int) -> list[tuple[str, int]]:
        """Return the columns after the name that there is room for."""
        columns = list(_COLUMNS)
        # The names keep at least 24 cells; the least needed columns go first.
        for unneeded in ("capabilities", "size", "quantisation"):
            if width - sum(each for _, each in columns) >= 24:
                break
            columns = [column for column in columns if column[0] != unneeded]
        return columns

    def _headings(self, width: int) -> str:
        columns = self._columns(width)
        name = width - sum(each for _, each in columns) - 2
        words = {"parameters": "params", "quantisation": "quant", "capabilities": "can", "loaded": ""}
        rest = "".join(_cell(label, words.get(label, label), size) for label, size in columns)
        return "  " + fit("name", name) + rest

    def _row(self, model: ModelInfo, running: RunningModel | None, width: int) -> Content:
        columns = self._columns(width)
        name = width - sum(each for _, each in columns) - 2
        is_current = find_model(self._chosen_before, (model,)) is not None if self._chosen_before else False
        row = Content.styled("▌ " if is_current else "  ", "$text-primary")
        row += Content(fit(sanitize_line(model.name), name))
        values = {
            "parameters": sanitize_line(model.parameter_size, 20),
            "quantisation": sanitize_line(model.quantization, 20),
            "size": size_words(model.size),
            "capabilities": capability_words(model),
        }
        for label, size in columns:
            if label == "loaded":
                row += Content.styled(fit(self._loaded_words(running), size), "$text-success")
            else:
                row += Content(_cell(label, values[label], size))
        return row

    def _loaded_words(self, running: RunningModel | None) -> str:
        if running is None:
            return ""
        if running.expires_at is None:
            return "● loaded"
        minutes = (running.expires_at - self._clock()) / 60
        if minutes <= 0:
            return "● loaded"
        # A model that is kept for good expires in hundreds of years.
        if minutes >= 60 * 24 * 30:
            return "● kept"
        return f"● {minutes / 60:.0f} h" if minutes >= 90 else f"● {max(1, round(minutes))} min"


def _cell(label: str, text: str, size: int) -> str:
    """Return the cells of one column: sizes to the right, words to the left, two cells between."""
    return fit(text, size - 2, right=label in ("parameters", "size")) + "  "
