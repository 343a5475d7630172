"""From what went wrong on the wire to what a person is told."""

import json
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httpx

from tui.backends import thinking
from tui.domain.errors import (
    REFUSED,
    BadRequest,
    CapabilityMissing,
    ContextOverflow,
    ModelMissing,
    NotAnOllamaServer,
    ServerBusy,
    ServerFailed,
    ServerRefused,
    ServerUnreachable,
    SightMissing,
    ThinkingRefused,
    TuiError,
)
from tui.domain.text import sanitize_line

_MESSAGE_LIMIT: Final = 400

_CHOOSE: Final = "Choose another model with Ctrl+L"

_CLOSED: Final = re.compile(r"disconnected|peer closed", re.IGNORECASE)

_LOG: Final = "Try again; if it happens again, the log of the Ollama server says more."

_SHORTEN: Final = (
    "Shorten the message, begin a new conversation with Ctrl+N or give the model a larger context "
    "window (num_ctx)."
)

_CHECK_ADDRESS: Final = "Check the address: --host, OLLAMA_HOST or the settings."


@dataclass(frozen=True, slots=True)
class Subject:
    """What a request was about, for the words of an error."""

    address: str
    """Host and port, for people."""
    model: str = ""
    embedded: bool = False
    """The server is the embedded engine, which cannot pull models."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What is sent to the server and must not be told, should it repeat it."""

    def scrubbed(self, text: str) -> str:
        """Return words of the server without the secrets in them."""
        for secret in self.secrets:
            text = text.replace(secret, "…")
        return text


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a text in a server's error means."""

    pattern: re.Pattern[str]
    error: type[TuiError]
    hint: str
    """`{model}` is replaced by the name of the model that was asked."""


def _rule(pattern: str, error: type[TuiError], hint: str) -> _Rule:
    return _Rule(re.compile(pattern, re.IGNORECASE), error, hint)


_COUNTED: Final = re.compile(r"request \((\d{1,12}) tokens\).*context size \((\d{1,12}) tokens\)")

_RULES: Final = (
    _rule(
        r"exceed_context_size|exceeds the (available )?context|longer than the context|"
        r"input length exceeds|context length exceeded",
        ContextOverflow,
        _SHORTEN,
    ),
    _rule(
        r"does not support thinking|thinking is not supported",
        ThinkingRefused,
        "Switch thinking off for this conversation with F8, or choose a model that thinks with Ctrl+L.",
    ),
    _rule(r"does not support tools", CapabilityMissing, f"{_CHOOSE}: one that can use tools."),
    _rule(
        r"multimodal|does not support (images?|vision)|missing data required for image|image input is not",
        SightMissing,
        f"{_CHOOSE}: one that sees images, or send the message without them.",
    ),
    _rule(r"does not support (chat|generate|completion)", CapabilityMissing, f"{_CHOOSE}: one that chats."),
    _rule(
        r"cloud is disabled|remote model is unavailable",
        ServerRefused,
        f"This server may not use cloud models (OLLAMA_NO_CLOUD). {_CHOOSE}: one that runs locally.",
    ),
    _rule(
        r"maximum pending requests|server busy|too many requests",
        ServerBusy,
        "Wait until other answers have ended, then try again. OLLAMA_MAX_QUEUE on the server sets how many "
        "may wait.",
    ),
    _rule(
        r"dial tcp|no such host|server misbehaving|max retries exceeded",
        ServerFailed,
        "The Ollama server cannot reach the model registry. Check its connection to the internet, then try "
        "again: a pull goes on where it stopped.",
    ),
    _rule(
        r"pull model manifest: file does not exist|model .*not found|try pulling it first",
        ModelMissing,
        f"{_CHOOSE}, or fetch it with F4 (ollama pull {{model}}).",
    ),
    _rule(r"invalid model name|model is required", BadRequest, f"{_CHOOSE}."),
    _rule(
        r"more system memory|out of memory|cudamalloc|unable to allocate|insufficient memory|signal: killed",
        ServerFailed,
        f"{_CHOOSE}: a smaller one, or make the context window (num_ctx) smaller.",
    ),
    _rule(
        r"newer version of ollama|not supported by your version|unknown model architecture",
        ServerFailed,
        "Update the Ollama server, or choose another model with Ctrl+L.",
    ),
    _rule(
        r"invalid think value|think must be|think value .* is not supported|\.think of type bool",
        ThinkingRefused,
        "Choose another amount of thinking with F8; what was refused is not offered for this model again.",
    ),
    _rule(
        r"invalid duration",
        BadRequest,
        "Write how long a model stays loaded (keep_alive) as 5m, 1h, a number of seconds, or -1 for ever.",
    ),
    _rule(
        r"^option \"|invalid format|invalid option",
        BadRequest,
        "Correct this option of the conversation, or unset it.",
    ),
    _rule(
        r"image.*base64|image\w*data|failed to process (inputs|image)|image: unknown format",
        BadRequest,
        "Send the picture as PNG or JPEG.",
    ),
    _rule(
        r"while running the model|runner .*(terminated|stopped|crashed)",
        ServerFailed,
        "The model stopped working on the server; it is loaded anew when you try again.",
    ),
)

