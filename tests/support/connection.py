"""HTTP as a server speaks it, without a framework."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus

from tests.support.script import Request

Handler = Callable[[Request, "Connection"], Awaitable[bool]]
"""Answers a request; returns whether the connection stays open."""


_TLS_HELLO = b"\x16\x03"


class Connection(asyncio.Protocol):
    """One connection: requests in, answers out, and notice when the client goes."""

    def __init__(self, handle: Handler, open_connections: "set[Connection]") -> None:
        self._handle = handle
        self._open = open_connections
        self._buffer = bytearray()
        self._more = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._open.add(self)
        self._task = asyncio.get_running_loop().create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._more.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    async def drain(self) -> None:
        """Let other connections run, and wait while the client reads too slowly."""
        await asyncio.sleep(0)
        await self._writable.wait()

    async def _serve(self) -> None:
        while (request := await self._read()) is not None:
            completed = False
            try:
                stays = await self._handle(request, self)
                completed = True
            finally:
                request.end(completed=completed)
            if not stays or request.headers.get("connection", "").lower() == "close":
                break
        if self._transport is not None:
            self._transport.close()

    async def _read(self) -> Request | None:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if self._buffer.startswith(_TLS_HELLO):
                self.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
                return None
            await self._wait()
        first, *rest = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in rest)}
        length = int(headers.get("content-length", "0"))
        while len(self._buffer) < end + 4 + length:
            await self._wait()
        body = bytes(self._buffer[end + 4 : end + 4 + length])
        del self._buffer[: end + 4 + length]
        method, _, target = first.partition(" ")
        return Request(method, target.partition(" ")[0], headers, body)

    async def _wait(self) -> None:
        self._more.clear()
        await self._more.wait()


def head(status: int, headers: Sequence[tuple[str, str]]) -> bytes:
    date = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Date: {date}"]
    return "\r\n".join([*lines, *(f"{key}: {value}" for key, value in headers)]).encode() + b"\r\n\r\n"


def send(
    connection: Connection,
    status: int,
    body: bytes,
    content_type: str = "application/json; charset=utf-8",
    extra: Sequence[tuple[str, str]] = (),
    *,
    head_only: bool = False,
) -> None:
    headers = [("Content-Type", content_type), ("Content-Length", str(len(body))), *extra]
    connection.write(head(status, headers) + (b"" if head_only else body))
