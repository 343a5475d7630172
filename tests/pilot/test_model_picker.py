"""The model list: what it offers, filters and returns."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import pytest
from rich.cells import cell_len
from textual.app import App
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from tests.support.lists import HOSTILE, NOW, assert_harmless, model
from tui.domain.errors import ServerUnreachable
from tui.domain.model import ModelInfo, RunningModel
from tui.domain.server import ModelChoice, ServerReport
from tui.widgets.model_filter import filter_models
from tui.widgets.model_picker import ModelPicker
from tui.widgets.model_words import size_words
from tui.widgets.picker_rows import PickerContents

MODELS = (
    model("gemma3:4b", "vision"),
    model("qwen3:8b", "tools", "thinking", parameters="8.2B"),
    model("llama3.2:latest", "tools", parameters="3.2B", quantization="Q8_0"),
    ModelInfo("nomic-embed-text:latest", capabilities=frozenset({"embedding"})),
    ModelInfo("old:latest", capabilities=None),
)


class PickerApp(App[None]):
    def __init__(self, picker: ModelPicker) -> None:
        super().__init__()
        self.picker = picker
        self.answers: list[str | None] = []
        self.choices: list[ModelChoice | None] = []

    def on_mount(self) -> None:
        self.push_screen(self.picker, self._answered)

    def _answered(self, choice: ModelChoice | None) -> None:
        self.choices.append(choice)
        self.answers.append(choice.model if choice else None)

    def rows(self) -> list[str]:
        options = self.picker.query_one(OptionList)
        return [str(options.get_option_at_index(i).prompt) for i in range(options.option_count)]

    def message(self) -> str:
        return str(self.picker.query_one("#message", Static).content)


async def opened(pilot: Pilot[None]) -> None:
    await pilot.pause()
    await pilot.pause()


async def test_it_opens_on_the_model_in_use_and_enter_keeps_it() -> None:
    app = PickerApp(ModelPicker(PickerContents(MODELS), "LLAMA3.2"))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        assert app.picker.query_one(Input).has_focus
        assert app.picker.options.highlighted == 2
        assert app.rows()[2].startswith("▌ llama3.2:latest")
        await pilot.press("enter")
        assert app.answers == ["llama3.2:latest"]


async def test_every_column_is_there_and_models_that_cannot_chat_are_not() -> None:
    running = (RunningModel("gemma3:4b", expires_at=NOW + 240), RunningModel("qwen3:8b"))
    app = PickerApp(ModelPicker(PickerContents(MODELS, running), clock=lambda: NOW))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        rows = app.rows()
        assert rows[0].split() == ["gemma3:4b", "4.3B", "Q4_K_M", "3.3", "GB", "vision", "●", "4", "min"]
        assert rows[1].split()[-4:] == ["tools", "thinking", "●", "loaded"]
        assert not [row for row in rows if "nomic" in row]
        assert any("old:latest" in row for row in rows), "an older server lists no capabilities"


@pytest.mark.parametrize("width", [44, 80, 200])
async def test_rows_fit_whatever_the_names_are(width: int) -> None:
    hostile = ModelInfo(HOSTILE, parameter_size=HOSTILE, quantization=HOSTILE, family=HOSTILE)
    app = PickerApp(ModelPicker(PickerContents((hostile, *MODELS))))
    async with app.run_test(size=(width, 24)) as pilot:
        await opened(pilot)
        lines = app.rows()
        assert len({cell_len(line) for line in lines}) == 1
        assert cell_len(lines[0]) <= app.picker.options.size.width
        assert_harmless("".join(lines))
        assert "[red]x[/]" in lines[0]
        await pilot.press("enter")
        assert app.answers == [HOSTILE], "the name goes back as the server spells it"


async def test_typing_filters_and_enter_takes_the_best() -> None:
    app = PickerApp(ModelPicker(PickerContents(MODELS), "gemma3:4b"))
    async with app.run_test() as pilot:
        await opened(pilot)
        await pilot.press("t", "o", "o", "l")
        assert [each.name for each in app.picker.shown] == ["qwen3:8b", "llama3.2:latest"]
        await pilot.press("down", "enter")
        assert app.answers == ["llama3.2:latest"]


async def test_without_its_filter_the_list_begins_with_the_favourites_again() -> None:
    models = [*(model(f"m{number}:1b") for number in range(40)), model("zebra:1b")]
    app = PickerApp(ModelPicker(PickerContents(models, favourites={"zebra:1b"}), "m2:1b"))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("z")
        await pilot.pause()
        assert app.picker.options.option_count == 1
        await pilot.press("backspace")
        await opened(pilot)
        assert app.picker.options.highlighted == 3
        assert app.picker.options.scroll_offset.y == 0


async def test_keys_that_arrive_at_once_choose_what_was_typed() -> None:
    app = PickerApp(ModelPicker(PickerContents(MODELS), "gemma3:4b"))
    async with app.run_test() as pilot:
        await opened(pilot)
        for key in ("t", "o", "o", "l", "enter"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        await opened(pilot)
        await opened(pilot)
        assert app.answers == ["qwen3:8b"]


async def test_letters_that_follow_at_once_are_not_deleted() -> None:
    app = PickerApp(ModelPicker(PickerContents(MODELS)))
    async with app.run_test() as pilot:
        await opened(pilot)
        for key in (*"llama", *["backspace"] * 9, *"qwen"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        await pilot.pause()
        await pilot.pause()
        assert app.picker.filter.value == "qwen"


async def test_escape_and_a_click_beside_close_without_a_choice() -> None:
    for act in ("escape", "ctrl+l", "click"):
        app = PickerApp(ModelPicker(PickerContents(MODELS)))
        async with app.run_test(size=(120, 40)) as pilot:
            await opened(pilot)
            if act == "click":
                await pilot.click(offset=(2, 38))
            else:
                await pilot.press(act)
            assert app.answers == [None]


async def test_a_click_chooses() -> None:
    app = PickerApp(ModelPicker(PickerContents(MODELS)))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await pilot.click(OptionList, offset=(4, 1))
        assert app.answers == ["qwen3:8b"]


async def test_models_that_arrive_while_it_is_open_keep_filter_and_cursor() -> None:
    app = PickerApp(ModelPicker())
    async with app.run_test() as pilot:
        await opened(pilot)
        assert "F4" in app.message()
        await pilot.press("enter")
        assert app.answers == []
        app.picker.show(PickerContents(MODELS))
        await pilot.press("down")
        app.picker.show(PickerContents((model("aaa:1b"), *MODELS)))
        await pilot.pause()
        assert app.message() == ""
        await pilot.press("enter")
        assert app.answers == ["qwen3:8b"]


async def test_it_says_when_nothing_matches_and_when_the_server_is_gone() -> None:
    app = PickerApp(ModelPicker(PickerContents(MODELS)))
    async with app.run_test() as pilot:
        await opened(pilot)
        await pilot.press("x", "x", "x", "enter", "down", "pagedown")
        assert app.answers == []
        assert "xxx" in app.message()
        app.picker.set_error(ServerUnreachable(f"No answer {HOSTILE}", "Is it [b]running[/b]?"))
        await pilot.pause()
        assert "No answer [red]x[/]" in app.message()
        assert "Is it [b]running[/b]?" in app.message()
        assert_harmless(app.message())


async def test_models_of_other_servers_stand_last_and_say_where_they_are() -> None:
    gpu = ServerReport(
        "gpu",
        "10.0.0.2:11434",
        models=(model("big:70b"), model("huge:1t"), model("gemma3:4b")),
        running=(RunningModel("big:70b", expires_at=NOW + 1e9),),
        load_seconds={"big:70b": 14.0},
    )
    here = ServerReport("", "127.0.0.1:11434", current=True, models=MODELS)
    contents = PickerContents(MODELS, favourites={"old:latest", "big:70b"}, servers=(here, gpu))
    app = PickerApp(ModelPicker(contents, "gemma3:4b", clock=lambda: NOW))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        rows = app.rows()
        assert rows[0].startswith("★ old:latest")
        assert rows[1].startswith("★ big:70b @ gpu")
        assert rows[1].split()[-4:] == ["14", "s", "●", "kept"]
        assert [row.split()[:3] for row in rows[-2:]] == [["huge:1t", "@", "gpu"], ["gemma3:4b", "@", "gpu"]]
        assert app.picker.options.highlighted == 2, "the one in use, not its namesake elsewhere"
        await pilot.press(*"gpu gem", "enter")
        assert app.choices == [ModelChoice("gemma3:4b", "gpu")]


async def test_only_what_is_visible_is_looked_up_and_only_once() -> None:
    class Delegate:
        asked: ClassVar[list[tuple[str | None, str]]] = []

        def describe_models(self, names: Sequence[str], server: str | None) -> None:
            self.asked.extend((server, name) for name in names)

        def toggle_favourite(self, name: str) -> None: ...

        def manage_models(self) -> None: ...

        def refresh_models(self) -> None: ...

    old = [ModelInfo(f"m{number}:1b") for number in range(60)]
    box = ServerReport("box", "10.0.0.2:11434", models=tuple(old[:40]))
    app = PickerApp(ModelPicker(PickerContents(old, servers=(box,)), delegate=Delegate()))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await opened(pilot)
        assert 5 < len(Delegate.asked) < 24
        await pilot.press("pagedown", "pagedown", "pagedown")
        await opened(pilot)
        assert 10 < len(Delegate.asked) < 80
        assert len(set(Delegate.asked)) == len(Delegate.asked)
        assert {server for server, _ in Delegate.asked} == {None}
        await pilot.press("up")
        for _ in range(9):
            await pilot.press("pagedown")
        await opened(pilot)
        assert ("box", "m39:1b") in Delegate.asked


async def test_pages() -> None:
    app = PickerApp(ModelPicker(PickerContents([model(f"m{number}:1b") for number in range(100)])))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("pagedown", "pagedown")
        assert 10 < (app.picker.options.highlighted or 0) < 99
        await pilot.press(*["pagedown"] * 20)
        assert app.picker.options.highlighted == 99
        await pilot.press(*["pageup"] * 20, "up")
        assert app.picker.options.highlighted in (0, 99)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["gemma3:4b", "qwen3:8b", "llama3.2:latest", "old:latest"]),
        ("GEMMA", ["gemma3:4b"]),
        ("tools 8.2", ["qwen3:8b"]),
        ("q8_0", ["llama3.2:latest"]),
        ("g34", ["gemma3:4b"]),
        ("l", ["llama3.2:latest", "old:latest", "qwen3:8b"]),
        ("zzz", []),
    ],
)
def test_filter(query: str, names: list[str]) -> None:
    found = [each.name for each in filter_models(query, MODELS)]
    assert found[: len(names)] == names
    assert len(found) == len(names) or query == "l"


@pytest.mark.parametrize(
    ("size", "words"), [(0, ""), (291_554_930, "292 MB"), (3_338_801_804, "3.3 GB"), (999_600_000, "1.0 GB")]
)
def test_sizes(size: int, words: str) -> None:
    assert size_words(size) == words


LONG = "hf.co/someone/a-model-with-a-very-long-name-GGUF:Q8_0"


def foot(app: PickerApp) -> list[str]:
    text = str(app.picker.query_one("#left-out", Static).content)
    return [line.rstrip() for line in text.split("\n")] if text else []


async def test_what_the_columns_have_no_room_for_is_said_of_the_model_under_the_cursor() -> None:
    models = (replace(model("gemma3:4b", "vision", "tools"), context_length=131072), model(LONG))
    app = PickerApp(ModelPicker(PickerContents(models, load_seconds={"gemma3:4b": 2.3})))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        assert foot(app) == ["gemma3:4b", "context 128k · vision tools · loads in 2.3 s"]
        await pilot.press("down")
        await pilot.pause()
        assert foot(app) == [LONG, ""], "as many lines for each: the list does not jump"
        await pilot.press("up", *"gemma")
        await pilot.pause()
        assert foot(app) == ["context 128k · vision tools · loads in 2.3 s"], "no name is cut now"
        await pilot.resize_terminal(200, 60)
        await pilot.pause()
        assert foot(app) == [], "every column has its place"
        await pilot.press(*"nothing")
        await pilot.pause()
        assert not app.picker.query_one("#left-out", Static).display


@pytest.mark.parametrize("error", [None, ServerUnreachable("Nothing listens.", "Start it.")])
async def test_a_long_list_leaves_room_for_what_stands_below_it(error: ServerUnreachable | None) -> None:
    models = [model(f"m{number}:1b") for number in range(40)] + [model(LONG)]
    app = PickerApp(ModelPicker(PickerContents(models), error=error))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("up")
        await pilot.pause()
        inside = app.picker.query_one("#panel").content_region
        for part in app.picker.query("#panel > *"):
            assert not part.display or inside.contains_region(part.region), part
        assert foot(app) == [LONG, ""]
        assert app.picker.query_one("#left-out").content_size.height == 2
