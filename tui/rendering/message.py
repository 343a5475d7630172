"""A message as rows: who and when, thinking, the text, how it ended."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate, takewhile
from operator import itemgetter
from typing import NamedTuple

from textual.strip import Strip

from tui.domain.conversation import Message, MessageId, MessageStatus, QueuedMessage, Role
from tui.domain.graphics import Graphics, Protocol
from tui.domain.text import sanitize_line
from tui.domain.told_marks import NOTHING_MARKED
from tui.rendering import furniture
from tui.rendering.code import CodeBlock
from tui.rendering.contract import Code, DocumentFactory, TextDocument
from tui.rendering.cut_line import CutLine
from tui.rendering.gallery import Gallery, PictureBlock, file_blocks
from tui.rendering.highlighter import colouring
from tui.rendering.line import Block, Line, Palette
from tui.rendering.plain import PlainBlock, PlainText, UserText
from tui.rendering.reading import Reading
from tui.rendering.slices import SlicedDocument, UnreadBlock, block_at, size_of, unread_before
from tui.rendering.stack import BlockStack

GUTTER = 2
"""Cells at the left of every row: room for the cursor's mark."""


class Part(Enum):
    """Which part of a message a row belongs to."""

    CUT = "cut"
    TITLE = "title"
    THINKING = "thinking"
    BODY = "body"
    FILES = "files"
    NOTE = "note"


