"""Everything that is asked of a server besides answers."""

import asyncio

import pytest

from tests.support.recordings import names, recording
from tests.support.scripted_server import Model, Reply, ScriptedServer
from tui.backends import mapping
from tui.backends import ollama as backend_module
from tui.backends.ollama import OllamaBackend
from tui.domain.errors import (
    ModelMissing,
    NotAnOllamaServer,
    ServerFailed,
    ServerUnreachable,
    SettingsError,
    TuiError,
)
from tui.domain.model import Capability


@pytest.mark.parametrize("name", names("version"))
async def test_version(name: str, server: ScriptedServer, backend: OllamaBackend) -> None:
    server.answer("/api/version", Reply(recording=name))

    assert await backend.version() == "0.33.0-rc2"
    assert backend.address == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>", "web page"),
        (b"Ollama is running", "something else"),
        (b'{"version": 3}', "something else"),
        (b"[]", "something else"),
        (b"\xff\xfe", "something else"),
    ],
)
async def test_what_is_no_version(
    server: ScriptedServer, backend: OllamaBackend, body: bytes, message: str
) -> None:
    server.answer("/api/version", Reply(body=body))

    with pytest.raises(NotAnOllamaServer, match=message):
        await backend.version()


async def test_a_hostile_version_is_harmless(server: ScriptedServer, backend: OllamaBackend) -> None:
    server.answer("/api/version", Reply(body=b'{"version": "\\u001b]0;x\\u0007' + b"9" * 500 + b'"}'))

    version = await backend.version()

    assert "\x1b" not in version
    assert len(version) <= 40


@pytest.mark.parametrize("name", names("tags"))
async def test_recorded_models(name: str, server: ScriptedServer, backend: OllamaBackend) -> None:
    server.answer("/api/tags", Reply(recording=name))

    models = await backend.models()

    entries = recording(name).json_lines()[0]["models"]
    assert isinstance(entries, list)
    assert [(m.name, m.digest, m.size) for m in models] == [
        (e["name"], e["digest"], e["size"]) for e in entries
    ]
    assert [m.capabilities for m in models] == [
        frozenset(e["capabilities"]) if "capabilities" in e else None for e in entries
    ]


async def test_a_recorded_model(server: ScriptedServer, backend: OllamaBackend) -> None:
    server.answer("/api/tags", Reply(recording="tags"))

    (model,) = await backend.models()

    assert (model.family, model.parameter_size, model.quantization) == ("gemma3", "268.10M", "Q4_K_M")
    assert model.context_length == 32768
    assert model.can_chat


async def test_models_of_an_old_server(server: ScriptedServer, backend: OllamaBackend) -> None:
    embedding = Model("nomic-embed-text:latest", capabilities=None, family="nomic-bert")
    server.models = [Model("old:1b", capabilities=None), embedding]

    model, other = await backend.models()

    assert model.capabilities is None
    assert model.context_length is None
    assert model.can_chat
    assert not other.can_chat


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (b'{"models": null}', 0),
        (b'{"models": [3, {}, {"name": 4}, {"model": "m"}, {"name": "n", "details": 5, "size": "x"}]}', 2),
    ],
)
async def test_odd_lists(server: ScriptedServer, backend: OllamaBackend, body: bytes, count: int) -> None:
    server.answer("/api/tags", Reply(body=body))
    server.answer("/api/ps", Reply(body=body))

    assert len(await backend.models()) == count
    assert len(await backend.running()) == count


async def test_lists_that_are_none(server: ScriptedServer, backend: OllamaBackend) -> None:
    server.answer("/api/tags", Reply(body=b"{}"))
    server.answer("/api/ps", Reply(body=b'{"models": {}}'))

    with pytest.raises(NotAnOllamaServer):
        await backend.models()
    with pytest.raises(NotAnOllamaServer):
        await backend.running()


@pytest.mark.parametrize("name", names("ps"))
async def test_recorded_loaded_models(name: str, server: ScriptedServer, backend: OllamaBackend) -> None:
    server.answer("/api/ps", Reply(recording=name))

    running = await backend.running()

    entries = recording(name).json_lines()[0]["models"]
    assert isinstance(entries, list)
    assert [(m.name, m.size, m.size_vram, m.context_length) for m in running] == [
        (e["name"], e["size"], e["size_vram"], e["context_length"]) for e in entries
    ]
    assert all(m.expires_at is not None and m.expires_at > 1.79e9 for m in running)


async def test_servers_too_old_to_say_what_is_loaded(server: ScriptedServer, backend: OllamaBackend) -> None:
    server.answer("/api/ps", Reply(recording="unknown_path_404"))

    assert await backend.running() == ()


@pytest.mark.parametrize("name", [n for n in names("show") if recording(n).status == 200])
async def test_recorded_details(name: str, server: ScriptedServer, backend: OllamaBackend) -> None:
    server.answer("/api/show", Reply(recording=name))

    details = await backend.show("m")

    (shown,) = recording(name).json_lines()
    assert isinstance(shown["capabilities"], list)
    assert details.capabilities == frozenset(shown["capabilities"])
    assert details.context_length == 32768
    assert details.parameter_size == "268.10M"
    assert details.quantization == "Q4_K_M"
    assert details.family == "gemma3"
    assert details.parameters == shown.get("parameters", "")
    assert details.template == shown["template"]
    assert details.system == shown.get("system", "")
    assert details.license == shown["license"]
    assert details.modelfile == shown["modelfile"]


