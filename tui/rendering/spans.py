"""What a language may hold over several lines that Pygments would have to see whole."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

_COMMENT: Final = "code.comment"
_STRING: Final = "code.string"

INSIDE: Final = re.compile("str|quot|dq|sq|comment|backtick|literal|heredoc|interp|math|scalar")
"""Names of a lexer's states in which an opener is only text."""

_GROUP: Final = re.compile(r"\{(\d)\}")


class Span(NamedTuple):
    """Something that is open at the end of a line."""

    close: str
    """The expression that ends it."""
    role: str = _STRING
    language: str = ""
    """What its lines are written in; empty for one colour."""
    inner: object = None
    """Where the lexer of that language stands."""
    outside: bool = False
    """What ends it belongs to the language around it."""
    pop: bool = False
    """It is all that a state of the lexer is about: that is left with it."""


@dataclass(frozen=True, slots=True)
class Opener:
    """What begins a span."""

    hint: str
    """A line without these characters has none."""
    pattern: re.Pattern[str]
    close: str
    """The expression that ends it; `{1}` is what the first group matched."""
    role: str = _STRING
    below: bool = False
    """It begins with the next line."""
    language: bool = False
    """The group named `language` says what its lines are written in."""
    state: str = ""
    """The state of the lexer in which it begins; empty for any that is not inside of something."""

    def span(self, match: re.Match[str]) -> Span:
        """Return what was opened."""
        groups = [re.escape(each or "") for each in match.groups()]
        language = (match["language"] or "").lower() if self.language else ""
        close = _GROUP.sub(lambda found: groups[int(found[1]) - 1], self.close)
        return Span(close, self.role, language or ("text" if self.language else ""), pop=bool(self.state))


def _opener(hint: str, pattern: str, close: str, role: str = _STRING) -> Opener:
    return Opener(hint, re.compile(pattern), close, role)


def _here(pattern: str, close: str = r"^[ \t]*{2}\b") -> Opener:
    return Opener("<<", re.compile(pattern), close, below=True)


_C: Final = _opener("/*", r"/\*", r"\*/", _COMMENT)
_XML: Final = _opener("<!--", "<!--", "-->", _COMMENT)
_CDATA: Final = _opener("<![", r"<!\[CDATA\[", r"\]\]>", "code.meta")
_ATTRIBUTES: Final = (
    Opener('"', re.compile('"'), '"', state="attr"),
    Opener("'", re.compile("'"), "'", state="attr"),
)
_TRIPLE: Final = _opener('"""', '"""', '"""')
_QUOTE: Final = _opener("'", "'", "'")
_DOUBLE: Final = _opener('"', '"', r'(?<!\\)"')
_SHELL: Final = _here(r"<<-?[ \t]*(['\"]?)\\?([A-Za-z_]\w*)\1(?!<)")
_POD: Final = _opener("=", r"^=[a-z]\w*", r"^=cut.*", _COMMENT)
_FENCE: Final = Opener(
    "``",
    re.compile(r"^[ ]{0,3}(```+)[ \t]*(?P<language>[\w+#-]*)[^`\n]*$"),
    r"^[ ]{0,3}{1}`*[ \t]*$",
    language=True,
)
_TILDES: Final = Opener(
    "~~~",
    re.compile(r"^[ ]{0,3}(~~~+)[ \t]*(?P<language>[\w+#-]*).*$"),
    r"^[ ]{0,3}{1}~*[ \t]*$",
    language=True,
)

_C_LIKE: Final = """
    c cpp csharp java javascript typescript jsx tsx go css scss less php swift kotlin scala dart groovy cuda v
    objective-c rust sql mysql postgresql plpgsql transact-sql solidity protobuf glsl hlsl zig terraform
"""
_OPENERS: Final[dict[str, tuple[Opener, ...]]] = {
    **dict.fromkeys(_C_LIKE.split(), (_C,)),
    **dict.fromkeys(("html", "xml", "svg", "vue"), (_XML, _CDATA, *_ATTRIBUTES)),
    **dict.fromkeys(("kotlin", "swift", "scala"), (_C, _TRIPLE)),
    **dict.fromkeys(("sql", "mysql", "postgresql", "plpgsql", "transact-sql"), (_C, _QUOTE)),
    **dict.fromkeys(("markdown", "md"), (_FENCE, _TILDES)),
    **dict.fromkeys(("bash", "docker"), (_SHELL, _QUOTE)),
    "csharp": (_C, _TRIPLE, _opener('@"', r'\$?@\$?"', '"(?!")')),
    "cpp": (_C, _opener('R"', r'R"([^()\\ \n]{0,16})\(', r'\){1}"')),
    "rust": (_C, _opener('#"', r'b?r(#+)"', '"{1}')),
    "go": (_C, _opener("`", "`", "`")),
    "php": (_C, _here(r"<<<[ \t]*(['\"]?)(\w+)\1")),
    "terraform": (_C, _here(r"<<-?(['\"]?)(\w+)\1")),
    "lua": (_opener("--[", r"--\[(=*)\[", r"\]{1}\]", _COMMENT), _opener("[", r"\[(=*)\[", r"\]{1}\]")),
    "haskell": (_opener("{-", r"\{-", r"-\}", _COMMENT),),
    "powershell": (_opener("<#", "<#", "#>", _COMMENT), _opener("@", r"@(['\"])$", r"^{1}@")),
    "ocaml": (_opener("(*", r"\(\*", r"\*\)", _COMMENT),),
    "fsharp": (_opener("(*", r"\(\*", r"\*\)", _COMMENT), _TRIPLE),
    "ruby": (
        _here(r"<<[~-]?(['\"]?)([A-Z_]\w*)\1"),
        _opener("=begin", "^=begin", "^=end.*", _COMMENT),
        _opener("%", r"%[wWiI]\[", r"\]"),
        _DOUBLE,
    ),
    "perl": (_here(r"<<~?(['\"]?)([A-Z_]\w*)\1"), _POD, _DOUBLE),
    "s": (_DOUBLE, _QUOTE),
}
"""By a lexer's name: what Pygments matches with one expression over several lines."""

_EMBEDDED: Final[dict[str, tuple[str, str]]] = {
    "script-content": (r"<\s*/\s*script\s*>", "javascript"),
    "style-content": (r"<\s*/\s*style\s*>", "css"),
}
"""By the state of a lexer: another language that follows, and what ends it."""


def openers_of(names: Iterable[str]) -> tuple[Opener, ...]:
    """Return what may open a span in the lexer that goes by these names."""
    return next((_OPENERS[name] for name in names if name in _OPENERS), ())


def embedded_in(state: str) -> Span | None:
    """Return the span that a state of a lexer is about, where it is about another language."""
    found = _EMBEDDED.get(state)
    return Span(found[0], "code", found[1], outside=True) if found is not None else None


@lru_cache(maxsize=256)
def closing(close: str) -> re.Pattern[str]:
    """Return the expression that ends a span."""
    return re.compile(close, re.IGNORECASE if close.startswith("<") else 0)
