"""The backend for Ollama servers."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Final

import httpx

from tui.backends import failures, mapping, pulls
from tui.backends.address import Address, parse_host
from tui.backends.client_library import AsyncClient
from tui.backends.failures import Subject
from tui.backends.mapping import Answer
from tui.backends.ndjson import LineSplitter, LineTooLong
from tui.backends.tls import trusting, trusting_nobody
from tui.domain.errors import (
    AnswerInterrupted,
    ModelMissing,
    NotAnOllamaServer,
    SettingsError,
    TuiError,
)
from tui.domain.generation import ChatRequest, Delta
from tui.domain.model import ModelDetails, ModelInfo, RunningModel
from tui.domain.pull import NewModel, PullStep
from tui.domain.text import sanitize_line

CONNECT_SECONDS: Final = 5.0
"""How long a server may take to accept a connection."""

ANSWER_SECONDS: Final = 10.0
"""How long a server may take for a question that needs no model."""

BURST_SECONDS: Final = 0.004
"""How long lines that have already arrived are taken in before others get their turn."""

GATHER_SECONDS: Final = 0.02
"""How long the lines of a slow answer are left to gather: shorter than anybody can see."""

WAITED_SECONDS: Final = 0.0002
"""A chunk that took longer than this was waited for: it had not arrived yet."""

FLOOD_BYTES: Final = 16 * 1024
"""An answer of which this much arrives at once is taken in without pause."""

ERROR_BYTES: Final = 64 * 1024
"""How much of an error's body is read."""

ANSWER_BYTES: Final = 64 * 1024 * 1024
"""How large an answer that is not a stream may be."""

_SECRET_LENGTH: Final = 6
"""Characters that a word of a header or password has at least which is taken for a secret."""

_THREAD_BYTES: Final = 64 * 1024
"""Requests longer than this are encoded beside the event loop."""


class _Client(AsyncClient):
    """Ollama's client, with its answers as they are on the wire.

    Its public methods lose too much, as read in 0.6.3: streams are split at every Unicode line
    boundary, so that an answer with a U+0085 in it breaks; the list of models lacks `capabilities` and
    `context_length`; there is no call for the version; tokens cannot be taken in together. Parsing
    is not what costs: of about 40 microseconds for a token most are spent in the HTTP library, and ten
    times that when each one wakes the process.
    """

    def __init__(self, address: Address, headers: Mapping[str, str], ca_file: str) -> None:
        given = {name.lower(): value for name, value in headers.items()}
        if address.authorization:
            given.setdefault("authorization", address.authorization)
        super().__init__(
            address.url,
            headers=given,
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            follow_redirects=False,
            # The environment's proxy and certificates are for other machines.
            trust_env=not address.loopback,
            verify=trusting(ca_file) if address.url.startswith("https") else trusting_nobody(),
        )

    @asynccontextmanager
    async def open(self, method: str, path: str, body: bytes | None) -> AsyncIterator[httpx.Response]:
        """Send a request; leaving the context closes the answer, read or not."""
        async with self._client.stream(method, path, content=body) as response:
            yield response

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()


