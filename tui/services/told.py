"""What a model is told of a message."""

import asyncio
import codecs
from collections.abc import Callable
from typing import Final

from tui.domain.attachment import is_picture, is_text, quoted
from tui.domain.conversation import Message
from tui.domain.generation import ChatMessage
from tui.domain.store import AttachmentStore
from tui.domain.text import sanitize_line

UNSEEN: Final = "[A picture that you cannot see: {name}]"
"""What stands in for a picture where a model does not see."""

_SHORT: Final = 1 << 16
"""Bytes of a text that is quoted where it stands; more beside the event loop."""

_PIECE: Final = 1 << 18
"""Bytes that are decoded at a time."""


class Teller:
    """Makes of stored messages what is sent to a model."""

    def __init__(self, store: AttachmentStore, sees: Callable[[str, str], bool] = lambda *_: True) -> None:
        """Make a teller.

        Args:
            store: Where files are.
            sees: Tells of a model and its server whether it may be sent pictures: it sees, or is not known
                not to.
        """
        self._store = store
        self._sees = sees

    def shows_pictures(self, model: str, server: str = "") -> bool:
        """Return whether a model is sent pictures; empty stands for one that sees."""
        return not model or self._sees(model, server)

    async def told(self, message: Message, model: str = "", server: str = "") -> ChatMessage:
        """Return a message as a model is told it: quoted files first, then its words, and the pictures.

        A model that does not see is told in words that there was a picture; a server would refuse the
        whole request otherwise.

        Args:
            message: As it is stored.
            model: Who is told; empty for one that sees.
            server: The name of the server that it is on.
        """
        pictures: list[bytes] = []
        texts: list[str] = []
        sees = self.shows_pictures(model, server)
        for attachment in message.attachments:
            if is_picture(attachment) and not sees:
                texts.append(UNSEEN.format(name=sanitize_line(attachment.name)))
                continue
            data = await self._store.attachment_data(attachment.digest)
            if data is None:
                continue
            if is_picture(attachment):
                pictures.append(data)
            elif is_text(attachment):
                texts.append(await _quoted(attachment.name, data))
        words = [message.content] if message.content.strip() or not texts else []
        return ChatMessage(message.role, "\n\n".join([*texts, *words]), tuple(pictures))


async def _quoted(name: str, data: bytes) -> str:
    def work() -> str:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        # In pieces: each holds up the other threads for a moment only.
        pieces = (data[start : start + _PIECE] for start in range(0, len(data), _PIECE))
        return quoted(name, "".join(map(decoder.decode, pieces)) + decoder.decode(b"", final=True))

    return work() if len(data) <= _SHORT else await asyncio.to_thread(work)
