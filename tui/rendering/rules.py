"""Rules for markdown-it beyond CommonMark: mathematics, footnotes, bare addresses, careful tables."""

import re
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline

_MATH_SIGN: Final = re.compile(r"[\\^_{}=+<>|*/-]")
_OTHER_BLOCK: Final = re.compile(r" {0,3}(?:[-+*](?:\s|$)|\d{1,9}[.)](?:\s|$)|>|#{1,6}(?:\s|$)|```|~~~|\$\$)")
_URL: Final = re.compile(r"://[^\s<>\x00-\x20]+")
_PUNCTUATION: Final = frozenset(".,;:!?'\"*_~“”’»…")
_NESTING: Final = 60


@cache
def parser() -> "MarkdownIt":
    """Return the parser that everything shares; loaded when the first Markdown is read."""
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import fence, table
    from mdit_py_plugins.footnote.index import footnote_def

    def careful_table(state: "StateBlock", start: int, end: int, silent: bool) -> bool:
        """Let nothing become a table that its first line has already made a list, a quote or a heading."""
        first = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
        return _OTHER_BLOCK.match(first) is None and table(state, start, end, silent)

    def placed_fence(state: "StateBlock", start: int, end: int, silent: bool) -> bool:
        """Remember how far what contains a block of code is indented: its lines are told by that."""
        found = fence(state, start, end, silent)
        if found and not silent:
            state.tokens[-1].meta["indent"] = state.blkIndent
        return found

    md = MarkdownIt("commonmark", {"maxNesting": _NESTING}).enable(["table", "strikethrough"])
    md.block.ruler.at("table", careful_table, {"alt": ["paragraph", "reference"]})
    md.block.ruler.at("fence", placed_fence, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    md.block.ruler.before("reference", "footnote_def", footnote_def, {"alt": ["paragraph", "reference"]})
    md.block.ruler.before(
        "fence", "math_block", math_block, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )
    md.inline.ruler.before("escape", "math", math_inline)
    md.inline.ruler.before("link", "footnote_ref", footnote_ref)
    md.inline.ruler.before("autolink", "address", address)
    return md


def math_block(state: "StateBlock", start: int, end: int, silent: bool) -> bool:
    r"""Read `$$…$$` or `\[…\]` on lines of its own; an empty line ends it in any case."""
    if state.is_code_block(start):
        return False
    first = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]].strip()
    opener = first[:2]
    if opener not in ("$$", "\\["):
        return False
    closer = "$$" if opener == "$$" else "\\]"
    body = first[2:]
    if body and (closer in body[: -len(closer)] or not _MATH_SIGN.search(body)) and opener == "\\[":
        return False
    if closer in body and not (body.endswith(closer) and body.find(closer) == len(body) - 2):
        return False
    if silent:
        return True
    lines, line, closed = _math_lines(state, start, end, body, closer)
    state.line = line
    token = state.push("math_block", "math", 0)
    token.content = "\n".join(lines)
    token.map = [start, line]
    token.block = True
    token.markup = opener if closed else ""
    return True


def _math_lines(
    state: "StateBlock", start: int, end: int, body: str, closer: str
) -> tuple[list[str], int, bool]:
    if body.endswith(closer):
        return [body[: -len(closer)]], start + 1, True
    lines = [body] if body else []
    for line in range(start + 1, end):
        if state.isEmpty(line) or state.sCount[line] < state.blkIndent:
            return lines, line, False
        text = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].rstrip()
        if text.endswith(closer):
            return [*lines, text[: -len(closer)]], line + 1, True
        lines.append(text)
    return lines, end, False


def math_inline(state: "StateInline", silent: bool) -> bool:
    r"""Read `$…$`, `$$…$$`, `\(…\)` and `\[…\]` inside a paragraph; `$5 and $10` is not mathematics."""
    found = _math_span(state.src, state.pos, state.posMax)
    if found is None:
        return False
    start, stop, end = found
    if not silent:
        token = state.push("math_inline", "math", 0)
        token.content = state.src[start:stop]
        token.markup = state.src[state.pos : start]
    state.pos = end
    return True


def _math_span(source: str, position: int, limit: int) -> tuple[int, int, int] | None:
    """Return where the content begins, where it ends, and where the text goes on."""
    opener = source[position : position + 2]
    if opener in ("\\(", "\\[", "$$"):
        closer = {"\\(": "\\)", "\\[": "\\]", "$$": "$$"}[opener]
        stop = source.find(closer, position + 2, limit)
        content = source[position + 2 : stop]
        if stop < 0 or not content.strip() or (opener == "\\[" and not _MATH_SIGN.search(content)):
            return None
        return position + 2, stop, stop + 2
    if opener[:1] != "$" or (position and (source[position - 1].isalnum() or source[position - 1] == "$")):
        return None
    stop = source.find("$", position + 1, limit)
    while stop > 0 and source[stop - 1] == "\\":
        stop = source.find("$", stop + 1, limit)
    content = source[position + 1 : stop]
    if stop < 0 or not content or content != content.strip() or source[stop + 1 : stop + 2].isdigit():
        return None
    if content[0].isdigit() and " " in content and not _MATH_SIGN.search(content):
        return None
    return position + 1, stop, stop + 1


def footnote_ref(state: "StateInline", silent: bool) -> bool:
    """Read `[^label]` where the document has that footnote."""
    if not state.src.startswith("[^", state.pos):
        return False
    end = state.src.find("]", state.pos + 2, state.posMax)
    label = state.src[state.pos + 2 : end]
    if end < 0 or ":" + label not in state.env.get("footnotes", {}).get("refs", {}):
        return False
    if not silent:
        token = state.push("footnote_ref", "", 0)
        token.content = label
    state.pos = end + 1
    return True


def address(state: "StateInline", silent: bool) -> bool:
    """Read a bare `http://…` or `https://…`; its scheme is already among the pending text."""
    if state.src[state.pos] != ":" or state.linkLevel > 0:
        return False
    scheme = next((name for name in ("https", "http") if state.pending[-5:].lower().endswith(name)), "")
    before = state.pending[: -len(scheme)][-1:]
    match = _URL.match(state.src, state.pos, state.posMax)
    if not scheme or before.isalnum() or match is None:
        return False
    rest = trimmed_address(match.group())
    if len(rest) <= len("://"):
        return False
    url = state.pending[-len(scheme) :] + rest
    href = state.md.normalizeLink(url)
    if not state.md.validateLink(href):
        return False
    if not silent:
        state.pending = state.pending[: -len(scheme)]
        token = state.push("link_open", "a", 1)
        token.attrs = {"href": href}
        token.markup = "linkify"
        state.push("text", "", 0).content = url
        state.push("link_close", "a", -1)
    state.pos += len(rest)
    return True


def trimmed_address(url: str) -> str:
    """Return `url` without the punctuation that belongs to the sentence around it."""
    end = len(url)
    surplus = {")": url.count(")") - url.count("("), "]": url.count("]") - url.count("[")}
    while end and (url[end - 1] in _PUNCTUATION or surplus.get(url[end - 1], 0) > 0):
        if url[end - 1] in surplus:
            surplus[url[end - 1]] -= 1
        end -= 1
    return url[:end]
