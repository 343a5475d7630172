"""Highlighting line by line."""

import random

import pytest
from pygments.lexers import get_lexer_by_name

from tests.unit.rendering.code_samples import SAMPLES
from tui.rendering.highlight import LineLexer, State, _merged, lexer_for
from tui.rendering.highlighter import Highlighter, allowed, colouring
from tui.rendering.ink import Run

CODE = {
    "python": '@d\ndef f(x: int = 0x1F) -> str:\n    """Doc\n  more # no\n  """\n    return f"{x!r}" # c\n',
    "c": """int a; /* x\n y */ char *s = "/*"; // /*\nint c;\n""",
    "javascript": "let a = `x /* \n ${b} */`;\n/* foo\n bar */ const re = /a+/g;\n",
    "rust": 'fn main() { /* a\n b */ println!("{}", 1u8); }\n',
    "bash": "echo 'one\ntwo' && ls -l # end\n",
    "html": "<p class='x'><!-- a\n b --> <b>text</b>\n",
    "go": "var s = `raw\nstring` // c\n",
    "sql": "SELECT 'a' -- c\nFROM t /* x\n y */ WHERE 1;\n",
    "json": '{"a": [1, true, null]}\n',
    "yaml": "key: [1, 2] # c\n",
    "diff": "- old\n+ new\n",
    "php": "echo $x; // c\n",
}


def highlighted(language: str, code: str) -> list[list[tuple[str, str]]]:
    highlighter, lines = Highlighter(language), code.split("\n")
    return [[(text, ink.role) for text, ink in highlighter.runs(lines, index)] for index in range(len(lines))]


def role_of(language: str, code: str, text: str) -> set[str]:
    return {role for line in highlighted(language, code) for piece, role in line if text in piece}


@pytest.mark.parametrize("language", CODE)
def test_nothing_is_added_or_lost(language: str) -> None:
    assert ["".join(text for text, _ in line) for line in highlighted(language, CODE[language])] == CODE[
        language
    ].split("\n")
    assert len({role for line in highlighted(language, CODE[language]) for _, role in line}) > 1


@pytest.mark.parametrize(
    ("language", "text", "role"),
    [
        ("python", "def", "code.keyword"),
        ("python", "Doc", "code.string"),
        ("python", "more # no", "code.string"),
        ("python", "# c", "code.comment"),
        ("python", "0x1F", "code.number"),
        ("c", "/* x", "code.comment"),
        ("c", " y */", "code.comment"),
        ("c", '"/*"', "code.string"),
        ("c", "int", "code.class"),
        ("javascript", "x /* ", "code.string"),
        ("javascript", " bar */", "code.comment"),
        ("rust", " b */", "code.comment"),
        ("bash", "two'", "code.string"),
        ("html", " b -->", "code.comment"),
        ("go", "string`", "code.string"),
        ("sql", " y */", "code.comment"),
        ("diff", "+ new", "code.inserted"),
    ],
)
def test_roles(language: str, text: str, role: str) -> None:
    assert role_of(language, CODE[language], text) == {role}


def test_order_of_asking_does_not_matter() -> None:
    lines = CODE["python"].split("\n")
    forwards, backwards = Highlighter("python"), Highlighter("python")
    expected = [forwards.runs(lines, index) for index in range(len(lines))]
    assert [backwards.runs(lines, index) for index in reversed(range(len(lines)))] == expected[::-1]


def test_long_lines_and_unknown_languages_are_plain() -> None:
    assert len(highlighted("python", "x = 1;" * 1000)[0]) == 1
    assert highlighted("no-such-language", "def f()") == [[("def f()", "code")]]
    assert lexer_for("") is lexer_for("text") is lexer_for("x" * 50) is None


def test_a_line_in_the_middle_needs_few_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    highlighter = Highlighter("python")
    lines = ["x = 1"] * 50_000
    seen: list[str] = []
    original = LineLexer.lex

    def counting(self: LineLexer, line: str, state: State) -> tuple[list[Run], State]:
        seen.append(line)
        return original(self, line, state)

    monkeypatch.setattr(LineLexer, "lex", counting)
    highlighter.runs(lines, 49_999)
    assert len(seen) <= 1200


@pytest.mark.parametrize("language", ["python", "c", "rust", "sql", "java"])
def test_lines_without_spanning_constructs_are_as_pygments_has_them(language: str) -> None:
    line = "return f(x, 12) + y"
    whole = get_lexer_by_name(language).get_tokens_unprocessed(line + "\n")
    assert "".join(text for _, _, text in whole).rstrip("\n") == line
    assert [text for text, role in highlighted(language, line)[0] if role == "code.number"] == ["12"]


