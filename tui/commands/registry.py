"""The table of every command: bindings, footer, palette, help and the key documentation come from it."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """The class that owns a command's action."""

    APP = "app"
    CHAT = "chat"
    TRANSCRIPT = "transcript"
    PROMPT = "prompt"
    SIDEBAR = "sidebar"


class Group(StrEnum):
    """Under which heading the help screen lists a command."""

    GENERAL = "General"
    CONVERSATION = "Conversation"
    ANSWER = "Answer"
    TRANSCRIPT = "Transcript"
    INPUT = "Input"
    SIDEBAR = "Side panel"


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


COMMANDS: tuple[Command, ...] = (
    Command(
        "conversation.new",
        "New",
        "Begin a new conversation.",
        Scope.CHAT,
        "new_conversation",
        "ctrl+n",
        Group.CONVERSATION,
        footer=True,
    ),
    Command(
        "model.choose",
        "Model",
        "Choose the model that answers in this conversation.",
        Scope.CHAT,
        "choose_model",
        "ctrl+l",
        Group.CONVERSATION,
        footer=True,
    ),
    Command(
        "conversation.previous",
        "Previous conversation",
        "Open the conversation above in the side panel.",
        Scope.CHAT,
        "step_conversation(-1)",
        "alt+up",
        Group.CONVERSATION,
    ),
    Command(
        "conversation.next",
        "Next conversation",
        "Open the conversation below in the side panel.",
        Scope.CHAT,
        "step_conversation(1)",
        "alt+down",
        Group.CONVERSATION,
    ),
    Command(
        "find.open",
        "Find",
        "Find words in this conversation.",
        Scope.CHAT,
        "find",
        "ctrl+f",
        Group.CONVERSATION,
        footer=True,
    ),
    Command(
        "sidebar.toggle",
        "Panel",
        "Show or hide the side panel of saved conversations.",
        Scope.CHAT,
        "toggle_sidebar",
        "ctrl+b",
        Group.GENERAL,
        footer=True,
    ),
    Command(
        "answer.stop",
        "Stop",
        "Stop the answer that is being written and keep what has arrived; otherwise return to the input.",
        Scope.CHAT,
        "stop_or_return",
        "escape",
        Group.ANSWER,
        palette=False,
    ),
    Command(
        "answer.regenerate",
        "Regenerate",
        "Ask for the last answer again; the one that is there stays as a branch.",
        Scope.CHAT,
        "regenerate",
        "ctrl+r",
        Group.ANSWER,
    ),
    Command(
        "transcript.page_up",
        "Page up",
        "Scroll the transcript up by a page, from anywhere.",
        Scope.CHAT,
        "page_transcript(-1)",
        "pageup",
        Group.TRANSCRIPT,
        palette=False,
    ),
    Command(
        "transcript.page_down",
        "Page down",
        "Scroll the transcript down by a page, from anywhere.",
        Scope.CHAT,
        "page_transcript(1)",
        "pagedown",
        Group.TRANSCRIPT,
        palette=False,
    ),
    Command(
        "app.palette",
        "Commands",
        "Search every command.",
        Scope.APP,
        "command_palette",
        "ctrl+p",
        Group.GENERAL,
        footer=True,
        palette=False,
        priority=True,
    ),
    Command(
        "app.help",
        "Help",
        "Show every key that works here.",
        Scope.APP,
        "help",
        "f1",
        Group.GENERAL,
        footer=True,
    ),
    Command("app.theme", "Theme", "Choose the colours.", Scope.APP, "change_theme", "", Group.GENERAL),
    Command(
        "app.quit",
        "Quit",
        "Leave; asks first while answers are being written.",
        Scope.APP,
        "quit",
        "ctrl+q",
        Group.GENERAL,
        priority=True,
    ),
    Command(
        "prompt.send",
        "Send",
        "Send the message; while an answer is being written it waits its turn.",
        Scope.PROMPT,
        "send",
        "enter",
        Group.INPUT,
        palette=False,
        priority=True,
    ),
    Command(
        "prompt.newline",
        "New line",
        "Break the line. Ctrl+J works in every terminal.",
        Scope.PROMPT,
        "newline",
        "ctrl+j,shift+enter,alt+enter",
        Group.INPUT,
        palette=False,
        priority=True,
    ),
    Command(
        "transcript.message_up",
        "Message up",
        "Go to the message above.",
        Scope.TRANSCRIPT,
        "move_cursor(-1)",
        "up,k",
        Group.TRANSCRIPT,
        palette=False,
    ),
    Command(
        "transcript.message_down",
        "Message down",
        "Go to the message below.",
        Scope.TRANSCRIPT,
        "move_cursor(1)",
        "down,j",
        Group.TRANSCRIPT,
        palette=False,
    ),
    Command(
        "transcript.first",
        "First message",
        "Go to the first message.",
        Scope.TRANSCRIPT,
        "first_message",
        "g,home",
        Group.TRANSCRIPT,
        palette=False,
    ),
    Command(
        "transcript.last",
        "Last message",
        "Go to the last message and follow the answer.",
        Scope.TRANSCRIPT,
        "last_message",
        "G,end",
        Group.TRANSCRIPT,
        palette=False,
    ),
    Command(
        "message.fold",
        "Unfold thinking",
        "Show or hide the thinking of the message under the cursor.",
        Scope.TRANSCRIPT,
        "toggle_fold",
        "enter,space",
        Group.TRANSCRIPT,
        palette=False,
    ),
    Command(
        "message.copy",
        "Copy message",
        "Copy the Markdown of the message under the cursor.",
        Scope.TRANSCRIPT,
        "copy_message",
        "c",
        Group.TRANSCRIPT,
    ),
    Command(
        "message.copy_code",
        "Copy code",
        "Copy a code block of the message under the cursor.",
        Scope.TRANSCRIPT,
        "copy_code",
        "y",
        Group.TRANSCRIPT,
    ),
    Command(
        "message.retry",
        "Retry",
        "Ask again for the answer under the cursor; the one that is there stays as a branch.",
        Scope.TRANSCRIPT,
        "retry",
        "r",
        Group.TRANSCRIPT,
        palette=False,
    ),
    Command(
        "message.continue",
        "Continue",
        "Let the model go on where a stopped or interrupted answer ended.",
        Scope.TRANSCRIPT,
        "continue_answer",
        "C",
        Group.TRANSCRIPT,
        palette=False,
    ),
    Command(
        "message.previous_branch",
        "Previous branch",
        "Show the branch before the one under the cursor.",
        Scope.TRANSCRIPT,
        "step_branch(-1)",
        "left",
        Group.TRANSCRIPT,
        palette=False,
    ),
    Command(
        "message.next_branch",
        "Next branch",
        "Show the branch after the one under the cursor.",
        Scope.TRANSCRIPT,
        "step_branch(1)",
        "right",
        Group.TRANSCRIPT,
        palette=False,
    ),
    Command(
        "transcript.find",
        "Find in transcript",
        "Find words in this conversation.",
        Scope.TRANSCRIPT,
        "find",
        "slash",
        Group.TRANSCRIPT,
        palette=False,
    ),
    Command(
        "code.wrap",
        "Wrap code",
        "Wrap the long lines of code, or scroll them.",
        Scope.TRANSCRIPT,
        "toggle_code_wrap",
        "w",
        Group.TRANSCRIPT,
    ),
    Command(
        "sidebar.open",
        "Open",
        "Open the conversation under the cursor.",
        Scope.SIDEBAR,
        "open",
        "enter",
        Group.SIDEBAR,
        palette=False,
    ),
)
"""Every command there is."""


def commands_of(scope: Scope) -> tuple[Command, ...]:
    """Return the commands whose actions `scope`'s class owns."""
    return tuple(command for command in COMMANDS if command.scope is scope)
