"""The headings of the side panel around midnight and where clocks change."""

import time
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.lists import DAY, NOW, conversation
from tui.widgets.groups import group_of, groups_of, sections_of


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[ZoneInfo]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield ZoneInfo("Europe/Berlin")
    monkeypatch.undo()
    time.tzset()


def at(zone: ZoneInfo, text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


@pytest.mark.parametrize(
    ("updated", "now", "group"),
    [
        ("2026-11-05T00:00:00", "2026-11-05T00:00:30", "Today"),
        ("2026-11-04T23:59:59", "2026-11-05T00:00:30", "Yesterday"),
        ("2026-11-03T23:59:59", "2026-11-05T00:00:30", "Previous 7 days"),
        ("2026-10-29T00:00:00", "2026-11-05T23:59:59", "Previous 7 days"),
        ("2026-10-28T23:59:59", "2026-11-05T23:59:59", "Previous 30 days"),
        ("2026-10-06T00:00:00", "2026-11-05T12:00:00", "Previous 30 days"),
        ("2026-10-05T23:59:59", "2026-11-05T12:00:00", "October 2026"),
        ("2025-12-31T23:59:59", "2026-11-05T12:00:00", "December 2025"),
        # 25 October 2026 has 25 hours, 29 March 2026 has 23.
        ("2026-10-25T00:00:00", "2026-10-25T23:59:59", "Today"),
        ("2026-10-24T23:59:59", "2026-10-25T23:59:59", "Yesterday"),
        ("2026-10-24T00:00:00", "2026-10-25T23:59:59", "Yesterday"),
        ("2026-03-28T00:00:00", "2026-03-29T23:59:59", "Yesterday"),
        ("2026-03-29T00:00:00", "2026-03-30T00:00:01", "Yesterday"),
        ("2027-01-01T00:00:00", "2026-11-05T12:00:00", "Today"),
    ],
)
def test_groups_follow_the_local_calendar(berlin: ZoneInfo, updated: str, now: str, group: str) -> None:
    assert group_of(at(berlin, updated), at(berlin, now), pinned=False) == group


def test_pinned_comes_before_every_date() -> None:
    assert group_of(0.0, NOW, pinned=True) == "Pinned"


@given(ages=st.lists(st.floats(min_value=-3e6, max_value=2e8), max_size=60), pinned=st.integers(0, 5))
def test_sections_agree_with_the_group_of_each(ages: list[float], pinned: int) -> None:
    kept = [conversation(number, age=number * 1e7, pinned=True) for number in range(pinned)]
    listed = [*kept, *(conversation(9 + i, age=age) for i, age in enumerate(sorted(ages)))]
    sections = sections_of(listed, NOW)
    ends = [*[section.first for section in sections], len(listed)][1:]
    row = 0
    for section, end in zip(sections, ends, strict=True):
        assert section.row == row
        groups = {group_of(each.updated_at, NOW, each.pinned) for each in listed[section.first : end]}
        assert groups == {section.title}
        row += 2 + end - section.first
    titles = [section.title for section in sections]
    assert len(set(titles)) == len(titles)


def test_the_headings_of_a_whole_list_are_counted() -> None:
    assert groups_of((), NOW) == ()
    listed = [conversation(1, pinned=True), conversation(2), conversation(3), conversation(4, age=3 * DAY)]
    assert groups_of(listed, NOW) == (("Pinned", 1), ("Today", 2), ("Previous 7 days", 1))
