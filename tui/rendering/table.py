"""Tables: columns as wide as their text where there is room, narrower and wrapped where there is not."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from rich.cells import cell_len

from tui.rendering.ink import FRAME, TEXT, Row, Run
from tui.rendering.nodes import Node
from tui.rendering.wrap import wrap_runs

_GAP: Final = 3
"""Cells between two columns: a space, a rule, a space."""

_LEAST: Final = 3


def table_rows(table: Node, width: int) -> list[Row]:
    """Return the rows of a table; where not even narrow columns fit, one cell below the other."""
    head = [row for part in table.children if part.kind == "thead" for row in part.children]
    body = [row for part in table.children if part.kind == "tbody" for row in part.children]
    columns = max((len(row.children) for row in (*head, *body)), default=0)
    if not columns:
        return []
    if columns * (_LEAST + _GAP) - _GAP > width:
        return _stacked(head, body, width)
    widths = _fitted(_natural([*head, *body], columns), width - _GAP * (columns - 1))
    rows: list[Row] = []
    for row in head:
        rows.extend(_row(row.children, widths, bold=True))
    rule = "─┼─".join("─" * size for size in widths)
    rows.append(Row([(rule, FRAME)], len(rule)))
    tall = False
    for number, row in enumerate(body):
        lines = _row(row.children, widths, bold=False)
        if number and (tall or len(lines) > 1):
            rule = "─┼─".join("─" * size for size in widths)
            rows.append(Row([(rule.replace("─", "┈").replace("┼", "┊"), FRAME)], len(rule)))
        tall = len(lines) > 1
        rows.extend(lines)
    return rows


def _natural(rows: Sequence[Node], columns: int) -> list[tuple[int, int]]:
    """Return for each column the widest cell and the widest word."""
    widest = [_LEAST] * columns
    words = [_LEAST] * columns
    for row in rows:
        for index, cell in enumerate(row.children):
            text = "".join(text for text, _ in cell.runs)
            widest[index] = max(widest[index], *(cell_len(line) for line in text.split("\n")))
            words[index] = max(words[index], max(map(cell_len, text.split()), default=0))
    return list(zip(widest, words, strict=True))


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
        for index, size in enumerate(widths):
            if index:
                runs.append((" │ ", FRAME))
            lines = wrapped[index]
            runs.extend(lines[number] if number < len(lines) else [(" " * size, TEXT)])
        while runs and not runs[-1][0].strip() and runs[-1][1] == TEXT:
            runs.pop()
        rows.append(Row(runs))
    return rows


@lru_cache(maxsize=2048)
def _cell(runs: tuple[Run, ...], size: int, align: str, bold: bool) -> list[list[Run]]:
    """Return the lines of a cell; remembered, because a table that grows is laid out again and again."""
    lines = wrap_runs(_emphasised(runs, bold), size)
    return [_aligned(line.runs, size, align) for line in lines]


def _emphasised(runs: Sequence[Run], bold: bool) -> Sequence[Run]:
    return [(text, ink._replace(bold=True)) for text, ink in runs] if bold else runs


def _aligned(line: list[Run], size: int, align: str) -> list[Run]:
    fill = max(0, size - sum(cell_len(text) for text, _ in line))
    left = fill if "right" in align else fill // 2 if "center" in align else 0
    runs = [(" " * left, TEXT), *line] if left else list(line)
    if fill > left:
        runs.append((" " * (fill - left), TEXT))
    return runs


def _stacked(head: Sequence[Node], body: Sequence[Node], width: int) -> list[Row]:
    names = [cell.runs for cell in head[0].children] if head else []
    rows: list[Row] = []
    for row in body or head:
        if rows:
            rows.append(Row([("─" * width, FRAME)], width))
        for index, cell in enumerate(row.children):
            runs = list(cell.runs)
            if body and index < len(names) and names[index]:
                runs = [*_emphasised(names[index], bold=True), (": ", TEXT), *runs]
            rows.extend(Row(line.runs, 0, line.join) for line in wrap_runs(runs, width))
    return rows
