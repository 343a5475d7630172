"""Forms that exports of other programs have had, after what people have shown of theirs.

ChatGPT: nodes without `children` (2025 on), children in another order than the nodes (before), hidden
messages at the end, sources as private characters, voice, an upload that is no image. Open WebUI: tags,
archive, folders, usage as OpenAI names it, images as `data:` and as addresses. oterm and elia: the columns
of their versions. All of them grow between two exports.
"""

import json
import sqlite3
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.transfer.conftest import DATA, Take
from tui.domain.conversation import Conversation, Message, Role, active_path
from tui.services.transfer.citations import without_markers
from tui.storage.conversations import SqliteConversationStore

T = 1_757_000_000.0
DOT = (DATA / "dot.png").read_bytes()

Json = dict[str, object]


def node(key: str, parent: str | None, role: str, content: Json | str, **more: object) -> tuple[str, Json]:
    """Return a node as ChatGPT writes it now: without children."""
    if isinstance(content, str):
        content = {"content_type": "text", "parts": [content]}
    message = {
        "id": key,
        "author": {"role": role, "name": None, "metadata": {}},
        "content": content,
        "status": "finished_successfully",
        "create_time": T,
        "metadata": {},
        "recipient": "all",
    }
    return key, {"id": key, "parent": parent, "message": message | more}


def chatgpt(*nodes: tuple[str, Json], **more: object) -> bytes:
    """Return an export with one conversation."""
    root: tuple[str, Json] = ("root", {"id": "root", "parent": None, "message": None})
    conversation: Json = {
        "conversation_id": "c1",
        "title": "One",
        "create_time": T,
        "update_time": T + 9,
        "mapping": dict((root, *nodes)),
    }
    return json.dumps([conversation | more]).encode()


def web_ui(*messages: Json, **more: object) -> bytes:
    """Return an export of Open WebUI with one chat."""
    history = {"messages": {str(each["id"]): each for each in messages}, "currentId": messages[-1]["id"]}
    chat = {"id": "", "title": "One", "models": ["gemma3:4b"], "params": {}, "history": history, "tags": []}
    told: Json = {"id": "w1", "user_id": "u", "title": "One", "chat": chat}
    return json.dumps([told | {"created_at": T, "updated_at": T + 9} | more]).encode()


def said(key: str, parent: str | None, role: str, content: str, **more: object) -> Json:
    return {"id": key, "parentId": parent, "childrenIds": [], "role": role, "content": content} | more


async def only(store: SqliteConversationStore) -> tuple[Conversation, tuple[Message, ...], list[str]]:
    """Return the only conversation, its messages, and what the branch says that is shown."""
    (conversation_id,) = await store.conversation_ids()
    conversation = await store.conversation(conversation_id)
    assert conversation is not None
    messages = await store.messages(conversation_id)
    return conversation, messages, [m.content for m in active_path(messages, conversation.active_leaf)]


async def test_chatgpt_without_children_and_with_a_hidden_end(
    store: SqliteConversationStore, take: Take
) -> None:
    hidden = {"is_visually_hidden_from_conversation": True}
    await take(
        chatgpt(
            node("sys", "root", "system", "", metadata=hidden),
            node("u1", "sys", "user", "First"),
            node("u1b", "sys", "user", "First, edited"),
            node("a1", "u1", "assistant", "Answer"),
            node("a1b", "u1b", "assistant", "Answer to the edited one"),
            node("end", "a1", "assistant", "Memory updated", metadata=hidden),
            current_node="end",
            is_archived=True,
            pinned_time=T,
        )
    )
    conversation, messages, shown = await only(store)
    assert shown == ["First", "Answer"]
    assert [message.content for message in messages if message.parent_id is None] == [
        "First",
        "First, edited",
    ]
    assert (conversation.tags, conversation.pinned) == (("archived",), True)


async def test_chatgpts_own_order_of_branches(store: SqliteConversationStore, take: Take) -> None:
    nodes = [
        node("u", "root", "user", "Question"),
        node("late", "u", "assistant", "Listed second"),
        node("early", "u", "assistant", "Listed first"),
    ]
    nodes[0][1]["children"] = ["early", "late"]
    await take(chatgpt(*nodes, current_node="late"))
    _, messages, _ = await only(store)
    assert [message.content for message in messages] == ["Question", "Listed first", "Listed second"]


