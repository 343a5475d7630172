"""Markdown as a small tree of what will be drawn; the parser's tokens are not kept."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from tui.domain.text import sanitize
from tui.rendering.ink import MUTED, TEXT, Ink, Run
from tui.rendering.provisional import completed
from tui.rendering.rules import parser, trimmed_address
from tui.rendering.tex import to_unicode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

_TASK: Final = re.compile(r"\[([ xX])\][ \t]+(?=\S)")
_BREAK: Final = re.compile(r"<br\s*/?>", re.IGNORECASE)
_WWW: Final = re.compile(r"(?<![\w./@-])www\.[\w-]+\.[^\s<>]+", re.IGNORECASE)
_SUPERSCRIPT: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_STRETCH: Final = 400
"""Characters of a paragraph that are read at a time, if no mark among them is left without its partner."""

_BRACKETS: Final = 1_000
"""More opening brackets than this in one stretch are no links: looking for their ends takes too long."""

_CUT: Final = re.compile(r"(?<=\S) (?=\S)")
_WAITING: Final = re.compile(r"[`\[$\\<]|[*~](?=\S)|(?<!\w)_(?=\S)|[*_~]$")
_NO_MARKS: Final = re.compile(
    r"(?:[ A-Za-z0-9.,;'\"?()%/—–’‘“”…-]++|(?<=[A-Za-z0-9])_(?=[A-Za-z0-9]))*+(?<! )"
)
_ADDRESS: Final = 60
"""Longer addresses are cut where they stand beside the text of a link."""


Env = dict[str, dict[str, dict[str, object]]]
"""Where the parser keeps what it has found beside tokens."""


class References:
    """What may be defined anywhere in a document: link references and footnotes."""

    __slots__ = ("links", "notes")

    def __init__(self) -> None:
        self.links: dict[str, dict[str, object]] = {}
        self.notes: dict[str, object] = {}

    def learn(self, env: Env) -> bool:
        """Take over what a parse has found, the first definition of a name; tell if any is new."""
        before = len(self.links) + len(self.notes)
        for label, link in env.get("references", {}).items():
            self.links.setdefault(label, link)
        for label in env.get("footnotes", {}).get("refs", {}):
            self.notes.setdefault(label, -1)
        return len(self.links) + len(self.notes) > before


@dataclass(slots=True)
class Node:
    """One element of Markdown."""

    kind: str
    """The parser's name for it, without `_open`."""
    children: list["Node"] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    """The text of a paragraph, a heading or a cell."""
    text: str = ""
    """The source of code, mathematics and HTML."""
    info: str = ""
    """The language of code, the mark of a list, the alignment of a cell, the label of a footnote."""
    number: int = 0
    """The level of a heading, the first ordinal of a list."""
    gap: bool = False
    """Whether an empty line stands before it in the source."""
    line: int = -1
    """The line of the source that opens fenced code."""


def parse(source: str, references: References, provisional: bool) -> list[Node]:
    """Return the elements of `source`; a provisional one gets its open marks closed at the end."""
    md = parser()
    tokens: list[Token] = []
    md.block.parse(source, md, {}, tokens)
    if provisional:
        _complete(tokens)
    return _Builder(source.split("\n"), _env(references)).nodes(tokens)


def paragraph(source: str, references: References, provisional: bool) -> Node:
    """Return `source`, of which it is known that it is nothing but the text of a paragraph."""
    content = source.strip()
    return Node(
        "paragraph",
        runs=_Builder([], _env(references)).inline(completed(content) if provisional else content),
    )


def _env(references: References) -> Env:
    return {"references": references.links, "footnotes": {"refs": references.notes}}


def _complete(tokens: "list[Token]") -> None:
    for token in reversed(tokens):
        if token.type == "inline":
            token.content = completed(token.content)
        if token.nesting >= 0:
            return


