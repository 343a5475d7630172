"""What leaves a conversation when it is longer than the context window, and in which order.

A conversation is planned in units: a message of the user's and what was answered to it. Units leave whole,
the oldest first, each one's images before its words. The system prompt, units with a pinned message and
the message to be answered always stay.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

from tui.domain.context import (
    SUMMARY_LABEL,
    ContextPlan,
    Parts,
    Window,
    answer_room,
)
from tui.domain.conversation import ContextPolicy, Message, MessageHead, MessageId, Role, Summary
from tui.domain.estimate import Calibration, message_features

_SQUEEZED_SHARE: Final = 16
"""The part of the window that is left for the answer when what must be sent takes the rest."""


_Told = TypeVar("_Told", Message, Message | MessageHead)


def tellable(path: Sequence[_Told]) -> tuple[_Told, ...]:
    """Return the messages of a branch that a model can be told: answers that brought nothing are not."""
    return tuple(message for message in path if message.role is not Role.ASSISTANT or _says(message))


def _says(message: Message | MessageHead) -> bool:
    if isinstance(message, MessageHead):
        return message.length > 0 or message.calls_tools
    return bool(message.content or message.tool_calls)


def kept_with(branch: Sequence[Message | MessageHead], pinned: Set[MessageId]) -> frozenset[MessageId]:
    """Return the messages of a branch that stay because one of their unit is pinned, those included."""
    kept: set[MessageId] = set()
    unit: list[MessageId] = []
    for message in (*branch, None):
        if message is None or message.role is Role.USER:
            if not pinned.isdisjoint(unit):
                kept.update(unit)
            unit = []
        if message is not None:
            unit.append(message.id)
    return frozenset(kept)


class Entry(NamedTuple):
    """A message of a branch as it counts."""

    id: MessageId
    role: Role
    words: float
    """Estimated tokens without its images."""
    images: float = 0.0
    """Estimated tokens of its images; 0 for none."""
    pinned: bool = False


class Units:
    """A branch in units, each beginning with a message of the user's."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        """Divide a branch.

        Args:
            entries: The messages of the branch that can be told, in order.
        """
        self.ids = tuple(entry.id for entry in entries)
        """All messages, in order."""
        starts = [index for index, entry in enumerate(entries) if index == 0 or entry.role is Role.USER]
        self.starts = tuple(starts)
        """Where in `ids` each unit begins."""
        self.words: list[float] = []
        """Tokens of the words of each unit."""
        self.images: list[float] = []
        """Tokens of the images of each unit."""
        pinned: list[int] = []
        for index, entry in enumerate(entries):
            if index == 0 or entry.role is Role.USER:
                self.words.append(0.0)
                self.images.append(0.0)
            self.words[-1] += entry.words
            self.images[-1] += entry.images
            if entry.pinned and pinned[-1:] != [len(self.words) - 1]:
                pinned.append(len(self.words) - 1)
        self.pinned = tuple(pinned)
        """The units that always stay."""
        self.image_tokens = sum(self.images)
        """Tokens of all images."""
        self.tokens = sum(self.words) + self.image_tokens
        """Tokens of everything."""
        self._pictured = frozenset(entry.id for entry in entries if entry.images)

    def __len__(self) -> int:
        """Return the number of units."""
        return len(self.starts)

    def messages(self, unit: int) -> tuple[MessageId, ...]:
        """Return the messages of a unit."""
        end = self.starts[unit + 1] if unit + 1 < len(self.starts) else len(self.ids)
        return self.ids[self.starts[unit] : end]

    def pictured(self, unit: int) -> tuple[MessageId, ...]:
        """Return the messages of a unit that have images."""
        return tuple(message for message in self.messages(unit) if message in self._pictured)

    def ended_by(self, message: MessageId) -> int:
        """Return how many units end with a message or before it; 0 if it is not of this branch."""
        try:
            index = self.ids.index(message)
        except ValueError:
            return 0
        return len(self.starts) if index == len(self.ids) - 1 else bisect_right(self.starts, index + 1) - 1


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that is being written, as it counts."""

    words: float
    images: float = 0.0


@dataclass(frozen=True, slots=True)
class _Order:
    """The steps in which units leave that may, and what is gone after each."""

    units: tuple[int, ...]
    """The unit that each step is about; those of the last steps, the images of units that stay, are not
    in order."""
    ends_unit: tuple[bool, ...]
    """Whether a step takes the words of its unit, not only its images."""
    gone: tuple[float, ...]
    """Tokens that are gone before each step, and after the last."""
    gone_images: tuple[float, ...]
    """Tokens of those that were images."""
    leaving: int
    """The steps that come before those about units that stay."""


def _order(units: Units, last: int | None) -> _Order:
    """Return the order in which units leave; `last` is the one to be answered, which stays as it is."""
    stays = set(units.pinned)
    if last is not None:
        stays.add(last)
    steps = [
        (unit, words)
        for unit in range(len(units))
        if unit not in stays
        for words in (False, True)
        if words or units.images[unit]
    ]
    leaving = len(steps)
    steps += [(unit, False) for unit in units.pinned if unit != last and units.images[unit]]
    gone, gone_images = [0.0], [0.0]
    for unit, words in steps:
        cost = units.words[unit] if words else units.images[unit]
        gone.append(gone[-1] + cost)
        gone_images.append(gone_images[-1] + (0.0 if words else cost))
    return _Order(
        tuple(unit for unit, _ in steps),
        tuple(words for _, words in steps),
        tuple(gone),
        tuple(gone_images),
        leaving,
    )


