"""What stands around a message: who, when, figures, branches, how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.domain.conversation import Attachment, Message, MessageStatus, Role
from tui.domain.generation import Stats
from tui.domain.text import sanitize_line
from tui.rendering.line import Line, Palette

Ink = Literal["foreground", "muted", "primary", "secondary", "accent", "warning", "error", "success"]

_SPACE = 3

_UNDERLINED = frozenset({"retry", "continue", "edit", "delete"})
"""What is done with a click on its name."""

Meta = dict[str, str | int]
"""What a click on a piece of furniture does: `act` names it, `step` is for branches."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a furniture line."""

    text: str
    ink: Ink = "muted"
    bold: bool = False
    meta: Meta | None = None
    """What a click does; None for words that only say something."""

    def segment(self, palette: Palette) -> Segment:
        """Return the words in the palette's colour."""
        style = Style(
            color=getattr(palette, self.ink),
            bold=self.bold or None,
            underline=True if self.meta and self.meta.get("act") in _UNDERLINED else None,
        )
        return Segment(self.text, style + Style.from_meta(dict(self.meta)) if self.meta else style)


@dataclass(frozen=True, slots=True)
class Group:
    """Words that stand at the right as long as there is room."""

    importance: int
    """The least important goes first."""
    pieces: tuple[Piece, ...]

    @property
    def cells(self) -> int:
        """How wide it is."""
        return sum(cell_len(piece.text) for piece in self.pieces)


class FurnitureLine:
    """One line with words at the left and, as far as there is room, at the right."""

    source = ""

    def __init__(self, left: Sequence[Piece], right: Sequence[Group] = ()) -> None:
        """Make a line.

        Args:
            left: What is always there, cut at the edge.
            right: Groups of words at the right edge, from left to right.
        """
        self._left = left
        self._right = right
        self._drawn: tuple[tuple[int, Palette], Line] | None = None

    @property
    def text(self) -> str:
        """The words at the left."""
        return "".join(piece.text for piece in self._left)

    def height(self, width: int, wrap_code: bool = False) -> int:
        """Return 1."""
        return 1

    def estimate(self, width: int) -> int:
        """Return 1."""
        return 1

    def lines(self, start: int, stop: int, width: int, palette: Palette) -> Sequence[Line]:
        """Return the line, if it lies between `start` and `stop`."""
        if start > 0 or stop < 1:
            return []
        if self._drawn is None or self._drawn[0] != (width, palette):
            self._drawn = ((width, palette), self._draw(width, palette))
        return [self._drawn[1]]

    def _draw(self, width: int, palette: Palette) -> Line:
        left = [piece.segment(palette) for piece in self._left]
        used = sum(segment.cell_length for segment in left)
        if used > width:
            return _furniture(Strip(left, used).crop(0, width))
        groups = list(self._right)
        while groups and used + len(groups) * _SPACE + sum(group.cells for group in groups) > width:
            groups.remove(min(groups, key=lambda group: group.importance))
        room = width - used - sum(group.cells for group in groups) - max(0, len(groups) - 1) * _SPACE
        for position, group in enumerate(groups):
            left.append(Segment(" " * (_SPACE if position else room)))
            left.extend(piece.segment(palette) for piece in group.pieces)
        return _furniture(Strip(left))


def _furniture(strip: Strip) -> Line:
    # All gutter: it leaves nothing when it is copied.
    return Line(strip, strip.cell_length)


def seconds(value: float) -> str:
    """Return a duration in words: `2.1 s`, `1 min 5 s`."""
    if value < 59.95:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def when(created_at: float, now: float) -> str:
    """Return the time of a message: today's without the date, that of another year with the year."""
    try:
        then, today = datetime.fromtimestamp(created_at), datetime.fromtimestamp(now)
    except (OverflowError, ValueError, OSError):
        return ""
    if then.date() == today.date():
        return f"{then:%H:%M}"
    if then.year == today.year:
        return f"{then.day} {then:%b %H:%M}"
    return f"{then:%Y-%m-%d %H:%M}"


def speaker(message: Message) -> Piece:
    """Return who a message is from."""
    if message.role is Role.USER:
        return Piece("You", "primary", bold=True)
    if message.role is Role.ASSISTANT:
        return Piece(sanitize_line(message.model, 60) or "Assistant", "accent", bold=True)
    if message.role is Role.TOOL:
        return Piece(f"Tool {sanitize_line(message.tool_name, 60)}".rstrip(), "muted", bold=True)
    return Piece("System", "muted", bold=True)


def figures(stats: Stats) -> str:
    """Return the figures of an answer: speed, duration, length."""
    words = []
    if (speed := stats.tokens_per_second) is not None:
        words.append(f"{speed:.0f} tok/s" if speed >= 10 else f"{speed:.1f} tok/s")
    if stats.total_seconds is not None:
        words.append(seconds(stats.total_seconds))
    if stats.answer_tokens is not None:
        words.append(token_words(stats.answer_tokens))
    return " · ".join(words)


