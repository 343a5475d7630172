"""A message that is written again in the input: one that was sent, or one that waits."""

from typing import TYPE_CHECKING, Final

from tui.domain.conversation import Attachment, ConversationId, Message, MessageId, QueuedMessage

if TYPE_CHECKING:
    from tui.screens.prompt_files import PromptFiles
    from tui.services import Services
    from tui.widgets.conversation_pane import ConversationPane

_HINT: Final = "Editing · Enter sends it as a branch of its own · Esc gives up"
_HINT_QUEUED: Final = "Editing what waits · Enter keeps it · Esc gives up"


class Editing:
    """Lends the input to a message and gives it back with what was in it."""

    def __init__(self, pane: "ConversationPane", files: "PromptFiles") -> None:
        """Make an editing that has not begun.

        Args:
            pane: Whose input is used.
            files: Shows what goes with the message.
        """
        self._pane = pane
        self._files = files
        self._aside = ""
        self._hint = ""
        self.target: Message | QueuedMessage | None = None
        """The message that is edited; None for none."""

    def begin(self, target: Message | QueuedMessage) -> None:
        """Put a message's text into the input."""
        prompt = self._pane.prompt
        if self.target is None:
            self._aside = prompt.draft
            self._hint = prompt.hint
        self.target = target
        self._files.lend(target.attachments)
        prompt.text = target.content
        prompt.hint = _HINT_QUEUED if isinstance(target, QueuedMessage) else _HINT
        prompt.add_class("-editing")
        prompt.focus()

    def end(self, since: str = "") -> bool:
        """Give up and put back what was in the input; return whether anything was edited.

        Args:
            since: What was typed after the edit was sent; it stays.
        """
        if self.target is None:
            return False
        self.target = None
        self._files.give_back()
        prompt = self._pane.prompt
        prompt.text = "\n".join(each for each in (self._aside, since) if each)
        prompt.hint = self._hint
        prompt.remove_class("-editing")
        return True

    def draft(self, text: str) -> str:
        """Return what of the input must survive a crash: what was put aside, and what was changed."""
        if self.target is None:
            return text
        changed = text if text != self.target.content else ""
        return "\n\n".join(each for each in (self._aside, changed) if each.strip())

    async def send(self, services: "Services", text: str) -> None:
        """Send what was edited.

        Raises:
            TuiError: it was not sent; the text stays in the input.
        """
        target = self.target
        files = await self._files.settled()
        if isinstance(target, QueuedMessage):
            await services.generation.change_queued(target, text, files)
        elif target is not None:
            await self.ask_again(services, target, text, files)
        self.end(self._pane.prompt.text.removeprefix(text).lstrip("\n"))

    async def ask_again(
        self, services: "Services", target: Message, text: str, files: tuple[Attachment, ...]
    ) -> None:
        """Send a message in other words, as a branch; can be undone.

        Raises:
            TuiError: it was not sent.
        """
        conversation_id = target.conversation_id
        before = await services.conversations.get(conversation_id)
        await services.generation.edit(conversation_id, target.id, text, files)
        leaf = before.active_leaf if before else None

        async def undo() -> None:
            await _back_to(services, conversation_id, leaf)

        services.undo.push("edited a message", undo, conversation_id)


async def _back_to(services: "Services", conversation_id: ConversationId, leaf: MessageId | None) -> None:
    await services.generation.halt(conversation_id)
    await services.store.set_active_leaf(conversation_id, leaf)
