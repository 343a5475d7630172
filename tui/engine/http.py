"""A small HTTP/1.1 server for one local client: strict with requests, quick to notice a hang-up."""

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

MAX_HEAD: Final = 32 * 1024
MAX_BODY: Final = 64 * 1024 * 1024
_MAX_CONNECTIONS: Final = 64
_IDLE_SECONDS: Final = 600.0
_BODY_SECONDS: Final = 60.0
_SEND_SECONDS: Final = 120.0
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class BadRequest(Exception):
    """What came is no request that can be answered; the connection is closed after saying so."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose head is well-formed."""

    method: str
    path: str
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes = b""
    keep_alive: bool = True


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: a body, or lines that are sent as they come."""

    status: int = 200
    body: bytes = b""
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    lines: AsyncGenerator[bytes, None] | None = None


Handler = Callable[[Request], Awaitable[Response]]
Guard = Callable[[Request], Response | None]


class Server:
    """Listens on the loopback address.

    Args:
        handler: Answers requests. It is cancelled when the client hangs up.
        guard: Refuses requests by their heads alone, before their bodies are read.
    """

    def __init__(self, handler: Handler, guard: Guard) -> None:
        self._handler = handler
        self._guard = guard
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, port: int) -> int:
        """Listen; return the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=MAX_HEAD)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def aclose(self) -> None:
        """Stop listening and cut every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= _MAX_CONNECTIONS:
            writer.transport.abort()
            return
        self._connections.add(task)
        try:
            await _Connection(reader, writer, self._handler, self._guard).run()
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError):
            writer.transport.abort()
        except asyncio.CancelledError:
            # The task belongs to asyncio's server, which would report the cancellation as a failure.
            writer.transport.abort()
        finally:
            self._connections.discard(task)
            writer.close()


class _Connection:
    """One client's connection: requests one after the other."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler, guard: Guard
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._handler = handler
        self._guard = guard
        self._ahead = b""

    async def run(self) -> None:
        """Answer requests until either side has had enough."""
        try:
            while await self._answer_one():
                pass
        except BadRequest as error:
            body = error.text.encode()
            await self._send(Response(error.status, body, "text/plain; charset=utf-8"), keep_alive=False)

    async def _answer_one(self) -> bool:
        """Read one request and answer it; tell whether another may follow."""
        head = await self._read_head()
        if not head:
            return False
        request = parse_head(head)
        refusal = self._guard(request)
        if refusal is not None:
            # The body stays unread, so the connection cannot be used again.
            await self._send(refusal, keep_alive=False)
            return False
        body = await self._read_body(request)
        request = Request(request.method, request.path, request.headers, body, request.keep_alive)
        if not await self._handle(request):
            return False
        return request.keep_alive

    async def _read_head(self) -> bytes:
        try:
            async with asyncio.timeout(_IDLE_SECONDS):
                head = self._ahead + await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError as error:
            raise BadRequest(431, "431 Request Header Fields Too Large") from error
        except asyncio.IncompleteReadError as error:
            if (self._ahead + error.partial).strip():
                raise BadRequest(400, "400 Bad Request") from error
            return b""
        self._ahead = b""
        return head

    async def _read_body(self, request: Request) -> bytes:
        if "transfer-encoding" in request.headers:
            raise BadRequest(501, "501 Unsupported transfer encoding")
        text = request.headers.get("content-length", "0")
        if not re.fullmatch(r"[0-9]{1,18}", text):
            raise BadRequest(400, "400 Bad Request: bad Content-Length")
        length = int(text)
        if length > MAX_BODY:
            raise BadRequest(413, "413 Request Entity Too Large")
        if request.headers.get("expect", "").lower() == "100-continue":
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        async with asyncio.timeout(_BODY_SECONDS):
            return await self._reader.readexactly(length)

    async def _handle(self, request: Request) -> bool:
        """Answer a request, but drop it when the client hangs up; tell whether it did not."""
        work = asyncio.create_task(self._respond(request), name="engine-request")
        watch = asyncio.create_task(self._reader.read(1), name="engine-hangup")
        try:
            await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
            if watch.done() and not watch.cancelled() and watch.exception() is None:
                self._ahead = watch.result()
                if self._ahead:
                    # The beginning of the next request: an impatient client, not one that left.
                    await work
            if not work.done():
                return False
            work.result()
            return True
        finally:
            for task in (work, watch):
                task.cancel()
            await asyncio.gather(work, watch, return_exceptions=True)
            if watch.done() and not watch.cancelled() and watch.exception() is None and not self._ahead:
                self._ahead = watch.result()

    async def _respond(self, request: Request) -> None:
        response = await self._handler(request)
        await self._send(response, keep_alive=request.keep_alive, head_only=request.method == "HEAD")

    async def _send(self, response: Response, *, keep_alive: bool, head_only: bool = False) -> None:
        self._writer.write(_head(response, keep_alive=keep_alive))
        if response.lines is None:
            if not head_only:
                self._writer.write(response.body)
        else:
            async with contextlib.aclosing(response.lines) as lines:
                async for line in lines:
                    self._writer.write(b"%x\r\n%b\r\n" % (len(line), line))
                    await self._drain()
            self._writer.write(b"0\r\n\r\n")
        await self._drain()

    async def _drain(self) -> None:
        # A client that stops reading must not keep the model to itself.
        async with asyncio.timeout(_SEND_SECONDS):
            await self._writer.drain()


def parse_head(raw: bytes) -> Request:
    """Return the request that the head of a message makes.

    Raises:
        BadRequest: it is malformed.
    """
    first, *rest = raw.decode("latin-1").removesuffix("\r\n\r\n").lstrip("\r\n").split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or not _TOKEN.fullmatch(parts[0]) or not parts[1].startswith("/"):
        raise BadRequest(400, "400 Bad Request")
    method, target, version = parts
    if version not in ("HTTP/1.1", "HTTP/1.0"):
        raise BadRequest(505, "505 HTTP Version Not Supported")
    headers: dict[str, str] = {}
    for line in rest:
        name, colon, value = line.partition(":")
        if not colon or not _TOKEN.fullmatch(name) or "\n" in value or "\r" in value or "\0" in value:
            raise BadRequest(400, "400 Bad Request: malformed header")
        key = name.lower()
        if key in headers and key in ("host", "content-length", "transfer-encoding", "authorization"):
            raise BadRequest(400, f"400 Bad Request: more than one {name}")
        headers[key] = value.strip()
    if version == "HTTP/1.1" and "host" not in headers:
        raise BadRequest(400, "400 Bad Request: missing required Host header")
    if "content-length" in headers and "transfer-encoding" in headers:
        raise BadRequest(400, "400 Bad Request: both Content-Length and Transfer-Encoding")
    connection = headers.get("connection", "").lower()
    keep_alive = "keep-alive" in connection if version == "HTTP/1.0" else "close" not in connection
    return Request(method, target.partition("?")[0], headers, keep_alive=keep_alive)


def _head(response: Response, *, keep_alive: bool) -> bytes:
    """Return the status line and the headers of an answer."""
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = "Status"
    lines = [f"HTTP/1.1 {response.status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    if response.content_type:
        lines.append(f"Content-Type: {response.content_type}")
    lines.append(f"Date: {formatdate(usegmt=True)}")
    if response.lines is None:
        lines.append(f"Content-Length: {len(response.body)}")
    else:
        lines.append("Transfer-Encoding: chunked")
    if not keep_alive:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
