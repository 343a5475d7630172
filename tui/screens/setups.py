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

    async def use(self, setup: Setup, model: str = "") -> bool:
        """Ask for the answers of the open conversation with other settings; return whether they differ.

        Args:
            setup: The settings.
            model: The model that is to answer; empty for the one that does. Undoing brings back both.

        Raises:
            TuiError: they could not be stored.
        """
        session, before = self._session, self.current
        conversation_id = session.conversation.id if session.conversation else None
        answered = (session.model, session.server)
        switched = bool(model) and model != session.model
        if setup == before and not switched:
            return False
        await self._set(conversation_id, setup)
        if switched:
            await session.use_model(model, session.server)

        async def undo() -> None:
            if switched:
                await self._answer_again(conversation_id, *answered)
            await self._set(conversation_id, before)

        session.services.undo.push("changed the settings", undo, conversation_id)
        return True

    async def _answer_again(self, conversation_id: ConversationId | None, model: str, server: str) -> None:
        """Let the model answer that did."""
        session = self._session
        if conversation_id == (session.conversation.id if session.conversation else None):
            await session.use_model(model, server)
        elif conversation_id is not None:
            await session.services.conversations.set_model(conversation_id, model, server)

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
