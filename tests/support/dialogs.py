"""What the dialogs are given in tests."""

from collections.abc import AsyncGenerator
from dataclasses import replace

from tests.support.builders import NOW, a_conversation
from tui.domain.conversation import Conversation, MessageId, Role, SearchHit
from tui.services.conversations import FoundEverywhere

HOSTILE = "[red]x[/] \x1b[31m"

_SNIPPETS = (
    f"what is the \x02pelican\x03 doing here? {HOSTILE} and words that go on until the line is far too long",
    "明日の東京の\x02天気\x03はどうですか",
    "long before it comes to the point, and after that as well, there is a \x02pelican\x03",
)


def hits(count: int) -> tuple[SearchHit, ...]:
    """Return messages that were found, in one conversation."""
    conversation = a_conversation(f"Birds of the Seine {HOSTILE} and a title that goes on for a good while")
    return tuple(
        SearchHit(
            conversation.id,
            conversation.title,
            MessageId(f"{number:032x}"),
            (Role.USER, Role.ASSISTANT)[number % 2],
            _SNIPPETS[number % len(_SNIPPETS)],
            NOW - number * 90_000,
        )
        for number in range(count)
    )


async def find(text: str) -> AsyncGenerator[FoundEverywhere, None]:
    """Find the same whatever is looked for, some of it first; nothing for `nothing`."""
    if text == "nothing":
        yield FoundEverywhere((), (), done=True)
        return
    titles, found = (a_conversation("Pelicans"),), hits(9)
    yield FoundEverywhere(titles, found[:2], done=False)
    yield FoundEverywhere(titles, found, done=True)


def thrown_away(count: int) -> list[Conversation]:
    """Return conversations in the trash."""
    return [
        replace(a_conversation(f"Conversation {number} 漢字 {HOSTILE}"), trashed_at=NOW - number * 90_000)
        for number in range(count)
    ]
