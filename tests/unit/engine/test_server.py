import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.engine_client import Client, read_answer
from tests.unit.engine.fakes import NAME, FakeCatalog, FakeRunner
from tui.engine.http import Server
from tui.engine.llama import Runner, RunnerFailed
from tui.engine.runtime import Runtime
from tui.engine.server import Api, Guard

DATA = Path(__file__).parents[2] / "data" / "engine"
HI = [{"role": "user", "content": "hi"}]


class Engine:
    def __init__(self) -> None:
        self.runner = FakeRunner()
        self.loads: list[int] = []
        self.fail = False
        self.runtime = Runtime(self._start)
        self.server = Server(Api(FakeCatalog(), self.runtime), Guard("token"))
        self.client = Client(0, {"Authorization": "Bearer token"})

    async def _start(self, path: Path, num_ctx: int) -> Runner:
        self.loads.append(num_ctx)
        if self.fail:
            raise RunnerFailed("exit status 1")
        return self.runner


@pytest_asyncio.fixture
async def engine() -> AsyncIterator[Engine]:
    engine = Engine()
    engine.client.port = await engine.server.start(0)
    yield engine
    await engine.server.aclose()
    await engine.runtime.aclose()


def recording(name: str) -> tuple[str, str, bytes, dict[str, str], int, str]:
    data = json.loads((DATA / f"{name}.json").read_text("utf-8"))
    request, response = data["request"], data["response"]
    headers = {key: value for key, value in request["headers"] if key == "Host" and "evil" in value}
    content_type = next((value for key, value in response["headers"] if key == "Content-Type"), "")
    body = (request["body"] or "").encode()
    text = response["lines"][0][1] if response["lines"] else ""
    return request["method"], request["path"], body, headers, response["status"], f"{content_type}\n{text}"


REFUSALS = [
    path.stem
    for path in sorted(DATA.glob("*.json"))
    if not path.stem.startswith(("tags", "ps_", "chat_load", "chat_unload", "chat_nostream", "chat_stream"))
] + ["chat_unload_unknown"]


@pytest.mark.parametrize("name", REFUSALS)
async def test_answers_as_recorded(engine: Engine, name: str) -> None:
    method, path, body, headers, status, expected = recording(name)
    answer = await engine.client.ask(method, path, body, **headers)
    assert answer.status == status
    assert f"{answer.headers.get('content-type', '')}\n{answer.body.decode()}" == expected


@pytest.mark.parametrize(
    "name", ["tags", "ps_empty", "ps_loaded", "chat_load", "chat_unload", "chat_nostream"]
)
async def test_has_the_fields_of_the_recording(engine: Engine, name: str) -> None:
    method, path, body, _, status, expected = recording(name)
    if name == "ps_loaded":
        await engine.client.chat(model=NAME)
    answer = await engine.client.ask(method, path, body)
    assert answer.status == status
    assert shape(answer.json) == shape(json.loads(expected.partition("\n")[2]))


def shape(value: object) -> object:
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return type(value)


async def test_streams_lines_like_the_recording(engine: Engine) -> None:
    recorded = json.loads((DATA / "chat_stream.json").read_text("utf-8"))["response"]["lines"]
    answer = await engine.client.chat(model=NAME, messages=HI)
    assert shape(answer.lines[0]) == shape(json.loads(recorded[0][1]))
    assert shape(answer.lines[-1]) == shape(json.loads(recorded[-1][1]))
    assert answer.text == "Good day."
    assert answer.lines[-1]["prompt_eval_count"] == 7


async def test_serves_requests_over_one_connection(engine: Engine) -> None:
    async with engine.client.open() as (reader, writer):
        for _ in range(3):
            writer.write(engine.client.encode("POST", "/api/chat", {"model": NAME, "messages": HI}))
            assert (await read_answer(reader)).text == "Good day."


async def test_a_closed_connection_stops_the_answer_and_frees_the_turn(engine: Engine) -> None:
    engine.runner.hold = asyncio.Event()
    async with engine.client.open() as (reader, writer):
        writer.write(engine.client.encode("POST", "/api/chat", {"model": NAME, "messages": HI}))
        await reader.readuntil(b"Good")
    async with asyncio.timeout(5):
        await engine.runner.stopped.wait()
        engine.runner.hold = None
        assert (await engine.client.chat(model=NAME, messages=HI)).text == "Good day."


