"""Mathematics in LaTeX made readable in plain text; what is not understood stays as it was written."""

import re
from functools import lru_cache
from typing import Final

from rich.cells import cell_len

from tui.rendering.tex_symbols import (
    ACCENTS,
    ALPHABETS,
    ENVIRONMENTS,
    FUNCTIONS,
    PLAIN,
    SPACED,
    SPACES,
    SUBSCRIPTS,
    SUPERSCRIPTS,
    SYMBOLS,
)

_TOKEN: Final = re.compile(r"\\(?:[A-Za-z]+\*?|.)|[{}^_&~]|[ \t\n]+|[^\\{}^_&~ \t\n]", re.DOTALL)
_ENVIRONMENT: Final = re.compile(
    r"\\begin\{(p|b|v|V|B|small)?(matrix|cases|array)\}((?:\{[^{}]*\})?)((?:(?!\\begin\{).)*?)\\end\{\1?\2\}",
    re.DOTALL,
)
_WRAPPERS: Final = re.compile(
    r"\\(?:begin|end)\{"
    r"(?:align|aligned|equation|gather|gathered|split|eqnarray|multline)"  # codespell:ignore multline
    r"\*?\}"
)
_PRIVATE: Final = re.compile("[\ue000-\uf8ff]")
"""Characters that stand for matrices while a formula is read."""
_LONGEST: Final = 4_000
_DEEPEST: Final = 40


_TIGHT: Final = frozenset({"partial", "neg", "lnot", "nabla", "forall", "exists"})
"""Symbols that stand close to what follows them."""


class _Unreadable(Exception):
    """The source is not mathematics that this module understands."""


@lru_cache(maxsize=512)
def to_unicode(source: str, mark: str) -> str:
    """Return `source` in Unicode, or between its marks as it was if it cannot be understood.

    `mark` is what began it: `$`, `$$`, or a backslash with a bracket.
    """
    if len(source) <= _LONGEST and not _PRIVATE.search(source):
        try:
            return _readable(source)
        except _Unreadable:
            pass
    closing = {"\\(": "\\)", "\\[": "\\]"}.get(mark, mark)
    return f"{mark}{source}{closing}"


def _readable(source: str) -> str:
    source = _WRAPPERS.sub("", source)
    blocks: list[str] = []

    def keep(match: re.Match[str]) -> str:
        name = (match.group(1) or "") + match.group(2)
        blocks.append(_environment(name, match.group(4)))
        return f"{{{chr(0xE000 + len(blocks) - 1)}}}"

    rows = re.split(r"\\\\(?:\[[^\]]*\])?", _ENVIRONMENT.sub(keep, source))
    lines = [_inline(row.replace("\n", " ").replace("&", "")) for row in rows]
    return "\n".join(_with_blocks(line, blocks) for line in lines if line) or source


def _inline(source: str) -> str:
    text = _Reader(_TOKEN.findall(source)).read()
    return re.sub(r" {2,}(?=[^ ])", lambda gap: " " if len(gap.group()) < 4 else "   ", text).strip()


def _with_blocks(line: str, blocks: list[str]) -> str:
    """Put the cells of matrices into `line`, each line of theirs below the one before."""
    parts = re.split("([\ue000-\uf8ff])", line)
    if len(parts) == 1:
        return line
    columns = [
        blocks[ord(part) - 0xE000].split("\n") if number % 2 else [part] for number, part in enumerate(parts)
    ]
    height = max(map(len, columns))
    middle = (height - 1) // 2
    result = []
    for index in range(height):
        row = ""
        for column in columns:
            offset = (height - len(column)) // 2 if len(column) > 1 else middle
            text = column[index - offset] if 0 <= index - offset < len(column) else ""
            row += text + " " * (max(map(cell_len, column)) - cell_len(text))
        result.append(row.rstrip())
    return "\n".join(result)


def _environment(name: str, body: str) -> str:
    rows = [
        [_inline(cell) for cell in row.split("&")]
        for row in re.split(r"\\\\(?:\[[^\]]*\])?", body)
        if row.strip()
    ]
    if not rows:
        return ""
    sizes = [
        max(cell_len(row[index]) if index < len(row) else 0 for row in rows)
        for index in range(max(map(len, rows)))
    ]
    lines = [
        "  ".join(cell + " " * (size - cell_len(cell)) for cell, size in zip(row, sizes, strict=False))
        for row in rows
    ]
    width = max(map(cell_len, lines))
    left, right = ENVIRONMENTS[name]
    return "\n".join(
        _fence(left, number, len(lines))
        + line
        + " " * (width - cell_len(line))
        + _fence(right, number, len(lines))
        for number, line in enumerate(lines)
    )


_TALL: Final = {"(": "⎛⎜⎝", ")": "⎞⎟⎠", "[": "⎡⎢⎣", "]": "⎤⎥⎦", "{": "⎧⎨⎩", "}": "⎫⎬⎭"}


