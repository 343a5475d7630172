"""How the store behaves with a million messages in it: `python tests/benchmarks/store.py [MESSAGES] [FILE]`.

Run by hand. It makes the messages once (some minutes) and prints medians; a file that is there is used again.
Figures of an empty store, measured in the same run, are printed beside them.
"""

import asyncio
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from tui.domain.conversation import Conversation, ConversationId, Message, MessageId, Role
from tui.domain.search import SearchQuery
from tui.services.clock import SystemClock
from tui.services.conversations import ConversationService
from tui.services.events import EventBus
from tui.storage.conversations import _CREATE, SqliteConversationStore
from tui.storage.messages import insert_messages
from tui.storage.rows import conversation_values

_TEXT = """
the of and a to in is you that it he was for on are as with his they at be this have from or word but not what
all were we when your can said there use an each which she do how their about out many then them these so some
her would make like him into time has look two more number no way could people my than first water been call
who oil its now find long down day made may part python function value list string return class import error
"""
WORDS = _TEXT.split()
RARE = ["zebrafish", "pelican", "mitochondria", "getUserName", "naïveté", "東京の天気", "Übermut"]
PER_CONVERSATION = 10
BATCH = 500


async def fill(store: SqliteConversationStore, count: int) -> None:
    """Store conversations of ten messages each, the newest a minute old."""
    random.seed(7)
    now = time.time()
    conversations = count // PER_CONVERSATION
    batch: list[tuple[Conversation, list[Message]]] = []
    for number in range(conversations):
        at = now - (conversations - number) * 600
        conversation = Conversation(
            ConversationId(f"{number:032x}"), " ".join(random.choices(WORDS, k=5)), at, at, model="gemma3:4b"
        )
        messages: list[Message] = []
        for place in range(PER_CONVERSATION):
            words = random.choices(WORDS, k=random.randint(10, 60))
            if random.random() < 0.0005:
                words.insert(3, random.choice(RARE))
            messages.append(
                Message(
                    MessageId(f"{number:024x}{place:08x}"),
                    conversation.id,
                    messages[-1].id if messages else None,
                    Role.ASSISTANT if place % 2 else Role.USER,
                    " ".join(words),
                    at + place,
                    model="gemma3:4b" if place % 2 else "",
                )
            )
        batch.append((replace(conversation, active_leaf=messages[-1].id), messages))
        if len(batch) == BATCH or number == conversations - 1:
            await store._database.write(lambda connection: _insert(connection, store, batch))
            batch.clear()
            print(f"\r{number * PER_CONVERSATION:,} of {count:,}", end="", file=sys.stderr)
    print(file=sys.stderr)


def _insert(
    connection: sqlite3.Connection,
    store: SqliteConversationStore,
    batch: list[tuple[Conversation, list[Message]]],
) -> None:
    """Store many conversations in one transaction, as nobody but a benchmark wants to."""
    for conversation, messages in batch:
        times = (conversation.created_at, conversation.updated_at, conversation.active_leaf)
        connection.execute(_CREATE, (conversation.id, *times, *conversation_values(conversation)))
        insert_messages(connection, messages, store._instance.id)


async def timed(work: Callable[[], Awaitable[object]], times: int = 9) -> tuple[float, float]:
    """Return the median and the longest of some runs, in milliseconds."""
    taken: list[float] = []
    for _ in range(times):
        start = time.perf_counter()
        await work()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken), max(taken)


async def opened(path: Path) -> None:
    """Do what a start does."""
    store = await SqliteConversationStore.open(path)
    await store.recover()
    await store.conversations(limit=200)
    await store.aclose()


async def measure(path: Path) -> dict[str, tuple[float, float]]:
    """Return figures of one store."""
    store = await SqliteConversationStore.open(path)
    service = ConversationService(store, EventBus(), SystemClock())

    async def first_hits(text: str) -> None:
        async for _ in service.search(text):
            return

    async def all_hits(text: str) -> None:
        async for _ in service.search(text):
            pass

    borders = [time.time() - days * 86400 for days in (1, 2, 8, 31, 61, 91, 121, 181, 241, 366)]
    results = {"start: open, recover, first page": await timed(lambda: opened(path))}
    for text in (
        "zebrafish",
        "pel",
        "python function",
        "functio",
        "the",
        "th",
        "the zebrafish",
        "mitochondria role:user",
        "the role:tool",
        "role:tool",
        "naivete",
        "東京",
        "天気",
        "気",
    ):
        results[f"search “{text}”, first hits"] = await timed(partial(first_hits, text))
    for text in ("zebrafish", "UserNam", "東京の", "天気"):
        results[f"search “{text}”, all hits"] = await timed(partial(all_hits, text))
    for text in ("zebra", "the", "python", "string class"):
        results[f"panel filter “{text}”"] = await timed(partial(service.page, query=text, limit=500))
    results["panel: counts under the headings (beside)"] = await timed(lambda: store.counts(borders))
    results["panel: a page at the top"] = await timed(lambda: store.conversations(limit=200))
    total = sum(await store.counts(()))
    results["panel: a page at the end"] = await timed(
        lambda: store.conversations(offset=max(0, total - 200), limit=200)
    )
    results["look for changes by other windows"] = await timed(store.data_version, 200)
    results["titles scanned by tag"] = await timed(lambda: store.filtered(SearchQuery(tag="work")))
    await store.aclose()
    return results


async def main() -> None:
    """Make what is missing, measure, print."""
    count = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(folder) / "full.db"
        if not path.exists():
            store = await SqliteConversationStore.open(path)
            start = time.perf_counter()
            await fill(store, count)
            await store.aclose()
            print(f"filled in {time.perf_counter() - start:.0f} s, {path.stat().st_size / 1e6:.0f} MB")
        empty = await measure(Path(folder) / "empty.db")
        full = await measure(path)
    print(f"{'milliseconds':45}{'empty':>8}{'median':>10}{'longest':>10}")
    for name, (median, longest) in full.items():
        print(f"{name:45}{empty[name][0]:8.2f}{median:10.2f}{longest:10.2f}")


if __name__ == "__main__":
    asyncio.run(main())
