"""Plans of what is sent, in words and marks for people."""

from collections.abc import Sequence
from typing import Final

from tui.domain.context import ContextPlan, Parts, WindowSource
from tui.domain.conversation import Message, MessageId
from tui.domain.text import sanitize_line
from tui.domain.told_marks import NOTHING_MARKED, ToldMarks

IMAGES_LEFT: Final = "image not sent any more"
STILL_SENT: Final = "still sent"

_NAMED: Final = 5
"""Images that are named, at most."""

_SOURCES: Final = {
    WindowSource.LOADED: "the loaded model's",
    WindowSource.CONVERSATION: "this conversation's num_ctx",
    WindowSource.MODEL: "the model's default",
    WindowSource.ASSUMED: "assumed until the model is loaded",
}


def tokens(count: int) -> str:
    """Return a number of tokens in few letters: `812`, `5.9k`, `131k`."""
    if count < 1000:
        return str(count)
    thousands = count / 1000
    return f"{thousands:.1f}k" if thousands < 99.95 else f"{thousands:,.0f}k"


def parts_of(parts: Parts) -> list[tuple[str, int]]:
    """Return what a request is made of, for people, without what there is nothing of."""
    rows = [
        ("system prompt and template", parts.system),
        ("earlier messages", parts.history),
        ("images", parts.images),
        ("what you write", parts.draft),
        ("room for the answer", parts.answer),
        ("spare, as this is an estimate", parts.margin),
    ]
    return [(name, count) for name, count in rows if count]


def left_words(plan: ContextPlan) -> str:
    """Return what a plan leaves out, for people; empty for nothing."""
    words = []
    if count := len(plan.left_out):
        words.append(f"{count:,} older message{'' if count == 1 else 's'}")
    if count := len(plan.images_left_out):
        words.append(f"the images of {count:,} message{'' if count == 1 else 's'}")
    return " and ".join(words)


def what_leaves(plan: ContextPlan, shown: Sequence[Message]) -> str:
    """Return what a plan leaves out, in lines: how many messages, from which to which, and which images.

    Args:
        plan: The plan.
        shown: The messages that are known, the first first.
    """
    left, bare = frozenset(plan.left_out), frozenset(plan.images_left_out)
    lines = []
    if left:
        count = len(left)
        known = [message for message in shown if message.id in left]
        ends = [_quoted(known[0]), _quoted(known[-1])] if known else []
        span = f": from {ends[0]} to {ends[1]}" if count > 1 and ends else f": {ends[0]}" if ends else ""
        lines.append(f"Not sent: {count:,} older message{'' if count == 1 else 's'}{span}.")
    if bare:
        names = [file.name for message in shown if message.id in bare for file in message.attachments]
        words = ", ".join(sanitize_line(name, 40) for name in names[:_NAMED])
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        lines.append(
            f"Sent without its images: {words}{more}." if names else f"Not sent: {left_words(plan)}."
        )
    return "\n".join(lines)


def _quoted(message: Message) -> str:
    return f"“{sanitize_line(message.content, 30)}”"


def explained(plan: ContextPlan) -> str:
    """Return everything that there is to say of a plan, in lines."""
    window = plan.window
    lines = [
        f"The next request takes about {plan.estimate:,} of {window.tokens:,} tokens ({plan.used:.0%}).",
        "",
        *(f"{name:<30}{count:>9,}" for name, count in parts_of(plan.parts)),
        "",
        f"Window: {window.tokens:,} tokens, {_SOURCES[window.source]}.",
    ]
    if window.maximum is not None and window.maximum > window.tokens:
        lines.append(f"The model can have {window.maximum:,}.")
    how = "learned from this model's answers" if plan.calibrated else "not yet learned from this model"
    lines.append(f"These figures are an estimate, {how}.")
    if left := left_words(plan):
        instead = "; a summary is sent instead" if plan.summary is not None else ""
        lines += ["", f"Not sent: {left}{instead}."]
    return "\n".join(lines)


def marks_of(plan: ContextPlan | None, last: MessageId | None) -> ToldMarks:
    """Return where the transcript says what is sent.

    Args:
        plan: The plan of the request; None for one that is not known.
        last: The last message that is shown; None where there is none.
    """
    if plan is None or not plan.trims:
        return NOTHING_MARKED
    notes = dict.fromkeys(plan.images_left_out, IMAGES_LEFT)
    if not plan.left_out:
        return ToldMarks(notes=notes)
    for message in plan.sent:
        if message == plan.first_sent:
            break
        notes[message] = f"{STILL_SENT}, {IMAGES_LEFT}" if message in notes else STILL_SENT
    return ToldMarks(
        before=plan.first_sent,
        after=last if plan.first_sent is None else None,
        line=_line(plan),
        opens_summary=plan.summary is not None,
        notes=notes,
    )


def _line(plan: ContextPlan) -> str:
    full = f"context {plan.window.tokens:,} full"
    if plan.summary is not None:
        return f"earlier messages are summarised: {full} · read the summary"
    return f"earlier messages are no longer sent: {full}"
