"""An answer: from a request's history to pieces of text and the figures at the end."""

import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tui.engine import fitting, template
from tui.engine.catalog import Model
from tui.engine.holdback import Holdback
from tui.engine.llama import Runner, RunnerRefused
from tui.engine.runtime import Loaded
from tui.engine.wire import ApiError, ChatRequest, Message, Options, nested_error

_INT32: Final = 2**31 - 1
_MILLION: Final = 1_000_000

_DEFAULTS: Final[Mapping[str, float | int]] = {
    "temperature": 0.8,
    "top_k": 40,
    "top_p": 0.9,
    "min_p": 0.0,
    "repeat_penalty": 1.1,
    "repeat_last_n": 64,
}
TRANSCRIPT_DEFAULTS: Final[Mapping[str, float | int]] = {
    "temperature": 0.2,
    "top_k": 40,
    "top_p": 0.9,
    "min_p": 0.05,
    "repeat_penalty": 1.0,
}
"""Cooler than usual, for the base model wanders off soon; and free to repeat a name."""
_AGAINST_LOOPS: Final[Mapping[str, object]] = {
    "dry_multiplier": 0.8,
    "dry_allowed_length": 5,
    "dry_penalty_last_n": 128,
    "dry_sequence_breakers": ["```"],
}
"""What keeps the base model from saying the same line for ever."""

_EXAMPLES_SHARE: Final = 4
"""The part of a window that the examples of a transcript may take."""

