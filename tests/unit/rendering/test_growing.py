"""Markdown that arrives in pieces."""

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.rendering.drawing import (
    DARK,
    LIGHT,
    corpus,
    document,
    lines_of,
    spec_examples,
    style_of,
    text_of,
)
from tui.domain.text import sanitize
from tui.rendering.document import Document
from tui.rendering.line import Line
from tui.rendering.rules import parser

EXAMPLES = spec_examples()
CORPUS = corpus()
FRAGMENTS = [
    "text",
    "**bold**",
    "*it",
    "`code`",
    "`",
    "```",
    "```py",
    "~~~",
    "- ",
    "* ",
    "1. ",
    "7) ",
    "  ",
    "    ",
    "\t",
    "\n",
    "\n\n",
    "\r\n",
    "> ",
    "# ",
    "---",
    "===",
    "| a | b |\n",
    "|--|:-:|\n",
    "[a]",
    "[a]: /u\n",
    "[^1]",
    "[^1]: n\n",
    "<div>",
    "<!-- ",
    "-->",
    "$x^2$",
    "$$",
    "\\(",
    "\\[",
    "\\]",
    "https://x.example/",
    "![",
    "](/u)",
    "é",
    "漢",
    "👨‍👩‍👧",
    "\ud83d",
    "\ude00",
    "\x1b",
    "&amp;",
    "\\",
    '"title"',
    "- [x] ",
    "def f(): # x",
    "/* ",
    "'''",
]
markdown = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join),
    st.lists(st.sampled_from(EXAMPLES), min_size=1, max_size=3).map("\n".join),
    st.lists(st.sampled_from([line for text in CORPUS for line in text.split("\n")]), max_size=12).map(
        "\n".join
    ),
    st.text(max_size=40),
)


def signature(source: Document, width: int = 44) -> tuple[list[tuple[object, ...]], list[object], list[str]]:
    def of(line: Line) -> tuple[object, ...]:
        return (list(line.strip), line.gutter, line.join, line.tail)

    return (
        [of(line) for line in lines_of(source, width)],
        [*source.code_blocks],
        [b.source for b in source.blocks],
    )


def grown(text: str, cuts: list[int], looks: int) -> Document:
    result = Document()
    bounds = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    for number, (start, stop) in enumerate(pairwise(bounds)):
        result.append(text[start:stop])
        if looks and number % looks == 0:
            lines_of(result, 30)
    result.close()
    return result


@settings(max_examples=150)
@given(markdown, st.lists(st.integers(0, 400), max_size=30), st.integers(0, 3))
def test_any_split_ends_like_the_whole(text: str, cuts: list[int], looks: int) -> None:
    assert signature(grown(text, cuts, looks)) == signature(document(text))


@settings(max_examples=150)
@given(markdown, st.lists(st.integers(0, 400), max_size=6))
def test_any_split_looks_like_what_came_letter_by_letter(text: str, cuts: list[int]) -> None:
    split, letters = Document(), Document()
    for start, stop in pairwise(sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})):
        split.append(text[start:stop])
        for letter in text[start:stop]:
            letters.append(letter)
        assert lines_of(split, 44) == lines_of(letters, 44)


def test_a_definition_at_the_end_of_a_piece_repeats_nothing() -> None:
    whole = document("Title\n=====\n\n```py\nx\n```\n\nSee [docs].\n\n[docs]: /u\n", closed=False)
    assert text_of(whole) == [
        "Title",
        "━" * 60,
        "",
        f"{' py':<55}copy",
        " x",
        "",
        "See docs (/u).",
    ]


@settings(max_examples=120)
@given(markdown, st.integers(1, 120), st.booleans(), st.integers(0, 9))
def test_no_line_is_wider_than_the_screen(text: str, width: int, wrap: bool, offset: int) -> None:
    lines_of(document(text), width, replace(DARK, wrap_code=wrap, code_offset=offset))


