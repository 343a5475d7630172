"""Breaking styled text into lines of so many cells, in linear time."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Generic, TypeVar

from rich.cells import cell_len, get_character_cell_size, split_graphemes
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.rendering.line import Line

S = TypeVar("S")

_NARROW: Final = re.compile(
    "[ -~\xa0-\xac\xae-\u02ff\u0370-\u0377\u0391-\u0482\u2010-\u2027\u2030-\u203a\u2070-\u209c"
    "\u2190-\u2199\u2200-\u22ff\u2500-\u25fc]*"
)
"""Text of which every character is exactly one cell wide: offsets are cells."""

_NOT_FIRST: Final = frozenset("、。，．・：；？！」』）】〕〉》”’…ー々")
"""Characters that may not begin a line in Chinese and Japanese."""

_BOX: Final = "▯"


@dataclass(frozen=True, slots=True)
class Wrapped(Generic[S]):
    """One line of wrapped text."""

    runs: list[tuple[str, S]]
    """Its text in pieces of one style."""
    join: str | None
    """What stood between this line and the one before; None at a true line break."""


def is_narrow(text: str) -> bool:
    """Return whether every character of `text` is one cell wide."""
    return (text.isascii() and text.isprintable()) or _NARROW.fullmatch(text) is not None


def clip(text: str, width: int) -> str:
    """Return as much of the start of `text` as fits `width` cells, ending in an ellipsis if cut."""
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return "…"[: max(0, width)]
    end = used = 0
    for _, stop, cells in split_graphemes(text)[0]:
        if used + cells > width - 1:
            break
        used += cells
        end = stop
    return text[:end] + "…"


def characters_in(text: str, cells: int) -> int:
    """Return how many characters of `text` fill its first `cells` cells."""
    if is_narrow(text):
        return min(cells, len(text))
    end = used = 0
    for _, stop, size in split_graphemes(text)[0]:
        if used + size > cells:
            break
        used += size
        end = stop
    return end


def window(runs: Iterable[tuple[str, S]], offset: int, width: int) -> list[tuple[str, S]]:
    """Return the cells from `offset` to `offset + width` of one line of `runs`.

    A wide character that the edge would cut in two becomes a space.
    """
    result: list[tuple[str, S]] = []
    position, stop = 0, offset + width
    for text, style in runs:
        if position >= stop:
            break
        if is_narrow(text):
            size = len(text)
            piece = text[max(0, offset - position) : stop - position]
        else:
            piece, size = _window_wide(text, offset - position, stop - position)
        position += size
        if piece:
            result.append((piece, style))
    return result


def _window_wide(text: str, start: int, stop: int) -> tuple[str, int]:
    spans, size = split_graphemes(text)
    if start <= 0 and size <= stop:
        return text, size
    kept: list[str] = []
    position = 0
    for begin, end, cells in spans:
        after = position + cells
        if position >= start and after <= stop:
            if cells or kept or position > start:
                kept.append(text[begin:end])
        elif after > start and position < stop:
            kept.append(" " * (min(after, stop) - max(position, start)))
        position = after
    return "".join(kept), size


def fold(runs: Sequence[tuple[str, S]], width: int) -> list[list[tuple[str, S]]]:
    """Break one line of `runs` wherever `width` cells are full, keeping every space. At least one line."""
    width = max(1, width)
    lines: list[list[tuple[str, S]]] = [[]]
    used = 0
    for whole, style in runs:
        text = _boxed(whole) if width == 1 else whole
        spans = None if is_narrow(text) else split_graphemes(text)[0]
        start = 0
        while start < len(text):
            end, cells = _fitting(text, spans, start, width - used)
            if end > start:
                lines[-1].append((text[start:end], style))
                used += cells
                start = end
            if start < len(text):
                lines.append([])
                used = 0
    return lines


def _fitting(text: str, spans: list[tuple[int, int, int]] | None, start: int, room: int) -> tuple[int, int]:
    """Return where the text that fits into `room` cells ends, and how many cells it takes."""
    if spans is None:
        end = min(len(text), start + room)
        return end, end - start
    cells, end = 0, start
    for index in range(bisect_left(spans, (start, 0, 0)), len(spans)):
        _, stop, size = spans[index]
        if cells + size > room:
            break
        cells += size
        end = stop
    return end, cells


def wrap_runs(runs: Sequence[tuple[str, S]], width: int) -> list[Wrapped[S]]:
    r"""Wrap `runs` at words; a `\n` in a text is a true line break. Always at least one line."""
    width = max(1, width)
    result: list[Wrapped[S]] = []
    for line in _true_lines(runs):
        result.extend(_wrap_line(line, width))
    return result


def wrap_lines(runs: Sequence[tuple[str, Style]], width: int) -> list[Line]:
    """Wrap runs of finished styles into lines that are ready to draw."""
    return [
        Line(Strip([Segment(text, style) for text, style in line.runs]), join=line.join)
        for line in wrap_runs(runs, width)
    ]


def _true_lines(runs: Sequence[tuple[str, S]]) -> list[list[tuple[str, S]]]:
    """Split at newlines, expand tabs, and join neighbours of the same style."""
    lines: list[list[tuple[str, S]]] = [[]]
    if len(runs) == 1 and runs[0][0] and "\n" not in runs[0][0] and "\t" not in runs[0][0]:
        return [list(runs)]
    for text, style in runs:
        for index, piece in enumerate(text.replace("\t", "    ").split("\n")):
            if index:
                lines.append([])
            if not piece:
                continue
            line = lines[-1]
            if line and line[-1][1] == style:
                line[-1] = (line[-1][0] + piece, style)
            else:
                line.append((piece, style))
    return lines


def _wrap_line(runs: list[tuple[str, S]], width: int) -> list[Wrapped[S]]:
    text = "".join(piece for piece, _ in runs)
    if is_narrow(text):
        if len(text) <= width:
            return [Wrapped(runs, None)]
        spans = _narrow_spans(text, width)
    else:
        if width == 1:
            runs = [(_boxed(piece), style) for piece, style in runs]
            text = "".join(piece for piece, _ in runs)
        spans = _wide_spans(text, [len(piece) for piece, _ in runs], width)
    return _slices(runs, spans, text)


def _narrow_spans(text: str, width: int) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    position, size = 0, len(text)
    while size - position > width:
        cut = text.rfind(" ", position, position + width + 1)
        end = cut
        while end > position and text[end - 1] == " ":
            end -= 1
        if end <= position:
            end = resume = position + width
        else:
            resume = cut
        while resume < size and text[resume] == " ":
            resume += 1
        spans.append((position, end))
        position = resume
    if position < size or not spans:
        spans.append((position, size))
    return spans


def _graphemes(text: str, sizes: Sequence[int]) -> list[tuple[int, int, int]]:
    """Return (start, end, cells); no cluster crosses from one run into the next."""
    result: list[tuple[int, int, int]] = []
    base = 0
    for size in sizes:
        spans, _ = split_graphemes(text[base : base + size])
        result.extend((base + start, base + end, cells) for start, end, cells in spans)
        base += size
    return result


def _wide_spans(text: str, sizes: Sequence[int], width: int) -> list[tuple[int, int]]:
    clusters = _graphemes(text, sizes)
    spans: list[tuple[int, int]] = []
    first = index = cells = 0
    end_at = resume_at = -1  # where the line may end, and where the next would begin
    count = len(clusters)
    solid = False  # spaces that begin a line do not hang over its edge
    while index < count:
        start, end, size = clusters[index]
        space = text[start:end] == " "
        if space:
            if index == first or text[clusters[index - 1][0]] != " ":
                end_at = index
            resume_at = index + 1
        elif index > first and resume_at <= index and _may_break(text, clusters, index):
            if resume_at != index:
                end_at = index
            resume_at = index
        if cells + size > width and index > first and not (space and solid):
            if end_at > first:
                stop, following = end_at, resume_at
            else:
                stop, following = index, index
            spans.append((clusters[first][0], clusters[stop - 1][1]))
            first, cells, end_at, resume_at = following, 0, -1, -1
            cells = sum(cluster[2] for cluster in clusters[first:index])
            continue
        cells += size
        index += 1
        solid = solid or not space
    if first < count:
        spans.append((clusters[first][0], len(text)))
    return _trimmed(text, spans, cells, width) if spans else [(0, len(text))]


def _trimmed(text: str, spans: list[tuple[int, int]], cells: int, width: int) -> list[tuple[int, int]]:
    """Drop the spaces that hang over the edge of the last line."""
    start, end = spans[-1]
    while cells > width and end > start and text[end - 1] == " ":
        end -= 1
        cells -= 1
    spans[-1] = (start, end)
    return spans


def _may_break(text: str, clusters: list[tuple[int, int, int]], index: int) -> bool:
    """Return whether a line may begin at this cluster without a space before it."""
    start, _, size = clusters[index]
    before = clusters[index - 1]
    if size < 2 and before[2] < 2:
        return False
    character = text[start]
    return character not in _NOT_FIRST and (character >= "\u2e80" or text[before[0]] >= "\u2e80")


def _slices(runs: list[tuple[str, S]], spans: list[tuple[int, int]], text: str) -> list[Wrapped[S]]:
    result: list[Wrapped[S]] = []
    run = base = previous = 0
    for number, (start, end) in enumerate(spans):
        pieces: list[tuple[str, S]] = []
        while run < len(runs):
            piece, style = runs[run]
            stop = base + len(piece)
            if stop > start:
                cut = piece[max(0, start - base) : end - base]
                if cut:
                    pieces.append((cut, style))
            if stop > end:
                break
            base = stop
            run += 1
        result.append(Wrapped(pieces, text[previous:start] if number else None))
        previous = end
    return result


@lru_cache(maxsize=64)
def _boxed(text: str) -> str:
    """Return `text` with nothing in it that is wider than one cell."""
    if is_narrow(text):
        return text
    return "".join(
        text[start:end] if cells < 2 and get_character_cell_size(text[start]) < 2 else _BOX
        for start, end, cells in split_graphemes(text)[0]
    )
