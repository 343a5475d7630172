"""Search everything: what was ever said, and the way to it."""

import re
import time
from asyncio import sleep
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.commands.bindings import bindings_for
from tui.commands.command import Scope
from tui.domain.conversation import Conversation, ConversationId, MessageId, Role, SearchHit
from tui.domain.errors import TuiError
from tui.domain.text import sanitize_line
from tui.screens.picking import PICKING_CSS, PickingScreen
from tui.screens.work import begin_work
from tui.services.conversations import FoundEverywhere
from tui.widgets.filter_input import FilterInput

_DELAY: Final = 0.06
"""Seconds without a key before a search begins: fast typing makes one search, not many."""

_HELP: Final = (
    "Words in titles and messages of all branches. Filters: model: role: tag: after:2026-10-01 before:"
)
_BEFORE: Final = 30
"""Characters before the first match that are shown."""
_NOTHING: Final = "Nothing found. Fewer or shorter words find more; Esc closes."
_NAMES: Final = {Role.USER: "You", Role.ASSISTANT: "Model", Role.SYSTEM: "System", Role.TOOL: "Tool"}

Search = Callable[[str], AsyncGenerator[FoundEverywhere, None]]
"""Looks for words and filters, and yields what was found so far."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is to be shown."""

    conversation_id: ConversationId
    message_id: MessageId | None
    """The very message; None for the conversation as it was left."""


class SearchScreen(PickingScreen[Found]):
    """An input and what is found; dismissed with what was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.SEARCH)]

    DEFAULT_CSS = PICKING_CSS.format(name="SearchScreen")

    input = getters.query_one(Input)

    def __init__(self, search: Search, text: str = "") -> None:
        """Make the dialog.

        Args:
            search: What looks.
            text: What is searched for at first.
        """
        super().__init__()
        self._search = search
        self._text = text
        self._found: list[Found] = []

    def compose(self) -> ComposeResult:
        """Compose input, words and list."""
        with Vertical(id="panel"):
            yield FilterInput(self._text, placeholder="search everything", select_on_focus=False)
            yield Static(Content(_HELP), id="notice")
            results = OptionList(id="results")
            results.can_focus = False
            yield results

    def on_mount(self) -> None:
        """Begin in the input."""
        self.input.focus()
        self.options.display = False

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        begin_work(self, self._look(event.value), "search", exclusive=True)

    async def _look(self, text: str) -> None:
        if not text.strip():
            self._show(FoundEverywhere((), (), done=True), _HELP)
            return
        await sleep(_DELAY)
        try:
            nothing_yet = True
            async with aclosing(self._search(text)) as results:
                async for found in results:
                    nothing_yet = False
                    self._show(found, _NOTHING if found.done else "Looking inside words…")
            if nothing_yet:
                self._show(FoundEverywhere((), (), done=True), _HELP)
        except TuiError as error:
            self._show(FoundEverywhere((), (), done=True), error.message)

    def _show(self, found: FoundEverywhere, notice: str) -> None:
        at = self.options.highlighted if self._found else None
        chosen = self._found[at] if at is not None and at < len(self._found) else None
        self._found = [Found(each.id, None) for each in found.titles]
        self._found += [Found(hit.conversation_id, hit.message_id) for hit in found.hits]
        self.options.clear_options()
        self.options.add_options([Option(title_row(each)) for each in found.titles])
        self.options.add_options([Option(hit_row(hit)) for hit in found.hits])
        self.options.display = bool(self._found)
        if self._found:
            self.options.highlighted = self._found.index(chosen) if chosen in self._found and at else 0
        label = self.query_one("#notice", Static)
        label.display = not self._found
        label.update(Content(sanitize_line(notice)))
        number = len(found.hits)
        count = f"{number} message{'' if number == 1 else 's'}" if self._found else ""
        self.query_one("#panel").border_subtitle = count

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._choose(self.options.highlighted)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._choose(event.option_index)

    def _choose(self, index: int | None) -> None:
        if index is not None and index < len(self._found):
            self.dismiss(self._found[index])


def day_of(seconds: float) -> str:
    """Return a day for people, the time as well if it is today."""
    try:
        moment = time.localtime(seconds)
    except (OverflowError, ValueError, OSError):
        return ""
    today = time.strftime("%Y-%m-%d")
    day = time.strftime("%Y-%m-%d", moment)
    return time.strftime("%H:%M", moment) if day == today else day


def title_row(conversation: Conversation) -> Content:
    """Return how a conversation is listed whose title was found."""
    return _head("Title", conversation.updated_at, conversation.title)


def hit_row(hit: SearchHit) -> Content:
    """Return how a message is listed that was found: who, when, where, and the words around the match."""
    head = _head(_NAMES[hit.role], hit.created_at, hit.conversation_title)
    return head + Content("\n  ") + marked(near(hit.snippet))


def _head(kind: str, at: float, title: str) -> Content:
    # Columns of one width stand first, so that a long title is what is cut.
    columns = Content.styled(f"{kind:<6} {day_of(at):>10}  ", "$text-muted")
    return columns + Content.styled(sanitize_line(title, 200), "bold")


def near(snippet: str) -> str:
    """Return a snippet with its first match so far in front that it is seen on a narrow screen."""
    at = snippet.find("\x02")
    return f"…{snippet[at - _BEFORE :]}" if at > _BEFORE else snippet


def marked(snippet: str) -> Content:
    """Return a snippet on one line, with what matched highlighted."""
    line = Content("")
    for part in re.split("(\x02[^\x03]*\x03?)", snippet):
        is_match = part.startswith("\x02")
        words = part.strip("\x02\x03")
        text = sanitize_line(words)
        # Folding takes the spaces at the ends, which stand between the parts.
        text = (" " if words[:1].isspace() else "") + text + (" " if words[-1:].isspace() and text else "")
        line += Content.styled(text, "$text-accent bold") if is_match else Content.styled(text, "$text-muted")
    return line
