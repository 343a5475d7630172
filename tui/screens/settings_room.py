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
                self._say_done("kept for this conversation")

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

    def action_presets(self, name: str = "") -> None:
        """Open the list of presets, or take the named one into use."""
        session = self.session
        if session is None or self.app.screen is not self:
            return
        if name.strip():
            self._start(self._find_preset(session, name), "tree")
            return
        from tui.screens.presets import PresetsScreen

        def chosen(preset: Preset | None) -> None:
            if preset is not None:
                self._start(self._use_preset(session, preset), "tree")

        self.app.push_screen(PresetsScreen(session.services, session.setups.current, session.model), chosen)

    def preset_names(self) -> tuple[str, ...]:
        """Return the names of the presets as last listed, and have them listed again."""
        if self.session is None:
            return ()
        presets = self.session.services.presets
        self._start(self._tried(presets.list), "presets")
        return presets.names

    async def _find_preset(self, session: ChatSession, name: str) -> None:
        try:
            preset = await session.services.presets.find(name)
        except TuiError as error:
            self.tell(error)
            return
        await self._use_preset(session, preset)

    async def _use_preset(self, session: ChatSession, preset: Preset) -> None:
        try:
            await session.setups.use(preset.setup, preset.model)
        except TuiError as error:
            self.tell(error)
            return
        self._say_done(f"took the preset “{preset.name}” for this conversation")
