"""From defaults, file, environment and command line to the settings in force, in that order."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from tui.domain.errors import SettingsError
from tui.settings.schema import Settings
from tui.settings.servers import read_servers

SECTIONS = ("server", "chat", "interface", "engine", "attachments")
"""The tables of the settings file whose keys are settings."""

_ENVIRONMENT_PREFIX = "OLLAMA_TUI_"
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


def load_settings(
    *,
    file: Path,
    file_required: bool,
    environment: Mapping[str, str],
    arguments: Mapping[str, str],
) -> Settings:
    """Return the settings in force.

    Args:
        file: The settings file.
        file_required: The user named the file, so it must exist.
        environment: `OLLAMA_HOST`, `OLLAMA_TUI_DATA` and `OLLAMA_TUI_<SECTION>_<KEY>` are read.
        arguments: What was typed on the command line: `section.key` (or `data_dir`) to text.

    Raises:
        SettingsError: A file that cannot be read, or a value that cannot be used.
    """
    table, lines = _read(file, required=file_required)
    settings = _apply_table(Settings(), table, lines, file)
    for key, text, where in _from_environment(environment):
        settings = _set(settings, key, text, where)
    for key, text in arguments.items():
        settings = _set(settings, key, text, f"--{key.rpartition('.')[2].replace('_', '-')}")
    return replace(settings, typed=frozenset(arguments))


def _read(file: Path, *, required: bool) -> tuple[dict[str, Any], list[str]]:
    try:
        text = file.read_bytes().decode()
        return tomllib.loads(text), text.splitlines()
    except FileNotFoundError:
        if required:
            raise SettingsError(f"The settings file {file} does not exist.") from None
        return {}, []
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"The settings file {file} cannot be read: {error}") from None


def _line_of(lines: list[str], key: str) -> int:
    """Return the number of the line that sets `key`, counted from 1; 0 when it cannot be told."""
    for number, line in enumerate(lines, 1):
        name = line.strip().removeprefix("[").removeprefix('"')
        if name.startswith(key):
            return number
    return 0


def _at(file: Path, lines: list[str], key: str) -> str:
    return f"{file}, line {_line_of(lines, key)}"


def _apply_table(settings: Settings, table: dict[str, Any], lines: list[str], file: Path) -> Settings:
    warnings: list[str] = []
    for section, values in table.items():
        where = f"{file}, line {_line_of(lines, section)}"
        if section == "keys" and isinstance(values, dict):
            settings = replace(settings, keys={str(key): str(value) for key, value in values.items()})
        elif section == "servers" and isinstance(values, dict):
            settings = replace(settings, servers=read_servers(values, lambda key: _at(file, lines, key)))
        elif section not in SECTIONS or not isinstance(values, dict):
            warnings.append(f"{where}: {_unknown(section, [*SECTIONS, 'keys', 'servers'])}")
        else:
            known = [field.name for field in fields(getattr(settings, section))]
            for key, value in values.items():
                where = f"{file}, line {_line_of(lines, key)}"
                if key in known:
                    settings = _set(settings, f"{section}.{key}", value, where)
                else:
                    warnings.append(f"{where}: {_unknown(key, known)}")
    return replace(settings, warnings=tuple(warnings))


def _unknown(name: str, known: list[str]) -> str:
    nearest = get_close_matches(name, known, n=1)
    return f"unknown setting “{name}”" + (f"; did you mean “{nearest[0]}”?" if nearest else "")


def _from_environment(environment: Mapping[str, str]) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    if host := environment.get("OLLAMA_HOST", "").strip():
        found.append(("server.host", host, "OLLAMA_HOST"))
    if data := environment.get("OLLAMA_TUI_DATA", ""):
        found.append(("data_dir", data, "OLLAMA_TUI_DATA"))
    for section in SECTIONS:
        for field in fields(getattr(Settings(), section)):
            name = f"{_ENVIRONMENT_PREFIX}{section}_{field.name}".upper()
            if name in environment:
                found.append((f"{section}.{field.name}", environment[name], name))
    return found


def _set(settings: Settings, key: str, value: object, where: str) -> Settings:
    if key == "data_dir":
        return replace(settings, data_dir=Path(str(value)).expanduser())
    section, _, name = key.rpartition(".")
    table = getattr(settings, section)
    assert is_dataclass(table)
    kind = type(getattr(table, name))
    read = _whole(value, table, name, f"{where}: {key}") if kind is int else None
    converted = _convert(value, kind, f"{where}: {key}") if read is None else read
    _check_choice(converted, table, name, f"{where}: {key}")
    changed: dict[str, Any] = {section: replace(cast("Any", table), **{name: converted})}
    return replace(settings, **changed)


def _convert(value: object, kind: type, where: str) -> object:
    """Return `value` as a `kind` (bool, int, float or str), text being read as such."""
    if kind is bool and isinstance(value, str):
        lowered = value.strip().lower()
        if lowered in _TRUE | _FALSE:
            return lowered in _TRUE
    elif type(value) is kind:
        return value
    raise SettingsError(f"{where} must be {_words(kind)}, not {value!r}.")


def _whole(value: object, table: Any, name: str, where: str) -> int:
    """Return `value` as a whole number within the bounds of a setting, text being read as such."""
    low, high = next(field.metadata["bounds"] for field in fields(table) if field.name == name)
    number = int(value) if isinstance(value, str) and value.strip().isdecimal() else value
    if type(number) is int and low <= number <= high:
        return number
    raise SettingsError(f"{where} must be a whole number from {low} to {high}, not {value!r}.")


def _check_choice(value: object, table: Any, name: str, where: str) -> None:
    """Refuse a value that is none of those that a setting can have."""
    choices = next(field.metadata.get("choices", ()) for field in fields(table) if field.name == name)
    if choices and value not in choices:
        raise SettingsError(f"{where} must be one of {', '.join(choices)}, not {value!r}.")


def _words(kind: type) -> str:
    return {bool: "true or false", str: "a text"}[kind]
