"""What models and servers look like. After a change: look at the report, then `--snapshot-update`."""

from dataclasses import replace
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen

from tests.snapshot.test_screens import Compare
from tests.support.builders import NOW
from tests.support.shelf_services import CONNECTED, Shelf
from tui.domain.errors import ModelMissing, ServerUnreachable
from tui.domain.events import ServerCondition
from tui.domain.model import ModelDetails, ModelInfo, RunningModel
from tui.domain.pull import Pull, PullLayer, PullState
from tui.domain.server import ServerReport
from tui.screens.model_dialogs import ChoiceScreen, CreateScreen, NameScreen
from tui.screens.models import ModelsScreen
from tui.screens.server_actions import server_row
from tui.screens.thinking_actions import thinking_row
from tui.themes import THEMES
from tui.widgets.model_picker import ModelPicker
from tui.widgets.picker_rows import PickerContents

CHAT = frozenset({"completion"})
MODELS = (
    ModelInfo(
        "gemma3:4b",
        "a",
        3_338_801_804,
        "gemma3",
        "4.3B",
        "Q4_K_M",
        131072,
        frozenset({"completion", "vision"}),
    ),
    ModelInfo("qwen3:8b", "b", 5_225_388_164, "qwen3", "8.2B", "Q4_K_M", 40960, CHAT | {"thinking", "tools"}),
    ModelInfo("模型:漢字", "d", 1_000_000_000, "x", "1B", "Q8_0", 8192, CHAT),
    ModelInfo(
        "nomic-embed-text:latest", "e", 274_302_450, "nomic", "137M", "F16", 2048, frozenset({"embedding"})
    ),
    ModelInfo("hf.co/someone/a-model-with-a-very-long-name-GGUF:Q8_0", "c", 9_000_000_000, "", "8B", "Q8_0"),
)
RUNNING = (
    RunningModel("gemma3:4b", "a", 4_200_000_000, 4_200_000_000, 8192, NOW + 272),
    RunningModel("qwen3:8b", "b", 6_500_000_000, 2_600_000_000, 4096, NOW + 1e10),
)
PULLS = (
    Pull(
        "llama3.2:3b",
        "127.0.0.1:11434",
        status="pulling dde5aa3fc5ff",
        layers=(
            PullLayer("sha256:dde5aa3fc5ff", 2_019_377_376, 830_000_000),
            PullLayer("sha256:fcc5", 1429, 1429),
        ),
        bytes_per_second=24_300_000.0,
    ),
    Pull(
        "nope:1b",
        "127.0.0.1:11434",
        PullState.FAILED,
        error=ModelMissing("The registry has no model nope:1b.", "Check the spelling and the tag."),
    ),
    Pull("mistral:7b", "127.0.0.1:11434", PullState.CANCELLED, layers=(PullLayer("sha256:1", 4_000, 1_000),)),
)
DETAILS = ModelDetails(
    CHAT | {"vision"},
    131072,
    "4.3B",
    "Q4_K_M",
    "gemma3",
    'stop                 "<end_of_turn>"\ntemperature          1\ntop_k                64',
    "{{- range .Messages }}<start_of_turn>user\n{{ .Content }}<end_of_turn>\n{{ end }}",
    "You are a helpful assistant. 漢字 and a line that is long enough to be wrapped in a narrow pane.",
    "Gemma Terms of Use\n\nLast modified: February 21, 2024",
    "FROM gemma3:4b\nPARAMETER temperature 1\n",
)
BOX = ServerReport("box", "gpu.example:11434", asked=True, version="0.40.0", models=MODELS[:2])
REPORTS = (
    ServerReport("", "127.0.0.1:11434", current=True, asked=True, version="0.33.0", models=MODELS),
    BOX,
    ServerReport("cloud", "ollama.example:443", asked=True, error=ServerUnreachable("No.", reason="401")),
    ServerReport("lab", "10.0.0.7:11434"),
)
FULL = Shelf(MODELS, RUNNING, PULLS, DETAILS, frozenset({"qwen3:8b"}))


