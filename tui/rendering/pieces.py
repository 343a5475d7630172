"""Cutting Markdown that may still be growing into its top-level pieces."""

import re
from collections.abc import Generator, Iterator
from typing import Final

from tui.rendering import stretch
from tui.rendering.cuts import Before, Cut, Piece, cuts_of, with_holes
from tui.rendering.fences import FENCE, Fence, Kind, NestedFence, open_fence
from tui.rendering.nodes import Env, References
from tui.rendering.provisional import held
from tui.rendering.stretch import PLAIN
from tui.rendering.tables import TableBuffer

_HEADING: Final = re.compile(r"#{1,6}[ \t]+[^\s#].*")
_LOOKED_AT: Final = 200
_REGION: Final = 80
"""Lines that are parsed at a time at first."""


Cutting = Piece | TableBuffer | tuple[Fence, str]
"""What is finished: a piece, a table, a block of code with the line that closes it."""


class Cutter:
    """Takes lines and gives back pieces as soon as nothing that follows can change them."""

    def __init__(self, references: References) -> None:
        self._references = references
        self._lines: list[str] = []
        self._first = True
        self._going_on: Piece | None = None
        """The item with which the lines begin, where the list began earlier."""
        self._flow: str | None = None
        """What stands between the lines and the stretch of the same paragraph before them."""
        self._again = False
        """Whether there is more to be made of the line at which something has ended."""
        self._waiting = ""
        """The kind of the piece that the lines begin with, if they have been looked at."""
        self._latest: list[Piece] | None = None
        """The pieces of the lines, if they have just been cut."""
        self._holes: list[NestedFence] = []
        """Code that has been taken out of the lines."""
        self._nested: NestedFence | None = None
        """Code inside a list or a quotation that is open: what arrives does not become lines."""
        self._solid = False
        """Whether code must stay where it is, in the piece that is open."""
        self.fence: Fence | None = None
        """The block of code that is open."""
        self.table: TableBuffer | None = None
        """The table that is open."""
        self.ended = False
        """Whether an empty line stands at the end of the `rest` that was returned last."""
        self.learnt = False
        """Whether definitions have been found since this was last set to False."""

    def feed(self, lines: list[str], final: bool) -> Iterator[Cutting]:
        """Take complete lines; yield what is finished."""
        self._lines.extend(lines)
        if self._nested is not None:
            self._swallow()
            if self._nested is not None and not final:
                return
        self._latest = None
        if not final and self._goes_on(lines):
            return  # time enough to look when something else begins
        was_waiting, self._waiting = bool(self._waiting), ""
        position = 0
        while position < len(self._lines):
            self._latest = None  # what was cut above may be finished by now
            if self.fence is not None:
                end = yield from self._code(position)
            elif self.table is not None:
                end = yield from self._rows(position)
            else:
                end = yield from self._next(position, final, was_waiting)
            if end == position and not self._again:
                break
            position, self._again = end, False
        self._drop(position)
        if self._lines and self.fence is None and self.table is None:
            self._waiting = self._waiting or "paragraph"
        if final:
            yield from self._ended()

    def _goes_on(self, lines: list[str]) -> bool:
        """Return whether `lines` may belong to what is open, and begin no code inside it."""
        if not self._waiting:
            return False
        starts = (">",) if self._waiting == "blockquote" else ("", " ", "\t")
        return all(line[:1] in starts and "```" not in line and "~~~" not in line for line in lines)

    def _drop(self, count: int) -> None:
        """Forget the first lines, which are finished."""
        del self._lines[:count]
        for nested in self._holes:
            nested.line -= count
        self._holes = [nested for nested in self._holes if nested.line >= 0]
        if self._nested is not None and self._nested not in self._holes:
            self._nested.line -= count
        if not self._lines or self.fence is not None or self.table is not None:
            self._waiting = ""

    def _ended(self) -> Iterator[Cutting]:
        if self.fence is not None:
            fence, self.fence = self.fence, None
            yield fence, ""
        if self.table is not None:
            table, self.table = self.table, None
            yield table

    def shorten(self, partial: str) -> Generator[Cutting, None, str]:
        """Yield the stretches of a very long line that has only begun; return what is left of it."""
        while len(partial) > stretch.Limits.in_line // 4:
            if self.fence is not None or self.table is not None or self._nested is not None:
                break
            if self._lines and not self._is_plain(partial):
                yield from self._before(partial)
            index = len(self._lines)
            found = stretch.space(self._lines, partial) if self._is_plain(partial) else None
            if found is None:
                break
            end = stretch.line_break([*self._lines, partial], 0, index + 1)
            if end is not None:
                piece = self._paragraph(self._lines[:end])
                self._drop(end)
                self._flow = "\n"
            else:
                cut, join = found
                piece = self._paragraph([*self._lines, partial[:cut]])
                self._drop(index)
                self._flow = join
                partial = partial[cut + len(join) :]
            self._latest = None
            yield piece
        return partial

    def _is_plain(self, partial: str) -> bool:
        """Return whether the lines and the one that has only begun are the text of a paragraph."""
        inside = self._flow in (" ", "")
        if not self._lines:
            return inside or stretch.opens_paragraph(partial)
        return all(map(PLAIN.match, [*self._lines[inside:], partial]))

    def _before(self, partial: str) -> Iterator[Cutting]:
        """Yield what is finished by the line that has begun, where that begins or continues a paragraph."""
        if partial[0] not in "|:-=" and stretch.opens_paragraph(partial):
            yield from self.feed([partial[:_LOOKED_AT]], final=False)
            if self._lines:
                self._lines.pop()

    def row(self, partial: str) -> str | None:
        """Return the line that has only begun, if it is a row of the table that is open."""
        if self.table is None or not partial or held(partial) or not self.table.takes(partial):
            return None
        return partial

    def rest(self, partial: str) -> list[Piece]:
        """Return the pieces of what is not finished, with the line that has only begun."""
        last = None
        if self._nested is not None and partial:
            kind, code = self._nested.split(partial)
            if self._nested.is_undecided(partial):
                partial = ""
            elif kind is Kind.CODE:
                last, partial = code, ""
        inside = not self._lines and self._flow in (" ", "")
        is_shown = bool(partial) and (inside or not held(partial)) and self.row(partial) is None
        lines = [*self._lines, partial] if is_shown else self._lines
        self.ended = not is_shown and bool(lines) and not lines[-1].strip(" \t")
        while lines and not lines[-1].strip(" \t"):
            lines = lines[:-1]
        if not lines:
            return []
        if all(map(PLAIN.match, lines[self._flow in (" ", "") :])):
            return [self._paragraph(lines, begun=False)]
        if lines is not self._lines or self._latest is None:
            return [cut.piece for cut in self._cuts(lines, {}, 0, last)]
        return self._with_last(self._latest, last)

    def _with_last(self, pieces: list[Piece], last: str | None) -> list[Piece]:
        """Return the latest pieces with the code that has arrived since."""
        nested = self._nested
        if nested is None:
            return pieces
        holes = tuple(
            nested.hole(nested.line - hole.line, nested.line + 1, last)
            if hole.buffer is nested.buffer
            else hole
            for hole in pieces[-1].holes
        )
        return [*pieces[:-1], pieces[-1]._replace(holes=holes)]

    def _paragraph(self, lines: list[str], *, begun: bool = True) -> Piece:
        """Return a paragraph, or a stretch of one."""
        flow = self._flow
        join = flow if flow in (" ", "") else None
        piece = Piece("\n".join(lines), flow is None and not self._first, plain=True, join=join)
        if begun:
            self._begun()
        return piece

    def _rows(self, position: int) -> Generator[TableBuffer, None, int]:
        table = self.table
        assert table is not None
        for index in range(position, len(self._lines)):
            if not table.takes(self._lines[index]):
                self.table, self._again = None, True
                yield table
                return index
            table.lines.append(self._lines[index])
        return len(self._lines)

    def _swallow(self) -> None:
        """Take the lines that are code out of those that wait."""
        nested, lines = self._nested, self._lines
        if nested is None:
            return
        start = index = nested.line + 1
        kind = Kind.CODE
        while index < len(lines) and (kind := nested.take(lines[index])) is Kind.CODE:
            index += 1
        del lines[start:index]
        if kind is Kind.CODE:
            return
        self._nested = None
        if kind is Kind.UNKNOWN:
            self._solid = True
            lines[start:start] = nested.raw
            return
        if kind is Kind.OUTSIDE and nested.raw and not nested.raw[-1].strip(" \t>"):
            # What follows is drawn apart if there is an empty line above it.
            lines.insert(start, nested.raw[-1])
            nested.echoed = True
        self._holes.append(nested)

    def _code(self, position: int) -> Generator[tuple[Fence, str], None, int]:
        fence = self.fence
        assert fence is not None
        lines = self._lines
        for index in range(position, len(lines)):
            if fence.closes(lines[index]):
                self.fence = None
                yield fence, lines[index]
                return index + 1
            fence.buffer.lines.append(fence.code(lines[index]))
        return len(lines)

    def _next(self, position: int, final: bool, whole: bool) -> Generator[Piece, None, int]:
        """Yield what is certain of the pieces that begin at `position`; return where the others begin."""
        lines = self._lines
        if not lines[position].strip(" \t"):
            self._flow = None
            return position + 1
        opening = FENCE.fullmatch(lines[position])
        if opening:
            self.fence = Fence(opening, not self._first)
            self._begun()
            return position + 1
        if _HEADING.fullmatch(lines[position]):
            piece = Piece(lines[position], not self._first)
            self._begun()
            yield piece
            return position + 1
        return (yield from self._text(position, final, whole))

    def _text(self, position: int, final: bool, whole: bool) -> Generator[Piece, None, int]:
        """Yield a paragraph, if nothing else can begin at `position`, or a stretch of one."""
        lines = self._lines
        inside = self._flow in (" ", "")
        end = position
        if inside or (
            len(lines[position]) > stretch.Limits.in_line // 4 and stretch.opens_paragraph(lines[position])
        ):
            end += 1
        while end < len(lines) and PLAIN.match(lines[end]):
            end += 1
        cut = self._divided(position, end)
        if cut is not None:
            piece, after = cut
            yield piece
            return after
        is_whole = end == len(lines) or not lines[end].strip(" \t")
        if end > position and (is_whole or inside):
            if end == len(lines) and not final:
                return position
            yield self._paragraph(lines[position:end])
            return end
        return (yield from self._region(position, final, whole))

    def _divided(self, position: int, end: int) -> tuple[Piece, int] | None:
        """Return the first stretch of a long paragraph, and with which line the next begins."""
        lines = self._lines
        found = stretch.line_break(lines, position, end)
        for index in range(position, end if found is None else found):
            cut = stretch.space(lines[position:index], lines[index])
            if cut is not None:
                at, join = cut
                piece = self._paragraph([*lines[position:index], lines[index][:at]])
                lines[index] = lines[index][at + len(join) :]
                self._flow, self._again = join, True
                return piece, index
        if found is None:
            return None
        piece = self._paragraph(lines[position:found])
        self._flow = "\n"
        return piece, found

    def _begun(self) -> None:
        self._first = False
        self._going_on = None
        self._flow = None
        self._solid = False

    def _region(self, position: int, final: bool, whole: bool) -> Generator[Piece, None, int]:
        lines = self._lines
        size = max(_REGION, len(lines) if whole else 0)
        while True:
            env: Env = {}
            region = lines[position : position + size]
            cuts = self._cuts(region, env, position)
            complete = position + size >= len(lines)
            if cuts and self._emptied(cuts[-1], region, position):
                continue
            if len(cuts) > 1 or complete or (cuts and _is_enough(cuts[0], region)):
                break
            if not cuts and _definitions(env):
                break
            size *= 4
        if self._references.learn(env):
            self.learnt = True
        if cuts and not cuts[0].start and (found := _break_in(cuts[0], region)) is not None:
            yield self._stretch(cuts[0], region, found)
            return position + found
        sure, end = self._certain(cuts, region, env, complete and final)
        for cut in cuts[:sure]:
            self._begun()
            yield cut.piece
        if sure < len(cuts):
            return self._open(cuts[sure:], position, position + end, complete)
        return position + end

    def _stretch(self, cut: Cut, region: list[str], end: int) -> Piece:
        """Return the first stretch of a long paragraph."""
        piece = cut.piece._replace(source="\n".join(region[cut.start : end]))
        self._begun()
        self._flow = "\n"
        return piece

    def _open(self, cuts: list[Cut], position: int, end: int, complete: bool) -> int:
        """Remember what is open; return with which line it begins."""
        first = cuts[0]
        if first.kind == "table":
            self.table = TableBuffer(self._lines[end : end + 2], first.piece.gap, self._references)
            self._begun()
            return end + 2
        self._waiting = first.kind
        if first.same_list:
            self._going_on = first.piece
        if complete and end == position + first.start:
            self._latest = [cut.piece for cut in cuts]
        return end

    def _emptied(self, cut: Cut, region: list[str], position: int) -> bool:
        """Take the code that goes on to the end of the region out of the lines; tell if there is any."""
        if self._nested is not None or self._solid:
            return False
        nested = open_fence(cut.tokens, region)
        if nested is None or any(hole.line == nested.line + position for hole in self._holes):
            return False
        nested.line += position
        self._nested = nested
        del self._lines[nested.line + 1 : position + len(region)]
        self._swallow()
        return True

    def _certain(self, cuts: list[Cut], region: list[str], env: Env, final: bool) -> tuple[int, int]:
        """Return how many of `cuts` cannot change any more, and with which line the others begin."""
        for number, cut in enumerate(cuts):
            is_fence = cut.kind == "fence" and FENCE.fullmatch(region[cut.start])
            if is_fence or cut.kind == "table" or ((number or cut.start) and _is_long(cut, region)):
                return number, cut.start
        if final:
            return len(cuts), len(region)
        if not cuts:
            return 0, 0 if self._flow is not None else _definitions(env)
        start = cuts[-1].start
        if cuts[-1].kind == "paragraph":
            # what looks like a paragraph after a definition may turn out to be the definition's title
            while start and region[start - 1].lstrip(" ").startswith("["):
                start -= 1
        return len(cuts) - 1, start

    def _cuts(self, lines: list[str], env: Env, position: int, last: str | None = None) -> list[Cut]:
        """Return the pieces of `lines`, the first of which stands at `position`."""
        before = Before(self._first, self._flow is not None, self._going_on)
        cuts = cuts_of(lines, env, before)
        code = [*self._holes, *([self._nested] if self._nested is not None else [])]
        return [with_holes(cut, lines, position, code, last) for cut in cuts] if code else cuts


def _definitions(env: Env) -> int:
    """Return how many lines, of such as are nothing else, are definitions that are over: one more follows."""
    found = [*env.get("references", {}).values(), *env.get("duplicate_refs", ())]
    return max(
        (lines[0] for lines in (each.get("map") for each in found) if isinstance(lines, list)), default=0
    )


def _is_enough(cut: Cut, region: list[str]) -> bool:
    """Return whether something can be made of a piece that goes on to the end of the region."""
    return cut.kind == "table" or _break_in(cut, region) is not None


def _is_long(cut: Cut, region: list[str]) -> bool:
    """Return whether a piece may have to be divided."""
    if cut.kind not in ("paragraph", "heading"):
        return False
    limit = stretch.Limits.in_line // 4
    return any(len(line) > limit for line in region[cut.start : cut.stop]) or (
        _break_in(cut, region) is not None
    )


def _break_in(cut: Cut, region: list[str]) -> int | None:
    """Return where a long paragraph is divided first."""
    # What begins like a definition may become one.
    if cut.kind not in ("paragraph", "heading") or "]:" in region[cut.start][:_LOOKED_AT]:
        return None
    return stretch.line_break(region, cut.start, cut.stop)
