"""Several servers: switching, asking the others, secrets that nobody sees, and starting Ollama."""

import asyncio
import ssl
import stat
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.support.scripted_server import Model, Reply, ScriptedServer
from tui.backends.connect import connect_ollama
from tui.domain.conversation import Conversation, ConversationId
from tui.domain.errors import ModelMissing, ServerFailed, SettingsError
from tui.domain.events import ServerCondition, ServersChanged, ServerStateChanged
from tui.domain.model import ModelInfo, RunningModel, find_model
from tui.domain.server import ServerReport
from tui.services.events import EventBus, Subscription
from tui.services.models import ModelService
from tui.services.ollama_process import OllamaProcess
from tui.services.server import ServerChoice, ServerMonitor
from tui.services.servers import ServerDirectory, choice_of
from tui.services.window_knowledge import WindowKnowledge
from tui.settings.schema import NamedServer
from tui.storage.model_cache import ModelMemory

SECRET = "s3cr3t-t0ken"


@dataclass
class Desk:
    home: ScriptedServer
    gpu: ScriptedServer
    named: dict[str, NamedServer]
    bus: EventBus = field(default_factory=EventBus)

    def __post_init__(self) -> None:
        self.events: Subscription = self.bus.subscribe()
        choice = ServerChoice(host=self.home.url)
        self.monitor = ServerMonitor(
            choice, connect_ollama, lambda state: self.bus.publish(ServerStateChanged(state))
        )
        self.models = ModelService(
            backend=self.monitor.backend,
            connected=lambda: self.monitor.state.condition is ServerCondition.CONNECTED,
            bus=self.bus,
            address=lambda: self.monitor.state.address,
        )
        self.servers = ServerDirectory(
            self.named, home=choice, current="", monitor=self.monitor, models=self.models, bus=self.bus
        )

    def report(self, name: str) -> ServerReport:
        return next(each for each in self.servers.reports if each.name == name)


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setenv("GPU_TOKEN", SECRET)
    monkeypatch.delenv("NO_TOKEN", raising=False)
    with ScriptedServer() as home, ScriptedServer(models=[Model("big:70b")], version="0.40.0") as gpu:
        script = f"print({SECRET!r})"
        desk = Desk(
            home,
            gpu,
            {
                "gpu": NamedServer("gpu", gpu.url, headers={"X-Key": "k"}, token_env="GPU_TOKEN"),
                "command": NamedServer("command", gpu.url, token_command=(sys.executable, "-c", script)),
                "failing": NamedServer("failing", gpu.url, token_command=("false",)),
                "dead": NamedServer("dead", "http://127.0.0.1:9"),
                "unset": NamedServer("unset", gpu.url, token_env="NO_TOKEN"),
            },
        )
        desk.monitor.start()
        await desk.monitor.wait_connected()
        yield desk
        await desk.servers.aclose()
        await desk.monitor.aclose()


async def test_switching_shows_the_other_servers_models(desk: Desk) -> None:
    await desk.models.refresh()
    before = await desk.monitor.backend()
    desk.servers.switch("gpu")
    assert len(desk.models.models) == 0 and not desk.models.known
    await desk.monitor.wait_connected()
    await desk.models.refresh()
    assert find_model("big:70b", desk.models.models) is not None
    assert desk.monitor.state.version == "0.40.0"
    assert desk.report("gpu").current and not desk.report("").current
    assert await before.version() == "0.33.0", "what goes on at the other server goes on"
    desk.servers.switch("")
    await desk.monitor.wait_connected()
    assert desk.monitor.state.address == f"127.0.0.1:{desk.home.port}"


async def test_somebody_who_waits_for_a_server_gets_the_new_one(desk: Desk) -> None:
    desk.home.stop()
    desk.monitor.suspect()
    desk.servers.switch("gpu")
    backend = await desk.monitor.backend()
    assert backend.address == f"127.0.0.1:{desk.gpu.port}"


async def test_a_conversation_is_answered_by_its_own_server(desk: Desk) -> None:
    desk.servers.follow("gpu")
    assert desk.servers.current == "gpu"
    there = await desk.servers.reach("gpu")
    elsewhere = await desk.servers.reach("")
    assert there.address == f"127.0.0.1:{desk.gpu.port}"
    assert elsewhere.address == f"127.0.0.1:{desk.home.port}"
    assert await elsewhere.version() == "0.33.0"
    desk.servers.follow("")
    assert await desk.servers.reach("gpu") is there, "one connection for each server"
    never_used = await desk.servers.reach("command")
    assert never_used.address == f"127.0.0.1:{desk.gpu.port}"
    assert await desk.servers.reach("command") is never_used
    assert await desk.servers.reach("") is elsewhere


