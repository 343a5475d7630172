"""Commands that are typed into the input: `/model llama3.2`."""

from collections.abc import Iterable, Sequence

from tui.commands.command import Command
from tui.commands.registry import COMMANDS

SLASH_COMMANDS: tuple[Command, ...] = tuple(command for command in COMMANDS if command.slash)
"""Every command that can be typed, what is wanted most first."""


def slash_name(command: Command) -> str:
    """Return what is typed for a command: `/model`."""
    return command.slash.partition(" ")[0]


def argument_name(command: Command) -> str:
    """Return what follows it, for people: `NAME`, `[NAME]` where it may be left out, or nothing."""
    return command.slash.partition(" ")[2]


def needs_argument(command: Command) -> bool:
    """Tell whether a command does nothing by its name alone."""
    argument = argument_name(command)
    return bool(argument) and not argument.startswith("[")


def parse(text: str, commands: Iterable[Command] = SLASH_COMMANDS) -> tuple[Command, str] | None:
    """Return the command that `text` is, and its argument; None where it is a message.

    A text is a command only whole: a path, an unknown name, and words after a command that takes none are
    messages. So are several lines, but for a command whose argument is a `TEXT`.
    """
    if not text.startswith("/"):
        return None
    name, *rest = text.split(maxsplit=1)
    found = next((each for each in commands if slash_name(each) == name.casefold()), None)
    argument = rest[0].strip() if rest else ""
    if found is None or (argument and not argument_name(found)):
        return None
    if "\n" in text.strip() and "TEXT" not in argument_name(found):
        return None
    return found, argument


def matching_commands(typed: str, commands: Iterable[Command]) -> tuple[Command, ...]:
    """Return the commands that `typed` may become, the best first.

    Args:
        typed: `/` and what follows it, without white space.
        commands: What there is to choose from.
    """
    wanted = typed.removeprefix("/").casefold()

    def rank(command: Command) -> int:
        name = slash_name(command)[1:]
        if name.startswith(wanted):
            return 0 if name == wanted else 1
        if len(wanted) > 1 and wanted in name:
            return 2
        words = command.title.casefold().split()
        return 3 if any(word.startswith(wanted) for word in words) else 4

    ranked = [(rank(command), command) for command in commands]
    return tuple(command for place, command in sorted(ranked, key=lambda each: each[0]) if place < 4)


def matching_choices(typed: str, choices: Sequence[str]) -> tuple[str, ...]:
    """Return the choices that `typed` may become, the best first; letters may lie apart."""
    wanted = "".join(typed.casefold().split())

    def rank(choice: str) -> int:
        name = choice.casefold()
        if name.startswith(wanted):
            return 0
        if wanted in name:
            return 1
        rest = iter(name)
        return 2 if all(letter in rest for letter in wanted) else 3

    ranked = [(rank(choice), choice) for choice in choices]
    return tuple(choice for place, choice in sorted(ranked, key=lambda each: each[0]) if place < 3)
