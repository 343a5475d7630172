"""Highlighting line by line."""

import pytest
from pygments.lexers import get_lexer_by_name

from tui.rendering.highlight import Highlighter, LineLexer, State, lexer_for
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
    assert len(seen) <= 1000


@pytest.mark.parametrize("language", ["python", "c", "rust", "sql", "java"])
def test_lines_without_spanning_constructs_are_as_pygments_has_them(language: str) -> None:
    line = "return f(x, 12) + y"
    whole = get_lexer_by_name(language).get_tokens_unprocessed(line + "\n")
    assert "".join(text for _, _, text in whole).rstrip("\n") == line
    assert [text for text, role in highlighted(language, line)[0] if role == "code.number"] == ["12"]
