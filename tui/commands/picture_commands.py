"""The commands of the files above the input, and of the screen that shows one of them."""

from tui.commands.command import Command, Group, Scope


def _chips(id: str, title: str, help: str, action: str, keys: str) -> Command:
    return Command(id, title, help, Scope.ATTACHMENTS, action, keys, Group.INPUT, palette=False)


def _image(id: str, title: str, help: str, action: str, keys: str, *, footer: bool = False) -> Command:
    return Command(id, title, help, Scope.IMAGE, action, keys, Group.IMAGE, footer=footer, palette=False)


PICTURE_COMMANDS: tuple[Command, ...] = (
    Command(
        "message.open_image",
        "Open image",
        "Show an image or a file of the message under the cursor on the whole screen.",
        Scope.TRANSCRIPT,
        "open_image",
        "o",
        Group.TRANSCRIPT,
    ),
    _chips("attachments.previous", "Previous", "Go to the attachment before.", "step(-1)", "left"),
    _chips("attachments.next", "Next", "Go to the attachment after.", "step(1)", "right"),
    _chips("attachments.open", "Open", "Show the attachment on the whole screen.", "open", "enter"),
    _chips("attachments.remove", "Remove", "Do not send the attachment.", "remove", "backspace,delete"),
    _chips(
        "attachments.earlier", "Move left", "Send the attachment earlier.", "move(-1)", "alt+left,shift+left"
    ),
    _chips(
        "attachments.later", "Move right", "Send the attachment later.", "move(1)", "alt+right,shift+right"
    ),
    _chips("attachments.leave", "Back", "Go back to the input.", "leave", "down,escape"),
    _image("image.close", "Close", "Go back.", "close", "escape,q", footer=True),
    _image("image.zoom", "Zoom", "Show it as large as it is, or fit it.", "zoom", "z", footer=True),
    _image("image.fit", "Fit", "Fit the image into the screen.", "zoom(0)", "0"),
    _image("image.full", "Full size", "Show the image as large as it is.", "zoom(1)", "1"),
    _image("image.left", "Left", "Move to the left of a large image.", "pan(-1, 0)", "left,h"),
    _image("image.right", "Right", "Move to the right of a large image.", "pan(1, 0)", "right,l"),
    _image("image.up", "Up", "Move to the top of a large image, or scroll up.", "pan(0, -1)", "up,k"),
    _image(
        "image.down", "Down", "Move to the bottom of a large image, or scroll down.", "pan(0, 1)", "down,j"
    ),
    _image("image.next", "Next", "Show the next file of the message.", "step(1)", "n,pagedown", footer=True),
    _image(
        "image.previous",
        "Previous",
        "Show the file before in the message.",
        "step(-1)",
        "p,pageup",
        footer=True,
    ),
    _image("image.save", "Save", "Write the file to your disk.", "save", "s,ctrl+s", footer=True),
)
"""The commands of attachments and images."""
