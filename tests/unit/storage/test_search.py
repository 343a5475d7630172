from dataclasses import replace

import pytest

from tests.support.builders import a_conversation, a_message, an_answer, ended
from tui.domain.conversation import Conversation, MessageStatus
from tui.storage.conversations import SqliteConversationStore
from tui.storage.matching import match_expression


async def fill(store: SqliteConversationStore, *texts: str) -> Conversation:
    conversation = a_conversation()
    await store.create(conversation)
    await store.add_messages([a_message(conversation, text) for text in texts])
    return conversation


async def found(store: SqliteConversationStore, query: str) -> list[str]:
    return [hit.snippet for hit in (await store.search(query)).hits]


@pytest.mark.parametrize(
    ("query", "snippets"),
    [
        ("crème", ["\x02Creme\x03 brulee"]),
        ("CREME", ["\x02Creme\x03 brulee"]),
        ("bru", ["Creme \x02brulee\x03"]),
        ("brulee creme", ["\x02Creme\x03 \x02brulee\x03"]),
        ("creme custard", []),
        ("cre brulee", ["\x02Cre\x03me brulee"]),
        ("crx brulee", []),
        ("get_user", ["call \x02get_user\x03_name()"]),
        ("user_name()", ["call get_\x02user_name\x03()"]),
        ("日本", ["\x02日本語の文\x03"]),
        ("", []),
        ("  \t\n", []),
    ],
)
async def test_words(store: SqliteConversationStore, query: str, snippets: list[str]) -> None:
    await fill(store, "Creme brulee", "call get_user_name()", "日本語の文")
    assert await found(store, query) == snippets


@pytest.mark.parametrize(
    "query",
    [
        '"',
        '""',
        "*",
        "needle*",
        "NEAR(",
        "NEAR(needle, 2)",
        "'; DROP TABLE messages; --",
        "content: needle",
        "- needle",
        "^needle",
        "needle OR",
        "AND NOT OR",
        "{needle}",
        "(((",
        "🦙",
        "🦙 needle",
        "\0",
        "nee\0dle",
        "\ud800",
        "needle\ud800",
        "\u0301",
        "\x02\x03",
        "x" * 10_000,
        "needle " * 1_500,
        '"' * 10_000,
        "\U0001fae8\U00031350",
    ],
)
async def test_no_query_is_syntax(store: SqliteConversationStore, query: str) -> None:
    conversation = await fill(store, "a needle in a haystack")
    for hit in (await store.search(query)).hits:
        assert hit.conversation_id == conversation.id
    assert len((await store.search("needle")).hits) == 1


def test_expressions() -> None:
    assert match_expression('say "no way" foo-bar') == '"say" "no" "way" "foo-bar"*'
    assert match_expression("option a") == '"option" "a"'
    assert match_expression("国") == '"国"*'
    assert match_expression("!!! ???") == ""
    assert match_expression("w " * 100).count('"w"') == 32


async def test_a_hit_says_where(store: SqliteConversationStore) -> None:
    conversation = a_conversation("Needlework")
    await store.create(conversation)
    answer = an_answer(conversation, "word " * 100 + "needle" + " word" * 100)
    await store.add_messages([answer])
    (hit,) = (await store.search("needle")).hits
    assert (hit.conversation_id, hit.conversation_title) == (conversation.id, "Needlework")
    assert (hit.message_id, hit.role, hit.created_at) == (answer.id, answer.role, answer.created_at)
    assert "\x02needle\x03" in hit.snippet
    assert len(hit.snippet) < 250


async def test_the_best_come_first(store: SqliteConversationStore) -> None:
    await fill(store, "needle " + "hay " * 50, "needle needle needle", "hay " * 30, "needle " + "hay " * 9)
    counts = [snippet.count("\x02") for snippet in await found(store, "needle")]
    assert counts == [3, 1, 1]
    assert len((await store.search("needle", limit=2)).hits) == 2


async def test_the_trash_is_not_searched(store: SqliteConversationStore) -> None:
    conversation = await fill(store, "needle")
    await store.update(replace(conversation, trashed_at=1.0))
    assert await found(store, "needle") == []
    await store.update(conversation)
    assert await found(store, "needle") == ["\x02needle\x03"]


async def test_what_is_being_written_is_found_when_it_has_ended(store: SqliteConversationStore) -> None:
    conversation = await fill(store)
    answer = an_answer(conversation, "", status=MessageStatus.STREAMING)
    await store.add_messages([answer])
    await store.checkpoint(answer.id, "needle", "")
    assert await found(store, "needle") == []
    await store.finish(ended(answer, "needle"), unread=False)
    assert await found(store, "needle") == ["\x02needle\x03"]
    await store.reopen(answer.id)
    assert await found(store, "needle") == []
    await store.finish(ended(answer, "thread"), unread=False)
    assert await found(store, "needle") == []
    assert await found(store, "thread") == ["\x02thread\x03"]
    await store.finish(ended(answer, "cloth"), unread=False)
    assert await found(store, "thread") == []
    assert await found(store, "cloth") == ["\x02cloth\x03"]
