"""The subcommands: what was typed, as something to be done without a full screen."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from tui.domain.attachment import split_span

COMMANDS: Final = ("ask", "list", "search", "export", "import")
"""Words that are a subcommand where they come first; `ollama-tui -- list` sends the word instead."""

FORMATS: Final = ("markdown", "json", "html")
PROGRAMS: Final = ("oterm", "elia", "parllama")


@dataclass(frozen=True, slots=True)
class Ask:
    """Answer on standard output."""

    prompt: str
    model: str = ""
    system: str = ""
    preset: str = ""
    save: bool = True
    continue_latest: bool = False
    resume: str = ""
    attach: tuple[Path, ...] = ()
    """Files that go along."""


@dataclass(frozen=True, slots=True)
class List:
    """List saved conversations."""

    limit: int
    json: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """Find messages."""

    query: str
    limit: int
    json: bool = False


@dataclass(frozen=True, slots=True)
class Export:
    """Write conversations."""

    ids: tuple[str, ...]
    format: str
    output: Path | None = None
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Import:
    """Take conversations in."""

    files: tuple[Path, ...]
    program: str = ""
    json: bool = False


Task = Ask | List | Search | Export | Import
"""What a subcommand asks for."""


class _Help(argparse.HelpFormatter):
    """Help with an option and what it does on one line."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and whose help fits a screen."""

    def __init__(self, *, prog: str, description: str, epilog: str = "", usage: str | None = None) -> None:
        """Make a parser.

        Args:
            prog: The command.
            description: What it does.
            epilog: What else there is.
            usage: How it is used; None lists every option.
        """
        super().__init__(
            prog=prog,
            usage=usage,
            description=description,
            epilog=epilog,
            formatter_class=_Help,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        """Say what was wrong and leave with status 2."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def split(arguments: list[str], valued: frozenset[str]) -> tuple[str, list[str]]:
    """Return the subcommand in `arguments`, and the rest; empty where there is none.

    Args:
        arguments: What was typed.
        valued: Options before which a word that follows is no subcommand, but their value.
    """
    place = 0
    while place < len(arguments):
        word = arguments[place]
        if not word.startswith("-"):
            known = word in COMMANDS
            return (word, arguments[:place] + arguments[place + 1 :]) if known else ("", arguments)
        if word == "--":
            break
        place += 2 if word in valued else 1
    return "", arguments


def parser_of(command: str, add_common: Callable[[Parser], None]) -> Parser:
    """Return the parser of a subcommand."""
    parser = Parser(prog=f"ollama-tui {command}", description=_ABOUT[command], usage=_USAGE.get(command))
    _ARGUMENTS[command](parser)
    add_common(parser)
    return parser


def task_from(command: str, parsed: argparse.Namespace, parser: Parser) -> Task:
    """Return what a subcommand asks for."""
    return _TASKS[command](parsed, parser)


_USAGE: Final = {"ask": "ollama-tui ask [OPTION ...] [PROMPT ...]"}

_ABOUT: Final = {
    "ask": "Answer on standard output. What comes on standard input is sent along under its name.",
    "list": "List saved conversations, the last written in first.",
    "search": "Find the messages that contain all of the words, the best first.",
    "export": "Write conversations: JSON has everything in it, Markdown and HTML are for reading.",
    "import": "Take in what ollama-tui, ChatGPT or Open WebUI exported, or what another program keeps."
    " What is there already is left alone.",
}


def add_attach(parser: Parser) -> None:
    """Let a parser take files that go along."""
    parser.add_argument(
        "--attach",
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="send files along, or a.md:10-20: some lines",
    )


def divided(prompt: str, words: list[str]) -> tuple[str, tuple[Path, ...]]:
    """Return the prompt, and the files after `--attach`.

    Where there is no prompt before it, the last word is one if no file is called that and it cannot be
    meant for one: `ollama-tui --attach a.png "What is this?"`.
    """
    if words and not prompt:
        *others, last = words
        is_meant = (bool(others) or len(last.split()) > 1) and not Path(split_span(last)[0]).exists()
        if is_meant:
            return last, tuple(map(Path, others))
    return prompt, tuple(map(Path, words))


def _ask_arguments(parser: Parser) -> None:
    parser.add_argument("prompt", nargs="*", metavar="PROMPT", help="the question")
    parser.add_argument("-m", "--model", default="", metavar="NAME", help="model that answers")
    parser.add_argument("--system", default="", metavar="TEXT", help="system prompt of a new conversation")
    parser.add_argument("--preset", default="", metavar="NAME", help="preset of a new conversation")
    add_attach(parser)
    opened = parser.add_mutually_exclusive_group()
    opened.add_argument(
        "-c", "--continue", action="store_true", dest="latest", help="go on with the latest one"
    )
    opened.add_argument("-r", "--resume", default="", metavar="ID", help="go on with this conversation")
    opened.add_argument("--no-save", action="store_true", help="do not keep the conversation")


def _ask(parsed: argparse.Namespace, _: Parser) -> Task:
    prompt, files = divided(" ".join(parsed.prompt), parsed.attach)
    return Ask(
        prompt,
        parsed.model,
        parsed.system,
        parsed.preset,
        not parsed.no_save,
        parsed.latest,
        parsed.resume,
        files,
    )


def _list_arguments(parser: Parser) -> None:
    parser.add_argument("-n", "--limit", type=_positive, default=50, metavar="N", help="at most so many (50)")
    _add_json(parser)


def _list(parsed: argparse.Namespace, _: Parser) -> Task:
    return List(parsed.limit, parsed.json)


def _search_arguments(parser: Parser) -> None:
    parser.add_argument("query", nargs="+", metavar="WORD", help="what to find")
    parser.add_argument("-n", "--limit", type=_positive, default=20, metavar="N", help="at most so many (20)")
    _add_json(parser)


def _search(parsed: argparse.Namespace, _: Parser) -> Task:
    return Search(" ".join(parsed.query), parsed.limit, parsed.json)


def _export_arguments(parser: Parser) -> None:
    parser.add_argument("ids", nargs="*", metavar="ID", help="conversations, by id or the beginning of one")
    parser.add_argument("-a", "--all", action="store_true", help="all of them")
    parser.add_argument("-f", "--format", choices=FORMATS, help="by the output's name, otherwise markdown")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE|DIR",
        help="file, or folder for a file each (standard output)",
    )
    parser.add_argument("--force", action="store_true", help="overwrite files that exist")


def _export(parsed: argparse.Namespace, parser: Parser) -> Task:
    if bool(parsed.ids) == parsed.all:
        parser.error("name conversations or say --all")
    suffixes = {".json": "json", ".html": "html", ".htm": "html"}
    guessed = suffixes.get(parsed.output.suffix.lower(), "markdown") if parsed.output else "markdown"
    return Export(tuple(parsed.ids), parsed.format or guessed, parsed.output, parsed.force)


def _import_arguments(parser: Parser) -> None:
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="JSON, ZIP or database")
    parser.add_argument(
        "--from", choices=PROGRAMS, default="", dest="program", help="the store of this program"
    )
    _add_json(parser)


def _import(parsed: argparse.Namespace, parser: Parser) -> Task:
    if not parsed.files and not parsed.program:
        parser.error("name files or say --from")
    return Import(tuple(parsed.files), parsed.program, parsed.json)


def _add_json(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


_ARGUMENTS: Final[dict[str, Callable[[Parser], None]]] = {
    "ask": _ask_arguments,
    "list": _list_arguments,
    "search": _search_arguments,
    "export": _export_arguments,
    "import": _import_arguments,
}
_TASKS: Final[dict[str, Callable[[argparse.Namespace, Parser], Task]]] = {
    "ask": _ask,
    "list": _list,
    "search": _search,
    "export": _export,
    "import": _import,
}
