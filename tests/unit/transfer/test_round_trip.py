"""What is exported as JSON comes back as it was, whatever it is."""

import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from hashlib import sha256
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.builders import (
    NOW,
    a_conversation,
    a_message,
    an_answer,
    an_attachment,
    an_exchange,
    take_in,
)
from tests.unit.transfer.conftest import StillClock
from tui.domain.conversation import (
    Attachment,
    ContextPolicy,
    Conversation,
    ConversationId,
    Message,
    MessageId,
    MessageStatus,
    Role,
    Summary,
)
from tui.domain.generation import Options, Stats, Think
from tui.domain.whole import WholeConversation
from tui.services.collection import CollectionService
from tui.services.events import EventBus
from tui.services.transfer import ours
from tui.services.transfer.export import ExportFormat, ExportService
from tui.services.transfer.importing import ImportService
from tui.services.undo import UndoService
from tui.storage.conversations import SqliteConversationStore

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
times = st.floats(0, 4e9, allow_nan=False).map(abs)
figures = st.none() | st.floats(0, 1e6, allow_nan=False).map(abs)
counts = st.none() | st.integers(0, 2**40)
ids = st.uuids().map(lambda identity: identity.hex)

stats = st.builds(Stats, counts, counts, figures, figures, figures, figures, figures, figures)
options = st.builds(
    Options, figures, figures, counts, figures, counts, counts, counts, figures, st.lists(texts).map(tuple)
)


@st.composite
def wholes(draw: st.DrawFn) -> tuple[Conversation, tuple[Message, ...], dict[str, bytes]]:
    conversation_id = ConversationId(draw(ids))
    data = {sha256(each).hexdigest(): each for each in draw(st.lists(st.binary(max_size=20), max_size=2))}
    messages: list[Message] = []
    for identity in draw(st.lists(ids, max_size=8, unique=True)):
        attached = [
            Attachment(digest, draw(texts), draw(texts), len(each), draw(counts), draw(counts))
            for digest, each in data.items()
            if draw(st.booleans())
        ]
        messages.append(
            Message(
                id=MessageId(identity),
                conversation_id=conversation_id,
                parent_id=draw(st.none() | st.sampled_from([m.id for m in messages])) if messages else None,
                role=draw(st.sampled_from(Role)),
                content=draw(texts),
                created_at=draw(times),
                status=draw(st.sampled_from([s for s in MessageStatus if s is not MessageStatus.STREAMING])),
                thinking=draw(texts),
                model=draw(texts),
                stop_reason=draw(texts),
                stats=draw(stats),
                error=draw(texts),
                hint=draw(texts),
                finished_at=draw(st.none() | times),
                tool_calls=draw(texts),
                tool_name=draw(texts),
                attachments=tuple(attached),
            )
        )
    conversation = Conversation(
        id=conversation_id,
        title=draw(texts),
        created_at=draw(times),
        updated_at=draw(times),
        model=draw(texts),
        system=draw(texts),
        options=draw(options),
        think=draw(st.none() | st.sampled_from(get_args(Think))),
        active_leaf=draw(st.none() | st.sampled_from([m.id for m in messages])) if messages else None,
        title_by_user=draw(st.booleans()),
        pinned=draw(st.booleans()),
        unread=draw(st.booleans()),
    )
    used = {attachment.digest for message in messages for attachment in message.attachments}
    return conversation, tuple(messages), {digest: each for digest, each in data.items() if digest in used}


async def exported(store: SqliteConversationStore, format: ExportFormat = ExportFormat.JSON) -> str:
    service = ExportService(store, StillClock())
    return "".join([piece async for piece in service.pieces(await service.all_ids(), format)])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(wholes(), max_size=3, unique_by=lambda whole: whole[0].id))
