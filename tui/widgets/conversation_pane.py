"""The open conversation: its transcript, the status of its answer, and the input."""

from collections.abc import Mapping, Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.getters import query_one
from textual.widgets import Static

from tui.domain.conversation import ConversationId, Message, MessageId, QueuedMessage, Role
from tui.domain.events import GenerationFinished, GenerationStarted, GenerationUpdated, QueueChanged
from tui.domain.text import sanitize
from tui.rendering.slices import SlicedDocument
from tui.widgets.attachment_row import AttachmentRow
from tui.widgets.find_bar import FindBar
from tui.widgets.prompt import Prompt
from tui.widgets.prompt_area import PromptArea
from tui.widgets.status_bar import StatusBar
from tui.widgets.transcript import Transcript


class ConversationPane(Vertical):
    """Shows one conversation at a time and keeps it up to date with what it is told."""

    DEFAULT_CSS = """
    ConversationPane {
        width: 1fr;
        height: 1fr;
        Transcript { height: 1fr; }
        #banner { height: auto; max-height: 4; padding: 0 2; color: $text-error; text-style: bold; }
    }
    """

    transcript = query_one(Transcript)
    find_bar = query_one(FindBar)
    status = query_one(StatusBar)
    attachments = query_one(AttachmentRow)
    prompt = query_one(Prompt)

    def __init__(self, *, id: str | None = None) -> None:
        """Make a pane that shows a conversation not yet begun."""
        super().__init__(id=id)
        self.conversation_id: ConversationId | None = None
        """Which conversation is shown; None for one not yet begun."""
        self.notice = ""
        """What an empty conversation says."""
        self._path: dict[MessageId, Message] = {}
        self._gap = 0
        """The place at which messages are missing."""

    def compose(self) -> ComposeResult:
        """Compose the widgets."""
        yield Transcript(SlicedDocument, id="transcript")
        yield FindBar(id="find")
        yield StatusBar(id="status")
        yield AttachmentRow(id="attachments")
        yield Prompt(id="prompt")

    def show_banner(self, words: str) -> None:
        """Say what is wrong above the input, whatever else goes on; nothing for no words."""
        shown = self.query("#banner")
        if not words:
            shown.remove()
        elif shown:
            shown.only_one(Static).update(Content(sanitize(words)))
        else:
            self.mount(Static(Content(sanitize(words)), id="banner"), before=self.status)

    @on(PromptArea.BackspacedAtStart)
    def _remove_last_attachment(self, event: PromptArea.BackspacedAtStart) -> None:
        event.stop()
        # In the row's own turn: what it posts in that of its parent goes no further than this parent.
        self.attachments.call_later(self.attachments.remove_last)

    @on(AttachmentRow.Counted)
    def _attachments_counted(self, event: AttachmentRow.Counted) -> None:
        self.prompt.has_files_above = bool(event.count)

    @on(Prompt.LeftUpwards)
    def _go_to_attachments(self, event: Prompt.LeftUpwards) -> None:
        event.stop()
        self.attachments.enter()

    @on(AttachmentRow.Left)
    def _back_to_prompt(self, event: AttachmentRow.Left) -> None:
        event.stop()
        self.prompt.focus()

    @property
    def messages(self) -> Sequence[Message]:
        """The shown messages, the first first."""
        return tuple(self._path.values())

    @property
    def is_empty(self) -> bool:
        """Whether no message is shown."""
        return not self._path

    def has_message(self, message_id: MessageId) -> bool:
        """Tell whether a message is on the shown branch."""
        return message_id in self._path

    def place_of(self, message_id: MessageId) -> int | None:
        """Return which message of the shown branch it is, from 0."""
        return next((n for n, each in enumerate(self._path) if each == message_id), None)

    def go_to_place(self, place: int) -> None:
        """Put the transcript's cursor on a message of the shown branch."""
        path = list(self._path)
        if place < len(path):
            self.transcript.go_to(path[place])

    @property
    def last_answer(self) -> Message | None:
        """The last answer on the shown branch."""
        return next((m for m in reversed(self._path.values()) if m.role is Role.ASSISTANT), None)

    def show(
        self,
        conversation_id: ConversationId | None,
        messages: Sequence[Message],
        *,
        branches: Mapping[MessageId, tuple[int, int]],
        queued: Sequence[QueuedMessage],
        notice: str,
        whole: bool = True,
        gap: tuple[int, int] = (0, 0),
    ) -> None:
        """Show a conversation; the one already shown keeps its place.

        Args:
            conversation_id: Which one; None for one not yet begun.
            messages: The shown branch, first message first.
            branches: Place and number of siblings, for the messages that have any.
            queued: What waits.
            notice: What is shown where there are no messages.
            whole: That is the whole branch; otherwise the messages before follow with `prepend`, and
                those that are missing among them with `insert`.
            gap: At which place some are missing, and how many.
        """
        if conversation_id != self.conversation_id and self.find_bar.is_open:
            self.find_bar.action_close()
        self.conversation_id, self.notice = conversation_id, notice
        self._path = {message.id: message for message in messages}
        self._gap = gap[0]
        self.transcript.show(
            conversation_id or "", messages, branches=branches, notice=notice, whole=whole, gap=gap
        )
        self.transcript.set_queued(queued)
        self.status.queued = len(queued)
        self.status.finish(self.last_answer)
        said = [message.content for message in messages if message.role is Role.USER]
        self.prompt.history = [words for words in said if words.strip()]

    def prepend(self, messages: Sequence[Message]) -> None:
        """Take over messages that come before all that are shown, which stay where they are."""
        self._path = {message.id: message for message in messages} | self._path
        self._gap += len(messages)
        self.transcript.prepend(messages)

    def insert(self, messages: Sequence[Message]) -> None:
        """Take over the last of the messages that are missing."""
        path = list(self._path.values())
        path[self._gap : self._gap] = messages
        self._path = {message.id: message for message in path}
        self.transcript.insert(messages)

    def complete(self) -> None:
        """Say that no more messages will come before those that are there."""
        self.transcript.complete()
        self.prompt.history = [message.content for message in self.messages if message.role is Role.USER]

    def set_notice(self, notice: str) -> None:
        """Change what an empty conversation says; the same again leaves it as it was scrolled."""
        changed, self.notice = notice != self.notice, notice
        if changed and self.is_empty:
            self.transcript.show(self.conversation_id or "", (), notice=notice)

    def began(self, event: GenerationStarted) -> bool:
        """Show that an answer began; False when the shown branch has to be read again."""
        if event.answer.id in self._path:
            self._put(event.answer)
            return True
        last = next(reversed(self._path), None)
        if event.user is None or event.user.parent_id != last:
            return False
        for message in (event.user, event.answer):
            self._path[message.id] = message
            self.transcript.append(message)
        self.transcript.follow()
        if event.user.content.strip():
            self.prompt.history = [*self.prompt.history, event.user.content]
        return True

    def grew(self, event: GenerationUpdated) -> None:
        """Show more of an answer."""
        if event.message_id in self._path:
            self.transcript.stream(event.message_id, event.content, event.thinking)
            self.status.update_running(event)

    def ended(self, event: GenerationFinished) -> None:
        """Show how an answer ended."""
        if event.answer.id in self._path:
            self._put(event.answer)
            self.status.finish(event.answer)

    def queue_changed(self, event: QueueChanged) -> None:
        """Show what waits."""
        self.transcript.set_queued(event.queued)
        self.status.queued = len(event.queued)

    def _put(self, message: Message) -> None:
        self._path[message.id] = message
        self.transcript.replace(message)

    @on(FindBar.Changed)
    def _find(self, event: FindBar.Changed) -> None:
        self.transcript.find(event.query)

    @on(FindBar.Stepped)
    def _find_next(self, event: FindBar.Stepped) -> None:
        self.transcript.step_match(event.step)

    @on(FindBar.Closed)
    def _find_over(self) -> None:
        self.transcript.end_find()
        self.transcript.focus()

    @on(Transcript.MatchesCounted)
    def _found(self, event: Transcript.MatchesCounted) -> None:
        self.find_bar.show_count(event.current, event.total, done=event.done)
