"""What the transcript needs of a document, whoever makes it."""

from collections.abc import Callable, Sequence
from typing import Protocol

from tui.rendering.line import Block


class CodeBlock(Block, Protocol):
    """A block of code."""

    @property
    def language(self) -> str:
        """What its fence says it is; empty where it says nothing."""
        ...

    @property
    def code(self) -> str:
        """The code itself, sanitised, without the fence."""
        ...


class TextDocument(Protocol):
    """A text as blocks, which may grow at its end."""

    @property
    def blocks(self) -> Sequence[Block]:
        """Its blocks from top to bottom."""
        ...

    @property
    def code_blocks(self) -> Sequence[CodeBlock]:
        """Those of its blocks that are code."""
        ...

    def append(self, text: str) -> None:
        """Add text at the end."""
        ...

    def close(self) -> None:
        """Say that nothing more will be appended."""
        ...


DocumentFactory = Callable[[str], TextDocument]
"""Makes a document of a Markdown text."""
