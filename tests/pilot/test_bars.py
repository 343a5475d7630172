"""The header, the status row, the empty state and the themes."""

import asyncio
from dataclasses import replace

import pytest
from textual import on
from textual.app import App, ComposeResult
from textual.color import Color
from textual.theme import Theme
from textual.widgets import Static

from tests.support.lists import HOSTILE, NOW, assert_harmless, model
from tui.domain.conversation import ConversationId, Message, MessageId, MessageStatus, Role
from tui.domain.errors import ServerUnreachable
from tui.domain.events import GenerationUpdated, ServerCondition, ServerState
from tui.domain.generation import Phase, Stats
from tui.themes import THEMES
from tui.widgets.filter_input import FilterInput
from tui.widgets.header_bar import HeaderBar, ModelButton
from tui.widgets.status_bar import StatusBar, duration

CONNECTED = ServerState(ServerCondition.CONNECTED, "127.0.0.1:11434", "0.33.0")
GONE = ServerState(
    ServerCondition.UNREACHABLE, "gpu:11434", error=ServerUnreachable("Nothing listens.", "Start it.")
)


class BarsApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.seconds = 1_000.0
        self.clicks = 0

    def compose(self) -> ComposeResult:
        yield HeaderBar(clock=lambda: self.seconds)
        yield StatusBar(clock=lambda: self.seconds)

    @property
    def header(self) -> HeaderBar:
        return self.query_one(HeaderBar)

    @property
    def status(self) -> StatusBar:
        return self.query_one(StatusBar)

    def line(self, y: int) -> str:
        strips = self.screen._compositor.render_strips()
        return strips[y].text

    def words(self, selector: str) -> str:
        return str(self.query_one(selector, Static).content)

    @on(HeaderBar.ModelClicked)
    def _clicked(self) -> None:
        self.clicks += 1


@pytest.mark.parametrize("width", [80, 200])
async def test_the_header_shows_everything(width: int) -> None:
    app = BarsApp()
    async with app.run_test(size=(width, 24)) as pilot:
        app.header.conversation_title = "Paris trip"
        app.header.model = "gemma3:4b"
        app.header.model_info = model("gemma3:4b")
        app.header.server = CONNECTED
        await pilot.pause()
        line = app.line(0)
        assert "Paris trip" in line
        assert "gemma3:4b · 4.3B Q4_K_M ▾" in line
        assert "● 127.0.0.1:11434" in line
        assert ("ollama-tui" in line) is (width > 100)
        assert "0.33.0" in str(app.query_one("#connection").tooltip)


@pytest.mark.parametrize("width", [44, 80, 200])
async def test_long_hostile_names_leave_room_for_the_others(width: int) -> None:
    app = BarsApp()
    async with app.run_test(size=(width, 24)) as pilot:
        app.header.conversation_title = HOSTILE
        app.header.model = HOSTILE
        app.header.server = ServerState(ServerCondition.CONNECTED, HOSTILE, HOSTILE)
        await pilot.pause()
        line = app.line(0)
        assert_harmless(line)
        assert len(line) == width
        for part in ("#title", "#model", "#connection"):
            region = app.query_one(part).region
            assert region.width >= 8, part
            assert region.right <= width
        assert line.count("[red]x") >= (1 if width < 80 else 3)


async def test_the_connection_in_words() -> None:
    app = BarsApp()
    async with app.run_test(size=(160, 24)) as pilot:
        await pilot.pause()
        assert "connecting…" in app.words("#connection")
        app.header.server = ServerState(ServerCondition.CONNECTING, "gpu:11434")
        assert "connecting… gpu:11434" in app.words("#connection")
        app.header.server = GONE
        assert "unreachable gpu:11434" in app.words("#connection")
        assert app.query_one("#connection").has_class("-unreachable")
        assert "Nothing listens. Start it." in str(app.query_one("#connection").tooltip)
        app.header.server = ServerState(ServerCondition.CONNECTED, "127.0.0.1:4", embedded=True)
        assert "embedded engine · tiny model" in app.words("#connection")
        app.header.server = ServerState(
            ServerCondition.CONNECTED, "127.0.0.1:4", embedded=True, engine_model="mine.gguf"
        )
        await pilot.pause()
        assert "embedded engine · mine.gguf" in app.words("#connection")
        assert not app.query_one("#connection").has_class("-unreachable")


@pytest.mark.parametrize(
    ("width", "waits", "tries"),
    [
        (160, "○ refused gpu:11434 · reconnecting in 12 s", "○ refused gpu:11434 · reconnecting…"),
        (120, "○ refused · reconnecting in 12 s", "○ refused gpu:11434 · reconnecting…"),
        (80, "○ refused · again in 12 s", "○ refused · reconnecting…"),
        (60, "○ refused · 12 s", "○ refused · again…"),
        (40, "○ refused", "○ refused"),
    ],
)
async def test_a_lost_server_says_why_and_when_it_is_tried_again(width: int, waits: str, tries: str) -> None:
    app = BarsApp()
    error = ServerUnreachable("Nothing listens.", "Start it.", reason="refused")
    async with app.run_test(size=(width, 24)) as pilot:
        app.header.server = ServerState(
            ServerCondition.UNREACHABLE, "gpu:11434", error=error, retry_at=app.seconds + 11.2
        )
        await pilot.pause()
        assert app.words("#connection") == waits
        assert waits in app.line(0)
        app.header.server = ServerState(ServerCondition.RECONNECTING, "gpu:11434", error=error)
        await pilot.pause()
        assert app.words("#connection") == tries
        assert "gpu:11434: Nothing listens. Start it." in str(app.query_one("#connection").tooltip)


