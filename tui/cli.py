"""The command line: what was typed, as settings and as what to do first."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tui import __version__

_SETTINGS = {
    "host": "server.host",
    "gguf": "engine.gguf",
    "theme": "interface.theme",
    "data_dir": "data_dir",
}


@dataclass(frozen=True, slots=True)
class Invocation:
    """What the user asked for on the command line."""

    prompt: str = ""
    """The first message of a new conversation; empty opens one without sending."""
    model: str = ""
    """The model of that conversation; empty takes the usual one."""
    system: str = ""
    """The system prompt of that conversation; empty takes the usual one."""
    continue_latest: bool = False
    """Open the conversation that was last written in."""
    resume: str = ""
    """Open the conversation with this id, or the beginning of one."""
    config: Path | None = None
    """The settings file that was named."""
    settings: tuple[tuple[str, str], ...] = ()
    """Settings that were typed: `section.key` and text."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Say what was wrong and leave with status 2."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="ollama-tui",
        description="Talk to a local language model.",
        epilog="Keys are shown at the bottom of the screen; F1 lists them all.",
        allow_abbrev=False,
    )
    parser.add_argument("prompt", nargs="?", default="", metavar="PROMPT", help="begin with this message")
    parser.add_argument("-m", "--model", default="", metavar="NAME", help="model of the new conversation")
    parser.add_argument("--system", default="", metavar="TEXT", help="system prompt of the new conversation")
    opened = parser.add_mutually_exclusive_group()
    opened.add_argument(
        "-c", "--continue", action="store_true", dest="continue_latest", help="open the latest conversation"
    )
    opened.add_argument("-r", "--resume", default="", metavar="ID", help="open the conversation with this id")
    parser.add_argument(
        "--host", metavar="ADDRESS", help="Ollama server, or the name of one (default: $OLLAMA_HOST)"
    )
    parser.add_argument("--gguf", metavar="FILE", help="model file for the embedded engine")
    parser.add_argument("--data-dir", metavar="DIR", help="where conversations are kept ($OLLAMA_TUI_DATA)")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file")
    parser.add_argument("--theme", metavar="NAME", help="colours, for example calm-light")
    parser.add_argument("--version", action="version", version=f"ollama-tui {__version__}")
    return parser


def parse(arguments: list[str]) -> Invocation:
    """Return what `arguments` ask for; leaves with a line on stderr and status 2 where they make no sense."""
    parsed = _parser().parse_args(arguments)
    typed = tuple(
        (key, value) for name, key in _SETTINGS.items() if (value := getattr(parsed, name)) is not None
    )
    return Invocation(
        prompt=parsed.prompt,
        model=parsed.model,
        system=parsed.system,
        continue_latest=parsed.continue_latest,
        resume=parsed.resume,
        config=parsed.config,
        settings=typed,
    )


def fail(message: str) -> NoReturn:
    """Leave with one line on stderr and exit status 2."""
    sys.stderr.write(f"ollama-tui: {' '.join(message.split())}\n")
    raise SystemExit(2)
