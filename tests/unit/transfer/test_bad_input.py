"""Files that are not what they should be: a clear message with the place, and nothing half imported."""

import io
import json
import os
import tracemalloc
import zipfile
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest

from tests.support.builders import NOW, a_conversation, an_exchange
from tests.unit.transfer.conftest import DATA, Take, names_in
from tui.domain.whole import WholeConversation
from tui.services.transfer import archives, ours
from tui.services.transfer.elements import Elements
from tui.services.transfer.importing import ImportService
from tui.storage.conversations import SqliteConversationStore

GOOD = json.loads((DATA / "open-webui.json").read_text("utf-8"))[1]
CHATGPT = json.loads((DATA / "chatgpt.json").read_text("utf-8"))


def own_document() -> dict[str, object]:
    conversation = a_conversation("Mine")
    text = (
        ours.head(NOW) + ours.body(WholeConversation(conversation, an_exchange(conversation))) + ours.foot()
    )
    document = json.loads(text)
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (b" \n ", "it is empty"),
        (b"hello", "it does not begin like JSON (byte 0, line 1)"),
        (b"\xff\xfe[\x00", "it is not UTF-8 text near byte 0"),
        (b'["a\xff"]', "it is not UTF-8 text near byte 3"),
        (b'{"title": "x"', "a comma or } is missing (byte 13, line 1)"),
        (b'[\n{"a": 1,}]', "it is not JSON: expecting property name enclosed in double quotes"),
        (b"[" * 100_000, "it is nested too deeply (byte 1, line 1)"),
        (b"[" * 5 + b"]" * 5 + b"]", "something follows the end of the JSON (byte 10, line 1)"),
        (b"PK\x03\x04 and rubbish", "the archive is damaged: File is not a zip file"),
        (b"SQLite format 3\0 and rubbish", "the database cannot be read: file is not a database"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_what_is_no_export_is_said_with_the_place(take: Take, data: bytes, reason: str) -> None:
    summary = await take(data)
    assert summary.imported == ()
    failure = summary.failures[-1]
    assert failure.place.startswith("given.json")
    assert reason in failure.reason
    assert "\x00" not in failure.reason


async def test_what_comes_before_the_damage_is_imported(take: Take) -> None:
    text = json.dumps([GOOD, CHATGPT[0], CHATGPT[1]], indent=1)
    cut = text.index("Salut")
    summary = await take(text[:cut].encode())
    assert len(summary.imported) == 2
    (failure,) = summary.failures
    line = text[: text.index("{", text.index('"a3"\n'))].count("\n")
    assert "the file ends in the middle of what begins here (byte " in failure.reason
    assert failure.reason.endswith(")") and f"line {line}" <= failure.reason


def without_parent(nodes: dict[str, dict[str, object]]) -> None:
    nodes["u2"]["parent"] = "gone"


def in_a_circle(nodes: dict[str, dict[str, object]]) -> None:
    nodes["u1"]["parent"] = "a3"


def of_wrong_type(nodes: dict[str, dict[str, object]]) -> None:
    nodes["u2"] = ["surprise"]  # type: ignore[assignment]


def all_empty(nodes: dict[str, dict[str, object]]) -> None:
    for node in nodes.values():
        node["message"] = None


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (without_parent, "the message “u2” follows “gone”, which is not there"),
        (in_a_circle, "follows itself in a circle"),
        (of_wrong_type, "the node “u2” is no object"),
        (all_empty, "there is no message in it"),
    ],
)
async def test_a_spoilt_tree_fails_alone(
    store: SqliteConversationStore,
    take: Take,
    spoil: Callable[[dict[str, dict[str, object]]], None],
    reason: str,
) -> None:
    spoilt = deepcopy(CHATGPT[0])
    spoil(spoilt["mapping"])
    summary = await take(json.dumps([spoilt, CHATGPT[1]]).encode())
    assert len(summary.imported) == 1
    assert await store.conversation_ids() == summary.imported
    (failure,) = summary.failures
    assert failure.place == "given.json, conversation 1 “Capital of France” (byte 1, line 1)"
    assert reason in failure.reason


@pytest.mark.parametrize(
    "value", [None, 1, "text", [], {}, {"title": "Mystery"}, {"mapping": {}}, {"chat": {}}]
)
async def test_what_is_no_conversation_is_said(take: Take, value: object) -> None:
    summary = await take(json.dumps([value, GOOD]).encode())
    assert (len(summary.imported), summary.failed) == (1, 1)
    assert "conversation 1" in summary.failures[0].place


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "1e999", "9" * 5000, "-1", "true", '"soon"', "[[[]]]"])
async def test_absurd_values_do_no_harm(store: SqliteConversationStore, take: Take, value: str) -> None:
    text = json.dumps([CHATGPT[0]]).replace("1712000001.5", value).replace("1712000000.5", value)
    summary = await take(text.encode())
    conversation = await store.conversation(summary.imported[0])
    assert conversation is not None
    assert 0 < conversation.created_at <= NOW


