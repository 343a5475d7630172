"""What the next request holds, and what can be done where it does not fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.domain.context import ContextPlan
from tui.domain.conversation import ContextPolicy
from tui.domain.text import sanitize, sanitize_line
from tui.widgets.model_words import size_words


class Remedy(StrEnum):
    """What can be done about a request that is too long."""

    WINDOW = "window"
    SUMMARISE = "summarise"
    SUMMARY = "summary"
    PARTS = "parts"
    TURNS = "turns"
    IMAGES = "images"
    BRANCH = "branch"
    SETTINGS = "settings"
    SEND = "send"


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose."""

    remedy: Remedy
    words: str
    about: str = ""


class ContextScreen(ModalScreen[Remedy | None]):
    """Words about a plan and what can be done; dismissed with what was chosen, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f10", "leave", "Close", show=False),
    ]

    DEFAULT_CSS = """
    ContextScreen {
        align: center middle;
        background: $background 50%;
        #panel {
            width: 76;
            max-width: 96%;
            height: auto;
            max-height: 94%;
            padding: 1 2;
            background: $surface;
            border: round $border;
            border-subtitle-color: $text-muted;
            border-subtitle-background: $surface;
        }
        &.-question #panel { border: round $warning; }
        #heading { height: auto; text-style: bold; color: $text; }
        #body-scroll { height: auto; max-height: 50vh; margin: 1 0; }
        #body { height: auto; color: $text; }
        OptionList {
            height: auto;
            max-height: 40vh;
            border: none;
            padding: 0;
            background: $surface;
            &:focus { border: none; background-tint: transparent 0%; }
            & > .option-list--option-highlighted {
                color: $block-cursor-foreground;
                background: $block-cursor-background;
            }
        }
    }
    """

    options = query_one(OptionList)

    def __init__(self, heading: str, body: str, choices: Sequence[Choice], *, question: bool = False) -> None:
        """Make the dialog.

        Args:
            heading: The matter in one line.
            body: More about it.
            choices: What can be done.
            question: Something waits for the answer.
        """
        super().__init__()
        self._heading, self._body, self._choices = heading, body, tuple(choices)
        self._question = question
        self.set_class(question, "-question")

    def compose(self) -> ComposeResult:
        """Compose the words and the list."""
        with Vertical(id="panel") as panel:
            closes = "Esc keeps your message unsent" if self._question else "Esc closes"
            panel.border_subtitle = f"Enter chooses · {closes}" if self._choices else closes
            yield Static(Content(sanitize_line(self._heading)), id="heading")
            with VerticalScroll(id="body-scroll", can_focus=not self._choices):
                yield Static(Content(sanitize(self._body)), id="body")
            yield OptionList(*(Option(_row(choice)) for choice in self._choices), markup=False)

    def on_mount(self) -> None:
        """Begin in the list."""
        self.options.display = bool(self._choices)
        if self._choices:
            self.options.highlighted = 0
            self.options.focus()

    def action_leave(self) -> None:
        """Do nothing."""
        self.dismiss(None)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._choices[event.option_index].remedy)


def _row(choice: Choice) -> Content:
    row = Content(sanitize_line(choice.words, 90))
    return (
        row + Content.styled(f"\n  {sanitize_line(choice.about, 140)}", "$text-muted")
        if choice.about
        else row
    )


def larger_window(plan: ContextPlan) -> int | None:
    """Return the next larger window that would hold what must be sent; None where the model has none."""
    now, most = plan.window.tokens, plan.window.maximum
    wanted = now * 2
    while wanted < now + plan.missing:
        wanted *= 2
    if most is not None:
        wanted = min(wanted, most)
    return wanted if wanted > now and wanted >= now + plan.missing else None


def window_choice(plan: ContextPlan, cost: int | None) -> Choice | None:
    """Return the choice of a larger window.

    Args:
        plan: What is planned now.
        cost: How many bytes more it takes, at most; None where that is not known.
    """
    wanted = larger_window(plan)
    if wanted is None:
        return None
    memory = f"up to {size_words(cost)} more memory; " if cost else "more memory; "
    return Choice(
        Remedy.WINDOW,
        f"A context window of {wanted:,} tokens",
        f"Now {plan.window.tokens:,}. Takes {memory}the model is loaded anew.",
    )


def _branch_choice(plan: ContextPlan) -> Choice:
    if plan.fits:
        about = "With settings, pins and the latest messages that fit; this one stays."
        return Choice(Remedy.BRANCH, "Branch into a new conversation", about)
    about = "With the same model and settings; this conversation stays as it is."
    return Choice(Remedy.BRANCH, "Ask it alone in a new conversation", about)


def question_choices(
    plan: ContextPlan,
    policy: ContextPolicy,
    *,
    cost: int | None = None,
    attached: int = 0,
    divisible: bool = False,
    texts: int = 0,
    begun: bool = True,
    editing: bool = False,
) -> list[Choice]:
    """Return what can be done before something is sent that does not fit, or leaves something out.

    Args:
        plan: What would be sent.
        policy: What leaves first in this conversation.
        cost: How many bytes more a larger window takes, at most; None where that is not known.
        attached: How many images go with the message.
        divisible: A text in it is so long that its parts may fit.
        texts: How many texts go with the message.
        begun: The conversation has messages.
        editing: What is sent is an edit, or an answer asked for again.
    """
    choices: list[Choice] = []
    if (window := window_choice(plan, cost)) is not None:
        choices.append(window)
    if plan.fits and plan.left_out and policy is not ContextPolicy.SUMMARISE and begun:
        choices.append(
            Choice(
                Remedy.SUMMARISE,
                "Summarise older messages",
                "The model condenses what leaves into a note, now and from now on; it takes a moment.",
            )
        )
    if not plan.fits and not editing:
        if divisible:
            about = "Nothing is sent yet: keep those you need, or send one by one."
            choices.append(Choice(Remedy.PARTS, "Attach it as parts, each of which fits", about))
        elif texts > 1:
            # Each of them fits by itself.
            about = "Each goes with your words and is answered; the others wait."
            choices.append(Choice(Remedy.TURNS, f"Send the {texts} texts one after the other", about))
    if attached:
        words = "image" if attached == 1 else f"{attached} images"
        choices.append(Choice(Remedy.IMAGES, f"Send without the attached {words}"))
    if begun and not editing and (plan.fits or len(plan.sent) > 1):
        # What is too long by itself is so anywhere.
        choices.append(_branch_choice(plan))
    choices.append(Choice(Remedy.SETTINGS, "Change the settings of this conversation"))
    if plan.fits:
        choices.append(Choice(Remedy.SEND, "Send it, and leave those out"))
    else:
        about = "The server may refuse it, or answer something that it has read only in part."
        choices.append(Choice(Remedy.SEND, "Send it anyway", about))
    return choices