class Row(NamedTuple):
    """One row of a message."""

    line: Line
    part: Part
    block: Block | None
    """What it was made by; None for an empty row between blocks."""
    number: int
    """Which row of its block it is."""
    order: int
    """Grows from row to row, and stays the row's own when heights above it change."""


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a message that stays the same spot when widths change, text is added or parts fold."""

    part: Part
    block: int
    """Which block of its part."""
    row: int
    """Which row of the block."""
    rows: int = 0
    """How many rows the block had."""
    counted: int = -1
    """How many characters (of code: lines) stand in the block before the row; -1: they were not counted."""
    unread: bool = False
    """The block is text that has not been read: its rows are lines of the source."""


ORDERS_PER_MESSAGE = 1 << 48
"""More than the order of any row."""

_ORDERS_PER_PART = 1 << 44
_ORDERS_PER_BLOCK = 1 << 22
_PARTS = tuple(Part)

EMPTY = Line(Strip([]))
"""A row with nothing in it."""

_UNCHANGED = 1 << 60
"""More than any row."""

_COUNTED = 400
"""Rows of a block up to which a place counts characters; below that it goes by proportion."""


def body_of(message: Message | QueuedMessage, document: DocumentFactory) -> TextDocument:
    """Return an empty document of the kind that the text of a message is."""
    if isinstance(message, QueuedMessage):
        return PlainText(ink="muted")
    if message.role is Role.ASSISTANT:
        return document("")
    if message.role is Role.USER:
        return UserText(document)
    return PlainText(ink="muted")


class MessageItem:
    """One message laid out for a width. Text may grow at its end; only what is asked for is rendered."""

    def __init__(
        self,
        message: Message | QueuedMessage,
        document: DocumentFactory,
        *,
        branch: tuple[int, int] | None = None,
        now: float = 0.0,
        unfolded: bool = False,
        detailed: bool = False,
        gallery: Gallery | None = None,
    ) -> None:
        """Parse a message.

        Args:
            message: The message, or one that waits its turn.
            document: Makes the documents of its Markdown.
            branch: Which of how many branches it is, counted from 1.
            now: Seconds since the epoch, to tell today's messages.
            unfolded: Show the thinking.
            detailed: Show the figures that are told on request.
            gallery: Where drawn pictures are; without one only their names are shown.
        """
        self.message = message
        self._gallery = Gallery(Graphics(Protocol.OFF)) if gallery is None else gallery
        self._files: Sequence[Block] = ()
        self._files_for: object = None
        self._document = document
        self.branch = branch
        self._now = now
        self.unfolded = unfolded
        self.detailed = detailed
        self.marks = NOTHING_MARKED
        """What of the conversation the model is told; what concerns this message is drawn with it."""
        self._width = -1
        self._wrap_code = False
        self._segments: list[tuple[int, Part]] = []
        self._stacks = {part: BlockStack() for part in Part}
        self._thinking = PlainText(ink="muted", bar="│ ")
        self._thinking_taken = 0
        self._body: TextDocument = self._new_body()
        self._body_taken = 0
        self._body_closed = False
        self.height = 0
        """How many rows it has at the width it was last laid out for."""
        self._changed = 0
        self._grow()

    @property
    def id(self) -> MessageId:
        """The message's id."""
        return self.message.id

    @property
    def code_blocks(self) -> Sequence[Code]:
        """The code in the text."""
        return self._body.code_blocks

    def pictures(self) -> Iterator[tuple[int, PictureBlock]]:
        """Yield the pictures of the message as it was last laid out, each with the row of its name."""
        for start, part in self._segments if self._files else ():
            if part is Part.FILES:
                for index, block in enumerate(self._files):
                    if isinstance(block, PictureBlock):
                        yield start + self._stacks[part].start(index), block

    def blocks_of(self, part: Part) -> Sequence[Block]:
        """Return the blocks of the text or of the thinking, folded or not."""
        return self._thinking.blocks if part is Part.THINKING else self._body.blocks

    def height_of(self, block: Block) -> int:
        """Return how many rows one of the blocks has."""
        return block.height(self.inner_width, self._wrap_code)

    @property
    def has_thinking(self) -> bool:
        """There is thinking to fold."""
        return isinstance(self.message, Message) and bool(self.message.thinking)

    @property
    def _is_plain(self) -> bool:
        return isinstance(self.message, QueuedMessage) or self.message.role is not Role.ASSISTANT

    @property
    def _is_streaming(self) -> bool:
        return isinstance(self.message, Message) and self.message.status is MessageStatus.STREAMING

    def _new_body(self) -> TextDocument:
        return body_of(self.message, self._document)

    def update(self, message: Message) -> None:
        """Take over a changed message; what of its texts is the same is not parsed again."""
        before = self.message
        self.message = message
        is_longer = len(message.content) > len(before.content)
        if not message.content.startswith(before.content) or (self._body_closed and is_longer):
            self._body = self._new_body()
            self._body_taken = 0
            self._body_closed = False
        if isinstance(before, Message) and not message.thinking.startswith(before.thinking):
            self._thinking = PlainText(ink="muted", bar="│ ")
            self._thinking_taken = 0
        self._grow()

    def _grow(self) -> None:
        message = self.message
        if len(message.content) > self._body_taken:
            self._body.append(message.content[self._body_taken :])
            self._body_taken = len(message.content)
        if isinstance(message, Message) and len(message.thinking) > self._thinking_taken:
            self._thinking.append(message.thinking[self._thinking_taken :])
            self._thinking_taken = len(message.thinking)
        if not self._is_streaming:
            self._body.close()
            self._body_closed = True

    @property
    def waits(self) -> bool:
        """Whether some of the text has not been read yet."""
        return isinstance(self._body, SlicedDocument) and self._body.waits

    def reading(self) -> Reading | None:
        """Return what is to be read, in a thread, if some of the text has not been."""
        if not self.waits:
            return None
        text = self.message.content[: self._body_taken]
        shape = self.inner_width, self._wrap_code
        return Reading(self._body, text, is_whole=self._body_closed, shape=shape)

    def take(self, reading: Reading) -> bool:
        """Show what has been read; tell whether it was a reading of this text as it is now."""
        if reading.of is not self._body:
            return False
        self._body, self._stacks[Part.BODY] = reading.document, reading.stack
        self._body_taken = len(reading.text)
        self._changed = 0
        self._grow()
        return True

    def layout(self, width: int, wrap_code: bool = False) -> int:
        """Lay the message out for a widget of `width` cells and return its height."""
        self._width = width
        self._wrap_code = wrap_code
        inner = self.inner_width
        blocks = self._blocks()
        row = 0
        self._segments = []
        for part in Part:
            stack = self._stacks[part]
            stack.sync(blocks.get(part, ()), inner, wrap_code)
            if not stack.blocks:
                if stack.changed is not None:
                    self._changed = min(self._changed, row)
                continue
            is_apart = part is Part.NOTE or (part is Part.BODY and self.unfolded and self.has_thinking)
            if is_apart and self._segments[-1][1] is not Part.TITLE:
                row += 1
            self._segments.append((row, part))
            if stack.changed is not None and part is not Part.TITLE:
                self._changed = min(self._changed, row + stack.changed)
            row += stack.height
        self.height = row + 1
        return self.height

    def changed_from(self) -> int:
        """Return the first row that looks different since this was last asked, if only text was added."""
        changed, self._changed = min(self._changed, self.height), _UNCHANGED
        return changed

    def measure_between(self, top: int, bottom: int) -> tuple[int, int] | None:
        """Measure the first block between two rows whose height is a guess.

        Returns:
            The row at which it begins and by how much it grew; None where no height is a guess.
        """
        for number, (start, part) in enumerate(self._segments):
            measured = self._stacks[part].measure_between(top - start, bottom - start)
            if measured is None:
                continue
            row, grown = measured
            for below in range(number + 1, len(self._segments)):
                begin, other = self._segments[below]
                self._segments[below] = begin + grown, other
            self.height += grown
            return start + row, grown
        return None

    @property
    def inner_width(self) -> int:
        """How many cells the text has."""
        margin = 1 if self._width > _NARROW else 0
        return max(1, self._width - GUTTER - margin)

    def _blocks(self) -> dict[Part, Sequence[Block]]:
        message = self.message
        if self._files_for != (shape := (message.attachments, self._gallery.state(message.attachments))):
            self._files, self._files_for = file_blocks(message.attachments, self._gallery), shape
        if isinstance(message, QueuedMessage):
            title: list[Block] = [furniture.queued_header()]
            return {Part.TITLE: title, Part.BODY: self._body.blocks, Part.FILES: self._files}
        title = [furniture.header(message, self.branch, self._now, self.marks.notes.get(message.id, ""))]
        if self.detailed:
            title.append(PlainBlock(furniture.details(message.stats), "muted"))
        thinking: list[Block] = []
        if self.has_thinking:
            thinking.append(furniture.thinking_header(message, unfolded=self.unfolded))
            if self.unfolded:
                thinking.extend(self._thinking.blocks)
        body = self._body.blocks
        if self._is_streaming and not body and not thinking:
            body = _WAITING
        notes = self._notes(message)
        cut: tuple[Block, ...] = ()
        if message.id == self.marks.before:
            cut = (CutLine(self.marks.line, opens=self.marks.opens_summary),)
        elif message.id == self.marks.after:
            notes.append(CutLine(self.marks.line, opens=self.marks.opens_summary))
        return {
            Part.CUT: cut,
            Part.TITLE: title,
            Part.THINKING: thinking,
            Part.BODY: body,
            Part.FILES: self._files,
            Part.NOTE: notes,
        }

    def _notes(self, message: Message) -> list[Block]:
        notes: list[Block] = []
        if message.status is MessageStatus.FAILED:
            error = sanitize_line(message.error, 2000) or "The answer failed."
            notes.append(PlainBlock(error, "error", bar="▌ ", bar_ink="error"))
            if hint := sanitize_line(message.hint, 2000):
                notes.append(PlainBlock(hint, "muted", bar="▌ ", bar_ink="error"))
        elif message.status is MessageStatus.COMPLETE and message.error:
            error = sanitize_line(message.error, 2000)
            notes.append(PlainBlock(error, "warning", bar="▌ ", bar_ink="warning"))
        notes.extend(furniture.ending(message))
        return notes

    def rows(self, start: int, stop: int, palette: Palette) -> list[Row]:
        """Return the rows from `start` to `stop` (exclusive) of the message as it was last laid out."""
        rows: list[Row] = []
        row = start
        while row < min(stop, self.height):
            found = self._at(row)
            if found is None:
                rows.append(Row(EMPTY, Part.BODY, None, 0, self.order_of(row)))
                row += 1
                continue
            part, index, number = found
            order = self.order_of(row)
            block = self._stacks[part].blocks[index]
            count = min(stop - row, self._stacks[part].height_of(index) - number)
            lines = block.lines(number, number + count, self.inner_width, palette)
            # A block that gives less than its height must not shift what is below it.
            lines = [*lines, *[EMPTY] * (count - len(lines))]
            rows.extend(Row(line, part, block, number + n, order + n) for n, line in enumerate(lines[:count]))
            row += count
        return rows

    def _at(self, row: int) -> tuple[Part, int, int] | None:
        """Return what is at a row: the part, which block of it, which row of that; None for a gap."""
        position = bisect_right(self._segments, row, key=itemgetter(0)) - 1
        if position < 0:
            return None
        start, part = self._segments[position]
        stack = self._stacks[part]
        if row - start >= stack.height:
            return None
        return part, *stack.find(row - start)

    def order_of(self, row: int) -> int:
        """Return the order of a row."""
        empty = 0
        while (found := self._at(row)) is None and row > 0:
            row -= 1
            empty += 1
        part, index, number = found or (Part.TITLE, 0, 0)
        return _PARTS.index(part) * _ORDERS_PER_PART + index * _ORDERS_PER_BLOCK + number + empty

    def row_at(self, order: int) -> int:
        """Return the row that has an order, or the next one where it is gone."""
        place, rest = divmod(order, _ORDERS_PER_PART)
        index, number = divmod(rest, _ORDERS_PER_BLOCK)
        for start, part in self._segments:
            stack = self._stacks[part]
            if _PARTS.index(part) == place and index < len(stack.blocks):
                return min(start + stack.start(index) + number, self.height - 1)
            if _PARTS.index(part) > place:
                return start
        return self.height - 1

    def row_of_block(self, block: Block) -> int | None:
        """Return the row at which a block begins, or None where it is not shown."""
        for start, part in self._segments:
            stack = self._stacks[part]
            for index, other in enumerate(stack.blocks):
                if other is block:
                    return start + stack.start(index)
        return None

    def place(self, row: int, palette: Palette) -> Place:
        """Return the spot at a row, to find it again when the message is laid out differently."""
        at, found = row, self._at(row)
        while found is None and at > 0:
            at -= 1
            found = self._at(at)
        if found is None:
            return Place(Part.TITLE, 0, 0)
        part, index, number = found
        block = self._stacks[part].blocks[index]
        rows = self._stacks[part].height_of(index)
        counted = -1
        if isinstance(block, UnreadBlock):
            return Place(part, index, number, rows, unread=True)
        if part in (Part.THINKING, Part.BODY) and number <= _COUNTED:
            with colouring(0):
                above = block.lines(0, number, self.inner_width, palette)
            counted = sum(_extent(block, line) for line in above)
        return Place(part, index, number + row - at, rows, counted)

    def row_of(self, place: Place, palette: Palette) -> int:
        """Return the row at which a spot is now; where it is gone, the nearest that is there.

        The block that it is in is measured for that: the height may change.
        """
        row = self._row_of(place, palette)
        self.layout(self._width, self._wrap_code)
        return row

    def _row_of(self, place: Place, palette: Palette) -> int:
        for start, part in self._segments:
            if part is place.part:
                return start + self._row_in(self._stacks[part], place, palette)
            if _PARTS.index(part) > _PARTS.index(place.part):
                return start
        return max(0, self.height - 1)

    def _row_in(self, stack: BlockStack, place: Place, palette: Palette) -> int:
        if place.unread and stack.blocks and not isinstance(stack.blocks[-1], UnreadBlock):
            index, before = block_at(stack.blocks, unread_before(self.message.content, place.row))
            stack.measure(index)
            return stack.start(index) + self._row_of_source(stack.blocks[index], before, palette)
        if place.block >= len(stack.blocks):
            return max(0, stack.height - 1)
        block = stack.blocks[place.block]
        stack.measure(place.block)
        rows = stack.height_of(place.block)
        row = place.row
        if rows != place.rows and place.row < place.rows:
            row = place.row * rows // max(1, place.rows)
            if place.counted >= 0:
                with colouring(0):
                    lines = block.lines(0, min(rows, _COUNTED * 4), self.inner_width, palette)
                row = _row_after(block, lines, place)
        return stack.start(place.block) + min(row, rows)

    def _row_of_source(self, block: Block, before: int, palette: Palette) -> int:
        """Return the row of a block at which the character after `before` of its source is drawn."""
        if isinstance(block, CodeBlock):
            ends = accumulate(map(size_of, block.source.split("\n")))
            line = sum(1 for _ in takewhile(lambda end: end <= before, ends)) - 1
            return block.row_of_line(min(max(0, line), block.size), self.inner_width, self._wrap_code)
        height = self.height_of(block)
        if height > _COUNTED * 4:
            return before * height // max(1, size_of(block.source))
        with colouring(0):
            lines = block.lines(0, height, self.inner_width, palette)
        extents = [_extent(block, line) for line in lines]
        drawn = before * sum(extents) / max(1, size_of(block.source))
        return sum(1 for _ in takewhile(lambda end: end <= drawn, accumulate(extents)))


_WAITING: Sequence[Block] = (PlainBlock("…", "muted"),)
_NARROW = 20


def _extent(block: Block, line: Line) -> int:
    """Return how much of a block is in a line, in what stays the same when it is wrapped differently."""
    if isinstance(block, CodeBlock):
        # Characters will not do: what is cut at the edge is not drawn.
        return line.join is None
    return len("".join(text_of(line).split()))


def text_of(line: Line) -> str:
    """Return the text of a line without its gutter."""
    strip = line.strip
    if line.gutter or line.tail:
        strip = strip.crop(line.gutter, max(line.gutter, strip.cell_length - line.tail))
    return strip.text


def _row_after(block: Block, lines: Sequence[Line], place: Place) -> int:
    """Return the row that holds the first of what comes after that which a place counted."""
    count = 0
    for row, line in enumerate(lines):
        count += _extent(block, line)
        if count > place.counted:
            return row
    return max(0, len(lines) - 1)
