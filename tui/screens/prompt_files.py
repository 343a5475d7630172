"""What is attached to the input: read beside the interface, kept on disk, sent with the next message."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.domain.attachment import is_picture, noted, split_span
from tui.domain.conversation import Attachment, ConversationId
from tui.domain.errors import BadRequest, ConversationGone, TuiError
from tui.domain.text import sanitize_line
from tui.services.attachments.service import Source
from tui.widgets.attachment_row import Chip

if TYPE_CHECKING:
    from tui.services import Services


@dataclass(eq=False)
class PromptFile:
    """A file that is attached to the input, or about to be."""

    name: str
    attachment: Attachment | None = None
    """None while it is being read."""
    task: "asyncio.Task[None] | None" = None
    """Reads it."""

    def chip(self) -> Chip:
        """Return it as it is shown."""
        if self.attachment is None:
            return Chip(self.name, "reading…", None, "working")
        return Chip(self.attachment.name, noted(self.attachment), self.attachment, "ready")


class PromptFiles:
    """The files of each conversation's unsent message; those of the one that is shown are in the row."""

    def __init__(
        self,
        services: "Callable[[], Services]",
        *,
        show: Callable[[Sequence[Chip]], None],
        tell: Callable[[TuiError], object],
        say: Callable[[str], object],
    ) -> None:
        """Begin with nothing attached.

        Args:
            services: Returns what works for the open conversation.
            show: Shows chips.
            tell: Shows an error.
            say: Shows what is no error.
        """
        self._services = services
        self._say = say
        self._show = show
        self._tell = tell
        self._files: dict[ConversationId | None, list[PromptFile]] = {None: []}
        self._shown: ConversationId | None = None
        self._lent: list[PromptFile] | None = None
        """What goes with the message that is edited; None while none is."""
        self._saves: set[asyncio.Task[None]] = set()
        self._failed = 0
        self.arrived: Callable[[], object] = lambda: None
        """Called when a picture for the shown conversation was read."""
        self.changed: Callable[[], object] = lambda: None
        """Called when other files are shown."""
        self.opened: Callable[[], object] = lambda: None
        """Called when another conversation is shown."""

    @property
    def _current(self) -> list[PromptFile]:
        return self._files[self._shown] if self._lent is None else self._lent

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """What was read of what is attached."""
        return tuple(file.attachment for file in self._current if file.attachment is not None)

    def __len__(self) -> int:
        """Return how many files are attached, read or not."""
        return len(self._current)

    # Which conversation

    def open(self, conversation_id: ConversationId | None, stored: Sequence[Attachment]) -> None:
        """Show what is attached in a conversation.

        Args:
            conversation_id: Which; None for the one not yet begun.
            stored: What the store has for it.
        """
        self._shown = conversation_id
        held = self._files.get(conversation_id, [])
        if not any(file.attachment is None for file in held):
            self._files[conversation_id] = [PromptFile(each.name, each) for each in stored]
        self._refresh()
        self.opened()

    async def forget(self) -> None:
        """Stop reading, and hold nothing more; what is on disk stays."""
        for files in self._files.values():
            for file in files:
                if file.task is not None:
                    file.task.cancel()
        self._files = {None: []}
        self._shown = None
        self._lent = None
        await self.flush()

    async def flush(self) -> None:
        """Wait until what was attached is on disk."""
        while self._saves:
            await asyncio.gather(*self._saves)

    # A message that is edited

    def lend(self, attachments: Sequence[Attachment]) -> None:
        """Show what goes with a message that is edited; what was attached before is put aside."""
        self._lent = [PromptFile(each.name, each) for each in attachments]
        self._refresh()

    def give_back(self) -> None:
        """Show again what was attached before."""
        if self._lent is not None:
            self._lent = None
            self._refresh()

    # What is attached

    def add(self, sources: Sequence[Source]) -> None:
        """Attach files; each is read beside the interface and shown as soon as that is done."""
        home, place = self._current, self._shown
        for source in sources:
            file = PromptFile(source.name)
            home.append(file)
            file.task = asyncio.create_task(self._read(file, source, home, place), name="attach")
        self._refresh()

    async def _read(
        self, file: PromptFile, source: Source, home: list[PromptFile], place: ConversationId | None
    ) -> None:
        services = self._services()
        try:
            file.attachment = await services.attachments.ingest(source)
        except TuiError as error:
            if file in home:
                home.remove(file)
                self._failed += 1
                self._tell(error)
        file.task = None
        if file.attachment is not None and file in home:
            if (twin := _twin(home, file)) is not None:
                home.remove(file)
                self._say(_twice(file.attachment, twin))
            self._save(home, place)
        if home is self._current:
            self._refresh()
            if file.attachment is not None and is_picture(file.attachment) and file in home:
                self.arrived()

    def remove(self, index: int) -> Callable[[], None] | None:
        """Take a file away; return what puts it back, or None when there was nothing to put back."""
        home, place = self._current, self._shown
        if not 0 <= index < len(home):
            return None
        file = home.pop(index)
        if file.task is not None:
            file.task.cancel()
        self._changed(home, place)
        if file.attachment is None:
            return None

        def put_back() -> None:
            held = home if home is self._lent else self._files.setdefault(place, [])
            # It may have been attached again since.
            if _twin(held, file) is None:
                held.insert(min(index, len(held)), file)
                self._changed(held, place)

        return put_back

    def take(self) -> tuple[Attachment, ...]:
        """Take away everything that was read, and return it."""
        home, taken = self._current, self.attachments
        home[:] = [file for file in home if file.attachment is None]
        self._changed(home, self._shown)
        return taken

    def bring(self, attachments: Sequence[Attachment]) -> None:
        """Attach what is stored already."""
        home = self._current
        home.extend(PromptFile(each.name, each) for each in attachments)
        self._changed(home, self._shown)

    def move(self, index: int, step: int) -> None:
        """Let a file change places with one beside it."""
        home = self._current
        if 0 <= index < len(home) and 0 <= index + step < len(home):
            home[index], home[index + step] = home[index + step], home[index]
            self._changed(home, self._shown)

    # Sending

    @property
    def failures(self) -> int:
        """How many files could not be attached so far."""
        return self._failed

    async def settled(self, failures: int | None = None) -> tuple[Attachment, ...]:
        """Wait until everything was read, and return what is to be sent.

        Args:
            failures: `failures` when sending was asked for; None for now.

        Raises:
            BadRequest: something that was to be sent along cannot be.
        """
        home, failed = self._current, self._failed if failures is None else failures
        while tasks := [file.task for file in home if file.task is not None]:
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._failed != failed:
            raise BadRequest(
                "Not sent: a file could not be attached.", "Send it again to do without the file."
            )
        return tuple(file.attachment for file in home if file.attachment is not None)

    async def sent(self, conversation_id: ConversationId | None, attachments: Sequence[Attachment]) -> None:
        """Take away what was sent."""
        home = self._files.get(conversation_id, [])
        for attachment in attachments:
            for file in home:
                if file.attachment == attachment:
                    home.remove(file)
                    break
        if attachments:
            self._changed(home, conversation_id)
            await self.flush()

    def _changed(self, home: list[PromptFile], place: ConversationId | None) -> None:
        self._save(home, place)
        if home is self._current:
            self._refresh()

    def _refresh(self) -> None:
        self._show([file.chip() for file in self._current])
        self.changed()

    def _save(self, home: list[PromptFile], place: ConversationId | None) -> None:
        """Have what is attached written at once; what goes with an edited message is on disk already."""
        if home is not self._files.get(place):
            return
        task = asyncio.create_task(self._write(home, place), name="save draft files")
        self._saves.add(task)
        task.add_done_callback(self._saves.discard)

    async def _write(self, home: list[PromptFile], place: ConversationId | None) -> None:
        kept = [file.attachment for file in home if file.attachment is not None]
        try:
            await self._services().conversations.save_draft_files(place, kept)
        except ConversationGone:
            self._files.pop(place, None)
        except TuiError as error:
            self._tell(error)


def _twin(files: Sequence[PromptFile], file: PromptFile) -> Attachment | None:
    """Return what has the same in it as a file among others; the same lines of a file count as the same."""
    mine = file.attachment
    if mine is None:
        return None
    others = (other.attachment for other in files if other is not file)
    same = (each for each in others if each is not None and each.digest == mine.digest)
    return next((each for each in same if split_span(each.name)[1] == split_span(mine.name)[1]), None)


def _twice(file: Attachment, twin: Attachment) -> str:
    """Return in words that a file is attached already."""
    name, other = sanitize_line(file.name, 60), sanitize_line(twin.name, 60)
    if name == other or name.startswith("pasted text"):
        return f"{other} is attached already: it is kept once."
    return f"{name} has the same in it as {other}, which is attached already: it is kept once."