async def test_who_waits_for_a_conversations_server_never_gets_another(desk: Desk) -> None:
    desk.gpu.stop()
    desk.servers.follow("gpu")
    waiting = asyncio.create_task(desk.servers.reach("gpu"))
    await asyncio.sleep(0)
    desk.servers.follow("")
    reached = await waiting
    assert reached.address == f"127.0.0.1:{desk.gpu.port}"


async def test_a_server_that_was_named_for_the_run_answers_everywhere(desk: Desk) -> None:
    fixed = ServerDirectory(
        desk.named,
        home=ServerChoice(host=desk.home.url),
        current="",
        monitor=desk.monitor,
        models=desk.models,
        bus=desk.bus,
        fixed=True,
    )
    fixed.follow("gpu")
    fixed.follow("no longer there")
    assert fixed.current == ""
    assert fixed.answers("gpu")
    assert (await fixed.reach("gpu")).address == f"127.0.0.1:{desk.home.port}"
    fixed.visit("gpu")
    assert (await fixed.reach("gpu")).address == f"127.0.0.1:{desk.home.port}"
    fixed.leave()
    fixed.switch("gpu")
    fixed.follow("command")
    assert fixed.current == "command", "another was chosen, so none is fixed any more"


async def test_a_visit_is_not_ended_by_what_happens_in_conversations(desk: Desk) -> None:
    desk.servers.visit("gpu")
    desk.servers.follow("")
    assert desk.servers.current == "gpu"
    desk.servers.leave()
    desk.servers.follow("")
    assert desk.servers.current == ""


async def test_models_that_arrive_after_a_switch_are_not_taken_for_the_new_servers(desk: Desk) -> None:
    gate = desk.home.gate()
    desk.home.answer("/api/tags", Reply(body=b'{"models": [{"name": "late:1b"}]}', hold=gate))
    asking = asyncio.create_task(desk.models.refresh())
    await asyncio.to_thread(_asked, desk.home, "/api/tags")
    desk.servers.follow("gpu")
    gate.open()
    await asking
    assert not desk.models.known
    assert find_model("late:1b", desk.models.installed) is None


async def test_loads_are_remembered_for_each_server(desk: Desk) -> None:
    desk.gpu.models = [Model("gemma3:270m")]
    await desk.models.refresh()
    desk.models.learn_load("gemma3:270m", 9.0)
    assert desk.models.load_seconds()["gemma3:270m"] == 9.0
    desk.servers.follow("gpu")
    await desk.monitor.wait_connected()
    await desk.models.refresh()
    assert desk.models.load_seconds() == {}


def _asked(server: ScriptedServer, path: str) -> None:
    while all(request.path != path for request in server.requests):
        time.sleep(0.001)


async def test_the_others_are_asked_all_at_once(desk: Desk) -> None:
    await desk.servers.survey()
    assert (desk.report("gpu").version, len(desk.report("gpu").models)) == ("0.40.0", 1)
    dead = desk.report("dead")
    assert dead.error is not None and dead.error.reason == "refused"
    failing = desk.report("failing").error
    assert failing is not None and "false" in failing.message
    unset = desk.report("unset").error
    assert unset is not None and "NO_TOKEN" in unset.message
    async for event in desk.events:
        if isinstance(event, ServersChanged):
            break


async def test_what_is_loaded_elsewhere_and_how_long_it_took_is_known(desk: Desk) -> None:
    desk.gpu.loaded.append("big:70b")
    await desk.servers.survey()
    assert [each.name for each in desk.report("gpu").running] == ["big:70b"]
    desk.servers.switch("gpu")
    await desk.monitor.wait_connected()
    await desk.models.refresh()
    desk.models.learn_load("big:70b", 14.0)
    desk.servers.switch("")
    assert desk.report("gpu").load_seconds == {"big:70b": 14.0}
    assert [each.name for each in desk.report("gpu").running] == ["big:70b"], "as it was a moment ago"


