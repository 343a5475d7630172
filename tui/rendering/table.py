"""Tables: columns as wide as their text where there is room, narrower and wrapped where there is not."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from rich.cells import cell_len

from tui.rendering.ink import FRAME, TEXT, Ink, Row, Run
from tui.rendering.line import Cell
from tui.rendering.nodes import Node
from tui.rendering.wrap import Wrapped, wrap_runs

_GAP: Final = 3
"""Cells between two columns: a space, a rule, a space."""

_LEAST: Final = 3
_COLON: Final = ": "

Natural = tuple[tuple[int, int], ...]
"""For each column the widest cell and the widest word."""

Widths = tuple[int, ...] | None
"""The widths of the columns; None where cells stand one below the other."""


def table_rows(table: Node, width: int) -> list[Row]:
    """Return the rows of a table; where not even narrow columns fit, one cell below the other."""
    head, body = parts(table)
    natural = merged(*map(natural_of, (*head, *body)))
    if not natural:
        return []
    widths = fitted(natural, width)
    rows = head_rows(head, widths, width, alone=not body)
    tall = False
    for number, row in enumerate(body):
        lines = body_row(head, row, widths, width, first=not number)
        rows.extend(rule_above(number, tall or len(lines) > 1, widths, width))
        tall = len(lines) > 1
        rows.extend(lines)
    return rows


def parts(table: Node) -> tuple[list[Node], list[Node]]:
    """Return the rows of the head and those of the body."""
    head = [row for part in table.children if part.kind == "thead" for row in part.children]
    body = [row for part in table.children if part.kind == "tbody" for row in part.children]
    return head, body


def head_rows(head: Sequence[Node], widths: Widths, width: int, alone: bool) -> list[Row]:
    """Return what stands above the body; `alone` if there is no body."""
    if widths is None:
        return _stacked([], head[0], width) if alone and head else []
    rows = [line for row in head for line in _row(row.children, widths, bold=True)]
    rule = "─┼─".join("─" * size for size in widths)
    return [*rows, Row([(rule, FRAME)], len(rule))]


def body_row(head: Sequence[Node], row: Node, widths: Widths, width: int, *, first: bool) -> list[Row]:
    """Return a row of the body; the `first` stands for the head as well, where there is no room for that."""
    if widths is None:
        return _stacked(head, row, width, first=first)
    return _row(row.children, widths, bold=False)


def rule_above(number: int, tall: bool, widths: Widths, width: int) -> list[Row]:
    """Return what divides a row of the body from the one above; `tall` if either has several lines."""
    if not number:
        return []
    if widths is None:
        return [Row([("─" * width, FRAME)], width)]
    rule = "┈┊┈".join("┈" * size for size in widths)
    return [Row([(rule, FRAME)], len(rule))] if tall else []


def natural_of(row: Node) -> Natural:
    """Return for each cell of a row its widest line and its widest word."""
    texts = ["".join(text for text, _ in cell.runs) for cell in row.children]
    return tuple(
        (
            max(cell_len(line) for line in text.split("\n")),
            max(map(cell_len, text.split()), default=0),
        )
        for text in texts
    )


def merged(*rows: Natural) -> Natural:
    """Return for each column the widest cell and the widest word."""
    if (
        len(rows) == 2
        and len(rows[0]) == len(rows[1])
        and all(
            cell >= max(other, _LEAST) and word >= max(longer, _LEAST)
            for (cell, word), (other, longer) in zip(rows[0], rows[1], strict=True)
        )
    ):
        return rows[0]
    columns = max(map(len, rows), default=0)
    result = [(_LEAST, _LEAST)] * columns
    for row in rows:
        for index, (cell, word) in enumerate(row):
            result[index] = max(result[index][0], cell), max(result[index][1], word)
    return tuple(result)


def fitted(natural: Natural, width: int) -> Widths:
    """Return the widths of the columns; None where not even narrow ones fit."""
    columns = len(natural)
    if columns * (_LEAST + _GAP) - _GAP > width:
        return None
    return tuple(_fitted(natural, width - _GAP * (columns - 1)))


def _fitted(natural: Sequence[tuple[int, int]], room: int) -> list[int]:
    """Give narrow columns what they need and share the rest among the wide ones."""
    widths = [widest for widest, _ in natural]
    if sum(widths) <= room:
        return widths
    least = [min(word, max(_LEAST, room // len(widths))) for _, word in natural]
    order = sorted(range(len(widths)), key=lambda index: widths[index])
    for position, index in enumerate(order):
        later = sum(least[other] for other in order[position + 1 :])
        share = room // (len(order) - position)
        widths[index] = max(_LEAST, min(widths[index], max(share, least[index]), room - later))
        room -= widths[index]
    return widths


def _row(cells: Sequence[Node], widths: Sequence[int], bold: bool) -> list[Row]:
    wrapped = [
        _cell(tuple(cells[index].runs), size, cells[index].info, bold)
        if index < len(cells)
        else _cell((), size, "", bold)
        for index, size in enumerate(widths)
    ]
    rows: list[Row] = []
    for number in range(max(map(len, wrapped))):
        runs: list[Run] = []
        texts: list[Cell] = []
        position = 0
        for index, size in enumerate(widths):
            if index:
                runs.append((" │ ", FRAME))
                position += _GAP
            lines = wrapped[index]
            if number >= len(lines):
                runs.append((" " * size, TEXT))
                position += size
                continue
            line = lines[number]
            start = position + line.left
            texts.append(Cell(start, start + line.length, index, line.join))
            runs.extend(line.runs)
            position += sum(len(text) for text, _ in line.runs)
        while runs and not runs[-1][0].strip() and runs[-1][1] == TEXT:
            runs.pop()
        # A single column goes on like a paragraph.
        rows.append(Row(runs, join=texts[0].join if len(widths) == 1 else None, cells=tuple(texts)))
    return rows


class _CellLine(NamedTuple):
    """One line of a cell."""

    runs: list[Run]
    left: int
    """Characters of padding before the text."""
    length: int
    """Characters of text."""
    join: str | None


@lru_cache(maxsize=2048)
def _cell(runs: tuple[Run, ...], size: int, align: str, bold: bool) -> list[_CellLine]:
    """Return the lines of a cell; remembered, because a table that grows is laid out again and again."""
    lines = wrap_runs(_emphasised(runs, bold), size)
    return [_aligned(line.runs, size, align, _join(line, number)) for number, line in enumerate(lines)]


def _join(line: Wrapped[Ink], number: int) -> str | None:
    return line.join if line.join is not None or not number else "\n"


def _emphasised(runs: Sequence[Run], bold: bool) -> Sequence[Run]:
    return [(text, ink._replace(bold=True)) for text, ink in runs] if bold else runs


def _aligned(line: list[Run], size: int, align: str, join: str | None) -> _CellLine:
    fill = max(0, size - sum(cell_len(text) for text, _ in line))
    left = fill if "right" in align else fill // 2 if "center" in align else 0
    runs = [(" " * left, TEXT), *line] if left else list(line)
    if fill > left:
        runs.append((" " * (fill - left), TEXT))
    return _CellLine(runs, left, sum(len(text) for text, _ in line), join)


def _stacked(head: Sequence[Node], row: Node, width: int, *, first: bool = False) -> list[Row]:
    names = [cell.runs for cell in head[0].children] if head else []
    rows: list[Row] = []
    for index, cell in enumerate(row.children):
        runs = list(cell.runs)
        named = 0
        if index < len(names) and names[index]:
            runs = [*_emphasised(names[index], bold=True), (_COLON, TEXT), *runs]
            named = sum(len(text) for text, _ in names[index])
        position = 0
        for number, line in enumerate(wrap_runs(runs, width)):
            join = _join(line, number)
            position += len(join or "")
            stop = position + sum(len(text) for text, _ in line.runs)
            cells = []
            if first and position < named:
                cells.append(Cell(0, min(named, stop) - position, index, join, is_name=True))
            begin = named + len(_COLON) if named else 0
            if stop > begin:
                start = max(position, begin)
                cells.append(
                    Cell(start - position, stop - position, index, join if position > begin else None)
                )
            here = tuple(cells) or (Cell(0, 0, index, ""),)
            rows.append(Row(line.runs, 0, line.join, cells=here))
            position = stop
    return rows
