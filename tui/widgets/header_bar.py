"""The first row: the conversation, the model that answers, the server it is on."""

from collections.abc import Callable, Mapping
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from textual import events, getters
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from tui.domain.conversation import UNTITLED
from tui.domain.events import ServerCondition, ServerState
from tui.domain.generation import Think
from tui.domain.model import ModelInfo
from tui.domain.text import sanitize_line
from tui.widgets.fit import shorten

if TYPE_CHECKING:
    from textual.timer import Timer

NARROW = 100
"""Below this many columns the bar leaves out what is least needed."""

_MODEL_PERCENT: Final = 42
"""Part of the bar that the model takes at most, as its style says too."""

_CONNECTION_PERCENT: Final = 34
"""Part of the bar that the connection takes at most, as its style says too."""

_LEAST_NAME: Final = 8
"""Cells of a model's name that are shown however little room there is."""


THINKING: Final[Mapping[Think, str]] = {
    "off": "no thinking",
    "on": "thinking",
    "minimal": "think minimal",
    "low": "think low",
    "medium": "think medium",
    "high": "think high",
    "xhigh": "think xhigh",
    "max": "think max",
}
"""What the bar says of how much the model is told to think."""


class ModelButton(Static):
    """The model that answers; a click opens the list."""

    class Pressed(Message):
        """The button was clicked."""

    def on_click(self, event: events.Click) -> None:
        """Say that the button was clicked."""
        event.stop()
        self.post_message(self.Pressed())


class ConnectionButton(Static):
    """The connection; a click opens the list of servers."""

    class Pressed(Message):
        """The button was clicked."""

    def on_click(self, event: events.Click) -> None:
        """Say that the button was clicked."""
        event.stop()
        self.post_message(self.Pressed())


class HeaderBar(Horizontal):
    """One row, told what to show through its reactives. It ticks only while a server is to be tried again."""

    DEFAULT_CSS = """
    HeaderBar {
        height: 1;
        background: $background;
        Static { height: 1; width: auto; text-wrap: nowrap; text-overflow: ellipsis; }
        #app-name { color: $text-primary; text-style: bold; padding: 0 1; min-width: 12; }
        #title { width: 1fr; min-width: 8; color: $text; padding: 0 1; }
        ModelButton {
            max-width: 42%;
            padding: 0 1;
            color: $text;
            background: $panel;
            pointer: pointer;
            &:hover { background: $block-cursor-background; color: $block-cursor-foreground; }
        }
        #connection {
            max-width: 34%;
            padding: 0 1;
            color: $text-muted;
            &.-connecting { color: $text-warning; }
            &.-unreachable, &.-reconnecting { color: $text-error; }
        }
        &.-narrow #app-name { display: none; }
    }
    """

    conversation_title: reactive[str] = reactive(UNTITLED)
    """The title of the open conversation, as it is stored."""

    model: reactive[str] = reactive("")
    """The name of the model that answers next; empty while none is chosen."""

    model_info: reactive[ModelInfo | None] = reactive(None)
    """What is known of that model; None while it is not known (or not installed)."""

    server: reactive[ServerState | None] = reactive(None)
    """The connection; None before the first attempt."""

    model_button = getters.query_one(ModelButton)

    think: reactive[Think | None] = reactive(None)
    """How much that model is told to think; None leaves it to the model."""

    server_name: reactive[str] = reactive("")
    """What the settings call that server; empty for one without a name."""

    missing_server: reactive[str] = reactive("")
    """What the open conversation calls a server that cannot be used; empty where there is none."""

    class ModelClicked(Message):
        """The model button was clicked."""

    class ServerClicked(Message):
        """The connection was clicked."""

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        """Make a bar.

        Args:
            clock: Monotonic seconds, the ones that `ServerState.retry_at` is in.
        """
        super().__init__()
        self._clock = clock
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Compose the four parts."""
        yield Static("ollama-tui", id="app-name", markup=False)
        yield Static("", id="title", markup=False)
        yield ModelButton("", id="model", markup=False)
        yield ConnectionButton("", id="connection", markup=False)

    def on_mount(self) -> None:
        """Prepare the tick, standing still."""
        self._timer = self.set_interval(1.0, self._show_server, pause=True)

    def on_resize(self, event: events.Resize) -> None:
        """Leave out what does not fit."""
        self.set_class(event.size.width < NARROW, "-narrow")
        self._show_model()
        self._show_server()

    def on_model_button_pressed(self, event: ModelButton.Pressed) -> None:
        """Pass the click on in the bar's own name."""
        event.stop()
        self.post_message(self.ModelClicked())

    def on_connection_button_pressed(self, event: ConnectionButton.Pressed) -> None:
        """Pass the click on in the bar's own name."""
        event.stop()
        self.post_message(self.ServerClicked())

    def watch_conversation_title(self, title: str) -> None:
        """Show the title."""
        line = sanitize_line(title) or UNTITLED
        widget = self.query_one("#title", Static)
        widget.update(Content(line))
        widget.tooltip = Content(line)

    def watch_model(self) -> None:
        """Show the model."""
        self._show_model()

    def watch_think(self) -> None:
        """Show how much the model thinks."""
        self._show_model()

    def watch_model_info(self) -> None:
        """Show what is known of the model."""
        self._show_model()

    def watch_server(self) -> None:
        """Show the connection."""
        self._show_server()

    def watch_server_name(self) -> None:
        """Show the connection."""
        self._show_server()

    def watch_missing_server(self) -> None:
        """Show the connection."""
        self._show_server()

    def _show_model(self) -> None:
        brief = self.has_class("-narrow") and self.think is not None
        info = None if brief else self.model_info
        room = self.size.width * _MODEL_PERCENT // 100 - 2 if self.size.width else None
        self.model_button.update(model_label(self.model, info, self.think, room))

    def _show_server(self) -> None:
        widget = self.query_one("#connection", Static)
        condition = self.server.condition if self.server else ServerCondition.CONNECTING
        if self.missing_server:
            condition = ServerCondition.UNREACHABLE
        for each in ServerCondition:
            widget.set_class(each is condition, f"-{each}")
        if self.missing_server:
            label, tooltip = missing_label(self.missing_server)
        else:
            room = self.size.width * _CONNECTION_PERCENT // 100 - 2 if self.size.width else None
            label, tooltip = connection_label(
                self.server,
                brief=self.has_class("-narrow"),
                name=self.server_name,
                room=room,
                now=self._clock(),
            )
        if self._timer is not None:
            waits = condition is ServerCondition.UNREACHABLE and not self.missing_server
            (self._timer.resume if waits else self._timer.pause)()
        widget.update(label)
        widget.tooltip = tooltip


