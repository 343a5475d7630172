"""What other programs really wrote: nothing of it is lost, and it goes out and in again as it is."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.transfer.conftest import DATA, StillClock, Take
from tui.domain.conversation import Message, Role, active_path
from tui.services.events import EventBus
from tui.services.transfer.export import ExportFormat, ExportService
from tui.services.transfer.importing import ImportService
from tui.storage.conversations import SqliteConversationStore

REAL = (
    "open-webui-0.12.json",
    "oterm-0.26.sql",
    "elia-1.10.sql",
    "parllama-0.10.json",
    "chatgpt-2023.json",
    "chatgpt-2025.json",
    "chatgpt-2026.json",
)


@pytest.fixture
def real(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Return a file as its program keeps it."""
    source = DATA / str(request.param)
    if source.suffix != ".sql":
        return source
    database = tmp_path / "store.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(source.read_text("utf-8"))
    return database


def read(path: Path) -> object:
    return json.loads(path.read_text("utf-8"))


async def written(store: SqliteConversationStore, path: Path) -> object:
    exports = ExportService(store, StillClock())
    await exports.to_file(await exports.all_ids(), ExportFormat.JSON, path)
    return read(path)


@pytest.mark.parametrize("real", REAL, indirect=True)
async def test_a_real_export_goes_out_and_in_again_as_it_is(
    store: SqliteConversationStore, take: Take, real: Path, tmp_path: Path
) -> None:
    summary = await take(real)
    assert summary.imported and not summary.failed
    first = await written(store, tmp_path / "first.json")
    other = await SqliteConversationStore.open(tmp_path / "other" / "conversations.db")
    try:
        again = await ImportService(other, EventBus(), StillClock()).begin().run([tmp_path / "first.json"])
        assert len(again.imported) == len(summary.imported)
        assert await written(other, tmp_path / "second.json") == first
    finally:
        await other.aclose()
    assert (await take(real)).imported == ()


async def all_of(store: SqliteConversationStore) -> list[tuple[Message, ...]]:
    return [await store.messages(identity) for identity in await store.conversation_ids()]


def said(messages: tuple[Message, ...]) -> list[tuple[str, str]]:
    return [(message.role.value, message.content) for message in messages]


@pytest.mark.parametrize(
    ("real", "columns"),
    [("oterm-0.26.sql", "author, text"), ("elia-1.10.sql", "role, content")],
    indirect=["real"],
)
async def test_every_message_of_a_database_is_there(
    store: SqliteConversationStore, take: Take, real: Path, columns: str
) -> None:
    await take(real)
    with closing(sqlite3.connect(real)) as connection:
        chats = connection.execute("SELECT id FROM chat ORDER BY id").fetchall()
        wanted = [
            connection.execute(
                f"SELECT {columns} FROM message WHERE chat_id = ? ORDER BY id", chat
            ).fetchall()
            for chat in chats
        ]
    found = [said(messages) for messages in await all_of(store)]
    assert sorted(found) == sorted(wanted)