def _fence(sign: str, index: int, height: int) -> str:
    if height == 1 or sign not in _TALL:
        return sign
    if sign in "{}":
        top, center, bottom = _TALL[sign][0], _TALL[sign][1], _TALL[sign][2]
        side = "⎪"
        return (
            top if index == 0 else bottom if index == height - 1 else center if index == height // 2 else side
        )
    return _TALL[sign][0 if index == 0 else 2 if index == height - 1 else 1]


class _Reader:
    """Reads a row of tokens from left to right."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def read(self, until: str = "") -> str:
        """Return the text up to `until`, or to the end."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Unreadable
        result = ""
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token == until:
                self._depth -= 1
                return result
            result += self._one(token)
        if until:
            raise _Unreadable
        self._depth -= 1
        return result

    def _one(self, token: str) -> str:
        if token == "{":
            return self.read("}")
        if token == "}":
            raise _Unreadable
        if token == "^":
            return _raised(self._argument(), SUPERSCRIPTS, "^")
        if token == "_":
            return _raised(self._argument(), SUBSCRIPTS, "_")
        if token == "~" or token.isspace():
            return " "
        if token == "&":
            return "  "
        return self._command(token[1:].removesuffix("*")) if token[0] == "\\" and len(token) > 1 else token

    def _argument(self) -> str:
        while self._at < len(self._tokens) and self._tokens[self._at].isspace():
            self._at += 1
        if self._at >= len(self._tokens):
            return ""
        token = self._tokens[self._at]
        self._at += 1
        return self._one(token).strip(" ")

    def _command(self, name: str) -> str:
        if name in SYMBOLS:
            while name in _TIGHT and self._at < len(self._tokens) and self._tokens[self._at].isspace():
                self._at += 1
            return f" {SYMBOLS[name]} " if name in SPACED else SYMBOLS[name]
        if name in SPACES:
            return SPACES[name]
        if name in FUNCTIONS:
            return self._function(name)
        if name in ACCENTS:
            return _accented(self._argument(), ACCENTS[name])
        if name in ALPHABETS:
            table = ALPHABETS[name]
            return "".join(table.get(character, character) for character in self._argument())
        return self._structure(name)

    def _function(self, name: str) -> str:
        after = self._tokens[self._at] if self._at < len(self._tokens) else ""
        return name + (
            "" if after in ("(", "_", "^", "{", "") or after.isspace() or after == "\\left" else " "
        )

    def _structure(self, name: str) -> str:
        if name in ("frac", "dfrac", "tfrac", "cfrac"):
            return _fraction(self._argument(), self._argument())
        if name in ("binom", "dbinom", "tbinom"):
            return f"C({self._argument()}, {self._argument()})"
        if name == "sqrt":
            return self._root()
        if name in ("left", "right", "middle", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr"):
            return self._delimiter()
        if name in ("overset", "stackrel", "underset"):
            first, second = self._argument(), self._argument()
            return second + _raised(first, SUBSCRIPTS if name == "underset" else SUPERSCRIPTS, "^")
        if name == "not":
            return self._argument() + "\u0338"
        if name == "pmod":
            return f" (mod {self._argument()})"
        if name in PLAIN:
            return self._plain(name)
        if name in "{}%$#_&|":
            return "‖" if name == "|" else name
        raise _Unreadable

    def _plain(self, name: str) -> str:
        follows = self._at < len(self._tokens) and self._tokens[self._at] == "{"
        if not follows:
            return ""
        self._at += 1
        text = self.read("}")
        return f"({text})" if name == "tag" else "" if name == "phantom" else text

    def _delimiter(self) -> str:
        sign = self._argument()
        return "" if sign == "." else sign

    def _root(self) -> str:
        degree = ""
        if self._at < len(self._tokens) and self._tokens[self._at] == "[":
            self._at += 1
            degree = self.read("]")
        sign = {"3": "∛", "4": "∜"}.get(degree, _raised(degree, SUPERSCRIPTS, "") + "√" if degree else "√")
        inside = self._argument()
        return sign + (inside if len(inside) == 1 or inside.isdigit() else f"({inside})")


def _raised(text: str, table: dict[str, str], mark: str) -> str:
    if not text:
        return mark
    if all(character in table for character in text):
        return "".join(table[character] for character in text if character != " ")
    return f"{mark}{text}" if len(text) == 1 else f"{mark}({text})"


def _fraction(over: str, under: str) -> str:
    if not over or not under:
        raise _Unreadable
    simple = {("1", "2"): "½", ("1", "3"): "⅓", ("2", "3"): "⅔", ("1", "4"): "¼", ("3", "4"): "¾"}
    return simple.get((over, under)) or f"{_grouped(over)}/{_grouped(under)}"


def _grouped(text: str) -> str:
    text = text.strip()
    if re.fullmatch(r"\w+|[^\W\d_][^\w\s+\-=]*|[√∛∜]?\([^()]*\)|[\w√ᵃ-ᶻ⁰-⁹₀-₉′]+(?:\([^()]*\))?", text):
        return text
    return f"({text})"


def _accented(text: str, accent: str) -> str:
    return "".join(character + accent for character in text)
