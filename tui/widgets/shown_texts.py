"""The texts of messages as they are shown, to look for words in them."""

import re
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Final, NamedTuple

from tui.domain.conversation import Message, MessageId, MessageStatus
from tui.rendering.code import CodeBlock
from tui.rendering.contract import DocumentFactory
from tui.rendering.line import Block
from tui.rendering.message import MessageItem, Part, body_of
from tui.rendering.plain import PlainText
from tui.rendering.shown import shown_lines, unseen
from tui.rendering.slices import SlicedDocument

_KEPT: Final = 8_000_000
"""Characters of texts that are kept at most; others are made again when they are looked through again."""

_CODE_LINES: Final = 64
"""Lines of code in one stretch."""

_LEAST_UNSEEN: Final = 3
"""Shorter words than this are not looked for in what is not shown."""

_WORD: Final = re.compile(r"[^\W_]+")
_MARKS: Final = str.maketrans("", "", "*_~`\\[]{}")
_OTHERWISE: Final = re.compile(r"[$&]|\\[(\[]|\\begin")


def folded(text: str) -> str:
    """Return a text as it is compared: without regard to case."""
    return text.casefold()


def may_contain(source: str, query: str) -> bool:
    """Return whether words may be shown by a Markdown text: False only if they cannot.

    Args:
        source: The Markdown.
        query: The words, folded.
    """
    if _OTHERWISE.search(source):
        return True
    word = max(_WORD.findall(query), key=len, default="")
    return word in folded(source).translate(_MARKS)


class Stretch(NamedTuple):
    """Some of the text of a block, folded."""

    block: int
    """Which block it is of."""
    shown: str
    unseen: str = ""

    def count(self, query: str) -> int:
        """Return how often words are in it; once if only in what is not shown."""
        count = self.shown.count(query)
        if not count and self.unseen and len(query) >= _LEAST_UNSEEN:
            return int(query in self.unseen)
        return count


class ShownText:
    """The text of some blocks as it is shown. What stays the same as they grow is not read again."""

    def __init__(self) -> None:
        """Begin empty."""
        self._blocks: list[Block] = []
        self._stretches: list[Stretch] = []
        self._query = ""
        self._counts: list[int] = []
        self.size = 0
        """How many characters are kept."""

    def take(self, blocks: Sequence[Block]) -> Iterator[None]:
        """Take over the blocks as they are now, a little each time the iterator is asked."""
        blocks = [*blocks]  # the document may go on while this waits
        same = 0
        for mine, other in zip(self._blocks, blocks, strict=False):
            if mine is not other:
                break
            same += 1
        keep = bisect_right(self._stretches, same - 1, key=lambda stretch: stretch.block)
        begun = 0
        if same < min(len(blocks), len(self._blocks)) and _goes_on(self._blocks[same], blocks[same]):
            # The complete stretches of code that grows are what they were.
            while keep + 1 < len(self._stretches) and self._stretches[keep + 1].block == same:
                keep += 1
                begun += _CODE_LINES
        del self._stretches[keep:], self._counts[keep:]
        self._blocks = blocks
        for index in range(same, len(blocks)):
            yield
            self._stretches.extend(_stretches(blocks[index], index, begun if index == same else 0))
        self.size = sum(len(stretch.shown) + len(stretch.unseen) for stretch in self._stretches)

    def forget_blocks(self) -> None:
        """Keep the text alone: the blocks will not grow."""
        self._blocks = []

    def count(self, query: str) -> int:
        """Return how often `query`, folded, is in it."""
        if query != self._query:
            self._query, self._counts = query, []
        for stretch in self._stretches[len(self._counts) :]:
            self._counts.append(stretch.count(query))
        return sum(self._counts)

    def find(self, query: str, ordinal: int) -> tuple[int, int]:
        """Return in which block a match is, and the how many-th in that block it is."""
        if not self.count(query):
            return 0, 0
        ends = [*accumulate(self._counts)]
        at = min(bisect_right(ends, ordinal), len(ends) - 1)
        block = self._stretches[at].block
        first = at
        while first and self._stretches[first - 1].block == block:
            first -= 1
        return block, ordinal - (ends[first - 1] if first else 0)


