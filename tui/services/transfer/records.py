"""Dataclasses of the domain as JSON objects and back, every field of them.

A field that has its default is left out. What is read is checked: types, bounds and names.
"""

import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import lru_cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Literal, NewType, TypeVar, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_R = TypeVar("_R", bound="DataclassInstance")

_MOST_INTEGER = 2**63 - 1


class BadRecord(Exception):
    """A JSON value is not what a field takes; the text says where and why."""


def encode(value: object) -> object:
    """Return `value` as JSON has it."""
    if is_dataclass(value):
        told: dict[str, object] = {}
        for field in fields(value):
            found = getattr(value, field.name)
            if found != _default(field):
                told[field.name] = encode(found)
        return told
    if isinstance(value, Enum):
        return encode(value.value)
    if isinstance(value, frozenset):
        return sorted(map(str, value))
    if isinstance(value, tuple):
        return [encode(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def decode(kind: type[_R], value: object, where: str, **given: object) -> _R:
    """Return the `kind` in a JSON object.

    Args:
        kind: A dataclass.
        value: What was found.
        where: What it is, for people.
        **given: Fields that do not stand in the object.

    Raises:
        BadRecord: It is not one.
    """
    if not isinstance(value, Mapping):
        raise BadRecord(f"{where} is {_words(value)}, not an object")
    hints = _hints(kind)
    unknown = sorted(map(str, value.keys() - (hints.keys() - given.keys())))
    if unknown:
        raise BadRecord(f"{where} has a field “{unknown[0][:60]}”, which is not known to this version")
    found = dict(given)
    for field in fields(kind):
        if field.name in value:
            found[field.name] = _decode(hints[field.name], value[field.name], f"{where}: {field.name}")
        elif field.name not in given and _default(field) is MISSING:
            raise BadRecord(f"{where} has no {field.name}")
    return kind(**found)


@lru_cache
def _hints(kind: "type[DataclassInstance]") -> dict[str, object]:
    hints: dict[str, object] = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _default(field: Field[object]) -> object:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


def _decode(hint: object, value: object, where: str) -> object:
    if isinstance(hint, NewType):
        return _decode(hint.__supertype__, value, where)
    if isinstance(hint, UnionType) or get_origin(hint) is not None:
        return _decode_made(hint, value, where)
    if isinstance(hint, type) and is_dataclass(hint):
        return decode(hint, value, where)
    if isinstance(hint, type) and issubclass(hint, Enum):
        allowed = {each.value: each for each in hint}
        if isinstance(value, str) and value in allowed:
            return allowed[value]
        raise BadRecord(f"{where} is {_words(value)}, not one of {', '.join(map(str, allowed))}")
    return _decode_plain(hint, value, where)


def _decode_made(hint: object, value: object, where: str) -> object:
    """Decode what is made of other types: `X | None`, `Literal[…]`, `tuple[X, …]`, `frozenset[X]`."""
    arguments = get_args(hint)
    if isinstance(hint, UnionType) or NoneType in arguments:
        return None if value is None else _decode(arguments[0], value, where)
    if get_origin(hint) is Literal:
        if value in arguments:
            return value
        raise BadRecord(f"{where} is {_words(value)}, not one of {', '.join(map(str, arguments))}")
    if not isinstance(value, list):
        raise BadRecord(f"{where} is {_words(value)}, not an array")
    each = (_decode(arguments[0], item, f"{where} {place}") for place, item in enumerate(value, 1))
    return frozenset(each) if get_origin(hint) is frozenset else tuple(each)


def _decode_plain(hint: object, value: object, where: str) -> object:
    if hint is str and isinstance(value, str):
        return value
    if hint is bool and isinstance(value, bool):
        return value
    if not isinstance(value, bool):
        if hint is int and isinstance(value, int) and abs(value) <= _MOST_INTEGER:
            return value
        if hint is float and isinstance(value, int | float) and _is_finite(value):
            return float(value)
    wanted = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}
    name = wanted.get(hint, "known") if isinstance(hint, type) else "known"
    raise BadRecord(f"{where} is {_words(value)}, not {name}")


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _words(value: object) -> str:
    """Return what a JSON value is, for people."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number" if _is_finite(value) else "a number without bounds"
        case str():
            return f"“{value[:40]}”"
        case list():
            return "an array"
        case _:
            return "an object"
