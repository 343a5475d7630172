"""What a chat screen tells the app of, so that it is remembered."""

from textual.message import Message


class ModelChosen(Message):
    """The user chose a model."""

    def __init__(self, model: str) -> None:
        super().__init__()
        self.model = model
        """Its name."""


class ModelWanted(Message):
    """The user wants a model that is not installed; the model manager should ask about it."""

    def __init__(self, model: str) -> None:
        super().__init__()
        self.model = model
        """The name that is proposed."""


class ServerChosen(Message):
    """The user chose a server."""

    def __init__(self, server: str) -> None:
        super().__init__()
        self.server = server
        """Its name; empty for the one that is looked for."""


class FolderUsed(Message):
    """The user attached files from a folder."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.folder = folder
        """Its path."""
