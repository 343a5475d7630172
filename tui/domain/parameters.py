"""The parameters of a model as people write them: one a line, a name and a value."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from tui.domain.errors import BadRequest
from tui.domain.text import sanitize_line

_KINDS: Final[Mapping[str, type]] = {
    "temperature": float,
    "top_k": int,
    "top_p": float,
    "min_p": float,
    "typical_p": float,
    "seed": int,
    "num_ctx": int,
    "num_predict": int,
    "num_keep": int,
    "num_batch": int,
    "num_gpu": int,
    "num_thread": int,
    "main_gpu": int,
    "use_mmap": bool,
    "repeat_last_n": int,
    "repeat_penalty": float,
    "presence_penalty": float,
    "frequency_penalty": float,
    "stop": str,
}
"""Servers take a parameter they do not know without a word, and do nothing with it."""


def parse_parameters(text: str) -> dict[str, object]:
    """Return the parameters that `text` names; `stop` may stand there several times.

    Raises:
        BadRequest: a line makes no sense; the message says which.
    """
    found: dict[str, object] = {}
    stops: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.strip().removeprefix("PARAMETER ").strip()
        if not words or words.startswith("#"):
            continue
        name, _, rest = words.replace("=", " ", 1).partition(" ")
        name, value = name.casefold(), rest.strip()
        kind = _KINDS.get(name)
        if kind is None:
            raise _unknown(number, name)
        if name == "stop":
            stops.append(_unquoted(value))
            found["stop"] = list(stops)
        else:
            found[name] = _converted(number, name, value, kind)
    return found


def _converted(number: int, name: str, value: str, kind: type) -> object:
    if kind is bool:
        if value.casefold() in ("true", "false"):
            return value.casefold() == "true"
    else:
        try:
            return int(value) if kind is int else float(value)
        except ValueError:
            pass
    wanted = {bool: "true or false", int: "a whole number", float: "a number"}[kind]
    raise BadRequest(f"Line {number}: {name} must be {wanted}, not “{sanitize_line(value, 40)}”.")


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def _unknown(number: int, name: str) -> BadRequest:
    nearest = get_close_matches(name, _KINDS, n=1)
    return BadRequest(
        f"Line {number}: there is no parameter “{sanitize_line(name, 40)}”.",
        f"Did you mean {nearest[0]}?" if nearest else "Write for example: temperature 0.7",
    )