class _Builder:
    """Turns tokens into nodes."""

    def __init__(self, lines: list[str], env: Env) -> None:
        self._lines = lines
        self._env = env

    def nodes(self, tokens: "Sequence[Token]") -> list[Node]:
        return [self._node(token, inner) for token, inner in groups(tokens)]

    def _node(self, token: "Token", inner: "Sequence[Token]") -> Node:
        kind = token.type.removesuffix("_open")
        node = Node(kind, gap=self._gap(token))
        if kind == "inline":
            node.runs = self.inline(token.content)
        elif kind in ("paragraph", "heading", "th", "td"):
            node.runs = self.inline(inner[0].content) if inner else []
            node.number = int(token.tag[1:]) if kind == "heading" else 0
            node.info = str(token.attrGet("style") or "")
        elif kind in ("fence", "code_block", "html_block", "math_block"):
            node.text, node.info = token.content, sanitize(token.info)
            node.number = len(token.markup)
            node.line = token.map[0] if token.map else -1
        else:
            self._container(node, token, inner)
        return node

    def _container(self, node: Node, token: "Token", inner: "Sequence[Token]") -> None:
        node.info = token.markup
        if node.kind == "ordered_list":
            node.number = int(token.attrGet("start") or 1) if token.attrGet("start") != 0 else 0
        elif node.kind == "list_item":
            node.info = _task(inner)
        elif node.kind == "footnote_reference":
            node.info = str(token.meta["label"])
        node.children = self.nodes(inner)

    def _gap(self, token: "Token") -> bool:
        line = token.map[0] - 1 if token.map else -1
        return 0 <= line < len(self._lines) and not self._lines[line].strip(" \t>")

    def inline(self, content: str) -> list[Run]:
        """Return the runs of a paragraph, read in stretches of which a growing one repeats only the last."""
        runs: list[Run] = []
        start, size = 0, _STRETCH
        while start < len(content):
            end = len(content)
            cut = _CUT.search(content, start + size)
            if cut:
                end = cut.start() + 1
            stretch, settled = self._stretch(content[start:end])
            if end < len(content) and not settled:
                size *= 4
                continue
            runs.extend(stretch)
            start, size = end, _STRETCH
        return runs

    def _stretch(self, content: str) -> "tuple[list[Run], bool]":
        if "[" in content:  # its meaning depends on definitions
            return _parsed_inline(content, self._env)
        return _cached_inline(content)


@lru_cache(maxsize=2048)
def _cached_inline(content: str) -> tuple[list[Run], bool]:
    return _parsed_inline(content, {})


def _parsed_inline(content: str, env: Env) -> tuple[list[Run], bool]:
    """Return the runs, and whether no mark in them is waiting for its partner in what follows."""
    if _NO_MARKS.fullmatch(content) and "www." not in content.lower():
        return [(content, TEXT)], True
    if content.count("[") > _BRACKETS:
        return [(content, TEXT)], True
    md = parser()
    tokens: list[Token] = []
    md.inline.parse(content, md, env, tokens)
    settled = not any(
        token.type in ("text", "text_special") and _WAITING.search(token.content) for token in tokens
    )
    return _Inline().runs(tokens), settled


def groups(tokens: "Sequence[Token]") -> "Iterator[tuple[Token, Sequence[Token]]]":
    """Yield each token of the outermost level with what stands between it and its end."""
    index = 0
    while index < len(tokens):
        token = tokens[index]
        start, depth = index + 1, int(token.nesting)
        index += 1
        while depth > 0 and index < len(tokens):
            depth += tokens[index].nesting
            index += 1
        yield token, tokens[start : max(start, index - 1)] if token.nesting > 0 else ()


def _task(inner: "Sequence[Token]") -> str:
    """Take the box of a task from the text of its item: `x` or a space, or nothing."""
    if len(inner) < 2 or inner[0].type != "paragraph_open":
        return ""
    match = _TASK.match(inner[1].content)
    if match is None:
        return ""
    inner[1].content = inner[1].content[match.end() :]
    return match.group(1).lower()


