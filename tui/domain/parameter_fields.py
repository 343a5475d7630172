"""The parameters of a conversation as people set them: what each takes, and what holds where none is set."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from tui.domain.errors import BadRequest
from tui.domain.text import sanitize_line

_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+")
_SECONDS: Final = re.compile(r"-?\d+")
_THOUSANDS: Final = re.compile(r"(\d+(?:\.\d+)?)k", re.IGNORECASE)
_GROUPED: Final = re.compile(r"\d{1,3}(?:,\d{3})+")
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}

MOST_STOPS: Final = 16
"""Texts that may end an answer, at most."""


@dataclass(frozen=True, slots=True)
class ParameterField:
    """A parameter that is a number."""

    key: str
    """Its name in the Ollama API and in `Options`."""
    help: str
    """What it does, in a few words."""
    low: float
    high: float
    whole: bool = False
    """It is a whole number."""
    server_default: str = ""
    """What the server takes where the model says nothing; empty where that depends on the server."""
    also: tuple[int, ...] = ()
    """Values outside the bounds that mean something of their own."""
    because: str = ""
    """Why nothing below the lower bound is taken."""


FIELDS: Final[tuple[ParameterField, ...]] = (
    ParameterField("temperature", "0–2 · freedom of words", 0, 2, server_default="0.8"),
    ParameterField("top_p", "0–1 · share of likely words", 0, 1, server_default="0.9"),
    ParameterField("top_k", "words to choose from; 0 all", 0, 100_000, whole=True, server_default="40"),
    ParameterField("min_p", "0–1 · least likely word", 0, 1, server_default="0"),
    ParameterField(
        "seed",
        "same number, same answer",
        0,
        2**32 - 1,
        whole=True,
        server_default="another one each time",
        also=(-1,),
    ),
    ParameterField(
        "num_ctx",
        "context window, in tokens",
        64,
        16_777_216,
        whole=True,
        because="A window that small holds not even one question",
    ),
    ParameterField(
        "num_predict",
        "longest answer, in tokens",
        1,
        16_777_216,
        whole=True,
        server_default="no limit",
        also=(-1,),
        because="Servers take 0 for “no limit”; leave it empty for that",
    ),
    ParameterField("repeat_penalty", "0.1–3 · against repeating", 0.1, 3, server_default="1.1"),
)
"""The numbers that can be set, in the order in which they are shown."""

FIELD_OF: Final[Mapping[str, ParameterField]] = {field.key: field for field in FIELDS}


def number(value: float) -> str:
    """Return a number as people write it: `0.7`, `8,192`."""
    return f"{int(value):,}" if float(value).is_integer() else f"{value:,}"


def parse_number(field: ParameterField, text: str, *, most: int | None = None) -> float | int | None:
    """Return what `text` sets a parameter to; None where it is empty.

    Args:
        field: The parameter.
        text: What was typed: `0.7`, `8192`, `8,192` or `8k`.
        most: The largest context window of the model, in tokens; None where it is not known.

    Raises:
        BadRequest: it makes no sense; the message says why.
    """
    text = text.strip()
    if not text:
        return None
    value = _number(field, text)
    if value in field.also:
        return value
    if value < field.low:
        raise BadRequest(_too_low(field))
    if field.key == "num_ctx" and most is not None and value > most:
        raise BadRequest(
            f"The model's largest window is {most:,}: the server would use that without a word",
        )
    if value > field.high:
        raise BadRequest(f"At most {number(field.high)}")
    return value


def _too_low(field: ParameterField) -> str:
    least = f"At least {number(field.low)}"
    return f"{least}. {field.because}" if field.because else least


def _number(field: ParameterField, text: str) -> float | int:
    plain = text.replace("_", "").replace("−", "-")
    if _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    thousands = _THOUSANDS.fullmatch(plain)
    try:
        if field.whole and thousands:
            return round(float(thousands.group(1)) * 1024)
        value = int(plain) if field.whole else float(plain)
    except ValueError:
        wanted = "a whole number" if field.whole else "a number"
        raise BadRequest(f"Must be {wanted}, not “{sanitize_line(text, 20)}”") from None
    if value != value or value in (float("inf"), float("-inf")):
        raise BadRequest("Must be a number")
    return value


def parse_stops(text: str) -> tuple[str, ...]:
    r"""Return the texts that end an answer, one a line; `\n`, `\t` and `\\` stand for themselves.

    Raises:
        BadRequest: there are too many, or a line is only a backslash.
    """
    stops = tuple(dict.fromkeys(_unescaped(line) for line in text.splitlines() if line))
    if len(stops) > MOST_STOPS:
        raise BadRequest(f"At most {MOST_STOPS} lines")
    return stops


def stops_text(stops: Iterable[str]) -> str:
    """Return texts as `parse_stops` takes them."""
    return "\n".join(
        stop.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
        for stop in stops
    )


def _unescaped(line: str) -> str:
    def replaced(match: re.Match[str]) -> str:
        escape = match.group(1)
        if escape not in _ESCAPES:
            raise BadRequest(f"“\\{sanitize_line(escape, 4)}” means nothing; write \\\\ for a backslash")
        return _ESCAPES[escape]

    return re.sub(r"\\(.?)", replaced, line)


def parse_keep_alive(text: str) -> str:
    """Return how long a model stays loaded, as servers take it; empty where nothing is said.

    Raises:
        BadRequest: it is no duration.
    """
    text = text.strip().replace(" ", "")
    if text.casefold() in ("forever", "always"):
        return "-1"
    if not text or _SECONDS.fullmatch(text) or _DURATION.fullmatch(text):
        return text
    raise BadRequest("Write for example 10m, 1h30m, 0 for not at all, or -1 for ever")


def model_values(parameters: str) -> dict[str, str]:
    """Return what a model sets by itself, for people, from the `parameters` of `/api/show`."""
    found: dict[str, list[str]] = {}
    for line in parameters.splitlines():
        name, _, value = line.strip().partition(" ")
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1]
        if name and value:
            found.setdefault(name.casefold(), []).append(sanitize_line(value, 60))
    return {name: ", ".join(values) for name, values in found.items()}


def unset_words(key: str, values: Mapping[str, str] | None) -> str:
    """Return what holds for a parameter that is not set.

    Args:
        key: The parameter.
        values: What the model sets by itself; None where that is not known yet.
    """
    if values is not None and key in values:
        return f"model's default {values[key]}"
    if key == "stop":
        return "none besides the model's own" if values is None else "none"
    field = FIELD_OF.get(key)
    words = field.server_default if field is not None else ""
    if key == "num_ctx":
        return "the server decides"
    return f"server's default {words}" if words[:1].isdigit() else words
