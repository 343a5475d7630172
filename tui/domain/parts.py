"""A text that is too long for a context window, in parts that fit."""

from dataclasses import dataclass
from itertools import pairwise

from tui.domain.attachment import Span, split_span


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a text."""

    name: str
    """`notes.md:1-400` where it is made of whole lines, `notes.md part 2 of 5` otherwise."""
    text: str


def parts_of(name: str, text: str, most: int) -> tuple[Part, ...]:
    """Return a text in parts, in order: together they are the text.

    Args:
        name: Of the text; lines may stand behind it.
        text: What is divided. A line is cut only where it is too long by itself.
        most: Characters of a part, at most 1 or more.
    """
    cuts, whole = _cuts(text, max(1, most))
    pieces = [text[start:end] for start, end in pairwise(cuts)]
    if len(pieces) < 2:
        return (Part(name, text),)
    if not whole:
        return tuple(Part(f"{name} part {n} of {len(pieces)}", piece) for n, piece in enumerate(pieces, 1))
    base, span = split_span(name)
    line = span.first if span is not None else 1
    parts: list[Part] = []
    for piece in pieces:
        lines = len(piece.splitlines())
        parts.append(Part(f"{base}:{Span(line, line + lines - 1)}", piece))
        line += lines
    return tuple(parts)


def _cuts(text: str, most: int) -> tuple[list[int], bool]:
    """Return where a text is cut, its ends included, and whether only between lines."""
    cuts, place, whole = [0], 0, True
    for line in text.splitlines(keepends=True):
        if place + len(line) - cuts[-1] > most and place > cuts[-1]:
            cuts.append(place)
        end = place + len(line)
        while end - cuts[-1] > most:
            whole = False
            cut = cuts[-1] + most
            # After a space, if there is one near.
            space = text.rfind(" ", cut - most // 10, cut)
            cuts.append(space + 1 if space > cuts[-1] else cut)
        place = end
    if place > cuts[-1]:
        cuts.append(place)
    return cuts, whole