async def test_voice_is_what_was_said(store: SqliteConversationStore, take: Take) -> None:
    audio = {"content_type": "audio_asset_pointer", "asset_pointer": "sediment://file_1", "format": "wav"}
    spoken: Json = {
        "content_type": "multimodal_text",
        "parts": [
            {"content_type": "audio_transcription", "text": "Spoken question", "direction": "in"},
            {
                "content_type": "real_time_user_audio_video_asset_pointer",
                "audio_asset_pointer": audio,
                "frames_asset_pointers": [],
            },
            audio,
        ],
    }
    await take(chatgpt(node("u", "root", "user", spoken), node("a", "u", "assistant", "Answer")))
    _, _, shown = await only(store)
    assert shown == ["Spoken question", "Answer"]


def test_sources_become_links() -> None:
    cite = "\ue200cite\ue202turn0search0\ue201"
    entity = '\ue200entity\ue202["people","Ada Lovelace","x"]\ue201'
    content = f"See {cite}. About {entity}. None \ue200cite\ue202turn9\ue201. Stray\ue203."
    source = {"title": "A [b]", "url": "https://one.example/a_(b)"}
    bad = {"title": "Bad", "url": "javascript:alert(1)"}
    references = [{"matched_text": cite, "type": "grouped_webpages", "items": [source, bad]}, {}, 7]
    assert without_markers(content, {"content_references": references}) == (
        "See ([A \\[b\\]](<https://one.example/a_(b)>)). About Ada Lovelace. None . Stray."
    )
    assert without_markers("Plain 【11†source】", {"content_references": 3}) == "Plain 【11†source】"
    assert without_markers("\ue200entity\ue202[\ue201", {}) == ""


async def test_tags_archive_and_folder_of_open_webui(store: SqliteConversationStore, take: Take) -> None:
    await take(
        web_ui(
            said("u", None, "user", "Hello"),
            said("a", "u", "assistant", "Hi", usage={"prompt_tokens": 4, "completion_tokens": 2}),
            meta={"tags": ["travel", "to do"]},
            archived=True,
            pinned=True,
            folder_id="0a1b2c3d-4e5f-6789-abcd-ef0123456789",
        )
    )
    conversation, messages, _ = await only(store)
    assert conversation.tags == ("archived", "folder-0a1b2c3d", "to-do", "travel")
    assert conversation.pinned
    assert (messages[1].stats.prompt_tokens, messages[1].stats.answer_tokens) == (4, 2)


async def test_images_that_are_in_the_file_come_along(store: SqliteConversationStore, take: Take) -> None:
    data = f"data:image/png;base64,{b64encode(DOT).decode()}"
    files = [{"type": "image", "url": data}, {"type": "image", "url": "/api/v1/files/1/content"}]
    await take(web_ui(said("u", None, "user", "What?", files=files), said("a", "u", "assistant", "A dot")))
    _, messages, shown = await only(store)
    (picture,) = messages[0].attachments
    assert await store.attachment_data(picture.digest) == DOT
    assert shown[0] == "What?\n\n[an image that was not in the file]"


def grown_chatgpt(longer: bool) -> bytes:
    more = [node("u2", "a1", "user", "More"), node("a2", "u2", "assistant", "Yes")] if longer else []
    return chatgpt(
        node("u1", "root", "user", "Start"),
        node("a1", "u1", "assistant", "Begun"),
        *more,
        current_node="a2" if longer else "a1",
        update_time=T + 99 if longer else T + 9,
    )


def grown_web_ui(longer: bool) -> bytes:
    more = [said("u2", "a1", "user", "More"), said("a2", "u2", "assistant", "Yes")] if longer else []
    return web_ui(said("u1", None, "user", "Start"), said("a1", "u1", "assistant", "Begun"), *more)


def grown_legacy(longer: bool) -> bytes:
    messages = [{"role": "user", "content": "Start"}, {"role": "assistant", "content": "Begun"}]
    if longer:
        messages += [{"role": "user", "content": "More"}, {"role": "assistant", "content": "Yes"}]
    return json.dumps([{"chat": {"title": "One", "timestamp": T, "messages": messages}}]).encode()


def grown_parllama(longer: bool) -> bytes:
    session = json.loads((DATA / "parllama.json").read_text("utf-8"))
    texts = [("user", "Start"), ("assistant", "Begun")]
    texts += [("user", "More"), ("assistant", "Yes")] if longer else []
    session["messages"] = [{"id": "same", "role": role, "content": content} for role, content in texts]
    return json.dumps(session).encode()


