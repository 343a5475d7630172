"""The colours of a block of code that may grow: of what is asked for, and within what a frame may cost."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from tui.rendering.highlight import PLAIN, State, lexer_for
from tui.rendering.ink import Run

_SEGMENT: Final = 1_000
"""After so many lines the lexer starts afresh, so that no line depends on many more than these before it."""

_BREAK: Final = 200
"""Among so many lines more it starts at the first that looks like a beginning."""

_KEPT: Final = 1_000
"""Lines whose colours are remembered: more than any screen has."""

_PER_LINE: Final = 20
"""What a line costs however short it is, in characters."""


class Allowance:
    """How much code may be read for its colours at one go; what is left out stays plain for now.

    It is counted in characters, not in time, so that the same is shown on a slow machine.
    """

    __slots__ = ("exceeded", "left")

    def __init__(self, characters: int) -> None:
        self.left = characters
        """Characters that may still be read."""
        self.exceeded = False
        """Whether something was left out."""

    def take(self, line: str) -> bool:
        """Tell whether a line may be read; the first always may, however long it is."""
        if self.left <= 0:
            self.exceeded = True
            return False
        self.left -= len(line) + _PER_LINE
        return True


_allowance: ContextVar[Allowance | None] = ContextVar("allowance", default=None)


@contextmanager
def colouring(characters: int) -> Iterator[Allowance]:
    """Draw code in no more colours than can be had from reading so many characters; none for 0."""
    allowance = Allowance(characters)
    token = _allowance.set(allowance)
    try:
        yield allowance
    finally:
        _allowance.reset(token)


def allowed() -> Allowance | None:
    """Return what the drawing in progress may cost; None for as much as it takes."""
    return _allowance.get()


class Highlighter:
    """Remembers the lexer's state at the beginning of every line of a block that may grow."""

    __slots__ = ("_begins", "_lexer", "_runs", "_segments")

    def __init__(self, language: str) -> None:
        self._lexer = lexer_for(language.lower())
        self._segments: dict[int, list[State]] = {}
        """By the line at which the lexer started afresh: its states before that line and the next ones."""
        self._begins: dict[int, int] = {}
        """By segment: that line."""
        self._runs: dict[int, list[Run]] = {}

    def runs(
        self, lines: list[str], index: int, last: str | None = None, within: Allowance | None = None
    ) -> list[Run]:
        """Return the runs of the line at `index`; of those before it, only unseen ones are read.

        Args:
            lines: The lines of the block that are complete.
            index: Which line.
            last: A line after `lines` that may still be growing: nothing is remembered of its end.
            within: How much may be read; where that is not enough the line is plain, and `knows` it not.
        """
        if last is None and (known := self._runs.get(index)) is not None:
            return known
        line = lines[index] if last is None else last
        if self._lexer is None:
            return [(line, PLAIN)] if line else []
        begin = self._begin(lines, index, line)
        states = self._segments.setdefault(begin, [self._lexer.start])
        while len(states) <= index - begin:
            before = lines[begin + len(states) - 1]
            if within is not None and not within.take(before):
                return [(line, PLAIN)] if line else []
            states.append(self._lexer.lex(before, states[-1])[1])
        if within is not None and not within.take(line):
            return [(line, PLAIN)] if line else []
        runs, after = self._lexer.lex(line, states[index - begin])
        if last is None:
            if len(states) == index - begin + 1:
                states.append(after)
            if len(self._runs) >= _KEPT:
                self._runs.clear()
            self._runs[index] = runs
        return runs

    def knows(self, index: int) -> bool:
        """Tell whether the line at `index` has its colours."""
        return self._lexer is None or index in self._runs

    def _begin(self, lines: list[str], index: int, line: str) -> int:
        """Return the line at or before `index` at which the lexer starts afresh.

        It must not be in the middle of something: after an empty line, one without indentation hardly is.
        Which line it is depends only on lines up to `index`, however many there are.
        """
        segment = index // _SEGMENT
        if segment == 0:
            return 0
        if (known := self._begins.get(segment)) is not None and known <= index:
            return known
        first = segment * _SEGMENT
        for place in range(first, min(index, first + _BREAK) + 1):
            text = line if place == index else lines[place]
            if place == first + _BREAK or (text[:1].strip() and not lines[place - 1].strip()):
                if place < len(lines):
                    self._begins[segment] = place
                return place
        return self._begin(lines, first - 1, lines[first - 1])
