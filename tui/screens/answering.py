"""What answers next: the model, its server and how much it thinks."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tui.domain.errors import ServerUnreachable, TuiError
from tui.domain.events import GenerationFinished, ServerCondition
from tui.domain.generation import Think
from tui.domain.model import find_model
from tui.domain.server import is_address
from tui.domain.setup import Setup
from tui.domain.thinking import thinking_choices
from tui.screens.notices import empty_notice
from tui.screens.setups import Setups
from tui.services import Services
from tui.widgets.conversation_pane import ConversationPane
from tui.widgets.header_bar import HeaderBar

if TYPE_CHECKING:
    from tui.domain.conversation import Conversation, ConversationId


OFFER_AGAIN: Final = "The server is back · Ctrl+R sends your message again"
OFFER_DRAFT: Final = "The server is back · Enter sends your message"


class Answering:
    """The part of a session that knows what answers, and shows it in the header.

    The server in use is the one of the open conversation: opening a conversation that another server
    answers switches to that one, visibly, and leaves alone what the other is doing. A server that the
    settings no longer name is told in the header, and nothing is sent until another model is chosen.
    """

    def __init__(
        self,
        services: Services,
        *,
        header: HeaderBar,
        pane: ConversationPane,
        tell: Callable[[TuiError], None],
        model: str,
        setup: Setup,
    ) -> None:
        """Make the part, for a conversation that has not begun.

        Args:
            services: What does the work.
            header: Told model, server and thinking.
            pane: Told what an empty conversation says.
            tell: Shows an error.
            model: Model of new conversations; empty takes what the server has.
            setup: What new conversations begin with.
        """
        self.services = services
        """What works for the open conversation: over memory alone while it is a temporary one."""
        self.conversation: Conversation | None = None
        """The open conversation; None for one that has not begun."""
        self._header = header
        self._pane = pane
        self._tell = tell
        self._new_model = model
        self._new_server = services.servers.kept_as(services.servers.current)
        self.setups = Setups(self, setup)
        self.on_change: Callable[[], None] = lambda: None
        """Called when another conversation, or another model or setting of it, is in force."""
        self._unanswered: set[ConversationId] = set()
        """Conversations whose last message found no server."""
        self._draft_refused = False
        """What is in the input was to be sent while there was no server."""
        self._no_server: TuiError | None = None
        """Why the server of the open conversation cannot be used; None where it can."""

    @property
    def model(self) -> str:
        """The model that answers next; empty for none."""
        if self.conversation is not None and self.conversation.model:
            return self.conversation.model
        return self.services.models.preferred(self._new_model)

    @property
    def server(self) -> str:
        """The name or URL of the server that answers next; empty for the one that is looked for."""
        return self.conversation.server if self.conversation is not None else self._new_server

    @property
    def think(self) -> Think | None:
        """How much the model is told to think; None leaves it to the model."""
        return self.setups.current.think

    def notice(self) -> str:
        """Return what an empty conversation says."""
        return empty_notice(
            self.services.server.state, models_known=self.services.models.known, model=self.model
        )

    def show_model(self) -> None:
        """Show the model that answers next."""
        self._header.model = self.model
        self._header.model_info = find_model(self.model, self.services.models.models) if self.model else None
        self._header.think = self.think
        self._pane.set_notice(self.notice())
        self.on_change()

    def show_server(self) -> None:
        """Show how the connection is."""
        name = self.services.servers.current
        self._header.server_name = "" if is_address(name) else name
        self._header.server = self.services.server.state
        self._header.missing_server = self.server if self._no_server is not None else ""
        self._pane.set_notice(self.notice())
        self.show_offer()

    def ended(self, event: GenerationFinished) -> None:
        """Take note of how an answer ended, to offer it again when its server is back."""
        if isinstance(event.error, ServerUnreachable):
            self._unanswered.add(event.conversation_id)
        else:
            self._unanswered.discard(event.conversation_id)
        self.show_offer()

    def show_offer(self) -> None:
        """Offer to send again what a server that was away did not get; it is never sent by itself."""
        connected = self.services.server.state.condition is ServerCondition.CONNECTED
        conversation_id = self.conversation.id if self.conversation is not None else None
        offer = ""
        if connected and conversation_id in self._unanswered:
            offer = OFFER_AGAIN if conversation_id not in self.services.generation.live else ""
        elif connected and self._draft_refused:
            offer = OFFER_DRAFT
        self._pane.status.offer = offer

    def follow_server(self) -> None:
        """Use the server of the open conversation, and show it."""
        try:
            self.services.servers.follow(self.server)
            self._no_server = None
        except TuiError as error:
            self._no_server = error
        self.show_server()

    def require_server(self) -> None:
        """Make sure that what is asked goes where the conversation wants it to go.

        Raises:
            TuiError: its server is not one of the configured ones.
        """
        self.follow_server()
        if self._no_server is not None:
            raise self._no_server

    async def use_model(self, model: str, server: str) -> None:
        """Let another model answer in the open conversation, and in new ones.

        Args:
            model: The model's name.
            server: The name of the server that has it.
        """
        self._new_model = model
        await self._answer_with(model, server)
        known = find_model(model, self.services.models.installed)
        if self.think is not None and known is not None and self.think not in thinking_choices(known):
            await self.use_think(None)

    async def use_server(self, server: str) -> None:
        """Let another server answer in the open conversation, and in new ones; the model stays."""
        await self._answer_with(self.conversation.model if self.conversation else "", server)

    async def _answer_with(self, model: str, server: str) -> None:
        server = self._new_server = self.services.servers.kept_as(server)
        if self.conversation is not None:
            changed = self.services.conversations.set_model(self.conversation.id, model, server)
            await self.attempt(changed)
            self.conversation = replace(self.conversation, model=model, server=server)
        try:
            self.services.servers.switch(server)
        except TuiError as error:
            self._tell(error)
        self.follow_server()
        self.show_model()

    async def use_think(self, think: Think | None) -> None:
        """Tell the model of the open conversation, and of new ones, how much to think."""
        await self.attempt(self.setups.use_think(think))
        self.show_model()

    async def attempt(self, work: Awaitable[object]) -> None:
        """Wait for `work`, and tell if it fails."""
        try:
            await work
        except TuiError as error:
            self._tell(error)
