"""The application: themes, keys, the event pump, and an orderly end."""

import asyncio
import signal
import sys
import time
import traceback
from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.binding import BindingType
from textual.command import Provider
from textual.css.query import NoMatches
from textual.theme import Theme

from tui import heap
from tui.cli import Invocation
from tui.commands.bindings import bindings_for
from tui.commands.palette import CommandProvider
from tui.commands.registry import COMMANDS, Scope
from tui.domain.conversation import ConversationId
from tui.domain.errors import StoreCorrupt, TuiError
from tui.domain.graphics import Graphics
from tui.domain.preset import Preset
from tui.domain.setup import Setup
from tui.domain.text import sanitize_line
from tui.driver import patient, quiet, take_pastes_whole
from tui.rendering.document import prepare
from tui.screens.chat import ChatScreen
from tui.screens.dialogs import ConfirmScreen, ErrorScreen
from tui.screens.frames import QuickApp
from tui.screens.help import HelpScreen
from tui.screens.leaving import quit_question
from tui.screens.model_messages import FolderUsed, ModelChosen, ServerChosen
from tui.services import Services, build, set_store_aside
from tui.services.events import Subscription
from tui.settings.schema import Settings
from tui.settings.state import load_remembered, save_remembered
from tui.terminal import Answered, cell_size
from tui.themes import CALM_DARK, THEMES

_SETTLED = 3.0
"""Seconds after which a start is over: everything is loaded and connected."""


