"""The real engine with its real model: mechanics, and the easiest facts."""

import asyncio
import os
import signal
import sys

import pytest

from tests.live.conftest import MODEL, Engine

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="session")]

STILL = {"temperature": 0, "seed": 1, "num_predict": 24}


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


async def test_remembers_what_was_said(engine: Engine) -> None:
    history = [user("What is the capital of France?")]
    first = await engine.client.chat(model=MODEL, messages=history, options=STILL)
    assert "Paris" in first.text
    assert first.lines[-1]["done_reason"] == "stop"
    history += [{"role": "assistant", "content": first.text}, user("What is the population of that city?")]
    second = await engine.client.chat(model=MODEL, messages=history, options=STILL)
    assert any(word in second.text for word in ("Paris", "million", "people"))
    assert "User:" not in second.text
    # The figures count the whole prompt, also what was cached.
    assert int(str(second.lines[-1]["prompt_eval_count"])) > int(str(first.lines[-1]["prompt_eval_count"]))


async def test_streamed_and_whole_answers_are_the_same(engine: Engine) -> None:
    body = {"model": MODEL, "messages": [user("Name three colours.")], "options": STILL}
    streamed = await engine.client.chat(**body)
    whole = await engine.client.chat(**body, stream=False)
    assert streamed.headers["content-type"] == "application/x-ndjson"
    assert len(streamed.lines) > 2
    message = whole.json["message"]
    assert isinstance(message, dict)
    assert message["content"] == streamed.text


async def test_closing_the_connection_frees_the_model(engine: Engine) -> None:
    body = {
        "model": MODEL,
        "messages": [user("Count for ever.")],
        "format": {"type": "array", "minItems": 4000},
    }
    async with engine.client.open() as (reader, writer):
        writer.write(engine.client.encode("POST", "/api/chat", body | {"options": {"num_predict": 4000}}))
        await reader.readuntil(b'"done":false')
    async with asyncio.timeout(20):
        after = await engine.client.chat(
            model=MODEL, messages=[user("Hi")], options=STILL | {"num_predict": 2}
        )
    assert after.status == 200


async def test_loads_reports_and_unloads(engine: Engine) -> None:
    loaded = await engine.client.chat(model=MODEL, messages=[], options={"num_ctx": 1024})
    assert loaded.json["done_reason"] == "load"
    running = (await engine.client.ask("GET", "/api/ps")).json["models"]
    assert isinstance(running, list)
    assert (running[0]["name"], running[0]["context_length"]) == (MODEL, 1024)
    assert (await engine.client.chat(model=MODEL, keep_alive=0)).json["done_reason"] == "unload"
    assert (await engine.client.ask("GET", "/api/ps")).json == {"models": []}


async def test_a_long_history_is_trimmed_or_refused(engine: Engine) -> None:
    long = {"model": MODEL, "messages": [user("word " * 1500)], "options": {"num_ctx": 512, "num_predict": 2}}
    refused = await engine.client.chat(**long, truncate=False)
    assert refused.status == 400
    assert "exceed_context_size_error" in str(refused.json["error"])
    trimmed = await engine.client.chat(**long)
    assert int(str(trimmed.lines[-1]["prompt_eval_count"])) < 512


async def test_continues_an_answer_that_has_begun(engine: Engine) -> None:
    history = [user("Count to ten."), {"role": "assistant", "content": "1, 2, 3, 4,"}]
    answer = await engine.client.chat(model=MODEL, messages=history, options=STILL | {"num_predict": 3})
    assert "5" in answer.text


async def test_follows_a_schema(engine: Engine) -> None:
    schema = {"type": "object", "properties": {"age": {"type": "integer", "maximum": 9}}, "required": ["age"]}
    answer = await engine.client.chat(
        model=MODEL, messages=[user("How old is the child?")], options=STILL, format=schema
    )
    assert answer.text.startswith("{")


async def test_asks_for_the_token(engine: Engine) -> None:
    assert (await engine.client.ask("GET", "/api/version", Authorization="Bearer wrong")).status == 401
    assert (await engine.client.ask("GET", "/api/version")).status == 200


PARENT = """
import subprocess, sys, os, time
child = subprocess.Popen([sys.executable, "-m", "tui.engine", "--parent-pid", str(os.getpid())],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=1)
child.stdin.write(b"token\\n"); child.stdin.flush()
child.stdout.readline()
print('ready', flush=True)
time.sleep(60)
"""


async def test_dies_with_its_parent() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    assert await parent.stdout.readline() == b"ready\n"
    os.kill(parent.pid, signal.SIGKILL)
    await parent.wait()
    # The engine holds this pipe too, as its standard error: it ends when both are gone.
    async with asyncio.timeout(5):
        assert await parent.stdout.read() == b""
