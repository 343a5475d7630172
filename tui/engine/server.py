"""The endpoints: the part of Ollama's API that a chat needs."""

import asyncio
import contextlib
import hmac
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from tui.engine import VERSION
from tui.engine.catalog import Catalog, Model, is_name
from tui.engine.generation import Answer, Figures, Piece, parameters, prime
from tui.engine.http import Request, Response
from tui.engine.llama import RunnerFailed
from tui.engine.runtime import Runtime
from tui.engine.wire import (
    JSON,
    ApiError,
    ChatRequest,
    model_name,
    nested_error,
    parse_body,
    parse_chat,
    parse_format,
    parse_options,
)

_NDJSON: Final = "application/x-ndjson"
_TEXT: Final = "text/plain"
_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_DIED: Final = "an error was encountered while running the model: "

Endpoint = Callable[[Request], Awaitable[Response]]


class Guard:
    """Lets in only those who know the token and call this machine by its own name."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode()

    def __call__(self, request: Request) -> Response | None:
        """Return the refusal of a request, or None."""
        host = request.headers.get("host", "")
        if not host.endswith("]"):
            host = host.rpartition(":")[0] or host
        # A page in a browser can make its own name point to this machine, but not change what it sends.
        if host.lower() not in _HOSTS:
            return Response(403)
        given = request.headers.get("authorization", "").encode("latin-1", "replace")
        if not hmac.compare_digest(given, self._expected):
            return Response(401, _json({"error": "unauthorized"}), JSON, {"WWW-Authenticate": "Bearer"})
        return None


class Api:
    """Answers requests."""

    def __init__(self, catalog: Catalog, runtime: Runtime) -> None:
        self._catalog = catalog
        self._runtime = runtime
        self._routes: Mapping[str, Mapping[str, Endpoint]] = {
            "/": {"GET": self._root, "HEAD": self._root},
            "/api/version": {"GET": self._version, "HEAD": self._version},
            "/api/tags": {"GET": self._tags, "HEAD": self._tags},
            "/api/ps": {"GET": self._ps},
            "/api/show": {"POST": self._show},
            "/api/chat": {"POST": self._chat},
        }

    async def __call__(self, request: Request) -> Response:
        """Return the answer to a request."""
        methods = self._routes.get(request.path)
        if methods is None:
            return Response(404, b"404 page not found", _TEXT)
        endpoint = methods.get(request.method)
        if endpoint is None:
            return Response(405, b"405 method not allowed", _TEXT, {"Allow": ", ".join(methods)})
        try:
            return await endpoint(request)
        except ApiError as error:
            return Response(error.status, _json({"error": error.message}), error.content_type)

    async def _root(self, _request: Request) -> Response:
        return Response(200, b"Ollama is running", f"{_TEXT}; charset=utf-8")

    async def _version(self, _request: Request) -> Response:
        return _ok({"version": VERSION})

    async def _tags(self, _request: Request) -> Response:
        models = await asyncio.to_thread(self._catalog.models)
        return _ok({"models": [_listed(model) for model in models]})

    async def _ps(self, _request: Request) -> Response:
        loaded = self._runtime.loaded
        if loaded is None:
            return _ok({"models": []})
        running = {
            "name": loaded.model.name,
            "model": loaded.model.name,
            "size": loaded.runner.memory() or loaded.model.size,
            "digest": loaded.model.digest,
            "details": _details(loaded.model),
            "expires_at": _stamp(loaded.expires_at),
            "size_vram": 0,
            "context_length": loaded.num_ctx,
        }
        return _ok({"models": [running]})

    async def _show(self, request: Request) -> Response:
        model = await self._find(model_name(parse_body(request.body)))
        template = model.chat_template or "the transcript of the embedded engine"
        shown = {
            "license": model.license,
            "modelfile": f"# The embedded engine's model {model.name}\n",
            "parameters": parameters(model),
            "template": template,
            "details": _details(model),
            "model_info": {
                **dict(sorted(model.header.metadata.items())),
                "general.parameter_count": model.header.parameters,
            },
            "capabilities": list(model.capabilities),
            "modified_at": _stamp(model.modified_at),
        }
        return _ok(shown)

    async def _chat(self, request: Request) -> Response:
        began = time.monotonic_ns()
        chat = parse_chat(request.body)
        model = await self._find(chat.model)
        if not chat.messages and not chat.tools:
            return await self._load_or_unload(chat, model)
        _check_capabilities(chat, model)
        answer = self._answer(chat, model, began)
        try:
            # The first line decides about the status: an error before it is no stream yet.
            first = await anext(answer)
        except RunnerFailed as error:
            raise ApiError(500, f"{_DIED}{error}") from error
        if chat.stream:
            return Response(200, content_type=_NDJSON, lines=_lines(first, answer))
        return await _whole(first, answer)

    async def _find(self, name: str) -> Model:
        """Return the model of that name.

        Raises:
            ApiError: there is none.
        """
        if not is_name(name):
            raise ApiError(400, "invalid model name")
        model = await asyncio.to_thread(self._catalog.find, name)
        if model is None:
            raise ApiError(404, f"model '{name}' not found")
        return model

    async def _load_or_unload(self, chat: ChatRequest, model: Model) -> Response:
        """Answer a chat without messages."""
        if chat.keep_alive == 0:
            await self._runtime.unload(model)
            return _ok(_line(chat, Piece()) | {"done": True, "done_reason": "unload"})
        options = parse_options(chat.options)
        async with self._runtime.turn(model, options.num_ctx, chat.keep_alive) as loaded:
            try:
                await prime(loaded)
            except RunnerFailed as error:
                raise ApiError(500, f"{_DIED}{error}") from error
        return _ok(_line(chat, Piece()) | {"done": True, "done_reason": "load"})

    async def _answer(
        self, chat: ChatRequest, model: Model, began: int
    ) -> AsyncGenerator[dict[str, object], None]:
        """Yield the lines of an answer, while this request has its turn."""
        options = parse_options(chat.options)
        schema = parse_format(chat.format)
        waiting = time.monotonic_ns()
        async with self._runtime.turn(model, options.num_ctx, chat.keep_alive) as loaded:
            loading = time.monotonic_ns() - waiting
            answer = Answer(loaded, chat, options, schema)
            async with contextlib.aclosing(answer.pieces()) as pieces:
                async for piece in pieces:
                    yield _line(chat, piece)
            yield _line(chat, Piece()) | _ending(answer.figures, began, loading)


def _check_capabilities(chat: ChatRequest, model: Model) -> None:
    """Refuse what the model cannot do, in Ollama's words.

    Raises:
        ApiError: it cannot.
    """
    if chat.think and not model.thinks:
        raise ApiError(400, f'"{model.name}" does not support thinking')
    if chat.tools:
        raise ApiError(400, f"registry.ollama.ai/library/{model.name} does not support tools")
    if any(message.has_images for message in chat.messages):
        raise nested_error(
            400,
            "Multimodal data provided, but model does not support multimodal requests.",
            "invalid_request_error",
        )


async def _lines(
    first: dict[str, object], answer: AsyncGenerator[dict[str, object], None]
) -> AsyncGenerator[bytes, None]:
    """Yield the lines of a stream; an error in the midst of it is its last line."""
    async with contextlib.aclosing(answer):
        yield _json(first) + b"\n"
        try:
            async for line in answer:
                yield _json(line) + b"\n"
        except RunnerFailed as error:
            yield _json({"error": f"{_DIED}{error}"}) + b"\n"
        except ApiError as error:
            yield _json({"error": error.message}) + b"\n"


async def _whole(first: dict[str, object], answer: AsyncGenerator[dict[str, object], None]) -> Response:
    """Return an answer that is not streamed."""
    lines = [first]
    async with contextlib.aclosing(answer):
        try:
            lines += [line async for line in answer]
        except RunnerFailed as error:
            raise ApiError(500, f"{_DIED}{error}") from error
    messages = [line["message"] for line in lines]
    content = "".join(str(item.get("content", "")) for item in messages if isinstance(item, dict))
    thinking = "".join(str(item.get("thinking", "")) for item in messages if isinstance(item, dict))
    message = {"role": "assistant", "content": content} | ({"thinking": thinking} if thinking else {})
    return _ok({**lines[-1], "message": message})


def _line(chat: ChatRequest, piece: Piece) -> dict[str, object]:
    message = {"role": "assistant", "content": piece.content}
    if piece.thinking:
        message["thinking"] = piece.thinking
    return {"model": chat.model, "created_at": _stamp(datetime.now(UTC)), "message": message, "done": False}


def _ending(figures: Figures, began: int, loading: int) -> dict[str, object]:
    return {
        "done": True,
        "done_reason": figures.reason,
        "total_duration": time.monotonic_ns() - began,
        "load_duration": loading,
        "prompt_eval_count": figures.prompt_tokens,
        "prompt_eval_duration": figures.prompt_ns,
        "eval_count": figures.answer_tokens,
        "eval_duration": figures.answer_ns,
    }


def _listed(model: Model) -> dict[str, object]:
    return {
        "name": model.name,
        "model": model.name,
        "modified_at": _stamp(model.modified_at),
        "size": model.size,
        "digest": model.digest,
        "details": _details(model)
        | {
            "context_length": model.header.context_length,
            "embedding_length": model.header.embedding_length,
        },
        "capabilities": list(model.capabilities),
    }


def _details(model: Model) -> dict[str, object]:
    return {
        "parent_model": "",
        "format": "gguf",
        "family": model.header.architecture,
        "families": [model.header.architecture],
        "parameter_size": model.header.parameter_size,
        "quantization_level": model.header.quantization,
    }


def _ok(value: Mapping[str, object]) -> Response:
    return Response(200, _json(value), JSON)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _json(value: Mapping[str, object]) -> bytes:
    """Write JSON as Go does: compact, with the characters of HTML escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return text.encode("utf-8", "replace")
