"""Filters, parts of words, scripts without spaces, and searches that nobody waits for."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.builders import NOW, a_conversation, a_message, an_answer
from tui.domain.conversation import Conversation, Role
from tui.domain.errors import BadRequest, StoreUnavailable
from tui.domain.search import SearchQuery, parse_query
from tui.services.clock import SystemClock
from tui.services.conversations import ConversationService, FoundEverywhere
from tui.services.events import EventBus
from tui.storage.conversations import SqliteConversationStore


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteConversationStore]:
    store = await SqliteConversationStore.open(tmp_path / "conversations.db")
    yield store
    await store.aclose()


async def saved(store: SqliteConversationStore, title: str, *texts: str, **others: object) -> Conversation:
    """Store a conversation with messages of the user's, or answers where a text begins with `>`."""
    conversation = replace(a_conversation(title), **others)  # type: ignore[arg-type]
    messages = []
    for number, text in enumerate(texts):
        make = an_answer if text.startswith(">") else a_message
        messages.append(make(conversation, text.removeprefix(">"), created_at=NOW + number * 86400))
    await store.create(conversation, messages)
    return conversation


async def found(store: SqliteConversationStore, text: str) -> list[str]:
    """Return the texts of the messages that a person finds."""
    last = FoundEverywhere((), (), done=True)
    async for result in ConversationService(store, EventBus(), SystemClock()).search(text):
        last = result
    assert last.done
    return [hit.snippet.replace("\x02", "").replace("\x03", "") for hit in last.hits]


def test_a_query_is_words_and_filters() -> None:
    query = parse_query("red Model:Gemma role:u tag:Work fox url:x")
    assert query == SearchQuery("red fox url:x", model="gemma", role=Role.USER, tag="work")
    assert parse_query("model: after: before:2026 role:") == SearchQuery()
    assert parse_query("  ").is_empty
    days = parse_query("after:2026-10-01 before:2026-10-02")
    assert days.after is not None and days.before is not None
    assert 23 * 3600 <= days.before - days.after <= 25 * 3600


@pytest.mark.parametrize("text", ["before:tomorrowish", "after:2026-13-45", "role:boss"])
def test_filters_that_make_no_sense_are_told(text: str) -> None:
    with pytest.raises(BadRequest):
        parse_query(text)


async def test_filters_narrow_what_is_found(store: SqliteConversationStore) -> None:
    await saved(store, "One", "fox asked", ">fox answered", "fox later", tags=("work",))
    await saved(store, "Two", "fox elsewhere")
    assert set(await found(store, "fox")) == {"fox asked", "fox answered", "fox later", "fox elsewhere"}
    assert await found(store, "fox role:assistant") == ["fox answered"]
    assert await found(store, "fox model:LLAMA") == ["fox answered"]
    assert await found(store, "fox model:100%") == []
    assert set(await found(store, "fox tag:wor")) == {"fox asked", "fox answered", "fox later"}
    later = SearchQuery("fox", after=NOW + 2 * 86400)
    assert [hit.snippet for hit in (await store.search(later)).hits] == ["\x02fox\x03 later"]
    assert len((await store.search(SearchQuery("fox", before=NOW + 86400))).hits) == 2
    assert await found(store, "role:assistant") == ["fox answered"]
    assert await found(store, "role:tool") == []


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("UserName", "call getUserName() first"),
        ("naivete", "such naïveté"),
        ("天気", "明日の東京の天気はどうですか"),
        ("東京の天気", "明日の東京の天気はどうですか"),
        ("東", "明日の東京の天気はどうですか"),
        ("tokyo_天", "tokyo_天 mixed"),
        ("0%_x", "a 100%_x b"),
        ("ersch", "die Überschrift"),
    ],
)
async def test_parts_of_words_and_scripts_without_spaces(
    store: SqliteConversationStore, query: str, text: str
) -> None:
    await saved(store, "Title", "something else entirely", text)
    assert await found(store, query) == [text]


