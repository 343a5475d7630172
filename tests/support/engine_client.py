"""A bare HTTP client for the engine: shows what is on the wire and cuts connections when told."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        value: object = json.loads(self.body)
        assert isinstance(value, dict)
        return value

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.body.splitlines()]

    @property
    def text(self) -> str:
        return "".join(str(_message(line).get("content", "")) for line in self.lines)


def _message(line: Mapping[str, object]) -> Mapping[str, object]:
    message = line.get("message")
    return message if isinstance(message, dict) else {}


class Client:
    def __init__(self, port: int, headers: Mapping[str, str]) -> None:
        self.port = port
        self.headers = dict(headers)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    def encode(self, method: str, path: str, body: object = None, **headers: str) -> bytes:
        payload = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        lines = {
            "Host": f"127.0.0.1:{self.port}",
            "Content-Length": str(len(payload)),
            **self.headers,
            **headers,
        }
        head = "".join(f"{key}: {value}\r\n" for key, value in lines.items() if value)
        return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + payload

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        async with self.open() as (reader, writer):
            writer.write(self.encode(method, path, body, **headers))
            return await read_answer(reader, head_only=method == "HEAD")

    async def chat(self, **body: object) -> Answer:
        return await self.ask("POST", "/api/chat", body)


async def read_answer(reader: asyncio.StreamReader, *, head_only: bool = False) -> Answer:
    raw = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *rest = raw.strip().split("\r\n")
    headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in rest)}
    body = b""
    if headers.get("transfer-encoding") == "chunked":
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    elif not head_only:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Answer(int(first.split()[1]), headers, body)