async def test_a_server_elsewhere_that_does_not_say_what_is_loaded_is_listed_all_the_same(desk: Desk) -> None:
    desk.gpu.answer("/api/ps", Reply(status=500, body=b'{"error": "no"}'))
    await desk.servers.survey()
    report = desk.report("gpu")
    assert (report.version, len(report.models), report.running, report.error) == ("0.40.0", 1, (), None)
    assert desk.models.memory.servers[report.address] == report.models, (
        "so that the next run lists it at once"
    )


async def test_what_an_older_server_elsewhere_does_not_list_is_asked_once(desk: Desk) -> None:
    able = Model("old:1b", capabilities=None, digest="d" * 64)
    desk.gpu.models = [able, Model("other:1b", capabilities=None, digest="e" * 64)]
    await desk.servers.survey()
    assert desk.report("gpu").models[0].capabilities is None
    show = b'{"capabilities": ["completion", "vision"]}'
    desk.gpu.answer("/api/show", Reply(body=show))
    await desk.servers.describe("gpu", ["old:1b"])
    await desk.servers.describe("gpu", ["old:1b"])
    first, second = desk.report("gpu").models
    assert sorted(first.capabilities or ()) == ["completion", "vision"]
    assert second.capabilities is None
    assert [each.path for each in desk.gpu.requests].count("/api/show") == 1


