"""What the transcript tells whoever shows it."""

from dataclasses import dataclass

from textual.message import Message as Event
from textual.widget import Widget

from tui.domain.conversation import Message, QueuedMessage


@dataclass
class _InTranscript(Event, bubble=True):
    transcript: Widget
    """The transcript it happened in."""

    @property
    def control(self) -> Widget:
        """The transcript it happened in."""
        return self.transcript


@dataclass
class _About(_InTranscript):
    """Something that was asked of a message."""

    message: Message
    """The message it is about."""


@dataclass
class RetryRequested(_About, namespace="transcript"):
    """An answer is to be asked for again."""


@dataclass
class ContinueRequested(_About, namespace="transcript"):
    """A stopped or interrupted answer is to go on."""


@dataclass
class BranchStepped(_About, namespace="transcript"):
    """Another branch of a message is to be shown."""

    step: int
    """-1 for the one before, 1 for the one after."""


@dataclass
class EditRequested(_About, namespace="transcript"):
    """A message of the user's is to be asked in other words."""


@dataclass
class BranchRequested(_About, namespace="transcript"):
    """The conversation up to a message is to be copied into a new one."""


@dataclass
class DeleteRequested(_About, namespace="transcript"):
    """A message is to be deleted."""


@dataclass
class PinRequested(_About, namespace="transcript"):
    """A message is always to be told to the model, or no longer."""


@dataclass
class UndoRequested(_InTranscript, namespace="transcript"):
    """What was done last is to be taken back."""


@dataclass
class _AboutQueued(_InTranscript):
    """Something that was asked of a message that waits."""

    queued: QueuedMessage
    """The message that waits."""


@dataclass
class QueuedEditRequested(_AboutQueued, namespace="transcript"):
    """The text of a message that waits is to be changed."""


@dataclass
class QueuedDeleteRequested(_AboutQueued, namespace="transcript"):
    """A message that waits is to be taken back."""


@dataclass
class LinkClicked(_InTranscript, namespace="transcript"):
    """A link was clicked: its address is to be shown, and opened if that is agreed to."""

    href: str
    """The address. From outside."""


@dataclass
class Copied(_InTranscript, namespace="transcript"):
    """A text was put on the clipboard."""

    text: str
    what: str
    """What it is, for people: `12 lines of python`."""


@dataclass
class FindRequested(_InTranscript, namespace="transcript"):
    """The reader wants to find something."""


@dataclass
class SummaryRequested(_InTranscript, namespace="transcript"):
    """What is sent in place of earlier messages is to be shown."""


@dataclass
class MatchesCounted(_InTranscript, namespace="transcript"):
    """Words were looked for, or another match is shown."""

    current: int
    """Which match is shown, from 1; 0 for none."""
    total: int
    """How many have been found."""
    done: bool
    """Everything has been looked through."""


@dataclass
class FileOpened(_About, namespace="transcript"):
    """A file that went along with a message is to be looked at."""

    number: int
    """Which, from 0."""