_BY_STATUS: Final[Mapping[int, tuple[type[TuiError], str, str]]] = {
    401: (
        ServerRefused,
        "wants to know who is asking",
        "Set OLLAMA_API_KEY, name a token for this server in the settings, or put user name and password "
        "into the URL in OLLAMA_HOST.",
    ),
    403: (
        ServerRefused,
        "refused the request",
        "Ollama answers only to names it knows: reach it by its IP address, or set OLLAMA_HOST and "
        "OLLAMA_ORIGINS where it runs.",
    ),
    408: (ServerUnreachable, "took too long", "Try again."),
    413: (BadRequest, "says that the request is too large", "Send fewer or smaller attachments."),
    429: (ServerBusy, "has too many requests", "Wait a moment, then try again."),
    502: (ServerUnreachable, "could not be reached through its proxy", "Check that Ollama runs behind it."),
    503: (ServerBusy, "is busy", "Wait until other answers have ended, then try again."),
    504: (
        ServerUnreachable,
        "did not answer its proxy in time",
        "Try again, or raise the proxy's time limit.",
    ),
}


def from_response(
    status: int, headers: Mapping[str, str], body: bytes, subject: Subject, *, path: str
) -> TuiError:
    """Return the error that an answer other than 200 means."""
    text = stated_error(body)
    text = None if text is None else subject.scrubbed(text)
    if text is not None and status not in (401, 429) and (error := _by_text(text, subject)) is not None:
        return error
    if 300 <= status < 400:
        return _redirected(headers, subject)
    if text is None and subject.embedded and status in (404, 405, 501):
        return CapabilityMissing(
            "The embedded engine cannot do this.",
            "Install Ollama from https://ollama.com/download; this app finds it by itself.",
        )
    if text is None and status in (404, 405, 501):
        return NotAnOllamaServer(
            f"What answers at {subject.address} has no {path} ({status}): it is not an Ollama server, or a "
            "very old one.",
            _CHECK_ADDRESS,
            reason="not Ollama",
        )
    return _by_status(status, text or "", subject)


def from_line(value: object, subject: Subject) -> TuiError:
    """Return the error that an `error` in an answer with status 200 means."""
    text = subject.scrubbed(innermost(value))
    error = _by_text(text, subject)
    return error if error is not None else ServerFailed(_shown(text) or "The server reported an error.", _LOG)


def from_transport(error: Exception, subject: Subject) -> TuiError:
    """Return the error that a broken connection means; the message is never the library's."""
    address = subject.address
    if isinstance(error, (httpx.ConnectTimeout, httpx.PoolTimeout)):
        return ServerUnreachable(
            f"{address} does not answer: no connection within 5 seconds.",
            f"Check that the machine is on and that no firewall is between. {_CHECK_ADDRESS}",
            reason="no answer",
        )
    if isinstance(error, (TimeoutError, httpx.TimeoutException)):
        return ServerUnreachable(
            f"{address} took too long to answer.", "Try again; it may be overloaded.", reason="too slow"
        )
    if isinstance(error, httpx.ConnectError):
        return _not_connected(error, subject)
    if isinstance(error, httpx.RemoteProtocolError) and _CLOSED.search(str(error)):
        return ServerUnreachable(f"{address} closed the connection without an answer.", "Try again.")
    if isinstance(error, (httpx.RemoteProtocolError, httpx.DecodingError)):
        return NotAnOllamaServer(
            f"What answers at {address} does not speak HTTP as Ollama does: {_shown(str(error), 120)}",
            _CHECK_ADDRESS,
            reason="not Ollama",
        )
    if isinstance(error, (httpx.LocalProtocolError, httpx.UnsupportedProtocol)):
        return BadRequest("The request could not be sent as it is.", "Check the headers in the settings.")
    return ServerUnreachable(f"The connection to {address} broke.", "Try again.")


def not_ollama(data: bytes, subject: Subject) -> NotAnOllamaServer:
    """Return the error that an answer means which is not the JSON of the Ollama API."""
    start = subject.scrubbed(data[:1000].decode("utf-8", "replace"))[:200].strip()
    kind = "a web page" if start.lower().startswith(("<!doctype", "<html", "<?xml")) else "something else"
    return NotAnOllamaServer(
        f"{subject.address} answered with {kind}, not as an Ollama server would"
        + (f": {_shown(start, 60)}" if start else "."),
        _CHECK_ADDRESS,
        reason="not Ollama",
    )


def garbled(data: bytes) -> ServerFailed:
    """Return the error that a line means which makes no sense in the middle of an answer."""
    start = _shown(data[:200].decode("utf-8", "replace"), 60)
    return ServerFailed(f"The answer broke off in something that is not an answer: {start}", _LOG)


