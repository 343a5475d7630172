"""The settings of a conversation as a form: what is typed is looked at with every key."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from tui.domain.answer_format import JSON, is_schema, parse_schema
from tui.domain.conversation import ContextPolicy
from tui.domain.errors import BadRequest
from tui.domain.generation import Options, Think
from tui.domain.parameter_fields import (
    FIELDS,
    number,
    parse_keep_alive,
    parse_number,
    parse_stops,
    stops_text,
    unset_words,
)
from tui.domain.setup import UNSET, Setup
from tui.domain.text import sanitize_line
from tui.widgets.filter_input import FilterInput
from tui.widgets.setting_rows import ChoiceRow, SettingRow

POLICIES: Final = tuple(ContextPolicy)
POLICY_WORDS: Final = {
    ContextPolicy.DROP_OLDEST: "drop the oldest",
    ContextPolicy.SUMMARISE: "summarise older ones",
    ContextPolicy.ASK: "ask me",
}
"""What each policy does, for people."""

_FORMATS: Final = ("any", "JSON", "JSON schema")
_OWN: Final = "model's own"
_THINKS_NOT: Final = "this model does not think"
_SCHEMA: Final = 2
"""The place of the schema among the formats."""


class SetupForm(VerticalScroll, can_focus=False):
    """Takes settings, shows them, and gives them back when every one of them makes sense."""

    DEFAULT_CSS = """
    SetupForm {
        height: auto;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        Input, TextArea {
            border: none;
            padding: 0 1;
            background: $panel;
            &:focus { border: none; background: $panel; background-tint: transparent 0%; }
        }
        Input { height: 1; }
        TextArea {
            width: 1fr;
            scrollbar-size-vertical: 1;
            .text-area--cursor-line { background: $panel; }
            .text-area--placeholder { color: $text-muted; }
        }
        .heading { height: 1; color: $text-muted; margin: 1 0 0 0; text-style: bold; }
        #system { height: auto; min-height: 3; max-height: 10; }
        #stop { height: auto; min-height: 1; max-height: 5; width: 25; }
        #schema { height: auto; min-height: 4; max-height: 12; }
        #row-schema { display: none; }
        &.-schema #row-schema { display: block; }
    }
    """

    class Changed(Message):
        """Something was typed or chosen."""

    class Accepted(Message):
        """Enter was pressed in a line."""

    def __init__(self, setup: Setup, *, model: str | None = None) -> None:
        """Make the form.

        Args:
            setup: What it begins with.
            model: The model of a preset; None leaves the row out.
        """
        super().__init__(id="form")
        self._setup = setup
        self._model = model
        self._thinking: tuple[Think | None, ...] = (None,)
        self._most: int | None = None
        self._schema_wrong = ""
        self._own = _OWN
        """What thinking is called that is left to the model."""

    def compose(self) -> ComposeResult:
        """Compose a row for each setting."""
        yield Static("System prompt", classes="heading")
        yield TextArea(
            id="system", tab_behavior="focus", placeholder="none: the model's own, where it has one"
        )
        if self._model is not None:
            yield SettingRow("model", "model", FilterInput(id="model", placeholder="the one that is chosen"))
        yield Static("Answers", classes="heading")
        for field in FIELDS:
            yield SettingRow(field.key, field.key, FilterInput(id=field.key), field.help)
        stops = TextArea(id="stop", tab_behavior="focus")
        yield SettingRow("stop", "stop", stops, "one a line; \\n: new line")
        yield SettingRow("think", "thinking", ChoiceRow((_OWN,), id="think"))
        yield SettingRow("format", "format", ChoiceRow(_FORMATS, id="format"))
        schema = TextArea(id="schema", tab_behavior="focus", placeholder='{"type": "object", …}')
        yield SettingRow("schema", "schema", schema)
        yield Static("Memory", classes="heading")
        policies = ChoiceRow([POLICY_WORDS[policy] for policy in POLICIES], id="policy")
        yield SettingRow("policy", "when it is full", policies)
        keep = FilterInput(id="keep_alive", placeholder="as the settings say")
        yield SettingRow("keep_alive", "keep_alive", keep, "10m, 0 at once, -1 for ever")

    def on_mount(self) -> None:
        """Show what it begins with, every cursor still."""
        for area in self.query(TextArea):
            area.cursor_blink = False
        for key in ("think", "format", "policy", "schema"):
            self.row(key).add_class("-wide")
        self.show(self._setup)

    def row(self, key: str) -> SettingRow:
        """Return the row in which something is set."""
        return self.query_one(f"#row-{key}", SettingRow)

    @property
    def model(self) -> str:
        """The model that was typed; empty for none."""
        return self.query_one("#model", Input).value.strip() if self._model is not None else ""

    @property
    def schema(self) -> str:
        """The schema that was typed; empty where none is asked for."""
        return self._area("schema").text.strip() if self._choice("format").chosen == _SCHEMA else ""

    def show(self, setup: Setup, model: str | None = None) -> None:
        """Show settings in place of those that are there."""
        self._area("system").text = setup.system
        if self._model is not None:
            self.query_one("#model", Input).value = self._model if model is None else model
        options = setup.options.as_dict()
        for field in FIELDS:
            value = options.get(field.key)
            self.query_one(f"#{field.key}", Input).value = "" if value is None else plain(value)
        self._area("stop").text = stops_text(setup.options.stop)
        self._show_think(setup.think)
        schema = is_schema(setup.answer_format)
        self._choice("format").chosen = _SCHEMA if schema else int(setup.answer_format == JSON)
        self._area("schema").text = setup.answer_format if schema else ""
        self._choice("policy").chosen = POLICIES.index(setup.policy)
        self.query_one("#keep_alive", Input).value = setup.keep_alive
        self.look()

    def show_model_facts(
        self, values: Mapping[str, str] | None, most: int | None, thinking: Sequence[Think], system: str = ""
    ) -> None:
        """Show what holds where nothing is set.

        Args:
            values: What the model sets by itself, for people; None where that is not known.
            most: The largest window of the model, in tokens; None where it is not known.
            thinking: How much the model can be told to think; empty for one that does not think.
            system: The model's own system prompt.
        """
        self._most = most
        for field in FIELDS:
            self.query_one(f"#{field.key}", Input).placeholder = unset_words(field.key, values)
        self._area("stop").placeholder = sanitize_line(unset_words("stop", values), 22)
        if most is not None:
            self.row("num_ctx").say(f"tokens, up to {most:,}")
        if system:
            self._area("system").placeholder = f"the model's own: {system}"
        think = self._think()
        self._thinking = (None, *thinking)
        self._own = _OWN if thinking or values is None else _THINKS_NOT
        self._show_think(think)
        self.look()

    def _show_think(self, think: Think | None) -> None:
        if think not in self._thinking:
            self._thinking = (*self._thinking, think)
        row = self._choice("think")
        row.words = [each or self._own for each in self._thinking]
        row.chosen = self._thinking.index(think)

    def _think(self) -> Think | None:
        return self._thinking[self._choice("think").chosen]

    def read(self) -> Setup | None:
        """Return the settings; None where one of them makes no sense, which the cursor then stands on."""
        setup, wrong = self._look()
        if wrong is None:
            return setup
        row = self.row(wrong)
        row.field.focus()
        return None

    def look(self) -> None:
        """Show of every setting whether it is set, and what is wrong with it."""
        self._look()

    @property
    def typed(self) -> tuple[object, ...]:
        """Everything as it stands in the form, to be compared."""
        texts = [area.text for area in self.query(TextArea)]
        lines = [line.value for line in self.query(Input)]
        return (*texts, *lines, self._think(), self._choice("format").chosen, self._choice("policy").chosen)

    def schema_is_wrong(self, why: str) -> None:
        """Show what is wrong with the schema; empty for nothing."""
        self._schema_wrong = why
        self.look()

    def reset(self, field: Widget | None) -> bool:
        """Leave one setting to the model again; return whether the widget sets one."""
        if isinstance(field, Input):
            field.value = ""
        elif isinstance(field, TextArea):
            field.text = ""
        elif isinstance(field, ChoiceRow):
            field.chosen = 0
        else:
            return False
        self.look()
        return True

    def reset_all(self) -> None:
        """Leave everything to the model again."""
        self.show(UNSET, "")

    def _look(self) -> tuple[Setup, str | None]:
        """Return the settings as far as they make sense, and the first that does not."""
        wrong: str | None = None
        options: dict[str, Any] = {}
        for field in FIELDS:
            text = self.query_one(f"#{field.key}", Input).value
            why = ""
            try:
                options[field.key] = parse_number(field, text, most=self._most)
            except BadRequest as error:
                why = error.message
            self.row(field.key).show(wrong=why, is_set=bool(text.strip()))
            wrong = wrong or (field.key if why else None)
        setup = Setup(
            system=self._area("system").text,
            options=Options(**options),
            think=self._think(),
            policy=POLICIES[self._choice("policy").chosen],
        )
        self.row("think").show(is_set=setup.think is not None)
        self.row("policy").show(is_set=setup.policy is not ContextPolicy.DROP_OLDEST)
        setup, wrong = self._look_at_texts(setup, wrong)
        return setup, wrong

    def _look_at_texts(self, setup: Setup, wrong: str | None) -> tuple[Setup, str | None]:
        text, why = self._area("stop").text, ""
        try:
            setup = replace(setup, options=replace(setup.options, stop=parse_stops(text)))
        except BadRequest as error:
            why, wrong = error.message, wrong or "stop"
        self.row("stop").show(wrong=why, is_set=bool(text.strip()))
        text, why = self.query_one("#keep_alive", Input).value, ""
        try:
            setup = replace(setup, keep_alive=parse_keep_alive(text))
        except BadRequest as error:
            why, wrong = error.message, wrong or "keep_alive"
        self.row("keep_alive").show(wrong=why, is_set=bool(text.strip()))
        chosen = self._choice("format").chosen
        self.set_class(chosen == _SCHEMA, "-schema")
        self.row("format").show(is_set=chosen > 0)
        why = self._schema_error() if chosen == _SCHEMA else ""
        self.row("schema").show(wrong=why, is_set=chosen == _SCHEMA)
        answer_format = ("", JSON, self.schema)[chosen]
        return replace(setup, answer_format=answer_format), wrong or ("schema" if why else None)

    def _schema_error(self) -> str:
        try:
            parse_schema(self.schema)
        except BadRequest as error:
            return error.message
        return self._schema_wrong

    def _area(self, key: str) -> TextArea:
        return self.query_one(f"#{key}", TextArea)

    def _choice(self, key: str) -> ChoiceRow:
        return self.query_one(f"#{key}", ChoiceRow)

    @on(TextArea.Changed, "#schema")
    def _schema_changed(self) -> None:
        self._schema_wrong = ""

    @on(TextArea.Changed)
    @on(Input.Changed)
    @on(ChoiceRow.Changed)
    def _changed(self, event: Message) -> None:
        event.stop()
        self.look()
        self.post_message(self.Changed())

    @on(Input.Submitted)
    @on(ChoiceRow.Accepted)
    def _accepted(self, event: Message) -> None:
        event.stop()
        self.post_message(self.Accepted())


def plain(value: float) -> str:
    """Return a number as it is typed: without thousands separators."""
    return number(value).replace(",", "")


def summary_of(setup: Setup) -> Content:
    """Return in a few words what settings set."""
    words = [f"{key} {value}" for key, value in setup.options.as_dict().items() if key != "stop"]
    if setup.options.stop:
        words.append("stop")
    if setup.think:
        words.append(f"thinking {setup.think}")
    if setup.answer_format:
        words.append("JSON schema" if is_schema(setup.answer_format) else "JSON")
    if setup.policy is not ContextPolicy.DROP_OLDEST:
        words.append(POLICY_WORDS[setup.policy])
    if setup.keep_alive:
        words.append(f"keep_alive {setup.keep_alive}")
    return Content.styled(" · ".join(words), "$text-muted")
