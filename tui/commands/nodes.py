"""Where on a screen the commands of the table live, and the keys they have there."""

from collections.abc import Iterator

from textual.binding import Binding
from textual.dom import DOMNode
from textual.widget import Widget

from tui.commands.command import Scope
from tui.commands.key_names import key_name
from tui.commands.registry import COMMANDS, commands_of


def scope_node(screen: Widget, scope: Scope) -> DOMNode | None:
    """Return the node of `screen` (or its app) that carries out the commands of `scope`, or None."""
    ids = {command.id for command in commands_of(scope) if command.keys}
    return next((node for node in _nodes(screen) if ids & _own_ids(node)), None)


def _nodes(screen: Widget) -> Iterator[DOMNode]:
    yield screen.app
    yield screen
    yield from screen.walk_children()


def _own_ids(node: DOMNode) -> set[str]:
    return {binding.id for binding in type(node).BINDINGS if isinstance(binding, Binding) and binding.id}


def live_keys(screen: Widget) -> dict[str, str]:
    """Return the first key of every command that has one, for people, as it is bound now.

    A key that is bound anew in the settings shows, also for parts of the screen without the focus.
    """
    keymap = screen.app._keymap
    found: dict[str, str] = {}
    for command in COMMANDS:
        keys = keymap.get(command.id, command.keys)
        if keys:
            found[command.id] = key_name(keys.split(",")[0])
    return found
