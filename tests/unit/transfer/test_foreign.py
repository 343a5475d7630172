"""Conversations that other programs keep, in the forms that they keep them in."""

import json
import sqlite3
import zipfile
from base64 import b64encode
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.builders import NOW
from tests.unit.transfer.conftest import DATA, Take
from tui.domain.conversation import Conversation, Message, MessageStatus, Role, active_path
from tui.domain.errors import FileUnusable
from tui.services.transfer.importing import ImportSummary
from tui.services.transfer.sources import Program, locate
from tui.storage.conversations import SqliteConversationStore

DOT = (DATA / "dot.png").read_bytes()


async def stored(
    store: SqliteConversationStore, summary: ImportSummary, place: int = 0
) -> tuple[Conversation, tuple[Message, ...], list[tuple[Role, str]]]:
    assert summary.failures == ()
    conversation = await store.conversation(summary.imported[place])
    assert conversation is not None
    messages = await store.messages(conversation.id)
    path = active_path(messages, conversation.active_leaf)
    return conversation, messages, [(message.role, message.content) for message in path]


async def test_chatgpt_with_branches_thinking_and_tools(store: SqliteConversationStore, take: Take) -> None:
    summary = await take(DATA / "chatgpt.json")
    conversation, messages, path = await stored(store, summary)
    assert (conversation.title, conversation.pinned, conversation.model) == ("Capital of France", True, "")
    assert (conversation.created_at, conversation.updated_at) == (1712000000.5, 1712000060.5)
    assert path == [
        (Role.USER, "What is the capital of France?"),
        (Role.ASSISTANT, "Paris."),
        (Role.USER, "What is this?\n\n[an image that was not in the file]"),
        (Role.ASSISTANT, "```python\nprint(1)\n```"),
        (Role.TOOL, "```\n1\n```"),
        (Role.ASSISTANT, "A blue dot."),
    ]
    by_content = {message.content: message for message in messages}
    other = by_content["Lyon."]
    assert other.parent_id == by_content["Paris."].parent_id
    assert (other.status, other.model) == (MessageStatus.INTERRUPTED, "gpt-4o")
    assert by_content["```python\nprint(1)\n```"].thinking == "Looking\n\nA single dot."
    assert by_content["```\n1\n```"].tool_name == "python"
    _, _, second = await stored(store, summary, 1)
    assert second == [(Role.USER, "Say hi in French, please"), (Role.ASSISTANT, "Salut !")]
    untitled = await store.conversation(summary.imported[1])
    assert untitled is not None and untitled.title == "Say hi in French, please"


async def test_thinking_without_an_answer_is_kept(store: SqliteConversationStore, take: Take) -> None:
    value = json.loads((DATA / "chatgpt.json").read_text("utf-8"))[0]
    for key in ("r1", "c1", "x1", "a3"):
        del value["mapping"][key]
    value["current_node"] = "t1"
    _, messages, path = await stored(store, await take(json.dumps([value]).encode()))
    assert path[-1] == (Role.ASSISTANT, "")
    assert messages[-1].thinking == "Looking\n\nA single dot."


