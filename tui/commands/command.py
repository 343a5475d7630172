"""What a command is: its name, its words, its keys and the class that carries it out."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """The class that owns a command's action."""

    APP = "app"
    CHAT = "chat"
    TRANSCRIPT = "transcript"
    PROMPT = "prompt"
    SIDEBAR = "sidebar"
    MODELS = "models"
    LIBRARY = "library"
    DIALOG = "dialog"
    HELP = "help"
    SEARCH = "search"
    TRASH = "trash"
    ATTACHMENTS = "attachments"
    IMAGE = "image"
    PICKER = "picker"
    SETTINGS = "settings"
    PRESETS = "presets"
    SUMMARY = "summary"
    COMPLETION = "completion"


class Group(StrEnum):
    """Under which heading the help screen lists a command."""

    GENERAL = "General"
    CONVERSATION = "Conversation"
    ANSWER = "Answer"
    TRANSCRIPT = "Transcript"
    INPUT = "Input"
    SIDEBAR = "Side panel"
    MODELS = "Model list"
    LIBRARY = "Model manager"
    SEARCH = "Search and trash"
    IMAGE = "Image"
    PICKER = "File picker"
    SETTINGS = "Settings and presets"
    DIALOG = "Dialogs"


@dataclass(frozen=True, slots=True)
class Command:
    """Something a person can do."""

    id: str
    """Stable: what a keymap in the settings names, for example `conversation.new`."""
    title: str
    """Footer and palette, in as few words as will do."""
    help: str
    """One sentence: tooltip, help screen, palette and documentation."""
    scope: Scope
    action: str
    """`new_conversation` is `action_new_conversation` of the scope's class; may carry arguments."""
    keys: str = ""
    """Default keys, comma separated, in Textual's names."""
    group: Group = Group.GENERAL
    footer: bool = False
    palette: bool = True
    """Offered by the command palette."""
    priority: bool = False
    """Works whatever has the focus, before the focused widget sees the key."""
    slash: str = ""
    """What is typed into the input for it, and what follows: `/new`, `/rename TITLE`, `/model [NAME]`.

    An argument goes to the action as one more parameter, a string.
    """