def model_label(
    name: str, info: ModelInfo | None, think: Think | None = None, room: int | None = None
) -> Content:
    """Return what the model button says: `gemma3:4b · 4.3B Q4_K_M · think high ▾`.

    Where that is wider than `room` cells the figures go first, then the end of the name: what is told of
    thinking stays.
    """
    if not name:
        return Content.from_markup("Choose a model [$text-muted]▾[/]")
    shown = sanitize_line(name, 60)
    details = [info.parameter_size, info.quantization] if info else []
    words = " ".join(sanitize_line(each, 20) for each in details if each)
    figures = f" · {words}" if words else ""
    end = (f" · {THINKING[think]}" if think is not None else "") + " ▾"
    if room is not None and cell_len(shown + figures + end) > room:
        figures = ""
        shown = shorten(shown, max(_LEAST_NAME, room - cell_len(end)))
    return Content(shown) + Content.styled(figures + end, "$text-muted")


def missing_label(name: str) -> tuple[Content, Content]:
    """Return what the bar says, and its tooltip, where a conversation's server cannot be used."""
    shown = sanitize_line(name, 30)
    return Content(f"○ no server “{shown}”"), Content(
        f"This conversation is answered by the server {shown}, which the settings do not name. "
        "Choosing a model of another server changes that."
    )


def connection_label(
    server: ServerState | None,
    *,
    brief: bool = False,
    name: str = "",
    room: int | None = None,
    now: float | None = None,
) -> tuple[Content, Content]:
    """Return what is said of the connection, and the longer words of its tooltip.

    Args:
        server: The connection; None before the first attempt.
        brief: Leave the address out while there is no connection.
        name: Stands for the address; empty for a server without a name.
        room: Cells that there are; None for as many as it takes.
        now: Monotonic seconds, to say how long it is until the next try; None does not say it.
    """
    if server is None:
        return Content("◌ connecting…"), Content("Looking for a server.")
    address = sanitize_line(server.address, 60)
    place = sanitize_line(name, 30) or address
    if server.condition is ServerCondition.CONNECTING:
        return Content("◌ connecting…" if brief else f"◌ connecting… {place}"), Content(
            f"Connecting to {address}."
        )
    if server.condition is not ServerCondition.CONNECTED:
        error = server.error
        why = sanitize_line(f"{error.message} {error.hint}") if error else "No answer."
        label = _lost_label(server, "" if brief else f" {place}", room, now)
        return Content(label), Content(f"{address}: {why} It is tried again by itself; F9 tries at once.")
    dot = Content.styled("● ", "$text-success")
    if server.embedded:
        if server.engine_model:
            own = sanitize_line(server.engine_model, 40)
            return dot + Content(f"embedded engine · {own}"), Content(f"{own} answers inside ollama-tui.")
        return dot + Content("embedded engine · tiny model"), Content(
            "No Ollama server was found, so a tiny model answers inside ollama-tui. It gets facts wrong."
        )
    version = sanitize_line(server.version, 40)
    return dot + Content(place), Content(f"Connected to {address}, Ollama {version}".rstrip())


def _lost_label(server: ServerState, place: str, room: int | None, now: float | None) -> str:
    """Return what is said of a server that does not answer: why, and when it is tried again.

    Where there is no room for all of it the place goes first, then what is said of the tries.
    """
    reason = sanitize_line(server.error.reason, 20) if server.error else ""
    words = f"○ {reason}" if reason else "○ unreachable"
    if server.condition is ServerCondition.RECONNECTING:
        tries = [" · reconnecting…", " · again…"]
    elif server.retry_at is not None and now is not None:
        wait = f"{max(1, ceil(server.retry_at - now))} s"
        tries = [f" · reconnecting in {wait}", f" · again in {wait}", f" · {wait}"]
    else:
        tries = [""]
    labels = [f"{words}{place}{tries[0]}", *(f"{words}{each}" for each in tries), words]
    return next((each for each in labels if room is None or cell_len(each) <= room), words)