async def test_the_header_counts_only_while_a_server_is_to_be_tried_again() -> None:
    app = BarsApp()
    async with app.run_test(size=(160, 24)) as pilot:

        def ticks() -> bool:
            return app.header._timer is not None and app.header._timer._active.is_set()

        assert not ticks()
        app.header.server = replace(GONE, retry_at=app.seconds + 11.0)
        await pilot.pause()
        assert ticks()
        app.seconds += 5.0
        async with asyncio.timeout(20):
            while "in 6 s" not in app.words("#connection"):
                await pilot.pause(0.05)
        app.header.server = CONNECTED
        await pilot.pause()
        assert not ticks()


async def test_a_narrow_header_says_only_what_is_wrong() -> None:
    app = BarsApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.header.server = GONE
        await pilot.pause()
        assert "○ unreachable" in app.line(0)
        assert "gpu" not in app.line(0)


async def test_a_click_on_the_model_is_told() -> None:
    app = BarsApp()
    async with app.run_test() as pilot:
        await pilot.pause()
        assert "Choose a model ▾" in app.words("#model")
        await pilot.click(ModelButton)
        assert app.clicks == 1


def update(phase: Phase, tokens: int = 0, speed: float | None = None) -> GenerationUpdated:
    return GenerationUpdated(ConversationId("c"), MessageId("m"), phase, "", "", tokens, speed, 1_000.0)


def answer(status: MessageStatus = MessageStatus.COMPLETE) -> Message:
    stats = Stats(answer_tokens=312, answer_seconds=5.8, total_seconds=6.34)
    return Message(
        MessageId("m"), ConversationId("c"), None, Role.ASSISTANT, "", NOW, status=status, stats=stats
    )


async def test_the_status_in_words_while_an_answer_runs() -> None:
    app = BarsApp()
    async with app.run_test() as pilot:
        await pilot.pause()
        assert app.status.state_text == ""
        for phase in Phase:
            app.status.update_running(update(phase))
            assert app.status.state_text == f"{phase.value} · 0 s"
        assert app.words("#stop-hint") == "Esc stops"
        app.seconds += 75
        app.status.update_running(update(Phase.ANSWERING, 1312, 54.2))
        assert app.status.state_text == "answering · 1 min 15 s · 54 tok/s · 1,312 tokens"
        app.status.queued = 2
        assert app.status.state_text.endswith(" · 2 queued")


async def test_the_figures_of_the_last_answer_stay() -> None:
    app = BarsApp()
    async with app.run_test() as pilot:
        app.status.update_running(update(Phase.ANSWERING))
        app.status.finish(answer())
        await pilot.pause()
        assert app.words("#state") == "54 tok/s · 312 tokens · 6.3 s"
        assert app.words("#stop-hint") == ""
        app.status.finish(answer(MessageStatus.STOPPED))
        assert app.words("#state").startswith("stopped · ")
        app.status.notice = f"Waiting for the server {HOSTILE}"
        assert app.words("#state").startswith("Waiting for the server [red]x[/]")
        assert_harmless(app.words("#state"))


def ticks(app: BarsApp) -> bool:
    timer = app.status._timer
    return timer is not None and timer._active.is_set()


async def test_it_ticks_only_while_an_answer_runs() -> None:
    app = BarsApp()
    async with app.run_test() as pilot:
        await pilot.pause()
        assert not ticks(app)
        app.status.update_running(update(Phase.WAITING))
        assert ticks(app)
        app.status.finish(None)
        assert not ticks(app)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (2.14, "2.1 s"), (48.9, "48 s"), (185, "3 min 05 s"), (-1, "0.0 s")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, as WCAG 2.1 defines it."""

    def luminance(colour: str) -> float:
        parts = [part / 255 for part in Color.parse(colour).rgb]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_contrast_formula() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_our_themes_are_readable(theme: Theme) -> None:
    colours = theme.to_color_system().generate()
    texts = (
        "text",
        "foreground",
        *(
            f"text-{each}"
            for each in ("muted", "primary", "secondary", "accent", "warning", "error", "success")
        ),
    )
    for ground in ("background", "surface", "panel"):
        for text in texts:
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    cursor = contrast(colours["block-cursor-foreground"], colours["block-cursor-background"])
    assert cursor >= 4.5
    for edge in ("border",):
        assert contrast(colours[edge], colours["background"]) >= 3


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
async def test_what_an_empty_input_says_is_readable(theme: Theme) -> None:
    app = App[None]()
    async with app.run_test() as pilot:
        app.register_theme(theme)
        app.theme = theme.name
        await pilot.pause()
        for ground in ("background", "surface", "panel"):
            field = FilterInput(placeholder="type to filter")
            field.styles.background = Color.parse(app.theme_variables[ground])
            await app.mount(field)
            for focus in (field.focus, field.blur):
                focus()
                await pilot.pause()
                style = field.get_visual_style("input--placeholder")
                assert style.foreground is not None and style.background is not None
                assert contrast(style.foreground.hex, style.background.hex) >= 4.5, (ground, focus)


async def test_how_much_the_model_thinks_and_what_the_server_is_called() -> None:
    app = BarsApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.header.model, app.header.think = "qwen3:8b", "high"
        app.header.server, app.header.server_name = CONNECTED, "gpu-box"
        await pilot.pause()
        assert "qwen3:8b · think high" in app.words("#model")
        app.header.model = "hf.co/someone/Some-Very-Long-日本語-Model-Name-GGUF:Q4_K_M"
        await pilot.pause()
        assert "hf.co/some" in app.line(0)
        assert "… · think high ▾" in app.line(0), "the name gives way"
        assert app.words("#connection") == "● gpu-box"
        app.header.server = ServerState(
            ServerCondition.UNREACHABLE, "gpu:1", error=ServerUnreachable("No host.", reason="unknown host")
        )
        await pilot.pause()
        assert app.words("#connection") == "○ unknown host"