DIFFERS = {
    "bash": {1},  # Pygments takes the rest of a heredoc's first line for text of it
    "dockerfile": {1, 2, 4, 5, 6},  # it knows nothing of heredocs there
    "perl": {0},
    "php": {0},
    "ruby": {1},
    "rust": {1},  # comments in comments are not counted
    "terraform": {1},
}
"""Lines of the samples that are not coloured as Pygments does when it sees all of them."""


def characters(runs: list[Run]) -> list[tuple[str, str]]:
    return [(char, ink.role) for text, ink in runs for char in text if char.strip()]


@pytest.mark.parametrize("language", SAMPLES)
def test_lines_have_the_colours_that_the_whole_has(language: str) -> None:
    code = SAMPLES[language].rstrip("\n")
    lexer = lexer_for(language)
    assert lexer is not None
    tokens = lexer._lexer.get_tokens_unprocessed(code + "\n")
    if language == "bash":
        # Pygments' own rule for heredocs runs on to the end of this one.
        code = code[: code.index("cat <<-")].rstrip("\n")
        tokens = lexer._lexer.get_tokens_unprocessed(code + "\n")
    whole = characters(_merged(code, ((kind, text) for _, kind, text in tokens)))
    highlighter, lines = Highlighter(language), code.split("\n")
    for number, line in enumerate(lines):
        found = characters(highlighter.runs(lines, number))
        assert [char for char, _ in found] == [char for char in line if char.strip()]
        expected, whole = whole[: len(found)], whole[len(found) :]
        if number not in DIFFERS.get(language, set()):
            assert found == expected, line


@pytest.mark.parametrize(
    ("language", "text", "role"),
    [
        ("bash", "hello $USER", "code.string"),
        ("bash", "tabbed 'quote", "code.string"),
        ("bash", "# not a comment", "code.string"),
        ("bash", "# comment", "code.comment"),
        ("bash", "fi", "code.keyword"),
        ("dockerfile", "echo hi", "code.string"),
        ("yaml", "string", "code.string"),
        ("yaml", "deeper # not comment", "code.constant"),
        ("markdown", "def", "code.keyword"),
    ],
)
def test_what_goes_over_several_lines(language: str, text: str, role: str) -> None:
    assert role in role_of(language, SAMPLES[language], text)


@pytest.mark.parametrize("language", ["yaml", "bash"])
def test_a_long_block_is_the_same_however_it_came(language: str) -> None:
    lines = (SAMPLES[language] * (2_250 // SAMPLES[language].count("\n"))).split("\n")
    grown, seen = Highlighter(language), []
    for number, line in enumerate(lines):
        seen.append(grown.runs(lines[:number], number, line) if number % 97 == 0 else [])
        grown.runs(lines[: number + 1], number)
    jumped = Highlighter(language)
    for number in random.Random(1).sample(range(len(lines)), 60):
        assert jumped.runs(lines, number) == grown.runs(lines, number)
    for number in range(0, len(lines), 97):
        assert seen[number] == grown.runs(lines, number)


def test_a_docstring_goes_on_over_the_end_of_a_segment() -> None:
    lines = ["x = 1"] * 990 + ['    """', *["    words of it"] * 30, '    """', "", "def f(): pass"]
    runs = Highlighter("python").runs(lines, 1_005)
    assert [ink.role for _, ink in runs] == ["code.string"]


def test_lines_are_plain_until_enough_may_be_read() -> None:
    lines = ['text = """', *["words of it"] * 60, '"""', "x = 1"]
    whole, sliced, seen = Highlighter("python"), Highlighter("python"), []
    while not sliced.knows(40):
        with colouring(200):
            runs = sliced.runs(lines, 40, within=allowed())
        seen.append([ink.role for _, ink in runs])
    assert seen == [["code"]] * (len(seen) - 1) + [["code.string"]]
    assert 4 < len(seen) < 12
    assert sliced.runs(lines, 40) == whole.runs(lines, 40)


def test_one_line_is_always_read() -> None:
    highlighter, lines = Highlighter("python"), ["x = " + "1 + " * 400 + "1"]
    with colouring(1) as allowance:
        assert len(highlighter.runs(lines, 0, within=allowance)) > 100
    assert not allowance.exceeded
