"""What the screens look like. After a change: look at the report, then `--snapshot-update`."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest
from textual.app import App
from textual.pilot import Pilot

from tests.support.builders import NOW, a_conversation, a_message, an_answer
from tui.commands.command import Command
from tui.commands.slash import SLASH_COMMANDS, slash_name
from tui.domain.conversation import Conversation, Message, MessageStatus
from tui.domain.errors import ServerUnreachable
from tui.domain.events import ServerCondition, ServerState
from tui.domain.generation import Stats
from tui.domain.listing import Listing, PathEntry
from tui.domain.model import ModelInfo, RunningModel
from tui.screens.chat import ChatScreen
from tui.screens.dialogs import ConfirmScreen
from tui.screens.notices import empty_notice
from tui.themes import THEMES
from tui.widgets.model_picker import ModelPicker
from tui.widgets.picker_rows import PickerContents

Before = Callable[[Pilot[None]], Awaitable[None]]
SIZES = [(80, 24), (120, 40)]
NAMES = ["calm-dark", "calm-light"]
SAMPLE = Path(__file__).with_name("sample.md").read_text("utf-8")
STATS = Stats(
    prompt_tokens=40, answer_tokens=312, answer_seconds=5.8, total_seconds=6.1, thinking_seconds=3.2
)
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
    ModelInfo(
        "qwen3:8b",
        "b",
        5_225_388_164,
        "qwen3",
        "8.2B",
        "Q4_K_M",
        40960,
        frozenset({"completion", "thinking"}),
    ),
    ModelInfo(
        "hf.co/someone/a-model-with-a-very-long-name-GGUF:Q8_0",
        "c",
        9_000_000_000,
        "",
        "8B",
        "Q8_0",
        None,
        None,
    ),
)


class Compare(Protocol):
    """The `snap_compare` fixture."""

    def __call__(
        self, app: App[None], *, terminal_size: tuple[int, int], run_before: Before | None = None
    ) -> bool:
        """Compare what `app` looks like with what it looked like."""


class Shown(App[None]):
    """The chat screen, told what to show."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, theme: str) -> None:
        super().__init__()
        self.animation_level = "none"
        for each in THEMES:
            self.register_theme(each)
        self.theme = theme
        self.chat = ChatScreen()

    def on_mount(self) -> None:
        self.push_screen(self.chat)

    def show(self, messages: list[Message], conversation: Conversation, server: ServerState) -> None:
        """Show a conversation among others."""
        others = [
            a_conversation("A pinned one", updated_at=NOW, pinned=True),
            conversation,
            replace(a_conversation("An unread answer", updated_at=NOW - 60), unread=True),
            a_conversation(
                "Yesterday's talk about 漢字 and a title that is far too long", updated_at=NOW - 86_400
            ),
            a_conversation("Last month", updated_at=NOW - 20 * 86_400),
        ]
        self.chat.header.conversation_title = conversation.title
        self.chat.header.model = "gemma3:4b"
        self.chat.header.model_info = MODELS[0]
        self.chat.header.server = server
        self.chat.sidebar.set_conversations(others, NOW)
        self.chat.sidebar.current = conversation.id
        notice = empty_notice(server, models_known=True, model="gemma3:4b")
        self.chat.pane.show(conversation.id, messages, branches={}, queued=(), notice=notice)


CONNECTED = ServerState(ServerCondition.CONNECTED, "127.0.0.1:11434", "0.33.0")
CONVERSATION = a_conversation("Everything Markdown has", updated_at=NOW)


def showing(app: Shown, messages: list[Message], server: ServerState = CONNECTED) -> Before:
    async def before(pilot: Pilot[None]) -> None:
        app.show(messages, CONVERSATION, server)
        await pilot.pause()

    return before


def asked(question: str, *answers: Message) -> list[Message]:
    user = a_message(CONVERSATION, question)
    return [user, *(replace(answer, parent_id=user.id) for answer in answers)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", NAMES)
def test_everything_that_markdown_has(snap_compare: Compare, theme: str, size: tuple[int, int]) -> None:
    app = Shown(theme)
    answer = replace(an_answer(CONVERSATION, SAMPLE), stats=STATS, thinking="First this, then that.")
    before = showing(app, asked("Show me everything", answer))
    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize(("theme", "size"), zip(NAMES, SIZES, strict=True))
def test_what_was_found_and_unfolded(snap_compare: Compare, theme: str, size: tuple[int, int]) -> None:
    app = Shown(theme)
    thinking = "Where would one find it?\n\n- Here they **find** 漢字.\n- There, nothing."
    words = "You find it **here**: a match may go on over a soft wrap, and whoever wants to find it finds it."
    stats = replace(STATS, first_token_seconds=0.42, load_seconds=2.1, prompt_seconds=0.3)
    answer = replace(an_answer(CONVERSATION, words * 2), stats=stats, thinking=thinking)

    async def before(pilot: Pilot[None]) -> None:
        await showing(app, asked("Where do I find it?", answer))(pilot)
        app.chat.pane.transcript.focus()
        app.chat.pane.transcript.set_branches({answer.id: (2, 3)})
        await pilot.press("G", "i")
        app.chat.pane.find_bar.open("find it")
        await pilot.pause()
        await app.workers.wait_for_complete()
        await pilot.press("enter")
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize(("theme", "size"), zip(NAMES, SIZES, strict=True))
def test_a_selection_and_text_that_arrives_below(
    snap_compare: Compare, theme: str, size: tuple[int, int]
) -> None:
    app = Shown(theme)
    answer = an_answer(CONVERSATION, SAMPLE + SAMPLE, status=MessageStatus.STREAMING)

    async def before(pilot: Pilot[None]) -> None:
        await showing(app, asked("Show me everything", answer))(pilot)
        transcript = app.chat.pane.transcript
        transcript.focus()
        await pilot.press("pageup")
        await pilot.mouse_down(transcript, offset=(6, 3))
        await pilot.hover(transcript, offset=(24, 12))
        await pilot.mouse_up(transcript, offset=(24, 12))
        transcript.stream(answer.id, SAMPLE + SAMPLE + "\n\nMore", "")
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=before)


