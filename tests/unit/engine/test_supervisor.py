"""The supervisor, with small scripts in the engine's place."""

import asyncio
import sys
from pathlib import Path

import pytest

from tui.domain.errors import EngineFailed
from tui.services.engine import DESCRIPTION, EngineHandle, EngineSupervisor

ENGINE = """
import http.server, json, sys, threading
token = sys.stdin.readline().strip()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/die":
            import os; os._exit(3)
        body = b'{"version":"1"}'
        self.send_response(200 if self.headers["Authorization"] == "Bearer " + token else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    protocol_version = "HTTP/1.1"
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(json.dumps({"port": server.server_port}), flush=True)
server.serve_forever()
"""


def supervisor(
    tmp_path: Path, script: str, outcomes: asyncio.Queue[object] | None = None
) -> EngineSupervisor:
    tell = outcomes.put_nowait if outcomes is not None else None
    return EngineSupervisor(tmp_path / "log", on_died=tell, command=(sys.executable, "-c", script))


async def test_starts_once_and_ends(tmp_path: Path) -> None:
    engine = supervisor(tmp_path, ENGINE)
    handle = await engine.start()
    assert await engine.start() is handle
    assert handle.description == DESCRIPTION
    token = handle.headers["Authorization"].removeprefix("Bearer ")
    assert token not in repr(handle)
    await engine.aclose()
    port = int(handle.url.rsplit(":", 1)[1])
    with pytest.raises(ConnectionError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_dead_engine_is_replaced(tmp_path: Path) -> None:
    outcomes: asyncio.Queue[object] = asyncio.Queue()
    engine = supervisor(tmp_path, ENGINE, outcomes)
    first = await engine.start()
    _, writer = await asyncio.open_connection("127.0.0.1", int(first.url.rsplit(":", 1)[1]))
    writer.write(b"GET /die HTTP/1.1\r\n\r\n")
    async with asyncio.timeout(20):
        second = await outcomes.get()
    writer.close()
    assert isinstance(second, EngineHandle)
    assert second.headers != first.headers
    assert await engine.start() is second
    await engine.aclose()


@pytest.mark.parametrize(
    "script",
    [
        "import sys; sys.exit('no such model')",
        "print('[]')",
        "import sys; print('{}'); sys.exit('no such model')",
    ],
)
async def test_what_cannot_start_says_why(tmp_path: Path, script: str) -> None:
    engine = supervisor(tmp_path, script)
    with pytest.raises(EngineFailed) as caught:
        await engine.start()
    assert str(tmp_path / "log") in caught.value.hint
    await engine.aclose()


async def test_a_bad_file_is_told_in_the_hint(tmp_path: Path) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(b"no model at all, but long enough to be one")
    engine = EngineSupervisor(tmp_path / "log", gguf=[path])
    with pytest.raises(EngineFailed) as caught:
        await engine.start()
    assert "not a GGUF file" in caught.value.hint
