"""What a model is told of files."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.builders import a_conversation, a_message
from tests.support.files import png
from tui.services.attachments.service import AttachmentService, FromBytes
from tui.services.told import Teller
from tui.settings.schema import AttachmentSettings
from tui.storage.conversations import SqliteConversationStore


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteConversationStore]:
    opened = await SqliteConversationStore.open(tmp_path / "data" / "conversations.db")
    yield opened
    await opened.aclose()


async def test_pictures_are_told_as_bytes_and_texts_are_quoted(store: SqliteConversationStore) -> None:
    service = AttachmentService(store, AttachmentSettings())
    picture = await service.ingest(FromBytes(png(), "a.png"))
    text = await service.ingest(FromBytes(b"x = 1\n", "a.py"))
    message = replace(a_message(a_conversation(), "What is it?"), attachments=(picture, text))
    told = await Teller(store).told(message)
    assert told.images == (png(),)
    assert told.content == "a.py:\n```python\nx = 1\n```\n\nWhat is it?"
    wordless = await Teller(store).told(replace(message, content=""))
    assert wordless.content == "a.py:\n```python\nx = 1\n```"


async def test_a_model_that_does_not_see_is_told_so(store: SqliteConversationStore) -> None:
    picture = await AttachmentService(store, AttachmentSettings()).ingest(FromBytes(png(), "a.png"))
    message = replace(a_message(a_conversation(), "What is it?"), attachments=(picture,))
    told = await Teller(store, sees=lambda model, _: model != "blind").told(message, "blind")
    assert told.images == ()
    assert told.content == "[A picture that you cannot see: a.png]\n\nWhat is it?"
    seen = await Teller(store, sees=lambda model, _: model != "blind").told(message, "other")
    assert seen.images == (png(),)
