"""Commands as Textual bindings."""

from textual.binding import Binding

from tui.commands.registry import Scope, commands_of


def bindings_for(scope: Scope) -> list[Binding]:
    """Return the bindings of the class that owns `scope`'s actions."""
    return [
        Binding(
            command.keys,
            command.action,
            command.title,
            show=command.footer,
            id=command.id,
            tooltip=command.help,
            priority=command.priority,
            system=False,
            group=None,
        )
        for command in commands_of(scope)
        if command.keys
    ]