async def test_chatgpts_archive_with_several_files_and_its_images(
    store: SqliteConversationStore, take: Take, tmp_path: Path
) -> None:
    first, second = json.loads((DATA / "chatgpt.json").read_text("utf-8"))
    with zipfile.ZipFile(tmp_path / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export/conversations-001.json", json.dumps([second]))
        archive.writestr("export/conversations-000.json", json.dumps([first]))
        archive.writestr("export/file-AbC123-dot.png", DOT)
        archive.writestr("export/user.json", '{"email": "someone@example.org"}')
    summary = await take(tmp_path / "export.zip")
    conversation, messages, _ = await stored(store, summary)
    assert conversation.title == "Capital of France"
    (picture,) = next(message.attachments for message in messages if message.attachments)
    assert (picture.name, picture.media_type) == ("file-AbC123-dot.png", "image/png")
    assert await store.attachment_data(sha256(DOT).hexdigest()) == DOT
    assert len(summary.imported) == 2


async def test_open_webui_in_both_its_forms(store: SqliteConversationStore, take: Take) -> None:
    summary = await take(DATA / "open-webui.json")
    conversation, messages, path = await stored(store, summary)
    assert (conversation.title, conversation.model, conversation.system) == (
        "Rust lifetimes",
        "gemma3:4b",
        "Be brief.",
    )
    assert (conversation.options.temperature, conversation.options.stop) == (0.2, ("END",))
    assert conversation.pinned
    assert path == [
        (Role.USER, "What is a lifetime?\n\n[an image that was not in the file]"),
        (Role.ASSISTANT, "How long a reference is valid."),
        (Role.USER, "And 'static?"),
        (Role.ASSISTANT, ""),
    ]
    by_content = {message.content: message for message in messages}
    assert by_content["How long a reference is valid."].thinking == 'They ask "what".\nBe brief.'
    assert by_content["A scope."].stats.answer_tokens == 12
    assert by_content["A scope."].stats.total_seconds == 2.5
    assert by_content[""].status is MessageStatus.FAILED
    assert by_content[""].error == "model runner has unexpectedly stopped"
    assert await store.attachment_data(sha256(DOT).hexdigest()) == DOT
    legacy, _, path = await stored(store, summary, 1)
    assert (legacy.title, path) == ("Legacy", [(Role.USER, "Hello!"), (Role.ASSISTANT, "Hi there!")])


async def test_a_single_chat_is_taken_too(store: SqliteConversationStore, take: Take) -> None:
    single = json.loads((DATA / "open-webui.json").read_text("utf-8"))[0]
    conversation, _, _ = await stored(store, await take(json.dumps(single).encode()))
    assert conversation.title == "Rust lifetimes"


async def test_parllamas_folder(store: SqliteConversationStore, take: Take, tmp_path: Path) -> None:
    chats = tmp_path / "chats"
    chats.mkdir()
    (chats / "a.json").write_bytes((DATA / "parllama.json").read_bytes())
    (chats / "b.json").write_text("{}", "utf-8")
    (chats / "c.json").symlink_to(DATA / "chatgpt.json")
    summary = await take(chats)
    assert [failure.place.split(",")[0] for failure in summary.failures] == ["b.json"]
    conversation = await store.conversation(summary.imported[0])
    assert conversation is not None and conversation.model == "llama3.1:8b"
    assert conversation.options.num_ctx == 4096
    assert conversation.updated_at == 1725193800.123456
    messages = await store.messages(conversation.id)
    assert [message.role for message in messages] == [Role.SYSTEM, Role.USER, Role.ASSISTANT]
    assert [len(message.attachments) for message in messages] == [0, 1, 0]
    assert len(summary.imported) == 1


def oterm_store(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(
            """
            CREATE TABLE "chat" ("id" INTEGER, "name" TEXT, "model" TEXT NOT NULL, "system" TEXT,
              "provider" TEXT DEFAULT "ollama", "parameters" TEXT DEFAULT "{}", "tools" TEXT DEFAULT "[]",
              "thinking" BOOLEAN DEFAULT 0, PRIMARY KEY("id" AUTOINCREMENT));
            CREATE TABLE "message" ("id" INTEGER, "chat_id" INTEGER NOT NULL, "author" TEXT NOT NULL,
              "text" TEXT NOT NULL, "images" TEXT DEFAULT "[]", PRIMARY KEY("id" AUTOINCREMENT));
            INSERT INTO chat (name, model, system, parameters) VALUES
              ('chat #1 - llama', 'llama3.2:latest', 'Be kind.', '{"temperature": 0.1, "max_tokens": 99}'),
              ('empty', 'llama3.2:latest', NULL, '{}');
            """
        )
        image = b64encode(DOT).decode()
        connection.executemany(
            "INSERT INTO message (chat_id, author, text, images) VALUES (1, ?, ?, ?)",
            [("me", "What is this?", json.dumps([image])), ("assistant", "A dot.", "[]")],
        )
    return path


async def test_oterms_store(store: SqliteConversationStore, take: Take, tmp_path: Path) -> None:
    path = oterm_store(tmp_path / "store.db")
    before = path.read_bytes()
    summary = await take(path)
    assert [failure.place for failure in summary.failures] == ["store.db, conversation 2 “empty”"]
    conversation = await store.conversation(summary.imported[0])
    assert conversation is not None
    assert (conversation.title, conversation.system) == ("chat #1 - llama", "Be kind.")
    assert (conversation.options.temperature, conversation.options.num_predict) == (0.1, 99)
    asked, answer = await store.messages(conversation.id)
    assert (asked.role, answer.role, answer.model) == (Role.USER, Role.ASSISTANT, "llama3.2:latest")
    assert answer.parent_id == asked.id
    assert asked.attachments[0].digest == sha256(DOT).hexdigest()
    assert path.read_bytes() == before
    again = await take(path)
    assert (again.imported, again.skipped) == ((), 1)


async def test_elias_store(store: SqliteConversationStore, take: Take, tmp_path: Path) -> None:
    path = tmp_path / "elia.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(
            """
            CREATE TABLE chat (id INTEGER NOT NULL PRIMARY KEY, model VARCHAR NOT NULL, title VARCHAR,
              started_at DATETIME DEFAULT CURRENT_TIMESTAMP, archived BOOLEAN NOT NULL);
            CREATE TABLE message (id INTEGER NOT NULL PRIMARY KEY, chat_id INTEGER, role VARCHAR NOT NULL,
              content VARCHAR NOT NULL, timestamp DATETIME, meta JSON, parent_id INTEGER, model VARCHAR);
            INSERT INTO chat VALUES (7, 'ollama/llama3', NULL, '2024-05-01 10:00:00.000000', 0);
            INSERT INTO message VALUES
              (1, 7, 'system', 'You help.', '2024-05-01 10:00:00.000000', '{}', NULL, 'ollama/llama3'),
              (2, 7, 'user', 'Name a tree', '2024-05-01 10:00:01.500000', '{}', NULL, 'ollama/llama3'),
              (3, 7, 'assistant', 'Oak', '2024-05-01 10:00:03.000000', '{}', NULL, 'ollama/llama3');
            """
        )
    conversation, messages, path_shown = await stored(store, await take(path))
    assert (conversation.title, conversation.model) == ("Name a tree", "llama3")
    assert conversation.created_at == 1714557600.0
    assert path_shown == [(Role.SYSTEM, "You help."), (Role.USER, "Name a tree"), (Role.ASSISTANT, "Oak")]
    assert messages[1].created_at == 1714557601.5


@pytest.mark.parametrize("name", ["chatgpt.json", "open-webui.json", "parllama.json"])
async def test_importing_twice_adds_nothing(store: SqliteConversationStore, take: Take, name: str) -> None:
    first = await take(DATA / name)
    ids = await store.conversation_ids()
    second = await take(DATA / name)
    assert first.imported and not second.imported
    assert second.skipped == len(first.imported)
    assert await store.conversation_ids() == ids


async def test_an_import_is_undone_by_its_ids(store: SqliteConversationStore, take: Take) -> None:
    for conversation_id in (await take(DATA / "chatgpt.json")).imported:
        await store.delete(conversation_id)
    assert await store.conversation_ids() == ()
    assert len((await take(DATA / "chatgpt.json")).imported) == 2


async def test_times_are_cleaned(store: SqliteConversationStore, take: Take) -> None:
    conversation = json.loads((DATA / "open-webui.json").read_text("utf-8"))[0]
    conversation |= {"created_at": 9_999_999_999, "updated_at": -5}
    history = conversation["chat"]["history"]["messages"]
    history["m1"]["timestamp"] = 1_721_000_000_000
    history["m2"]["timestamp"] = "soon"
    history["m3"]["timestamp"] = 1e308
    found, messages, _ = await stored(store, await take(json.dumps([conversation]).encode()))
    assert found.created_at == NOW
    times = {message.content[:7]: message.created_at for message in messages}
    assert times["What is"] == times["A scope"] == 1_721_000_000
    assert times["How lon"] == NOW


@pytest.mark.parametrize(
    ("program", "environment", "platform", "expected"),
    [
        (Program.OTERM, {}, "linux", ".local/share/oterm/store.db"),
        (Program.OTERM, {}, "darwin", "Library/Application Support/oterm/store.db"),
        (Program.OTERM, {"XDG_DATA_HOME": "{home}/x"}, "linux", "x/oterm/store.db"),
        (Program.OTERM, {"OTERM_DATA_DIR": "{home}/o"}, "linux", "o/store.db"),
        (Program.ELIA, {}, "darwin", ".local/share/elia/elia.sqlite"),
        (Program.PARLLAMA, {}, "linux", ".local/share/parllama/chats"),
        (Program.PARLLAMA, {}, "linux", ".parllama/chats"),
        (Program.PARLLAMA, {"PARLLAMA_DATA_DIR": "{home}/p"}, "linux", "p/chats"),
    ],
)
def test_stores_are_found_where_they_live(
    program: Program, environment: dict[str, str], platform: str, expected: str, tmp_path: Path
) -> None:
    given = {name: value.format(home=tmp_path) for name, value in environment.items()}
    with pytest.raises(FileUnusable, match=str(program)):
        locate(program, given, tmp_path, platform)
    place = tmp_path / expected
    place.parent.mkdir(parents=True)
    place.touch()
    assert locate(program, given, tmp_path, platform) == place
