"""What stands where a conversation will be."""

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import Middle
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from tui.domain.events import ServerCondition, ServerState
from tui.domain.text import sanitize_line

DEFAULT_KEYS: Mapping[str, str] = {
    "model.choose": "Ctrl+L",
    "sidebar.toggle": "Ctrl+B",
    "app.palette": "Ctrl+P",
    "app.help": "F1",
}
"""The keys that are named until the live ones are told."""


class EmptyState(Middle):
    """Says what to do next, from what is known of the server and its models."""

    DEFAULT_CSS = """
    EmptyState {
        width: 1fr;
        height: 1fr;
        align: center middle;
        Static { width: auto; max-width: 72; height: auto; padding: 1 2; color: $text; }
    }
    """

    server: reactive[ServerState | None] = reactive(None)
    """The connection; None before the first attempt."""

    model_count: reactive[int | None] = reactive(None)
    """How many installed models can chat; None while it is not known."""

    model: reactive[str] = reactive("")
    """The model that would answer; empty while none is chosen."""

    keys: reactive[Mapping[str, str]] = reactive(DEFAULT_KEYS)
    """The keys of the commands that are named, for people, by the commands' ids."""

    def compose(self) -> ComposeResult:
        """Compose the words."""
        yield Static("", markup=False)

    def watch_server(self) -> None:
        """Say what to do now."""
        self._show()

    def watch_model_count(self) -> None:
        """Say what to do now."""
        self._show()

    def watch_model(self) -> None:
        """Say what to do now."""
        self._show()

    def watch_keys(self) -> None:
        """Name the other keys."""
        self._show()

    def _show(self) -> None:
        if self.is_mounted:
            words = empty_words(self.server, self.model_count, self.model, {**DEFAULT_KEYS, **self.keys})
            self.query_one(Static).update(words)


def empty_words(
    server: ServerState | None, model_count: int | None, model: str, keys: Mapping[str, str]
) -> Content:
    """Return what to do next."""
    if server is None or server.condition is ServerCondition.CONNECTING:
        return _page("Looking for a server…", ["You can already write; it is sent once there is one."])
    if server.condition is ServerCondition.UNREACHABLE:
        return _no_server(server)
    if model_count == 0:
        return _page(
            "The server has no models yet",
            ["In another terminal:  ollama pull gemma3", "It appears here by itself when it is there."],
        )
    if not model:
        return _page("Which model shall answer?", [f"{keys['model.choose']} lists those that are installed."])
    lines = [
        f"{sanitize_line(model, 60)} answers; {keys['model.choose']} chooses another.",
        f"{keys['sidebar.toggle']} shows your conversations, {keys['app.palette']} every command.",
        f"{keys['app.help']} shows every key.",
    ]
    if server.embedded:
        lines += ["", "This is a tiny model inside ollama-tui: good for a try, often wrong."]
    return _page("Ask anything", lines)


def _no_server(server: ServerState) -> Content:
    error = server.error
    lines = [sanitize_line(error.message), ""] if error else []
    if error and error.hint:
        lines.append(sanitize_line(error.hint))
    else:
        lines.append("Start Ollama (ollama serve), or install it from https://ollama.com/download.")
    lines.append("The connection is tried again and again; nothing you write is lost.")
    return _page(f"No server at {sanitize_line(server.address, 60)}", lines)


def _page(heading: str, lines: list[str]) -> Content:
    return Content("\n\n").join(
        [Content.styled(heading, "$text-primary bold"), Content.styled("\n".join(lines), "$text-muted")]
    )