async def test_escape_sequences_are_data(store: SqliteConversationStore, take: Take) -> None:
    attack = "\x1b]0;PWNED\x07\x9b31m\u202e"
    hostile = deepcopy(GOOD) | {"title": attack}
    hostile["history"]["messages"]["1"]["content"] = attack
    summary = await take(json.dumps([hostile, attack, {"title": attack}]).encode())
    messages = await store.messages(summary.imported[0])
    assert messages[0].content == attack
    conversation = await store.conversation(summary.imported[0])
    assert conversation is not None and conversation.title.isprintable()
    for failure in summary.failures:
        assert (failure.place + failure.reason).isprintable()


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("id", "../../etc/passwd", "the conversation's id is not 32 hexadecimal digits"),
        ("id", 7, "the conversation: id is a number, not a text"),
        ("title", None, "the conversation: title is null, not a text"),
        ("created_at", "today", "the conversation: created_at is “today”, not a number"),
        ("created_at", 1e18, "the conversation has a time that no calendar has"),
        ("updated_at", -1, "the conversation has a time that no calendar has"),
        ("pinned", 1, "the conversation: pinned is a number, not true or false"),
        ("think", "very", "the conversation: think is “very”, not one of off, on, minimal, low"),
        ("options", {"top_k": 2**70}, "the conversation: options: top_k is a number, not a whole number"),
        ("options", {"stop": "x"}, "the conversation: options: stop is “x”, not an array"),
        ("active_leaf", "0" * 32, "the end of the branch that is shown is not there"),
        ("colour", "red", "the conversation has a field “colour”, which is not known"),
    ],
)
async def test_our_own_documents_are_checked(take: Take, field: str, value: object, reason: str) -> None:
    document = own_document()
    document["conversations"][0]["conversation"][field] = value  # type: ignore[index]
    (failure,) = (await take(json.dumps(document).encode())).failures
    assert reason in failure.reason


def twice(element: dict[str, list[dict[str, object]]]) -> None:
    element["messages"][1]["id"] = element["messages"][0]["id"]


def orphan(element: dict[str, list[dict[str, object]]]) -> None:
    element["messages"][0]["parent_id"] = "f" * 32


def circle(element: dict[str, list[dict[str, object]]]) -> None:
    element["messages"][0]["parent_id"] = element["messages"][1]["id"]


def no_bytes(element: dict[str, list[dict[str, object]]]) -> None:
    picture = {"digest": "0" * 64, "name": "x", "media_type": "image/png", "size": 3}
    element["messages"][0]["attachments"] = [picture]


def forged(element: dict[str, list[dict[str, object]]]) -> None:
    element["attachments"] = {"0" * 64: "AAAA"}  # type: ignore[assignment]


def bad_role(element: dict[str, list[dict[str, object]]]) -> None:
    element["messages"][1]["role"] = "emperor"


def nameless(element: dict[str, list[dict[str, object]]]) -> None:
    del element["messages"][1]["role"]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (twice, "message 2: another message has its id"),
        (orphan, "which is not there"),
        (circle, "follows itself in a circle"),
        (no_bytes, "message 1: the bytes of an attachment are not there"),
        (forged, "is damaged: its digest differs"),
        (bad_role, "message 2: role is “emperor”, not one of system, user"),
        (nameless, "message 2 has no role"),
    ],
)
async def test_contradictions_in_our_own_documents(
    store: SqliteConversationStore,
    take: Take,
    spoil: Callable[[dict[str, list[dict[str, object]]]], None],
    reason: str,
) -> None:
    document = own_document()
    spoil(document["conversations"][0])  # type: ignore[index]
    (failure,) = (await take(json.dumps(document).encode())).failures
    assert reason in failure.reason
    assert "conversation 1 “Mine”" in failure.place
    assert await store.conversation_ids() == ()


@pytest.mark.parametrize("version", [2, "1.0", None])
async def test_a_document_of_another_version_is_refused(take: Take, version: object) -> None:
    summary = await take(json.dumps(own_document() | {"version": version}).encode())
    assert summary.imported == ()
    assert "version" in summary.failures[0].reason


async def test_a_message_that_is_stored_elsewhere_fails_its_conversation(
    store: SqliteConversationStore, take: Take
) -> None:
    document = own_document()
    await take(json.dumps(document).encode())
    document["conversations"][0]["conversation"]["id"] = "a" * 32  # type: ignore[index]
    summary = await take(json.dumps(document).encode())
    assert "stored in another conversation already" in summary.failures[0].reason
    assert len(await store.conversation_ids()) == 1