class Planner:
    """Makes plans for one branch and one model, each at a cost that hardly grows with the branch."""

    def __init__(
        self,
        entries: Sequence[Entry],
        calibration: Calibration,
        *,
        answering: bool,
        summaries: Iterable[Summary] = (),
    ) -> None:
        """Weigh a branch.

        Args:
            entries: The messages of the branch that can be told, in order.
            calibration: What is known of the model; with it the messages were estimated.
            answering: The last unit is what is to be answered, or an answer to be gone on with, and stays;
                otherwise a draft is.
            summaries: Those of the conversation; the one that stands for the most of the branch is used.
        """
        self.units = Units(entries)
        """The branch."""
        self._calibration = calibration
        last = self._last = len(self.units) - 1 if answering and len(self.units) else None
        self._order = _order(self.units, last)
        newest = entries[-1] if last is not None else None
        self._asked = newest.words if newest is not None and newest.role is Role.USER else 0.0
        covered = [
            (self.units.ended_by(summary.upto), place, summary) for place, summary in enumerate(summaries)
        ]
        best = max(covered, default=None, key=lambda each: each[:2])
        self._covered = min(best[0], last if last is not None else best[0]) if best else 0
        self._summary: Summary | None = best[2] if best else None

    def plan(
        self,
        *,
        window: Window,
        system: float = 0.0,
        draft: Draft | None = None,
        policy: ContextPolicy = ContextPolicy.DROP_OLDEST,
        num_predict: int | None = None,
    ) -> ContextPlan:
        """Return what the next request holds.

        As little as possible is left out. Where even what must stay is too long, `fits` is False.

        Args:
            window: The context window.
            system: Tokens of the system prompt, and of what the request itself brings.
            draft: The message being written, where that is what is to be answered.
            policy: What leaves first.
            num_predict: The longest answer, in tokens.
        """
        calibration = self._calibration
        drafted, pictures = (draft.words, draft.images) if draft else (0.0, 0.0)
        room = answer_room(window.tokens, num_predict)
        base = system + drafted + pictures
        step = self._steps_to(base, calibration.within(window.tokens - room))
        summary = None
        if step and policy is ContextPolicy.SUMMARISE and self._summary is not None and self._covered:
            step, summary, base = self._summarised(step, base, window.tokens - room)
        estimate = base + self.units.tokens - self._order.gone[step]
        margin = calibration.bound(estimate)
        fits = True
        if estimate + margin + room > window.tokens:
            least = min(room, window.tokens // _SQUEEZED_SHARE)
            fits = estimate + margin + least <= window.tokens
            room = max(least, window.tokens - math.ceil(estimate) - margin)
        images = self.units.image_tokens - self._order.gone_images[step] + pictures
        # A message that is a part of the branch already is still the one that is sent now.
        written = drafted + self._asked
        parts = Parts(
            system=math.ceil(system),
            history=max(0, math.ceil(estimate) - math.ceil(system) - round(written) - round(images)),
            images=round(images),
            draft=round(written),
            answer=room,
            margin=margin,
        )
        return self._planned(step, window, parts, math.ceil(estimate), summary, fits=fits)

    def _steps_to(self, base: float, budget: float) -> int:
        """Return after how many steps what is left is within a budget, or all steps."""
        steps = self._order.gone
        return min(bisect_left(steps, base + self.units.tokens - budget), len(steps) - 1)

    def _summarised(self, step: int, base: float, room: int) -> tuple[int, Summary | None, float]:
        """Return the plan with the summary in place of what it stands for, unless it is better without."""
        assert self._summary is not None
        calibration = self._calibration
        cost = calibration.tokens(message_features(f"{SUMMARY_LABEL}\n{self._summary.content}"))
        covered = bisect_left(self._order.units, self._covered, hi=self._order.leaving)
        budget = calibration.within(room)
        with_it = max(covered, self._steps_to(base + cost, budget))
        if base + cost + self.units.tokens - self._order.gone[with_it] > budget:
            return step, None, base
        return with_it, self._summary, base + cost

    def _planned(
        self, step: int, window: Window, parts: Parts, estimate: int, summary: Summary | None, *, fits: bool
    ) -> ContextPlan:
        order, units = self._order, self.units
        # Units before the cut are gone but for those that stay; of the one at the cut its images may be.
        cut = 0
        without_images: list[MessageId] = []
        leaving = min(step, order.leaving)
        if leaving:
            unit, ended = order.units[leaving - 1], order.ends_unit[leaving - 1]
            cut = unit + 1 if ended else unit
            if not ended:
                without_images += units.pictured(unit)
        for unit in order.units[order.leaving : max(step, order.leaving)]:
            without_images += units.pictured(unit)
        start = units.starts[cut] if cut < len(units.starts) else len(units.ids)
        sent: tuple[MessageId, ...] = units.ids[start:]
        left: tuple[MessageId, ...] = units.ids[:start]
        kept = [unit for unit in units.pinned if unit < cut]
        if kept:
            staying = {message for unit in kept for message in units.messages(unit)}
            sent = (*(message for message in left if message in staying), *sent)
            left = tuple(message for message in left if message not in staying)
        position = (
            {message: index for index, message in enumerate(units.ids)} if len(without_images) > 1 else {}
        )
        return ContextPlan(
            window=window,
            parts=parts,
            estimate=estimate,
            sent=sent,
            left_out=left,
            images_left_out=tuple(sorted(without_images, key=lambda message: position.get(message, 0))),
            first_sent=units.ids[start] if start < len(units.ids) else None,
            summary=summary,
            fits=fits,
            calibrated=self._calibration.known,
        )
