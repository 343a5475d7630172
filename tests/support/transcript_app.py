"""A small app around a transcript, and what its tests need."""

from collections.abc import Sequence
from typing import NamedTuple

from textual.app import App, ComposeResult

from tui.domain.conversation import ConversationId, Message, MessageId, MessageStatus, Role
from tui.domain.generation import Stats
from tui.rendering.document import Document
from tui.rendering.line import Block
from tui.rendering.plain import PlainText
from tui.widgets.transcript import Transcript


class PlainCode(NamedTuple):
    language: str
    code: str


class PlainDocument:
    """Markdown for tests that are not about Markdown: every line is drawn as it is."""

    made = 0
    """How many there have been, to count what is parsed."""

    def __init__(self, text: str) -> None:
        type(self).made += 1
        self._text = PlainText(text)
        self._source = text

    @property
    def blocks(self) -> Sequence[Block]:
        return self._text.blocks

    @property
    def code_blocks(self) -> Sequence[PlainCode]:
        parts = self._source.split("```")[1::2]
        return [PlainCode(*part.split("\n", 1)) for part in parts if "\n" in part]

    def append(self, text: str) -> None:
        self._source += text
        self._text.append(text)

    def close(self) -> None:
        self._text.close()


def message(
    number: int,
    content: str = "",
    *,
    role: Role = Role.ASSISTANT,
    status: MessageStatus = MessageStatus.COMPLETE,
    thinking: str = "",
    error: str = "",
    hint: str = "",
    stats: Stats | None = None,
) -> Message:
    return Message(
        id=MessageId(f"{number:032x}"),
        conversation_id=ConversationId("c" * 32),
        parent_id=None,
        role=role,
        content=content,
        created_at=1_700_000_000.0 + number,
        status=status,
        thinking=thinking,
        model="test:1b" if role is Role.ASSISTANT else "",
        error=error,
        hint=hint,
        stats=stats or Stats(),
    )


def conversation(count: int, lines: int = 3) -> list[Message]:
    """Return messages whose every line says which message and which line it is."""
    return [
        message(
            number,
            "\n".join(f"m{number} line {line}" for line in range(lines)),
            role=Role.ASSISTANT if number % 2 else Role.USER,
        )
        for number in range(count)
    ]


class TranscriptApp(App[None]):
    """A transcript and nothing else."""

    def __init__(self, messages: Sequence[Message] = ()) -> None:
        super().__init__()
        self.animation_level = "none"
        self._messages = messages
        self.events: list[object] = []

    def compose(self) -> ComposeResult:
        yield Transcript(PlainDocument)

    def on_mount(self) -> None:
        self.transcript.show("one", self._messages, notice="Nothing has been said yet.")
        self.transcript.focus()

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)

    def follows(self) -> bool:
        """Return whether the transcript follows its end."""
        return self.transcript.following

    def rows(self) -> list[str]:
        """Return what is on the screen, row by row."""
        return [strip.text for strip in self.screen._compositor.render_strips()]

    def on_transcript_copied(self, event: Transcript.Copied) -> None:
        self.events.append(event)

    def on_transcript_link_clicked(self, event: Transcript.LinkClicked) -> None:
        self.events.append(event)

    def on_transcript_find_requested(self, event: Transcript.FindRequested) -> None:
        self.events.append(event)

    def on_transcript_retry_requested(self, event: Transcript.RetryRequested) -> None:
        self.events.append(event)

    def on_transcript_continue_requested(self, event: Transcript.ContinueRequested) -> None:
        self.events.append(event)

    def on_transcript_branch_stepped(self, event: Transcript.BranchStepped) -> None:
        self.events.append(event)


class MarkdownApp(TranscriptApp):
    """The transcript with real Markdown."""

    def compose(self) -> ComposeResult:
        yield Transcript(Document)
