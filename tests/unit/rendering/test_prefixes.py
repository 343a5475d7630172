"""Markdown that arrives letter by letter looks at every prefix as if that prefix had been there at once."""

import os
from copy import copy

import pytest

from tests.support.recordings import recording
from tests.unit.rendering.drawing import DARK, LIGHT, corpus, document, drawn_by, real_answers, spec_examples
from tui.rendering.document import Document
from tui.rendering.line import Block, Line, Palette
from tui.rendering.text_block import TextBlock

EXHAUSTIVE = bool(os.environ.get("EVERY_PREFIX"))
"""Draw whole prefixes at several widths and in both themes, and remember nothing: minutes, not seconds."""

PARTS = 4
"""How many tests the specification is shared among, so that they can run at the same time."""

RECORDED = (
    "chat_emoji_stream",
    "chat_think_low_stream",
    "chat_concurrent_2",
    "chat_generation_past_num_ctx",
)


class Drawn:
    """What blocks look like. A block that is the same object, or says the same, is not drawn again."""

    def __init__(self, width: int, palette: Palette) -> None:
        self._width = width
        self._palette = palette
        self._objects: dict[int, tuple[Block, list[Line]]] = {}
        self._texts: dict[object, list[Line]] = {}

    def of(self, source: Document, *, known: bool = False) -> list[list[Line]]:
        """Draw a document; `known` if text that has been drawn in another block need not be drawn again."""
        before, self._objects = self._objects, {}
        for block in source.blocks:
            kept = None if EXHAUSTIVE else before.get(id(block))
            if kept is None:
                lines = self._known(block, source) if known else drawn_by(block, self._width, self._palette)
                kept = block, lines
            self._objects[id(block)] = kept
        return [self._objects[id(block)][1] for block in source.blocks]

    def _known(self, block: Block, source: Document) -> list[Line]:
        # Code is highlighted by what came before it.
        if not isinstance(block, TextBlock) or block.piece.codes:
            return drawn_by(block, self._width, self._palette)
        defined = (*source._references.links, None, *source._references.notes)
        key = block.piece, block.number, block.provisional, "[" in block.piece.source and defined
        if key not in self._texts:
            self._texts[key] = drawn_by(block, self._width, self._palette)
        return self._texts[key]


class AtOnce:
    """Documents of prefixes that came at once.

    A document takes the complete lines of a text first, and then the line that has only begun. What it
    is after the complete lines is the same for all prefixes that end in the same line: it is made once
    for each line, from nothing, and forked for each letter.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._begin = -1
        self._base = Document()

    def prefix(self, end: int) -> Document:
        """Return the document of the first `end` letters."""
        if EXHAUSTIVE:
            return document(self._text[:end], closed=False)
        begin = self._text.rfind("\n", 0, end) + 1
        if begin != self._begin:
            self._begin = begin
            self._base = Document(self._text[:begin])
        fork = copy(self._base)
        fork._blocks = [*fork._blocks]
        fork._cutter = copy(fork._cutter)
        fork._cutter._lines = [*fork._cutter._lines]
        fork._cutter._holes = [*fork._cutter._holes]
        fork.append(self._text[begin:end])
        return fork


def assert_every_prefix(text: str, width: int = 44, palette: Palette = DARK) -> None:
    growing, grown, once, at_once = Document(), Drawn(width, palette), Drawn(width, palette), AtOnce(text)
    for end in range(1, len(text) + 1):
        growing.append(text[end - 1])
        whole = at_once.prefix(end)
        assert grown.of(growing) == once.of(whole, known=not EXHAUSTIVE), text[:end]
        # The text of code is long to compare, and can only differ where what is drawn does.
        if text[end - 1] in "\n`~":
            assert [*growing.code_blocks] == [*whole.code_blocks], text[:end]
    growing.close()
    whole = document(text)
    assert grown.of(growing) == once.of(whole)
    assert [*growing.code_blocks] == [*whole.code_blocks]
    assert [block.source for block in growing.blocks] == [block.source for block in whole.blocks]


def assert_looks_the_same(text: str) -> None:
    assert_every_prefix(text)
    if EXHAUSTIVE:
        for width, palette in ((9, LIGHT), (80, DARK), (120, LIGHT)):
            assert_every_prefix(text, width, palette)


@pytest.mark.parametrize("part", range(PARTS))
def test_the_specification(part: int) -> None:
    for text in spec_examples()[part::PARTS]:
        assert_looks_the_same(text)


@pytest.mark.parametrize("text", corpus(), ids=range(len(corpus())))
def test_answers_of_every_kind(text: str) -> None:
    assert_looks_the_same(text)


@pytest.mark.parametrize("text", real_answers(), ids=range(len(real_answers())))
def test_answers_of_a_real_model(text: str) -> None:
    assert_looks_the_same(text)


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_answers(name: str) -> None:
    messages = [line.get("message") for line in recording(name).json_lines()]
    whole = "".join(str(message.get("content", "")) for message in messages if isinstance(message, dict))
    assert whole
    assert_looks_the_same(whole)


@pytest.mark.skipif(not EXHAUSTIVE, reason="takes minutes: set EVERY_PREFIX=1")
@pytest.mark.timeout(0)
def test_everything_in_one_answer() -> None:
    assert_every_prefix("\n\n".join([*corpus(), *real_answers()]))