class _Inline:
    """Turns inline tokens into runs."""

    def __init__(self) -> None:
        self._ink = TEXT
        self._outer: list[Ink] = []
        self._runs: list[Run] = []
        self._link_start: list[int] = []

    def runs(self, tokens: "Sequence[Token]") -> list[Run]:
        for token in tokens:
            if token.nesting > 0:
                self._open(token)
            elif token.nesting < 0:
                self._close(token)
            else:
                self._leaf(token)
        return self._runs

    def _add(self, text: str, ink: Ink) -> None:
        text = sanitize(text)
        if self._runs and self._runs[-1][0].endswith("\n"):
            text = text.lstrip(" ")
        if not text:
            return
        if self._runs and self._runs[-1][1] == ink:
            self._runs[-1] = (self._runs[-1][0] + text, ink)
        else:
            self._runs.append((text, ink))

    def _open(self, token: "Token") -> None:
        self._outer.append(self._ink)
        ink = self._ink
        if token.type == "strong_open":
            ink = ink._replace(bold=True)
        elif token.type == "em_open":
            ink = ink._replace(italic=True)
        elif token.type == "s_open":
            ink = ink._replace(strike=True)
        elif token.type == "link_open":
            ink = ink._replace(role="link", underline=True, href=_href(token.attrGet("href")))
            self._runs.append(("", ink))
            self._link_start.append(len(self._runs))
        self._ink = ink

    def _close(self, token: "Token") -> None:
        if token.type == "link_close" and self._link_start:
            text = "".join(text for text, _ in self._runs[self._link_start.pop() - 1 :])
            self._address(text, self._ink.href)
        self._ink = self._outer.pop() if self._outer else TEXT

    def _address(self, text: str, href: str) -> None:
        """Show where a link leads, unless its text is the address."""
        shown = href.removeprefix("mailto:")
        short = re.sub(r"^https?://", "", shown).removesuffix("/")
        if not short or text.strip() in (href, shown, short) or text.strip().rstrip("/") == shown.rstrip("/"):
            return
        if re.sub(r"^https?://", "", text.strip()).removesuffix("/") == short:
            return
        if len(short) > _ADDRESS:
            short = short[: _ADDRESS - 1] + "…"
        self._add(f" ({short})" if text else short, MUTED._replace(href=href))

    def _leaf(self, token: "Token") -> None:
        kind = token.type
        if kind in ("softbreak", "hardbreak"):
            self._add("\n", self._ink)
        elif kind == "code_inline":
            self._add(token.content, self._ink._replace(role="inline"))
        elif kind == "math_inline":
            self._add(_formula(token.content, token.markup), self._ink._replace(role="math"))
        elif kind == "html_inline":
            self._html(token.content)
        elif kind == "footnote_ref":
            self._add(note_mark(token.content), self._ink._replace(role="note"))
        elif kind == "image":
            self._image(token)
        else:
            self._text(token.content.replace("\n", " "))

    def _html(self, content: str) -> None:
        self._add(
            *(("\n", self._ink) if _BREAK.fullmatch(content) else (content, self._ink._replace(role="muted")))
        )

    def _image(self, token: "Token") -> None:
        href = _href(token.attrGet("src"))
        alt = token.content.replace("\n", " ") or "image"
        self._add("▣ ", MUTED)
        self._add(alt, self._ink._replace(role="link", underline=True, href=self._ink.href or href))
        if not self._ink.href:
            self._address(alt, href)

    def _text(self, text: str) -> None:
        if self._ink.href or "www." not in text.lower():
            self._add(text, self._ink)
            return
        end = 0
        for match in _WWW.finditer(text):
            url = trimmed_address(match.group())
            self._add(text[end : match.start()], self._ink)
            self._add(url, self._ink._replace(role="link", underline=True, href=f"http://{url}"))
            end = match.start() + len(url)
        self._add(text[end:], self._ink)


def _formula(source: str, mark: str) -> str:
    text = to_unicode(source, mark)
    if "\n" not in text:
        return text
    return f"\n{text}\n" if mark in ("$$", "\\[") else text.replace("\n", "; ")


def _href(value: object) -> str:
    return sanitize(str(value or "")).replace("\n", "")


def note_mark(label: str) -> str:
    """Return how a footnote is referred to: a raised number, or its name in brackets."""
    return label.translate(_SUPERSCRIPT) if label.isascii() and label.isdigit() else f"[{label}]"
