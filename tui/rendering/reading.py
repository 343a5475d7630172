"""A very long text, read in a thread of its own while the screen shows what has been read of it before."""

from time import sleep
from typing import Final

from tui.rendering.contract import TextDocument
from tui.rendering.slices import SlicedDocument
from tui.rendering.stack import BlockStack
from tui.rendering.text_block import TextBlock

_YIELD: Final = 0.001
"""Seconds between two slices: whoever waits for the interpreter gets it without asking twice."""

_LONG: Final = 20
"""Rows from which on a block, which may be a whole list or quotation, is laid out here as well."""


class Reading:
    """One reading of a text from its beginning. It shares nothing with what is on the screen."""

    def __init__(self, of: TextDocument, text: str, *, is_whole: bool, shape: tuple[int, bool]) -> None:
        """Take down what is to be read.

        Args:
            of: The document that the result takes the place of.
            text: All of its text so far.
            is_whole: No more will come.
            shape: The cells that it is laid out for, and whether long lines of code are wrapped.
        """
        self.of = of
        self.text = text
        self._is_whole = is_whole
        self._shape = shape
        self.is_wanted = True
        """Set to False, it ends soon, unfinished."""
        self.document = SlicedDocument()
        self.stack = BlockStack()
        """The blocks of the document, laid out as far as that takes long."""

    def run(self) -> None:
        """Read and lay out; called in a thread."""
        self.document = SlicedDocument(self.text)
        if self._is_whole:
            self.document.close()
        while self.is_wanted and self.document.read():
            sleep(_YIELD)
        blocks = self.document.blocks
        for block in blocks:
            if not self.is_wanted:
                return
            if isinstance(block, TextBlock) and block.estimate(self._shape[0]) > _LONG:
                block.height(*self._shape)
        self.stack.sync(blocks, *self._shape)