TRANSCRIPT_NUM_PREDICT: Final = 256
_CHAT_ROLES: Final = frozenset({"system", "user", "assistant"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of an answer."""

    content: str = ""
    thinking: str = ""


@dataclass(slots=True)
class Figures:
    """How an answer ended and what it took."""

    reason: str = "stop"
    prompt_tokens: int = 0
    prompt_ns: int = 0
    answer_tokens: int = 0
    answer_ns: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What is asked of a loaded model."""

    loaded: Loaded
    request: ChatRequest
    options: Options
    schema: object = None
    figures: Figures = field(default_factory=Figures)
    """Complete when the pieces have ended."""

    async def pieces(self) -> AsyncGenerator[Piece, None]:
        """Yield the pieces as they come.

        Raises:
            ApiError: the model did not accept the request.
            RunnerFailed: the runner has died.
        """
        base = not self.loaded.model.chat_template
        opening = self._transcript() if base else self._chat()
        path, body, held = await opening
        try:
            async with contextlib.aclosing(self.loaded.runner.stream(path, body)) as events:
                async for event in events:
                    _refuse(event)
                    self._note(event)
                    content, thinking = _texts(event)
                    shown = held.feed(content)
                    if shown or thinking:
                        yield Piece(shown, thinking)
                    if held.stopped:
                        break
        except RunnerRefused as error:
            raise _refusal(error) from error
        if rest := held.finish():
            yield Piece(rest)
        if held.stopped:
            self.figures.reason = "stop"

    async def _transcript(self) -> tuple[str, dict[str, object], Holdback]:
        """Prepare the answer of a base model."""
        runner, num_ctx = self.loaded.runner, self.loaded.num_ctx

        async def count(text: str) -> int:
            return await _count(runner, text)

        async def count_messages(messages: Sequence[Message]) -> int:
            return await count(template.render(messages, 0).text)

        messages: Sequence[Message] = self.request.messages
        room = max(num_ctx - TRANSCRIPT_NUM_PREDICT // 2, num_ctx // 2)
        most = await fitting.examples_for(num_ctx // _EXAMPLES_SHARE, count)
        prompt, tokens = await fitting.with_fewer_examples(messages, room, count, most)
        if tokens >= num_ctx:
            self._refuse_long(tokens)
            messages = await fitting.drop_oldest(messages, num_ctx - 1, count_messages)
            prompt = template.render(messages, 0)
            tokens = await count(prompt.text)
        body = self._body(tokens, TRANSCRIPT_DEFAULTS, TRANSCRIPT_NUM_PREDICT)
        stops = (*template.STOPS, *(self.options.stop or ()))
        body |= {**_AGAINST_LOOPS, "prompt": prompt.text, "stop": list(stops)}
        return "/completion", body, Holdback(stops, strip_start=prompt.strip_start, strip_end=True)

    async def _chat(self) -> tuple[str, dict[str, object], Holdback]:
        """Prepare the answer of a model with a chat template of its own."""
        runner, num_ctx = self.loaded.runner, self.loaded.num_ctx
        extra = self._template_arguments()

        async def count_messages(messages: Sequence[Message]) -> int:
            body = {"messages": _as_json(messages), **extra}
            rendered = await _ask(runner, "/apply-template", body)
            return await _count(runner, str(rendered.get("prompt") or ""))

        messages: Sequence[Message] = [item for item in self.request.messages if item.role in _CHAT_ROLES]
        tokens = await count_messages(messages)
        if tokens >= num_ctx:
            self._refuse_long(tokens)
            messages = await fitting.drop_oldest(messages, num_ctx - 1, count_messages)
            tokens = await count_messages(messages)
        stops = self.options.stop or ()
        body = self._body(tokens, _DEFAULTS, 0) | extra
        body |= {
            "messages": _as_json(messages),
            "stop": list(stops),
            "stream_options": {"include_usage": True},
        }
        return "/v1/chat/completions", body, Holdback(stops)

    def _template_arguments(self) -> dict[str, object]:
        """Return what the template is told of thinking."""
        if not self.loaded.model.thinks:
            return {}
        messages = self.request.messages
        # A template cannot think in the middle of an answer that has begun.
        continued = bool(messages) and messages[-1].role == "assistant"
        return {
            "chat_template_kwargs": {"enable_thinking": self.request.think is not False and not continued}
        }

    def _body(self, tokens: int, defaults: Mapping[str, float | int], limit: int) -> dict[str, object]:
        """Return the part of a request that does not depend on the template."""
        sampling = {**defaults, **self.options.sampling}
        sampling.pop("num_keep", None)
        if sampling["repeat_penalty"] <= 0:
            sampling["repeat_penalty"] = 1.0
        clamped = {key: max(min(value, _INT32), -_INT32) for key, value in sampling.items() if key != "seed"}
        wanted = self.options.num_predict
        # Nothing keeps a small model from repeating itself for ever: unlimited means long.
        most = (limit if wanted is None and limit else 0) or 10 * self.loaded.num_ctx
        predict = min(wanted, _INT32) if wanted is not None and wanted > 0 else most
        if not self.request.shift:
            predict = max(min(predict, self.loaded.num_ctx - tokens), 1)
        body: dict[str, object] = {
            **clamped,
            "n_predict": predict,
            "n_keep": 4,
            "cache_prompt": True,
            "stream": True,
            "seed": _seed(self.options.sampling.get("seed")),
        }
        if self.schema is not None:
            body["json_schema"] = self.schema
        return body

    def _refuse_long(self, tokens: int) -> None:
        """Refuse a prompt that does not fit, if it must not be cut."""
        num_ctx = self.loaded.num_ctx
        if not self.request.truncate:
            raise nested_error(
                400,
                f"request ({tokens} tokens) exceeds the available context size ({num_ctx} tokens), "
                "try increasing it",
                "exceed_context_size_error",
                n_prompt_tokens=tokens,
                n_ctx=num_ctx,
            )

    def _note(self, event: Mapping[str, object]) -> None:
        """Take the figures that an event brings."""
        figures = self.figures
        figures.prompt_tokens = _int(event.get("tokens_evaluated")) or figures.prompt_tokens
        figures.answer_tokens = _int(event.get("tokens_predicted")) or figures.answer_tokens
        usage, timings = event.get("usage"), event.get("timings")
        if isinstance(usage, dict):
            figures.prompt_tokens = _int(usage.get("prompt_tokens"))
            figures.answer_tokens = _int(usage.get("completion_tokens"))
        if isinstance(timings, dict):
            figures.prompt_ns = _nanoseconds(timings.get("prompt_ms"))
            figures.answer_ns = _nanoseconds(timings.get("predicted_ms"))
        if event.get("stop_type") == "limit" or _choice(event).get("finish_reason") == "length":
            figures.reason = "length"


async def prime(loaded: Loaded) -> None:
    """Let a base model read what every transcript begins with, so that its first answer comes soon."""
    if loaded.model.chat_template:
        return

    async def count(text: str) -> int:
        return await _count(loaded.runner, text)

    examples = await fitting.examples_for(loaded.num_ctx // _EXAMPLES_SHARE, count)
    text, _, _ = template.render((), examples).text.rpartition("\nAssistant:")
    if await count(text) < loaded.num_ctx:
        await _ask(loaded.runner, "/completion", {"prompt": text, "n_predict": 0, "cache_prompt": True})


def parameters(model: Model) -> str:
    """Return the parameters that a model has unless told otherwise, as `/api/show` writes them."""
    if model.chat_template:
        return ""
    lines = [(key, str(value)) for key, value in TRANSCRIPT_DEFAULTS.items()]
    lines.append(("num_predict", str(TRANSCRIPT_NUM_PREDICT)))
    lines += [("stop", '"' + stop.replace("\n", "\\n") + '"') for stop in template.STOPS]
    return "\n".join(f"{key:<30} {value}" for key, value in lines)


async def _count(runner: Runner, text: str) -> int:
    answer = await _ask(runner, "/tokenize", {"content": text, "add_special": True, "parse_special": True})
    tokens = answer.get("tokens")
    return len(tokens) if isinstance(tokens, list) else 0


async def _ask(runner: Runner, path: str, body: Mapping[str, object]) -> dict[str, object]:
    try:
        return await runner.ask(path, body)
    except RunnerRefused as error:
        raise _refusal(error) from error


def _refusal(error: RunnerRefused) -> ApiError:
    status = error.status if 400 <= error.status < 500 and error.status != 401 else 500
    return nested_error(status, str(error), str(error.error.get("type") or "server_error"))


def _refuse(event: Mapping[str, object]) -> None:
    """Raise the error that llama.cpp sends instead of a piece."""
    error = event.get("error")
    if isinstance(error, dict):
        raise _refusal(RunnerRefused(_int(error.get("code")) or 500, error))


def _texts(event: Mapping[str, object]) -> tuple[str, str]:
    """Return the content and the thinking that an event brings."""
    delta = _choice(event).get("delta")
    source = delta if isinstance(delta, dict) else event
    return str(source.get("content") or ""), str(source.get("reasoning_content") or "")


def _choice(event: Mapping[str, object]) -> Mapping[str, object]:
    choices = event.get("choices")
    first: object = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def _as_json(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]


def _seed(value: float | int | None) -> int:
    return -1 if value is None or value < 0 else int(value) & 0xFFFFFFFF


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0


def _nanoseconds(value: object) -> int:
    return int(value * _MILLION) if isinstance(value, int | float) else 0
