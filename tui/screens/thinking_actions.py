"""What a chat screen does about thinking: choosing how much, and taking back what a model refuses."""

from typing import TYPE_CHECKING, Final

from textual.content import Content

from tui.domain.errors import ThinkingRefused, TuiError
from tui.domain.events import GenerationFinished
from tui.domain.model import find_model
from tui.domain.text import sanitize_line
from tui.domain.thinking import always_thinks, thinking_choices
from tui.screens.model_dialogs import ChoiceScreen
from tui.screens.server_actions import ServerActions
from tui.screens.session import ChatSession

if TYPE_CHECKING:
    from tui.domain.generation import Think

THINKING_WORDS: Final = {
    "": "as the model does by itself",
    "off": "answer at once",
    "on": "think before answering",
    "minimal": "hardly think",
    "low": "think a little",
    "medium": "think for a while",
    "high": "think hard",
    "xhigh": "think very hard",
    "max": "think as hard as it can",
}
"""What each amount of thinking means."""

_GUESSED = "This server does not say what the model takes. What it refuses is not offered again."


class ThinkingActions(ServerActions):
    """The part of a chat screen that is about thinking."""

    def action_choose_thinking(self) -> None:
        """Choose how much the model thinks."""
        if self.session is not None:
            self._start(self._choose_thinking(self.session), "thinking")

    async def _choose_thinking(self, session: ChatSession) -> None:
        services = session.services
        model = find_model(session.model, services.models.installed)
        if model is not None and (model.capabilities is None or thinking_choices(model)):
            try:
                await services.library.details(model)
            except TuiError as error:
                self.tell(error)
                return
            model = find_model(session.model, services.models.installed)
        offered = thinking_choices(model)
        if not offered:
            name = sanitize_line(session.model, 60) or "The model"
            always = "always thinks before it answers, and cannot be told how much."
            self.app.notify(
                f"{name} {always if always_thinks(model) else 'does not think before it answers.'}",
                markup=False,
            )
            return
        choices: tuple[Think | None, ...] = (None, *offered)
        current = choices.index(session.think) if session.think in choices else 0

        def chosen(place: int | None) -> None:
            if place is not None:
                self._start(session.use_think(choices[place]), "thinking")

        default = model.thinking.default if model is not None and model.thinking is not None else None
        rows = [thinking_row(each or "", default or "") for each in choices]
        hint = "" if model is None or model.thinking is not None else _GUESSED
        self.app.push_screen(ChoiceScreen("Thinking", rows, current=current, hint=hint), chosen)

    async def take_back_thinking(self, session: ChatSession, event: GenerationFinished) -> None:
        """Where a model refused what it was told of thinking: remember that, and tell it no more."""
        if not isinstance(event.error, ThinkingRefused):
            return
        services = session.services
        try:
            conversation = await services.conversations.get(event.conversation_id)
            if conversation is None or conversation.think is None:
                return
            if services.servers.answers(conversation.server):
                services.models.refuse_thinking(event.answer.model, conversation.think, event.error.taken)
            if session.conversation is not None and session.conversation.id == conversation.id:
                await session.use_think(None)
            else:
                await services.conversations.set_think(conversation.id, None)
        except TuiError as error:
            self.tell(error)
            return
        name = sanitize_line(event.answer.model, 60)
        taken = ", ".join(each for each in event.error.taken or () if each != conversation.think)
        only = f" (the server takes: {taken})" if taken else ""
        self.app.notify(
            f"{name} does not take “thinking {conversation.think}”{only}: it is set "
            "back to what the model does by itself. Ctrl+R asks again.",
            markup=False,
            timeout=8,
        )


def thinking_row(choice: str, default: str = "") -> Content:
    """Return a row of the list of amounts of thinking; `default` is what the model does by itself."""
    words = THINKING_WORDS[choice] + (f" ({default})" if default and not choice else "")
    return Content(f"{choice or 'default':<10}") + Content.styled(words, "$text-muted")
