"""The part of the chat screen that knows what may be typed after `/` and `@`, and does it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from textual import on
from textual.actions import parse

from tui.commands.command import Command
from tui.commands.nodes import live_keys, scope_node
from tui.commands.slash import SLASH_COMMANDS
from tui.domain.errors import BadRequest
from tui.domain.listing import Listing
from tui.domain.model import find_model
from tui.domain.server import ModelChoice
from tui.domain.text import sanitize_line
from tui.domain.thinking import thinking_choices
from tui.screens.context_room import ContextRoom
from tui.screens.model_actions import ModelActions
from tui.screens.search import SearchScreen
from tui.screens.thinking_actions import THINKING_WORDS
from tui.screens.tree import TreeScreen
from tui.services.paths import list_folder
from tui.widgets.prompt import Prompt


class SlashActions(ModelActions, ContextRoom, TreeScreen):
    """Commands with what was typed after them: a model, words, a title."""

    takes_files = False
    """Whether a file can be attached."""

    def slash_commands(self) -> Sequence[tuple[Command, str]]:
        """Return the commands that can be run now, each with its key for people."""
        keys = live_keys(self)
        nodes = {scope: scope_node(self, scope) for scope in {each.scope for each in SLASH_COMMANDS}}
        found: list[tuple[Command, str]] = []
        for command in SLASH_COMMANDS:
            node = nodes[command.scope]
            _, name, parameters = parse(command.action)
            if node is not None and node.check_action(name, parameters):
                found.append((command, keys.get(command.id, "")))
        return found

    def slash_choices(self, command: Command) -> Sequence[str]:
        """Return what may follow a command; nothing where that is free."""
        if self.session is None:
            return ()
        models = self.session.services.models
        match command.id:
            case "model.choose":
                return [model.name for model in models.models if model.can_chat]
            case "model.think":
                model = find_model(self.session.model, models.installed)
                return ["unset", *thinking_choices(model)] if model is not None else ()
            case "conversation.presets":
                return self.preset_names()
        return ()

    async def paths(self, folder: str, typed: str) -> Listing:
        """Return what a folder has, for a name that begins as typed."""
        return await list_folder(folder, typed)

    @on(Prompt.CommandWanted)
    async def _command_wanted(self, event: Prompt.CommandWanted) -> None:
        command = event.command
        node = scope_node(self, command.scope)
        namespace, name, parameters = parse(command.action)
        if event.argument:
            parameters = (*parameters, event.argument)
        if node is not None:
            await self.app.run_action((namespace, name, parameters), node)

    def action_choose_model(self, name: str = "") -> None:
        """Open the model dropdown, or let the named model answer."""
        session = self.session
        if not name or session is None:
            super().action_choose_model()
            return
        found = find_model(name, session.services.models.models)
        if found is None:
            self.tell(
                BadRequest(
                    f"There is no model {sanitize_line(name, 60)} here.", "Ctrl+L shows what there is."
                )
            )
        else:
            self._model_picked(ModelChoice(found.name))

    def action_choose_thinking(self, how: str = "") -> None:
        """Choose how much the model thinks, or set it."""
        session = self.session
        if not how or session is None:
            super().action_choose_thinking()
            return
        offered = thinking_choices(find_model(session.model, session.services.models.installed))
        think = next((each for each in offered if each == how.casefold()), None)
        if think is None and how.casefold() != "unset":
            can = ", ".join(("unset", *offered))
            self.tell(BadRequest(f"The model does not think “{sanitize_line(how, 20)}”.", f"It can: {can}"))
            return
        self._start(session.use_think(think), "thinking")
        self.app.notify(f"Thinking: {THINKING_WORDS[think or '']}", markup=False, timeout=4)

    def action_system_prompt(self, text: str = "") -> None:
        """Open the settings, or set the system prompt."""
        session = self.session
        if not text or session is None:
            self.action_conversation_settings()
            return

        async def keep() -> None:
            if await session.setups.use(replace(session.setups.current, system=text)):
                self._say_done("set the system prompt of this conversation")

        self._start(self._tried(keep), "tree")

    def action_search(self, words: str = "") -> None:
        """Search everything, from the start for some words."""
        if not words or self.session is None:
            super().action_search()
        elif not isinstance(self.app.screen, SearchScreen):
            self.app.push_screen(SearchScreen(self.session.home.conversations.search, words), self._found)

    def action_rename(self, title: str = "") -> None:
        """Edit the title in its row, or set it."""
        session = self.session
        if not title or session is None or session.conversation is None:
            super().action_rename()
        else:
            rename = partial(session.home.collection.rename, session.conversation.id, title)
            self._start(self._offered(rename), "tree")
