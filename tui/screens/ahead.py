"""What is typed while another conversation is being opened: it belongs to that one."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.domain.conversation import ConversationId
from tui.screens.editing import Editing

if TYPE_CHECKING:
    from tui.widgets.conversation_pane import ConversationPane


class TypedAhead:
    """Empties the input when the reader leaves a conversation, not when the next one has been read.

    A slow disk lies between the two. Whoever goes on typing means the conversation that was asked for.
    """

    def __init__(
        self,
        pane: "ConversationPane",
        editing: Editing,
        keep: Callable[[ConversationId | None, str], None],
    ) -> None:
        """Begin where nothing is being opened.

        Args:
            pane: Shows the conversation that is left.
            editing: Is given up where it is left.
            keep: Has the draft of a conversation saved.
        """
        self._pane = pane
        self._editing = editing
        self._keep = keep
        self._arrival: asyncio.Future[bool] | None = None
        self._from: ConversationId | None = None
        """Which one is left."""
        self._left = ""
        """What was in the input of the conversation that is left."""

    @property
    def is_on(self) -> bool:
        """Whether another conversation is being opened."""
        return self._arrival is not None

    def begin(self, *, empty: bool = True) -> None:
        """Take what is typed from now on for the conversation that will be shown next.

        Args:
            empty: Leave behind what is in the input now; otherwise it goes along.
        """
        if self._arrival is not None:
            return
        self._arrival = asyncio.get_running_loop().create_future()
        self._from = self._pane.conversation_id
        self._left = ""
        if empty:
            prompt = self._pane.prompt
            self._left = self._editing.draft(prompt.draft)
            self._editing.end()
            self._keep(self._from, self._left)
            prompt.text = ""

    def arrive(self, draft: str | None) -> None:
        """Put the draft of the conversation that is shown now behind what was typed meanwhile.

        Args:
            draft: What the store has of it; None where it is the one that was to be left.
        """
        self._end(self._left if draft is None else draft, there=True)

    def give_up(self) -> None:
        """Put back what was left behind: no other conversation could be opened."""
        self._end(self._left, there=False)

    async def wait(self) -> bool:
        """Wait for the conversation that is being opened, if there is one; return whether it is there."""
        return self._arrival is None or await asyncio.shield(self._arrival)

    def _end(self, draft: str, *, there: bool) -> None:
        arrival, self._arrival = self._arrival, None
        if arrival is None:
            return
        prompt, shown = self._pane.prompt, self._pane.conversation_id
        if prompt.draft:
            prompt.add_below(draft)
            self._keep(shown, prompt.draft)
            if not self._left and shown != self._from:
                # What went along belongs to no draft but this one.
                self._keep(self._from, "")
        else:
            prompt.text = draft
        arrival.set_result(there)
