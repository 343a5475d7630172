"""What settings, the cut line and the question about the context window look like."""

from dataclasses import replace

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Input

from tests.snapshot.test_screens import NAMES, Compare
from tests.support.builders import a_conversation, a_message, an_answer
from tui.domain.context import ContextPlan, Parts, Window, WindowSource
from tui.domain.conversation import ContextPolicy
from tui.domain.generation import Options
from tui.domain.setup import Setup
from tui.screens.context_dialogs import ContextScreen, question_choices
from tui.themes import THEMES
from tui.widgets.context_words import explained, marks_of
from tui.widgets.gauge import ContextGauge
from tui.widgets.setup_form import SetupForm
from tui.widgets.transcript import Transcript

TALK = a_conversation()
PLAN = ContextPlan(
    Window(8192, WindowSource.LOADED, 131_072), Parts(120, 4800, 800, 90, 2048, 60), 5810, (), calibrated=True
)


class Hosted(App[None]):
    """A few widgets alone, in one of our themes."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, theme: str) -> None:
        super().__init__()
        self.animation_level = "none"
        for each in THEMES:
            self.register_theme(each)
        self.theme = theme


class Form(Hosted):
    def compose(self) -> ComposeResult:
        setup = Setup("Be brief.", Options(temperature=0.7, stop=("###",)), answer_format="{}")
        yield SetupForm(setup)


@pytest.mark.parametrize("theme", NAMES)
def test_the_settings_of_a_conversation(snap_compare: Compare, theme: str) -> None:
    async def before(pilot: Pilot[None]) -> None:
        form = pilot.app.query_one(SetupForm)
        values = {"temperature": "0.6", "top_k": "20", "stop": "<|im_end|>"}
        form.show_model_facts(values, 40_960, ("off", "on"))
        form.query_one("#num_ctx", Input).value = "100000"
        form.query_one("#seed").focus()
        await pilot.pause()

    assert snap_compare(Form(theme), terminal_size=(76, 38), run_before=before)


class Talk(Hosted):
    def compose(self) -> ComposeResult:
        yield Transcript()
        yield ContextGauge()


@pytest.mark.parametrize("theme", NAMES)
def test_where_what_is_sent_begins(snap_compare: Compare, theme: str) -> None:
    first = replace(a_message(TALK, "My name is Ada."), pinned=True)
    talk = [first, an_answer(TALK, "Noted."), a_message(TALK, "And then?"), an_answer(TALK, "Then Paris.")]
    plan = replace(
        PLAN, sent=(first.id, talk[2].id, talk[3].id), left_out=(talk[1].id,), first_sent=talk[2].id
    )

    async def before(pilot: Pilot[None]) -> None:
        transcript = pilot.app.query_one(Transcript)
        transcript.show("talk", talk)
        transcript.set_marks(marks_of(plan, talk[-1].id))
        pilot.app.query_one(ContextGauge).plan = plan
        await pilot.pause()

    assert snap_compare(Talk(theme), terminal_size=(80, 16), run_before=before)


@pytest.mark.parametrize("theme", NAMES)
def test_the_question_about_the_context_window(snap_compare: Compare, theme: str) -> None:
    async def before(pilot: Pilot[None]) -> None:
        choices = question_choices(PLAN, ContextPolicy.ASK, cost=1_200_000_000, attached=2)
        await pilot.app.push_screen(ContextScreen("What is told", explained(PLAN), choices, question=True))
        await pilot.pause()

    assert snap_compare(Hosted(theme), terminal_size=(80, 30), run_before=before)