async def test_thinking_is_seen(server: ScriptedServer, backend: OllamaBackend) -> None:
    server.answer("/api/show", Reply(recording="show_thinker"))

    assert Capability.THINKING in (await backend.show("thinker:270m")).capabilities


async def test_details_of_an_old_server(server: ScriptedServer, backend: OllamaBackend) -> None:
    server.answer("/api/show", Reply(body=b'{"license": ["one", "two"], "model_info": null}'))

    details = await backend.show("m")

    assert details.license == "one\n\ntwo"
    assert details.capabilities == frozenset()
    assert details.context_length is None


async def test_details_of_an_unknown_model(backend: OllamaBackend) -> None:
    with pytest.raises(ModelMissing) as caught:
        await backend.show("nope:1b")

    assert caught.value.message == "model 'nope:1b' not found"
    assert "ollama pull nope:1b" in caught.value.hint


async def test_details_that_are_none(server: ScriptedServer, backend: OllamaBackend) -> None:
    server.answer("/api/show", Reply(body=b"nonsense"))

    with pytest.raises(NotAnOllamaServer):
        await backend.show("m")


async def test_loading_and_unloading(server: ScriptedServer, backend: OllamaBackend) -> None:
    await backend.load("gemma3:270m", "-1")
    loaded = await backend.running()
    await backend.unload("gemma3:270m")

    assert [model.name for model in loaded] == ["gemma3:270m"]
    assert await backend.running() == ()
    asked = [request.json for request in server.requests if request.path == "/api/chat"]
    assert asked == [
        {"model": "gemma3:270m", "stream": False, "keep_alive": -1},
        {"model": "gemma3:270m", "stream": False, "keep_alive": 0},
    ]


@pytest.mark.parametrize(
    "name", [n for n in [*names("chat_load"), *names("chat_unload")] if recording(n).status == 200]
)
async def test_recorded_loads(name: str, server: ScriptedServer, backend: OllamaBackend) -> None:
    server.answer("/api/chat", Reply(recording=name))

    await backend.load("m")
    await backend.unload("m")


async def test_a_slow_load_does_not_time_out(
    server: ScriptedServer, backend: OllamaBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend_module, "ANSWER_SECONDS", 0.05)
    gate = server.gate()
    server.answer("/api/chat", Reply(hold=gate, body=recording("chat_load").body))
    server.answer("/api/version", Reply(hold=gate))
    loading = asyncio.create_task(backend.load("gemma3:270m"))
    for _ in range(2):
        with pytest.raises(ServerUnreachable, match="too long"):
            await backend.version()

    assert not loading.done()
    gate.open()
    await loading


async def test_loading_what_is_missing(backend: OllamaBackend) -> None:
    with pytest.raises(ModelMissing):
        await backend.load("nope:1b")


async def test_an_error_in_a_good_answer(server: ScriptedServer, backend: OllamaBackend) -> None:
    server.answer("/api/chat", Reply(body=b'{"error": "no room"}'))

    with pytest.raises(ServerFailed, match="no room"):
        await backend.load("m")


async def test_the_rest_of_an_endless_error_is_not_read(
    server: ScriptedServer, backend: OllamaBackend
) -> None:
    server.answer("/api/tags", Reply(raw=b"HTTP/1.1 500 Oh\r\n\r\n", raw_forever=b"x" * 4096))

    with pytest.raises(ServerFailed):
        await backend.models()


@pytest.mark.parametrize(
    "headers", [{"X-Key": "snow\u2603man"}, {"": "x"}, {"bad name": "x"}, {"x": "line\nbreak"}]
)
async def test_headers_that_cannot_be_sent(server: ScriptedServer, headers: dict[str, str]) -> None:
    with pytest.raises(TuiError) as caught:
        await OllamaBackend(server.url, headers=headers).version()

    assert "settings" in caught.value.hint


async def test_headers_are_sent(server: ScriptedServer) -> None:
    backend = OllamaBackend(server.url, headers={"Authorization": "Bearer token", "X-More": "1"})

    await backend.version()

    assert server.requests[0].headers["authorization"] == "Bearer token"
    assert server.requests[0].headers["x-more"] == "1"
    await backend.aclose()


async def test_a_password_in_the_host_is_sent_and_not_shown(server: ScriptedServer) -> None:
    backend = OllamaBackend(f"http://ann:secret@127.0.0.1:{server.port}")

    await backend.version()

    assert server.requests[0].headers["authorization"].startswith("Basic ")
    assert "secret" not in backend.address
    await backend.aclose()


async def test_a_path_before_the_api(server: ScriptedServer) -> None:
    backend = OllamaBackend(f"{server.url}/behind/proxy/")
    server.answer("/behind/proxy/api/version", Reply(recording="version"))

    assert await backend.version() == "0.33.0-rc2"
    await backend.aclose()


def test_bad_hosts() -> None:
    with pytest.raises(SettingsError):
        OllamaBackend("ftp://x")


def test_times_beyond_the_calendar() -> None:
    running = mapping.running({"models": [{"name": "m", "expires_at": "0001-01-01T00:00Z"}, {"name": "n"}]})

    assert running is not None
    assert running[1].expires_at is None
