"""The form that answers must have: any, JSON, or JSON after a schema."""

import json
from typing import Any, Final

from tui.domain.errors import BadRequest

JSON: Final = "json"
"""The format that asks for JSON of any shape."""

MOST_SCHEMA: Final = 200_000
"""Characters of a schema, at most."""


def is_schema(answer_format: str) -> bool:
    """Return whether a format is a schema, not one of the plain forms."""
    return bool(answer_format) and answer_format != JSON


def format_words(answer_format: str) -> str:
    """Return what a format asks for, for people."""
    if not answer_format:
        return "any"
    return "JSON" if answer_format == JSON else "JSON after a schema"


def parse_schema(text: str) -> dict[str, Any]:
    """Return the object that a schema is written as; whether it is a schema is not looked at.

    Raises:
        BadRequest: it is no JSON object; the message says where.
    """
    if not text.strip():
        raise BadRequest("Write a JSON schema, or choose another format.")
    if len(text) > MOST_SCHEMA:
        raise BadRequest(f"The schema is longer than {MOST_SCHEMA:,} characters.")
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadRequest(f"Not JSON in line {error.lineno}, column {error.colno}: {error.msg}.") from None
    except (ValueError, RecursionError):
        raise BadRequest("Not JSON: nested too deeply, or with a number too long.") from None
    if not isinstance(value, dict):
        raise BadRequest("A schema is an object: { … }.")
    return value
