"""The event bus."""

import asyncio

from tests.support.builders import a_conversation, an_answer
from tui.domain.conversation import Message
from tui.domain.events import Event, GenerationFinished, GenerationUpdated
from tui.domain.generation import Phase
from tui.services.events import EventBus


def update(answer: Message, content: str) -> GenerationUpdated:
    return GenerationUpdated(answer.conversation_id, answer.id, Phase.ANSWERING, content, "", 1, None, 0.0)


async def test_a_slow_listener_sees_the_latest_update_and_every_end() -> None:
    bus = EventBus()
    subscription = bus.subscribe()
    first, second = an_answer(a_conversation()), an_answer(a_conversation())
    for number in range(1000):
        bus.publish(update(first, "x" * number))
    bus.publish(update(second, "y"))
    bus.publish(GenerationFinished(first.conversation_id, first))
    bus.publish(GenerationFinished(second.conversation_id, second))
    bus.close()
    seen: list[Event] = [event async for event in subscription]
    assert seen == [
        update(first, "x" * 999),
        update(second, "y"),
        GenerationFinished(first.conversation_id, first),
        GenerationFinished(second.conversation_id, second),
    ]


async def test_a_listener_is_woken_and_others_are_not_disturbed() -> None:
    bus = EventBus()
    closed, listening = bus.subscribe(), bus.subscribe()
    closed.close()
    answer = an_answer(a_conversation())

    async def first() -> Event:
        async for event in listening:
            return event
        raise AssertionError

    task = asyncio.create_task(first())
    await asyncio.sleep(0)
    bus.publish(GenerationFinished(answer.conversation_id, answer))
    assert await task == GenerationFinished(answer.conversation_id, answer)
    assert [event async for event in closed] == []
