"""The help screen: every key, the ones that work here first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import ClassVar, Self

from textual import events, getters, on
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, Static, TextArea

from tui.commands.bindings import bindings_for
from tui.commands.command import Group, Scope
from tui.commands.key_names import key_name
from tui.commands.keydocs import WHERE
from tui.commands.nodes import live_keys, scope_node
from tui.commands.registry import COMMANDS
from tui.widgets.filter_input import FilterInput
from tui.widgets.fit import fit

EDITING = "Editing text"
"""The heading of the input's own keys."""

_KEY_CELLS = 24
_ELSEWHERE = (Scope.PROMPT, Scope.COMPLETION, Scope.TRANSCRIPT, Scope.SIDEBAR)


@dataclass(frozen=True, slots=True)
class HelpEntry:
    """A key, or several, and what it does."""

    group: str
    keys: tuple[str, ...]
    """For people."""
    title: str
    help: str
    active: bool
    """It works where the focus is."""


def help_entries(screen: Screen[object]) -> tuple[HelpEntry, ...]:
    """Return the keys of `screen` as they are bound now, those that work where the focus is first."""
    active = screen.active_bindings
    keys_of: dict[str, list[str]] = {}
    for key, (_, binding, _, _) in active.items():
        if binding.id:
            keys_of.setdefault(binding.id, []).append(key_name(key))
    enabled = {each.binding.id for each in active.values() if each.enabled}
    here: list[HelpEntry] = []
    elsewhere: list[HelpEntry] = []
    names = live_keys(screen)
    for command in COMMANDS:
        words = (command.title, command.help)
        if command.id in keys_of:
            if command.id in enabled:
                here.append(HelpEntry(command.group, tuple(keys_of[command.id]), *words, active=True))
        elif command.scope in _ELSEWHERE and command.id in names and scope_node(screen, command.scope):
            group = WHERE[command.scope].capitalize()
            elsewhere.append(HelpEntry(group, (names[command.id],), *words, active=False))
    order = [group.value for group in Group]
    here.sort(key=lambda each: order.index(each.group))
    elsewhere.sort(key=lambda each: each.group)
    return (*here, *_editing(active), *elsewhere)


def _editing(active: dict[str, ActiveBinding]) -> Iterable[HelpEntry]:
    """Yield the keys of the input that are Textual's own."""
    keys_of: dict[str, list[str]] = {}
    for key, (node, binding, _, _) in active.items():
        if not binding.id and binding.action in _editing_actions(node) and "super" not in key:
            keys_of.setdefault(binding.description, []).append(key_name(key))
    for description, keys in keys_of.items():
        yield HelpEntry(EDITING, tuple(keys), description, "", True)


def _editing_actions(node: DOMNode) -> set[str]:
    """Return the actions that are about text, not about scrolling, if `node` edits text."""
    owner = next((kind for kind in (TextArea, Input) if isinstance(node, kind)), None)
    bindings = owner.BINDINGS if owner else []
    return {binding.action for binding in bindings if isinstance(binding, Binding)}


class HelpScreen(ModalScreen[None]):
    """Every key with what it does, and a filter over them."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.HELP)]

    DEFAULT_CSS = """
    HelpScreen {
        align: center middle;
        background: $background 50%;
        #panel {
            width: 88;
            max-width: 96%;
            height: 90%;
            padding: 0 1;
            background: $surface;
            border: round $border;
            border-title-color: $text;
            border-subtitle-color: $text-muted;
            border-title-background: $surface;
            border-subtitle-background: $surface;
        }
        Input {
            border: none;
            height: 1;
            padding: 0 1;
            background: $panel;
            margin: 0 0 1 0;
            &:focus { border: none; }
        }
        VerticalScroll { background: $surface; scrollbar-size-vertical: 1; padding: 0 1; }
        #keys { height: auto; color: $text; }
    }
    """

    scroll = getters.query_one(VerticalScroll)
    filter = getters.query_one(Input)

    def __init__(self, entries: Sequence[HelpEntry]) -> None:
        """Make the help of what `help_entries` found on the screen below."""
        super().__init__()
        self._entries = tuple(entries)

    @classmethod
    def for_screen(cls, screen: Screen[object]) -> Self:
        """Return the help of a screen as its focus is now."""
        return cls(help_entries(screen))

    def compose(self) -> ComposeResult:
        """Compose the filter and the keys."""
        with Vertical(id="panel") as panel:
            panel.border_title = "Keys"
            panel.border_subtitle = "Esc closes"
            yield FilterInput(placeholder="type to search")
            with VerticalScroll(can_focus=False):
                yield Static("", id="keys", markup=False)

    def on_mount(self) -> None:
        """Show every key."""
        self.filter.focus()

    def on_resize(self, event: events.Resize) -> None:
        """Fit the words to the new width."""
        self._show()

    @property
    def shown(self) -> tuple[HelpEntry, ...]:
        """The entries that match the filter: every word in keys, title, help or group."""
        words = self.filter.value.casefold().split()
        return tuple(
            entry
            for entry in self._entries
            if all(
                word in " ".join((*entry.keys, entry.title, entry.help, entry.group)).casefold()
                for word in words
            )
        )

    def action_scroll_help(self, step: int) -> None:
        """Scroll by a line."""
        self.scroll.scroll_relative(y=step, animate=False)

    def action_page_help(self, step: int) -> None:
        """Scroll by a page."""
        self.scroll.scroll_relative(y=step * max(1, self.scroll.size.height - 1), animate=False)

    def action_close(self) -> None:
        """Close the help."""
        self.dismiss(None)

    @on(Input.Changed)
    def _show(self) -> None:
        width = min(88, self.app.size.width * 96 // 100) - 7
        lines: list[Content] = []
        group = ""
        for entry in self.shown:
            if entry.group != group:
                lines += [Content("")] if lines else []
                lines.append(Content.styled(entry.group, "$text-primary bold"))
                group = entry.group
            style = "$text-accent" if entry.active else "$text-muted"
            lines += _entry_lines(entry, style, width - _KEY_CELLS)
        if not lines:
            lines = [Content.styled("No key matches.", "$text-muted")]
        self.query_one("#keys", Static).update(Content("\n").join(lines))


def _entry_lines(entry: HelpEntry, style: str, width: int) -> Iterable[Content]:
    """Yield the lines of one entry: its keys, and the words wrapped beside them."""
    words = Content(entry.help or entry.title).wrap(max(10, width))
    for keys, line in zip_longest(_key_lines(entry.keys), words):
        yield Content.styled(fit(keys or "", _KEY_CELLS), style) + (line or Content(""))


def _key_lines(keys: Sequence[str]) -> list[str]:
    """Return the keys in as many lines as they need, none of them cut."""
    lines = [keys[0]]
    for key in keys[1:]:
        longer = f"{lines[-1]}, {key}"
        if len(longer) < _KEY_CELLS:
            lines[-1] = longer
        else:
            lines.append(key)
    return lines
