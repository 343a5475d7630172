"""The trash: what was deleted in the last thirty days, and the way back."""

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.commands.bindings import bindings_for
from tui.commands.command import Scope
from tui.domain.conversation import Conversation, ConversationId
from tui.domain.text import sanitize_line
from tui.screens.dialogs import ConfirmScreen
from tui.screens.picking import PICKING_CSS, PickingScreen
from tui.screens.search import day_of
from tui.screens.work import begin_work

_EMPTY: Final = "The trash is empty. What you delete is kept here for 30 days."
_HELP: Final = "Enter puts a conversation back · d deletes it for good · Esc closes"


class TrashScreen(PickingScreen[ConversationId]):
    """A list of what was deleted; dismissed with what is to be put back."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.TRASH)]

    DEFAULT_CSS = PICKING_CSS.format(name="TrashScreen")

    def __init__(
        self, conversations: Sequence[Conversation], remove: Callable[[ConversationId], Awaitable[None]]
    ) -> None:
        """Make the dialog.

        Args:
            conversations: What is in the trash.
            remove: Deletes for good.
        """
        super().__init__()
        self._conversations = list(conversations)
        self._remove = remove

    def compose(self) -> ComposeResult:
        """Compose words and list."""
        with Vertical(id="panel"):
            yield Static(Content(_HELP if self._conversations else _EMPTY), id="notice")
            yield OptionList(*[Option(_row(each)) for each in self._conversations], id="deleted")

    def on_mount(self) -> None:
        """Begin in the list."""
        self.query_one("#panel").border_title = "Trash"
        self.options.display = bool(self._conversations)
        self.options.focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._conversations[event.option_index].id)

    def action_remove(self) -> None:
        """Delete the conversation under the cursor for good, if that is agreed to."""
        index = self.options.highlighted
        if index is None or index >= len(self._conversations):
            return
        conversation = self._conversations[index]

        def decided(yes: bool | None) -> None:
            if yes:
                begin_work(self, self._remove_now(conversation), "trash")

        heading = f"Delete “{sanitize_line(conversation.title, 40)}” for good?"
        self.app.push_screen(ConfirmScreen(heading, "This cannot be undone."), decided)

    async def _remove_now(self, conversation: Conversation) -> None:
        await self._remove(conversation.id)
        if conversation in self._conversations:
            index = self._conversations.index(conversation)
            del self._conversations[index]
            self.options.remove_option_at_index(index)
        if not self._conversations:
            self.options.display = False
            self.query_one("#notice", Static).update(Content(_EMPTY))


def _row(conversation: Conversation) -> Content:
    when = Content.styled(f"{day_of(conversation.trashed_at or 0.0):>10}  ", "$text-muted")
    return when + Content(sanitize_line(conversation.title, 200))
