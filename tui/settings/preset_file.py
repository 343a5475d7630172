"""A preset as TOML: read with the place of every mistake, written so that people can edit it."""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final, get_args

from tui.domain.answer_format import JSON, parse_schema
from tui.domain.conversation import ContextPolicy
from tui.domain.errors import BadRequest, SettingsError
from tui.domain.generation import Options, Think
from tui.domain.parameter_fields import FIELD_OF, FIELDS, MOST_STOPS, parse_keep_alive, parse_number
from tui.domain.preset import Preset, check_preset_name
from tui.domain.setup import Setup
from tui.domain.text import sanitize_line

_KEYS: Final = ("name", "model", "system", "think", "keep_alive", "format", "policy", "parameters")
_PARAMETERS: Final = (*(field.key for field in FIELDS), "stop")


def read_preset(text: str, name: str, where: str) -> Preset:
    """Return the preset that a text is.

    Args:
        text: The TOML.
        name: Its name where the text says none.
        where: The file, for people.

    Raises:
        SettingsError: something makes no sense; the message says what and where.
    """
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{where}: {sanitize_line(str(error), 200)}.", "It is no TOML.") from None
    return _Reader(text, where).preset(table, name)


def preset_toml(preset: Preset) -> str:
    """Return a preset as TOML, with nothing in it that is not set."""
    import tomli_w

    setup = preset.setup
    table: dict[str, Any] = {"name": preset.name}
    for key, value in (
        ("model", preset.model),
        ("system", setup.system),
        ("think", setup.think),
        ("keep_alive", setup.keep_alive),
        ("format", setup.answer_format),
    ):
        if value:
            table[key] = value
    if setup.policy is not ContextPolicy.DROP_OLDEST:
        table["policy"] = setup.policy.value
    if parameters := setup.options.as_dict():
        table["parameters"] = parameters
    return tomli_w.dumps(table, multiline_strings=True)


class _Reader:
    """Takes a preset out of a table."""

    def __init__(self, text: str, where: str) -> None:
        self._lines = text.splitlines()
        self._where = where

    def preset(self, table: Mapping[str, Any], name: str) -> Preset:
        self._known(table, _KEYS)
        try:
            own_name = check_preset_name(self._text(table, "name") or name)
        except BadRequest as error:
            raise self._wrong("name", error.message, error.hint) from None
        setup = Setup(
            system=self._text(table, "system"),
            options=self._options(table.get("parameters", {})),
            think=self._think(table),
            keep_alive=self._checked("keep_alive", parse_keep_alive, self._text(table, "keep_alive")),
            answer_format=self._checked("format", _format, self._text(table, "format")),
            policy=self._policy(self._text(table, "policy")),
        )
        return Preset(own_name, setup, self._text(table, "model"))

    def _options(self, table: object) -> Options:
        if not isinstance(table, dict):
            raise self._wrong("parameters", "must be a table: [parameters].")
        self._known(table, _PARAMETERS)
        values: dict[str, Any] = {}
        for key, value in table.items():
            if key == "stop":
                values[key] = self._stops(value)
            elif isinstance(value, bool) or not isinstance(value, int | float):
                raise self._wrong(key, f"must be a number, not {sanitize_line(repr(value), 40)}.")
            else:
                values[key] = self._number(key, value)
        return Options(**values)

    def _number(self, key: str, value: float) -> float | int | None:
        try:
            return parse_number(FIELD_OF[key], repr(value))
        except BadRequest as error:
            raise self._wrong(key, f"{error.message}.") from None

    def _stops(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            raise self._wrong("stop", 'must be a list of texts, such as ["###"].')
        if len(value) > MOST_STOPS:
            raise self._wrong("stop", f"has more than {MOST_STOPS} texts.")
        return tuple(value)

    def _think(self, table: Mapping[str, Any]) -> Think | None:
        value = table.get("think", "")
        if isinstance(value, bool):
            value = "on" if value else "off"
        choices: tuple[Think, ...] = get_args(Think)
        for choice in choices:
            if value == choice:
                return choice
        if value == "":
            return None
        raise self._wrong("think", f"must be one of {', '.join(choices)}.")

    def _policy(self, value: str) -> ContextPolicy:
        try:
            return ContextPolicy(value) if value else ContextPolicy.DROP_OLDEST
        except ValueError:
            raise self._wrong("policy", f"must be one of {', '.join(ContextPolicy)}.") from None

    def _text(self, table: Mapping[str, Any], key: str) -> str:
        value = table.get(key, "")
        if not isinstance(value, str):
            raise self._wrong(key, "must be a text.")
        return value

    def _checked(self, key: str, check: Any, value: str) -> str:
        try:
            return str(check(value))
        except BadRequest as error:
            raise self._wrong(key, f"{error.message}", error.hint) from None

    def _known(self, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                nearest = get_close_matches(key, {*known, *_PARAMETERS}, n=1)
                hint = f"There are: {', '.join(known)}."
                if nearest:
                    where = "" if nearest[0] in known else " in the table [parameters]"
                    hint = f"Did you mean “{nearest[0]}”{where}?"
                raise self._wrong(key, "is not known.", hint)

    def _wrong(self, key: str, what: str, hint: str = "") -> SettingsError:
        line = next((n for n, each in enumerate(self._lines, 1) if _names(each, key)), 0)
        place = f"{self._where}, line {line}" if line else self._where
        return SettingsError(f"{place}: {sanitize_line(key, 40)}: {what}", hint)


def _names(line: str, key: str) -> bool:
    start = line.strip().removeprefix("[").removeprefix('"')
    return start.startswith(key) and not start[len(key) : len(key) + 1].isalnum()


def _format(value: str) -> str:
    if value and value != JSON:
        parse_schema(value)
    return value
