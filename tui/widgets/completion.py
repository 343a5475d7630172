"""What the words before the cursor may become: commands after `/`, files after `@`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from tui.commands.command import Command
from tui.commands.slash import (
    argument_name,
    matching_choices,
    matching_commands,
    needs_argument,
    parse,
    slash_name,
)
from tui.domain.attachment import split_span
from tui.domain.listing import Listing, PathEntry
from tui.domain.text import sanitize_line

_MOST: Final = 200
"""Entries that a menu has at most."""

_LONGEST: Final = 1_000
"""Characters before the cursor in which a path may begin."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One entry of the menu."""

    label: str
    """What it is; safe to be drawn."""
    note: str = ""
    """What it does."""
    key: str = ""
    """The key that does it as well."""
    text: str = ""
    """What is written instead of the word when it is completed."""
    command: Command | None = None
    """What is run when it is chosen; None for nothing."""
    argument: str = ""
    file: str = ""
    """The path that is attached when it is chosen, as it was typed; empty for none."""


class CompletionSource(Protocol):
    """What knows what there is; the screen."""

    def slash_commands(self) -> Sequence[tuple[Command, str]]:
        """Return the commands that can be run now, each with its key for people."""

    def slash_choices(self, command: Command) -> Sequence[str]:
        """Return what may follow a command; nothing where that is free."""

    async def paths(self, folder: str, typed: str) -> Listing:
        """Return what a folder has, for a name that begins as typed."""

    @property
    def takes_files(self) -> bool:
        """Whether a file can be attached."""


@dataclass(frozen=True, slots=True)
class PathWord:
    """A path that is being typed after `@`, or after a command that takes a file."""

    start: int
    """The column of the `@`, or of the path."""
    folder: str
    """Up to and with the last slash; empty for the working directory."""
    name: str
    """What follows it."""
    mark: str = "@"
    """What stands before the path; empty after a command."""


def path_argument(text: str, offered: Sequence[tuple[Command, str]]) -> PathWord | None:
    """Return the path that is being typed after a command that takes a file."""
    name, space, rest = text.partition(" ")
    takes_file = any(
        slash_name(command) == name and "FILE" in argument_name(command) for command, _ in offered
    )
    if not space or not takes_file:
        return None
    folder, slash, last = rest.rpartition("/")
    return PathWord(len(name) + 1, folder + slash, last, "")


def path_word(line: str, column: int) -> PathWord | None:
    """Return the path whose last character is before `column`, if an `@` begins it."""
    if "@" not in line:
        return None
    before = line[max(0, column - _LONGEST) : column]
    start = max(before.rfind(" "), before.rfind("\t")) + 1
    word = before[start:]
    if not word.startswith("@"):
        return None
    cut = column - len(word)
    folder, slash, name = word[1:].rpartition("/")
    if not slash and name == "~":
        return PathWord(cut, "~/", "")
    return PathWord(cut, folder + slash, name)


def suggest_paths(word: PathWord, listing: Listing) -> list[Suggestion]:
    """Return the files and folders that a word may become: folders first, then what only contains it.

    Lines that stand behind a file's name (`notes.md:10-20`) stay there.
    """
    name, span = split_span(word.name)
    wanted = name.casefold()
    hidden = wanted.startswith(".")

    def rank(entry: PathEntry) -> int:
        name = entry.name.casefold()
        if name.startswith(".") and not hidden:
            return 9
        if name.startswith(wanted):
            return 0 if entry.is_folder else 1
        return 2 if wanted and wanted in name else 9

    ranked = sorted(((rank(each), each) for each in listing.entries), key=lambda each: each[0])
    part = f":{span}" if span is not None else ""
    return [_path(word, entry, part) for place, entry in ranked if place < 9][:_MOST]


def _path(word: PathWord, entry: PathEntry, part: str) -> Suggestion:
    path = word.folder + entry.name + ("" if entry.is_folder else part)
    shown = sanitize_line(entry.name, 200) + ("" if entry.is_folder else part)
    if entry.is_folder:
        return Suggestion(shown + "/", "folder", text=f"{word.mark}{path}/")
    return Suggestion(shown, "", text=f"{word.mark}{path}", file=path)


def suggest_commands(
    text: str, offered: Sequence[tuple[Command, str]], choices_of: Callable[[Command], Sequence[str]]
) -> list[Suggestion]:
    """Return the commands, or the arguments of one, that a text beginning with `/` may become.

    Args:
        text: What is in the input.
        offered: What `CompletionSource.slash_commands` says.
        choices_of: What `CompletionSource.slash_choices` says.
    """
    keys = {command.id: key for command, key in offered}
    commands = [command for command, _ in offered]
    name, space, rest = text.partition(" ")
    if not space:
        found = matching_commands(name, commands)
        return [_command(command, keys[command.id]) for command in found] or _not_now(text)
    parsed = parse(text, commands)
    if parsed is None:
        return _not_now(text)
    command, argument = parsed
    if choices := matching_choices(rest, choices_of(command)):
        return [
            Suggestion(
                sanitize_line(choice, 200),
                text=f"{name} {choice}",
                command=command,
                argument=choice,
            )
            for choice in choices[:_MOST]
        ]
    return [_command(command, keys[command.id], argument, text)]


def _not_now(text: str) -> list[Suggestion]:
    """Return what is said of a command that cannot be run now: it must not become a message by accident."""
    known = parse(text)
    if known is None:
        return []
    return [Suggestion(slash_name(known[0]), "This cannot be done now.", text=text)]


def _command(command: Command, key: str, argument: str = "", text: str = "") -> Suggestion:
    name, rest = slash_name(command), argument_name(command)
    runs = argument or not needs_argument(command)
    return Suggestion(
        f"{name} {rest}".strip(),
        command.help,
        key,
        text or (f"{name} " if rest else name),
        command if runs else None,
        argument,
    )