def _goes_on(before: Block, after: Block) -> bool:
    return isinstance(before, CodeBlock) and isinstance(after, CodeBlock) and before.buffer is after.buffer


def _stretches(block: Block, index: int, begun: int) -> Iterator[Stretch]:
    if not isinstance(block, CodeBlock):
        yield Stretch(index, folded("\n".join(shown_lines(block))), folded(unseen(block)))
        return
    # The last one may be incomplete, and there is always one.
    for start in range(begun, max(block.size, begun) + 1, _CODE_LINES):
        yield Stretch(index, folded("\n".join(block.text_lines(start, start + _CODE_LINES))))


class Shown(NamedTuple):
    """The texts of one message."""

    thinking: ShownText
    body: ShownText

    def of(self, part: Part) -> ShownText:
        """Return the text of a part."""
        return self.thinking if part is Part.THINKING else self.body

    @property
    def size(self) -> int:
        """Return how many characters are kept."""
        return self.thinking.size + self.body.size

    def counts(self, query: str) -> tuple[int, int]:
        """Return how often `query`, folded, is in the thinking and in the text."""
        return self.thinking.count(query), self.body.count(query)


class ShownTexts:
    """The texts of the messages that have been looked through, the latest ones."""

    def __init__(self, document: DocumentFactory) -> None:
        """Begin with none.

        Args:
            document: Makes the documents of Markdown texts.
        """
        self._document = document
        self._kept: OrderedDict[MessageId, tuple[Message, Shown]] = OrderedDict()
        self._size = 0

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._size = 0

    def known(self, message: Message) -> Shown | None:
        """Return the texts of a message, if they are known."""
        kept = self._kept.get(message.id)
        return kept[1] if kept is not None and kept[0] is message else None

    def read(self, message: Message, item: MessageItem | None) -> Iterator[None]:
        """Read what a message shows, a little each time the iterator is asked; then it is `known`.

        Args:
            message: The message.
            item: Its layout, if there is one.
        """
        shown = self._taken(message)
        if item is not None and item.message is message and not item.waits:
            yield from shown.thinking.take(item.blocks_of(Part.THINKING))
            yield from shown.body.take(item.blocks_of(Part.BODY))
        else:
            yield from shown.thinking.take(PlainText(message.thinking).blocks)
            yield from self._read_body(message, shown.body)
        self._keep(message, shown)

    def read_as_it_is(self, message: Message, item: MessageItem) -> Shown:
        """Return what is shown of a message now: of a very long text some may not have been read yet."""
        shown = self.known(message)
        if shown is None:
            shown = self._taken(message)
            for part in (Part.THINKING, Part.BODY):
                for _ in shown.of(part).take(item.blocks_of(part)):
                    pass
            # A text that waits is read again for as long as it does.
            self._keep(message, shown, whole=not item.waits)
        return shown

    def _taken(self, message: Message) -> Shown:
        """Return what is known of a message as it was before, to go on from there."""
        kept = self._kept.pop(message.id, None)
        if kept is None:
            return Shown(ShownText(), ShownText())
        self._size -= kept[1].size
        return kept[1]

    def _read_body(self, message: Message, text: ShownText) -> Iterator[None]:
        body = body_of(message, self._document)
        body.append(message.content)
        if message.status is not MessageStatus.STREAMING:
            body.close()
        while isinstance(body, SlicedDocument) and body.read():
            yield
        yield from text.take(body.blocks)

    def _keep(self, message: Message, shown: Shown, *, whole: bool = True) -> None:
        if whole and message.status is not MessageStatus.STREAMING:
            shown.thinking.forget_blocks()
            shown.body.forget_blocks()
        if (before := self._kept.pop(message.id, None)) is not None:
            self._size -= before[1].size
        # What is kept of another message than this one is not `known`, but gone on from.
        self._kept[message.id] = message if whole else replace(message), shown
        self._size += shown.size
        while self._size > _KEPT and len(self._kept) > 1:
            _, (_, old) = self._kept.popitem(last=False)
            self._size -= old.size