async def test_whole_words_come_before_parts_and_nothing_twice(store: SqliteConversationStore) -> None:
    await saved(store, "Title", "nameless", "the name", "rename it")
    assert await found(store, "name") == ["nameless", "the name", "rename it"] or set(
        (await found(store, "name"))[:2]
    ) == {"nameless", "the name"}
    assert (await found(store, "name"))[2:] == ["rename it"]


async def test_the_trash_and_deleted_messages_are_not_found(store: SqliteConversationStore) -> None:
    await saved(store, "Thrown away", "fox 東京 xfoxx", trashed_at=NOW)
    kept = await saved(store, "Kept", "fox 東京 yfoxy")
    (message,) = await store.messages(kept.id)
    deletion = await store.delete_messages(kept.id, {message.id}, NOW)
    for query in ("fox", "foxy", "東京", "role:user"):
        assert await found(store, query) == []
    await store.restore_messages(deletion)
    for query in ("fox", "foxy", "東京", "role:user"):
        assert await found(store, query) == ["fox 東京 yfoxy"]


async def test_titles_are_found(store: SqliteConversationStore) -> None:
    one = await saved(store, "Crème brûlée", "sugar")
    await saved(store, "Other", "creme")
    service = ConversationService(store, EventBus(), SystemClock())
    async for result in service.search("brulee"):
        assert [each.id for each in result.titles] == [one.id]


async def test_the_panel_filters_over_titles_text_and_tags(store: SqliteConversationStore) -> None:
    title = await saved(store, "Pelican facts", "birds", updated_at=NOW + 3)
    text = await saved(store, "Birds", "a pelican flew", tags=("animals",), updated_at=NOW + 2)
    await saved(store, "Nothing", "nothing")
    await saved(store, "Pelican thrown away", "pelican", trashed_at=NOW)
    service = ConversationService(store, EventBus(), SystemClock())
    assert [each.id for each in await service.page(query="pelic")] == [title.id, text.id]
    assert [each.id for each in await service.page(query="tag:anim")] == [text.id]
    assert [each.id for each in await service.page(query="tag:anim pelican")] == [text.id]
    assert await service.page(query="tag:other pelican") == ()
    assert [each.id for each in await service.page(query="role:nonsense")] == []
    assert len(await service.page(query="")) == 3


async def test_an_outdated_search_is_interrupted_and_blocks_nothing(store: SqliteConversationStore) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"

    def work(connection: sqlite3.Connection) -> object:
        return connection.execute(endless).fetchone()

    await saved(store, "Title", "fox")
    outdated = asyncio.create_task(store._database.find(work))
    await store.conversations()
    assert not outdated.done()
    outdated.cancel()
    with pytest.raises(asyncio.CancelledError):
        await outdated
    assert await found(store, "fox") == ["fox"]


async def test_closing_interrupts_a_search(tmp_path: Path) -> None:
    store = await SqliteConversationStore.open(tmp_path / "other.db")
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
    search = asyncio.create_task(store._database.find(lambda c: c.execute(endless).fetchone()))
    await asyncio.sleep(0)
    await store.aclose()
    with pytest.raises(StoreUnavailable, match="interrupted"):
        await search


async def test_a_store_in_memory_leaves_nothing(store: SqliteConversationStore) -> None:
    beside = await store.beside()
    conversation = await saved(beside, "Secret", "secret words")
    assert await found(beside, "secret") == ["secret words"]
    assert [each.id for each in await beside.conversations()] == [conversation.id]
    assert await found(store, "secret") == []
    await beside.aclose()
    await saved(store, "Still works", "fox")
    for file in store._database.path.parent.rglob("*"):
        assert not file.is_file() or b"secret" not in file.read_bytes()


async def test_counts_follow_the_borders(store: SqliteConversationStore) -> None:
    for age in (0, 10, 20, 30):
        await store.create(a_conversation(updated_at=NOW - age))
    await store.create(a_conversation(updated_at=NOW - 15, pinned=True))
    await store.create(replace(a_conversation(), trashed_at=NOW))
    assert await store.counts((NOW - 5, NOW - 20)) == (1, 1, 2, 1)
    assert await store.oldest() == NOW - 30
