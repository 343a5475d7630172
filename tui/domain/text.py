"""The one function that every text from outside passes before a terminal may see it."""

import re
from typing import Final

_REPLACEMENT: Final = "\ufffd"

_CONTROL: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and newline, DEL, C1
    "\u202a-\u202e\u2066-\u2069"  # bidirectional embeddings, overrides and isolates
    "\u2028\u2029"  # line and paragraph separators
    "\ud800-\udfff"  # lone surrogates
    "\ufff9-\ufffb\U000e0000-\U000e007f]"  # interlinear annotations and tags: invisible text
)


def _visible(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if code in (0x2028, 0x2029):
        return "\n"
    if 0xD800 <= code <= 0xDFFF or code < 0xA0:
        return _REPLACEMENT
    if code >= 0xE0000:
        return ""
    return f"⟨U+{code:04X}⟩"


def sanitize(text: str) -> str:
    r"""Return `text` with nothing in it that a terminal would obey.

    Tab and newline stay; `\r\n` and a lone `\r` become a newline. C0 controls and DEL become their
    visible pictures (U+2400…), C1 controls and lone surrogates U+FFFD, bidirectional controls their
    code points in words (Unicode TR 36, section 2.1), tag characters nothing. Idempotent.
    """
    if text.isascii() and text.isprintable():
        return text
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub(_visible, text)


def sanitize_line(text: str, limit: int = 500) -> str:
    """Return `text` sanitised and on one line, at most `limit` characters long.

    For titles, names and messages: white space is folded, and what is too long ends in an ellipsis.
    """
    line = " ".join(sanitize(text[: limit * 4]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
