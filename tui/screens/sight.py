"""The part of the chat screen that keeps pictures from models that do not see, and says what can be done."""

from collections.abc import Awaitable, Callable
from functools import partial

from textual import on
from textual.content import Content

from tui.domain.attachment import is_picture, may_see, sight_missing
from tui.domain.conversation import MessageId
from tui.domain.errors import SightMissing, TuiError
from tui.domain.model import ModelInfo, find_model
from tui.domain.text import sanitize_line
from tui.screens.model_dialogs import ChoiceScreen
from tui.screens.model_messages import ModelChosen, ModelWanted
from tui.screens.pictures import PictureRoom
from tui.screens.session import ChatSession
from tui.widgets.model_words import size_words

_FETCHED = "gemma3:4b"
"""A model that sees and is small enough for most machines."""

_Choice = tuple[Content, Callable[[], Awaitable[None]]]
"""What can be done, in words, and what does it."""


class SightRoom(PictureRoom):
    """Asks what is to be done when a picture meets a model that is known not to see."""

    def pictures_arrived(self) -> None:
        """Say at once that the model does not see what was just attached."""
        session = self.session
        if session is not None and (pictures := sum(map(is_picture, session.files.attachments))):
            model = self._blind_model(session)
            if model:
                self._offer(session, sight_missing(model, pictures).message, [self._taking_away(session)])

    def tell(self, error: TuiError) -> None:
        """Show an error; offer what can be done where a model does not see."""
        if isinstance(error, SightMissing):
            self.offer_sight(error)
        else:
            super().tell(error)

    def offer_sight(self, error: SightMissing, refused: MessageId | None = None) -> None:
        """Offer what can be done about pictures that were not sent to a model that does not see.

        Args:
            error: What was to happen.
            refused: The answer that the server refused; None where what is in the input was not sent.
        """
        session = self.session
        if session is not None:
            choice = (
                self._taking_away(session, send=True) if refused is None else self._without(session, refused)
            )
            self._offer(session, error.message, [choice], refused)

    def _offer(
        self, session: ChatSession, what: str, choices: list[_Choice], refused: MessageId | None = None
    ) -> None:
        """Ask what is to be done: another model, or one of some choices."""
        if isinstance(self.app.screen, ChoiceScreen):
            return
        seeing = self._seeing(session, refused)
        if seeing:
            heading, choices = f"{what} These see:", [*seeing, *choices]
            hint = "Esc leaves everything as it is."
        else:
            heading, choices = f"{what} No installed model sees.", [*choices, self._fetching()]
            hint = f"In a shell: ollama pull {_FETCHED}. Esc leaves everything as it is."
        self._ask(heading, choices, hint)

    def _ask(self, heading: str, choices: list[_Choice], hint: str) -> None:
        async def do(place: int) -> None:
            await choices[place][1]()

        def chosen(place: int | None) -> None:
            if place is not None:
                self._start(do(place), "sight")
            self.pane.prompt.focus()

        rows = [words for words, _ in choices]
        self.app.push_screen(ChoiceScreen(heading, rows, hint=hint), chosen)

    # What can be done

    def _seeing(self, session: ChatSession, refused: MessageId | None) -> list[_Choice]:
        """Return the installed models that see."""

        def switching(model: str) -> Callable[[], Awaitable[None]]:
            async def switch() -> None:
                await session.use_model(model, session.services.servers.current)
                self.post_message(ModelChosen(model))
                if refused is not None:
                    await session.retry(refused)

            return switch

        return [
            (_row(model), switching(model.name)) for model in session.services.models.models if _sees(model)
        ]

    def _taking_away(self, session: ChatSession, *, send: bool = False) -> _Choice:
        """Return the choice of doing without the pictures above the input."""
        files = session.files.attachments
        pictures = sum(map(is_picture, files))
        left = bool(self.pane.prompt.text.strip()) or pictures < len(files)

        async def take_away() -> None:
            self.take_away_pictures(session)
            if send and left:
                self.pane.prompt.action_send()

        which = "the picture" if pictures == 1 else f"the {pictures} pictures"
        words = f"Send it without {which}" if send and left else f"Take {which} away; what is written stays"
        return Content(words), take_away

    def take_away_pictures(self, session: ChatSession) -> None:
        """Take the pictures above the input away; can be undone."""
        taken = session.files.take()
        pictures = [file for file in taken if is_picture(file)]
        session.files.bring([file for file in taken if not is_picture(file)])

        async def undo() -> None:
            # The message they were above may have been sent: then they are above the next.
            session.files.bring(pictures)

        name = sanitize_line(pictures[0].name, 60) if len(pictures) == 1 else f"{len(pictures)} pictures"
        what = f"took away {name}"
        session.services.undo.push(what, undo)
        self._say_done(what)

    def _without(self, session: ChatSession, refused: MessageId) -> _Choice:
        """Return the choice of asking again, as a branch, without the pictures that were refused."""

        async def ask() -> None:
            messages = {message.id: message for message in self.pane.messages}
            parent = messages[refused].parent_id if refused in messages else None
            asked = messages.get(parent) if parent is not None else None
            if asked is not None:
                files = tuple(file for file in asked.attachments if not is_picture(file))
                await self._tried(
                    partial(session.editing.ask_again, session.services, asked, asked.content, files)
                )

        return Content("Ask again without pictures; what was asked stays beside it"), ask

    def _fetching(self) -> _Choice:
        async def fetch() -> None:
            self.post_message(ModelWanted(_FETCHED))

        return Content(f"Fetch a model that sees, for example {_FETCHED}…"), fetch

    # A conversation with pictures

    @on(ModelChosen)
    def _model_changed(self, event: ModelChosen) -> None:
        self.show_sight()
        session = self.session
        unseen = self._unseen()
        if session is None or not unseen or isinstance(self.app.screen, ChoiceScreen):
            return

        async def go_on() -> None:
            return

        stays = (Content(f"Go on with {sanitize_line(session.model, 40)}, without pictures"), go_on)
        hint = (
            "The words stay, and the pictures stay in the conversation: a model that sees is sent them again."
        )
        self._ask(f"{unseen}.", [stays, *self._seeing(session, None)], hint)

    def show_sight(self) -> None:
        """Say over the input that pictures of the conversation are kept from a model that does not see."""
        prompt = self.pane.prompt
        prompt.border_title = Content(self._unseen()).markup or None

    def _blind_model(self, session: ChatSession) -> str:
        """Return the model that answers next if it is known not to see; empty otherwise."""
        known = find_model(session.model, session.services.models.models) if session.model else None
        return session.model if not may_see(known) else ""

    def _unseen(self) -> str:
        """Return in words which pictures the model is not sent; empty for none."""
        session = self.session
        if session is None:
            return ""
        pictures = sum(is_picture(file) for message in self.pane.messages for file in message.attachments)
        model = self._blind_model(session) if pictures else ""
        if not model:
            return ""
        what = "the picture above is" if pictures == 1 else f"the {pictures} pictures above are"
        return f"{sanitize_line(model, 40)} cannot see: {what} not sent"


def _row(model: ModelInfo) -> Content:
    about = "  ".join(filter(None, (model.parameter_size, model.quantization, size_words(model.size))))
    return Content(f"{sanitize_line(model.name, 40):<40} ") + Content.styled(
        sanitize_line(about), "$text-muted"
    )


def _sees(model: ModelInfo) -> bool:
    return model.capabilities is not None and model.can_chat and may_see(model)
