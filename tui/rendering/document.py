"""Markdown that may still be growing, as blocks that are drawn on their own."""

import re
from collections.abc import Sequence
from typing import Final

from tui.domain.text import sanitize
from tui.rendering.code import CodeBlock, CodeBuffer, CodeText
from tui.rendering.line import Block
from tui.rendering.nodes import References
from tui.rendering.pieces import Cutter, Fence, Piece
from tui.rendering.text_block import COLOURLESS, TextBlock

_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_MARKS: Final = re.compile(r"[*_`~\[$\\!<&]")

_INDENT: Final = re.compile(r"^(?: {4}| {0,3}\t| {1,3})")

DocumentBlock = TextBlock | CodeBlock


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
        self._feed([last] if last else [], final=True)

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
        *lines, partial = (self._partial + sanitize(text)).split("\n")
        self._partial = partial
        if lines:
            self._feed(lines, final=False)
        self._stale = True

    def _feed(self, lines: list[str], final: bool) -> None:
        provisional = self._blocks[self._finished :]
        del self._blocks[self._finished :]
        for item in self._cutter.feed(lines, final):
            old = provisional.pop(0) if provisional else None
            if isinstance(item, Piece):
                block: DocumentBlock = self._block(item, self._codes, old, provisional=False)
                self._codes += item.codes
            else:
                block = self._code(item[0], item[1], None)
                self._codes += 1
            self._blocks.append(block)
        self._finished = len(self._blocks)
        self._blocks.extend(provisional)
        self._stale = True
        if self._cutter.learnt:
            self._cutter.learnt = False
            self._renew()

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
        pieces = [] if self._closed else self._cutter.rest(self._partial)
        codes = self._codes
        for number, piece in enumerate(pieces):
            last = number == len(pieces) - 1
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
        return TextBlock(piece, number, self._references, provisional)

    def _code(self, fence: Fence, closing: str, last: str | None) -> CodeBlock:
        return CodeBlock(fence.buffer, self._codes, fence.gap, (fence.opening, closing), last)

    def _renew(self) -> None:
        for index, block in enumerate(self._blocks):
            if isinstance(block, TextBlock) and "[" in block.source:
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
