"""Highlighting code one line at a time, so that a growing block costs only what is new."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from tui.rendering.ink import Ink, Run

if TYPE_CHECKING:
    from pygments.lexer import Lexer, RegexLexer
    from pygments.token import _TokenType

    Piece = tuple[_TokenType | str, str]
    Action = _TokenType | Callable[[Lexer, re.Match[str]], Iterator[tuple[int, _TokenType, str]]] | None
    Rules = list[
        tuple[Callable[[str, int], re.Match[str] | None], Action, tuple[str, ...] | int | str | None]
    ]

_LONGEST: Final = 2_000
"""Longer lines are data, not code to read: they stay plain."""

_SEGMENT: Final = 1_000
"""After so many lines the lexer starts afresh, so that no line depends on more than these before it."""

_SPANNING: Final = {
    "/*": ("*/", "code.comment"),
    "<!--": ("-->", "code.comment"),
    "--[[": ("]]", "code.comment"),
    "{-": ("-}", "code.comment"),
    "<#": ("#>", "code.comment"),
    "(*": ("*)", "code.comment"),
    '"""': ('"""', "code.string"),
    "`": ("`", "code.string"),
    "'": ("'", "code.string"),
}
"""What begins a construct of several lines: how it ends, and what it is."""

_C_LIKE: Final = """
    c cpp csharp java javascript typescript jsx tsx go css scss less php swift kotlin scala dart groovy cuda v
    objective-c rust sql mysql postgresql plpgsql transact-sql solidity protobuf glsl hlsl zig
"""
_OPENERS: Final = {
    **dict.fromkeys(_C_LIKE.split(), ("/*",)),
    **dict.fromkeys(("html", "xml", "svg", "vue"), ("<!--",)),
    "go": ("/*", "`"),
    "lua": ("--[[",),
    "haskell": ("{-",),
    "powershell": ("<#",),
    "ocaml": ("(*",),
    "fsharp": ("(*",),
    "kotlin": ("/*", '"""'),
    "swift": ("/*", '"""'),
    "scala": ("/*", '"""'),
    "bash": ("'",),
}
"""By lexer: the constructs that Pygments matches with one expression over several lines."""

_INSIDE: Final = re.compile("str|quot|dq|sq|comment|backtick|literal|heredoc|interp")
"""Names of states in which an opener is only text."""


class State(NamedTuple):
    """Where a lexer stands between two lines."""

    stack: tuple[str, ...] = ("root",)
    spanning: str = ""
    """What began the construct that is still open; a key of `_SPANNING`."""


class LineLexer:
    """Turns lines of one language into runs, each from the state that the line before left."""

    __slots__ = ("_lexer", "_openers", "_regex", "start")

    def __init__(self, lexer: "Lexer") -> None:
        from pygments.lexer import ExtendedRegexLexer, RegexLexer

        self._lexer = lexer
        self._regex = isinstance(lexer, RegexLexer) and not isinstance(lexer, ExtendedRegexLexer)
        names = [lexer.name.lower(), *lexer.aliases]
        self._openers: tuple[str, ...] = next((_OPENERS[name] for name in names if name in _OPENERS), ())
        self.start = State(("root", "php") if self._regex and lexer.name == "PHP" else ("root",))

    def lex(self, line: str, state: State) -> tuple[list[Run], State]:
        """Return the runs of `line`, which has no newline, and the state after it."""
        if len(line) > _LONGEST:
            return [(line, _PLAIN)], state
        if not self._regex:
            return _merged(line, ((kind, text) for _, kind, text in self._whole(line))), state
        stack = list(state.stack)
        opened: list[str] = [state.spanning] if state.spanning else []
        pieces = list(self._pieces(line + "\n", stack, opened))
        return _merged(line, pieces), State(_shared(tuple(stack)), opened[0] if opened else "")

    def _whole(self, line: str) -> Iterator[tuple[int, "_TokenType", str]]:
        return self._lexer.get_tokens_unprocessed(line + "\n")

    def _pieces(self, text: str, stack: list[str], opened: list[str]) -> Iterator["Piece"]:
        """Do what `RegexLexer.get_tokens_unprocessed` does, but stop before the end of the text.

        The rules that match there, such as a `default` that leaves a state, must see the next line.
        """
        from pygments.lexer import RegexLexer

        lexer = self._lexer
        assert isinstance(lexer, RegexLexer)
        openers = [opener for opener in self._openers if opener in text]
        position, size = 0, len(text)
        for _ in range(8 * size + 64):  # a lexer whose rules go round in circles stops here
            if position >= size:
                return
            if opened:
                close, role = _SPANNING[opened[0]]
                end = text.find(close, position)
                stop = size if end < 0 else end + len(close)
                if end >= 0:
                    opened.clear()
                yield role, text[position:stop]
                position = stop
                continue
            opener = _opening(text, position, openers, stack[-1]) if openers else ""
            if opener:
                yield _SPANNING[opener][1], opener
                opened.append(opener)
                position += len(opener)
                continue
            position, pieces = _step(lexer, text, position, stack)
            yield from pieces


def _opening(text: str, position: int, openers: list[str], state: str) -> str:
    """Return the opener that stands at `position` and is not closed in this line."""
    for opener in openers:
        opens = text.startswith(opener, position) and not _INSIDE.search(state)
        if opens and text.find(_SPANNING[opener][0], position + len(opener)) < 0:
            return opener
    return ""