class OllamaBackend:
    """A `ChatBackend` that talks to an Ollama server, or to anything that answers like one."""

    def __init__(
        self,
        host: str,
        *,
        headers: Mapping[str, str] | None = None,
        embedded: bool = False,
        ca_file: str = "",
    ) -> None:
        """Prepare to talk to `host`; nothing is sent yet.

        Args:
            host: As in `OLLAMA_HOST`; a user name and password in it are sent, never shown.
            headers: Sent with every request.
            embedded: The server is the embedded engine, which changes what errors advise.
            ca_file: Certificates to trust beside the usual ones, in PEM form.

        Raises:
            SettingsError: `host`, `headers` or `ca_file` cannot be used.
        """
        address = parse_host(host)
        try:
            self._client = _Client(address, headers or {}, ca_file)
        except (httpx.InvalidURL, UnicodeError, ValueError):
            raise SettingsError(
                f"This host or its headers cannot be used: {address.display}", "Check them in the settings."
            ) from None  # The cause would carry the headers.
        self._address = address.display
        sent = " ".join((*(headers or {}).values(), address.authorization, address.password))
        # The longest first, should one be part of another; short words are no secrets.
        secrets = {word for word in sent.split() if len(word) >= _SECRET_LENGTH}
        self._secrets = tuple(sorted(secrets, key=len, reverse=True))
        self._embedded = embedded

    @property
    def address(self) -> str:
        """Host and port, for people; without user names, passwords or tokens."""
        return self._address

    async def chat(self, request: ChatRequest) -> AsyncGenerator[Delta, None]:
        """Stream an answer; closing the iterator closes the connection, which stops the server.

        Raises:
            AnswerInterrupted: the stream ended without `done`.
            TuiError: the server refused or broke down, also in mid-stream.
        """
        subject = self._subject(request.model)
        body = await _encode(request)
        begun = False
        try:
            async with self._client.open("POST", "/api/chat", body) as response:
                await _raise_for_status(response, subject, "/api/chat")
                async with aclosing(_lines(response)) as lines:
                    async for line in lines:
                        delta = _delta(line, subject, begun=begun)
                        begun = True
                        yield delta
                        if delta.done:
                            return
        except LineTooLong:
            raise failures.garbled(b"a line without an end") from None
        except (httpx.HTTPError, OSError) as error:
            if begun:
                raise _interrupted() from error
            raise failures.from_transport(error, subject) from error
        raise _interrupted() if begun else failures.not_ollama(b"", subject)

    async def version(self) -> str:
        """Return the server's version; the cheapest sign of life."""
        answer = await self._ask("GET", "/api/version")
        version = answer.get("version")
        if not isinstance(version, str):
            raise self._not_ollama(answer)
        return sanitize_line(version, 40)

    async def models(self) -> tuple[ModelInfo, ...]:
        """Return the installed models."""
        answer = await self._ask("GET", "/api/tags")
        models = mapping.models(answer)
        if models is None:
            raise self._not_ollama(answer)
        return models

    async def show(self, name: str) -> ModelDetails:
        """Return the details of one model."""
        return mapping.details(
            await self._ask("POST", "/api/show", mapping.json_body({"model": name}), model=name)
        )

    async def running(self) -> tuple[RunningModel, ...]:
        """Return the loaded models; empty on servers too old to say."""
        answer = await self._ask("GET", "/api/ps", missing={"models": []})
        running = mapping.running(answer)
        if running is None:
            raise self._not_ollama(answer)
        return running

    async def load(self, name: str, keep_alive: str | None = None, num_ctx: int | None = None) -> None:
        """Load a model; returns when it is loaded, which may take minutes."""
        body: dict[str, object] = {"model": name, "stream": False}
        if keep_alive is not None:
            body["keep_alive"] = mapping.keep_alive_value(keep_alive)
        if num_ctx is not None:
            body["options"] = {"num_ctx": num_ctx}
        await self._ask("POST", "/api/chat", mapping.json_body(body), model=name, patient=True)

    async def unload(self, name: str) -> None:
        """Unload a model; one that is answering is unloaded when it has answered."""
        body = mapping.json_body({"model": name, "stream": False, "keep_alive": 0})
        await self._ask("POST", "/api/chat", body, model=name, patient=True)

    def pull(self, name: str) -> AsyncGenerator[PullStep, None]:
        """Fetch a model; closing the iterator stops it at the server, which keeps what has arrived."""
        return self._steps("/api/pull", mapping.json_body({"model": name, "stream": True}), name)

    def create(self, model: NewModel) -> AsyncGenerator[PullStep, None]:
        """Make a model from another one."""
        return self._steps("/api/create", mapping.create_body(model), model.base)

    async def copy(self, source: str, destination: str) -> None:
        """Give a model a second name."""
        body = mapping.json_body({"source": source, "destination": destination})
        await self._tell("POST", "/api/copy", body, destination)

    async def delete(self, name: str) -> None:
        """Delete a model."""
        await self._tell("DELETE", "/api/delete", mapping.json_body({"model": name}), name)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _steps(self, path: str, body: bytes, name: str) -> AsyncGenerator[PullStep, None]:
        """Stream what a server says while it works, until it says that it is done."""
        subject = self._subject(name)
        begun = False
        try:
            async with self._client.open("POST", path, body) as response:
                await _raise_for_status(response, subject, path, pulls.named)
                async with aclosing(_lines(response)) as lines:
                    async for line in lines:
                        step = pulls.step(line, subject, begun=begun)
                        begun = True
                        yield step
                        if step.done:
                            return
        except LineTooLong:
            raise failures.garbled(b"a line without an end") from None
        except (httpx.HTTPError, OSError) as error:
            raise pulls.cut() if begun else failures.from_transport(error, subject) from error
        raise pulls.cut() if begun else failures.not_ollama(b"", subject)

    async def _tell(self, method: str, path: str, body: bytes, name: str) -> None:
        """Have something done of which the server says nothing but that it was."""
        subject = self._subject(name)
        try:
            async with asyncio.timeout(ANSWER_SECONDS), self._client.open(method, path, body) as response:
                await _raise_for_status(response, subject, path, _missing_or_misnamed)
                data = await _read(response, ERROR_BYTES)
        except (httpx.HTTPError, OSError) as error:
            raise failures.from_transport(error, subject) from error
        if data.strip() and mapping.parse_object(data) is None:
            raise failures.not_ollama(data, subject)

    def _subject(self, model: str = "") -> Subject:
        return Subject(self._address, model, self._embedded, self._secrets)

    def _not_ollama(self, answer: Answer) -> NotAnOllamaServer:
        return failures.not_ollama(mapping.json_body(answer), self._subject())

    async def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        model: str = "",
        patient: bool = False,
        missing: Answer | None = None,
    ) -> Answer:
        """Return a whole answer; `missing` where the server has no such path and need not have."""
        subject = self._subject(model)
        limit = None if patient else ANSWER_SECONDS
        try:
            async with asyncio.timeout(limit), self._client.open(method, path, body) as response:
                if missing is not None and response.status_code == 404:
                    return missing
                await _raise_for_status(response, subject, path)
                data = await _read(response, ANSWER_BYTES)
        except (httpx.HTTPError, OSError) as error:
            raise failures.from_transport(error, subject) from error
        answer = mapping.parse_object(data)
        if answer is None:
            raise failures.not_ollama(data, subject)
        if answer.get("error"):
            raise failures.from_line(answer["error"], subject)
        return answer


