"""What an empty transcript says: what is the matter, and what to do next."""

from tui.domain.events import ServerCondition, ServerState
from tui.domain.text import sanitize_line


def empty_notice(state: ServerState | None, *, models_known: bool, model: str) -> str:
    """Return what a conversation without messages shows.

    Args:
        state: The connection; None before it is known.
        models_known: The server has said which models it has.
        model: The model that would answer; empty for none.
    """
    if state is None or state.condition is ServerCondition.CONNECTING:
        return "Looking for a model server…\n\nYou can begin to write; it is sent as soon as one answers."
    if state.condition is not ServerCondition.CONNECTED:
        error = state.error
        lines = [error.message, error.hint] if error else ["The server does not answer."]
        lines.append("The app keeps looking, and connects by itself. Saved conversations stay readable.")
        return "\n\n".join(line for line in lines if line)
    if models_known and not model:
        return (
            "This server has no models yet.\n\n"
            "F4 opens the model manager, which fetches one by its name: gemma3:4b, for example.\n\n"
            "Ctrl+L chooses it then."
        )
    lines = [
        "Ask anything: write below, Enter sends.",
        "Ctrl+L chooses the model · Ctrl+N begins anew · Ctrl+B shows saved conversations",
        "Ctrl+P finds every command · F1 shows every key",
    ]
    if state.embedded and state.engine_model:
        lines.append(f"The embedded engine answers with {sanitize_line(state.engine_model, 80)}.")
    elif state.embedded:
        lines.append(
            "No Ollama was found, so the embedded engine answers. Its model is tiny, a toy for trying "
            "things out: it gets facts wrong."
        )
    return "\n\n".join(lines)
