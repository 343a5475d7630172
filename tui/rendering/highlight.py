"""Highlighting code one line at a time, so that a growing block costs only what is new."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from tui.rendering.ink import Ink, Run
from tui.rendering.spans import INSIDE, Opener, Span, closing, embedded_in, openers_of

if TYPE_CHECKING:
    import re

    from pygments.lexer import Lexer, LexerContext, RegexLexer
    from pygments.token import _TokenType

    Piece = tuple[_TokenType | str, str]
    Action = _TokenType | Callable[[Lexer, re.Match[str]], Iterator[tuple[int, _TokenType, str]]] | None
    Rules = list[
        tuple[Callable[[str, int], re.Match[str] | None], Action, tuple[str, ...] | int | str | None]
    ]

_LONGEST: Final = 2_000
"""Longer lines are data, not code to read: they stay plain."""


class State(NamedTuple):
    """Where a lexer stands between two lines."""

    stack: tuple[str, ...] = ("root",)
    span: Span | None = None
    """What is still open."""
    context: tuple[tuple[str, object], ...] = ()
    """What a lexer that looks at indentation keeps besides."""


class _Walk:
    """A lexer on its way through one line."""

    __slots__ = ("context", "openers", "pending", "position", "span", "stack")

    def __init__(self, state: State, openers: list[Opener]) -> None:
        self.position = 0
        self.stack = list(state.stack)
        self.span = state.span
        self.pending: Span | None = None
        """What begins with the next line."""
        self.openers = openers
        self.context: LexerContext | None = None


class LineLexer:
    """Turns lines of one language into runs, each from the state that the line before left."""

    __slots__ = ("_lexer", "_openers", "_regex", "_remaps", "start")

    def __init__(self, lexer: "Lexer") -> None:
        from pygments.lexer import ExtendedRegexLexer, RegexLexer

        self._lexer = lexer
        self._regex = isinstance(lexer, RegexLexer)
        whole = type(lexer).get_tokens_unprocessed
        own = (RegexLexer.get_tokens_unprocessed, ExtendedRegexLexer.get_tokens_unprocessed)
        self._remaps = self._regex and not isinstance(lexer, ExtendedRegexLexer) and whole not in own
        self._openers = openers_of([lexer.name.lower(), *lexer.aliases])
        self.start = State(("root", "php") if self._regex and lexer.name == "PHP" else ("root",))

    def lex(self, line: str, state: State) -> tuple[list[Run], State]:
        """Return the runs of `line`, which has no newline, and the state after it."""
        if len(line) > _LONGEST:
            return [(line, PLAIN)], state
        if not self._regex:
            return _merged(line, ((kind, text) for _, kind, text in self._whole(line))), state
        text = line + "\n"
        walk = _Walk(state, [each for each in self._openers if each.hint in line])
        walk.context = _context(self._lexer, text, walk.stack, state.context)
        runs = _merged(line, self._pieces(text, walk))
        span = walk.span or walk.pending
        return runs, State(_shared(tuple(walk.stack)), span, _kept(walk.context))

    def _whole(self, line: str) -> Iterator[tuple[int, "_TokenType", str]]:
        return self._lexer.get_tokens_unprocessed(line + "\n")

    def _pieces(self, text: str, walk: _Walk) -> Iterator["Piece"]:
        """Do what `RegexLexer.get_tokens_unprocessed` does, but stop before the end of the text.

        The rules that match there, such as a `default` that leaves a state, must see the next line.
        """
        from pygments.lexer import RegexLexer

        lexer = self._lexer
        assert isinstance(lexer, RegexLexer)
        size = len(text)
        for _ in range(8 * size + 64):  # a lexer whose rules go round in circles stops here
            if walk.position >= size:
                return
            if walk.span is not None:
                yield from _through(text, walk, walk.span)
                continue
            if (opened := _opened(text, walk)) is not None:
                if opened:
                    yield opened
                continue
            if walk.context is not None:
                pieces = _step_in_context(lexer, text, walk, walk.context)
            else:
                walk.position, pieces = _step(lexer, text, walk.position, walk.stack)
            yield from (self._remapped(pieces) if self._remaps else pieces)

    def _remapped(self, pieces: "list[Piece]") -> "Iterator[Piece]":
        """Yield pieces as a lexer has them that looks at names again when it is done."""
        from pygments.token import Name

        for kind, text in pieces:
            if not isinstance(kind, str) and any(kind is each for each in (Name, Name.Other, Name.Builtin)):
                kind = _kind_of_name(self._lexer, kind, text)
            yield kind, text


@lru_cache(maxsize=4096)
def _kind_of_name(lexer: "Lexer", kind: "_TokenType", name: str) -> "_TokenType":
    """Return what a lexer takes a name for that it finds alone."""
    found = [each for _, each, text in lexer.get_tokens_unprocessed(name) if text == name]
    return found[0] if found and str(found[0][0]) in ("Name", "Keyword", "Operator") else kind


def _opened(text: str, walk: _Walk) -> "Piece | tuple[()] | None":
    """Begin the span that opens here and does not close in this line; return its opener, None for no span."""
    state = walk.stack[-1]
    if (embedded := embedded_in(state)) and not closing(embedded.close).match(text, walk.position):
        walk.span = embedded
        return ()
    if not walk.openers:
        return None
    is_text = INSIDE.search(state)
    for opener in walk.openers:
        if is_text if not opener.state else opener.state != state:
            continue
        match = opener.pattern.match(text, walk.position)
        if match is None:
            continue
        span = opener.span(match)
        if opener.below:
            walk.pending = walk.pending or span
        elif closing(span.close).search(text, match.end()):
            continue
        else:
            walk.span = span
        walk.position = match.end()
        return opener.role, match.group()
    return None


def _through(text: str, walk: _Walk, span: Span) -> "Iterator[Piece]":
    """Yield what of a span is in a line, and end it where it closes."""
    begin = walk.position
    match = closing(span.close).search(text, begin)
    stop = match.start() if match else len(text)
    inner = lexer_for(span.language) if span.language else None
    after = span.inner
    if inner is not None:
        before = span.inner if isinstance(span.inner, State) else inner.start
        runs, after = inner.lex(text[begin:stop].rstrip("\n"), before)
        yield from ((ink.role, part) for part, ink in runs)
    else:
        yield ("code" if span.language else span.role), text[begin:stop]
    walk.position = stop
    if match is None:
        walk.span = span._replace(inner=after)
        return
    walk.span = None
    if span.pop and len(walk.stack) > 1:
        walk.stack.pop()
    if not span.outside:
        yield span.role, match.group()
        walk.position = match.end()


def _context(
    lexer: "Lexer", text: str, stack: list[str], kept: tuple[tuple[str, object], ...]
) -> "LexerContext | None":
    """Return what a lexer keeps that looks at more than its rules; None for others."""
    from pygments.lexer import ExtendedRegexLexer, LexerContext
    from pygments.lexers.data import YamlLexer, YamlLexerContext

    if not isinstance(lexer, ExtendedRegexLexer):
        return None
    kind = YamlLexerContext if isinstance(lexer, YamlLexer) else LexerContext
    context = kind(text, 0, stack)
    for name, value in kept:
        setattr(context, name, list(value) if isinstance(value, tuple) else value)
    return context


def _kept(context: "LexerContext | None") -> tuple[tuple[str, object], ...]:
    """Return what of a context must be known with the next line."""
    if context is None:
        return ()
    return tuple(
        (name, tuple(value) if isinstance(value, list) else value)
        for name, value in vars(context).items()
        if name not in ("text", "pos", "end", "stack")
    )


def _step_in_context(lexer: "RegexLexer", text: str, walk: _Walk, context: "LexerContext") -> "list[Piece]":
    """Apply one rule of a lexer that keeps a context; return what it found."""
    from pygments.token import Error, Whitespace, _TokenType

    context.pos = walk.position
    rules: Rules = lexer._tokens[walk.stack[-1]]  # type: ignore[attr-defined]
    pieces: list[Piece] = []
    for match_rule, action, new_state in rules:
        match = match_rule(text, context.pos)
        if not match:
            continue
        if isinstance(action, _TokenType):
            pieces.append((action, match.group()))
            context.pos = match.end()
        elif action is not None:
            pieces.extend((kind, value) for _, kind, value in action(lexer, match, context))  # type: ignore[call-arg]
        if new_state is not None:
            _transition(walk.stack, new_state)
        break
    else:
        if text[context.pos] == "\n":
            walk.stack[:] = ["root"]
            pieces.append((Whitespace, "\n"))
        else:
            pieces.append((Error, text[context.pos]))
        context.pos += 1
    walk.position = context.pos
    return pieces


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


PLAIN: Final = Ink("code")
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
        runs.append((line[used:], PLAIN))
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
