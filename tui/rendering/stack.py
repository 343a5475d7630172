"""Blocks on top of each other: which one is at a row, kept up to date while the last ones change."""

from bisect import bisect_right
from collections.abc import Sequence

from tui.rendering.line import Block


class BlockStack:
    """The heights of a list of blocks at one width."""

    def __init__(self, gap: int = 0) -> None:
        """Begin with no blocks.

        Args:
            gap: How many empty rows there are between two blocks.
        """
        self._gap = gap
        self._width = -1
        self.blocks: list[Block] = []
        self.starts: list[int] = []
        self.height = 0

    def sync(self, blocks: Sequence[Block], width: int) -> None:
        """Take over `blocks`; only the last one and those that are new are measured."""
        if width != self._width:
            self.blocks.clear()
            self.starts.clear()
            self.height = 0
            self._width = width
        while self.blocks and (
            len(self.blocks) >= len(blocks) or self.blocks[-1] is not blocks[len(self.blocks) - 1]
        ):
            self.blocks.pop()
            self.starts.pop()
        if self.blocks:
            self.height = self.starts[-1] + self.blocks[-1].height(width)
        else:
            self.height = 0
        for block in blocks[len(self.blocks) :]:
            start = self.height + self._gap if self.blocks else 0
            self.blocks.append(block)
            self.starts.append(start)
            self.height = start + block.height(width)

    def find(self, row: int) -> tuple[int, int]:
        """Return which block is at `row`, and which of its rows that is (the gap below counts on)."""
        index = max(0, bisect_right(self.starts, row) - 1)
        return index, row - self.starts[index]

    def slot(self, index: int) -> int:
        """Return how many rows a block takes, the gap below included."""
        end = self.starts[index + 1] if index + 1 < len(self.starts) else self.height
        return end - self.starts[index]
