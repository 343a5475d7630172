"""One real engine with its real model for all live tests."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.support.engine_client import Client
from tui.services.engine import EngineHandle, EngineSupervisor

MODEL = "gemma3:270m"


@dataclass
class Engine:
    handle: EngineHandle
    client: Client


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engine]:
    directory = tmp_path_factory.mktemp("engine")
    supervisor = EngineSupervisor(directory / "engine.log")
    handle = await supervisor.start()
    client = Client(int(handle.url.rsplit(":", 1)[1]), handle.headers)
    try:
        yield Engine(handle, client)
    finally:
        await asyncio.shield(supervisor.aclose())
