"""Installed models: what is known of them, and what is done with them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.script import Model
from tests.support.scripted_server import Reply, ScriptedServer
from tui.backends.ollama import OllamaBackend
from tui.domain.errors import BadRequest, ModelMissing
from tui.domain.generation import Think
from tui.domain.model import ModelInfo, find_model
from tui.domain.ports import ChatBackend
from tui.domain.pull import NewModel
from tui.domain.thinking import thinking_choices
from tui.services.events import EventBus
from tui.services.library import KEEP, LibraryService
from tui.services.models import ModelService


@dataclass
class Desk:
    server: ScriptedServer
    backend: OllamaBackend
    directory: Path
    bus: EventBus = field(default_factory=EventBus)

    def __post_init__(self) -> None:
        self.models = self.new_models()
        self.library = LibraryService(self.connected, self.models)

    def new_models(self) -> ModelService:
        return ModelService(
            backend=self.connected,
            connected=lambda: True,
            bus=self.bus,
            address=lambda: self.backend.address,
            version=lambda: self.server.version,
            directory=self.directory,
        )

    async def connected(self) -> ChatBackend:
        return self.backend

    def asked(self, path: str) -> int:
        return sum(request.path == path for request in self.server.requests)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    with ScriptedServer() as server:
        backend = OllamaBackend(server.url)
        desk = Desk(server, backend, tmp_path)
        yield desk
        await desk.models.aclose()
        await backend.aclose()


async def test_the_list_is_there_at_once_the_next_time(desk: Desk) -> None:
    await desk.models.refresh()
    desk.models.toggle_favourite("llama3.2:3b")
    desk.models.learn_load("llama3.2:3b", 4.0)
    desk.models.learn_load("llama3.2:3b", 0.01)
    desk.models.learn_load("llama3.2:3b", 2.0)
    await desk.models.aclose()
    again = desk.new_models()
    await again.recall()
    assert [model.name for model in again.models] == [model.name for model in desk.models.models]
    assert again.models == desk.models.models
    assert not again.known, "it was not asked yet"
    assert again.memory.favourites == {"llama3.2:3b"}
    assert again.load_seconds() == {"llama3.2:3b": 3.0}, "a model that was loaded already teaches nothing"


async def test_a_damaged_cache_is_no_cache(desk: Desk) -> None:
    (desk.directory / "models.json").write_text('{"servers": {"x": [3]}}')
    await desk.models.recall()
    assert desk.models.models == ()


async def test_models_of_older_servers_are_looked_up_once_for_each_digest(desk: Desk) -> None:
    desk.server.models = [
        Model("old:1b", capabilities=None, digest="1" * 64),
        Model("old:copy", capabilities=None, digest="1" * 64),
        Model("other:1b", capabilities=None, digest="2" * 64),
    ]
    await desk.models.refresh()
    desk.server.answer("/api/show", Reply(recording="show_thinker"))
    await desk.models.describe(["old:1b", "old:copy"])
    assert desk.asked("/api/show") == 1, "only what is visible, and each digest once"
    for name in ("old:1b", "old:copy"):
        model = find_model(name, desk.models.models)
        assert model is not None and model.capabilities == frozenset({"completion", "thinking"})
        assert model.context_length == 32768
    await desk.models.describe(["old:1b"])
    await desk.models.refresh()
    await desk.models.describe(["old:1b"])
    assert desk.asked("/api/show") == 1
    other = find_model("other:1b", desk.models.models)
    assert other is not None and other.capabilities is None


async def test_embedding_models_are_installed_but_not_offered(desk: Desk) -> None:
    desk.server.models.append(Model("embed:1b", capabilities=("embedding",)))
    await desk.models.refresh()
    assert "embed:1b" in [model.name for model in desk.models.installed]
    assert "embed:1b" not in [model.name for model in desk.models.models]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=404, body=b"404 page not found", content_type="text/plain"),
        Reply(status=405, body=b""),
        Reply(status=403, body=b"<html>not through this proxy"),
        Reply(body=b"<!DOCTYPE html><html>", content_type="text/html"),
    ],
    ids=["old", "other", "proxy", "page"],
)
async def test_a_server_without_ps(desk: Desk, reply: Reply) -> None:
    desk.server.answer("/api/ps", reply)
    await desk.models.refresh()
    assert desk.models.running == () and desk.models.models


async def test_copy_rename_create_and_delete(desk: Desk) -> None:
    await desk.models.refresh()
    await desk.library.copy("gemma3:270m", "mine")
    await desk.library.rename("mine", "ours")
    await desk.library.create(NewModel("brief", "gemma3:270m", "Be brief."))
    names = [model.name for model in desk.models.installed]
    assert "ours" in names and "brief" in names and "mine" not in names
    assert desk.library.freed_by_deleting("ours") == 0, "gemma3:270m has the same files"
    assert desk.library.freed_by_deleting("llama3.2:3b") == 2019393189
    await desk.library.delete("ours")
    assert "ours" not in [model.name for model in desk.models.installed]


async def test_names_that_are_taken_or_gone(desk: Desk) -> None:
    await desk.models.refresh()
    with pytest.raises(BadRequest, match="already"):
        await desk.library.copy("gemma3:270m", "LLAMA3.2:3b")
    with pytest.raises(BadRequest, match="not a name"):
        await desk.library.copy("gemma3:270m", "a b")
    with pytest.raises(ModelMissing):
        await desk.library.delete("gone:1b")


async def test_a_loaded_model_is_unloaded_before_it_is_deleted(desk: Desk) -> None:
    await desk.library.load("gemma3:270m", KEEP)
    assert [model.name for model in desk.models.running] == ["gemma3:270m"]
    chats = [request for request in desk.server.requests if request.path == "/api/chat"]
    assert chats[-1].json["keep_alive"] == -1
    await desk.library.delete("gemma3:270m")
    paths = [request.path for request in desk.server.requests]
    assert paths.index("/api/delete") > len(paths) - 5
    assert desk.models.running == ()


async def test_details_are_asked_for_once_and_teach_levels_of_thinking(desk: Desk) -> None:
    await desk.models.refresh()
    model = find_model("qwen3-vl:8b", desk.models.models)
    assert model is not None
    assert thinking_choices(model) == ("off", "on")
    body = (
        b'{"thinking": {"values": [false, "low", "xhigh", 3, "odd"], "default": "xhigh"}, "model_info": {}}'
    )
    desk.server.answer("/api/show", Reply(body=body))
    await desk.library.details(model)
    await desk.library.details(model)
    assert desk.asked("/api/show") == 1
    known = find_model("qwen3-vl:8b", desk.models.models)
    assert thinking_choices(known) == ("off", "low", "xhigh")
    desk.models.refuse_thinking("qwen3-vl:8b", "xhigh")
    desk.models.refuse_thinking("qwen3-vl:8b", "max")
    await desk.models.aclose()
    again = desk.new_models()
    await again.recall()
    assert thinking_choices(find_model("qwen3-vl:8b", again.models)) == ("off", "low")
    assert known is not None and known.thinking is not None and known.thinking.default == "xhigh"
    assert thinking_choices(find_model("llama3.2:3b", desk.models.models)) == ()
    assert thinking_choices(None) == ()


@pytest.mark.parametrize(("left", "sent"), [(240.0, 2040), (-5.0, 1800), (1e9, None)])
async def test_extending_adds_half_an_hour_to_what_is_left(desk: Desk, left: float, sent: int | None) -> None:
    await desk.models.refresh()
    await desk.library.load("gemma3:270m")
    expires_at = desk.models.running[0].expires_at
    assert expires_at is not None
    await LibraryService(desk.connected, desk.models, lambda: expires_at - left).extend("gemma3:270m")
    chats = [request for request in desk.server.requests if request.path == "/api/chat"]
    assert chats[-1].json.get("keep_alive") == sent, "one that is kept for good stays so"
    window = {"num_ctx": desk.models.running[0].context_length}
    assert chats[-1].json.get("options") == (window if sent else None), "another one would load it anew"


@pytest.mark.parametrize(
    ("refused", "taken", "left"),
    [
        ("high", ("off", "on"), ("off", "on")),
        ("high", None, ("off", "on", "low", "medium")),
        ("high", ("low", "medium", "max"), ("low", "medium")),
        ("off", ("low", "medium", "high"), ("low", "medium", "high")),
        ("on", ("off",), ()),
    ],
)
async def test_a_refusal_teaches_what_is_taken_and_is_worth_more_than_a_guess(
    desk: Desk, refused: Think, taken: tuple[Think, ...] | None, left: tuple[Think, ...]
) -> None:
    desk.server.answer("/api/show", Reply(body=b'{"template": "{{ .ThinkLevel }}"}'))
    await desk.models.refresh()
    model = find_model("qwen3-vl:8b", desk.models.models)
    assert model is not None
    await desk.library.details(model)
    desk.models.refuse_thinking(model.name, refused, taken)
    await desk.library.details(model)
    assert thinking_choices(find_model(model.name, desk.models.models)) == left
    await desk.models.aclose()
    again = desk.new_models()
    await again.recall()
    await again.refresh()
    assert thinking_choices(find_model(model.name, again.models)) == left


async def test_another_version_of_the_server_may_take_what_was_refused(desk: Desk) -> None:
    desk.server.answer("/api/show", Reply(body=b'{"template": "{{ .ThinkLevel }}"}'))
    await desk.models.refresh()
    model = find_model("qwen3-vl:8b", desk.models.models)
    assert model is not None
    await desk.library.details(model)
    desk.models.refuse_thinking(model.name, "high", ("off", "on"))
    assert thinking_choices(find_model(model.name, desk.models.models)) == ("off", "on")
    desk.server.version = "0.41.0"
    desk.server.answer("/api/show", Reply(body=b'{"thinking": {"values": ["low", "high"]}}'))
    await desk.models.refresh()
    offered = thinking_choices(find_model(model.name, desk.models.models))
    assert offered == ("off", "on", "low", "medium", "high"), "a guess until it is asked"
    await desk.library.details(model)
    assert thinking_choices(find_model(model.name, desk.models.models)) == ("low", "high")


async def test_a_family_without_its_levels_is_told_on_and_off(desk: Desk) -> None:
    await desk.models.refresh()
    desk.models.installed = (
        ModelInfo("gpt-oss:20b", "d", family="gptoss", capabilities=frozenset({"thinking"})),
    )
    desk.models.refuse_thinking("gpt-oss:20b", "low", ("off", "on"))
    assert thinking_choices(find_model("gpt-oss:20b", desk.models.installed)) == ("off", "on")
