"""The page of documentation about keys, made from the command table.

`python -m tui.commands.keydocs` writes it.
"""

from pathlib import Path

from tui.commands.command import Command, Group, Scope
from tui.commands.key_names import key_names
from tui.commands.registry import COMMANDS

KEYBINDINGS_FILE = Path("docs") / "keybindings.md"
"""Where the page is kept, from the root of the project."""

WHERE: dict[Scope, str] = {
    Scope.APP: "everywhere",
    Scope.CHAT: "on the chat screen",
    Scope.TRANSCRIPT: "in the transcript",
    Scope.PROMPT: "in the input",
    Scope.SIDEBAR: "in the side panel",
    Scope.MODELS: "in the model list",
    Scope.LIBRARY: "in the model manager",
    Scope.DIALOG: "in a dialog",
    Scope.HELP: "in the help",
    Scope.SEARCH: "in the search",
    Scope.TRASH: "in the trash",
    Scope.ATTACHMENTS: "on the attachments",
    Scope.IMAGE: "on an image",
    Scope.PICKER: "in the file picker",
    Scope.SETTINGS: "in the settings of a conversation",
    Scope.PRESETS: "in the list of presets",
    Scope.SUMMARY: "in the summary",
    Scope.COMPLETION: "in the menu of the input",
}
"""Where the keys of a scope work."""

_HEAD = """# Keys

<!-- Made by `python -m tui.commands.keydocs` from the command table; do not edit. -->

Every key can be rebound by the id of its command. F1 shows the keys that work where you are, as they are
bound for you. The input keeps every text-editing key of a terminal: Ctrl+A, Ctrl+E, Ctrl+K, Ctrl+U,
Ctrl+W, Ctrl+D, Ctrl+X, Ctrl+C, Ctrl+V, Ctrl+Z, Ctrl+Y and the arrows, with Ctrl and Shift.
"""


def keybindings_markdown() -> str:
    """Return the page: one table for each group of commands that have keys."""
    parts = [_HEAD]
    for group in Group:
        commands = [command for command in COMMANDS if command.group is group and command.keys]
        if commands:
            parts.append(_table(group, commands))
    return "\n".join(parts)


def _table(group: Group, commands: list[Command]) -> str:
    rows = [
        f"| {', '.join(key_names(command.keys))} | {command.help} | {WHERE[command.scope]} | `{command.id}` |"
        for command in commands
    ]
    return "\n".join([f"## {group}", "", "| key | does | where | id |", "|---|---|---|---|", *rows, ""])


def main() -> None:
    """Write the page."""
    KEYBINDINGS_FILE.parent.mkdir(exist_ok=True)
    KEYBINDINGS_FILE.write_text(keybindings_markdown(), encoding="utf-8")


if __name__ == "__main__":
    main()
