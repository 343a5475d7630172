"""A search that goes through the messages in windows finds what one that goes through them at once does."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.builders import a_conversation, a_message, an_answer
from tui.domain.conversation import MessageId
from tui.domain.search import SearchMark, parse_query
from tui.storage import search
from tui.storage.conversations import SqliteConversationStore

WORDS = ("heron", "pelican", "common", "getUserName", "明日の天気", "天気", "heronry")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteConversationStore]:
    store = await SqliteConversationStore.open(tmp_path / "conversations.db")
    for number in range(4):
        conversation = replace(a_conversation(f"Birds {number}"), tags=("work",) if number % 2 else ())
        texts = [f"common {WORDS[(number + place) % len(WORDS)]} {place}" for place in range(10)]
        make = (a_message, an_answer)
        await store.create(
            conversation, [make[place % 2](conversation, text) for place, text in enumerate(texts)]
        )
    yield store
    await store.aclose()


async def in_pages(store: SqliteConversationStore, text: str) -> tuple[list[MessageId], int]:
    """Return what is found, and in how many pages."""
    found: list[MessageId] = []
    mark: SearchMark | None = SearchMark()
    pages = 0
    while mark is not None:
        page = await store.search(parse_query(text), limit=100, mark=mark, known=frozenset(found))
        found += [hit.message_id for hit in page.hits]
        mark = page.next
        pages += 1
        assert pages < 1000
    return found, pages


QUERIES = (
    "common",
    "common role:user",
    "heron",
    "hero role:a",
    "UserN",
    "天気",
    "気",
    "role:user",
    "tag:work role:a",
)


@pytest.mark.parametrize("query", QUERIES)
async def test_windows_find_the_same(
    store: SqliteConversationStore, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    at_once, _ = await in_pages(store, query)
    monkeypatch.setattr(search, "_FIRST_WINDOW", 3)
    monkeypatch.setattr(search, "_GROWTH", 1)
    monkeypatch.setattr(search, "_BUDGET", 0.0)
    monkeypatch.setattr(search, "MAX_CANDIDATES", 2)
    found, pages = await in_pages(store, query)
    assert len(found) == len(set(found))
    assert sorted(found) == sorted(at_once)
    assert pages > 1
    assert at_once


async def test_what_is_everywhere_comes_the_newest_first(
    store: SqliteConversationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MAX_CANDIDATES", 5)
    page = await store.search("common", limit=4)
    newest = [message.id for each in await store.conversations() for message in await store.messages(each.id)]
    assert {hit.message_id for hit in page.hits} <= set(newest)
    assert [int(hit.snippet.split()[-1]) for hit in page.hits] == [9, 8, 7, 6]


async def test_a_word_that_is_everywhere_does_not_rank(
    store: SqliteConversationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = a_conversation()
    long = a_message(conversation, "heronry common common common " + "hay " * 50)
    short = a_message(conversation, "heronry heronry common")
    await store.create(conversation, [short, long])
    monkeypatch.setattr(search, "_COMMON", 20)
    page = await store.search("common heronry", limit=1)
    assert [hit.message_id for hit in page.hits] == [short.id]