def _step(lexer: "RegexLexer", text: str, position: int, stack: list[str]) -> "tuple[int, list[Piece]]":
    """Apply one rule of a regular-expression lexer; return where it got to, and what it found."""
    from pygments.token import Error, Whitespace, _TokenType

    rules: Rules = lexer._tokens[stack[-1]]  # type: ignore[attr-defined]
    for match_rule, action, new_state in rules:
        match = match_rule(text, position)
        if not match:
            continue
        pieces: list[Piece] = []
        if isinstance(action, _TokenType):
            pieces.append((action, match.group()))
        elif action is not None:
            pieces.extend((kind, value) for _, kind, value in action(lexer, match))
        if new_state is not None:
            _transition(stack, new_state)
        return match.end(), pieces
    if text[position] == "\n":
        stack[:] = ["root"]
        return position + 1, [(Whitespace, "\n")]
    return position + 1, [(Error, text[position])]


def _transition(stack: list[str], new_state: tuple[str, ...] | int | str) -> None:
    if isinstance(new_state, int):
        del stack[max(1, len(stack) + new_state) :]
        return
    for state in (new_state,) if isinstance(new_state, str) else new_state:
        if state == "#pop":
            if len(stack) > 1:
                stack.pop()
        elif state == "#push":
            stack.append(stack[-1])
        else:
            stack.append(state)


@lru_cache(maxsize=1024)
def _shared(stack: tuple[str, ...]) -> tuple[str, ...]:
    """Return one tuple for all equal stacks: there is a state for every line."""
    return stack


_PLAIN: Final = Ink("code")
_INKS: dict[str, Ink] = {}


def _merged(line: str, pieces: "Iterable[Piece]") -> list[Run]:
    """Return runs that spell exactly `line`, neighbours of the same ink joined."""
    runs: list[Run] = []
    used = 0
    for kind, text in pieces:
        text = text[: len(line) - used]
        if not text or not line.startswith(text, used):
            continue
        used += len(text)
        role = kind if isinstance(kind, str) else _role(kind)
        ink = _INKS.get(role) or _INKS.setdefault(role, Ink(role))
        if runs and runs[-1][1] is ink:
            runs[-1] = (runs[-1][0] + text, ink)
        else:
            runs.append((text, ink))
    if used < len(line):
        runs.append((line[used:], _PLAIN))
    return runs


_ROLES: Final = {
    "Comment": "code.comment",
    "Comment.Preproc": "code.meta",
    "Comment.PreprocFile": "code.string",
    "Keyword": "code.keyword",
    "Keyword.Constant": "code.constant",
    "Keyword.Type": "code.class",
    "Operator.Word": "code.keyword",
    "Literal.String": "code.string",
    "Literal.String.Interpol": "code.meta",
    "Literal.String.Escape": "code.meta",
    "Literal.Number": "code.number",
    "Name.Function": "code.function",
    "Name.Class": "code.class",
    "Name.Exception": "code.class",
    "Name.Namespace": "code.class",
    "Name.Builtin": "code.builtin",
    "Name.Decorator": "code.meta",
    "Name.Tag": "code.tag",
    "Name.Attribute": "code.attribute",
    "Name.Constant": "code.constant",
    "Generic.Deleted": "code.deleted",
    "Generic.Inserted": "code.inserted",
    "Generic.Heading": "code.heading",
    "Generic.Subheading": "code.meta",
    "Generic.Prompt": "code.meta",
    "Generic.Output": "code.comment",
}


@lru_cache(maxsize=512)
def _role(kind: "_TokenType") -> str:
    names = [str(part) for part in kind]
    while names:
        role = _ROLES.get(".".join(names))
        if role:
            return role
        names.pop()
    return "code"


@lru_cache(maxsize=128)
def lexer_for(language: str) -> LineLexer | None:
    """Return the lexer of a language as a fence names it; None for unknown ones and for plain text."""
    if not language or len(language) > 40:
        return None
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
    return None if lexer.name == "Text only" else LineLexer(lexer)


class Highlighter:
    """Remembers the lexer's state at the beginning of every line of a block that may grow."""

    __slots__ = ("_lexer", "_segments")

    def __init__(self, language: str) -> None:
        self._lexer = lexer_for(language.lower())
        self._segments: dict[int, list[State]] = {}

    def runs(self, lines: list[str], index: int, last: str | None = None) -> list[Run]:
        """Return the runs of the line at `index`; of those before it, only unseen ones are read.

        `last` is a line after `lines` that may still be growing: nothing is remembered of its end.
        """
        line = lines[index] if last is None else last
        if self._lexer is None:
            return [(line, _PLAIN)] if line else []
        runs, after = self._lexer.lex(line, self._state(self._lexer, lines, index))
        states = self._segments[index // _SEGMENT]
        if last is None and len(states) == index % _SEGMENT + 1 < _SEGMENT:
            states.append(after)
        return runs

    def _state(self, lexer: LineLexer, lines: list[str], index: int) -> State:
        segment, offset = divmod(index, _SEGMENT)
        states = self._segments.setdefault(segment, [lexer.start])
        while len(states) <= offset:
            line = lines[segment * _SEGMENT + len(states) - 1]
            states.append(lexer.lex(line, states[-1])[1])
        return states[offset]
