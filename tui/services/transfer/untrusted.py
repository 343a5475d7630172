"""Reading values of which nothing is certain, not even their types."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from tui.domain.generation import Options

Json = Mapping[str, object]
"""A JSON object, as it was found."""

_LATEST: Final = 253_402_300_799.0
"""The end of the year 9999, in seconds since the epoch."""
_MILLISECONDS: Final = 1e11
_NANOSECONDS: Final = 1e17
_MOST_INTEGER: Final = 2**63 - 1


def mapping(value: object) -> Json:
    """Return `value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    """Return `value` if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """Return `value` if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def number(value: object) -> float | None:
    """Return `value` if it is a finite number, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def count(value: object) -> int | None:
    """Return `value` if it is a whole number from 0 that a database can hold, else None."""
    found = number(value)
    return int(found) if found is not None and 0 <= found <= _MOST_INTEGER and found.is_integer() else None


def time_of(value: object, now: float) -> float | None:
    """Return a time of another program as seconds since the epoch, never later than `now`.

    Taken are seconds, milliseconds and nanoseconds since the epoch and ISO 8601 (UTC where it names no
    zone); None for anything else.
    """
    if isinstance(value, str):
        return _iso_time(value, now)
    found = number(value)
    if found is None or found <= 0:
        return None
    if found >= _NANOSECONDS:
        found /= 1e9
    elif found >= _MILLISECONDS:
        found /= 1e3
    return min(found, now)


def _iso_time(value: str, now: float) -> float | None:
    try:
        found = datetime.fromisoformat(value.strip())
        stamp = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return min(stamp, now) if stamp > 0 else None


def is_time(value: float) -> bool:
    """Return whether `value` is a time that people can be shown."""
    return math.isfinite(value) and 0 <= value <= _LATEST


def options_from(values: Json) -> Options:
    """Return the model parameters in `values` that are ours too and of the right kind."""
    stop = [each for each in items(values.get("stop")) if isinstance(each, str) and each]
    if single := text(values.get("stop")):
        stop = [single]
    predict = values.get("num_predict", values.get("max_tokens"))
    return Options(
        temperature=number(values.get("temperature")),
        top_p=number(values.get("top_p")),
        top_k=count(values.get("top_k")),
        min_p=number(values.get("min_p")),
        seed=count(values.get("seed")),
        num_ctx=count(values.get("num_ctx")),
        num_predict=count(predict) or None,
        repeat_penalty=number(values.get("repeat_penalty")),
        stop=tuple(stop),
    )