async def _encode(request: ChatRequest) -> bytes:
    size = sum(len(message.content) + sum(map(len, message.images)) for message in request.messages)
    if size > _THREAD_BYTES:
        return await asyncio.to_thread(mapping.chat_body, request)
    return mapping.chat_body(request)


async def _lines(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """Yield the lines of an answer, at a pace that leaves the machine to others.

    A burst is handed over without a single wait for the network, so that without `BURST_SECONDS` the
    event loop, and with it every key, would stand still until the last line. A trickle would wake the
    process for every token, which costs far more than the token: `GATHER_SECONDS` takes them in together.
    """
    splitter = LineSplitter()
    turn = asked = time.monotonic()
    gathered = 0
    async for chunk in response.aiter_bytes():
        waited = time.monotonic() - asked > WAITED_SECONDS
        trickles = waited and gathered < FLOOD_BYTES
        gathered = len(chunk) if waited else gathered + len(chunk)
        for line in splitter.feed(chunk):
            if line.strip():
                yield line
            if time.monotonic() >= turn:
                await asyncio.sleep(0)
                turn = time.monotonic() + BURST_SECONDS
        if trickles:
            await asyncio.sleep(GATHER_SECONDS)
        asked = time.monotonic()
    if rest := splitter.flush().strip():
        yield rest


def _delta(line: bytes, subject: Subject, *, begun: bool) -> Delta:
    """Return what a line adds.

    A line that is not whole JSON after others were is what a cut in mid-line leaves: the answer was
    interrupted. Anything else that is not a line of an answer is told as what it is.
    """
    value = mapping.parse_object(line)
    if value is None and begun and line.startswith(b"{"):
        raise _interrupted()
    if value is not None and value.get("error"):
        raise failures.from_line(value["error"], subject)
    delta = mapping.delta(value) if value is not None else None
    if delta is None:
        raise failures.garbled(line) if begun else failures.not_ollama(line, subject)
    return delta


async def _raise_for_status(
    response: httpx.Response,
    subject: Subject,
    path: str,
    named: Callable[[str, Subject], TuiError | None] | None = None,
) -> None:
    """Raise what an answer other than 200 means; `named` knows better where the server gives a text."""
    if response.status_code == 200:
        return
    body = await _read(response, ERROR_BYTES)
    # What the server says of itself is not what a registry told it.
    of_itself = response.status_code in (401, 403, 429, 503)
    text = None if of_itself or named is None else failures.stated_error(body)
    if text and named is not None and (error := named(text, subject)):
        raise error
    raise failures.from_response(response.status_code, response.headers, body, subject, path=path)


async def _read(response: httpx.Response, limit: int) -> bytes:
    """Return the body, or as much of it as `limit` allows."""
    parts: list[bytes] = []
    size = 0
    async for chunk in response.aiter_bytes():
        parts.append(chunk)
        size += len(chunk)
        if size > limit:
            break
    return b"".join(parts)[:limit]


def _missing_or_misnamed(text: str, subject: Subject) -> TuiError | None:
    """Return the error of a copy or deletion: what is missing there is on the server, not in a registry."""
    if "not found" in text:
        return ModelMissing("The server no longer has this model.", "Refresh the list.")
    return pulls.named(text, subject)


def _interrupted() -> AnswerInterrupted:
    return AnswerInterrupted(
        "The connection was cut before the answer was complete.",
        "What arrived is kept. Continue the answer, or try again.",
    )
