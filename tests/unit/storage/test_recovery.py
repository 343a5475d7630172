# ruff: noqa: ASYNC220 - the loop of a test may wait for a process

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.builders import a_conversation, a_queued_message, an_answer
from tui.domain.conversation import MessageStatus
from tui.domain.errors import StoreUnavailable
from tui.storage.conversations import SqliteConversationStore

VICTIM = """
import asyncio, sys
from pathlib import Path
from tests.support.builders import a_conversation, a_queued_message, an_answer, an_exchange
from tui.domain.conversation import MessageStatus
from tui.storage.conversations import SqliteConversationStore

async def main():
    store = await SqliteConversationStore.open(Path(sys.argv[1]))
    conversation = a_conversation("cut")
    await store.create(conversation)
    await store.add_messages(an_exchange(conversation))
    answer = an_answer(conversation, "", status=MessageStatus.STREAMING)
    await store.add_messages([answer])
    await store.save_draft(conversation.id, "half a thought")
    await store.enqueue(a_queued_message(conversation, "first"))
    await store.enqueue(a_queued_message(conversation, "second"))
    await store.checkpoint(answer.id, "partial needle", "some thinking")
    print(conversation.id, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_killed_process_loses_nothing_and_a_living_one_is_left_alone(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", VICTIM, str(path)], stdout=subprocess.PIPE, text=True
    ) as victim:
        assert victim.stdout is not None
        identity = victim.stdout.readline().strip()
        store = await SqliteConversationStore.open(path)
        (conversation,) = await store.find(identity)
        before = await store.messages(conversation)
        assert await store.recover() == 0
        assert await store.messages(conversation) == before
        assert len(await store.queued(conversation)) == 2
        victim.kill()
    assert await store.recover() == 1
    (*exchange, cut) = await store.messages(conversation)
    assert [message.status for message in exchange] == [MessageStatus.COMPLETE] * 2
    assert (cut.status, cut.content, cut.thinking) == (
        MessageStatus.INTERRUPTED,
        "partial needle",
        "some thinking",
    )
    assert await store.queued(conversation) == ()
    assert await store.draft(conversation) == "half a thought\n\nfirst\n\nsecond"
    assert [hit.message_id for hit in (await store.search("needle")).hits] == [cut.id]
    assert len(list((path.parent / "instances").iterdir())) == 1
    assert await store.recover() == 0
    await store.reopen(cut.id)
    assert await store.recover() == 0
    await store.aclose()


async def test_what_a_process_left_behind_when_it_closed(path: Path) -> None:
    store = await SqliteConversationStore.open(path, path.parent / "locks")
    conversation = a_conversation()
    await store.create(conversation)
    await store.add_messages([an_answer(conversation, "so far", status=MessageStatus.STREAMING)])
    await store.enqueue(a_queued_message(conversation, "queued"))
    assert await store.recover() == 0
    await store.aclose()
    assert list((path.parent / "locks").iterdir()) == []
    store = await SqliteConversationStore.open(path, path.parent / "locks")
    assert await store.recover() == 1
    assert await store.draft(conversation.id) == "queued"
    await store.aclose()


async def test_locks_that_cannot_be_made_close_the_database(path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match="file"):
        await SqliteConversationStore.open(path, tmp_path / "file")
    assert [file.name for file in path.parent.iterdir()] == [path.name]


async def test_a_file_system_without_locks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bool:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("tui.storage.instances._try_lock", refuse)
    with pytest.raises(StoreUnavailable, match="No locks available"):
        await SqliteConversationStore.open(path)
    assert list((path.parent / "instances").iterdir()) == []
