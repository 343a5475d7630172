"""Streaming answers through a real socket."""

import asyncio
import gzip
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from itertools import pairwise

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.recordings import names, recording
from tests.support.scripted_server import Reply, ScriptedServer
from tui.backends import ollama as backend_module
from tui.backends.failures import Subject
from tui.backends.ollama import OllamaBackend
from tui.domain.errors import (
    AnswerInterrupted,
    NotAnOllamaServer,
    ServerFailed,
    ServerUnreachable,
    TuiError,
)
from tui.domain.generation import ChatMessage, ChatRequest, Delta, Options, Think

REQUEST = ChatRequest("gemma3:270m", (ChatMessage("user", "hi"),))

SUCCESSES = [
    name
    for name in names("chat_")
    if recording(name).status == 200
    and recording(name).complete
    and not any(line.startswith('{"error"') for _, line in recording(name).lines)
]


async def _answer(backend: OllamaBackend, request: ChatRequest = REQUEST) -> list[Delta]:
    return [delta async for delta in backend.chat(request)]


@pytest.mark.parametrize("name", SUCCESSES)
async def test_recorded_answers(name: str, server: ScriptedServer, backend: OllamaBackend) -> None:
    server.script(Reply(recording=name))

    deltas = await _answer(backend)

    lines = recording(name).json_lines()
    messages = [line["message"] for line in lines]
    assert all(isinstance(message, dict) for message in messages)
    assert [d.content for d in deltas] == [m["content"] for m in messages if isinstance(m, dict)]
    assert [d.thinking for d in deltas] == [m.get("thinking", "") for m in messages if isinstance(m, dict)]
    assert [d.done for d in deltas] == [False] * (len(lines) - 1) + [True]
    assert deltas[-1].stop_reason == lines[-1]["done_reason"]
    assert deltas[-1].stats.answer_tokens == lines[-1].get("eval_count")
    assert deltas[-1].stats.prompt_tokens == lines[-1].get("prompt_eval_count")


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(min_value=0, max_value=6_000), max_size=40))
async def test_chunk_boundaries_change_nothing(cuts: list[int]) -> None:
    data = recording("chat_emoji_stream").body
    edges = sorted({0, len(data), *(cut % len(data) for cut in cuts)})

    async def chunks() -> AsyncIterator[bytes]:
        for start, end in pairwise(edges):
            yield data[start:end]

    lines = backend_module._lines(httpx.Response(200, content=chunks()))
    subject = Subject("here")
    text = "".join([backend_module._delta(line, subject, begun=True).content async for line in lines])

    whole = [json.loads(line)["message"]["content"] for line in data.splitlines()]
    assert text == "".join(whole)
    assert "\ufffd" not in text


async def test_figures_are_in_seconds(server: ScriptedServer, backend: OllamaBackend) -> None:
    server.script(Reply(recording="chat_stream"))

    stats = (await _answer(backend))[-1].stats

    assert stats.total_seconds == pytest.approx(0.64126869)
    assert stats.load_seconds == pytest.approx(0.000888646)
    assert stats.prompt_seconds == pytest.approx(0.152655)
    assert stats.answer_seconds == pytest.approx(0.483841)
    assert stats.tokens_per_second == pytest.approx(12 / 0.483841)


async def test_what_is_asked(server: ScriptedServer, backend: OllamaBackend) -> None:
    picture = b"\x89PNG not really"
    request = ChatRequest(
        "qwen3-vl:8b",
        (
            ChatMessage("system", "Be brief."),
            ChatMessage("user", "What is “this”?\ud83d", (picture,)),
            ChatMessage("assistant", "A picture."),
            ChatMessage("user", "Of what?"),
        ),
        Options(temperature=0.5, seed=1, stop=("END",)),
        think="high",
        keep_alive="5m",
    )

    await _answer(backend, request)

    asked = server.wait_for_request()
    assert asked.json == {
        "model": "qwen3-vl:8b",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What is “this”?\ufffd", "images": [b64encode(picture).decode()]},
            {"role": "assistant", "content": "A picture."},
            {"role": "user", "content": "Of what?"},
        ],
        "stream": True,
        "options": {"temperature": 0.5, "seed": 1, "stop": ["END"]},
        "think": "high",
        "keep_alive": "5m",
    }
    assert asked.headers["content-type"] == "application/json"


async def test_what_is_not_set_is_not_asked(server: ScriptedServer, backend: OllamaBackend) -> None:
    await _answer(backend)

    assert set(server.wait_for_request().json) == {"model", "messages", "stream"}