@pytest.mark.parametrize("export", [grown_chatgpt, grown_web_ui, grown_legacy, grown_parllama])
async def test_what_has_grown_since_gets_what_is_new(
    store: SqliteConversationStore, take: Take, export: Callable[[bool], bytes]
) -> None:
    first = await take(export(False))
    again = await take(export(False))
    assert (len(first.imported), again.imported, again.skipped) == (1, (), 1)
    grown = await take(export(True))
    assert (grown.imported, grown.grown, grown.skipped) == ((), first.imported, 0)
    assert grown.in_words() == "0 conversations imported, 1 continued."
    _, messages, shown = await only(store)
    assert shown == ["Start", "Begun", "More", "Yes"]
    assert len(messages) == 4
    # An older export adds nothing either.
    assert (await take(export(False))).skipped == (await take(export(True))).skipped == 1


def oterm_tables(path: Path) -> sqlite3.Connection:
    """Make the tables of oterm before 0.15, with the columns that its upgrades had added by then."""
    connection = sqlite3.connect(path)
    connection.executescript(
        """
        CREATE TABLE "chat" ("id" INTEGER, "name" TEXT, "model" TEXT NOT NULL, "system" TEXT, "format" TEXT,
          "parameters" TEXT DEFAULT "{}", "keep_alive" INTEGER DEFAULT 5, "tools" TEXT DEFAULT "[]",
          "thinking" BOOLEAN DEFAULT 0, PRIMARY KEY("id" AUTOINCREMENT));
        CREATE TABLE "message" ("id" INTEGER, "chat_id" INTEGER NOT NULL, "author" TEXT NOT NULL,
          "text" TEXT NOT NULL, "images" TEXT DEFAULT "[]", PRIMARY KEY("id" AUTOINCREMENT),
          FOREIGN KEY("chat_id") REFERENCES "chat"("id") ON DELETE CASCADE);
        """
    )
    return connection


async def test_an_older_oterm(store: SqliteConversationStore, take: Take, tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(oterm_tables(path)) as connection, connection:
        connection.execute(
            "INSERT INTO chat (name, model, format, parameters, keep_alive, thinking) VALUES"
            " ('chat #1', 'llama3.2:latest', 'json', '{\"num_predict\": 7, \"num_ctx\": 8192}', 30, 1)"
        )
        connection.execute("INSERT INTO message (chat_id, author, text) VALUES (1, 'user', 'Hello')")
    await take(path)
    conversation, messages, _ = await only(store)
    assert (conversation.answer_format, conversation.keep_alive, conversation.think) == ("json", "30m", "on")
    assert (conversation.options.num_predict, conversation.options.num_ctx) == (7, 8192)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO message (chat_id, author, text) VALUES (1, 'assistant', 'Hi')")
    assert len((await take(path)).grown) == 1
    _, messages, shown = await only(store)
    assert (shown, messages[1].role) == (["Hello", "Hi"], Role.ASSISTANT)


async def test_an_archived_chat_of_elia_with_two_answers(
    store: SqliteConversationStore, take: Take, tmp_path: Path
) -> None:
    path = tmp_path / "elia.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(
            """
            CREATE TABLE system_prompt (id INTEGER NOT NULL PRIMARY KEY, title VARCHAR NOT NULL,
              prompt VARCHAR NOT NULL, created_at DATETIME DEFAULT (CURRENT_TIMESTAMP));
            CREATE TABLE chat (model VARCHAR NOT NULL, id INTEGER NOT NULL PRIMARY KEY, title VARCHAR,
              started_at DATETIME DEFAULT (CURRENT_TIMESTAMP), archived BOOLEAN NOT NULL);
            CREATE TABLE message (meta JSON, id INTEGER NOT NULL PRIMARY KEY, chat_id INTEGER,
              role VARCHAR NOT NULL, content VARCHAR NOT NULL,
              timestamp DATETIME DEFAULT (CURRENT_TIMESTAMP), parent_id INTEGER, model VARCHAR);
            INSERT INTO chat VALUES ('ollama/llama3', 1, 'Trees', '2024-05-01 10:00:00', 1);
            INSERT INTO message VALUES
              ('{}', 1, 1, 'user', 'Name a tree', '2024-05-01 10:00:01', NULL, 'ollama/llama3'),
              ('{}', 2, 1, 'assistant', 'Oak', '2024-05-01 10:00:02', 1, 'ollama/llama3'),
              ('{}', 3, 1, 'assistant', 'Ash', '2024-05-01 10:00:03', 1, 'ollama/llama3');
            """
        )
    await take(path)
    conversation, messages, shown = await only(store)
    assert (conversation.title, conversation.tags, shown) == ("Trees", ("archived",), ["Name a tree", "Ash"])
    assert {message.parent_id for message in messages[1:]} == {messages[0].id}