@pytest.mark.parametrize("text", CORPUS, ids=range(len(CORPUS)))
def test_answers_fit_every_width(text: str) -> None:
    source = document(text)
    for width in [*range(1, 24), 40, 80, 120]:
        lines_of(source, width)


def test_blocks_stay_the_same_objects() -> None:
    growing = Document("# Title\n\nPara\n\n- a\n- b\n\n```py\nx\n```\nlast")
    before = list(growing.blocks)
    growing.append(" words")
    after = list(growing.blocks)
    assert [one is other for one, other in zip(before, after, strict=True)] == [True] * (len(before) - 1) + [
        False
    ]
    assert list(growing.blocks) == after
    growing.close()
    assert all(one is other for one, other in zip(after, growing.blocks, strict=True))


def test_a_definition_further_down_reaches_earlier_blocks() -> None:
    growing = Document("See [docs] and[^1].\n\nplain\n\n")
    first, plain = growing.blocks
    assert text_of(growing)[0] == "See [docs] and[^1]."
    growing.append("[docs]: https://d.example\n\n[^1]: Note.\n")
    assert text_of(growing)[0] == "See docs (d.example) and¹."
    assert growing.blocks[0] is not first
    assert growing.blocks[1] is plain


def test_a_definition_whose_title_comes_a_line_later() -> None:
    whole = "# x\n[foo]: /url\n'the\ntitle'\n\n[foo]\n"
    growing = Document()
    for line in whole.splitlines(keepends=True):
        growing.append(line)
    growing.close()
    assert text_of(growing) == text_of(whole)


@pytest.mark.parametrize(
    ("prefix", "shown"),
    [
        ("text\n-", ["text"]),
        ("text\n==", ["text"]),
        ("text\n#", ["text"]),
        ("text\n``", ["text"]),
        ("text\n```pyth", ["text"]),
        ("a **bold", ["a bold"]),
        ("a **bold*", ["a bold"]),
        ("a `code", ["a code"]),
        ("a ~~str", ["a str"]),
        ("see [the guide](https://exam", ["see the guide"]),
        ("| a | b |\n|--", ["| a | b |"]),
        ("a\n\n1", ["a"]),
        ("- a\n-", ["• a"]),
        ("- a\n- [", ["• a"]),
        ("a _it", ["a it"]),
        ("a \\[", ["a"]),
        ("a \\*", ["a"]),
        ("see [the guide][gui", ["see the guide"]),
        ("text[^1", ["text"]),
        ("2 **" + "x " * 120, ["2 **" + "x " * 119 + "x"]),
        ("2 `" + "x " * 120, ["2 `" + "x " * 119 + "x"]),
    ],
)
def test_what_has_only_begun(prefix: str, shown: list[str]) -> None:
    assert text_of(document(prefix, closed=False), 400) == shown


def test_open_emphasis_is_shown_as_such() -> None:
    assert style_of(document("plain **bo", closed=False), "bo").bold
    assert not style_of(document("plain **bo", closed=False), "plain").bold


def test_table_from_its_second_line_on() -> None:
    growing = Document("| a | b |\n")
    assert text_of(growing) == ["| a | b |"]
    growing.append("|---|---|\n")
    assert text_of(growing) == ["a   │ b", "────┼────"]
    growing.append("| 1")
    assert text_of(growing)[-1] == "1   │"


def test_code_from_its_first_line_on() -> None:
    growing = Document("text\n```python\ndef")
    assert text_of(growing, 20) == ["text", "", " python        copy", " def"]
    growing.append(" f\n``")
    assert text_of(growing, 20)[-1] == " def f"
    growing.append("`\nafter")
    assert text_of(growing, 20)[-2:] == ["", "after"]


def test_characters_that_arrive_in_halves() -> None:
    growing = Document("a\r")
    growing.append("\nb \ud83d")
    growing.append("\ude00")
    growing.close()
    assert text_of(growing) == ["a", "b 😀"]