@pytest.mark.parametrize(("think", "sent"), [("off", False), ("on", True), ("low", "low"), ("max", "max")])
async def test_thinking_levels(
    server: ScriptedServer, backend: OllamaBackend, think: Think, sent: object
) -> None:
    await _answer(backend, ChatRequest("qwen3-vl:8b", REQUEST.messages, think=think))

    assert server.wait_for_request().json["think"] == sent


@pytest.mark.parametrize(("keep", "sent"), [("-1", -1), ("300", 300), ("0", 0), ("1h30m", "1h30m")])
async def test_keep_alive(server: ScriptedServer, backend: OllamaBackend, keep: str, sent: object) -> None:
    await _answer(backend, ChatRequest("gemma3:270m", REQUEST.messages, keep_alive=keep))

    assert server.wait_for_request().json["keep_alive"] == sent


async def test_large_requests_arrive_whole(server: ScriptedServer, backend: OllamaBackend) -> None:
    text = "é" * 300_000
    server.script(Reply(text="ok"))

    await _answer(backend, ChatRequest("gemma3:270m", (ChatMessage("user", text),)))

    assert server.wait_for_request().json["messages"][0]["content"] == text


async def test_unicode_line_ends_inside_an_answer_are_text(
    server: ScriptedServer, backend: OllamaBackend
) -> None:
    odd = "a\u0085b\u2028c"
    line = json.dumps({"message": {"content": odd}, "done": True}, ensure_ascii=False)
    server.script(Reply(body=line.encode()))

    assert (await _answer(backend))[0].content == odd


async def test_closing_the_answer_closes_the_connection(
    server: ScriptedServer, backend: OllamaBackend
) -> None:
    gate = server.gate()
    server.script(Reply(tokens=["a", "b", "c", "d"], gate=gate))
    gate.release(2)
    stream = backend.chat(REQUEST)
    assert [(await anext(stream)).content, (await anext(stream)).content] == ["a", "b"]

    await stream.aclose()

    request = await server.request()
    await request.ended()
    assert request.closed_by_client
    assert request.lines_sent == 2


@pytest.mark.parametrize("held", [True, False], ids=["before the head", "in mid-answer"])
async def test_cancelling_closes_the_connection(
    server: ScriptedServer, backend: OllamaBackend, held: bool
) -> None:
    gate = server.gate()
    server.script(Reply(hold=gate) if held else Reply(gate=gate))
    task = asyncio.create_task(_answer(backend))
    request = await server.request()

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    await request.ended()
    assert request.closed_by_client
    assert (await _answer(backend))[-1].done


async def test_two_answers_at_once(server: ScriptedServer, backend: OllamaBackend) -> None:
    gate = server.gate()
    server.script(Reply(text="slow", gate=gate), Reply(text="fast"))
    slow = asyncio.create_task(_answer(backend))
    await server.request(1)

    fast = await _answer(backend)
    gate.open()

    assert "".join(delta.content for delta in fast) == "fast"
    assert "".join(delta.content for delta in await slow) == "slow"


async def test_a_waiting_answer_does_not_time_out(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend_module, "CONNECT_SECONDS", 0.05)
    monkeypatch.setattr(backend_module, "ANSWER_SECONDS", 0.05)
    backend = OllamaBackend(server.url)
    gate = server.gate()
    server.script(Reply(text="late", hold=gate))
    server.answer("/api/version", Reply(hold=gate))
    answering = asyncio.create_task(_answer(backend))
    await server.request()

    with pytest.raises(ServerUnreachable, match="too long"):
        await backend.version()
    assert not answering.done()
    gate.open()

    assert (await answering)[-1].done
    await backend.aclose()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(text="one two three", cut_after=2),
        Reply(text="one two three", cut_after=2, cut_inside_line=True),
        Reply(text="one two three", end_after=2),
    ],
    ids=["cut", "cut in mid-line", "ended without done"],
)
async def test_an_answer_without_done_is_interrupted(
    server: ScriptedServer, backend: OllamaBackend, reply: Reply
) -> None:
    server.script(reply)
    text = ""
    with pytest.raises(AnswerInterrupted):
        async for delta in backend.chat(REQUEST):
            text += delta.content

    assert text == "one two"