class Bare(App[None]):
    """Nothing behind what is looked at: other screens may change without it."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, theme: str) -> None:
        super().__init__()
        self.animation_level = "none"
        for each in THEMES:
            self.register_theme(each)
        self.theme = theme


def looks(snap_compare: Compare, screen: Screen[Any], theme: str, size: tuple[int, int], *keys: str) -> bool:
    """Compare what a screen looks like after some keys."""
    app = Bare(theme)

    async def before(pilot: Pilot[None]) -> None:
        app.push_screen(screen)
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()

    return snap_compare(app, terminal_size=size, run_before=before)


def manager(shelf: Shelf) -> ModelsScreen:
    return ModelsScreen(shelf.services, clock=lambda: NOW)


@pytest.mark.parametrize(("theme", "size"), [("calm-dark", (120, 40)), ("calm-light", (80, 24))])
def test_the_dropdown_with_several_servers(snap_compare: Compare, theme: str, size: tuple[int, int]) -> None:
    contents = PickerContents(
        MODELS[:3] + MODELS[4:],
        RUNNING,
        frozenset({"qwen3:8b"}),
        {"gemma3:4b": 2.3, "qwen3:8b": 14.0},
        REPORTS,
    )
    picker = ModelPicker(contents, "gemma3:4b", clock=lambda: NOW)
    assert looks(snap_compare, picker, theme, size)


def test_the_dropdown_without_models(snap_compare: Compare) -> None:
    assert looks(snap_compare, ModelPicker(), "calm-dark", (80, 24))


@pytest.mark.parametrize(("theme", "size"), [("calm-dark", (120, 40)), ("calm-light", (80, 24))])
def test_the_manager(snap_compare: Compare, theme: str, size: tuple[int, int]) -> None:
    assert looks(snap_compare, manager(FULL), theme, size)


def test_the_manager_of_a_server_with_nothing(snap_compare: Compare) -> None:
    shelf = Shelf(state=replace(CONNECTED, address="gpu.example:11434"), current="box")
    assert looks(snap_compare, manager(shelf), "calm-light", (80, 24))


def test_the_manager_while_the_server_is_away(snap_compare: Compare) -> None:
    error = ServerUnreachable("Nothing listens at 127.0.0.1:11434.", "Start Ollama.", reason="refused")
    state = replace(CONNECTED, condition=ServerCondition.UNREACHABLE, version="", error=error)
    assert looks(snap_compare, manager(replace(FULL, pulls=(), state=state)), "calm-dark", (80, 24))


@pytest.mark.parametrize(("theme", "size"), [("calm-light", (120, 40)), ("calm-dark", (80, 24))])
def test_the_details(snap_compare: Compare, theme: str, size: tuple[int, int]) -> None:
    screen = manager(replace(FULL, pulls=()))
    assert looks(snap_compare, screen, theme, size, "enter")


def test_the_servers(snap_compare: Compare) -> None:
    rows = [server_row(report) for report in REPORTS]
    screen = ChoiceScreen("Server", rows, hint="More can be named in the settings file: [servers.NAME]")
    assert looks(snap_compare, screen, "calm-dark", (80, 24))


def test_thinking(snap_compare: Compare) -> None:
    rows = [thinking_row(each, "low") for each in ("", "off", "low", "high", "max")]
    screen = ChoiceScreen("Thinking", rows, current=2)
    assert looks(snap_compare, screen, "calm-light", (80, 24))


def test_making_a_model(snap_compare: Compare) -> None:
    screen = CreateScreen("gemma3:4b", system="Be brief.", parameters="temperature 0.7\nnum_ctx many")
    assert looks(snap_compare, screen, "calm-dark", (80, 24), "x", "ctrl+s")


def test_asking_for_a_name(snap_compare: Compare) -> None:
    hint = "A name from ollama.com/library, or hf.co/USER/REPOSITORY:QUANTISATION"
    screen = NameScreen("Pull a model", placeholder="gemma3:4b", hint=hint)
    assert looks(snap_compare, screen, "calm-light", (80, 24))
