"""Where a very long paragraph is divided into stretches that are read and wrapped on their own."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from tui.rendering.provisional import open_marks
from tui.rendering.rules import parser

LINES: Final = 64
CHARACTERS: Final = 6_000
"""A stretch ends at the first good line break after so many lines or characters."""

IN_LINE: Final = 8_000
"""A single line is divided at the first good space after so many characters."""

_WIDE: Final = 4
"""How much sooner text that is not plain ASCII is divided: it takes longer to wrap."""

_WINDOW: Final = 400
"""How far a good space is looked for. A line that ends earlier is not divided."""

_TRIES: Final = 8
_LOOKED_AT: Final = 200
_SPACE: Final = re.compile(r"(?<=\S) (?=\S)")
_MARK: Final = re.compile(r"[*_`~\[\]$\\<]")
PLAIN: Final = re.compile(r"[^\W\d_]|[\"'(“‘«]")
"""How a line begins that, where a paragraph may begin or go on, can be nothing else."""

_LABEL: Final = re.compile(r" {0,3}\[(?:[^\[\]\\]|\\.){0,999}(?:\]:|\\?$)")


class Limits:
    """How long stretches are; tests make them short."""

    lines = LINES
    characters = CHARACTERS
    in_line = IN_LINE


def is_settled(text: str) -> bool:
    """Return whether no mark in `text` waits for its partner in what follows."""
    if _MARK.search(text) is None:
        return True
    if text.count("[") != text.count("]") or text.count("$") % 2 or text.endswith("\\"):
        return False
    return not open_marks(text)


def opens_paragraph(line: str) -> bool:
    """Return whether a line, wherever it stands, begins or continues a paragraph."""
    if PLAIN.match(line):
        return True
    if not line.strip(" \t") or line.startswith(("    ", "\t", "|")):  # a row may be the head of a table
        return False
    if _LABEL.match(line):  # what is looked at below may end before it is seen that this is a definition
        return False
    env: dict[str, object] = {}
    md = parser()
    tokens = md.parse(line[:_LOOKED_AT], env)
    return not env.get("references") and bool(tokens) and tokens[0].type == "paragraph_open"


def line_break(lines: Sequence[str], start: int, stop: int) -> int | None:
    """Return the line before which the paragraph from `start` to `stop` is divided first."""
    if stop - start < 2:
        return None
    size = tries = 0
    for index in range(start, stop):
        if index > start and (index - start >= Limits.lines or size >= Limits.characters):
            tries += 1
            settled = tries > _TRIES or is_settled("\n".join(lines[start:index]))
            if settled and opens_paragraph(lines[index]):
                return index
        size += len(lines[index])
    return None


def space(before: Sequence[str], line: str, offset: int = 0) -> tuple[int, str] | None:
    """Return where `line`, from `offset` on, is divided, and what stands there: a space or nothing.

    Args:
        before: The lines of the same stretch above it.
        line: The line; it may still be growing.
        offset: Where what is left of it begins.
    """
    limit = Limits.in_line
    if len(line) - offset < limit // _WIDE + _WINDOW:
        return None
    if not line[offset : offset + limit // _WIDE].isascii():
        limit //= _WIDE
    stop = offset + limit + _WINDOW
    if len(line) < stop:
        return None
    above = "\n".join(before)
    found = None
    for tries, match in enumerate(_SPACE.finditer(line, offset + limit, stop)):
        found = match.start()
        if tries >= _TRIES or is_settled(f"{above}\n{line[offset:found]}"):
            break
    if found is not None:
        return found, " "
    return _anywhere(line, offset + limit, stop - 1), ""


def _anywhere(line: str, start: int, stop: int) -> int:
    """Return the first place where two characters stand side by side that do not belong together."""
    for index in range(start, stop):
        if all(_stands_alone(character) for character in line[index - 1 : index + 1]):
            return index
    return start


def _stands_alone(character: str) -> bool:
    return character.isascii() or unicodedata.category(character) in ("Lo", "Lu", "Ll", "Po")
