from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tui.storage.conversations import SqliteConversationStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "conversations.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteConversationStore]:
    opened = await SqliteConversationStore.open(path)
    yield opened
    await opened.aclose()