@pytest.mark.parametrize("name", ["gpu", "command"])
async def test_tokens_are_sent_and_never_shown(
    name: str, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    desk.servers.switch(name)
    await desk.monitor.wait_connected()
    sent = desk.gpu.requests[-1].headers
    assert sent["authorization"] == f"Bearer {SECRET}"
    assert sent.get("x-key") == ("k" if name == "gpu" else None)
    backend = await desk.monitor.backend()
    shown = f"{desk.servers.reports!r}{desk.monitor.state!r}{backend!r}{desk.named[name].headers is None}"
    assert SECRET not in shown + caplog.text
    assert "'k'" not in repr(desk.named[name])
    listing = await asyncio.create_subprocess_exec("ps", "-eo", "args", stdout=asyncio.subprocess.PIPE)
    processes, _ = await listing.communicate()
    assert b"ps" in processes and SECRET.encode() not in processes


async def test_headers_that_cannot_be_sent_are_not_repeated() -> None:
    choice = choice_of(NamedServer("x", "http://127.0.0.1:9", headers={"X-Key": f"{SECRET}\u20ac"}))
    assert choice.connect is not None
    with pytest.raises(SettingsError) as caught:
        await choice.connect("http://127.0.0.1:9", headers=choice.headers, embedded=False)
    import traceback

    assert SECRET not in "".join(traceback.format_exception(caught.value))


async def test_a_token_command_that_prints_more_than_a_token() -> None:
    bad = NamedServer("x", "h", token_command=(sys.executable, "-c", f"print({SECRET!r}, end='\\n\\nmore')"))
    choice = choice_of(bad)
    assert choice.connect is not None
    with pytest.raises(SettingsError, match="printed no token") as caught:
        await choice.connect("h", headers={}, embedded=False)
    assert SECRET not in f"{caught.value}{caught.value.hint}"
    assert caught.value.reason == "no token"


async def test_there_is_no_such_server(desk: Desk) -> None:
    with pytest.raises(ModelMissing, match="nowhere"):
        desk.servers.switch("nowhere")
    assert desk.servers.current == ""


async def test_certificates_of_ones_own(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    arguments = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext"
    made = await asyncio.create_subprocess_exec(
        "openssl",
        *arguments.split(),
        "subjectAltName=DNS:localhost",
        *("-keyout", str(key), "-out", str(certificate)),
        stderr=asyncio.subprocess.DEVNULL,
    )
    await made.wait()
    if made.returncode != 0:
        pytest.skip("openssl cannot make a certificate here")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"version": "0.1"}'
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    host = f"https://localhost:{server.sockets[0].getsockname()[1]}"
    trusting = await connect_ollama(host, headers={}, embedded=False, ca_file=str(certificate))
    assert await trusting.version() == "0.1"
    strict = await connect_ollama(host, headers={}, embedded=False)
    with pytest.raises(Exception, match="No secure connection") as caught:
        await strict.version()
    assert getattr(caught.value, "reason", "") == "TLS"
    await trusting.aclose()
    await strict.aclose()
    server.close()
    for bad in (tmp_path / "none.pem", key):
        with pytest.raises(SettingsError, match="cannot be used") as unusable:
            await connect_ollama(host, headers={}, embedded=False, ca_file=str(bad))
        assert unusable.value.reason == "bad ca_file"


def _fake_ollama(folder: Path, script: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / "ollama"
    path.write_text(f"#!{sys.executable}\n{script}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def _wait_for(path: Path) -> None:
    while not path.exists() or not path.read_text():
        time.sleep(0.01)


async def _never() -> None:
    await asyncio.Event().wait()


async def test_starting_ollama_waits_until_it_answers_and_ends_it_if_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "mark"
    _fake_ollama(
        tmp_path / "bin",
        "import sys, time, pathlib\n"
        f"pathlib.Path({str(mark)!r}).write_text(' '.join(sys.argv[1:]))\n"
        "print('listening', flush=True)\ntime.sleep(600)\n",
    )
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    async def answers() -> None:
        await asyncio.to_thread(_wait_for, mark)

    process = OllamaProcess(tmp_path / "state" / "ollama.log", answers, stop_at_exit=True)
    await process.start()
    await process.start()
    assert mark.read_text() == "serve"
    assert process.running
    handle = process._process
    assert handle is not None
    await process.aclose()
    assert handle.returncode is not None
    assert stat.S_IMODE(process.log.stat().st_mode) == 0o600


async def test_an_ollama_that_was_started_is_left_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fake_ollama(tmp_path / "bin", "import time\ntime.sleep(600)\n")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    async def at_once() -> None:
        return

    process = OllamaProcess(tmp_path / "ollama.log", at_once, stop_at_exit=False)
    await process.start()
    handle = process._process
    assert handle is not None
    await process.aclose()
    assert handle.returncode is None
    handle.kill()
    await handle.wait()


async def test_what_ollama_said_before_it_stopped_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fake_ollama(tmp_path / "bin", "import sys\nprint('Error: listen tcp: address in use')\nsys.exit(1)\n")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "ollama.log").write_text("Error: of an earlier run\n")
    process = OllamaProcess(tmp_path / "ollama.log", _never, stop_at_exit=False)
    with pytest.raises(ServerFailed, match="address in use") as caught:
        await process.start()
    assert "ollama.log" in caught.value.hint
    assert "earlier" not in caught.value.message


async def test_ollama_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServerFailed, match="not installed"):
        await OllamaProcess(tmp_path / "ollama.log", _never, stop_at_exit=False).start()


async def test_what_is_known_of_models_is_known_for_each_server(desk: Desk) -> None:
    seeing = ModelInfo("big:70b", digest="d", context_length=8192, capabilities=frozenset({"vision"}))
    blind = replace(seeing, context_length=4096, capabilities=frozenset({"completion"}))
    desk.models.memory = ModelMemory(servers={f"127.0.0.1:{desk.gpu.port}": (seeing,)})
    desk.models.installed = (blind,)
    desk.models.running = (RunningModel("big:70b", context_length=2048),)
    assert desk.servers.models_of("gpu").installed == (seeing,)
    assert desk.servers.models_of("gone").installed == ()
    assert [desk.servers.may_see("big:70b", name) for name in ("", "gpu", "gone")] == [False, True, True]
    assert not desk.servers.embedded("")
    assert not desk.servers.embedded("gpu")
    knowledge = WindowKnowledge(desk.servers.models_of, desk.bus)
    here = Conversation(ConversationId("a"), "", 0.0, 0.0, model="big:70b")
    there = replace(here, server="gpu")
    assert (knowledge.window(here).tokens, knowledge.window(here).maximum) == (2048, 4096)
    assert knowledge.window(there).maximum == 8192
    assert knowledge.window(there).tokens != 2048, "it is loaded elsewhere"


async def test_an_address_is_called_by_the_name_that_the_settings_give_it_now(desk: Desk) -> None:
    desk.servers.follow(desk.gpu.url)
    assert desk.servers.current == "gpu", "the first of that address"
    desk.servers.follow(desk.home.url)
    assert desk.servers.current == ""
    desk.servers.follow("http://127.0.0.1:7")
    assert desk.servers.current == "http://127.0.0.1:7"
    assert desk.servers.names[-1] == "http://127.0.0.1:7"
    assert desk.servers.reports[-1].label == "127.0.0.1:7"
    with pytest.raises(SettingsError):
        desk.servers.follow("ftp://127.0.0.1:7")
