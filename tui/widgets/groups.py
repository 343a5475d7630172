"""Under which heading a conversation is listed."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tui.domain.conversation import Conversation

PINNED = "Pinned"
"""The heading of pinned conversations, whatever their age."""

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def group_of(updated_at: float, now: float, pinned: bool) -> str:
    """Return the heading for a conversation that was last updated at `updated_at`.

    Days begin at local midnight, also where a day has 23 or 25 hours. What lies in the future (a clock
    was wrong) is Today.
    """
    return PINNED if pinned else _heading(date.fromtimestamp(updated_at), date.fromtimestamp(now))


def _heading(day: date, today: date) -> str:
    age = (today - day).days
    if age <= 0:
        return "Today"
    if age == 1:
        return "Yesterday"
    if age <= 7:
        return "Previous 7 days"
    if age <= 30:
        return "Previous 30 days"
    return f"{_MONTHS[day.month - 1]} {day.year}"


def _began(day: date, today: date) -> float:
    """Return when the group that `day` belongs to began, in seconds since the epoch."""
    age = (today - day).days
    if age <= 0:
        first = today
    elif age == 1:
        first = day
    elif age <= 7:
        first = today - timedelta(days=7)
    elif age <= 30:
        first = today - timedelta(days=30)
    else:
        first = day.replace(day=1)
    return datetime.combine(first, datetime.min.time()).timestamp()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the conversations below it."""

    title: str
    first: int
    """Index of its first conversation."""
    row: int
    """The row of its heading; its conversations follow."""


def _not_pinned(conversation: Conversation) -> int:
    return not conversation.pinned


def _negated_time(conversation: Conversation) -> float:
    return -conversation.updated_at


def sections_of(conversations: Sequence[Conversation], now: float) -> tuple[Section, ...]:
    """Return the sections of a list that has the pinned first, then the last updated first.

    The cost depends on the number of sections, not on the number of conversations.
    """
    sections: list[Section] = []
    today = date.fromtimestamp(now)
    index = 0
    row = 0
    while index < len(conversations):
        head = conversations[index]
        title = group_of(head.updated_at, now, head.pinned)
        if head.pinned:
            end = bisect_left(conversations, 1, lo=index, key=_not_pinned)
        else:
            began = _began(date.fromtimestamp(head.updated_at), today)
            # Negated, because the list is sorted the other way round.
            end = bisect_right(conversations, -began, lo=index, key=_negated_time)
        end = max(end, index + 1)
        # A blank row sets every section but the first apart.
        row += 1 if sections else 0
        sections.append(Section(title, index, row))
        row += 1 + end - index
        index = end
    return tuple(sections)


def groups_of(conversations: Sequence[Conversation], now: float) -> tuple[tuple[str, int], ...]:
    """Return the headings of a list that is whole, and how many conversations are under each."""
    sections = sections_of(conversations, now)
    ends = [*(section.first for section in sections), len(conversations)]
    return tuple(
        (section.title, end - section.first) for section, end in zip(sections, ends[1:], strict=True)
    )


def borders_of(now: float, oldest: float | None) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Return the headings of conversations that are not pinned, and when each group began, latest first.

    Args:
        now: Seconds since the epoch.
        oldest: When the conversation that rests longest was updated; None without any.
    """
    today = date.fromtimestamp(now)
    titles: list[str] = []
    borders: list[float] = []
    day = today
    last = today if oldest is None else min(today, date.fromtimestamp(max(oldest, 0.0)))
    while True:
        began = _began(day, today)
        titles.append(_heading(day, today))
        borders.append(began)
        if date.fromtimestamp(began) <= last:
            return tuple(titles), tuple(borders)
        day = date.fromtimestamp(began) - timedelta(days=1)


def sections_for(groups: Sequence[tuple[str, int]]) -> tuple[Section, ...]:
    """Return the sections of a list of which it is known how many conversations are under each heading."""
    sections: list[Section] = []
    index = row = 0
    for title, count in groups:
        if count:
            row += 1 if sections else 0
            sections.append(Section(title, index, row))
            row += 1 + count
            index += count
    return tuple(sections)


def section_at(sections: Sequence[Section], row: int) -> Section | None:
    """Return the section that a row belongs to, its heading and the blank row below included."""
    place = bisect_right(sections, row, key=lambda each: each.row) - 1
    return sections[place] if place >= 0 else None


def section_end(sections: Sequence[Section], section: Section, count: int) -> int:
    """Return the index after the last conversation of `section`, in a list of `count`."""
    place = bisect_right(sections, section.first, key=lambda each: each.first)
    return sections[place].first if place < len(sections) else count