async def test_files_that_are_none(take: Take, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").mkdir()
    reasons = []
    for name in ("pipe", "empty", "nowhere"):
        (failure,) = (await take(tmp_path / name)).failures
        reasons.append(failure.reason)
    assert reasons == [
        "it is not a file",
        "there is no file of conversations in the folder",
        "it cannot be read: No such file or directory",
    ]


async def test_an_archive_may_not_unpack_to_anything(
    take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "_HARMLESS", 1000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("conversations.json", b"[" + b" " * 50_000_000 + b"]")
    summary = await take(tmp_path / "bomb.zip")
    assert "it unpacks to more than" in summary.failures[0].reason


async def test_nothing_in_an_archive_is_followed(
    store: SqliteConversationStore, take: Take, tmp_path: Path
) -> None:
    target = tmp_path / "outside.json"
    target.write_bytes((DATA / "chatgpt.json").read_bytes())
    with zipfile.ZipFile(tmp_path / "links.zip", "w") as archive:
        link = zipfile.ZipInfo("conversations.json")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, str(target))
        archive.writestr("../../conversations-001.json", json.dumps([GOOD]))
    summary = await take(tmp_path / "links.zip")
    assert [failure.reason for failure in summary.failures] == [
        "it does not begin like JSON (byte 0, line 1)"
    ]
    assert len(summary.imported) == 1
    assert names_in(tmp_path) == ["data", "links.zip", "outside.json"]


async def test_an_archive_without_conversations(take: Take, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    (failure,) = (await take(tmp_path / "other.zip")).failures
    assert failure.reason == "there is no conversations.json in the archive"


async def test_a_foreign_database_is_refused(
    store: SqliteConversationStore, take: Take, tmp_path: Path
) -> None:
    (failure,) = (await take(tmp_path / "data" / "conversations.db")).failures
    assert "it is a store of ollama-tui" in failure.reason


async def test_an_import_can_be_stopped(imports: ImportService, tmp_path: Path) -> None:
    file = tmp_path / "many.json"
    file.write_text(json.dumps([GOOD | {"title": f"Chat {number}"} for number in range(50)]), "utf-8")
    run = imports.begin(lambda progress: run.stop() if progress.fraction is not None else None)
    summary = await run.run([file, file])
    assert summary.stopped
    assert len(summary.imported) < 50
    assert summary.in_words().endswith("then stopped.")


class Endless(io.RawIOBase):
    """A file that is made while it is read: as long as it has to be, and never in memory."""

    def __init__(self, element: bytes, number: int) -> None:
        self._parts = (element + (b"," if place < number - 1 else b"]") for place in range(number))
        self._held = b"["

    def read(self, size: int = -1, /) -> bytes:
        pieces = [self._held]
        length = len(self._held)
        for part in self._parts:
            pieces.append(part)
            length += len(part)
            if length >= size:
                break
        data = b"".join(pieces)
        self._held = data[size:]
        return data[:size]


def test_memory_follows_one_conversation_not_the_file() -> None:
    element = json.dumps({"mapping": {str(n): {"text": "word " * 200} for n in range(100)}}).encode()
    number = 60_000_000 // len(element)
    tracemalloc.start()
    try:
        found = sum(1 for _ in Elements(Endless(element, number)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == number
    assert peak < 8_000_000


@pytest.mark.parametrize("chunk", [1, 2, 7, 64])
def test_pieces_of_any_size_make_the_same_elements(chunk: int) -> None:
    document = json.dumps([{"a": 'é\\"]'}, -1.5e10, True, None, "ü", [[]], 12, {}], ensure_ascii=False)
    whole = list(Elements(io.BytesIO(document.encode())))
    pieces = list(Elements(io.BytesIO(document.encode()), chunk=chunk))
    assert [element.value for element in whole] == json.loads(document)
    assert pieces == whole


def test_one_conversation_has_a_limit() -> None:
    with pytest.raises(Exception, match=r"it is longer than 1,000 characters \(byte 1, line 1\)"):
        list(Elements(io.BytesIO(b'["' + b"x" * 100_000), chunk=100, largest=1000))


@pytest.mark.parametrize("form", ["[{good}, {bad}]", "{good}\n{bad}"])
async def test_a_message_that_another_of_its_id_would_replace_is_not_lost_silently(
    store: SqliteConversationStore, take: Take, form: str
) -> None:
    good = json.dumps(CHATGPT[0])
    chat = deepcopy(CHATGPT[0])
    chat["id"] = chat["conversation_id"] = "another"
    nodes = chat["mapping"]
    key = next(iter(nodes))
    bad = json.dumps(chat).replace('"mapping": {', f'"mapping": {{{json.dumps(key)}: {{}}, ', 1)
    summary = await take(form.replace("{good}", good).replace("{bad}", bad).encode())
    assert (len(summary.imported), summary.failed) == (1, 1)
    assert summary.failures[0].reason == f"“{key}” is there twice in one object"
    assert "conversation 2" in summary.failures[0].place
