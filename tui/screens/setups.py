"""The settings of the conversation on the screen, also of one that has not begun."""

from dataclasses import replace
from typing import TYPE_CHECKING

from tui.domain.conversation import ConversationId
from tui.domain.generation import Think
from tui.domain.setup import Setup, setup_of, with_setup

if TYPE_CHECKING:
    from tui.screens.answering import Answering


class Setups:
    """Knows the settings in force, and changes them so that it can be undone."""

    def __init__(self, session: "Answering", first: Setup) -> None:
        """Make one for a conversation that has not begun.

        Args:
            session: Which conversation is open.
            first: What new conversations begin with.
        """
        self._session = session
        self._first = first
        self._new = first
        """The settings of the conversation that has not begun."""

    @property
    def current(self) -> Setup:
        """The settings of the open conversation."""
        conversation = self._session.conversation
        return setup_of(conversation) if conversation is not None else self._new

    def begun(self) -> None:
        """Begin the next conversation with the usual settings: this one has taken its own."""
        self._new = replace(self._first, think=self._new.think)

    def begin_with(self, setup: Setup) -> None:
        """Let every new conversation begin with these settings."""
        self._first = self._new = setup

    async def use(self, setup: Setup) -> bool:
        """Ask for the answers of the open conversation with other settings; return whether they differ.

        Raises:
            TuiError: they could not be stored.
        """
        before, conversation = self.current, self._session.conversation
        if setup == before:
            return False
        await self._set(conversation.id if conversation else None, setup)
        services = self._session.services

        async def undo() -> None:
            await self._set(conversation.id if conversation else None, before)

        services.undo.push("changed the settings", undo, conversation.id if conversation else None)
        return True

    async def use_think(self, think: Think | None) -> None:
        """Tell the model of the open conversation, and of new ones, how much to think.

        Raises:
            TuiError: it could not be stored.
        """
        self._new = replace(self._new, think=think)
        conversation = self._session.conversation
        if conversation is not None:
            self._session.conversation = replace(conversation, think=think)
            await self._session.services.conversations.set_think(conversation.id, think)

    async def _set(self, conversation_id: ConversationId | None, setup: Setup) -> None:
        session = self._session
        if conversation_id is None:
            self._new = setup
        else:
            await session.services.conversations.set_setup(conversation_id, setup)
            if session.conversation is not None and session.conversation.id == conversation_id:
                session.conversation = with_setup(session.conversation, setup)
        session.show_model()
