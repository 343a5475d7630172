"""The part of the chat screen that hands the terminal to the user's editor."""

from tui.domain.errors import BadRequest, TuiError
from tui.screens.room import Room
from tui.services.editor import edited, editor_command
from tui.services.threads import in_thread


class EditorRoom(Room):
    """Has the unsent message written in the user's editor; answers go on meanwhile."""

    def action_edit_outside(self) -> None:
        """Write the message in `$EDITOR`."""
        if self.app.screen is self:
            self._start(self._tried(self._edit_outside), "editor")

    async def _edit_outside(self) -> None:
        driver, area, shown = self.app._driver, self.pane.prompt.area, self.pane.conversation_id
        if driver is None or not driver.can_suspend:
            raise BadRequest("This terminal cannot be handed to an editor.")
        editor = await in_thread(lambda _: editor_command(), "look for the editor")
        before = area.whole_text
        failure: TuiError | None = None
        text = before
        with self.app.suspend():
            try:
                text = await edited(before, editor)
            except TuiError as error:
                failure = error
        if failure is not None:
            raise failure
        if text == before.removesuffix("\n"):
            return
        if shown != self.pane.conversation_id:
            # Another window has deleted the conversation meanwhile: nothing that was written is lost.
            text = "\n".join(each for each in (area.whole_text, text) if each)
        area.put(text)
        area.focus()
