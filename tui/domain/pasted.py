"""Pastes that are made of nothing but paths: what a terminal pastes for files that are dropped on it."""

import re
import shlex
from typing import Final
from urllib.parse import unquote, urlsplit

LONGEST: Final = 65_536
"""Characters of a paste that may be paths."""

MOST_FILES: Final = 200
"""Paths in a paste, at most."""

_HEAD: Final = 500
"""Characters of a paste that tell what it may be."""

_DATA: Final = re.compile(r"data:[\w.+-]+/[\w.+-]+(?:;[\w.+=-]+)*,", re.ASCII)

_BEGINS: Final = ("/", "~/", "./", "../")


def is_data(text: str) -> bool:
    """Tell whether a text is a `data:` URI."""
    return text.startswith("data:") and _DATA.match(text) is not None


def may_name_files(text: str) -> bool:
    """Tell by how a text begins, at little cost, whether it is a `data:` URI or may be made of paths."""
    head = text[:_HEAD].lstrip()
    return is_data(head) or (len(text) <= LONGEST and head.lstrip("'\"").startswith((*_BEGINS, "file://")))


def named_files(text: str) -> tuple[tuple[str, ...], ...]:
    """Return the ways in which a text can be read as nothing but paths; none for any other text.

    A terminal pastes what is dropped on it as it is, quoted or escaped for a shell, or as `file:` URIs,
    one or several to a line. A relative path counts only where it says so: `./notes.md`.
    """
    text = text.strip()
    if not text or len(text) > LONGEST or "\0" in text:
        return ()
    ways: list[tuple[str, ...]] = []
    lines = tuple(line.strip() for line in text.splitlines() if line.strip())
    plain = tuple(_path(line) for line in lines)
    if all(plain):
        ways.append(plain)
    try:
        words = tuple(_path(word) for line in lines for word in shlex.split(line))
    except ValueError:
        words = ()
    if words and all(words) and words != plain:
        ways.append(words)
    return tuple(way for way in ways if len(way) <= MOST_FILES)


def _path(word: str) -> str:
    """Return the path that a word is, or an empty text."""
    if word.startswith("file://"):
        try:
            parts = urlsplit(word)
        except ValueError:
            return ""
        return unquote(parts.path) if parts.hostname in (None, "", "localhost") else ""
    return word if word.startswith(_BEGINS) else ""
