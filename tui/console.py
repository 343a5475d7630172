"""Standard output and standard error, for subcommands."""

import sys
from typing import Final

from tui.domain.text import sanitize, sanitize_line

SUCCEEDED: Final = 0
FAILED: Final = 1
INTERRUPTED: Final = 130
"""After Ctrl+C, as shells have it."""
BROKEN_PIPE: Final = 141
"""Nobody reads the output any more."""


def say(message: str, hint: str = "") -> None:
    """Write a line for people to standard error."""
    line = sanitize_line(f"{message} {hint}" if hint else message, 2000)
    sys.stderr.write(f"ollama-tui: {line}\n")


def write(text: str) -> None:
    """Write text to standard output; where that is a terminal, without anything it would obey."""
    sys.stdout.write(sanitize(text) if sys.stdout.isatty() else text.encode("utf-8", "replace").decode())
