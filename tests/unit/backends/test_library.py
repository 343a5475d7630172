"""Fetching, making, copying and deleting models, against a real socket."""

import asyncio
import json
from contextlib import aclosing
from hashlib import sha256

import pytest

from tests.support.recordings import names, recording
from tests.support.scripted_server import PullScript, Reply, ScriptedServer
from tui.backends.ollama import OllamaBackend
from tui.domain.errors import (
    AnswerInterrupted,
    BadRequest,
    ModelMissing,
    NotAnOllamaServer,
    ServerBusy,
    ServerFailed,
    ServerRefused,
    ServerUnreachable,
    TuiError,
)
from tui.domain.pull import NewModel, PullStep

PULLS = {
    "pull_again_up_to_date": None,
    "pull_bad_name": BadRequest,
    "pull_cancelled": AnswerInterrupted,
    "pull_connection_refused": ServerFailed,
    "pull_empty_body": BadRequest,
    "pull_insecure_not_set": ServerFailed,
    "pull_no_name": BadRequest,
    "pull_no_resolver": ServerFailed,
    "pull_no_resolver_nostream": ServerFailed,
    "pull_nostream": None,
    "pull_offline_nxdomain": ServerFailed,
    "pull_offline_servfail": ServerFailed,
    "pull_registry_dies": ServerFailed,
    "pull_unknown_model": ModelMissing,
}

CREATIONS = {
    "create_bad_file": ServerFailed,
    "create_bad_parameter": None,
    "create_bad_template": BadRequest,
    "create_from_missing": ServerFailed,
    "create_no_source": BadRequest,
    "create_no_template": None,
    "create_nostream": None,
    "create_not_a_gguf": ServerFailed,
    "create_stream": None,
    "create_thinker": None,
    "create_tooler": None,
    "create_truncated_gguf": ServerFailed,
}

CHANGES = {
    "copy": None,
    "copy_bad_dest": BadRequest,
    "copy_for_damage": None,
    "copy_missing": ModelMissing,
    "delete": None,
    "delete_missing": ModelMissing,
    "delete_no_model": BadRequest,
    "delete_pulled": None,
    "delete_pulled2": None,
}


async def steps(backend: OllamaBackend, name: str = "gemma3:270m") -> list[PullStep]:
    async with aclosing(backend.pull(name)) as lines:
        return [step async for step in lines]


def test_every_recording_of_these_calls_has_a_test() -> None:
    assert names("pull") == sorted(PULLS)
    assert names("create") == sorted(CREATIONS)
    assert names("copy") + names("delete") == sorted(CHANGES)


def test_the_recording_that_is_stored_in_short_is_the_whole_one() -> None:
    whole = recording("pull_registry_dies")
    assert len(whole.lines) == 1072
    assert (
        sha256(whole.body).hexdigest() == "9dd393b9934346dc0968e5519dffa1465f3c07aae195884910a8d0761d585cc8"
    )


@pytest.mark.parametrize("name", sorted(PULLS))
async def test_recorded_pulls(name: str, server: ScriptedServer, backend: OllamaBackend) -> None:
    server.answer("/api/pull", Reply(recording=name))
    expected = PULLS[name]

    if expected is None:
        found = await steps(backend)
        assert found[-1].done
        assert len(found) == len(recording(name).lines)
    else:
        with pytest.raises(expected) as caught:
            await steps(backend)
        assert caught.value.message and caught.value.hint
        assert "dial tcp" not in caught.value.message, "Go's words are for the log"
        assert "Ctrl+L" not in caught.value.hint, "choosing another model is no answer to a failed pull"


@pytest.mark.parametrize("name", sorted(CREATIONS))
async def test_recorded_creations(name: str, server: ScriptedServer, backend: OllamaBackend) -> None:
    server.answer("/api/create", Reply(recording=name))
    model = NewModel("mine", "gemma3:270m", "Be brief.", {"temperature": 0.2})
    expected = CREATIONS[name]

    async def created() -> list[PullStep]:
        async with aclosing(backend.create(model)) as lines:
            return [step async for step in lines]

    if expected is None:
        assert (await created())[-1].done
        assert server.requests[-1].json == {
            "model": "mine",
            "from": "gemma3:270m",
            "stream": True,
            "system": "Be brief.",
            "parameters": {"temperature": 0.2},
        }
    else:
        with pytest.raises(expected):
            await created()


@pytest.mark.parametrize("name", sorted(CHANGES))
async def test_recorded_copies_and_deletions(
    name: str, server: ScriptedServer, backend: OllamaBackend
) -> None:
    played = recording(name)
    server.answer(played.path, Reply(recording=name))
    asked = json.loads(played.request)

    async def change() -> None:
        if played.path == "/api/copy":
            await backend.copy(asked["source"], asked["destination"])
        else:
            await backend.delete(asked.get("model", ""))

    expected = CHANGES[name]
    if expected is None:
        await change()
        assert (server.requests[-1].method, server.requests[-1].json) == (played.method, asked)
    else:
        with pytest.raises(expected) as caught:
            await change()
        assert "pull" not in caught.value.hint


