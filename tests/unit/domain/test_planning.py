"""What leaves a conversation: properties that hold for every branch, window and policy."""

from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tui.domain.context import SUMMARY_LABEL, ContextPlan, Window, WindowSource
from tui.domain.conversation import ContextPolicy, ConversationId, MessageId, Role, Summary
from tui.domain.estimate import Calibration, message_features
from tui.domain.generation import ChatMessage
from tui.domain.planning import Draft, Entry, Planner
from tui.services.request_messages import merged

CALIBRATION = Calibration(error=0.01)
"""Its bound is 2 % and 8 tokens."""


@dataclass(frozen=True)
class Case:
    """A branch, and a request to be planned."""

    entries: tuple[Entry, ...]
    answering: bool
    system: float
    draft: Draft | None
    window: Window
    num_predict: int | None

    def plan(self, policy: ContextPolicy = ContextPolicy.DROP_OLDEST, *summaries: Summary) -> ContextPlan:
        planner = Planner(self.entries, CALIBRATION, answering=self.answering, summaries=summaries)
        return planner.plan(
            window=self.window,
            system=self.system,
            draft=self.draft,
            policy=policy,
            num_predict=self.num_predict,
        )

    def units(self) -> list[list[Entry]]:
        units: list[list[Entry]] = []
        for entry in self.entries:
            if entry.role is Role.USER or not units:
                units.append([])
            units[-1].append(entry)
        return units

    def room(self) -> int:
        """The room for the answer where there is enough."""
        if self.num_predict is None:
            return min(self.window.tokens // 4, 2048)
        return min(self.num_predict, self.window.tokens // 2)

    def fixed(self) -> float:
        draft = self.draft or Draft(0.0)
        return self.system + draft.words + draft.images

    def stays(self) -> set[MessageId]:
        units = self.units()
        kept = [unit for unit in units if any(entry.pinned for entry in unit)]
        if self.answering and units:
            kept.append(units[-1])
        return {entry.id for unit in kept for entry in unit}

    def cost(self, sent: tuple[MessageId, ...], without_images: tuple[MessageId, ...]) -> float:
        chosen = set(sent)
        bare = set(without_images)
        return self.fixed() + sum(
            entry.words + (0 if entry.id in bare else entry.images)
            for entry in self.entries
            if entry.id in chosen
        )


tokens = st.integers(1, 400).map(float)
images = st.sampled_from([0.0, 0.0, 0.0, 256.0, 700.0])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    entries: list[Entry] = []
    for number in range(draw(st.integers(0, 12))):
        pinned = draw(st.integers(0, 5)) == 0
        entries.append(Entry(MessageId(f"q{number}"), Role.USER, draw(tokens), draw(images), pinned))
        if draw(st.integers(0, 9)):
            pinned = draw(st.integers(0, 7)) == 0
            entries.append(Entry(MessageId(f"a{number}"), Role.ASSISTANT, draw(tokens), 0.0, pinned))
    answering = draw(st.booleans())
    return Case(
        tuple(entries),
        answering,
        draw(tokens),
        None if answering else Draft(draw(tokens), draw(images)),
        Window(draw(st.integers(64, 6000) | st.integers(64, 900)), WindowSource.LOADED),
        draw(st.sampled_from([None, 16, 300, 100_000])),
    )


@given(cases())
@settings(max_examples=40, deadline=None)
def test_a_plan_keeps_the_order_and_every_message_once(case: Case) -> None:
    plan = case.plan()
    everything = [entry.id for entry in case.entries]
    assert sorted([*plan.sent, *plan.left_out], key=everything.index) == everything
    assert list(plan.sent) == sorted(plan.sent, key=everything.index)
    assert list(plan.left_out) == sorted(plan.left_out, key=everything.index)
    assert list(plan.images_left_out) == sorted(plan.images_left_out, key=everything.index)


@given(cases(), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_same_branch_makes_the_same_plan_whatever_its_messages_are_called(
    case: Case, chance: Random
) -> None:
    # What is called otherwise hashes otherwise: a set that was gone through would be in another order.
    names = {entry.id: MessageId(f"{chance.random()} {entry.id}") for entry in case.entries}
    renamed = replace(case, entries=tuple(entry._replace(id=names[entry.id]) for entry in case.entries))
    plan = case.plan()
    assert case.plan() == plan
    assert renamed.plan() == replace(
        plan,
        sent=tuple(names[each] for each in plan.sent),
        left_out=tuple(names[each] for each in plan.left_out),
        images_left_out=tuple(names[each] for each in plan.images_left_out),
        first_sent=plan.first_sent and names[plan.first_sent],
    )


@given(cases())
@settings(max_examples=250, deadline=None)
def test_a_plan_is_never_over_budget_unless_it_says_so(case: Case) -> None:
    plan = case.plan()
    cost = case.cost(plan.sent, plan.images_left_out)
    assert plan.estimate - 1 <= cost <= plan.estimate + 1e-6
    if plan.fits:
        assert plan.estimate + plan.parts.answer <= plan.window.tokens
        assert plan.parts.answer >= min(case.room(), plan.window.tokens // 16)
        assert cost + CALIBRATION.bound(cost) <= plan.window.tokens
    else:
        assert plan.missing > 0
    if plan.parts.answer < case.room():
        # The answer has less room only when there is nothing left that may leave.
        assert set(plan.sent) == case.stays()
        answered = {entry.id for entry in case.units()[-1]} if case.answering and case.entries else set()
        pictured = {entry.id for entry in case.entries if entry.images}
        assert set(plan.images_left_out) == (case.stays() & pictured) - answered
    parts = plan.parts
    assert abs(parts.system + parts.history + parts.images + parts.draft - plan.estimate) <= 2


@given(cases())
@settings(max_examples=40, deadline=None)
def test_what_must_stay_stays_and_units_leave_whole(case: Case) -> None:
    plan = case.plan()
    sent, bare = set(plan.sent), set(plan.images_left_out)
    assert case.stays() <= sent
    for unit in case.units():
        assert len({entry.id in sent for entry in unit}) == 1
    if case.answering and case.entries:
        assert not bare & {entry.id for entry in case.units()[-1]}
    assert bare <= sent
    assert bare <= {entry.id for entry in case.entries if entry.images}
    # What is sent begins somewhere, and of what is before only what is pinned is sent.
    everything = [entry.id for entry in case.entries]
    start = everything.index(plan.first_sent) if plan.first_sent else len(everything)
    assert set(everything[start:]) <= sent
    assert sent & set(everything[:start]) <= case.stays()


@given(cases())
@settings(max_examples=40, deadline=None)
def test_roles_alternate_where_they_do_in_the_branch(case: Case) -> None:
    roles = {entry.id: entry.role for entry in case.entries}
    answered = [[entry.role for entry in unit] for unit in case.units()]
    assume(all(unit == [Role.USER, Role.ASSISTANT] for unit in answered[:-1]))
    told = [roles[message] for message in case.plan().sent]
    assert told == [Role.USER, Role.ASSISTANT] * (len(told) // 2) + [Role.USER] * (len(told) % 2)


@given(cases())
@settings(max_examples=40, deadline=None)
def test_a_plan_is_minimal(case: Case) -> None:
    plan = case.plan()
    if not plan.trims:
        return
    units = [unit for unit in case.units() if unit[0].id in set(plan.left_out)]
    if plan.images_left_out:
        # The images that left last come back.
        more = plan.sent, plan.images_left_out[:-1]
        kept = case.stays()
        leaving = [message for message in plan.images_left_out if message not in kept]
        if leaving and len(plan.images_left_out) > 1:
            return
    else:
        back = tuple(entry.id for entry in units[-1])
        more = (*plan.sent, *back), tuple(entry.id for entry in units[-1] if entry.images)
    cost = case.cost(*more)
    # Estimates are rounded up: a few tokens stay free.
    assert cost + CALIBRATION.bound(cost) + case.room() > plan.window.tokens - 3


@given(cases(), st.data())
@settings(max_examples=250, deadline=None)
def test_a_summary_stands_in_only_for_what_leaves(case: Case, data: st.DataObject) -> None:
    assume(case.entries)
    upto = data.draw(st.sampled_from(case.entries)).id
    summary = Summary("s", ConversationId("c"), upto, "They spoke of foxes.", 0.0)
    without = case.plan()
    plan = case.plan(ContextPolicy.SUMMARISE, summary)
    if not without.trims:
        assert plan == without
    if plan.summary is None:
        assert replace(plan, summary=None) == without
        return
    everything = [entry.id for entry in case.entries]
    covered = {
        entry.id
        for unit in case.units()
        if everything.index(unit[-1].id) <= everything.index(upto)
        for entry in unit
    }
    assert covered
    assert covered - case.stays() <= set(plan.left_out)
    assert case.stays() <= set(plan.sent)
    assert plan.fits
    told = CALIBRATION.tokens(message_features(f"{SUMMARY_LABEL}\n{summary.content}"))
    assert plan.estimate - 1 <= case.cost(plan.sent, plan.images_left_out) + told <= plan.estimate + 1e-6
    assert plan.estimate + plan.parts.margin + plan.parts.answer <= plan.window.tokens + 1


def test_images_leave_before_the_words_around_them() -> None:
    entries = (
        Entry(MessageId("q0"), Role.USER, 50.0, 300.0),
        Entry(MessageId("a0"), Role.ASSISTANT, 50.0),
        Entry(MessageId("q1"), Role.USER, 50.0, 300.0),
        Entry(MessageId("a1"), Role.ASSISTANT, 50.0),
    )

    def plan(window: int) -> ContextPlan:
        case = Case(entries, False, 10.0, Draft(20.0), Window(window, WindowSource.LOADED), 16)
        return case.plan()

    assert not plan(900).trims
    assert plan(700).images_left_out == ("q0",)
    assert plan(700).left_out == ()
    assert plan(490).left_out == ("q0", "a0")
    assert plan(490).images_left_out == ()
    assert plan(180).images_left_out == ("q1",)
    assert plan(120).sent == ()
    assert plan(120).fits
    assert not plan(36).fits


def test_a_window_that_can_keep_nothing_says_so() -> None:
    case = Case((), False, 600.0, Draft(10.0), Window(512, WindowSource.CONVERSATION), None)
    plan = case.plan()
    assert not plan.fits
    assert plan.missing >= 100


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant"]), st.text("ab ", max_size=4)), max_size=12))
@settings(max_examples=40, deadline=None)
def test_what_is_told_alternates_whatever_is_missing_between(said: list[tuple[str, str]]) -> None:
    told = merged([ChatMessage("system", "s"), *(ChatMessage(role, text) for role, text in said)])
    roles = [message.role for message in told[1:]]
    assert all(one != other for one, other in pairwise(roles))
    words = "".join(message.content for message in told[1:])
    assert words.replace("\n\n", "") == "".join(text for _, text in said)