async def test_export_import_export_gives_the_same_document(
    given_wholes: list[tuple[Conversation, tuple[Message, ...], dict[str, bytes]]],
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        first = await SqliteConversationStore.open(Path(directory) / "1.db")
        second = await SqliteConversationStore.open(Path(directory) / "2.db", Path(directory) / "others")
        try:
            for conversation, messages, data in given_wholes:
                taken = {each.id for m in given_wholes if m[0] != conversation for each in m[1]}
                if not taken & {each.id for each in messages}:
                    assert await take_in(first, conversation, messages, data)
            before = await exported(first)
            file = Path(directory) / "export.json"
            file.write_text(before, "utf-8")
            summary = await ImportService(second, EventBus(), StillClock()).begin().run([file])
            assert summary.failures == ()
            assert await exported(second) == before
            for conversation_id in await first.conversation_ids():
                assert await second.conversation(conversation_id) == await first.conversation(conversation_id)
                assert await second.messages(conversation_id) == await first.messages(conversation_id)
            again = await ImportService(second, EventBus(), StillClock()).begin().run([file])
            assert (again.imported, again.skipped) == ((), len(summary.imported))
        finally:
            await first.aclose()
            await second.aclose()


async def test_every_field_is_in_the_document(store: SqliteConversationStore) -> None:
    conversation = replace(
        a_conversation(),
        system="s",
        options=Options(1.0, 1.0, 1, 1.0, 1, 1, 1, 1.0, ("x",)),
        think="low",
        title_by_user=True,
        pinned=True,
        unread=True,
        tags=("rust", "work"),
        server="box",
        policy=ContextPolicy.ASK,
        keep_alive="5m",
        answer_format="json",
    )
    asked, answer = an_exchange(conversation)
    picture = an_attachment()
    asked = replace(asked, attachments=(picture,))
    answer = replace(
        answer,
        status=MessageStatus.FAILED,
        pinned=True,
        thinking="t",
        stop_reason="r",
        stats=Stats(1, 1, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
        error="e",
        hint="h",
        finished_at=NOW,
        tool_calls="[]",
        tool_name="n",
    )
    conversation = replace(conversation, active_leaf=answer.id)
    await take_in(store, conversation, (asked, answer), {picture.digest: b"\x89PNG picture"})
    (element,) = json.loads(await exported(store))["conversations"]
    told = element["conversation"].keys()
    assert {field.name for field in fields(Conversation)} - told == {"trashed_at"}
    told = {name for message in element["messages"] for name in message}
    assert {field.name for field in fields(Message)} - told == {"conversation_id"}
    assert element["messages"][1]["stats"].keys() == {field.name for field in fields(Stats)}
    assert element["conversation"]["options"].keys() == {field.name for field in fields(Options)}


async def test_a_document_is_deterministic_and_harmless(store: SqliteConversationStore) -> None:
    conversation = a_conversation("\x7f\x9b31m\u202e \u2028 é \U000e0041")
    await take_in(store, conversation, (a_message(conversation, "\x1b]0;x\x07"),))
    document = await exported(store)
    assert document == await exported(store)
    assert document.replace("\n", "").isprintable()
    assert "é" in document
    assert json.loads(document)["conversations"][0]["conversation"]["title"] == conversation.title


async def test_an_answer_that_is_being_written_is_exported_as_far_as_it_got(
    store: SqliteConversationStore,
) -> None:
    conversation = a_conversation()
    asked = a_message(conversation)
    await store.create(conversation)
    await store.add_messages(
        (asked, an_answer(conversation, "half", parent=asked, status=MessageStatus.STREAMING))
    )
    (element,) = json.loads(await exported(store))["conversations"]
    assert [message.get("status") for message in element["messages"]] == [None, "interrupted"]


async def test_summaries_go_with_the_document_and_with_copies(tmp_path: Path) -> None:
    async with (
        opened(tmp_path / "a" / "conversations.db") as first,
        opened(tmp_path / "b" / "conversations.db") as second,
    ):
        conversation = a_conversation()
        asked, answer = an_exchange(conversation)
        await take_in(first, conversation, (asked, answer))
        note = Summary(
            "a" * 32, conversation.id, asked.id, "They ask of France.", NOW, "llama3", by_user=True
        )
        await first.save_summary(note)
        await first.save_summary(replace(note, id="b" * 32, upto=MessageId("c" * 32)))
        text = await exported(first)
        (tmp_path / "x.json").write_text(text, "utf-8")
        run = ImportService(second, EventBus(), StillClock()).begin()
        assert (await run.run([tmp_path / "x.json"])).imported == (conversation.id,)
        assert await second.summaries(conversation.id) == (note,)
        assert await exported(second) == text
        collection = CollectionService(first, EventBus(), StillClock(), UndoService())
        copy = await collection.duplicate(conversation.id)
        (copied,) = await first.summaries(copy)
        assert (copied.content, copied.by_user) == (note.content, True)
        assert copied.upto == (await first.messages(copy))[0].id
        short = await collection.branch_off(asked)
        assert len(await first.summaries(short)) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": "x"}, "hexadecimal"),
        ({"upto": "d" * 32}, "the last message that it stands for"),
        ({"created_at": 1e300}, "no calendar"),
        ({"content": 7}, "not a text"),
    ],
)
async def test_spoilt_summaries_are_refused(
    store: SqliteConversationStore, tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    conversation = a_conversation()
    asked, answer = an_exchange(conversation)
    whole = WholeConversation(
        conversation, (asked, answer), summaries=(Summary("a" * 32, conversation.id, asked.id, "x", NOW),)
    )
    document = json.loads(ours.head(NOW) + ours.body(whole) + ours.foot())
    document["conversations"][0]["summaries"][0].update(change)
    (tmp_path / "x.json").write_text(json.dumps(document), "utf-8")
    summary = await ImportService(store, EventBus(), StillClock()).begin().run([tmp_path / "x.json"])
    assert summary.imported == () and reason in summary.failures[0].reason


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[SqliteConversationStore]:
    store = await SqliteConversationStore.open(path)
    yield store
    await store.aclose()
