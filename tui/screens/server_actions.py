"""What a chat screen does about servers: choosing one, and starting Ollama."""

from textual import on
from textual.content import Content

from tui.domain.errors import TuiError
from tui.domain.events import ServerCondition
from tui.domain.server import ServerReport, is_address
from tui.domain.text import sanitize_line
from tui.screens.model_dialogs import ChoiceScreen
from tui.screens.model_messages import ServerChosen
from tui.screens.room import Room
from tui.screens.session import ChatSession
from tui.services.servers import ServerDirectory
from tui.widgets.header_bar import HeaderBar


class ServerActions(Room):
    """The part of a chat screen that is about servers."""

    def action_choose_server(self) -> None:
        """Choose the server that answers here."""
        session = self.session
        if session is None:
            return
        directory = session.services.servers

        def chosen(place: int | None) -> None:
            if place is not None:
                self._start(self._switch(session, directory.names[place]), "switch")

        self.app.push_screen(server_choice(directory), chosen)
        self._start(directory.survey(), "survey")

    def action_start_ollama(self) -> None:
        """Start the Ollama that is installed here."""
        if self.session is not None:
            self._start(self._start_ollama(self.session), "start ollama")

    @on(HeaderBar.ServerClicked)
    def _server_clicked(self) -> None:
        self.action_choose_server()

    async def _switch(self, session: ChatSession, name: str) -> None:
        await session.use_server(name)
        self.post_message(ServerChosen(name))

    async def _start_ollama(self, session: ChatSession) -> None:
        state = session.services.server.state
        if state.condition is ServerCondition.CONNECTED and not state.embedded:
            self.app.notify(f"{sanitize_line(state.address)} answers already.", markup=False)
            return
        host = session.services.servers.local_host
        if host is None:
            self.app.notify(
                f"{sanitize_line(state.address)} is another machine: start it there.", markup=False
            )
            return
        self.pane.status.notice = "starting Ollama…"
        try:
            await session.services.ollama.start(host)
        except TuiError as error:
            self.tell(error)
        finally:
            self.pane.status.notice = ""


def server_choice(directory: ServerDirectory) -> ChoiceScreen:
    """Return the list of servers, which shows each as it is while it is shown."""
    hint = "" if len(directory.names) > 1 else "More can be named in the settings file: [servers.NAME]"

    def rows() -> list[Content]:
        return [server_row(report) for report in directory.reports]

    return ChoiceScreen(
        "Server", rows(), current=directory.names.index(directory.current), hint=hint, live=rows
    )


def server_row(report: ServerReport) -> Content:
    """Return a row of the list of servers: name, address, state, how many models."""
    name = "by address" if is_address(report.name) else sanitize_line(report.name or "default", 18)
    address = sanitize_line(report.address, 26)
    if report.error is not None:
        why = report.error.reason or sanitize_line(report.error.message, 40)
        state = Content.styled(f"○ {sanitize_line(why)}", "$text-error")
    elif report.version:
        version = sanitize_line(report.version, 12)
        state = Content.styled("● ", "$text-success") + Content(f"{version:<11}")
    else:
        state = Content.styled("◌ asking…" if not report.asked else "◌ connecting…", "$text-warning")
    count = len(report.models)
    models = f"  {count} model{'s' if count != 1 else ''}" if count else ""
    return (
        Content(f"{name:<14} ")
        + Content.styled(f"{address:<26} ", "$text-muted")
        + state
        + Content.styled(models, "$text-muted")
    )
