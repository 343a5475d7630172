"""The text of blocks as it is read on the screen: what Markdown means, not how it is written."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from tui.rendering.code import CodeBlock, Hole
from tui.rendering.line import Block
from tui.rendering.nodes import Node
from tui.rendering.tables import TableBlock
from tui.rendering.tex import to_unicode
from tui.rendering.text_block import TextBlock

_UNSEEN: Final = re.compile(r"\$|\\[(\[]|\\begin|\]\(")
"""What is written otherwise than it is shown, so that its source is worth finding: formulas, addresses."""

_TAB: Final = 4


def shown_lines(block: Block) -> Iterator[str]:
    """Yield the lines of a block before they are wrapped; of a table each cell, without furniture."""
    if isinstance(block, CodeBlock):
        yield from block.text_lines(0, block.size + 1)
    elif isinstance(block, TextBlock):
        yield from _lines(block.nodes, {hole.line: hole for hole in block.piece.holes})
    elif isinstance(block, TableBlock):
        for row in block.nodes:
            yield from _lines(row.children, {})
    else:
        yield from (line.expandtabs(_TAB) for line in block.source.split("\n"))


def unseen(block: Block) -> str:
    """Return the source of a text in which something is written otherwise than it is shown; or nothing."""
    if isinstance(block, TextBlock | TableBlock) and _UNSEEN.search(block.source):
        return block.source
    return ""


def _lines(nodes: Sequence[Node], holes: dict[int, Hole]) -> Iterator[str]:
    for node in nodes:
        if node.kind in ("fence", "code_block"):
            hole = holes.get(node.line)
            lines = hole.lines if hole is not None else node.text.removesuffix("\n").split("\n")
            yield from (line.expandtabs(_TAB) for line in lines)
        elif node.runs:
            yield from "".join(text for text, _ in node.runs).replace("\t", " " * _TAB).split("\n")
        elif node.children:
            yield from _lines(node.children, holes)
        elif node.kind == "math_block":
            yield from to_unicode(node.text, "$$" if node.number else "").strip("\n").split("\n")
        elif node.text:
            yield from node.text.rstrip("\n").split("\n")
