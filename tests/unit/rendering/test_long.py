"""Tables, code and paragraphs that are long, with the limits made short."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it.parser_block import ParserBlock

from tests.unit.rendering.drawing import DARK, copied, corpus, document, lines_of, spec_examples, text_of
from tests.unit.rendering.test_growing import FRAGMENTS, grown, markdown, signature
from tui.rendering import pieces, slices, stretch, tables
from tui.rendering.document import Document
from tui.rendering.line import Line, Palette
from tui.rendering.nodes import References
from tui.rendering.slices import SlicedDocument
from tui.rendering.stack import BlockStack
from tui.rendering.tables import TableBlock, TableBuffer


@contextmanager
def short() -> Iterator[None]:
    """Make every limit so small that ordinary texts are beyond it."""
    with (
        patch.object(stretch.Limits, "lines", 3),
        patch.object(stretch.Limits, "characters", 60),
        patch.object(stretch.Limits, "in_line", 40),
        patch.object(stretch, "_WINDOW", 12),
        patch.object(stretch, "_LOOKED_AT", 12),
        patch.object(tables, "ROWS_PER_BLOCK", 2),
        patch.object(tables, "_EXACT", 3),
        patch.object(pieces, "_REGION", 5),
        patch.object(pieces, "_LOOKED_AT", 12),
        patch.object(slices, "AT_ONCE", 20),
        patch.object(slices, "SLICE", 7),
    ):
        yield


words = st.sampled_from(
    ["word", "two words", "**bold**", "`x|y`", "a  b", "*open", "漢字", "é", "1. one", "[a]", ""]
)
cells = st.lists(words, min_size=1, max_size=4).map(lambda row: f"| {' | '.join(row)} |")
rows = st.lists(st.one_of(cells, words, st.just("a | b")), max_size=9)
table = rows.map(lambda lines: "\n".join(["| a | b |", "|---|:-:|", *lines]))
prose = st.lists(st.lists(words, min_size=1, max_size=30).map(" ".join), min_size=1, max_size=9).map(
    "\n".join
)
code = st.lists(
    st.sampled_from(["x = 1", "", "  y", "\tz", "``", "> q", "- i", "    ```", "'''"]), max_size=9
)
mark = st.sampled_from(["1. ", "- ", "> ", "- > ", "> - ", "- - ", "10) a\n    - "])


@st.composite
def nested(draw: st.DrawFn) -> str:
    """Return code in a list or a quotation, which may end in any way."""
    opener = draw(mark)
    last = opener.rsplit("\n", 1)[-1]
    inner = "".join(character if character == ">" else " " for character in last)
    lines = [opener + draw(st.sampled_from(["do this:", "", "```py"])), inner + "```py"]
    lines += [inner + line for line in draw(code)]
    lines += draw(
        st.sampled_from([[inner + "```"], [], ["out"], ["", "out"], [inner + "  ```", inner + "more"]])
    )
    return "\n".join(lines)


long = st.lists(
    st.one_of(table, prose, nested(), markdown, st.sampled_from(FRAGMENTS)), min_size=1, max_size=4
).flatmap(lambda parts: st.sampled_from(["\n", "\n\n"]).map(lambda between: between.join(parts)))


@settings(max_examples=300)
@given(long, st.lists(st.integers(0, 600), max_size=30), st.integers(0, 3))
def test_any_split_of_long_texts_ends_like_the_whole(text: str, cuts: list[int], looks: int) -> None:
    with short():
        assert signature(grown(text, cuts, looks)) == signature(document(text))


@settings(max_examples=100)
@given(long)
def test_long_texts_are_drawn_at_every_prefix(text: str) -> None:
    with short():
        growing = Document()
        for index, character in enumerate(text):
            growing.append(character)
            if index % 5 == 0 or character == "\n":
                lines_of(growing, (44, 9, 21)[index % 3])
        growing.close()
        assert signature(growing) == signature(document(text))


@settings(max_examples=150)
@given(nested(), st.integers(8, 60))
def test_code_that_was_taken_out_is_drawn_as_if_it_were_there(text: str, width: int) -> None:
    whole = document(text + "\n\nend")
    with patch.object(pieces, "_REGION", 2):
        line_by_line = grown(text + "\n\nend", list(range(len(text))), 1)
    assert signature(line_by_line, width) == signature(whole, width)


@settings(max_examples=100)
@given(long, st.lists(st.integers(0, 600), max_size=5))
def test_slices_end_like_the_whole(text: str, cuts: list[int]) -> None:
    with short():
        sliced = SlicedDocument()
        for start, stop in zip([0, *sorted(cuts)], [*sorted(cuts), len(text)], strict=True):
            sliced.append(text[start:stop])
            if start % 2:
                sliced.read()
        sliced.close()
        while sliced.read():
            for block in sliced.blocks:
                assert len(block.lines(0, block.height(30), 30, DARK)) == block.height(30)
        whole = document(text)
        assert [block.source for block in sliced.blocks] == [block.source for block in whole.blocks]
        assert sliced.code_blocks == whole.code_blocks


def test_answers_and_the_specification_with_short_limits() -> None:
    with short():
        for text in [*corpus(), *spec_examples()]:
            assert signature(grown(text, list(range(0, len(text), 11)), 5)) == signature(document(text))


def test_a_growing_table_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    original = TableBuffer._read

    def counting(self: TableBuffer, lines: list[str], *, provisional: bool) -> object:
        seen.extend(lines)
        return original(self, lines, provisional=provisional)

    monkeypatch.setattr(TableBuffer, "_read", counting)
    growing, stack = Document("| a | b |\n|---|---|\n"), BlockStack()
    for number in range(200):
        growing.append(f"| {number} | {'wide ' * (number // 40)} |\n")
        stack.sync(growing.blocks, 60)
    assert len(seen) == len(set(seen)) == 200


def test_columns_of_a_long_table_stand_below_each_other() -> None:
    lines = [f"| {number} | {'x' * (number % 30)} | z |" for number in range(300)]
    drawn = text_of("\n".join(["| a | b | c |", "|---|---|---|", *lines]))
    assert len({line.rindex("│") for line in drawn if "│" in line}) == 1
    assert drawn[-1].split() == ["299", "│", "x" * 29, "│", "z"]


def test_a_wider_cell_moves_the_rows_above_it() -> None:
    growing = Document("| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 40)
    before = list(growing.blocks)
    growing.append("| 1 | 2 |\n")
    assert list(growing.blocks)[:2] == before[:2]
    growing.append("| a wide cell | 2 |\n")
    assert all(isinstance(block, TableBlock) for block in growing.blocks)
    assert next(iter(growing.blocks)) is not before[0]
    assert text_of(growing)[0] == "a           │ b"


def test_a_definition_reaches_a_table_above_it() -> None:
    growing = Document("| a |\n|---|\n| see [docs] |\n\n[docs]: https://d.example\n")
    assert text_of(growing) == ["a", "─" * 20, "see docs (d.example)"]


@pytest.mark.parametrize("margin", ["   ", "> ", "    "])
def test_growing_code_in_a_list_is_not_parsed_again(margin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opening = {"   ": "1. do:", "> ": "> do:", "    ": "- a\n  - do:"}[margin]
    parsed: list[int] = []
    original = ParserBlock.parse

    def counting(self: ParserBlock, src: str, *rest: object) -> object:
        parsed.append(len(src))
        return original(self, src, *rest)  # type: ignore[arg-type]

    growing = Document(f"{opening}\n{margin}```python\n")
    monkeypatch.setattr(ParserBlock, "parse", counting)
    for number in range(300):
        growing.append(f"{margin}x = {number}\n")
        assert text_of(growing)[-1].strip().endswith(f"x = {number}")
    assert max(parsed, default=0) < 200
    growing.append(f"{margin}```\nafter\n")
    growing.close()
    assert len(growing.code_blocks[0].code.split("\n")) == 300


def test_a_long_paragraph_is_copied_as_it_was() -> None:
    text = " ".join(f"word{number}" for number in range(5_000))
    source = document(text)
    assert len(source.blocks) > 3
    assert copied(lines_of(source, 70)) == text


def test_lines_of_a_long_paragraph_stay_together() -> None:
    text = "\n".join(f"line {number} of **one** paragraph" for number in range(500))
    source = document(text)
    assert len(source.blocks) > 5
    assert text_of(source) == text.replace("**", "").split("\n")


def test_emphasis_is_not_cut_in_two() -> None:
    words = " ".join(f"word{number}" for number in range(1_100))
    source = document(f"plain {words[:-30]} **{words[-30:]} and a little more that is bold** end {words}")
    assert len(source.blocks) > 1
    assert not any("*" in line for line in text_of(source))


def test_what_has_not_been_read_is_shown_as_it_stands() -> None:
    text = "para **bold**\n\n" * 3_000
    sliced = SlicedDocument(text)
    sliced.close()
    unread = sliced.blocks[-1]
    height = unread.height(40)
    assert unread.lines(height - 3, height, 40, DARK)[0].strip.text == "para **bold**"
    while sliced.read():
        pass
    assert len(sliced.blocks) == 3_000
    assert text_of("para **bold**") == [line.strip.text for line in sliced.blocks[0].lines(0, 1, 40, DARK)]


def test_a_wide_table_is_read_in_smaller_pieces() -> None:
    for columns, most in ((3, 16), (20, 4), (90, 2)):
        buffer = TableBuffer(["| a " * columns + "|", "|---" * columns + "|"], False, References())
        buffer.lines.extend(["| b " * columns + "|"] * 40)
        buffer.row(0)
        assert len(buffer._rows) == most


def test_definitions_are_read_once_however_they_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0
    parse = ParserBlock.parse

    def counting(parser: ParserBlock, source: str, *rest: Any) -> Any:
        nonlocal read
        read += source.count("\n") + 1
        return parse(parser, source, *rest)

    monkeypatch.setattr(ParserBlock, "parse", counting)
    count = 1000
    kinds = ("[{0}]: /u", '[{0}]: /u "one"', "[{0}]:\n/u", "[{0}]: <a b>\n'two\nlines'", "[0]: /again", "")
    text = "First [5].\n\n" + "\n".join(kinds[n % len(kinds)].format(n) for n in range(count))
    growing = Document()
    for start in range(0, len(text), 400):
        growing.append(text[start : start + 400])
    growing.close()
    assert read < 4 * count
    assert signature(growing) == signature(document(text))


class Sized:
    """A block that writes down what it was asked."""

    source = ""
    asked = 0

    def height(self, width: int, wrap_code: bool = False) -> int:
        type(self).asked += 1
        return 100 // width

    estimate = height

    def lines(self, start: int, stop: int, width: int, palette: Palette) -> Sequence[Line]:
        return ()


def test_a_long_list_is_not_gone_through_for_another_width() -> None:
    stack = BlockStack()
    blocks = [Sized() for _ in range(5000)]
    stack.sync(blocks, 50)
    assert stack.height == 10_000
    Sized.asked = 0
    stack.sync(blocks, 20)
    assert Sized.asked == 1
    assert stack.changed == 0
    start = stack.start(2500)
    while (measured := stack.measure_between(start, start + 20)) is not None:
        assert measured[1] == 3
    assert 4 <= Sized.asked <= 12
    assert stack.height == 10_000 + 3 * Sized.asked
