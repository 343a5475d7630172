"""What goes wrong when models are fetched and made, in words; and the lines of such streams."""

import re
from dataclasses import dataclass
from typing import Final

from tui.backends import failures, mapping
from tui.backends.failures import Subject
from tui.domain.errors import (
    AnswerInterrupted,
    BadRequest,
    ModelMissing,
    ServerFailed,
    ServerRefused,
    TuiError,
)
from tui.domain.pull import PullStep
from tui.domain.text import sanitize_line


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    error: type[TuiError]
    message: str
    """`{model}` and `{text}` are replaced."""
    hint: str


def _rule(pattern: str, error: type[TuiError], message: str, hint: str) -> _Rule:
    return _Rule(re.compile(pattern, re.IGNORECASE), error, message, hint)


_RULES: Final = (
    _rule(
        r"no space left|disk quota|not enough (disk )?space",
        ServerFailed,
        "The server's disk is full.",
        "Delete models that are not needed, then fetch it again: what has arrived is kept.",
    ),
    _rule(
        r"max retries exceeded|unexpected EOF|i/o timeout|TLS handshake timeout|connection reset",
        ServerFailed,
        "The registry stopped answering the server.",
        "Resume it when the registry answers again: what has arrived is kept.",
    ),
    _rule(
        r"no such host|server misbehaving|dial tcp: lookup",
        ServerFailed,
        "The server cannot find the model registry: it has no connection to the internet, or no name server.",
        "Check the network of the machine that Ollama runs on, then resume.",
    ),
    _rule(
        r"dial tcp|network is unreachable|connection refused",
        ServerFailed,
        "The server cannot reach the model registry.",
        "Check the network of the machine that Ollama runs on, then resume.",
    ),
    _rule(
        r"manifest: file does not exist|manifest unknown|repository name not known|model .*not found",
        ModelMissing,
        "The registry has no model {model}.",
        "Check the spelling and the tag. Names are listed on ollama.com/library; from Hugging Face they "
        "are hf.co/USER/REPOSITORY.",
    ),
    _rule(
        r"unauthorized|access denied|authentication required|\b401\b|\b403\b",
        ServerRefused,
        "The registry does not give {model} to everybody.",
        "Check the spelling. A private model needs a key that is known on the machine that Ollama runs on.",
    ),
    _rule(
        r"newer version of ollama|\b412\b",
        ServerFailed,
        "This model needs a newer Ollama.",
        "Update Ollama on the server, then fetch it again.",
    ),
    _rule(
        r"invalid model name|invalid name|\" is invalid|model is required|missing request body",
        BadRequest,
        "“{model}” is not a name that a model can have.",
        "Names look like gemma3:4b, user/model:tag or hf.co/user/repository:Q4_K_M.",
    ),
    _rule(
        r"digest mismatch",
        ServerFailed,
        "What arrived is damaged.",
        "Fetch it again.",
    ),
)


def step(line: bytes, subject: Subject, *, begun: bool) -> PullStep:
    """Return what a line of a pull says.

    Raises:
        TuiError: it says what went wrong, or nothing that makes sense.
    """
    value = mapping.parse_object(line)
    if value is None and begun and line.startswith(b"{"):
        raise cut()
    if value is not None and value.get("error"):
        raise named(failures.innermost(value["error"]), subject) or failures.from_line(
            value["error"], subject
        )
    found = mapping.pull_step(value) if value is not None else None
    if found is None:
        raise failures.garbled(line) if begun else failures.not_ollama(line, subject)
    return found


def named(text: str, subject: Subject) -> TuiError | None:
    """Return the error that a server's words mean where a model is fetched, copied or made, or None."""
    name = sanitize_line(subject.model, 80)
    for rule in _RULES:
        if rule.pattern.search(text):
            return rule.error(rule.message.format(model=name or "of this name"), rule.hint)
    return None


def cut() -> AnswerInterrupted:
    """Return the error of a stream that ended before the server said that it is done."""
    return AnswerInterrupted(
        "The connection was cut before everything was there.", "Resume it: what has arrived is kept."
    )