async def test_a_waiting_request_that_is_closed_never_runs(engine: Engine) -> None:
    engine.runner.hold = asyncio.Event()
    first = asyncio.create_task(engine.client.chat(model=NAME, messages=HI))
    async with asyncio.timeout(5):
        await engine.runner.started.wait()
        async with engine.client.open() as (_, writer):
            writer.write(engine.client.encode("POST", "/api/chat", {"model": NAME, "messages": HI}))
            await writer.drain()
            # An answer on another connection shows that the server has seen the second request.
            await engine.client.ask("GET", "/api/version")
        await engine.client.ask("GET", "/api/version")
        engine.runner.hold.set()
        await first
        await engine.client.ask("GET", "/api/version")
    assert len(engine.runner.bodies) == 1


async def test_a_dead_runner_is_an_error_line_and_is_replaced(engine: Engine) -> None:
    engine.runner.die = True
    answer = await engine.client.chat(model=NAME, messages=HI)
    assert answer.lines[-1] == {"error": "an error was encountered while running the model: unexpected EOF"}
    whole = await engine.client.chat(model=NAME, messages=HI, stream=False)
    assert whole.status == 500
    assert len(engine.loads) == 2


async def test_a_model_that_cannot_be_loaded_is_an_error(engine: Engine) -> None:
    engine.fail = True
    answer = await engine.client.chat(model=NAME, messages=HI)
    assert answer.status == 500
    assert "unable to load model" in str(answer.json["error"])


async def test_another_context_length_loads_again_within_the_maximum(engine: Engine) -> None:
    for num_ctx in (512, 512, 10**8):
        await engine.client.chat(model=NAME, messages=HI, options={"num_ctx": num_ctx})
    await engine.client.chat(model=NAME, messages=HI)
    assert engine.loads == [512, 32768]


async def test_keep_alive_zero_unloads_after_the_answer(engine: Engine) -> None:
    await engine.client.chat(model=NAME, messages=HI, keep_alive=0)
    assert engine.runner.closed.is_set()
    assert (await engine.client.ask("GET", "/api/ps")).json == {"models": []}


async def test_keep_alive_expires(engine: Engine) -> None:
    await engine.client.chat(model=NAME, messages=HI, keep_alive="1ms")
    async with asyncio.timeout(5):
        await engine.runner.closed.wait()


async def test_a_long_prompt_is_refused_if_it_must_not_be_cut(engine: Engine) -> None:
    body = {
        "model": NAME,
        "messages": [{"role": "user", "content": "word " * 600}],
        "options": {"num_ctx": 512},
    }
    refused = await engine.client.chat(**body, truncate=False)
    assert refused.status == 400
    assert json.loads(str(refused.json["error"]))["error"]["n_ctx"] == 512
    assert (await engine.client.chat(**body)).status == 200


async def test_stop_strings_end_the_answer(engine: Engine) -> None:
    engine.runner.pieces = ["Yes", ".\nUs", "er: and", " more"]
    assert (await engine.client.chat(model=NAME, messages=HI)).text == "Yes."


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", "token"])
async def test_the_token_is_required(engine: Engine, authorization: str) -> None:
    answer = await engine.client.ask("GET", "/", Authorization=authorization)
    assert answer.status == 401


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/9\r\nHost: localhost\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 70000 + b"\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\n@\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\n@\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\n@\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
    ],
)
async def test_malformed_requests_are_refused(engine: Engine, raw: bytes, status: int) -> None:
    async with engine.client.open() as (reader, writer):
        writer.write(raw.replace(b"@", b"Authorization: Bearer token"))
        assert (await read_answer(reader)).status == status
    assert (await engine.client.ask("GET", "/api/version")).status == 200


async def test_the_default_prompt_is_a_transcript_with_the_whole_history(engine: Engine) -> None:
    history = [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}]
    await engine.client.chat(model=NAME, messages=[*history, {"role": "user", "content": "three"}])
    prompt = str(engine.runner.bodies[0]["prompt"])
    assert prompt.endswith("\n\nUser: one\nAssistant: two\n\nUser: three\nAssistant:")


async def test_options_reach_the_model(engine: Engine) -> None:
    options = {
        "temperature": 0,
        "seed": 5,
        "num_predict": 9,
        "stop": ["END"],
        "top_k": 3,
        "repeat_penalty": 0,
    }
    await engine.client.chat(model=NAME, messages=HI, options=options, format="json")
    body = engine.runner.bodies[0]
    wanted = {"temperature": 0.0, "seed": 5, "n_predict": 9, "top_k": 3}
    assert {key: body[key] for key in wanted} == wanted
    assert body["json_schema"] == {"type": "object"}
    assert "END" in str(body["stop"])
