"""What is copied of a selection that runs over rows of messages."""

import re

from rich.cells import cell_len
from textual.selection import Selection

from tui.rendering.highlighter import colouring
from tui.rendering.line import Palette
from tui.rendering.message import GUTTER, ORDERS_PER_MESSAGE, MessageItem, Part, Row
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
    text = ""
    began = False
    for row in rows:
        span = selection.get_span(number * ORDERS_PER_MESSAGE + row.order)
        if span is None or (_is_furniture(row) and not (alone and len(rows) == 1)):
            continue
        piece = _slice(row, *span)
        if began:
            text += "\n" if row.line.join is None else row.line.join
        text += piece
        began = True
    return text.strip("\n")


def _is_furniture(row: Row) -> bool:
    strip = row.line.strip
    return row.part is Part.NOTE or (bool(strip.cell_length) and row.line.gutter >= strip.cell_length)


def _slice(row: Row, start: int, end: int) -> str:
    """Return the characters from `start` to `end` (-1: to the end) of a row, without its gutter."""
    line = row.line
    text = line.strip.text
    if line.gutter >= line.strip.cell_length:
        begin, stop = 0, len(text)
    else:
        begin = _characters_in(text, line.gutter)
        stop = len(text) - line.tail
    start, end = start - GUTTER, len(text) if end < 0 else end - GUTTER
    return text[max(start, begin) : max(0, min(end, stop))].rstrip()


def _characters_in(text: str, cells: int) -> int:
    """Return how many characters fill the first `cells` cells."""
    if text[:cells].isascii():
        return cells
    count = 0
    while count < len(text) and cell_len(text[: count + 1]) <= cells:
        count += 1
    return count


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
