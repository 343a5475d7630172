"""Servers that cannot be reached, and things that are no servers."""

import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.support.scripted_server import Reply, ScriptedServer
from tui.backends import failures
from tui.backends import ollama as backend_module
from tui.backends.connect import connect_ollama
from tui.backends.failures import Subject
from tui.backends.ollama import OllamaBackend
from tui.domain.errors import BadRequest, NotAnOllamaServer, ServerUnreachable, TuiError
from tui.domain.generation import ChatMessage, ChatRequest

REQUEST = ChatRequest("gemma3:270m", (ChatMessage("user", "hi"),))


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is taken and on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


async def _both(host: str, kind: type[TuiError], message: str) -> TuiError:
    """Check that a question and an answer fail alike; return how."""
    backend = OllamaBackend(host)
    with pytest.raises(kind, match=message):
        await backend.version()
    with pytest.raises(kind, match=message) as caught:
        _ = [delta async for delta in backend.chat(REQUEST)]
    await backend.aclose()
    return caught.value


async def test_nothing_listens(closed_port: int) -> None:
    error = await _both(f":{closed_port}", ServerUnreachable, f"Nothing listens at 127.0.0.1:{closed_port}")

    assert "ollama serve" in error.hint
    assert error.retryable


async def test_nothing_listens_for_the_engine(closed_port: int) -> None:
    backend = OllamaBackend(f":{closed_port}", embedded=True)
    with pytest.raises(ServerUnreachable, match="engine"):
        await backend.version()
    await backend.aclose()


async def test_no_such_host() -> None:
    error = await _both("http://no-such-host.invalid", ServerUnreachable, "no host of this name")

    assert "--host" in error.hint


async def test_no_answer_to_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend_module, "CONNECT_SECONDS", 0.05)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        await _both(f":{port}", ServerUnreachable, "does not answer: no connection")
        for client in waiting:
            client.close()


async def test_no_tls_where_it_is_expected(server: ScriptedServer) -> None:
    error = await _both(f"https://127.0.0.1:{server.port}", ServerUnreachable, "No secure connection")

    assert "http://" in error.hint


@pytest.mark.parametrize(
    ("raw", "forever"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", None),
        (b"HTTP/9.9 huh\r\n\r\n", None),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", None),
        (b"HTTP/1.1 200 OK\r\n", b"X-Header: on and on\r\n"),
        (b"", b"\x00"),
    ],
    ids=["ssh", "bad version", "bad header", "bad chunk", "endless headers", "zeroes"],
)
async def test_what_does_not_speak_http(server: ScriptedServer, raw: bytes, forever: bytes | None) -> None:
    for path in ("/api/version", "/api/chat"):
        server.answer(path, Reply(raw=raw, raw_forever=forever))

    error = await _both(server.url, NotAnOllamaServer, "does not speak HTTP")

    assert "--host" in error.hint


@pytest.mark.parametrize(
    "raw", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"], ids=["at once", "after the head"]
)
async def test_a_connection_closed_without_an_answer(server: ScriptedServer, raw: bytes) -> None:
    for path in ("/api/version", "/api/chat"):
        server.answer(path, Reply(raw=raw))

    await _both(server.url, ServerUnreachable, "closed the connection without an answer")


async def test_redirects_are_not_followed(server: ScriptedServer) -> None:
    with ScriptedServer() as other:
        for path in ("/api/version", "/api/chat"):
            server.answer(path, Reply(status=302, body=b"", headers=(("Location", other.url),)))

        await _both(server.url, NotAnOllamaServer, "points to another address: http://127.0.0.1")

        assert other.requests == []


async def test_proxies_do_not_see_loopback(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        backend = OllamaBackend(server.url)

        assert await backend.version() == server.version
        assert (await backend.models())[0].name == "gemma3:270m"

        assert proxy.requests == []
        assert len(server.requests) == 2
        await backend.aclose()


def _caused(error: httpx.HTTPError, cause: BaseException) -> httpx.HTTPError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (
            _caused(httpx.ConnectError("x"), OSError(113, "No route to host")),
            ServerUnreachable,
            "No route to host",
        ),
        (_caused(httpx.ConnectError("x"), ssl.SSLError(1, "odd")), ServerUnreachable, "No secure connection"),
        (
            _caused(httpx.ConnectError("x"), ExceptionGroup("many", [ConnectionRefusedError(111, "no")])),
            ServerUnreachable,
            "Nothing listens",
        ),
        (httpx.ReadError("secret"), ServerUnreachable, "broke"),
        (httpx.ReadTimeout("secret"), ServerUnreachable, "too long"),
        (httpx.LocalProtocolError("secret"), BadRequest, "as it is"),
        (OSError("secret"), ServerUnreachable, "broke"),
    ],
)
def test_broken_connections(error: Exception, kind: type[TuiError], message: str) -> None:
    told = failures.from_transport(error, Subject("box:1"))

    assert isinstance(told, kind)
    assert message in told.message
    assert told.hint
    assert "secret" not in told.message


async def test_a_server_that_comes_back(server: ScriptedServer) -> None:
    backend = OllamaBackend(server.url)
    await backend.version()
    server.stop()
    with pytest.raises(ServerUnreachable):
        await backend.version()
    server.start()

    assert await backend.version() == server.version
    await backend.aclose()


async def test_connecting_makes_a_backend(server: ScriptedServer) -> None:
    backend = await connect_ollama(server.url, headers={"X-Key": "k"}, embedded=True)

    assert await backend.version() == server.version
    assert server.requests[0].headers["x-key"] == "k"
    await backend.aclose()


def test_connecting_imports_the_client_late() -> None:
    code = "import sys, tui.backends.connect; print('ollama' in sys.modules, 'httpx' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.split() == ["False", "False"]
