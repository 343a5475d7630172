"""The command palette's commands: the table, as far as it works on the screen."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from textual.actions import parse
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode

from tui.commands.command import Command
from tui.commands.nodes import live_keys, scope_node
from tui.commands.registry import COMMANDS

PALETTE_CSS = """
CommandPalette { background: $background 50%; }
CommandPalette #--container { width: 84; max-width: 96%; margin-top: 2; background: transparent; }
CommandPalette #--input { border: none; background: $panel; padding: 0; }
CommandPalette SearchIcon { display: none; }
CommandPalette CommandInput, CommandPalette CommandInput:focus { border: none; height: 1; padding: 0 2; }
CommandPalette CommandList, CommandPalette CommandList:focus {
    border: none;
    background: $surface;
    padding: 1 1;
}
CommandPalette > .command-palette--help-text { color: $text-muted; text-style: not bold; }
"""
"""Makes Textual's palette look like our other lists; for the style sheet of the application."""

_LEAST: Final = 0.1
"""The score of a command that is found by neither its title nor its help as it is written."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A command that can be run now."""

    command: Command
    node: DOMNode
    """What carries it out."""
    key: str
    """Its key for people; empty for none."""


class CommandProvider(Provider):
    """Offers every command of the table that can be run on the screen, with its key."""

    def offers(self) -> Iterator[Offer]:
        """Yield what can be run now."""
        keys = live_keys(self.screen)
        nodes = {scope: scope_node(self.screen, scope) for scope in {each.scope for each in COMMANDS}}
        for command in COMMANDS:
            node = nodes[command.scope]
            if not command.palette or node is None:
                continue
            _, name, parameters = parse(command.action)
            if node.check_action(name, parameters):
                yield Offer(command, node, keys.get(command.id, ""))

    async def discover(self) -> Hits:
        """Yield everything, while nothing is typed."""
        for offer in self.offers():
            yield DiscoveryHit(
                _display(Content(offer.command.title), offer.key),
                partial(self.app.run_action, offer.command.action, offer.node),
                text=offer.command.title,
                help=offer.command.help,
            )

    async def search(self, query: str) -> Hits:
        """Yield what matches in its title, or less well in its help."""
        matcher = self.matcher(query)
        for offer in self.offers():
            score = matcher.match(offer.command.title)
            title = matcher.highlight(offer.command.title) if score else Content(offer.command.title)
            score = score or matcher.match(offer.command.help) / 2 or _known_by(query, offer.command)
            if score > 0:
                yield Hit(
                    score,
                    _display(title, offer.key),
                    partial(self.app.run_action, offer.command.action, offer.node),
                    text=offer.command.title,
                    help=offer.command.help,
                )


def _known_by(query: str, command: Command) -> float:
    """Return a low score if every word typed begins a word said of a command, in whatever order."""
    said = f"{command.title} {command.group} {command.help} {command.id}".casefold()
    words = said.replace(".", " ").replace("_", " ").split()
    typed = query.casefold().split()
    return _LEAST * all(any(word.startswith(each) for word in words) for each in typed)


def _display(title: Content, key: str) -> Content:
    return title + Content.styled(f"  {key}", "$text-muted") if key else title
