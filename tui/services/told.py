"""What a model is told of a message."""

from tui.domain.conversation import Message
from tui.domain.generation import ChatMessage
from tui.domain.ports import ConversationStore


class Teller:
    """Makes of stored messages what is sent to a model."""

    def __init__(self, store: ConversationStore) -> None:
        self._store = store

    async def told(self, message: Message) -> ChatMessage:
        """Return a message as a model is told it, with the bytes of its images."""
        images: list[bytes] = []
        for attachment in message.attachments:
            if attachment.media_type.startswith("image/"):
                data = await self._store.attachment_data(attachment.digest)
                if data is not None:
                    images.append(data)
        return ChatMessage(message.role, message.content, tuple(images))