async def test_oterms_image_and_setup_are_there(
    store: SqliteConversationStore, take: Take, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        connection.executescript((DATA / "oterm-0.26.sql").read_text("utf-8"))
    summary = await take(tmp_path / "store.db")
    conversation = await store.conversation(summary.imported[0])
    assert conversation is not None
    assert (conversation.model, conversation.system) == ("qwen3-vl:8b", "Be brief. Use “quotes” & <tags>.")
    assert conversation.options.temperature == 0.7
    (attachment,) = (await store.messages(conversation.id))[2].attachments
    assert await store.attachment_data(attachment.digest) == (DATA / "dot.png").read_bytes()


async def test_models_of_elia_are_called_as_ollama_calls_them(
    store: SqliteConversationStore, take: Take, tmp_path: Path
) -> None:
    dump = (DATA / "elia-1.10.sql").read_text("utf-8").replace("'ollama/", "'ollama_chat/", 1)
    with closing(sqlite3.connect(tmp_path / "elia.sqlite")) as connection:
        connection.executescript(dump)
    summary = await take(tmp_path / "elia.sqlite")
    for identity in summary.imported:
        conversation = await store.conversation(identity)
        assert conversation is not None and conversation.model == "gemma3:270m"
        models = {message.model for message in await store.messages(identity)}
        assert models <= {"gemma3:270m", ""}


async def test_every_branch_of_open_webui_is_there(store: SqliteConversationStore, take: Take) -> None:
    chats = json.loads((DATA / "open-webui-0.12.json").read_text("utf-8"))
    summary = await take(DATA / "open-webui-0.12.json")
    for chat, identity in zip(chats, summary.imported, strict=True):
        messages = await store.messages(identity)
        conversation = await store.conversation(identity)
        assert conversation is not None and conversation.title == chat["title"]
        wanted = chat["chat"]["history"]["messages"]
        assert len(messages) == len(wanted)
        shown: list[str] = []
        key = chat["chat"]["history"]["currentId"]
        while key:
            shown.insert(0, wanted[key]["content"])
            key = wanted[key]["parentId"]
        path = active_path(messages, conversation.active_leaf)
        notes = "\n\n[small.png was not in the file]"
        assert [message.content.removesuffix(notes) for message in path] == shown
        assert all(m.thinking == "Let me think." for m in messages if m.role is Role.ASSISTANT)


async def test_lines_of_json_are_read_like_an_array(store: SqliteConversationStore, take: Take) -> None:
    chats = json.loads((DATA / "open-webui-0.12.json").read_text("utf-8"))
    summary = await take("\n".join(json.dumps(chat) for chat in chats).encode(), "chats.jsonl")
    assert (len(summary.imported), summary.failed) == (len(chats), 0)
    cut = await take("\n".join(json.dumps(chat) for chat in chats).encode()[:-40], "cut.jsonl")
    assert (cut.skipped, cut.failed) == (1, 1)
    assert "line 2" in cut.failures[0].reason


async def test_a_text_that_open_webui_took_out_of_a_file_is_attached(
    store: SqliteConversationStore, take: Take
) -> None:
    chats = json.loads((DATA / "open-webui-0.12.json").read_text("utf-8"))
    for message in (m for c in chats for m in c["chat"]["history"]["messages"].values()):
        for file in message.get("files", ()):
            file["file"]["data"] = {"content": "What is in the file"}
    summary = await take(json.dumps(chats).encode())
    messages = [m for identity in summary.imported for m in await store.messages(identity)]
    (attachment,) = [each for message in messages for each in message.attachments]
    assert (attachment.name, attachment.media_type) == ("small.png", "text/plain")
    assert await store.attachment_data(attachment.digest) == b"What is in the file"
    assert not any("not in the file" in message.content for message in messages)


async def test_chatgpt_as_it_is_exported_now(store: SqliteConversationStore, take: Take) -> None:
    summary = await take(DATA / "chatgpt-2025.json")
    messages = await store.messages(summary.imported[0])
    assert said(messages) == [
        (
            "user",
            "Write a haiku about this, and a script\n\n[an image that was not in the file]\n\n"
            "[notes.pdf was not in the file]",
        ),
        ("assistant", "**Haiku**\n\n# Dot\n\nOne small blue dot waits"),
        ("tool", "Successfully created text document 'Haiku'"),
        ("assistant", "# Dot\n\nA blue dot is here"),
        ("assistant", "**dot.ps1**\n\n```powershell\nWrite-Host dot\n```"),
        ("assistant", '```\n{"search_query":[{"q":"dots"}]}\n```'),
        ("tool", "All about dots"),
        ("tool", "A dot is a point."),
        ("tool", "Error: robots.txt"),
        ("tool", "[an image that was not in the file]"),
        ("user", "And said aloud?"),
        ("assistant", "Like this: dot."),
    ]
    assert messages[1].thinking == "Counting syllables\n\nFive, seven, five."
    assert {message.model for message in messages} == {"", "gpt-5-thinking", "gpt-5"}


@pytest.mark.parametrize(
    ("file", "shown", "beside"),
    [
        ("chatgpt-2023.json", [("user", "Hi there"), ("assistant", "Hello! How can I help?")], ["Hello"]),
        ("chatgpt-2026.json", [("user", "Can this work?"), ("assistant", "Yes, it can.")], []),
    ],
)
async def test_chatgpt_as_it_was_and_became(
    store: SqliteConversationStore, take: Take, file: str, shown: list[tuple[str, str]], beside: list[str]
) -> None:
    """The nodes stand in any order, and the oldest exports have neither states nor a second id."""
    summary = await take(DATA / file)
    conversation = await store.conversation(summary.imported[0])
    messages = await store.messages(summary.imported[0])
    assert conversation is not None
    path = active_path(messages, conversation.active_leaf)
    assert said(path) == shown
    assert [message.content for message in messages if message not in path] == beside