class Offers:
    """What can be completed."""

    takes_files = True

    def slash_commands(self) -> list[tuple[Command, str]]:
        names = {"/new": "Ctrl+N", "/model": "Ctrl+L", "/export": "Ctrl+S", "/find": "Ctrl+F"}
        return [(command, names.get(slash_name(command), "")) for command in SLASH_COMMANDS[:9]]

    def slash_choices(self, command: Command) -> list[str]:
        return [model.name for model in MODELS] if command.id == "model.choose" else []

    async def paths(self, folder: str, typed: str) -> Listing:
        return Listing((PathEntry("Bilder 漢字", True), PathEntry("notes.md", False)))


@pytest.mark.parametrize(
    ("theme", "size", "typed"),
    [("calm-dark", (80, 24), "/"), ("calm-light", (120, 40), "/model q")],
    ids=["commands", "models"],
)
def test_the_menu_of_the_input(snap_compare: Compare, theme: str, size: tuple[int, int], typed: str) -> None:
    app = Shown(theme)

    async def before(pilot: Pilot[None]) -> None:
        await showing(app, asked("Show me everything", an_answer(CONVERSATION, SAMPLE)))(pilot)
        app.chat.pane.prompt.complete_from(Offers())
        app.chat.pane.prompt.area.insert(typed)
        await pilot.pause()
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("theme", NAMES)
def test_the_top_of_it(snap_compare: Compare, theme: str) -> None:
    app = Shown(theme)
    answer = replace(an_answer(CONVERSATION, SAMPLE), stats=STATS, thinking="First this, then that.")

    async def before(pilot: Pilot[None]) -> None:
        await showing(app, asked("Show me everything", answer))(pilot)
        app.chat.pane.transcript.focus()
        await pilot.press("g")
        await pilot.pause()

    assert snap_compare(app, terminal_size=(120, 40), run_before=before)


@pytest.mark.parametrize("theme", NAMES)
def test_what_went_wrong(snap_compare: Compare, theme: str) -> None:
    app = Shown(theme)
    failed = replace(
        an_answer(CONVERSATION, "", status=MessageStatus.FAILED),
        error="The server does not have the model nope:1b.",
        hint="Choose another one with Ctrl+L, or fetch it: ollama pull nope:1b",
    )
    stopped = an_answer(CONVERSATION, "Once upon a", status=MessageStatus.STOPPED)
    interrupted = replace(
        an_answer(CONVERSATION, "There was a fox that", status=MessageStatus.INTERRUPTED),
        error="The server ended the answer early.",
    )
    messages = [*asked("One", failed), *asked("Two", stopped), *asked("Three", interrupted)]
    assert snap_compare(app, terminal_size=(80, 24), run_before=showing(app, messages))


@pytest.mark.parametrize("theme", NAMES)
def test_an_answer_that_is_being_written(snap_compare: Compare, theme: str) -> None:
    app = Shown(theme)
    answer = an_answer(CONVERSATION, "", status=MessageStatus.STREAMING)

    async def before(pilot: Pilot[None]) -> None:
        await showing(app, asked("Think about it", answer))(pilot)
        thinking = "The user wants me to think.\n\nSo I do."
        app.chat.pane.transcript.stream(answer.id, "So: **half an ans", thinking)
        app.chat.sidebar.set_live({CONVERSATION.id})
        await pilot.pause()

    assert snap_compare(app, terminal_size=(80, 24), run_before=before)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", NAMES)
def test_an_empty_conversation(snap_compare: Compare, theme: str, size: tuple[int, int]) -> None:
    app = Shown(theme)
    assert snap_compare(app, terminal_size=size, run_before=showing(app, []))


def test_no_server(snap_compare: Compare) -> None:
    app = Shown("calm-dark")
    error = ServerUnreachable("Nothing listens on 127.0.0.1:11434.", "Start Ollama with: ollama serve")
    server = ServerState(ServerCondition.UNREACHABLE, "127.0.0.1:11434", error=error)
    assert snap_compare(app, terminal_size=(80, 24), run_before=showing(app, [], server))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", NAMES)
def test_the_model_dropdown(snap_compare: Compare, theme: str, size: tuple[int, int]) -> None:
    app = Shown(theme)

    async def before(pilot: Pilot[None]) -> None:
        await showing(app, [])(pilot)
        contents = PickerContents(MODELS, (RunningModel("gemma3:4b"),))
        app.push_screen(ModelPicker(contents, "gemma3:4b", clock=lambda: NOW))
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=before)


def test_a_question(snap_compare: Compare) -> None:
    app = Shown("calm-dark")

    async def before(pilot: Pilot[None]) -> None:
        await showing(app, [])(pilot)
        app.push_screen(ConfirmScreen("An answer is still being written. Quit?", "What has arrived is kept."))
        await pilot.pause()

    assert snap_compare(app, terminal_size=(80, 24), run_before=before)
