"""Making a history fit the context window, as Ollama does it: the oldest messages go first."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from tui.engine.template import EXAMPLES, Prompt, render
from tui.engine.wire import Message

Count = Callable[[str], Awaitable[int]]
"""Returns how many tokens a text has."""

RenderMessages = Callable[[Sequence[Message]], Awaitable[Prompt]]


async def examples_for(limit: int, count: Count) -> int:
    """Return how many examples have at most `limit` tokens together with the introduction.

    It follows from the window alone: what a transcript adds to a conversation stays the same while the
    conversation grows, so that who asks can foresee how long a prompt will be.
    """
    for examples in range(len(EXAMPLES), 0, -1):
        if await count(render((), examples).text) <= limit:
            return examples
    return 0


async def with_fewer_examples(
    messages: Sequence[Message], limit: int, count: Count, most: int = len(EXAMPLES)
) -> tuple[Prompt, int]:
    """Render a transcript with as many examples as fit, and return it with its number of tokens."""
    for examples in range(most, -1, -1):
        prompt = render(messages, examples)
        tokens = await count(prompt.text)
        if tokens <= limit:
            break
    return prompt, tokens


async def drop_oldest(
    messages: Sequence[Message], limit: int, tokens_of: Callable[[Sequence[Message]], Awaitable[int]]
) -> tuple[Message, ...]:
    """Return the messages that fit into `limit` tokens.

    Whole messages go, from the front; those of the system and the last one stay. If the last one
    alone is too long, its beginning goes.
    """
    system = tuple(message for message in messages if message.role == "system")
    others = [message for message in messages if message.role != "system"]

    async def fits(start: int) -> bool:
        return await tokens_of((*system, *others[start:])) <= limit

    # Fewer messages are never longer: the first start that fits is found by halving.
    low, high = 0, max(len(others) - 1, 0)
    while low < high:
        middle = (low + high) // 2
        if await fits(middle):
            high = middle
        else:
            low = middle + 1
    kept = others[low:]
    while kept and len(kept[-1].content) > 1 and await tokens_of((*system, *kept)) > limit:
        last = kept[-1]
        kept[-1] = replace(last, content=last.content[(len(last.content) + 1) // 2 :])
    return (*system, *kept)
