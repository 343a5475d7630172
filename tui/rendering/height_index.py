"""Heights of many things stacked on each other, and which of them is at a row."""

from collections.abc import Iterable, Iterator


class HeightIndex:
    """A list of heights that finds a row, and changes one height, in logarithmic time (a Fenwick tree)."""

    def __init__(self, heights: Iterable[int] = ()) -> None:
        """Build the index in linear time.

        Args:
            heights: The heights from top to bottom, none negative.
        """
        self._heights = list(heights)
        self._tree = [0, *self._heights]
        for node in range(1, len(self._tree)):
            parent = node + (node & -node)
            if parent < len(self._tree):
                self._tree[parent] += self._tree[node]
        self._total = sum(self._heights)

    def __len__(self) -> int:
        return len(self._heights)

    def __iter__(self) -> Iterator[int]:
        return iter(self._heights)

    def __getitem__(self, index: int) -> int:
        return self._heights[index]

    @property
    def total(self) -> int:
        """The sum of all heights."""
        return self._total

    def prefix(self, index: int) -> int:
        """Return the sum of the heights before `index`: the row at which that one begins."""
        total = 0
        while index > 0:
            total += self._tree[index]
            index &= index - 1
        return total

    def find(self, row: int) -> tuple[int, int]:
        """Return the index at `row`, and which of its own rows that is.

        Args:
            row: From 0 to below `total`; what is outside finds the first or the last row.
        """
        if not self._heights:
            raise IndexError("there is nothing to find a row in")
        row = max(0, min(row, self._total - 1))
        index = 0
        step = 1 << (len(self._heights).bit_length() - 1)
        while step:
            node = index + step
            if node < len(self._tree) and self._tree[node] <= row:
                index = node
                row -= self._tree[node]
            step >>= 1
        # Only when every height is 0 is there no index that holds the row.
        return min(index, len(self._heights) - 1), max(0, row)

    def set(self, index: int, height: int) -> int:
        """Change one height and return by how much it grew."""
        grown = height - self._heights[index]
        if grown:
            self._heights[index] = height
            self._total += grown
            node = index + 1
            while node < len(self._tree):
                self._tree[node] += grown
                node += node & -node
        return grown

    def append(self, height: int) -> None:
        """Add a height at the end."""
        self._heights.append(height)
        node = len(self._tree)
        start = node - (node & -node)
        # The new node sums the heights from `start` on; those before it are already in the tree.
        self._tree.append(height + self.prefix(node - 1) - self.prefix(start))
        self._total += height

    def pop(self) -> int:
        """Remove the last height and return it."""
        height = self._heights.pop()
        self._tree.pop()
        self._total -= height
        return height