def token_words(count: int) -> str:
    """Return a number of tokens in words: `1 token`, `1,312 tokens`."""
    return f"{count:,} token{'' if count == 1 else 's'}"


def details(stats: Stats) -> str:
    """Return the figures that are told on request."""
    words = []
    if stats.prompt_tokens is not None:
        words.append(f"prompt {token_words(stats.prompt_tokens)}")
    for name, value in (
        ("first token after", stats.first_token_seconds),
        ("model loaded in", stats.load_seconds),
        ("prompt read in", stats.prompt_seconds),
    ):
        if value is not None:
            words.append(f"{name} {seconds(value)}")
    return " · ".join(words)


def header(message: Message, branch: tuple[int, int] | None, now: float, note: str = "") -> FurnitureLine:
    """Return the line above a message.

    Args:
        message: The message.
        branch: Which of how many branches it is, counted from 1.
        now: Seconds since the epoch.
        note: What the model is told of it, where that is not simply all; trusted text.
    """
    right: list[Group] = []
    if branch is not None and branch[1] > 1:
        place, count = branch
        marker = (
            Piece("‹", "secondary", bold=True, meta={"act": "branch", "step": -1}),
            Piece(f" {place}/{count} ", "secondary"),
            Piece("›", "secondary", bold=True, meta={"act": "branch", "step": 1}),
        )
        right.append(Group(3, marker))
    if text := figures(message.stats):
        right.append(Group(1, (Piece(text, meta={"act": "details"} if details(message.stats) else None),)))
    if time := when(message.created_at, now):
        right.append(Group(2, (Piece(time),)))
    left = [speaker(message)]
    if message.pinned:
        left.append(Piece(" ◆ pinned", "secondary"))
    if note:
        left.append(Piece(f" · {note}", "warning"))
    return FurnitureLine(left, right)


def queued_header() -> FurnitureLine:
    """Return the line above a message that waits its turn."""
    edit = Piece("Edit (e)", "secondary", meta={"act": "edit"})
    delete = Piece("Delete (d)", "secondary", meta={"act": "delete"})
    left = [Piece("You", "muted", bold=True), Piece(" · queued", "muted")]
    return FurnitureLine(left, [Group(1, (edit, Piece("   "), delete))])


def thinking_header(message: Message, *, unfolded: bool) -> FurnitureLine:
    """Return the line that folds and unfolds the thinking."""
    if message.status is MessageStatus.STREAMING and not message.content:
        text = "Thinking…"
    elif message.stats.thinking_seconds is not None:
        text = f"Thought for {seconds(message.stats.thinking_seconds)}"
    else:
        text = "Thought"
    return FurnitureLine([Piece(f"{'▾' if unfolded else '▸'} {text}", meta={"act": "fold"})])


def attachment(file: Attachment, number: int = 0) -> FurnitureLine:
    """Return a line for a file that went along with a message.

    Args:
        file: The file.
        number: Which attachment of its message it is, from 0.
    """
    name = Piece(sanitize_line(file.name, 200), "secondary", meta={"act": "open_image", "picture": number})
    return FurnitureLine([Piece("▪ "), name])


_STOP_REASONS = {
    "length": "cut at the length limit",
    "load": "the model was loaded",
    "unload": "the model was unloaded",
}


def ending(message: Message) -> list[FurnitureLine]:
    """Return how an answer ended, where it did not simply end, and what can be done about it."""
    retry = Piece("Retry (r)", "secondary", meta={"act": "retry"})
    go_on = Piece("Continue (C)", "secondary", meta={"act": "continue"})
    space = Piece("   ")
    if message.status is MessageStatus.FAILED:
        return [FurnitureLine([retry])]
    if message.status in (MessageStatus.STOPPED, MessageStatus.INTERRUPTED):
        mark = (
            Piece("■ stopped", "muted")
            if message.status is MessageStatus.STOPPED
            else Piece("▲ interrupted", "warning")
        )
        what_next = [*([go_on, space] if message.content else []), retry]
        if message.error:
            why = Piece(f" · {sanitize_line(message.error, 200)}", "muted")
            return [FurnitureLine([mark, why]), FurnitureLine(what_next)]
        return [FurnitureLine([mark, space, *what_next])]
    if message.stop_reason and message.stop_reason != "stop":
        reason = sanitize_line(message.stop_reason, 60)
        words = Piece(_STOP_REASONS.get(reason, f"ended: {reason}"), "warning")
        return [FurnitureLine([words, *([space, go_on] if reason == "length" and message.content else [])])]
    return []
