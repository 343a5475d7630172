"""Plans of what is sent, in words, marks and a bar."""

from dataclasses import replace

from tests.support.builders import NOW, a_conversation, a_message, an_attachment
from tui.domain.context import ContextPlan, Parts, Window, WindowSource
from tui.domain.conversation import ContextPolicy, MessageId, Summary
from tui.domain.told_marks import NOTHING_MARKED
from tui.screens.context_dialogs import Remedy, larger_window, question_choices
from tui.widgets.context_words import explained, marks_of, tokens, what_leaves
from tui.widgets.gauge import ContextGauge

A, B, C, D = (MessageId(each) for each in "abcd")
WINDOW = Window(8192, WindowSource.LOADED, 32768)
PLAN = ContextPlan(WINDOW, Parts(100, 4000, 700, 90, 2048, 50), 4890, (A, B, C, D), first_sent=A)
CUT = replace(PLAN, sent=(A, C, D), left_out=(B,), images_left_out=(D,), first_sent=C)


def gauge(plan: ContextPlan, *, roomy: bool = True) -> str:
    widget = ContextGauge()
    widget.set_reactive(ContextGauge.plan, plan)
    widget.set_reactive(ContextGauge.roomy, roomy)
    return widget.text


def test_the_gauge_shows_the_request_the_room_for_the_answer_and_what_is_free() -> None:
    assert gauge(PLAN) == "context ██████▒▒▒░ ≈4.9k/8.2k"
    assert gauge(PLAN, roomy=False) == "context ≈60%"
    assert gauge(CUT) == "context ██████▒▒▒░ ≈4.9k/8.2k full"
    assert gauge(CUT, roomy=False) == "context full"
    long = replace(PLAN, estimate=20_000, fits=False)
    assert gauge(long) == "context ██████████ ≈20.0k/8.2k too long"
    empty = replace(PLAN, estimate=0, parts=Parts(0, 0, 0, 0, 0))
    assert gauge(empty) == "context ░░░░░░░░░░ ≈0/8.2k"


def test_figures_are_short() -> None:
    assert [tokens(count) for count in (0, 812, 1000, 5_900, 131_072, 1_048_576)] == [
        "0",
        "812",
        "1.0k",
        "5.9k",
        "131k",
        "1,049k",
    ]


def test_a_plan_is_explained_with_its_parts_its_source_and_that_it_is_an_estimate() -> None:
    words = explained(CUT)
    assert "4,890 of 8,192 tokens (60%)" in words
    for each in ("images", "700", "room for the answer", "the loaded model's", "32,768", "an estimate"):
        assert each in words
    assert "Not sent: 1 older message and the images of 1 message." in words


def test_where_what_is_sent_begins_is_marked_and_so_are_exceptions() -> None:
    assert marks_of(None, D) == marks_of(PLAN, D) == NOTHING_MARKED
    marks = marks_of(CUT, D)
    assert (marks.before, marks.after) == (C, None)
    assert marks.line == "earlier messages are no longer sent: context 8,192 full"
    assert marks.notes == {A: "still sent", D: "image not sent any more"}
    nothing = marks_of(replace(CUT, sent=(), left_out=(A, B, C, D), images_left_out=(), first_sent=None), D)
    assert (nothing.before, nothing.after) == (None, D)
    only_images = marks_of(replace(PLAN, images_left_out=(B,)), D)
    assert (only_images.before, only_images.line, dict(only_images.notes)) == (
        None,
        "",
        {B: "image not sent any more"},
    )


def test_a_summary_is_told_on_the_line() -> None:
    summary = Summary("0" * 32, a_conversation().id, B, "They talked.", NOW)
    marks = marks_of(replace(CUT, summary=summary), D)
    assert marks.opens_summary
    assert "summarised" in marks.line


def test_what_would_leave_is_named() -> None:
    conversation = a_conversation()
    first = a_message(conversation, "The first \x1b[31mquestion")
    last = replace(a_message(conversation, "last"), attachments=(an_attachment(name="map\x1b.png"),))
    plan = replace(PLAN, left_out=(first.id, last.id), images_left_out=(last.id,))
    words = what_leaves(plan, [first, last])
    assert words == (
        "Not sent: 2 older messages: from “The first ␛[31mquestion” to “last”.\n"
        "Sent without its images: map␛.png."
    )
    assert what_leaves(plan, []).startswith("Not sent: 2 older messages.")


def test_a_larger_window_is_offered_only_where_it_would_do() -> None:
    assert larger_window(PLAN) == 16384
    long = replace(PLAN, estimate=20_000, fits=False)
    assert larger_window(long) == 32768
    assert larger_window(replace(long, estimate=40_000)) is None
    assert larger_window(replace(PLAN, window=Window(32768, WindowSource.LOADED, 32768))) is None


def test_the_choices_are_those_that_help() -> None:
    def offered(
        plan: ContextPlan, policy: ContextPolicy = ContextPolicy.DROP_OLDEST, **more: bool
    ) -> list[Remedy]:
        return [choice.remedy for choice in question_choices(plan, policy, **more)]

    settings, send = Remedy.SETTINGS, Remedy.SEND
    assert offered(CUT) == [Remedy.WINDOW, Remedy.SUMMARISE, Remedy.BRANCH, settings, send]
    assert offered(CUT, ContextPolicy.SUMMARISE) == [Remedy.WINDOW, Remedy.BRANCH, settings, send]
    assert offered(CUT, editing=True) == [Remedy.WINDOW, Remedy.SUMMARISE, settings, send]
    alone = replace(PLAN, estimate=40_000, fits=False)
    assert offered(alone, begun=False) == [settings, send]
    choice = question_choices(CUT, ContextPolicy.ASK, cost=1_200_000_000)[0]
    assert "up to 1.2 GB more memory" in choice.about
