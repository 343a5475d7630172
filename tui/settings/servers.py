"""The servers of the settings file."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Final

from tui.domain.errors import SettingsError
from tui.settings.schema import NamedServer

_KEYS: Final = tuple(field.name for field in fields(NamedServer) if field.name != "name")


def read_servers(tables: Mapping[str, object], where: Callable[[str], str]) -> dict[str, NamedServer]:
    """Return the servers that the tables `[servers.NAME]` describe.

    Args:
        tables: The tables, by name.
        where: Returns the place of a key in the file.

    Raises:
        SettingsError: one cannot be used. The message repeats no value: it may be a secret.
    """
    return {name: _server(name, table, where) for name, table in tables.items()}


def _server(name: str, table: object, where: Callable[[str], str]) -> NamedServer:
    place = where(f"servers.{name}")
    if not isinstance(table, dict):
        raise SettingsError(f"{place}: servers.{name} must be a table: [servers.{name}].")
    for key in table:
        if key not in _KEYS:
            nearest = get_close_matches(key, _KEYS, n=1)
            hint = f"; did you mean “{nearest[0]}”?" if nearest else ""
            raise SettingsError(f"{place}: unknown setting “{key}” of a server{hint}")
    host = _text(table, "host", place)
    if not host:
        raise SettingsError(f"{place}: servers.{name} needs a host.")
    return NamedServer(
        name=name,
        host=host,
        headers=_headers(table.get("headers", {}), place),
        token_env=_text(table, "token_env", place),
        token_command=_command(table.get("token_command", ()), place),
        ca_file=_text(table, "ca_file", place),
    )


def _text(table: Mapping[str, object], key: str, place: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise SettingsError(f"{place}: {key} must be a text.")
    return value


def _headers(value: object, place: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise SettingsError(f'{place}: headers must be a table of texts, such as {{ "X-Key" = "…" }}.')
    return {str(key): str(each) for key, each in value.items()}


def _command(value: object, place: str) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(each, str) for each in value):
        raise SettingsError(f'{place}: token_command must be a list of texts, such as ["pass", "ollama"].')
    return tuple(value)
