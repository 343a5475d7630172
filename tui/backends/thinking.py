"""What a server that refuses an amount of thinking says that it would take."""

import re
from typing import Final, get_args

from tui.domain.generation import Think

_ORDER: Final[tuple[Think, ...]] = get_args(Think)

_STATED: Final = re.compile(r"supported values: (\[[^\]]{0,200}\])")
"""Current servers name what the model takes, as JSON."""

_MUST_BE: Final = re.compile(r"must be ((?:.|\n){0,200})")
"""Earlier ones name what they take of any model: `must be "high", "medium", "low", true, or false`."""

_WORD: Final = re.compile(r'"(\w+)"|\b(true|false)\b')
_SWITCH: Final = {"true": "on", "false": "off"}

_NO_LEVELS: Final = re.compile(r"think value .* is not supported|\.think of type bool")
"""The first that knew levels took them of one family of models only, and those before took none."""


def taken(text: str) -> tuple[Think, ...] | None:
    """Return the amounts of thinking that an error names as taken; None where it names none.

    Args:
        text: The error as the server words it.
    """
    if (stated := _STATED.search(text)) is not None:
        return _named(stated[1].replace("[", "").replace("]", ""))
    if _NO_LEVELS.search(text):
        return ("off", "on")
    listed = _MUST_BE.search(text)
    return _named(listed[1]) if listed is not None else None


def _named(words: str) -> tuple[Think, ...] | None:
    """Return what is named between commas, in the order in which it is offered."""
    found = {each[1] or _SWITCH[each[2]] for each in _WORD.finditer(words)}
    return tuple(each for each in _ORDER if each in found) or None
