"""Blocks on top of each other: which one is at a row, kept up to date while the last ones change."""

from bisect import bisect_right
from collections.abc import Sequence

from tui.rendering.line import Block


class BlockStack:
    """The heights of a list of blocks at one width."""

    def __init__(self) -> None:
        """Begin with no blocks."""
        self._shape: tuple[int, bool] | None = None
        self.blocks: list[Block] = []
        self.starts: list[int] = []
        self.height = 0

    def sync(self, blocks: Sequence[Block], width: int, wrap_code: bool = False) -> None:
        """Take over `blocks`; from the first that is another one on, and the last one, they are measured."""
        if self._shape != (width, wrap_code):
            self.blocks.clear()
            self._shape = (width, wrap_code)
        same = 0
        for mine, other in zip(self.blocks, blocks, strict=False):
            if mine is not other:
                break
            same += 1
        del self.blocks[same:], self.starts[same:]
        if self.blocks:
            self.height = self.starts[-1] + self.blocks[-1].height(width, wrap_code)
        else:
            self.height = 0
        for block in blocks[len(self.blocks) :]:
            start = self.height
            self.blocks.append(block)
            self.starts.append(start)
            self.height = start + block.height(width, wrap_code)

    def find(self, row: int) -> tuple[int, int]:
        """Return which block is at `row`, and which of its rows that is."""
        index = max(0, bisect_right(self.starts, row) - 1)
        return index, row - self.starts[index]

    def slot(self, index: int) -> int:
        """Return how many rows a block takes, to where the next begins."""
        end = self.starts[index + 1] if index + 1 < len(self.starts) else self.height
        return end - self.starts[index]
