"""What of the shown messages a model is told, in marks and words for the transcript."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tui.domain.conversation import MessageId


@dataclass(frozen=True, slots=True)
class ToldMarks:
    """Where what is sent begins, and what is marked at single messages."""

    before: MessageId | None = None
    """The line stands above this message; None for no line there."""
    after: MessageId | None = None
    """The line stands below this message: nothing that is shown is sent. None for no line there."""
    line: str = ""
    """What the line says; trusted text."""
    opens_summary: bool = False
    """A click on the line opens the summary."""
    notes: Mapping[MessageId, str] = field(default_factory=dict)
    """What is said beside single messages; trusted text."""


NOTHING_MARKED = ToldMarks()
"""Everything is sent: there is no line and no note."""
