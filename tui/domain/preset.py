"""Presets: a system prompt and parameters under a name."""

import re
from dataclasses import dataclass, field
from typing import Final

from tui.domain.errors import BadRequest
from tui.domain.setup import Setup
from tui.domain.text import sanitize_line

_NAME: Final = re.compile(r"[\w][\w .()+-]{0,59}")
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Preset:
    """A named way to begin a conversation: a persona."""

    name: str
    setup: Setup = field(default_factory=Setup)
    model: str = ""
    """The model that answers; empty keeps the one that is chosen."""


def check_preset_name(text: str) -> str:
    """Return a name that a preset, and its file, can have.

    Raises:
        BadRequest: it cannot be one.
    """
    name = " ".join(text.split())
    if not name:
        raise BadRequest("The preset needs a name.")
    if not _NAME.fullmatch(name) or name.endswith(".") or _RESERVED.fullmatch(name):
        raise BadRequest(
            f"“{sanitize_line(text, 60)}” cannot be a name.",
            "Letters, digits, spaces and - _ . + ( ) will do, at most 60.",
        )
    return name


def find_preset_name(wanted: str, names: tuple[str, ...]) -> str:
    """Return the name that `wanted` is, without regard to case, or is the only beginning of.

    Raises:
        BadRequest: there is none, or more than one.
    """
    folded = " ".join(wanted.split()).casefold()
    same = [name for name in names if name.casefold() == folded]
    near = same or [name for name in names if folded and name.casefold().startswith(folded)]
    if len(near) == 1:
        return near[0]
    shown = sanitize_line(wanted, 60)
    if near:
        raise BadRequest(f"“{shown}” begins the names of several presets: {', '.join(near[:5])}.")
    known = f"There are: {', '.join(names[:8])}." if names else "There are no presets yet."
    raise BadRequest(f"There is no preset “{shown}”.", known)
