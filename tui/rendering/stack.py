"""Blocks on top of each other: which one is at a row, kept up to date while the last ones change."""

from collections.abc import Sequence

from tui.rendering.code import CodeBlock
from tui.rendering.height_index import HeightIndex
from tui.rendering.line import Block

_EAGER = 24
"""Blocks up to which all are laid out; of a longer list those that are seen."""

_EAGER_LINES = 2_000
"""Lines up to which all blocks are laid out."""

_MANY = 1_000
"""Blocks of which not even a guess is made for another width."""

_CHANGING = 4
"""Blocks at the end that may be others from one time to the next, as text arrives."""


class BlockStack:
    """The heights of a list of blocks at one width: of a long list guessed, until they are asked for."""

    def __init__(self) -> None:
        """Begin with no blocks."""
        self._shape = (0, False)
        self._heights = HeightIndex()
        self._guessed: set[int] = set()
        self.blocks: list[Block] = []
        self.changed: int | None = 0
        """The first row that may look different since `sync` was called before; None where none does."""

    @property
    def height(self) -> int:
        """The height of all blocks together."""
        return self._heights.total

    def sync(self, blocks: Sequence[Block], width: int, wrap_code: bool = False) -> None:
        """Take over `blocks`; from the first that is another one on, and the last one, they are measured."""
        reshaped = self._shape != (width, wrap_code)
        if reshaped:
            self._shape = (width, wrap_code)
            self._guess_again()
        before, same = len(self.blocks), self._same(blocks)
        self._truncate(same)
        self.changed = None if same == before == len(blocks) else self.height
        if self.blocks and self.measure(same - 1):
            self.changed = self.start(same - 1)
        if reshaped:
            self.changed = 0
        self._extend(blocks)

    def _guess_again(self) -> None:
        """Take the heights of a long list as guesses for another width: to estimate each takes too long."""
        if len(self.blocks) <= _MANY:
            self._truncate(0)
        else:
            self._guessed = set(range(len(self.blocks)))

    def _same(self, blocks: Sequence[Block]) -> int:
        """Return how many blocks at the beginning are still the same objects."""
        same = max(0, min(len(self.blocks), len(blocks)) - _CHANGING)
        # Lists are compared by identity first, which is a hundred times faster than a loop.
        if self.blocks[:same] != list(blocks[:same]):
            same = 0
        for mine, other in zip(self.blocks[same:], blocks[same:], strict=False):
            if mine is not other:
                break
            same += 1
        return same

    def _extend(self, blocks: Sequence[Block]) -> None:
        """Add those of `blocks` that are new."""
        width, wrap_code = self._shape
        first, last = len(self.blocks), len(blocks) - 1
        guesses = [block.estimate(width) for block in blocks[first:]]
        eager = len(blocks) <= _EAGER and self.height + sum(guesses) <= _EAGER_LINES
        for index, block in enumerate(blocks[first:], first):
            # The height of code is known without drawing it, and the last block is the one that grows.
            if isinstance(block, CodeBlock) or eager or index == last:
                guesses[index - first] = block.height(width, wrap_code)
            else:
                self._guessed.add(index)
        self.blocks.extend(blocks[first:])
        if first:
            for height in guesses:
                self._heights.append(height)
        else:
            self._heights = HeightIndex(guesses)

    def _truncate(self, count: int) -> None:
        if not count:
            self.blocks, self._heights = [], HeightIndex()
            self._guessed.clear()
        while len(self.blocks) > count:
            self.blocks.pop()
            self._heights.pop()
            self._guessed.discard(len(self.blocks))

    def start(self, index: int) -> int:
        """Return the row at which a block begins."""
        return self._heights.prefix(index)

    def height_of(self, index: int) -> int:
        """Return the height of a block, as far as it is known."""
        return self._heights[index]

    def find(self, row: int) -> tuple[int, int]:
        """Return which block is at `row`, and which of its rows that is."""
        return self._heights.find(row)

    def measure(self, index: int) -> int:
        """Lay a block out and return by how much its height differs from what it was taken for."""
        self._guessed.discard(index)
        return self._heights.set(index, self.blocks[index].height(*self._shape))

    def measure_between(self, top: int, bottom: int) -> tuple[int, int] | None:
        """Measure the first block between two rows whose height is a guess.

        Returns:
            The row at which it begins and by how much it grew; None where no height is a guess.
        """
        if not self._guessed or bottom <= 0 or top >= self.height:
            return None
        index, inside = self._heights.find(top)
        row = max(0, top) - inside
        while index < len(self.blocks) and row < bottom:
            if index in self._guessed:
                return row, self.measure(index)
            row += self._heights[index]
            index += 1
        return None
