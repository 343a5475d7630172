"""Make the pictures of models: `uv run python -m screenshots.models` (needs `chromium` for PNG)."""

import asyncio
import sys
import tempfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from screenshots.make import MODELS, Scene
from tests.support.script import Model, Reply
from tests.support.scripted_server import PullScript, ScriptedServer
from tui.app import ChatApp
from tui.screens.models import ModelsScreen
from tui.settings.schema import ChatSettings, InterfaceSettings, NamedServer, ServerSettings, Settings
from tui.widgets.library_rows import RowKind

BOX = (
    Model("llama3.3:70b", "70.6B", "Q4_K_M", ("completion", "tools"), 131072, "llama", 42_520_413_916),
    Model(
        "qwen3-vl:32b",
        "33.4B",
        "Q4_K_M",
        ("completion", "vision", "thinking"),
        262144,
        "qwen3vl",
        20_854_223_871,
    ),
)

HOME = tuple(replace(model, digest=sha256(model.name.encode()).hexdigest()) for model in MODELS)


async def pictures(theme: str, suffix: str) -> None:
    with (
        tempfile.TemporaryDirectory() as directory,
        ScriptedServer(models=HOME) as server,
        ScriptedServer(models=BOX, version="0.33.1") as box,
    ):
        settings = Settings(
            server=ServerSettings(host=server.url),
            chat=ChatSettings(titles=False, warm_up=False),
            interface=InterfaceSettings(theme=theme, animation=False),
            servers={"workstation": NamedServer("workstation", box.url)},
            data_dir=Path(directory) / "data",
            state_dir=Path(directory) / "state",
        )
        app = ChatApp(settings)
        async with app.run_test(size=(120, 40)) as pilot:
            scene = Scene(app, server, pilot)
            await scene.until(lambda: app.services is not None and app.services.models.known)
            services = app.services
            assert services is not None
            await scene.ask("A name for a grey cat", Reply("Ash, perhaps. Or Pebble."))
            for name, seconds in (("gemma3:4b", 2.3), ("qwen3:8b", 5.1), ("gpt-oss:20b", 14.0)):
                services.models.learn_load(name, seconds)
            services.models.toggle_favourite("gpt-oss:20b")
            await services.library.load("qwen3:8b", "-1")
            await services.servers.survey()
            await pilot.press("ctrl+l")
            await scene.until(lambda: "workstation" in app.export_screenshot())
            scene.take(f"models{suffix}")
            await pilot.press("escape")
            gate = server.gate()
            server.library.registry["mistral:7b"] = PullScript((4_372_812_000, 487), steps=100, gate=gate)
            await pilot.press("f4")
            await services.pulls.start("mistral:7b")
            gate.release(41)
            await services.pulls.start("nope:1b")
            await scene.until(lambda: any(pull.completed > 1.7e9 for pull in services.pulls.pulls))
            manager = app.screen
            assert isinstance(manager, ModelsScreen)
            manager.listing.select(RowKind.INSTALLED, "gemma3:4b")
            await scene.until(lambda: "starting" not in app.export_screenshot())
            await pilot.pause()
            scene.take(f"manager{suffix}")


def main() -> None:
    for theme in sys.argv[1:] or ["calm-dark", "calm-light"]:
        asyncio.run(pictures(theme, "-light" if theme.endswith("light") else ""))


if __name__ == "__main__":
    main()
