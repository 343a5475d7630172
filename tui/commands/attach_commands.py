"""The commands that attach files, and the one that has the message written elsewhere."""

from tui.commands.command import Command, Group, Scope

ATTACH_COMMANDS: tuple[Command, ...] = (
    Command(
        "attach.open",
        "Attach",
        "Choose pictures, texts or PDF files to send along.",
        Scope.CHAT,
        "attach",
        "ctrl+o",
        Group.INPUT,
        footer=True,
        slash="/attach [FILE]",
    ),
    Command(
        "attach.clipboard",
        "Attach from clipboard",
        "Attach the picture that is on the clipboard, or the files that were copied.",
        Scope.CHAT,
        "attach_clipboard",
        "",
        Group.INPUT,
        slash="/clipboard",
    ),
    Command(
        "prompt.editor",
        "Write in $EDITOR",
        "Write the message in your own editor; answers go on meanwhile.",
        Scope.CHAT,
        "edit_outside",
        "f3",
        Group.INPUT,
        slash="/editor",
    ),
)
