"""Markdown that may still be growing, as blocks that are drawn on their own."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tui.domain.text import sanitize
from tui.rendering.code import CodeBlock, CodeBuffer, CodeText
from tui.rendering.cuts import Piece
from tui.rendering.fences import Fence
from tui.rendering.line import Block
from tui.rendering.nodes import References
from tui.rendering.pieces import Cutter, Cutting
from tui.rendering.tables import TableBlock, TableBuffer, table_blocks
from tui.rendering.text_block import COLOURLESS, TextBlock

_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_MARKS: Final = re.compile(r"[*_`~\[$\\!<&]")

_INDENT: Final = re.compile(r"^(?: {4}| {0,3}\t| {1,3})")

DocumentBlock = TextBlock | CodeBlock | TableBlock


class Document:
    """Markdown that may still be growing, as blocks.

    Blocks are drawn one right below the other: the empty line between two belongs to the second. A
    block is the same object for as long as its source is; the last ones are replaced as text arrives,
    earlier ones only when a link or a footnote that they mention is defined further down.
    """

    __slots__ = (
        "_blocks",
        "_carry",
        "_closed",
        "_codes",
        "_cutter",
        "_finished",
        "_partial",
        "_references",
        "_stale",
    )

    def __init__(self, text: str = "") -> None:
        self._references = References()
        self._cutter = Cutter(self._references)
        self._blocks: list[DocumentBlock] = []
        self._finished = 0
        """How many of the blocks are finished; the rest is provisional."""
        self._codes = 0
        """Blocks of code in what is finished."""
        self._partial = ""
        """The line that has only begun."""
        self._carry = ""
        """Half of a character of which the other half is still to come."""
        self._closed = False
        self._stale = False
        if text:
            self.append(text)

    def append(self, text: str) -> None:
        """Add text from outside, cut anywhere."""
        if self._closed:
            raise ValueError("the document is closed")
        text = self._carry + text
        self._carry = ""
        if text and (text[-1] == "\r" or "\ud800" <= text[-1] <= "\udbff"):
            text, self._carry = text[:-1], text[-1]
        self._take(text)

    def close(self) -> None:
        """Say that no more text comes."""
        if self._closed:
            return
        carry, self._carry = self._carry, ""
        self._take(carry)
        self._closed = True
        last, self._partial = self._partial, ""
        self._finish(self._cutter.feed([last] if last else [], final=True))

    @property
    def blocks(self) -> Sequence[Block]:
        """Return the blocks; the sequence is valid until text is added."""
        self._refresh()
        return self._blocks

    @property
    def code_blocks(self) -> Sequence[CodeText]:
        """Return the blocks of code, in order: their `language` and the `code` to copy."""
        self._refresh()
        return [text for block in self._blocks for text in block.code_texts]

    def _take(self, text: str) -> None:
        if not text:
            return
        if not text.isascii():
            text = _PAIR.sub(_joined, text)
        *lines, self._partial = (self._partial + sanitize(text)).split("\n")
        if lines:
            self._finish(self._cutter.feed(lines, final=False))
        self._finish(self._shortened())
        self._stale = True

    def _shortened(self) -> Iterator[Cutting]:
        self._partial = yield from self._cutter.shorten(self._partial)

    def _finish(self, cuttings: Iterable[Cutting]) -> None:
        """Make blocks of what is finished."""
        old = self._blocks[self._finished :]
        del self._blocks[self._finished :]
        for item in cuttings:
            if isinstance(item, Piece):
                before = old.pop(0) if old else None
                self._blocks.append(self._block(item, self._codes, before, provisional=False))
                self._codes += item.codes
            elif isinstance(item, TableBuffer):
                self._blocks.extend(self._table(item, None, old))
                old = [block for block in old if not (isinstance(block, TableBlock) and block.buffer is item)]
            else:
                self._blocks.append(self._code(item[0], item[1], None))
                self._codes += 1
                del old[:1]
        self._finished = len(self._blocks)
        self._blocks.extend(old)
        self._stale = True
        if self._cutter.learnt:
            self._cutter.learnt = False
            self._renew()

    def _table(self, table: TableBuffer, last: str | None, old: Sequence[DocumentBlock]) -> list[TableBlock]:
        same = [block for block in old if isinstance(block, TableBlock) and block.buffer is table]
        return table_blocks(table, last, same)

    def _refresh(self) -> None:
        """Make the blocks of what is not finished."""
        if not self._stale:
            return
        self._stale = False
        old = self._blocks[self._finished :]
        del self._blocks[self._finished :]
        fence = self._cutter.fence
        if fence is not None:
            partial = (
                None if not self._partial or fence.may_close(self._partial) else fence.code(self._partial)
            )
            self._blocks.append(self._code(fence, "", partial))
            return
        if self._cutter.table is not None:
            self._blocks.extend(self._table(self._cutter.table, self._cutter.row(self._partial), old))
            old = []
        pieces = [] if self._closed else self._cutter.rest(self._partial)
        codes = self._codes
        for number, piece in enumerate(pieces):
            last = number == len(pieces) - 1 and not self._cutter.ended
            before = old[number] if number < len(old) else None
            self._blocks.append(self._block(piece, codes, before, provisional=last and _open(piece.source)))
            codes += piece.codes

    def _block(
        self, piece: Piece, number: int, old: DocumentBlock | None, provisional: bool
    ) -> DocumentBlock:
        """Return a block for `piece`: the one that stood there before, if it is the same."""
        if piece.indented:
            buffer = CodeBuffer("")
            buffer.lines.extend(_unindented(piece.source))
            return CodeBlock(buffer, number, piece.gap, piece.source)
        if isinstance(old, TextBlock) and old.piece == piece and old.provisional == provisional:
            return old
        return TextBlock(piece, number, self._references, provisional).follows(old)

    def _code(self, fence: Fence, closing: str, last: str | None) -> CodeBlock:
        return CodeBlock(fence.buffer, self._codes, fence.gap, (fence.opening, closing), last)

    def _renew(self) -> None:
        tables: set[TableBuffer] = set()
        for index, block in enumerate(self._blocks):
            if isinstance(block, TableBlock):
                if block.buffer not in tables:
                    tables.add(block.buffer)
                    block.buffer.forget()
                self._blocks[index] = block.renewed()
            elif isinstance(block, TextBlock) and "[" in block.piece.source:
                self._blocks[index] = block.renewed()


def _joined(pair: re.Match[str]) -> str:
    return pair.group().encode("utf-16", "surrogatepass").decode("utf-16")


def _open(source: str) -> bool:
    """Return whether the end of `source` may look different once more text has come."""
    return _MARKS.search(source, source.rfind("\n\n") + 1) is not None


def _unindented(source: str) -> list[str]:
    return [_INDENT.sub("", line) for line in source.split("\n")]


def prepare() -> None:
    """Load the parser and the highlighter: in a thread, once the first frame is on the screen.

    Otherwise the first document pays for it, with a fifth of a second.
    """
    warm = Document("a **b**\n\n- c\n\n```python\nx = 1\n```\n")
    warm.close()
    for block in warm.blocks:
        block.lines(0, block.height(40), 40, COLOURLESS)
