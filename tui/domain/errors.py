"""What can go wrong, each with what happened and what to do next."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tui.domain.context import ContextPlan
    from tui.domain.generation import Think


REFUSED: Final = "refused"
"""The reason where nothing listens."""


class TuiError(Exception):
    """Something went wrong that a person should be told of.

    Attributes:
        message: What happened, in one sentence.
        hint: What to do about it; may be empty.
        reason: What happened in a word or two, where there is no room for more; may be empty.
        retryable: Trying the same again can help.
    """

    retryable = False

    def __init__(self, message: str, hint: str = "", *, reason: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.reason = reason


class ServerUnreachable(TuiError):
    """No answer from the server: refused, unknown host, timeout, TLS."""

    retryable = True


class NotAnOllamaServer(TuiError):
    """Something answered that does not speak the Ollama API."""


class ServerRefused(TuiError):
    """The server answered 401 or 403."""


class ServerBusy(TuiError):
    """The server's queue is full (503)."""

    retryable = True


class ServerFailed(TuiError):
    """The server, or the model's runner, broke down while it worked (5xx or an error line)."""

    retryable = True


class AnswerInterrupted(TuiError):
    """The stream ended before the server said `done`: the answer is not complete."""

    retryable = True


class ModelMissing(TuiError):
    """The server does not have the model."""


class CapabilityMissing(TuiError):
    """The model cannot do what was asked of it: images, thinking, tools."""


class SightMissing(CapabilityMissing):
    """The model cannot see pictures."""


class BadRequest(TuiError):
    """The server did not accept the request."""


class ThinkingRefused(CapabilityMissing):
    """The model cannot be told this of thinking.

    Attributes:
        taken: What the server says that it takes; None where it does not say.
    """

    def __init__(
        self, message: str, hint: str = "", *, reason: str = "", taken: "tuple[Think, ...] | None" = None
    ) -> None:
        super().__init__(message, hint, reason=reason)
        self.taken = taken


class ContextOverflow(TuiError):
    """The request is longer than the context window, as the server counts it.

    Attributes:
        prompt_tokens: How long the server found the request; None where it did not say.
        window: The context window in force, in tokens; None where it did not say.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        reason: str = "",
        prompt_tokens: int | None = None,
        window: int | None = None,
    ) -> None:
        super().__init__(message, hint, reason=reason)
        self.prompt_tokens = prompt_tokens
        self.window = window


class ContextQuestion(TuiError):
    """Something would be left out of a request, or would not fit, that was not agreed to. Nothing was sent.

    Attributes:
        plan: What would be sent and what not.
    """

    def __init__(self, message: str, hint: str, plan: "ContextPlan") -> None:
        super().__init__(message, hint)
        self.plan = plan


class StoreUnavailable(TuiError):
    """The conversation store cannot be opened or written."""


class ConversationGone(StoreUnavailable):
    """The conversation or message was deleted, perhaps in another window."""


class Overtaken(TuiError):
    """What was done has been changed again since, and cannot be taken back by itself any more."""


class WrittenElsewhere(TuiError):
    """Another window is writing an answer in the conversation."""


class NoLongerQueued(TuiError):
    """A message that waited was sent or taken back meanwhile, perhaps in another window."""


class StoreCorrupt(StoreUnavailable):
    """The file is not a database, or a damaged one. It was kept as it is."""


class StoreTooNew(StoreUnavailable):
    """The store was written by a newer version. It was not touched."""


class EngineFailed(TuiError):
    """The embedded engine could not start or has died."""

    retryable = True


class SettingsError(TuiError):
    """The settings cannot be used: an unreadable file, an unknown key, a bad value."""


class FileUnusable(TuiError):
    """A file cannot be read for an import, or not be written by an export."""


class FileInTheWay(FileUnusable):
    """A file that was to be written exists already."""
