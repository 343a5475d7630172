"""What is counted of messages, remembered for each, so that a long branch is read once."""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeVar

from tui.domain.attachment import is_picture
from tui.domain.conversation import (
    Attachment,
    ConversationId,
    Message,
    MessageHead,
    Role,
    new_message_id,
)
from tui.domain.estimate import (
    NOTHING,
    REQUEST,
    SLICE,
    Calibration,
    Features,
    added,
    image_features,
    message_features,
    rough_features,
    text_features,
)
from tui.domain.planning import Draft, Entry, kept_with
from tui.services.told import UNSEEN, Teller

_KEPT: Final = 50_000
"""Messages that are remembered, at most."""

_LONGEST_TOKEN: Final = 8
"""Characters of a token, at most, over a text of any length."""

_SHORT: Final = 200
"""So many messages are gone through where they stand; more beside the event loop."""

_Result = TypeVar("_Result")

_Key = tuple[int, int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Counted:
    """What is counted of one message."""

    words: Features
    images: Features = NOTHING
    unseen: Features = NOTHING
    """What stands in for the images where the model does not see."""

    def whole(self, *, sees: bool) -> Features:
        """Return what is counted of words and images, or of what stands in for those."""
        more = self.images if sees else self.unseen
        return self.words if more is NOTHING else added((self.words, more))


class Scales:
    """Counts messages. What is attached as text counts as the text that the model is told."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._counted: dict[str, tuple[_Key, Counted]] = {}
        self._quoted: dict[tuple[Attachment, ...], asyncio.Task[Features]] = {}

    def read(self, enough: float) -> int:
        """Return how many characters at the end of a branch have to be read.

        Args:
            enough: As for `branch`.
        """
        return math.ceil(enough * _LONGEST_TOKEN)

    async def branch(
        self,
        messages: Sequence[Message | MessageHead],
        calibration: Calibration,
        *,
        enough: float,
        sees: bool,
    ) -> tuple[Entry, ...]:
        """Return the messages of a branch as they count.

        From the newest backwards: once `enough` tokens have come together, older messages cannot be sent
        unless they are pinned, and are not read but guessed from their length.

        Args:
            messages: The branch, oldest first.
            calibration: What is known of the model.
            enough: Tokens of which nothing before them can be sent.
            sees: The model is sent images.
        """
        await self._count_all(await _beside(len(messages), partial(self._missing, messages, enough)))
        return await _beside(len(messages), partial(self._entries, messages, calibration, sees=sees))

    def _missing(self, messages: Sequence[Message | MessageHead], enough: float) -> list[Message]:
        """Return the messages that have to be counted."""
        missing: list[Message] = []
        length = 0
        pins = {each.id for each in messages if isinstance(each, Message) and each.pinned}
        kept = kept_with(messages, pins) if pins else frozenset()
        for message in reversed(messages):
            if isinstance(message, MessageHead):
                length += message.length
                continue
            if (length < self.read(enough) or message.id in kept) and self._known(message) is None:
                missing.append(message)
            length += len(message.content)
        return missing

    def _entries(
        self, messages: Sequence[Message | MessageHead], calibration: Calibration, *, sees: bool
    ) -> tuple[Entry, ...]:
        """Return messages as they count, those that were not read by their length."""
        entries: list[Entry] = []
        base = calibration.tokens(rough_features(0))
        each = max(0.0, calibration.tokens(rough_features(1000)) - base) / 1000
        for message in messages:
            if isinstance(message, MessageHead):
                entries.append(Entry(message.id, message.role, base + each * message.length))
                continue
            counted = self._known(message)
            images = 0.0
            if counted is None:
                words = base + each * len(message.content)
            else:
                words = calibration.tokens(counted.words if sees else counted.whole(sees=False))
                if sees and counted.images is not NOTHING:
                    images = calibration.tokens(counted.images)
            entries.append(Entry(message.id, message.role, words, images, message.pinned))
        return tuple(entries)

    async def counted(self, message: Message) -> Counted:
        """Return what is counted of a message."""
        known = self._known(message)
        if known is None:
            await self._count_all([message])
            known = self._known(message)
            assert known is not None
        return known

    async def draft(
        self, text: str, attachments: tuple[Attachment, ...], calibration: Calibration, *, sees: bool
    ) -> Draft:
        """Return a message that is being written as it counts."""
        images, files = _divided(attachments)
        words = await _off_loop(text)
        quoted = await self._of_files(files) if files else NOTHING
        parts = [message_features(""), words, quoted]
        if images and not sees:
            parts.append(_unseen(images))
        return Draft(
            calibration.tokens(added(parts)),
            calibration.tokens(image_features(images)) if images and sees else 0.0,
        )

    async def _of_files(self, files: tuple[Attachment, ...]) -> Features:
        """Return what is counted of files; they are counted once, however often it is asked meanwhile."""
        task = self._quoted.get(files)
        if task is None or (task.done() and task.exception() is not None):
            task = self._quoted[files] = asyncio.create_task(self._count_files(files), name="count files")
            # Whoever asked may have gone when it fails.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            while len(self._quoted) > 50:
                self._quoted.pop(next(iter(self._quoted)))
        return await asyncio.shield(task)

    async def _count_files(self, files: tuple[Attachment, ...]) -> Features:
        return await _off_loop(await self._text(_unsent(files)))

    def _known(self, message: Message) -> Counted | None:
        found = self._counted.get(message.id)
        return found[1] if found is not None and found[0] == _key(message) else None

    async def _count_all(self, messages: Sequence[Message]) -> None:
        texts = [
            await self._text(message) if message.attachments else message.content for message in messages
        ]
        if sum(map(len, texts)) > SLICE:
            words = await asyncio.to_thread(_features_of, texts)
        else:
            words = _features_of(texts)
        for message, counted in zip(messages, words, strict=True):
            images, _ = _divided(message.attachments)
            pictured = image_features(images) if images else NOTHING
            unseen = _unseen(images) if images else NOTHING
            self._counted[message.id] = (_key(message), Counted(counted, pictured, unseen))
        while len(self._counted) > _KEPT:
            self._counted.pop(next(iter(self._counted)))

    async def _text(self, message: Message) -> str:
        """Return the words that the model is told of a message."""
        _, files = _divided(message.attachments)
        if not files:
            return message.content
        return (await self._teller.told(replace(message, attachments=files))).content


def fixed_features(system: Features) -> Features:
    """Return what is counted of a request without its messages."""
    return added((REQUEST, system))


def _features_of(texts: Sequence[str]) -> list[Features]:
    return [message_features(text) for text in texts]


async def _beside(size: int, work: Callable[[], _Result]) -> _Result:
    return work() if size < _SHORT else await asyncio.to_thread(work)


async def _off_loop(text: str) -> Features:
    return await asyncio.to_thread(text_features, text) if len(text) > SLICE else text_features(text)


def _divided(attachments: tuple[Attachment, ...]) -> tuple[tuple[Attachment, ...], tuple[Attachment, ...]]:
    """Return the images among attachments, and the others."""
    if not attachments:
        return (), ()
    images = tuple(each for each in attachments if is_picture(each))
    return images, tuple(each for each in attachments if each not in images)


def _unseen(images: tuple[Attachment, ...]) -> Features:
    return text_features("\n\n".join(UNSEEN.format(name=image.name) for image in images))


def _key(message: Message) -> _Key:
    return len(message.content), len(message.thinking), tuple(each.digest for each in message.attachments)


def _unsent(files: tuple[Attachment, ...]) -> Message:
    return Message(new_message_id(), ConversationId(""), None, Role.USER, "", 0.0, attachments=files)