def test_a_growing_block_of_code_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from tui.rendering.highlight import LineLexer

    seen: list[str] = []
    original = LineLexer.lex

    def counting(self: LineLexer, line: str, state: object) -> object:
        seen.append(line)
        return original(self, line, state)  # type: ignore[arg-type]

    monkeypatch.setattr(LineLexer, "lex", counting)
    growing = Document("```python\n")
    for number in range(400):
        growing.append(f"x{number} = 1\n")
        block = growing.blocks[-1]
        height = block.height(80)
        block.lines(max(0, height - 30), height, 80, DARK)
    assert len(seen) == 400


def test_a_table_that_grows_row_by_row() -> None:
    whole = "# x\n\n| a | b |\n|---|---|\n"
    growing = Document(whole)
    for number in range(90):
        row = f"| {number} | {'x' * (number % 9)} |\n"
        whole += row
        growing.append(row[:4])
        assert text_of(growing)[-1].startswith(str(number))
        growing.append(row[4:])
        assert text_of(growing) == text_of(document(whole, closed=False))
    growing.append("not a row\n\nafter")
    growing.close()
    assert signature(growing) == signature(document(whole + "not a row\n\nafter"))


def test_estimates_are_near_enough() -> None:
    for text in CORPUS:
        blocks = document(text).blocks
        height = sum(block.height(80) for block in blocks)
        assert height / 2 <= sum(block.estimate(80) for block in blocks) <= 2 * height


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "[",
        "`a",
        ">",
        "> ",
        "a:",
        "_a ",
        "$",
        "\\(",
        "<",
        "![",
        "- ",
        "#",
        "|",
        "https://x" + "." * 99,
        "1) ",
        "&",
        "~~",
    ],
)
def test_endless_marks_are_drawn_in_bearable_time(text: str) -> None:
    whole = text * (30_000 // len(text))
    growing = Document(whole)
    lines_of(growing, 80)
    growing.close()
    lines_of(growing, 80)


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys, tui.rendering.document; "
        "print([name for name in ('pygments', 'markdown_it', 'textual.app') if name in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"


def test_another_theme_paints_the_same_block_anew() -> None:
    for source in ("# Title", "```\ncode\n```", "- ```\n  code\n  ```"):
        block = document(source).blocks[0]
        dark = block.lines(0, 9, 40, DARK)[0]
        light = block.lines(0, 9, 40, LIGHT)[0]
        assert dark.strip.text == light.strip.text
        assert dark.strip != light.strip
        assert block.lines(0, 9, 40, DARK)[0].strip == dark.strip


def plain(source: str) -> str:
    """Return `source` without the indentation that the lines of an indented fence lose."""
    return "\n".join(line.strip() for line in source.rstrip().split("\n"))


def top_level(text: str) -> list[str]:
    """Return the sources of top-level elements and items, as one parse of everything has them."""
    lines = text.split("\n")
    tokens = parser().parse(text)
    starts: list[tuple[int, int]] = []
    for token in tokens:
        item = token.type == "list_item_open" and token.level == 1
        if (
            token.map
            and token.nesting >= 0
            and (item or (token.level == 0 and "list_open" not in token.type))
        ):
            starts.append((token.map[0], token.map[1]))
    return [plain("\n".join(lines[start:stop])) for start, stop in starts]


@settings(max_examples=150)
@given(markdown)
def test_blocks_are_those_of_a_parse_of_the_whole(text: str) -> None:
    clean = sanitize(text)
    assert [plain(block.source) for block in document(clean).blocks] == top_level(clean)


def test_blocks_of_the_specification_and_of_answers_are_those_of_a_parse_of_the_whole() -> None:
    for text in [*EXAMPLES, *CORPUS, "\n".join(EXAMPLES[:200])]:
        clean = sanitize(text)
        assert [plain(block.source) for block in document(clean).blocks] == top_level(clean)


def test_preparing_loads_what_the_first_document_needs() -> None:
    code = (
        "import sys, tui.rendering.document as d; d.prepare(); "
        "print([name for name in ('pygments.lexers.python', 'markdown_it') if name in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "['pygments.lexers.python', 'markdown_it']"