class ChatApp(QuickApp):
    """Talks to a local language model."""

    TITLE = "ollama-tui"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.APP)]
    COMMANDS: ClassVar[set[type[Provider]]] = {CommandProvider}  # type: ignore[assignment]
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = ""
    ESCAPE_TO_MINIMIZE = False

    def __init__(
        self,
        settings: Settings,
        invocation: Invocation | None = None,
        terminal: Answered | None = None,
    ) -> None:
        """Make the app.

        Args:
            settings: The settings in force.
            invocation: What was asked for on the command line.
            terminal: What the terminal has told; None where it has not been asked.
        """
        terminal = terminal or Answered(Graphics())
        driver = self.get_driver_class()
        take_pastes_whole(driver)
        driver = quiet(driver)
        if terminal.typed or terminal.late:
            driver = patient(driver, terminal.typed, late=terminal.late)
        super().__init__(driver_class=driver)
        self.graphics = terminal.graphics
        """How pictures are drawn."""
        self.settings = settings
        self.invocation = invocation or Invocation()
        self.services: Services | None = None
        """None until the store is open."""
        self._remembered = load_remembered(settings.state_dir)
        for theme in THEMES:
            self.register_theme(theme)
        if not settings.interface.animation:
            self.animation_level = "none"

    def on_mount(self) -> None:
        """Show the chat screen at once, and begin to work behind it."""
        self.theme = self._wanted_theme()
        self.theme_changed_signal.subscribe(self, self._remember_theme)
        self._bind_keys()
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self.exit)
        self._chat = ChatScreen(
            sidebar=self._remembered.sidebar, unfold_thinking=self.settings.interface.thinking
        )
        self.push_screen(self._chat)
        self.call_after_refresh(self._begin)
        self.set_timer(_SETTLED, heap.settle)

    def on_resize(self) -> None:
        """Learn how many pixels a cell has now."""
        if self.is_headless or sys.__stderr__ is None:
            return
        size = cell_size(sys.__stderr__.fileno())
        if size is not None and min(size) > 1:
            self.graphics = replace(self.graphics, cell_width=size[0], cell_height=size[1])

    def _wanted_theme(self) -> str:
        for name in (self.settings.interface.theme, self._remembered.theme):
            if name in self.available_themes:
                return name
        return CALM_DARK.name

    def _bind_keys(self) -> None:
        known = {command.id for command in COMMANDS}
        self.set_keymap({name: keys for name, keys in self.settings.keys.items() if name in known})
        warnings = [*self.settings.warnings]
        warnings += [
            f"keys: there is no command “{name}”" for name in self.settings.keys if name not in known
        ]
        for warning in warnings:
            self.notify(sanitize_line(warning), severity="warning", markup=False)

    @work(name="begin", group="life", exit_on_error=True)
    async def _begin(self) -> None:
        """Open the store, look for a server, and open the conversation that was asked for."""
        prepared = asyncio.create_task(asyncio.to_thread(prepare), name="prepare rendering")
        try:
            services = await build(self.settings, server_name=self._remembered.server)
        except TuiError as error:
            self._show_store_error(error)
            return
        self.services = services
        self._pump(services.bus.subscribe())
        first = await self._first_conversation(services)
        preset = await self._first_preset(services)
        if first is None:
            services.server.start()
        else:
            await prepared
        await self._chat.attach(
            services,
            model=self.invocation.model or preset.model or self.settings.chat.model or self._remembered.model,
            setup=preset.setup,
            first=first,
            prompt=self.invocation.prompt,
            files=self.invocation.attach,
            folder=self._remembered.folder,
        )
        if first is not None:
            # Loading what speaks to a server takes longer than reading what is waited for.
            services.server.start()

    async def _first_conversation(self, services: Services) -> ConversationId | None:
        try:
            if self.invocation.resume:
                return await services.conversations.resolve(self.invocation.resume)
            if self.invocation.continue_latest:
                latest = await services.conversations.latest()
                return latest.id if latest else None
        except TuiError as error:
            self._chat.tell(error)
        return None

    async def _first_preset(self, services: Services) -> Preset:
        """Return what new conversations begin with."""
        typed, usual = self.invocation, self.settings.chat
        try:
            return await services.presets.beginning(
                typed.preset or usual.preset, usual=usual.system, system=typed.system
            )
        except TuiError as error:
            self._chat.tell(error)
            return Preset("", Setup(system=typed.system or usual.system))

    @work(name="event pump", group="life", exit_on_error=True)
    async def _pump(self, subscription: Subscription) -> None:
        async for event in subscription:
            try:
                self._chat.receive(event)
            except NoMatches:
                if self._chat.is_whole:
                    raise

    def _show_store_error(self, error: TuiError) -> None:
        def leave(_: object) -> None:
            self.exit(return_code=1)

        def decided(begin_anew: bool | None) -> None:
            if begin_anew:
                self._begin_anew()
            else:
                self.exit(return_code=1)

        heading = "Your conversations cannot be opened"
        if isinstance(error, StoreCorrupt):
            body = f"{error.message}\n\n{error.hint}"
            self.push_screen(
                ConfirmScreen(heading, body, yes="Keep it aside, begin anew", no="Quit"), decided
            )
        else:
            self.push_screen(ErrorScreen(error, heading=heading), leave)

    @work(name="begin anew", group="life", exit_on_error=True)
    async def _begin_anew(self) -> None:
        try:
            kept = await set_store_aside(self.settings)
        except TuiError as error:
            self._show_store_error(error)
            return
        self.notify(f"The damaged file is kept as {kept}.", markup=False, timeout=15)
        self._begin()

    async def on_model_chosen(self, event: ModelChosen) -> None:
        """Remember the model for next time."""
        self._remembered = replace(self._remembered, model=event.model)
        await self._save_remembered()

    async def on_folder_used(self, event: FolderUsed) -> None:
        """Remember the folder for next time."""
        self._remembered = replace(self._remembered, folder=event.folder)
        await self._save_remembered()

    async def on_server_chosen(self, event: ServerChosen) -> None:
        """Remember the server for next time."""
        self._remembered = replace(self._remembered, server=event.server)
        await self._save_remembered()

    async def _remember_theme(self, theme: Theme) -> None:
        if theme.name != self._remembered.theme:
            self._remembered = replace(self._remembered, theme=theme.name)
            await self._save_remembered()

    async def _save_remembered(self) -> None:
        try:
            await asyncio.to_thread(save_remembered, self.settings.state_dir, self._remembered)
        except OSError as error:
            self.log.warning(f"choices are not remembered: {error}")

    def action_help(self) -> None:
        """Show every key that works here."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen.for_screen(self.screen))

    def action_undo_step(self, number: int) -> None:
        """Take back what a toast says was done."""
        self._chat.undo_step(number)

    async def action_quit(self) -> None:
        """Leave; ask first while something goes on that would be cut."""
        services = self.services
        asked = quit_question(
            answers=len(services.generation.unfinished) if services else 0,
            pulls=services.pulls.running if services else 0,
            temporary=self._chat.would_lose,
        )
        if asked is None or isinstance(self.screen, ConfirmScreen):
            self.exit()
        else:
            self.push_screen(ConfirmScreen(*asked), self._leave)

    def _leave(self, yes: bool | None) -> None:
        if yes:
            self.exit()

    async def on_unmount(self) -> None:
        """End everything in order, so that nothing is lost."""
        if self.services is not None:
            await self._chat.flush()
            await self.services.aclose()

    def _fatal_error(self) -> None:
        """End with a line that says where the details are, instead of a traceback."""
        details = traceback.format_exc()
        log = self.settings.state_dir / "crash.log"
        where = f"Details are in {log}."
        try:
            log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with log.open("a", encoding="utf-8") as file:
                file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}\n{details}\n")
        except OSError as error:
            where = f"Details could not be written to {log}: {error.strerror}."
        self._exit_renderables.append(
            Text(f"ollama-tui stopped because of an error it did not expect. {where}")
        )
        self._close_messages_no_wait()
