"""Models of the real engine, through the services that the screens use."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.live.conftest import MODEL, Engine
from tui.backends.connect import connect_ollama
from tui.domain.errors import CapabilityMissing
from tui.domain.model import find_model, find_running
from tui.domain.ports import ChatBackend
from tui.domain.thinking import thinking_choices
from tui.services.events import EventBus
from tui.services.library import LibraryService
from tui.services.models import ModelService

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def backend(engine: Engine) -> AsyncIterator[ChatBackend]:
    made = await connect_ollama(engine.handle.url, headers=engine.handle.headers, embedded=True)
    yield made
    await made.aclose()


def _services(backend: ChatBackend) -> tuple[ModelService, LibraryService]:
    async def connected() -> ChatBackend:
        return backend

    models = ModelService(backend=connected, connected=lambda: True, bus=EventBus())
    return models, LibraryService(connected, models)


async def test_a_model_is_loaded_looked_into_and_unloaded(backend: ChatBackend) -> None:
    models, library = _services(backend)
    await models.refresh()
    model = find_model(MODEL, models.models)
    assert model is not None
    assert thinking_choices(model) == ()
    details = await library.details(model)
    assert details.context_length == model.context_length
    await library.load(MODEL)
    assert find_running(MODEL, models.running) is not None
    await library.load(MODEL, num_ctx=1024)
    warmed = find_running(MODEL, models.running)
    assert warmed is not None and warmed.context_length == 1024
    await library.extend(MODEL)
    kept = find_running(MODEL, models.running)
    assert kept is not None and kept.context_length == 1024, "it was not loaded anew"
    assert kept.expires_at is not None and warmed.expires_at is not None
    assert kept.expires_at > warmed.expires_at
    await library.unload(MODEL)
    assert find_running(MODEL, models.running) is None


async def test_what_it_cannot_do_is_said(backend: ChatBackend) -> None:
    _, library = _services(backend)
    with pytest.raises(CapabilityMissing, match="embedded engine"):
        await library.delete("gone:1b")
    with pytest.raises(CapabilityMissing, match="embedded engine"):
        async for _ in backend.pull("gemma3:4b"):
            pass
