"""The commands of the file picker."""

from tui.commands.command import Command, Group, Scope


def _picker(id: str, title: str, help: str, action: str, keys: str, *, footer: bool = True) -> Command:
    return Command(id, title, help, Scope.PICKER, action, keys, Group.PICKER, footer=footer, palette=False)


PICKER_COMMANDS: tuple[Command, ...] = (
    _picker("picker.choose", "Attach", "Attach what is chosen, or open the folder.", "accept", "enter"),
    _picker("picker.toggle", "Choose", "Choose the file as well, or no longer.", "mark", "space"),
    _picker("picker.up", "Up", "Clear what was typed, or go to the folder above.", "up", "backspace"),
    _picker("picker.pictures", "Pictures", "Show only pictures, or all files.", "toggle_pictures", "f2"),
    _picker("picker.hidden", "Hidden", "Show hidden files, or no longer.", "toggle_hidden", "f3"),
    _picker(
        "picker.places",
        "Places",
        "Go to the list of places, or back.",
        "places",
        "tab,shift+tab",
    ),
    _picker("picker.close", "Close", "Clear what was typed, or attach nothing.", "close", "escape"),
)
"""The commands of the file picker."""