def innermost(value: object) -> str:
    """Return the text inside nested errors: servers wrap their runner's JSON in JSON strings."""
    for _ in range(8):
        if isinstance(value, str):
            stripped = value.strip()
            if not stripped.startswith("{"):
                return stripped
            try:
                value = json.loads(stripped)
            except (ValueError, RecursionError):
                return stripped
        if not isinstance(value, dict):
            break
        inner = value.get("error", value.get("message", value.get("detail")))
        if not inner:
            break
        value = inner
    return value if isinstance(value, str) else json.dumps(value) if value else ""


def stated_error(body: bytes) -> str | None:
    """Return the text of the error object that `body` is, or None when it is not one."""
    try:
        value = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return innermost(value) if isinstance(value, dict) and value.get("error") else None


def _by_text(text: str, subject: Subject) -> TuiError | None:
    for rule in _RULES:
        if rule.pattern.search(text):
            if rule.error is ContextOverflow:
                return _too_long(text, rule.hint)
            if rule.error is ThinkingRefused:
                return ThinkingRefused(_shown(text), rule.hint, taken=thinking.taken(text))
            reason = "busy" if rule.error is ServerBusy else ""
            return rule.error(_shown(text), _hint(rule, subject), reason=reason)
    return None


def _too_long(text: str, hint: str) -> ContextOverflow:
    counted = _COUNTED.search(text)
    tokens, window = (int(counted[1]), int(counted[2])) if counted else (None, None)
    return ContextOverflow(_shown(text), hint, prompt_tokens=tokens, window=window)


def _hint(rule: _Rule, subject: Subject) -> str:
    if rule.error is not ModelMissing:
        return rule.hint
    if subject.embedded:
        return f"{_CHOOSE}."
    return rule.hint.format(model=_shown(subject.model, 120) or "NAME")


def _by_status(status: int, text: str, subject: Subject) -> TuiError:
    kind, words, hint = _BY_STATUS.get(status, _class_of(status))
    shown = _shown(text)
    message = f"The server at {subject.address} {words} ({status})."
    if shown:
        # What a server says of these alone (“unauthorized”) does not tell who refused what.
        message = f"{message[:-1]}: {shown}" if status in _BY_STATUS else shown
    return kind(_shown(message), hint, reason=str(status))


def _class_of(status: int) -> tuple[type[TuiError], str, str]:
    if status == 404:
        return ModelMissing, "does not have it", f"{_CHOOSE}."
    if 400 <= status < 500:
        return BadRequest, "did not accept the request", "Check the options of this conversation."
    return ServerFailed, "broke down", _LOG


def _redirected(headers: Mapping[str, str], subject: Subject) -> NotAnOllamaServer:
    """Nothing is sent where a server points to: that would be another host than the user named."""
    try:
        target = urlsplit(headers.get("location", ""))
        place = f"{target.scheme}://{target.hostname}" if target.hostname else ""
    except ValueError:
        place = ""
    return NotAnOllamaServer(
        f"{subject.address} points to another address" + (f": {_shown(place, 120)}" if place else "."),
        "If you trust that address, name it as the host.",
        reason="redirect",
    )


def _not_connected(error: Exception, subject: Subject) -> ServerUnreachable:
    address = subject.address
    cause = _root(error)
    text = str(cause).lower()
    if isinstance(cause, ssl.SSLError):
        why = getattr(cause, "verify_message", "") or getattr(cause, "reason", "") or "no common protocol"
        return ServerUnreachable(
            f"No secure connection to {address}: {_shown(why, 120)}",
            "Check the certificate (ca_file in the settings names one to trust), or whether the host should "
            "start with http:// instead of https://.",
            reason="TLS",
        )
    if isinstance(cause, socket.gaierror):
        return ServerUnreachable(
            f"There is no host of this name: {address}.", _CHECK_ADDRESS, reason="unknown host"
        )
    if subject.embedded:
        return ServerUnreachable(
            "The embedded engine does not answer.", "It starts again by itself: try again."
        )
    if isinstance(cause, ConnectionRefusedError) or "refused" in text or "all connection attempts" in text:
        return ServerUnreachable(
            f"Nothing listens at {address}.",
            "Start Ollama there (ollama serve), or name another host.",
            reason=REFUSED,
        )
    return ServerUnreachable(f"{address} cannot be reached: {_shown(_reason(cause), 120)}", _CHECK_ADDRESS)


def _root(error: BaseException) -> BaseException:
    """Return what an error came from first."""
    for _ in range(10):
        cause = error.__cause__ or error.__context__
        if cause is None:
            break
        error = cause
    if isinstance(error, BaseExceptionGroup):
        return _root(error.exceptions[0])
    return error


def _reason(error: BaseException) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__


def _shown(text: str, limit: int = _MESSAGE_LIMIT) -> str:
    return sanitize_line(text, limit)
