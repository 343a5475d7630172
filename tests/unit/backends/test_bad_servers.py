"""Every call against every bad server, through a real socket: each time a person is told what to do."""

import asyncio
import gzip
import json
import socket
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import pytest

from tests.support.desk import happens
from tests.support.recordings import names, recording
from tests.support.scripted_server import Reply, ScriptedServer
from tests.unit.backends.test_chat import SUCCESSES
from tests.unit.backends.test_failures import RECORDED as FAILED
from tests.unit.backends.test_library import CHANGES, CREATIONS, PULLS
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

PLAYED = {
    "answers": {*SUCCESSES},
    "failures of answers and questions": {*FAILED},
    "pulls": {*PULLS},
    "models made": {*CREATIONS},
    "copies and deletions": {*CHANGES},
    "questions": {*names("version"), *names("tags"), *names("ps_"), *names("show")},
}
"""The recordings that tests play through a socket and look at, each by the test that is named so."""


def test_every_recording_of_a_call_that_is_made_is_played() -> None:
    left = set(names()).difference(*PLAYED.values())
    assert {recording(name).path for name in left}.isdisjoint(ASKED)
    assert left == {"root_get", "root_head", "status"}


async def test_proxies_that_pack_everything(server: ScriptedServer) -> None:
    bodies = {
        "/api/version": b'{"version":"0.1"}',
        "/api/tags": b'{"models":[{"name":"m"}]}',
        "/api/ps": b'{"models":[{"name":"m"}]}',
        "/api/show": b'{"template":"t"}',
        "/api/chat": b'{"message":{"content":"a"}}\n{"message":{"content":"b"},"done":true}\n',
        "/api/pull": b'{"status":"pulling"}\n{"status":"success"}\n',
        "/api/create": b'{"status":"success"}\n',
        "/api/copy": b"",
        "/api/delete": b"",
    }
    assert set(bodies) == ASKED
    backend = OllamaBackend(server.url)
    for path, call in _calls(backend).items():
        packed = gzip.compress(bodies[path])
        server.answer(path, Reply(body=packed, headers=(("Content-Encoding", "gzip"),)))
        await call()
    await backend.aclose()


@pytest.mark.parametrize("path", ["/api/chat", "/api/pull"])
async def test_a_proxy_that_holds_an_answer_back_until_it_is_whole(path: str, server: ScriptedServer) -> None:
    gate = server.gate()
    whole = {"/api/chat": recording("chat_stream").body, "/api/pull": recording("pull_nostream").body}
    server.answer(path, Reply(body=whole[path], hold=gate))
    backend = OllamaBackend(server.url)
    calls = _calls(backend)
    given_up = asyncio.ensure_future(calls[path]())
    await happens(lambda: any(each.path == path for each in server.requests))
    assert await backend.version() == server.version, "nothing else waits for it"
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    asked = next(each for each in server.requests if each.path == path)
    await asked.ended()
    assert asked.closed_by_client
    waiting = asyncio.ensure_future(calls[path]())
    gate.open()
    await waiting
    await backend.aclose()


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
