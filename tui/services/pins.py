"""Messages that always stay in what the model is told."""

from tui.domain.conversation import Message
from tui.domain.events import ConversationsChanged
from tui.domain.store import MessageTree
from tui.services.events import EventBus
from tui.services.undo import UndoService


class PinService:
    """Pins messages into what the model is told, and lets go of them."""

    def __init__(self, store: MessageTree, bus: EventBus, undo: UndoService) -> None:
        self._store = store
        self._bus = bus
        self._undo = undo

    async def toggle(self, message: Message) -> str:
        """Pin a message, or let go of one that is pinned; return what was done, for people. It can be undone.

        Raises:
            StoreUnavailable: the store cannot be written.
        """
        what = "unpinned a message" if message.pinned else "pinned a message into memory"
        await self._pin(message, pinned=not message.pinned)
        self._undo.push(what, lambda: self._pin(message, pinned=message.pinned), message.conversation_id)
        return what

    async def _pin(self, message: Message, *, pinned: bool) -> None:
        await self._store.pin_message(message.id, pinned=pinned)
        self._bus.publish(ConversationsChanged(message.conversation_id))
