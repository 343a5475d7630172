"""What is asked before something is sent that does not fit, and what was agreed to."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from tui.domain.conversation import Attachment, Conversation, ConversationId
from tui.domain.setup import with_setup

if TYPE_CHECKING:
    from tui.screens.session import ChatSession

Again = Callable[[], Awaitable[None]]
"""Tries once more what a question has stopped."""


class Asking:
    """Remembers what is to be tried again once a question is answered, and what may go out as it is."""

    def __init__(self, session: "ChatSession") -> None:
        """Make one that has nothing to ask.

        Args:
            session: Knows the open conversation.
        """
        self._session = session
        self._allowed = False
        self.again: Again | None = None
        """What was tried last; None for sending what is in the input."""
        self.turns: Sequence[tuple[Attachment, ...]] = ()
        """What is attached in groups, each for a message of its own; empty for all of it with one."""

    def conversation(self) -> Conversation:
        """Return the open conversation, or what the one that has not begun would be."""
        session = self._session
        if session.conversation is not None:
            return session.conversation
        unbegun = Conversation(ConversationId(""), "", 0.0, 0.0, model=session.model, server=session.server)
        return with_setup(unbegun, session.setups.current)

    def allow(self) -> None:
        """Let the next request leave out what it has to, and go out if it seems too long."""
        conversation = self._session.conversation
        if conversation is None:
            self._allowed = True
        else:
            self._session.services.context.allow(conversation.id)

    async def check_first(self, text: str, attachments: tuple[Attachment, ...] = ()) -> None:
        """Make sure that the first message of a conversation fits, before anything of it is stored.

        Raises:
            ContextQuestion: it does not fit, and nobody has agreed to send it.
        """
        if not self._allowed:
            context, unbegun = self._session.services.context, self.conversation()
            context.check(unbegun, await context.plan(unbegun, draft=text, attachments=attachments))

    def begun(self, conversation_id: ConversationId) -> None:
        """Hand on what was agreed to before a conversation was stored."""
        if self._allowed:
            self._allowed = False
            self._session.services.context.allow(conversation_id)

    def take_turns(self) -> Sequence[tuple[Attachment, ...]]:
        """Return `turns`, which are for one sending only."""
        turns, self.turns = self.turns, ()
        return turns

    async def sent(
        self,
        conversation_id: ConversationId,
        text: str,
        turns: Sequence[tuple[Attachment, ...]],
        place: ConversationId | None,
    ) -> None:
        """Take away what was sent, and have the other turns, if there are any, wait behind it.

        Args:
            conversation_id: Where to.
            text: The words that go with each turn.
            turns: What is attached to each; the first was sent.
            place: Above whose input the files are; None for that of a conversation not yet begun.

        Raises:
            TuiError: one was not taken; its files, and those after it, stay attached.
        """
        await self._session.files.sent(place, turns[0])
        for files in turns[1:]:
            await self._session.services.generation.ask(conversation_id, text, files)
            await self._session.files.sent(place, files)
