"""What is copied of a selection that runs over rows of messages."""

import re
from collections.abc import Mapping

from rich.cells import cell_len
from textual.selection import Selection

from tui.rendering.highlighter import colouring
from tui.rendering.line import Line, Palette
from tui.rendering.message import GUTTER, ORDERS_PER_MESSAGE, MessageItem, Part, Row, text_of
from tui.rendering.wrap import characters_in
from tui.widgets.transcript_items import TranscriptItems

_WORD = re.compile(r"\w+|[^\w\s]+")

_DRAWN_WHOLE = 200
"""Messages that are copied as they are drawn; of a larger selection those in the middle as written."""


def selected_text(items: TranscriptItems, selection: Selection, palette: Palette) -> str:
    """Return the text under a selection: soft wraps joined, gutters and furniture left out."""
    if not len(items):
        return ""
    first, first_order = _place(items, selection.start.y) if selection.start else (0, 0)
    last, last_order = _place(items, selection.end.y) if selection.end else (len(items), 0)
    if last >= len(items):
        last, last_order = len(items) - 1, ORDERS_PER_MESSAGE - 1
    texts = []
    for index in range(first, last + 1):
        if last - first > _DRAWN_WHOLE and first < index < last:
            texts.append(items[index].content)
            continue
        item = items.measured_whole(index)
        start = item.row_at(first_order) if index == first else 0
        stop = item.row_at(last_order) + 1 if index == last else item.height
        texts.append(
            _text_of_rows(item, items.number(index), start, stop, selection, palette, alone=first == last)
        )
    return "\n\n".join(text for text in texts if text)


def _text_of_rows(
    item: MessageItem,
    number: int,
    start: int,
    stop: int,
    selection: Selection,
    palette: Palette,
    *,
    alone: bool,
) -> str:
    with colouring(0):
        rows = item.rows(start, stop, palette)
    pieces: list[str] = []
    cells: dict[int, str] = {}
    for row in rows:
        span = selection.get_span(number * ORDERS_PER_MESSAGE + row.order)
        if span is None or (_is_furniture(row) and not (alone and len(rows) == 1)):
            continue
        piece = _slice(row, *span)
        goes_on = (
            row.line.join is None and len(cells) > 1 and all(cell.join is not None for cell in row.line.cells)
        )
        before = cells if goes_on else {}
        cells = _cells(row.line, before) if piece == _slice(row, 0, -1) else {}
        if before and cells:
            pieces[-1] = "\n" + " │ ".join(cells.values())
        else:
            join = "\n" if row.line.join is None else row.line.join
            pieces.append(join + piece if pieces else piece)
    return "".join(pieces).strip("\n")


def _cells(line: Line, before: Mapping[int, str]) -> dict[int, str]:
    """Return the cells of a row of a table with what of them is in one more line."""
    text, cells = text_of(line), dict(before)
    for cell in line.cells:
        join = (cell.join or "").replace("\n", " ")
        cells[cell.column] = cells.get(cell.column, "") + join + text[cell.start : cell.end]
    return cells


def _is_furniture(row: Row) -> bool:
    strip = row.line.strip
    return row.part is Part.NOTE or (bool(strip.cell_length) and row.line.gutter >= strip.cell_length)


def _slice(row: Row, start: int, end: int) -> str:
    """Return the characters from `start` to `end` (-1: to the end) of a row, without its gutter.

    A line that is cut at an edge goes on beyond it, where that edge is selected.
    """
    line = row.line
    text = line.strip.text
    if line.gutter >= line.strip.cell_length:
        begin, stop = 0, len(text)
    else:
        begin = characters_in(text, line.gutter)
        stop = len(text) - line.tail
    start, end = start - GUTTER, len(text) if end < 0 else end - GUTTER
    if line.cut is None or start >= stop or end <= begin:
        return text[max(start, begin) : max(0, min(end, stop))].rstrip()
    whole, offset, _ = line.cut
    first = characters_in(whole, offset + cell_len(text[begin:start])) if start > begin else 0
    last = characters_in(whole, offset + cell_len(text[begin:end])) if end < stop else len(whole)
    return whole[first:last].rstrip()


def _place(items: TranscriptItems, row: int) -> tuple[int, int]:
    """Return which message a selection row is in, and its order there."""
    number, order = divmod(row, ORDERS_PER_MESSAGE)
    return items.index_of_number(number), order


def whole_message(number: int) -> tuple[int, int]:
    """Return the first and the last selection row of the message with a number."""
    return number * ORDERS_PER_MESSAGE, (number + 1) * ORDERS_PER_MESSAGE - 1


def word_at(text: str, position: int) -> tuple[int, int]:
    """Return where the word at a character begins and ends."""
    for match in _WORD.finditer(text):
        if match.start() <= position < match.end():
            return match.span()
    return position, position + 1
