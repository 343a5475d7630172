"""The event bus: what happened, to whoever listens, at the listener's own pace."""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable

from tui.domain.events import (
    ContextChanged,
    ConversationsChanged,
    Event,
    GenerationUpdated,
    ModelsChanged,
    PullsChanged,
    QueueChanged,
    ServersChanged,
    ServerStateChanged,
    StoreStateChanged,
)


def _replaces(event: Event) -> Hashable | None:
    """Return what identifies the events that `event` makes superfluous; None when it is one of a kind."""
    match event:
        case GenerationUpdated():
            return ("update", event.message_id)
        case QueueChanged():
            return ("queue", event.conversation_id)
        case ConversationsChanged():
            return ("conversations", event.conversation_id)
        case ContextChanged():
            return ("context", event.conversation_id)
        case ModelsChanged():
            return "models"
        case PullsChanged():
            return "pulls"
        case ServerStateChanged():
            return "server"
        case ServersChanged():
            return "servers"
        case StoreStateChanged():
            return "store"
        case _:
            return None


class Subscription:
    """What one listener has still to see, oldest first.

    Of events that replace each other only the latest waits, in the place of the first, so a slow
    listener holds a bounded number; starts and ends of answers are never dropped.
    """

    def __init__(self, bus: "EventBus") -> None:
        self._bus = bus
        self._waiting: dict[Hashable, Event] = {}
        self._arrived = asyncio.Event()
        self._closed = False

    def deliver(self, event: Event) -> None:
        """Take an event."""
        key = _replaces(event)
        self._waiting[object() if key is None else key] = event
        self._arrived.set()

    def close(self) -> None:
        """End the iteration once what waits has been seen."""
        self._closed = True
        self._bus.unsubscribe(self)
        self._arrived.set()

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Yield events until the subscription is closed."""
        while True:
            while self._waiting:
                yield self._waiting.pop(next(iter(self._waiting)))
            if self._closed:
                return
            self._arrived.clear()
            await self._arrived.wait()


class EventBus:
    """Passes events from services to subscriptions. For one event loop."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []
        self._listeners: list[Callable[[Event], None]] = []

    def subscribe(self) -> Subscription:
        """Return a subscription to everything published from now on."""
        subscription = Subscription(self)
        self._subscriptions.append(subscription)
        return subscription

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Have a function called with every event before anyone else sees it; return what ends that.

        It must be quick: who publishes waits for it.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def unsubscribe(self, subscription: Subscription) -> None:
        """Deliver nothing more to `subscription`."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    def publish(self, event: Event) -> None:
        """Deliver an event; never waits."""
        for listener in tuple(self._listeners):
            listener(event)
        for subscription in tuple(self._subscriptions):
            subscription.deliver(event)

    def close(self) -> None:
        """Close every subscription."""
        for subscription in tuple(self._subscriptions):
            subscription.close()
