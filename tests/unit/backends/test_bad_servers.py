"""Every call against every bad server, through a real socket: each time a person is told what to do."""

import gzip
import json
import socket
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import pytest

from tests.support.recordings import names, recording
from tests.support.scripted_server import Reply, ScriptedServer
from tui.backends.ollama import OllamaBackend
from tui.domain.errors import (
    NotAnOllamaServer,
    ServerBusy,
    ServerFailed,
    ServerRefused,
    ServerUnreachable,
    TuiError,
)
from tui.domain.events import ServerCondition, ServerState
from tui.domain.generation import ChatMessage, ChatRequest
from tui.domain.pull import NewModel
from tui.widgets.header_bar import connection_label

SECRET = "s3cr3t-t0ken"
NESTED = json.dumps({"error": json.dumps({"error": {"message": "the card fell out", "code": 500}})})
BUSY = b'{"error":"server busy, please try again.  maximum pending requests exceeded"}'
HTML = b"<!DOCTYPE html><html><body>Router login \x1b]0;x\x07</body></html>"
LONG = b'{"status": "' + b"x" * 10_000_000 + b'"}\n'

BAD: dict[str, tuple[Reply, type[TuiError], str]] = {
    "html": (Reply(body=HTML, content_type="text/html"), NotAnOllamaServer, "web page"),
    "html, packed": (
        Reply(body=gzip.compress(HTML), headers=(("Content-Encoding", "gzip"),)),
        NotAnOllamaServer,
        "web page",
    ),
    "nothing": (Reply(body=b""), NotAnOllamaServer, ""),
    "nested": (Reply(status=500, body=NESTED.encode()), ServerFailed, "the card fell out"),
    "queue full": (
        Reply(status=503, body=BUSY),
        ServerBusy,
        "busy",
    ),
    "unauthorized": (Reply(status=401, body=b'{"error":"unauthorized"}'), ServerRefused, "unauthorized"),
    "forbidden": (Reply(status=403, body=b""), ServerRefused, "(403)"),
    "redirect": (
        Reply(status=307, body=b"", headers=(("Location", f"https://a:{SECRET}@login.example/?t={SECRET}"),)),
        NotAnOllamaServer,
        "https://login.example",
    ),
    "endless headers": (
        Reply(raw=b"HTTP/1.1 200 OK\r\n", raw_forever=b"X-More: on and on\r\n"),
        NotAnOllamaServer,
        "does not speak HTTP",
    ),
    "cut in the head": (Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Le"), TuiError, ""),
    "cut in the body": (
        Reply(raw=b'HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{"models": ['),
        TuiError,
        "",
    ),
    "ten megabytes": (Reply(body=LONG), TuiError, ""),
    "proxy": (Reply(status=502, body=b"<html>Bad Gateway</html>"), TuiError, "proxy"),
}


def _calls(backend: OllamaBackend) -> dict[str, Callable[[], Awaitable[object]]]:
    async def pulled() -> None:
        async with aclosing(backend.pull("tiny:1b")) as steps:
            async for _ in steps:
                pass

    async def created() -> None:
        async with aclosing(backend.create(NewModel("mine", "tiny:1b"))) as steps:
            async for _ in steps:
                pass

    async def answered() -> None:
        async with aclosing(backend.chat(ChatRequest("m", (ChatMessage("user", "hi"),)))) as deltas:
            async for _ in deltas:
                pass

    return {
        "/api/version": backend.version,
        "/api/tags": backend.models,
        "/api/ps": backend.running,
        "/api/show": lambda: backend.show("m"),
        "/api/pull": pulled,
        "/api/create": created,
        "/api/copy": lambda: backend.copy("m", "n"),
        "/api/delete": lambda: backend.delete("m"),
        "/api/chat": answered,
    }


@pytest.mark.parametrize("fault", BAD)
async def test_every_call_says_what_happened_and_what_to_do(fault: str, server: ScriptedServer) -> None:
    reply, kind, words = BAD[fault]
    backend = OllamaBackend(server.url, headers={"Authorization": f"Bearer {SECRET}"})
    calls = _calls(backend)
    # Copying and deleting say nothing but that they were done: nothing is what is right.
    silent = {"/api/copy", "/api/delete"} if fault == "nothing" else set()
    if fault == "ten megabytes":
        # Objects that say something else than was asked, whatever their size, are no failure of all calls.
        silent = {"/api/show", "/api/copy", "/api/delete", "/api/create", "/api/pull"}
    for path, call in calls.items():
        if path in silent:
            continue
        server.answer(path, reply)
        with pytest.raises(kind) as caught:
            await call()
        error = caught.value
        assert error.message and error.hint, path
        assert words in error.message, path
        assert len(error.message) <= 400 and "\n" not in error.message and "\x1b" not in error.message, path
        assert SECRET not in f"{error!r}{error.message}{error.hint}", path
    server.answer("/api/version", None)
    assert await backend.version() == server.version, "nothing is lost by it"
    await backend.aclose()


@pytest.mark.parametrize(
    ("fault", "label"),
    [
        ("html", "○ not Ollama"),
        ("unauthorized", "○ 401"),
        ("forbidden", "○ 403"),
        ("redirect", "○ redirect"),
        ("endless headers", "○ not Ollama"),
        ("queue full", "○ busy"),
        ("proxy", "○ 502"),
    ],
)
async def test_the_header_says_why(fault: str, label: str, server: ScriptedServer) -> None:
    server.answer("/api/version", BAD[fault][0])
    backend = OllamaBackend(server.url)
    with pytest.raises(TuiError) as caught:
        await backend.version()
    await backend.aclose()
    state = ServerState(ServerCondition.UNREACHABLE, "gpu:1", error=caught.value)
    shown, tooltip = connection_label(state)
    assert shown.plain == f"{label} gpu:1"
    assert connection_label(state, brief=True)[0].plain == label
    assert caught.value.hint in tooltip.plain


ASKED = {
    "/api/version",
    "/api/tags",
    "/api/ps",
    "/api/show",
    "/api/chat",
    "/api/pull",
    "/api/create",
    "/api/copy",
    "/api/delete",
}
"""Everything that this app asks of a server."""

REPLAYED = ("version", "tags", "ps_", "show", "chat_", "pull", "create", "copy", "delete", "unknown_path")
"""How the recordings are called that tests play: those of these calls, by their names."""


def test_every_recording_of_a_call_that_is_made_is_played() -> None:
    left = {name for name in names() if not name.startswith(REPLAYED)}
    assert {recording(name).path for name in left}.isdisjoint(ASKED)


@pytest.mark.parametrize("why", ["refused", "unknown host", "TLS", "no answer"])
async def test_the_header_says_why_there_is_no_connection(
    why: str, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.backends.ollama.CONNECT_SECONDS", 0.05 if why == "no answer" else 5.0)
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        port = full.getsockname()[1]
        if why == "no answer":
            # A queue of connections that nobody takes from: the next one waits.
            full.listen(0)
            for client in (first, second):
                client.setblocking(False)
                client.connect_ex(("127.0.0.1", port))
        host = {"TLS": f"https://127.0.0.1:{server.port}", "unknown host": "no-such-host.invalid"}
        backend = OllamaBackend(host.get(why, f"127.0.0.1:{port}"))
        with pytest.raises(ServerUnreachable) as caught:
            await backend.version()
        await backend.aclose()
    state = ServerState(ServerCondition.UNREACHABLE, "gpu:1", error=caught.value)
    assert connection_label(state)[0].plain == f"○ {why} gpu:1"
