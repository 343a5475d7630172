"""Secrets are sent, and are in nothing that could be written down: settings, errors, handles."""

import asyncio
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.scripted_server import Reply, ScriptedServer
from tui.backends.ollama import OllamaBackend
from tui.domain.errors import TuiError
from tui.services import build
from tui.services.engine import EngineHandle
from tui.services.events import EventBus
from tui.services.models import ModelService
from tui.services.server import ServerChoice, ServerMonitor
from tui.services.servers import ServerDirectory, choice_of
from tui.settings.schema import NamedServer, ServerSettings, Settings

if TYPE_CHECKING:
    from tui.domain.events import ServerState

SECRET = "s3cr3t-t0ken"


def test_settings_and_handles_do_not_show_them() -> None:
    named = NamedServer("box", f"http://ann:{SECRET}@box", headers={"X-Key": SECRET}, token_env="BOX")
    settings = Settings(server=ServerSettings(host=f"http://ann:{SECRET}@home"), servers={"box": named})
    choice = ServerChoice(host=named.host, headers={"Authorization": SECRET})
    handle = EngineHandle("http://127.0.0.1:1", {"Authorization": f"Bearer {SECRET}"}, "a model")
    for thing in (named, settings, choice, handle, replace(choice, engine_only=True)):
        assert SECRET not in f"{thing!r}{thing}"


@pytest.mark.parametrize("source", ["headers", "token_env", "token_command", "host"])
@pytest.mark.parametrize("status", [401, 500, 302])
async def test_errors_and_reports_do_not_show_them(
    source: str, status: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setenv("BOX", SECRET)
    with ScriptedServer() as server:
        body = f'{{"error": "no: {SECRET}"}}'.encode()
        server.answer("/api/version", Reply(status=status, body=body, headers=(("Location", server.url),)))
        host = server.url.replace("http://", f"http://ann:{SECRET}@") if source == "host" else server.url
        given = {
            "headers": NamedServer("box", host, headers={"Authorization": f"Bearer {SECRET}"}),
            "token_env": NamedServer("box", host, token_env="BOX"),
            "token_command": NamedServer(
                "box", host, token_command=(sys.executable, "-c", f"print('{SECRET}')")
            ),
            "host": NamedServer("box", host),
        }[source]
        states: list[ServerState] = []
        monitor = ServerMonitor(choice_of(given), _never, states.append)
        models = ModelService(backend=monitor.backend, connected=lambda: False, bus=EventBus())
        home = ServerChoice(host=server.url)
        directory = ServerDirectory(
            {"box": given}, home=home, current="box", monitor=monitor, models=models, bus=EventBus()
        )
        monitor.start()
        with pytest.raises(TuiError) as caught:
            await monitor.backend()
        told = "".join(traceback.format_exception(caught.value))
        shown = (
            f"{told}{caught.value!r}{caught.value.hint}{states!r}{directory.reports!r}{monitor!r}{given!r}"
        )
        assert SECRET not in shown + caplog.text
        sent = server.requests[-1].headers.get("authorization", "")
        assert sent.startswith("Basic ") if source == "host" else SECRET in sent
        await monitor.aclose()


async def _never(host: str, **_: object) -> OllamaBackend:
    raise AssertionError(host)


async def test_a_backend_does_not_show_them(tmp_path: Path) -> None:
    backend = OllamaBackend(f"http://ann:{SECRET}@127.0.0.1:9", headers={"X-Key": SECRET})
    with pytest.raises(TuiError) as caught:
        await asyncio.wait_for(backend.version(), 10)
    told = "".join(traceback.format_exception(caught.value))
    assert SECRET not in f"{told}{backend!r}{backend.address}"
    await backend.aclose()


async def test_a_host_that_conversations_remember_has_none(tmp_path: Path) -> None:
    settings = Settings(
        server=ServerSettings(host=f"https://ann:{SECRET}@127.0.0.1:9/ollama"),
        data_dir=tmp_path / "data",
        state_dir=tmp_path / "state",
        typed=frozenset({"server.host"}),
    )
    services = await build(settings)
    assert services.servers.kept_as("") == "https://127.0.0.1:9/ollama"
    await services.aclose()
