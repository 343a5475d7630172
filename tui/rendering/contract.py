"""What the transcript needs of a document, whoever makes it."""

from collections.abc import Callable, Sequence
from typing import Protocol

from tui.rendering.line import Block


class Code(Protocol):
    """A block of code as it is copied."""

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
    def code_blocks(self) -> Sequence[Code]:
        """The code in it, numbered as the marks that copy it are."""
        ...

    def append(self, text: str) -> None:
        """Add text at the end."""
        ...

    def close(self) -> None:
        """Say that nothing more will be appended."""
        ...


DocumentFactory = Callable[[str], TextDocument]
"""Makes a document of a Markdown text."""
