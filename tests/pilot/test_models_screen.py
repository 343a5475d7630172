"""The model manager, the dropdown, thinking, warm-up and servers, in the whole app against a real socket."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from tests.support.lists import HOSTILE, assert_harmless
from tests.support.scripted_server import Model, PullScript, Reply, Request, ScriptedServer
from tui.app import ChatApp
from tui.domain.errors import ServerFailed
from tui.domain.events import ServerCondition, ServerStateChanged
from tui.domain.generation import Options
from tui.domain.model import ModelDetails, ModelInfo, RunningModel
from tui.domain.pull import Pull, PullLayer, PullState
from tui.screens.chat import ChatScreen
from tui.screens.model_dialogs import ChoiceScreen, CreateScreen
from tui.screens.models import ModelsScreen
from tui.settings.schema import (
    ChatSettings,
    EngineSettings,
    InterfaceSettings,
    NamedServer,
    ServerSettings,
    Settings,
)
from tui.widgets.library_rows import LibraryContents, RowKind, library_rows
from tui.widgets.model_details import model_text, pull_text
from tui.widgets.model_picker import ModelPicker
from tui.widgets.model_words import left_words, memory_words, pull_words


async def until(pilot: Pilot[None], wanted: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not wanted():
            await pilot.pause(0.01)


@asynccontextmanager
async def started(
    server: ScriptedServer, tmp_path: Path, *, size: tuple[int, int] = (120, 40), **servers: str
) -> AsyncIterator[tuple[ChatApp, Pilot[None]]]:
    app = ChatApp(
        Settings(
            server=ServerSettings(host=server.url),
            chat=ChatSettings(titles=False),
            engine=EngineSettings(enabled=False),
            interface=InterfaceSettings(animation=False),
            servers={name: NamedServer(name, host) for name, host in servers.items()},
            data_dir=tmp_path / "data",
            state_dir=tmp_path / "state",
        )
    )
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.services is not None and app.services.models.known)
        await pilot.pause()
        yield app, pilot


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


def manager(app: ChatApp) -> ModelsScreen:
    return next(screen for screen in app.screen_stack if isinstance(screen, ModelsScreen))


def rows(app: ChatApp) -> list[str]:
    return [row.text.plain for row in manager(app).listing.rows]


def cursor(app: ChatApp) -> str:
    model = manager(app).model
    return model.name if model else ""


def details(app: ChatApp) -> str:
    return str(manager(app).pane.query_one(Static).content)


def shown(app: ChatApp) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def chat(app: ChatApp) -> ChatScreen:
    return next(screen for screen in app.screen_stack if isinstance(screen, ChatScreen))


def answer(app: ChatApp) -> str:
    last = chat(app).pane.last_answer
    return last.content if last else ""


def toasts(app: ChatApp) -> str:
    return " ".join(each.message for each in app._notifications)


async def test_a_model_is_pulled_while_one_talks(server: ScriptedServer, tmp_path: Path) -> None:
    gate = server.gate()
    server.library.registry["tiny:1b"] = PullScript(layers=(4_000_000, 10), steps=4, gate=gate)
    async with started(server, tmp_path) as (app, pilot):
        await pilot.press("f4", "p")
        await pilot.press(*"tiny:1b", "enter")
        await until(pilot, lambda: any("tiny:1b" in row for row in rows(app)))
        gate.release(2)
        await until(pilot, lambda: any("tiny:1b" in row and "50 %" in row for row in rows(app)))
        await until(pilot, lambda: "2 MB of 4 MB" in details(app))
        await pilot.press("escape")
        assert isinstance(app.screen, ChatScreen)
        gate.open()
        await until(pilot, lambda: "tiny:1b is ready." in toasts(app))
        assert app.services is not None
        await until(pilot, lambda: app.services and "tiny:1b" in [m.name for m in app.services.models.models])


async def test_a_pull_is_stopped_and_goes_on(server: ScriptedServer, tmp_path: Path) -> None:
    gate = server.gate()
    server.library.registry["tiny:1b"] = PullScript(layers=(4_000_000,), steps=4, gate=gate)
    async with started(server, tmp_path, size=(80, 24)) as (app, pilot):
        await pilot.press("f4", "p", *"tiny:1b", "enter")
        gate.release(2)
        await until(pilot, lambda: any("50 %" in row for row in rows(app)))
        await pilot.press("x")
        await until(pilot, lambda: any("stopped" in row for row in rows(app)))
        gate.open()
        await pilot.press("enter")
        await until(pilot, lambda: any("✓ ready" in row for row in rows(app)))
        await pilot.press("x")
        await until(pilot, lambda: not any("✓ ready" in row for row in rows(app)))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_what_goes_wrong_says_what_to_do(
    size: tuple[int, int], server: ScriptedServer, tmp_path: Path
) -> None:
    async with started(server, tmp_path, size=size) as (app, pilot):
        await pilot.press("f4", "p", *"nope:1b", "enter")
        await until(pilot, lambda: any("has no model nope:1b" in row for row in rows(app)))
        await until(pilot, lambda: "ollama.com/library" in shown(app) and "Enter goes on" in shown(app))
        await pilot.press("p", *"a b", "enter")
        await until(pilot, lambda: "not a name" in shown(app))
        assert app.screen.query_one(Input).value == "a b", "it stays to be mended"


async def test_copy_rename_create_delete(server: ScriptedServer, tmp_path: Path) -> None:
    async with started(server, tmp_path) as (app, pilot):
        await pilot.press("f4")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen) and manager(app).model)
        manager(app).listing.select(RowKind.INSTALLED, "llama3.2:3b")
        await pilot.press("c")
        await until(pilot, lambda: app.screen.query(Input))
        app.screen.query_one(Input).value = "mine:1"
        await pilot.press("enter")
        await until(pilot, lambda: cursor(app) == "mine:1")
        await pilot.press("r")
        await until(pilot, lambda: app.screen.query(Input))
        app.screen.query_one(Input).value = "ours:1"
        await pilot.press("enter")
        await until(pilot, lambda: cursor(app) == "ours:1")
        assert not any("mine:1" in row for row in rows(app))
        manager(app).listing.select(RowKind.INSTALLED, "llama3.2:3b")
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, CreateScreen) and app.screen.query("#parameters"))
        form = app.screen
        assert isinstance(form, CreateScreen)
        form.name_input.value = "brief"
        form.parameters.text = "top_pp 1"
        await pilot.press("ctrl+s")
        assert "top_p?" in str(form.query_one("#error", Static).content)
        form.parameters.text = "temperature 1"
        form.system.text = "Be brief."
        form.name_input.value = "two words"
        await pilot.press("ctrl+s")
        assert "not a name" in str(form.query_one("#error", Static).content)
        form.name_input.value = "brief"
        refusal = Reply(status=400, body=b'{"error": "invalid model name"}')
        server.answer("/api/create", refusal)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.screen is not form and app.screen.query("#parameters"))
        again = app.screen
        assert isinstance(again, CreateScreen)
        written = (again.name_input.value, again.system.text, again.parameters.text)
        assert written == ("brief", "Be brief.", "temperature 1"), "nothing that was written is lost"
        server.requests.clear()
        server.answer("/api/create", None)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen) and cursor(app) == "brief")
        created = next(request for request in server.requests if request.path == "/api/create")
        assert created.json["system"] == "Be brief." and created.json["parameters"] == {"temperature": 1.0}
        manager(app).listing.select(RowKind.INSTALLED, "llama3.2:3b")
        await pilot.press("d")
        await until(pilot, lambda: app.screen.query("Static#body"))
        words = str(app.screen.query_one("#body", Static).content)
        assert "same files" in words, "ours:1 shares them"
        await pilot.press("n")
        manager(app).listing.select(RowKind.INSTALLED, "qwen3-vl:8b")
        await pilot.press("d")
        await until(pilot, lambda: not isinstance(app.screen, ModelsScreen))
        await pilot.press("y")
        await until(pilot, lambda: cursor(app) != "qwen3-vl:8b")
        assert "qwen3-vl:8b" not in [model.name for model in server.models]
        assert cursor(app) == "ours:1", "the next one"


async def test_loading_keeping_and_unloading(server: ScriptedServer, tmp_path: Path) -> None:
    async with started(server, tmp_path) as (app, pilot):
        await pilot.press("f4")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen) and manager(app).model)
        manager(app).listing.select(RowKind.INSTALLED, "gemma3:270m")
        assert manager(app).check_action("unload", ()) is False
        await pilot.press("l")
        await until(pilot, lambda: any("CPU" in row and "4,096" in row for row in rows(app)))
        assert manager(app).check_action("load", ()) is False
        await pilot.press("k")
        await until(pilot, lambda: any(r.json.get("keep_alive") == -1 for r in chats(server)))
        await until(pilot, lambda: any("kept" in row for row in rows(app)))
        await pilot.press("e")
        await until(pilot, lambda: "kept until it is unloaded" in toasts(app))
        await pilot.press("u")
        await until(pilot, lambda: server.loaded == [] and not any("CPU" in row for row in rows(app)))


def chats(server: ScriptedServer) -> list[Request]:
    return [request for request in server.requests if request.path == "/api/chat"]


async def test_details_scroll_and_escape_returns(server: ScriptedServer, tmp_path: Path) -> None:
    server.answer("/api/show", Reply(recording="show_tmp_system"))
    async with started(server, tmp_path, size=(80, 24)) as (app, pilot):
        await pilot.press("f4")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen) and manager(app).model)
        await until(pilot, lambda: "Licence" in details(app))
        assert not manager(app).pane.display
        await pilot.press("enter")
        assert manager(app).pane.display and manager(app).pane.has_focus
        for heading in ("System prompt", "Parameters", "Template", "Modelfile"):
            assert heading in details(app)
        await pilot.press("end")
        await until(pilot, lambda: manager(app).pane.scroll_y > 0)
        await pilot.press("escape")
        assert manager(app).listing.has_focus
        await pilot.press("escape")
        assert isinstance(app.screen, ChatScreen)


async def test_choosing_warms_up_and_escape_stops_it(server: ScriptedServer, tmp_path: Path) -> None:
    gate = server.gate()
    server.default = Reply(hold=gate)
    long = f"hf.co/someone/Llama-{'Long-' * 12}GGUF:Q4_K_M"
    server.models = [Model("gemma3:270m"), Model(long)]
    async with started(server, tmp_path, size=(80, 24)) as (app, pilot):
        session = chat(app).session
        assert session is not None
        await session.setups.use(replace(session.setups.current, options=Options(num_ctx=2048)))
        await pilot.press("ctrl+l", *"llama", "enter")
        await until(pilot, lambda: "loading hf.co/someone/Llama" in chat(app).pane.status.state_text)
        await pilot.pause()
        assert " s · Esc stops" in shown(app)
        request = next(r for r in server.requests if r.path == "/api/chat")
        window = {"num_ctx": 2048}
        assert request.json == {"model": long, "stream": False, "options": window}
        await pilot.press("escape")
        await asyncio.wait_for(request.ended(), 10)
        assert request.closed_by_client
        await until(pilot, lambda: "loading" not in chat(app).pane.status.state_text)
        gate.open()


async def test_favourites_stand_first_and_are_remembered(server: ScriptedServer, tmp_path: Path) -> None:
    async with started(server, tmp_path) as (app, pilot):
        await pilot.press("ctrl+l")
        await until(pilot, lambda: isinstance(app.screen, ModelPicker) and app.screen.shown)
        picker = app.screen
        assert isinstance(picker, ModelPicker)
        await pilot.press("down", "down", "f3")
        await until(pilot, lambda: picker.shown[0].name == "qwen3-vl:8b")
    async with started(server, tmp_path) as (app, pilot):
        await pilot.press("ctrl+l")
        await until(pilot, lambda: isinstance(app.screen, ModelPicker) and app.screen.shown)
        assert isinstance(app.screen, ModelPicker)
        assert app.screen.shown[0].name == "qwen3-vl:8b"


async def test_the_list_opens_from_what_was_known_without_a_server(
    server: ScriptedServer, tmp_path: Path
) -> None:
    async with started(server, tmp_path) as (app, pilot):
        await pilot.press("ctrl+q")
    server.stop()
    app = ChatApp(
        Settings(
            server=ServerSettings(host=server.url),
            engine=EngineSettings(enabled=False),
            data_dir=tmp_path / "data",
            state_dir=tmp_path / "state",
        )
    )
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: chat(app).session is not None)
        await pilot.press("ctrl+l")
        await until(pilot, lambda: isinstance(app.screen, ModelPicker) and len(app.screen.shown) == 3)


async def test_thinking_is_offered_where_there_is_any(server: ScriptedServer, tmp_path: Path) -> None:
    async with started(server, tmp_path) as (app, pilot):
        await pilot.press("f8")
        await until(pilot, lambda: "does not think" in toasts(app))
        await pilot.press("ctrl+l", *"qwen", "enter")
        await until(pilot, lambda: chat(app).header.model == "qwen3-vl:8b")
        await pilot.press("f8")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        assert isinstance(app.screen, ChoiceScreen)
        assert app.screen.options.option_count == 3, "default, off and on: it knows no levels"
        assert "does not say" in str(app.screen.query_one("#hint", Static).content)
        await pilot.press("down", "enter")
        await until(pilot, lambda: "no thinking" in str(chat(app).header.model_button.content))
        await pilot.press(*"hi", "enter")
        await until(pilot, lambda: server.chats())
        assert server.chats()[0].json["think"] is False
        await until(pilot, lambda: chat(app).pane.conversation_id)
        await pilot.press("ctrl+l", *"llama", "enter")
        await until(pilot, lambda: chat(app).header.model == "llama3.2:3b")
        await until(pilot, lambda: chat(app).header.think is None)
        await pilot.press(*"hi", "enter")
        await until(pilot, lambda: len(server.chats()) == 2)
        assert "think" not in server.chats()[1].json, "a model that does not think would refuse it"


async def test_the_manager_asks_a_lost_server_no_more_often(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    async with started(server, tmp_path) as (app, pilot):
        await pilot.press("f4")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen))
        assert app.services is not None
        monkeypatch.setattr(manager(app), "_look", lambda: looks.append("looked"))
        state = app.services.server.state
        for condition in (ServerCondition.UNREACHABLE, ServerCondition.RECONNECTING):
            manager(app).receive(ServerStateChanged(replace(state, condition=condition)))
        assert looks == [], "each look would be a try, and each try a look"
        manager(app).receive(ServerStateChanged(state))
        assert looks == ["looked"]


async def test_a_narrow_manager_says_when_a_lost_server_is_tried_again(
    server: ScriptedServer, tmp_path: Path
) -> None:
    async with started(server, tmp_path, size=(80, 24)) as (app, pilot):
        await pilot.press("f4")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen))
        server.stop()
        assert app.services is not None
        app.services.server.suspect()
        await until(pilot, lambda: re.search(r"○ refused · reconnecting in \d+ s", shown(app)))


async def test_servers_side_by_side(server: ScriptedServer, tmp_path: Path) -> None:
    with ScriptedServer(models=[Model("big:70b")], version="0.40.0") as gpu:
        async with started(server, tmp_path, gpu=gpu.url, dead="http://127.0.0.1:9") as (app, pilot):
            await pilot.press("f9")
            await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
            screen = app.screen
            assert isinstance(screen, ChoiceScreen)

            def words() -> str:
                options = screen.options
                return " ".join(str(options.get_option_at_index(i).prompt) for i in range(3))

            await until(pilot, lambda: "0.40.0" in words() and "refused" in words())
            await pilot.press("escape", "ctrl+l", *"big", "enter")
            await until(pilot, lambda: chat(app).header.model == "big:70b")
            assert app.services is not None
            assert app.services.server.state.address == f"127.0.0.1:{gpu.port}"
            await pilot.press(*"hi", "enter")
            await until(pilot, lambda: gpu.chats())
            assert server.chats() == []


async def test_a_full_queue_is_seen(server: ScriptedServer, tmp_path: Path) -> None:
    busy = b'{"error":"server busy, please try again.  maximum pending requests exceeded"}'
    server.script(Reply(status=503, body=busy), Reply("Now."))
    async with started(server, tmp_path) as (app, pilot):
        await pilot.press(*"hi", "enter")
        await until(pilot, lambda: "queue is full" in chat(app).pane.status.state_text)
        await until(pilot, lambda: len(server.chats()) == 2)
        await until(pilot, lambda: answer(app) == "Now.")


@pytest.mark.parametrize("width", [30, 50, 74, 118])
def test_rows_fit_whatever_they_are_about(width: int) -> None:
    model = ModelInfo(HOSTILE, size=10**12, parameter_size=HOSTILE, quantization=HOSTILE)
    running = RunningModel(HOSTILE, size=10**10, size_vram=4 * 10**9, context_length=10**6, expires_at=5000.0)
    layers = (PullLayer("sha256:a", 10**10, 10**9),)
    pulls = [
        Pull(HOSTILE, "s", layers=layers, bytes_per_second=1e7),
        Pull(HOSTILE, "s", PullState.FAILED, error=ServerFailed(HOSTILE)),
        Pull("x", "s", PullState.CANCELLED),
        Pull("y", "s", status=HOSTILE),
    ]
    contents = LibraryContents([model, ModelInfo("b")], [running], pulls, {"b"})
    for row in library_rows(contents, width, 0.0):
        assert row.text.cell_length == width
        assert_harmless(row.text.plain)


def test_details_of_anything_are_harmless() -> None:
    model = ModelInfo(HOSTILE, "sha256:" + HOSTILE, family=HOSTILE)
    known = ModelDetails(frozenset({HOSTILE}), 5, HOSTILE, HOSTILE, HOSTILE, *(HOSTILE,) * 5)
    text = model_text(model, RunningModel(HOSTILE, size=5, expires_at=90.0), known, now=0.0).plain
    assert_harmless(text)
    long = ModelDetails(frozenset(), None, "", "", "", "", "", "", "x" * 50_000, "")
    assert "10,000 characters more" in model_text(model, None, long, now=0.0).plain
    failed = model_text(model, None, None, now=0.0, error=ServerFailed(HOSTILE, HOSTILE)).plain
    assert_harmless(failed)
    assert_harmless(pull_text(Pull(HOSTILE, "s", layers=(PullLayer(HOSTILE, 5, 9),)), 40).plain)


@pytest.mark.parametrize(
    ("expires", "words"),
    [(None, ""), (30.0, "30 s"), (240.0, "4 min"), (7200.0, "2 h"), (1e10, "kept"), (-5.0, "")],
)
def test_how_long_a_model_stays(expires: float | None, words: str) -> None:
    assert left_words(RunningModel("m", expires_at=expires), 0.0) == words


def test_where_a_model_lies() -> None:
    assert memory_words(RunningModel("m", size=10, size_vram=10)) == "GPU"
    assert memory_words(RunningModel("m", size=10, size_vram=0)) == "CPU"
    assert memory_words(RunningModel("m", size=10, size_vram=4)) == "GPU 40 % · CPU 60 %"
    assert memory_words(RunningModel("m")) == ""


def test_a_registry_that_says_nothing_is_waited_for_in_words() -> None:
    layers = (PullLayer("a", 100, 50),)
    assert "waiting for the registry" in pull_words(Pull("x", "s", layers=layers, bytes_per_second=0.0)).plain
    assert pull_words(Pull("x", "s", layers=layers, bytes_per_second=2e6)).plain == "2 MB/s · 0 s left"


async def test_what_is_done_to_a_model_goes_on_when_the_manager_is_left(
    server: ScriptedServer, tmp_path: Path
) -> None:
    gate = server.gate()
    server.answer("/api/copy", Reply(hold=gate, body=b""))
    async with started(server, tmp_path) as (app, pilot):
        await pilot.press("f4")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen) and manager(app).model)
        manager(app).listing.select(RowKind.INSTALLED, "llama3.2:3b")
        await pilot.press("r")
        await until(pilot, lambda: app.screen.query(Input))
        app.screen.query_one(Input).value = "other:1"
        await pilot.press("enter", "escape")
        await until(pilot, lambda: isinstance(app.screen, ChatScreen))
        gate.open()
        await until(pilot, lambda: any(request.path == "/api/delete" for request in server.requests))


async def test_what_is_scrolled_past_while_an_older_server_is_asked_is_looked_up_all_the_same(
    server: ScriptedServer, tmp_path: Path
) -> None:
    server.models = [Model(f"old{n}:1b", capabilities=None, digest=f"{n:064d}") for n in range(60)]
    gate = server.gate()
    server.answer("/api/show", Reply(hold=gate, recording="show_thinker"))
    async with started(server, tmp_path) as (app, pilot):
        await pilot.press("ctrl+l")
        await until(pilot, lambda: _asked(server))
        await pilot.press("pagedown", "pagedown")
        await pilot.pause()
        await pilot.pause()
        gate.open()
        await until(pilot, lambda: {f"old{number}:1b" for number in range(40)} <= _described(app))
        assert len(_asked(server)) == len(set(_asked(server))), "each digest once"


async def test_the_manager_may_be_closed_while_it_reads(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with started(server, tmp_path) as (app, pilot):
        reading, ended = asyncio.Event(), asyncio.Event()

        async def details(_: ModelInfo) -> ModelDetails:
            screen = manager(app)
            reading.set()
            try:
                for _left in iter(lambda: len(screen.children), 0):
                    await asyncio.sleep(0)  # Until its widgets are gone, and it is not yet.
            finally:
                ended.set()
            raise ServerFailed("It is gone.")

        assert app.services is not None
        monkeypatch.setattr(app.services.library, "details", details)
        await pilot.press("f4")
        await asyncio.wait_for(reading.wait(), 20)
        await pilot.press("escape")
        await asyncio.wait_for(ended.wait(), 20)
        await until(pilot, lambda: isinstance(app.screen, ChatScreen))
        await pilot.press(*"still here")
        assert "still here" in shown(app)


def _asked(server: ScriptedServer) -> list[str]:
    return [str(each.json["model"]) for each in list(server.requests) if each.path == "/api/show"]


def _described(app: ChatApp) -> set[str]:
    assert app.services is not None
    return {each.name for each in app.services.models.installed if each.capabilities is not None}
