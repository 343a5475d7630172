"""Whether JSON has a form, and schemas are schemas; as a process of its own: `python -m tui.json_forms`.

A hostile schema can make a check run for hours, and a pattern in it hold the interpreter meanwhile. A process
can be limited and ended. It reads a JSON object with `answer` and `format` from standard input, and writes
what `violation` says of them.
"""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from tui.domain.answer_format import is_schema, parse_schema
from tui.domain.errors import BadRequest
from tui.domain.text import sanitize_line

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

UNCHECKED: Final = "it cannot be checked"
"""What a violation begins with that is none of the answer's."""

_MEMORY: Final = 768 << 20
"""Bytes of address space, at most, where the system can limit it."""

_SECONDS: Final = 10
"""Processor time, at most, where the system can limit it."""


def main() -> None:
    """Read, check, write."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    asked = json.load(sys.stdin.buffer)
    json.dump(violation(asked["answer"], asked["format"]), sys.stdout)


def check_schema(text: str) -> dict[str, Any]:
    """Return a schema, once it is one. Not for the event loop: it takes milliseconds.

    Raises:
        BadRequest: it is none; the message says where.
    """
    from jsonschema.exceptions import SchemaError

    schema = parse_schema(text)
    try:
        _dialect(schema).check_schema(schema)
    except SchemaError as error:
        raise BadRequest(f"At {_place(error.json_path)}: {sanitize_line(error.message, 200)}.") from None
    except (RecursionError, TypeError, ValueError, re.error):
        raise BadRequest("The schema cannot be understood.") from None
    outside = next(_outside(schema), None)
    if outside is not None:
        raise BadRequest(f"“{sanitize_line(outside, 60)}” is elsewhere: a schema must hold all it refers to.")
    return schema


def violation(answer: str, answer_format: str) -> str:
    """Return how an answer breaks the form that it must have, for people; empty where it keeps it.

    Not for the event loop: it takes milliseconds, for a very long answer more.
    """
    if not answer_format:
        return ""
    if not answer.strip():
        return "it is empty"
    try:
        value = json.loads(answer)
    except json.JSONDecodeError as error:
        return f"not JSON: line {error.lineno}, column {error.colno}: {error.msg}"
    except (ValueError, RecursionError):
        return "not JSON that can be read"
    return _violation_of(value, answer_format) if is_schema(answer_format) else ""


def _violation_of(value: Any, answer_format: str) -> str:
    from jsonschema.exceptions import best_match
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        schema = check_schema(answer_format)
    except BadRequest as error:
        return f"the schema is none: {error.message}"
    # A registry of its own: without one, what a schema refers to would be fetched from the network.
    registry: Registry[Any] = Registry()
    try:
        found = best_match(_dialect(schema)(schema, registry=registry).iter_errors(value))
    except (Unresolvable, RecursionError, re.error) as failure:
        why = sanitize_line(str(failure), 120) or "the schema refers to itself"
        return f"{UNCHECKED}: {why}"
    return f"at {_place(found.json_path)}: {sanitize_line(found.message, 200)}" if found is not None else ""


def _dialect(schema: dict[str, Any]) -> "type[Validator]":
    from jsonschema.validators import Draft202012Validator, validator_for

    known = isinstance(schema.get("$schema"), str)
    return validator_for(schema, default=Draft202012Validator) if known else Draft202012Validator


def _place(path: str) -> str:
    return "the top" if path == "$" else sanitize_line(path.removeprefix("$.").removeprefix("$"), 120)


def _outside(value: object) -> Iterator[str]:
    """Yield the references in a schema that lead out of it."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            reference = each.get("$ref")
            if isinstance(reference, str) and not reference.startswith("#"):
                yield reference
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)


if __name__ == "__main__":
    main()