@pytest.mark.parametrize("after", [0, 2])
async def test_error_lines(server: ScriptedServer, backend: OllamaBackend, after: int) -> None:
    server.script(Reply(text="one two three", error="it\x1b[31m broke", error_after=after))
    deltas = 0
    with pytest.raises(ServerFailed, match="it␛\\[31m broke"):
        async for _ in backend.chat(REQUEST):
            deltas += 1

    assert deltas == after


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (b"<!DOCTYPE html><html>Router login</html>", NotAnOllamaServer, "web page"),
        (b"Ollama is running", NotAnOllamaServer, "something else"),
        (b"", NotAnOllamaServer, "something else"),
        (b'{"choices": []}\n', NotAnOllamaServer, "choices"),
        (b"[1]\n", NotAnOllamaServer, "something else"),
        (b"[" * 200_000, NotAnOllamaServer, "something else"),
        (b'data: {"choices": []}\n\n', NotAnOllamaServer, "data:"),
        (b"\x1b[2J\xff\xfe\n", NotAnOllamaServer, "something else"),
        (b'{"message":{"content":"a"}}\nrubbish\x1b\n', ServerFailed, "rubbish"),
        (b'{"message":{"content":"a"}}\n{"message":3}\n', ServerFailed, "message"),
    ],
)
async def test_what_is_not_an_answer(
    server: ScriptedServer, backend: OllamaBackend, body: bytes, kind: type[TuiError], message: str
) -> None:
    server.script(Reply(body=body))

    with pytest.raises(kind) as caught:
        await _answer(backend)

    assert message in caught.value.message
    assert "\x1b" not in caught.value.message
    assert caught.value.hint


async def test_odd_types_are_read_as_nothing(server: ScriptedServer, backend: OllamaBackend) -> None:
    first = {"message": {"content": 5, "thinking": None}, "done": "yes"}
    last = {"message": None, "done": True, "done_reason": 7, "eval_count": 1 << 90, "total_duration": True}
    server.script(Reply(body=f"{json.dumps(first)}\n\n{json.dumps(last)}".encode()))

    assert await _answer(backend) == [Delta(), Delta(done=True)]


async def test_half_a_surrogate_pair_is_replaced(server: ScriptedServer, backend: OllamaBackend) -> None:
    server.script(Reply(tokens=["a\ud83d", "é"]))

    assert [delta.content for delta in await _answer(backend)] == ["a\ufffd", "é", ""]


async def test_a_line_of_ten_megabytes(server: ScriptedServer, backend: OllamaBackend) -> None:
    server.script(Reply(tokens=["x" * 10_000_000], burst=True))

    assert len((await _answer(backend))[0].content) == 10_000_000


async def test_a_line_without_end(
    server: ScriptedServer, backend: OllamaBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.backends.ndjson.MAX_LINE", 1000)
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    server.script(Reply(raw=head, raw_forever=b"x" * 500))

    with pytest.raises(ServerFailed, match="line without an end"):
        await _answer(backend)


async def test_compressed_answers(server: ScriptedServer, backend: OllamaBackend) -> None:
    line = b'{"message":{"content":"packed"},"done":true}\n'
    server.script(
        Reply(body=gzip.compress(line), headers=(("Content-Encoding", "gzip"),)),
        Reply(body=b"not gzip", headers=(("Content-Encoding", "gzip"),)),
    )

    assert (await _answer(backend))[0].content == "packed"
    with pytest.raises(NotAnOllamaServer):
        await _answer(backend)


async def test_a_burst_lets_others_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend_module, "BURST_SECONDS", 0.0)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async def at_once() -> AsyncIterator[bytes]:
        yield b"{}\n" * 500

    task = asyncio.create_task(others())
    lines = [line async for line in backend_module._lines(httpx.Response(200, content=at_once()))]
    task.cancel()

    assert len(lines) == 500
    assert turns >= 499


async def test_a_trickle_is_taken_in_together(
    server: ScriptedServer, backend: OllamaBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend_module, "WAITED_SECONDS", 0.0)
    rests: list[float] = []
    sleep = asyncio.sleep

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        await sleep(0)

    monkeypatch.setattr("tui.backends.ollama.asyncio.sleep", rest)
    server.script(Reply(tokens=["x"] * 50, burst=True), Reply(text="again"))

    await _answer(backend)
    assert backend_module.GATHER_SECONDS in rests
    rests.clear()
    monkeypatch.setattr(backend_module, "FLOOD_BYTES", 0)
    await _answer(backend)
    assert backend_module.GATHER_SECONDS not in rests
