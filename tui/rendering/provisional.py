"""The end of a text that is still arriving: marks that are open are shown as if they were closed."""

import re
from typing import Final

_HELD: Final = re.compile(
    r"""[ \t>]*(?:
        (?:[-+*=_~`\#>|:\ ]+ | \d{1,9}[.)]? | \$+ | \\\[? | \[\^?\w*\]?:? | [-+*][ \t]+\[[\ xX]?\]?)?[ \t]*
        | (?:`{3,}|~{3,})[^`]*
    )""",
    re.VERBOSE,
)
_SHORT: Final = 80
_LOOKED_AT: Final = 1_000
"""Characters at the end in which open marks are looked for."""
_FARTHEST: Final = 200
"""Characters after which an open mark is taken for a mere character: nothing is emphasised for so long."""
_TRAILING: Final = re.compile(
    r"(?:\*+|_+|~+|`+|\\[^\w\s]?|!?\[|!|(?<=\S)\[\^[^\s\[\]]*\]?|(?<=\])\[[^\[\]]*|&#?\w{0,8}|<[\w/]{0,12})$"
)
_LINK: Final = re.compile(r"(?<!\\)!?\[([^\[\]]*)(?:\](?:\([^()\s]*(?:\s[^()]*)?)?)?$")
_TOKENS: Final = re.compile(r"\\.|`+|\*+|_+|~~|\$\$?", re.DOTALL)


def held(line: str) -> bool:
    """Return whether a line that has only begun may still become something else altogether.

    A few marks can turn the paragraph above into a heading or a table, or begin a list, a rule or code.
    """
    return len(line) <= _SHORT and _HELD.fullmatch(line) is not None


def completed(text: str) -> str:
    """Return the text of an unfinished paragraph with its open emphasis and code closed."""
    head, text = text[:-_LOOKED_AT], text[-_LOOKED_AT:]
    text = _TRAILING.sub("", text.rstrip())
    link = _LINK.search(text)
    if link and link.group(1) and not text[: link.start()].count("`") % 2:
        text = text[: link.start()] + link.group(1)
    return head + text + "".join(reversed(open_marks(text, _FARTHEST)))


def open_marks(text: str, farthest: int | None = None) -> list[str]:
    """Return the marks that would close the emphasis and the code that are open at the end of `text`.

    Args:
        text: The end of a paragraph.
        farthest: How far back a mark counts: what is open for longer was never meant as such, and the rest
            must not be drawn in its style. None for any distance.
    """
    stack: list[str] = []
    opened: list[int] = []
    code, code_at = "", 0
    for match in _TOKENS.finditer(text):
        mark = match.group()
        if code:
            if mark == code:
                code = ""
            continue
        if mark[0] == "`":
            code, code_at = mark, match.start()
            continue
        if mark[0] == "\\" or mark[0] == "$":
            continue
        _toggle(stack, mark, text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1])
        opened = [*opened, match.start()][: len(stack)]
    near = 0 if farthest is None else max(0, len(text) - farthest)
    found = [mark for mark, start in zip(stack, opened, strict=True) if start >= near]
    return [*found, code] if code and code_at >= near else found


def _toggle(stack: list[str], mark: str, before: str, after: str) -> None:
    can_open = bool(after) and not after.isspace() and (mark[0] != "_" or not before.isalnum())
    can_close = bool(before) and not before.isspace() and (mark[0] != "_" or not after.isalnum())
    if can_close and mark in stack:
        del stack[stack.index(mark) :]
    elif can_open and (mark == "~~" or len(mark) <= 3):
        stack.append(mark)
