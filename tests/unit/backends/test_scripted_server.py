"""The scripted server itself: what the other tests and the benchmarks rely on."""

import asyncio
import http.client
import json
import sys

import pytest

from tests.support.recordings import names, recording
from tests.support.scripted_server import Model, Reply, ScriptedServer
from tui.backends.ollama import OllamaBackend
from tui.domain.generation import ChatMessage, ChatRequest

REQUEST = ChatRequest("gemma3:270m", (ChatMessage("user", "hello there"),))


async def _text(backend: OllamaBackend, request: ChatRequest = REQUEST) -> str:
    return "".join([delta.content async for delta in backend.chat(request)])


def _get(server: ScriptedServer, method: str, path: str) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers["Content-Type"], body


@pytest.mark.parametrize(
    ("path", "name"),
    [("/", "root_get"), ("/api/nope", "unknown_path_404"), ("/api/chat", "chat_get_405")],
)
def test_plain_answers_are_as_recorded(server: ScriptedServer, path: str, name: str) -> None:
    kept = recording(name)
    types = [value for key, value in kept.headers if key == "Content-Type"]

    assert _get(server, "GET", path) == (kept.status, types[0], kept.body)
    assert _get(server, "HEAD", "/")[2] == b""


@pytest.mark.parametrize(
    "name", [n for n in names() if recording(n).method != "HEAD" and recording(n).complete]
)
def test_recordings_are_replayed_byte_for_byte(server: ScriptedServer, name: str) -> None:
    server.answer("/replay", Reply(recording=name))

    status, _, body = _get(server, "GET", "/replay")

    assert (status, body) == (recording(name).status, recording(name).body)


async def test_answers_repeat_the_question(backend: OllamaBackend) -> None:
    assert await _text(backend) == "You said: hello there"


async def test_answers_not_streamed(server: ScriptedServer) -> None:
    server.script(Reply(text="whole"))
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    body = {"model": "gemma3:270m", "messages": [{"role": "user", "content": "x"}], "stream": False}
    connection.request("POST", "/api/chat", json.dumps(body))

    assert json.loads(connection.getresponse().read())["message"]["content"] == "whole"


async def test_one_answer_at_a_time() -> None:
    with ScriptedServer(parallel=1) as server:
        backend = OllamaBackend(server.url)
        gate = server.gate()
        server.script(Reply(text="first", gate=gate), Reply(text="second"))
        first = asyncio.create_task(_text(backend))
        await server.request(1)
        second = asyncio.create_task(_text(backend))
        request = await server.request(2)
        assert request.lines_sent == 0
        gate.open()

        assert (await first, await second) == ("first", "second")
        await backend.aclose()


async def test_thinking_unless_it_is_off(server: ScriptedServer, backend: OllamaBackend) -> None:
    reply = Reply(text="answer", thinking="well, well")
    server.script(reply, reply)
    messages = REQUEST.messages

    thought = [d.thinking async for d in backend.chat(ChatRequest("qwen3-vl:8b", messages))]
    silent = [d.thinking async for d in backend.chat(ChatRequest("qwen3-vl:8b", messages, think="off"))]

    assert "".join(thought) == "well, well"
    assert "".join(silent) == ""


async def test_hostile_names(server: ScriptedServer, backend: OllamaBackend) -> None:
    server.models = [Model("[red]\x1b]0;x\x07:1b")]

    assert (await backend.models())[0].name == "[red]\x1b]0;x\x07:1b"
    assert await _text(backend, ChatRequest("[red]\x1b]0;x\x07:1b", REQUEST.messages))


async def test_as_a_process() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.support.scripted_server", "--tokens", "50", "--burst", "--model", "m"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    backend = OllamaBackend(f":{int(await process.stdout.readline())}")

    deltas = [delta async for delta in backend.chat(ChatRequest("m", REQUEST.messages))]

    await backend.aclose()
    process.terminate()
    await process.wait()
    assert len(deltas) == 51
    assert deltas[0].content == "The"
