from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.support.builders import NOW
from tui.services.events import EventBus
from tui.services.transfer.export import ExportService
from tui.services.transfer.importing import ImportService, ImportSummary
from tui.storage.conversations import SqliteConversationStore

DATA = Path(__file__).parents[2] / "data" / "imports"

Take = Callable[..., Awaitable[ImportSummary]]


def names_in(folder: Path) -> list[str]:
    """Return the names in a folder, in order."""
    return sorted(path.name for path in folder.iterdir())


class StillClock:
    """A clock that stands still, and seconds that pass whenever they are looked at."""

    def __init__(self) -> None:
        self._looked = 0.0

    def now(self) -> float:
        return NOW

    def monotonic(self) -> float:
        self._looked += 1.0
        return self._looked


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteConversationStore]:
    opened = await SqliteConversationStore.open(tmp_path / "data" / "conversations.db")
    yield opened
    await opened.aclose()


@pytest.fixture
def exports(store: SqliteConversationStore) -> ExportService:
    return ExportService(store, StillClock())


@pytest.fixture
def imports(store: SqliteConversationStore) -> ImportService:
    return ImportService(store, EventBus(), StillClock())


@pytest.fixture
def take(imports: ImportService, tmp_path: Path) -> Take:
    """Return what imports a file, or bytes as a file of their own."""

    async def took(source: Path | bytes, name: str = "given.json") -> ImportSummary:
        if isinstance(source, bytes):
            (tmp_path / name).write_bytes(source)
            source = tmp_path / name
        return await imports.begin().run([source])

    return took