@pytest.mark.parametrize("name", names("show"))
async def test_recorded_details(name: str, server: ScriptedServer, backend: OllamaBackend) -> None:
    server.answer("/api/show", Reply(recording=name))
    if recording(name).status != 200:
        with pytest.raises(TuiError):
            await backend.show("gemma3:270m")
        return
    details = await backend.show("gemma3:270m")
    assert details.context_length == 32768
    assert details.modelfile and details.capabilities
    assert "Gemma" in details.license


async def test_a_pull_counts_its_layers(server: ScriptedServer, backend: OllamaBackend) -> None:
    server.library.registry["tiny:1b"] = PullScript(layers=(1000, 10), steps=4)

    found = await steps(backend, "tiny:1b")

    first = [step.completed for step in found if step.total == 1000]
    assert first == [250, 500, 750, 1000]
    assert found[-1].done
    assert "tiny:1b" in [model.name for model in await backend.models()]


async def test_closing_a_pull_stops_it_at_the_server_and_the_next_one_goes_on(
    server: ScriptedServer, backend: OllamaBackend
) -> None:
    gate = server.gate()
    server.library.registry["tiny:1b"] = PullScript(layers=(1000,), steps=10, gate=gate)
    stream = backend.pull("tiny:1b")
    gate.release(3)
    seen = [await anext(stream) for _ in range(4)]
    await stream.aclose()
    await server.requests[-1].ended()

    assert server.requests[-1].closed_by_client
    gate.open()
    again = await steps(backend, "tiny:1b")
    assert again[1].completed > seen[-1].completed


async def test_a_pull_that_is_cut(server: ScriptedServer, backend: OllamaBackend) -> None:
    server.library.registry["tiny:1b"] = PullScript(cut_after=3)

    with pytest.raises(AnswerInterrupted, match="cut"):
        await steps(backend, "tiny:1b")


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        ("write /models/x: no space left on device", ServerFailed, "disk is full"),
        ("pull model manifest: 401: unauthorized", ServerRefused, "everybody"),
        ("pull model manifest: 412: requires a newer version of Ollama", ServerFailed, "newer Ollama"),
        ("digest mismatch, file must be downloaded again", ServerFailed, "damaged"),
        ("Get https://r/x: net/http: TLS handshake timeout", ServerFailed, "registry stopped"),
        ('{"error":{"message":"deep inside"}}', ServerFailed, "deep inside"),
    ],
)
async def test_errors_inside_a_good_answer(
    line: str, kind: type[TuiError], words: str, server: ScriptedServer, backend: OllamaBackend
) -> None:
    body = json.dumps({"status": "pulling manifest"}) + "\n" + json.dumps({"error": line}) + "\n"
    server.answer("/api/pull", Reply(body=body.encode()))

    with pytest.raises(kind, match=words):
        await steps(backend)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(body=b"<!DOCTYPE html><p>Log in", content_type="text/html"), NotAnOllamaServer),
        (Reply(status=500, body=b'{"error":"{\\"error\\":{\\"message\\":\\"inner\\"}}"}'), ServerFailed),
        (Reply(status=503, body=b'{"error":"server busy, maximum pending requests exceeded"}'), ServerBusy),
        (Reply(status=401, body=b""), ServerRefused),
        (Reply(status=307, body=b"", headers=(("Location", "https://elsewhere/"),)), NotAnOllamaServer),
        (Reply(status=404, body=b"404 page not found", content_type="text/plain"), NotAnOllamaServer),
        (Reply(body=b'{"status": 3}\n'), NotAnOllamaServer),
        (Reply(body=b""), NotAnOllamaServer),
        (Reply(raw=b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"y" * 200_000), NotAnOllamaServer),
        (Reply(raw=b""), ServerUnreachable),
    ],
)
async def test_odd_servers(
    reply: Reply, kind: type[TuiError], server: ScriptedServer, backend: OllamaBackend
) -> None:
    for path in ("/api/pull", "/api/delete"):
        server.answer(path, reply)

    with pytest.raises(kind):
        await steps(backend)
    if reply.body not in (b"", b'{"status": 3}\n') or reply.status != 200:
        with pytest.raises(TuiError):
            await backend.delete("gemma3:270m")


async def test_a_line_of_ten_megabytes(server: ScriptedServer, backend: OllamaBackend) -> None:
    long = json.dumps({"status": "x" * 10_000_000}) + "\n" + json.dumps({"status": "success"}) + "\n"
    server.answer("/api/pull", Reply(body=long.encode()))

    found = await steps(backend)

    assert found[-1].done
    assert len(found[0].status) <= 120


@pytest.mark.parametrize("name", ["a b", "ä/ö:ü", "../../etc", "n" * 1000, "\x1b]0;x\x07", "\udc80"])
async def test_names_that_no_model_has(name: str, server: ScriptedServer, backend: OllamaBackend) -> None:
    with pytest.raises(TuiError) as caught:
        await steps(backend, name)
    assert len(caught.value.message) < 300
    assert "\x1b" not in caught.value.message
    with pytest.raises(ModelMissing):
        await backend.delete(name)


async def test_a_dead_registry_is_waited_for(server: ScriptedServer, backend: OllamaBackend) -> None:
    gate = server.gate()
    server.library.registry["tiny:1b"] = PullScript(layers=(1000,), steps=4, gate=gate, dies_after=2)
    task = asyncio.create_task(steps(backend, "tiny:1b"))
    await asyncio.to_thread(gate.release, 2)

    with pytest.raises(ServerFailed, match="stopped answering"):
        await task
