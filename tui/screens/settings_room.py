"""The part of the chat screen that sets what answers are asked for with."""

from tui.domain.errors import TuiError
from tui.domain.preset import Preset
from tui.domain.setup import Setup
from tui.screens.room import Room
from tui.screens.session import ChatSession


class SettingsRoom(Room):
    """Opens the settings of the conversation and the presets, and takes presets into use."""

    def action_conversation_settings(self) -> None:
        """Open the settings of this conversation."""
        session = self.session
        if session is None or self.app.screen is not self:
            return
        # Imported late: what it needs is no part of a start.
        from tui.screens.conversation_settings import SettingsScreen

        async def keep(setup: Setup, _: str) -> None:
            if await session.setups.use(setup):
                self._say("Kept for this conversation — Ctrl+Z undoes")

        title = session.conversation.title if session.conversation else "the new conversation"
        self.app.push_screen(
            SettingsScreen(
                session.services,
                session.setups.current,
                keep,
                heading=f"Settings of {title}",
                model=session.model,
            )
        )

    def action_presets(self) -> None:
        """Open the list of presets."""
        session = self.session
        if session is None or self.app.screen is not self:
            return
        from tui.screens.presets import PresetsScreen

        def chosen(preset: Preset | None) -> None:
            if preset is not None:
                self._start(self._use_preset(session, preset), "tree")

        self.app.push_screen(PresetsScreen(session.services, session.setups.current, session.model), chosen)

    def action_use_preset(self, name: str = "") -> None:
        """Ask for the answers of this conversation as a preset says; without a name, choose one."""
        session = self.session
        if session is not None and name.strip():
            self._start(self._find_preset(session, name), "tree")
        else:
            self.action_presets()

    async def _find_preset(self, session: ChatSession, name: str) -> None:
        try:
            preset = await session.services.presets.find(name)
        except TuiError as error:
            self.tell(error)
            return
        await self._use_preset(session, preset)

    async def _use_preset(self, session: ChatSession, preset: Preset) -> None:
        try:
            await session.setups.use(preset.setup)
        except TuiError as error:
            self.tell(error)
            return
        if preset.model and preset.model != session.model:
            await session.use_model(preset.model)
        self._say(f"{preset.name}: used in this conversation — Ctrl+Z undoes")
