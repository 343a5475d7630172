"""A scripted server and a backend that talks to it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.scripted_server import ScriptedServer
from tui.backends.ollama import OllamaBackend


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
async def backend(server: ScriptedServer) -> AsyncIterator[OllamaBackend]:
    made = OllamaBackend(server.url)
    yield made
    await made.aclose()
