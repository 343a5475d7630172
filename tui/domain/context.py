"""The context window of a model, and what of a conversation the next request holds."""

from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tui.domain.conversation import MessageId, Summary
from tui.domain.estimate import NOTHING, OWN_SYSTEM, Features, added, message_features
from tui.domain.generation import Options

SERVER_DEFAULT: Final = 4096
"""Tokens of a window that nobody has said anything about."""

_ANSWER_SHARE: Final = 4
_ANSWER_MOST: Final = 2048
"""The room that is kept for an answer of unknown length: a part of the window, and so many tokens at most."""

SUMMARY_LABEL: Final = "Summary of the earlier conversation, which is no longer quoted:"
"""What a summary is introduced with; it follows the system prompt."""


TOO_LONG_HINT: Final = "Give the conversation a larger context window with Ctrl+T, or shorten what is sent."
WOULD_LEAVE_HINT: Final = (
    "This conversation asks before anything is left out. Raise num_ctx or change that with Ctrl+T."
)


class WindowSource(StrEnum):
    """Where the size of a context window is known from, in words that people see."""

    LOADED = "the loaded model"
    CONVERSATION = "this conversation"
    MODEL = "the model's default"
    ASSUMED = "assumed until the model is loaded"


@dataclass(frozen=True, slots=True)
class Window:
    """The context window of the next request."""

    tokens: int
    source: WindowSource
    maximum: int | None = None
    """The longest window that the model was made for; None where that is not known."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the next request is made of, in estimated tokens."""

    system: int
    """The system prompt, and what the model's template adds."""
    history: int
    """The words of earlier messages that are sent, and the summary of those that are not."""
    images: int
    """All images that are sent."""
    draft: int
    """The words of the message that is being written, or sent."""
    answer: int
    """Room that is kept for the answer."""
    margin: int = 0
    """Room that is kept because the rest is an estimate."""


@dataclass(frozen=True, slots=True)
class ContextPlan:
    """What of a conversation the next request holds, and what not."""

    window: Window
    parts: Parts
    estimate: int
    """Tokens of the request, estimated."""
    sent: tuple[MessageId, ...]
    """The messages that are sent, in order."""
    left_out: tuple[MessageId, ...] = ()
    """The messages that are not sent, in order; a summary may stand in for them."""
    images_left_out: tuple[MessageId, ...] = ()
    """Messages whose words are sent without their images."""
    first_sent: MessageId | None = None
    """Where what is sent begins: everything from this message on is, and of what is before only what is
    pinned. None when no message before the draft is sent."""
    summary: Summary | None = None
    """What is sent in place of the oldest messages that are left out."""
    fits: bool = True
    """False when what must be sent is longer than the window."""
    calibrated: bool = False
    """The estimate has learned from answers of this model."""

    @property
    def trims(self) -> bool:
        """Whether anything of the conversation is not sent as it is."""
        return bool(self.left_out or self.images_left_out)

    @property
    def used(self) -> float:
        """How full the window is, from 0 to 1 and above: the request alone, without room for the answer."""
        return self.estimate / max(self.window.tokens, 1)

    @property
    def missing(self) -> int:
        """How many tokens the window is too small by; 0 when everything fits."""
        if self.fits:
            return 0
        return max(1, self.estimate + self.parts.margin + self.parts.answer - self.window.tokens)


def window_in_force(
    options: Options,
    *,
    loaded: int | None = None,
    default: int | None = None,
    maximum: int | None = None,
) -> Window:
    """Return the window that the next request will have.

    Args:
        options: The parameters of the conversation: its `num_ctx` is in force once it is asked for, and a
            model that is loaded with another one is loaded anew.
        loaded: The window of the loaded model, if a request without `num_ctx` leaves it as it is.
        default: The `num_ctx` that the model brings along.
        maximum: The longest window that the model was made for; servers clamp to it without a word.
    """
    most = maximum if maximum is not None and maximum > 0 else None

    def clamped(tokens: int) -> int:
        return tokens if most is None else min(tokens, most)

    asked = options.num_ctx
    if asked is not None and asked > 0:
        source = WindowSource.LOADED if loaded == clamped(asked) else WindowSource.CONVERSATION
        return Window(clamped(asked), source, most)
    if loaded is not None and loaded > 0:
        return Window(loaded, WindowSource.LOADED, most)
    if default is not None and default > 0:
        return Window(clamped(default), WindowSource.MODEL, most)
    return Window(clamped(SERVER_DEFAULT), WindowSource.ASSUMED, most)


@dataclass(frozen=True, slots=True)
class ModelDefaults:
    """The parameters of a model's own that matter to its window; None where it has none."""

    num_ctx: int | None = None
    num_predict: int | None = None


def model_defaults(parameters: str) -> ModelDefaults:
    """Return what the parameters of a model, one a line as `/api/show` gives them, say of its window."""
    found: dict[str, int] = {}
    for line in parameters.splitlines():
        name, _, value = line.strip().partition(" ")
        if name in ("num_ctx", "num_predict"):
            with suppress(ValueError):
                found[name] = int(value)
    return ModelDefaults(
        *(found.get(name) if found.get(name, 0) > 0 else None for name in ("num_ctx", "num_predict"))
    )


def answer_room(window: int, num_predict: int | None) -> int:
    """Return how many tokens of a window are kept for the answer."""
    if num_predict is not None and num_predict > 0:
        return min(num_predict, window // 2)
    return min(window // _ANSWER_SHARE, _ANSWER_MOST)


def system_features(system: str) -> Features:
    """Return what is counted of a system prompt; nothing for none."""
    return added((OWN_SYSTEM, message_features(system))) if system.strip() else NOTHING


def told_system(system: str, summary: Summary | None) -> str:
    """Return the system prompt as it is sent: a summary, for which no template has a place, follows it."""
    parts = [system.strip()] if system.strip() else []
    if summary is not None:
        parts.append(f"{SUMMARY_LABEL}\n{summary.content.strip()}")
    return "\n\n".join(parts)


def too_long(plan: ContextPlan) -> str:
    """Return what is too long in a plan that does not fit, for people."""
    window, parts = plan.window.tokens, plan.parts
    what = "What always stays (system prompt, pinned messages, your message)"
    if parts.system >= max(parts.history, parts.images, parts.draft):
        what = "The system prompt alone" if parts.system > window else "The system prompt with your message"
    elif parts.draft > window or (plan.left_out == () and not parts.system > window // 2):
        what = "The message"
    return f"{what} takes about {plan.estimate:,} tokens; the context window has {window:,}."


def would_leave(plan: ContextPlan) -> str:
    """Return what a plan leaves out, for people."""
    messages, images = len(plan.left_out), len(plan.images_left_out)
    parts = [f"{messages} message{'' if messages == 1 else 's'}"] if messages else []
    parts += [f"the images of {images} message{'' if images == 1 else 's'}"] if images else []
    return f"The context window is full: {' and '.join(parts)} would no longer be sent."
