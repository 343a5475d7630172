"""The command line: what was typed, as settings and as what to do first."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tui import __version__
from tui.commandline import Parser, Task, add_attach, divided, parser_of, split, task_from

_SETTINGS = {
    "host": "server.host",
    "gguf": "engine.gguf",
    "theme": "interface.theme",
    "images": "interface.images",
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
    preset: str = ""
    """The preset of that conversation; empty takes the usual one."""
    continue_latest: bool = False
    """Open the conversation that was last written in."""
    resume: str = ""
    """Open the conversation with this id, or the beginning of one."""
    attach: tuple[Path, ...] = ()
    """Files to attach."""
    config: Path | None = None
    """The settings file that was named."""
    settings: tuple[tuple[str, str], ...] = ()
    """Settings that were typed: `section.key` and text."""
    task: Task | None = None
    """What to do without a full screen; None opens one."""


_VALUED = frozenset(
    [
        "-m",
        "--model",
        "--system",
        "--preset",
        "-r",
        "--resume",
        "--host",
        "--gguf",
        "--data-dir",
        "--config",
        "--theme",
        "--attach",
        "--images",
    ]
)
"""Options that take the word that follows them."""


def _parser() -> Parser:
    parser = Parser(
        prog="ollama-tui",
        usage="ollama-tui [OPTION ...] [PROMPT]",
        description="Talk to a local language model.",
        epilog="Without a full screen: ollama-tui ask | list | search | export | import (each has --help;"
        " after -- they are prompts). Keys: F1 lists them all.",
    )
    parser.add_argument("prompt", nargs="?", default="", metavar="PROMPT", help="begin with this message")
    parser.add_argument("-m", "--model", default="", metavar="NAME", help="model of the new conversation")
    parser.add_argument("--system", default="", metavar="TEXT", help="system prompt of the new conversation")
    parser.add_argument("--preset", default="", metavar="NAME", help="preset of the new conversation")
    opened = parser.add_mutually_exclusive_group()
    opened.add_argument(
        "-c", "--continue", action="store_true", dest="continue_latest", help="open the latest conversation"
    )
    opened.add_argument("-r", "--resume", default="", metavar="ID", help="open the conversation with this id")
    add_attach(parser)
    _add_common(parser)
    parser.add_argument("--theme", metavar="NAME", help="colours, for example calm-light")
    parser.add_argument("--images", metavar="HOW", help="pictures: auto, kitty, sixel, halfcell or off")
    parser.add_argument("--version", action="version", version=f"ollama-tui {__version__}")
    return parser


def _add_common(parser: Parser) -> None:
    parser.add_argument(
        "--host", metavar="ADDRESS", help="Ollama server, or its name (default: $OLLAMA_HOST)"
    )
    parser.add_argument("--gguf", metavar="FILE", help="model file for the embedded engine")
    parser.add_argument("--data-dir", metavar="DIR", help="where conversations are kept ($OLLAMA_TUI_DATA)")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file")


def parse(arguments: list[str]) -> Invocation:
    """Return what `arguments` ask for; leaves with a line on stderr and status 2 where they make no sense."""
    command, rest = split(arguments, _VALUED)
    if command:
        parser = parser_of(command, _add_common)
        parsed = parser.parse_args(rest)
        task = task_from(command, parsed, parser)
        return Invocation(config=parsed.config, settings=_typed(parsed), task=task)
    parsed = _parser().parse_args(arguments)
    prompt, files = divided(parsed.prompt, parsed.attach)
    return Invocation(
        prompt=prompt,
        attach=files,
        model=parsed.model,
        system=parsed.system,
        preset=parsed.preset,
        continue_latest=parsed.continue_latest,
        resume=parsed.resume,
        config=parsed.config,
        settings=_typed(parsed),
    )


def _typed(parsed: argparse.Namespace) -> tuple[tuple[str, str], ...]:
    found = ((key, getattr(parsed, name, None)) for name, key in _SETTINGS.items())
    return tuple((key, value) for key, value in found if value is not None)


def fail(message: str) -> NoReturn:
    """Leave with one line on stderr and exit status 2."""
    sys.stderr.write(f"ollama-tui: {' '.join(message.split())}\n")
    raise SystemExit(2)
