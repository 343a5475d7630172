"""The messages of a transcript: heights of all of them, layouts of those that are seen."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from time import time

from tui.domain.conversation import Message, MessageId, MessageStatus, QueuedMessage
from tui.domain.graphics import Graphics
from tui.domain.told_marks import NOTHING_MARKED, ToldMarks
from tui.rendering.contract import DocumentFactory
from tui.rendering.gallery import Gallery
from tui.rendering.height_index import HeightIndex
from tui.rendering.line import Palette
from tui.rendering.message import MessageItem, Place
from tui.rendering.reading import Reading

_FIRST = 1 << 32
"""The number of the first message: there is room for more before it."""

_KEPT = 64
"""Layouts that are kept at most, besides those of answers that are being written."""

_KEPT_CHARACTERS = 200_000
"""Characters of the messages whose layouts are kept, about: a layout takes some ten times as much memory."""

_KEPT_LEAST = 12
"""Layouts that are kept however long the messages are: what is seen must not be laid out for each frame."""


class TranscriptItems:
    """Messages by place and by id. Of a message out of sight only its height is known, or guessed."""

    def __init__(self, document: DocumentFactory) -> None:
        """Begin empty.

        Args:
            document: Makes the documents of Markdown texts.
        """
        self._document = document
        self._entries: list[Message | QueuedMessage] = []
        self._numbers: dict[MessageId, int] = {}
        self._first = _FIRST
        self._cache: OrderedDict[MessageId, MessageItem] = OrderedDict()
        self._measured: list[int] = []
        self._epoch = 1
        self._gap = (0, 0)
        """Where messages are missing, and how many: their numbers are left out."""
        self._queued = 0
        self._unfolded: dict[MessageId, bool] = {}
        self._detailed: set[MessageId] = set()
        self.branches: Mapping[MessageId, tuple[int, int]] = {}
        """Which of how many branches a message is."""
        self.marks = NOTHING_MARKED
        """What of the messages the model is told."""
        self.heights = HeightIndex()
        self.gallery = Gallery(Graphics())
        """The pictures that have been drawn."""
        self.width = 80
        self.wrap_code = False
        self.unfold_thinking = True
        """Show the thinking while it is being written."""

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> Message | QueuedMessage:
        return self._entries[index]

    @property
    def waiting(self) -> int:
        """How many messages wait their turn."""
        return self._queued

    @property
    def messages(self) -> Sequence[Message]:
        """The messages that are not queued."""
        return [entry for entry in self._entries if isinstance(entry, Message)]

    def index(self, message_id: MessageId) -> int | None:
        """Return the place of a message."""
        number = self._numbers.get(message_id)
        return None if number is None else self.index_of_number(number)

    def number(self, index: int) -> int:
        """Return the number of the message at a place: it stays the same when others come before it."""
        at, missing = self._gap
        return self._first + index + (missing if index >= at else 0)

    def index_of_number(self, number: int) -> int:
        """Return the place of the message with a number."""
        (at, missing), index = self._gap, number - self._first
        return index if index < at else max(at, index - missing)

    def load(self, messages: Sequence[Message], *, keep: bool, gap: tuple[int, int] = (0, 0)) -> None:
        """Take over the messages of a conversation: a few integers for each.

        Args:
            messages: All of them, the first first.
            keep: They are those of the same conversation: what is known of the unchanged ones stays.
            gap: At which place some are missing, and how many.
        """
        known = self._known(messages) if keep else {}
        self._entries = list(messages)
        self._queued = 0
        self._first, self._gap = _FIRST, gap
        self._numbers = {message.id: self.number(index) for index, message in enumerate(messages)}
        self._measured = [self._epoch if message.id in known else 0 for message in messages]
        heights = (known.get(message.id) or self._guess(message) for message in messages)
        self.heights = HeightIndex(heights)
        if not keep:
            self._unfolded.clear()
            self._detailed.clear()
        for message_id in [message_id for message_id in self._cache if message_id not in known]:
            del self._cache[message_id]

    def prepend(self, messages: Sequence[Message]) -> None:
        """Take over messages that come before all others."""
        self._first -= len(messages)
        self._gap = self._gap[0] + len(messages), self._gap[1]
        self._entries[:0] = messages
        self._measured[:0] = [0] * len(messages)
        self._numbers.update({message.id: number for number, message in enumerate(messages, self._first)})
        self.heights = HeightIndex([*map(self._guess, messages), *self.heights])

    def insert(self, messages: Sequence[Message]) -> None:
        """Take over the last of the messages that are missing."""
        at, missing = self._gap
        missing = max(0, missing - len(messages))
        self._gap = at, missing
        first = self._first + at + missing
        self._entries[at:at] = messages
        self._measured[at:at] = [0] * len(messages)
        self._numbers.update({message.id: number for number, message in enumerate(messages, first)})
        heights = [*self.heights]
        self.heights = HeightIndex([*heights[:at], *map(self._guess, messages), *heights[at:]])

    def _known(self, messages: Sequence[Message]) -> dict[MessageId, int]:
        """Return the measured heights of the messages that are as they were."""
        known = {}
        for message in messages:
            index = self.index(message.id)
            if index is not None and self.is_measured(index) and self._entries[index] == message:
                known[message.id] = self.heights[index]
        return known

    def _guess(self, message: Message | QueuedMessage) -> int:
        content = message.content
        return 3 + content.count("\n") + len(content) // max(10, self.width - 3)

    def append(self, message: Message) -> None:
        """Add a message before those that wait their turn."""
        waiting = self._remove_queued()
        self._add(message)
        for queued in waiting:
            self._add(queued)
        self._queued = len(waiting)

    def set_queued(self, queued: Sequence[QueuedMessage]) -> None:
        """Say which messages wait their turn."""
        self._remove_queued()
        for message in queued:
            self._add(message)
        self._queued = len(queued)

    def _add(self, entry: Message | QueuedMessage) -> None:
        self._numbers[entry.id] = self.number(len(self._entries))
        self._entries.append(entry)
        self._measured.append(0)
        self.heights.append(self._guess(entry))

    def _remove_queued(self) -> list[QueuedMessage]:
        removed: list[QueuedMessage] = []
        for _ in range(self._queued):
            entry = self._entries.pop()
            self._measured.pop()
            self.heights.pop()
            self._numbers.pop(entry.id, None)
            self._cache.pop(entry.id, None)
            if isinstance(entry, QueuedMessage):
                removed.append(entry)
        self._queued = 0
        removed.reverse()
        return removed

    def replace(self, message: Message) -> int | None:
        """Take over a changed message and return its place; None where it is not shown."""
        index = self.index(message.id)
        if index is None:
            return None
        self._entries[index] = message
        self._measured[index] = 0
        if (item := self._cache.get(message.id)) is not None:
            item.update(message)
            item.unfolded = self.is_unfolded(message)
        return index

    def grow(self, message_id: MessageId, content: str, thinking: str) -> int | None:
        """Take over the texts of an answer that is being written and return its place."""
        index = self.index(message_id)
        if index is None:
            return None
        message = self._entries[index]
        if not isinstance(message, Message):
            return None
        return self.replace(
            replace(message, content=content, thinking=thinking, status=MessageStatus.STREAMING)
        )

    def item(self, index: int) -> MessageItem:
        """Return the layout of a message; it is parsed when it is not there."""
        message = self._entries[index]
        item = self._cache.get(message.id)
        if item is not None:
            self._cache.move_to_end(message.id)
            return item
        item = MessageItem(
            message,
            self._document,
            branch=self.branches.get(message.id),
            now=time(),
            unfolded=self.is_unfolded(message),
            detailed=message.id in self._detailed,
            gallery=self.gallery,
        )
        item.marks = self.marks
        height = item.layout(self.width, self.wrap_code)
        if height != self.heights[index]:
            # What was known of the heights in it went with the layout that was dropped.
            self._measured[index] = 0
        self._cache[message.id] = item
        self._evict()
        return item

    def kept(self, index: int) -> MessageItem | None:
        """Return the layout of a message, if there is one."""
        return self._cache.get(self._entries[index].id)

    def _evict(self) -> None:
        """Drop the layouts that have not been asked for longest, as far as there are too many."""
        if len(self._cache) <= _KEPT_LEAST:
            return
        size = sum(len(item.message.content) for item in self._cache.values())
        for message_id, item in list(self._cache.items())[:-_KEPT_LEAST]:
            if len(self._cache) <= _KEPT and size <= _KEPT_CHARACTERS:
                return
            if not (isinstance(item.message, Message) and item.message.status is MessageStatus.STREAMING):
                size -= len(item.message.content)
                del self._cache[message_id]

    def is_measured(self, index: int) -> bool:
        """Tell whether a height is known for this width, not guessed."""
        return self._measured[index] == self._epoch

    def measure(self, index: int) -> int:
        """Lay a message out and return by how much its height differs from what it was taken for."""
        item = self.item(index)
        self._measured[index] = self._epoch
        return self.heights.set(index, item.layout(self.width, self.wrap_code))

    def reading(self) -> tuple[MessageItem, Reading] | None:
        """Return a very long text that has not been read, with its message: the one seen last."""
        for message_id, item in reversed(self._cache.items()):
            if self.index(message_id) is not None and (reading := item.reading()) is not None:
                return item, reading
        return None

    def take(self, item: MessageItem, reading: Reading) -> int | None:
        """Show what has been read of a message, and return its place; None where it is another by now."""
        index = self.index(item.id)
        if not item.take(reading) or index is None:
            return None
        if self.is_measured(index) and self._cache.get(item.id) is item:
            self.measure(index)
        return index

    @property
    def waits(self) -> bool:
        """Whether there is text that has not been read."""
        return any(item.waits for item in self._cache.values())

    def forget_heights(self, width: int) -> None:
        """Take every height for a guess from now on: the width or the way code wraps has changed."""
        self.width = width
        self._epoch += 1

    def forget_picture(self, digest: str) -> None:
        """Take the heights of the messages that show a picture for guesses from now on."""
        for message_id, item in self._cache.items():
            index = self.index(message_id)
            if index is not None and any(file.digest == digest for file in item.message.attachments):
                self._measured[index] = 0

    def forget_layouts(self) -> None:
        """Make every layout again when it is next seen."""
        self._cache.clear()
        self._epoch += 1

    def measure_between(self, top: int, bottom: int) -> tuple[int, int] | None:
        """Measure the first thing between two rows whose height is a guess: a message, or a block of one.

        Returns:
            The row at which it begins and by how much it grew; None where no height is a guess.
        """
        for index in self.between(top, bottom):
            begin = self.heights.prefix(index)
            if not self.is_measured(index):
                return begin, self.measure(index)
            measured = self.item(index).measure_between(top - begin, bottom - begin)
            if measured is not None:
                row, grown = measured
                self.heights.set(index, self.heights[index] + grown)
                return begin + row, grown
        return None

    def measured_whole(self, index: int) -> MessageItem:
        """Return the layout of a message with every height in it known."""
        self.measure(index)
        item = self.item(index)
        while item.measure_between(0, item.height) is not None:
            pass
        self.heights.set(index, item.height)
        return item

    def row_of(self, index: int, place: Place, palette: Palette) -> int:
        """Return the row at which a place in a message is."""
        self.measure(index)
        row = self.item(index).row_of(place, palette)
        self.measure(index)
        return self.heights.prefix(index) + row

    def between(self, top: int, bottom: int) -> Iterator[int]:
        """Yield the places of the messages between two rows (the lower one exclusive)."""
        if not self._entries or bottom <= top:
            return
        index, inside = self.heights.find(top)
        row = top - inside
        while index < len(self._entries) and row < bottom:
            yield index
            row += self.heights[index]
            index += 1

    def is_unfolded(self, message: Message | QueuedMessage) -> bool:
        """Tell whether the thinking of a message is shown."""
        if not isinstance(message, Message):
            return False
        being_thought = message.status is MessageStatus.STREAMING and not message.content
        return self._unfolded.get(message.id, being_thought and self.unfold_thinking)

    def unfold(self, index: int, unfolded: bool) -> None:
        """Show or hide the thinking of a message."""
        message = self._entries[index]
        self._unfolded[message.id] = unfolded
        self._measured[index] = 0
        if (item := self._cache.get(message.id)) is not None:
            item.unfolded = unfolded

    def toggle_details(self, index: int) -> None:
        """Show or hide the figures of a message that are told on request."""
        self._detailed ^= {self._entries[index].id}
        self._measured[index] = 0
        self.item(index).detailed = self._entries[index].id in self._detailed

    def set_marks(self, marks: ToldMarks) -> None:
        """Take over what of the messages the model is told; only what that changes is laid out again."""
        before, self.marks = self.marks, marks
        changed = {before.before, before.after, marks.before, marks.after}
        changed |= {key for key, _ in before.notes.items() ^ marks.notes.items()}
        for item in self._cache.values():
            item.marks = marks
        for each in changed - {None}:
            index = self.index(each) if each is not None else None
            if index is not None:
                self._measured[index] = 0
                if each in self._cache:
                    self.measure(index)

    def set_branches(self, branches: Mapping[MessageId, tuple[int, int]]) -> None:
        """Take over which of how many branches the messages are."""
        self.branches = branches
        for message_id, item in self._cache.items():
            item.branch = branches.get(message_id)
            if (index := self.index(message_id)) is not None:
                self._measured[index] = 0
