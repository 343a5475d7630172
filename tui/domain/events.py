"""What happened, for whoever shows it."""

from dataclasses import dataclass
from enum import StrEnum

from tui.domain.context import ContextPlan
from tui.domain.conversation import ConversationId, Message, MessageId, QueuedMessage
from tui.domain.errors import ContextQuestion, TuiError
from tui.domain.generation import Phase
from tui.domain.model import ModelInfo, RunningModel
from tui.domain.pull import Pull
from tui.domain.server import ServerReport


@dataclass(frozen=True, slots=True)
class GenerationStarted:
    """An answer was begun: its (empty) message and the user's message before it are in the store."""

    conversation_id: ConversationId
    user: Message | None
    """The message that asks; None when an answer is regenerated."""
    answer: Message


@dataclass(frozen=True, slots=True)
class GenerationUpdated:
    """More of an answer arrived. Texts only ever grow, so a later update replaces an earlier one."""

    conversation_id: ConversationId
    message_id: MessageId
    phase: Phase
    content: str
    """All of the answer so far."""
    thinking: str
    """All of the thinking so far."""
    tokens: int
    """Pieces of text received so far."""
    tokens_per_second: float | None
    """Speed over the answer so far; None before there is any."""
    started_at: float
    """Monotonic seconds when the request went out."""


@dataclass(frozen=True, slots=True)
class GenerationFinished:
    """An answer ended, one way or another; `answer.status` says which."""

    conversation_id: ConversationId
    answer: Message
    error: TuiError | None = None


@dataclass(frozen=True, slots=True)
class QueueChanged:
    """The messages that wait in a conversation changed."""

    conversation_id: ConversationId
    queued: tuple[QueuedMessage, ...]


@dataclass(frozen=True, slots=True)
class ConversationsChanged:
    """The list of conversations, or something shown in it, changed."""

    conversation_id: ConversationId | None = None
    """Which one; None when it may be any."""


@dataclass(frozen=True, slots=True)
class ModelsChanged:
    """The installed or loaded models are known anew."""

    models: tuple[ModelInfo, ...]
    running: tuple[RunningModel, ...]


@dataclass(frozen=True, slots=True)
class PullsChanged:
    """A model is being fetched, and how far it is."""

    pulls: tuple[Pull, ...]
    """All of them, also those that ended and were not put away, first come first."""


@dataclass(frozen=True, slots=True)
class WarmUpChanged:
    """A chosen model is being loaded, or no longer."""

    model: str
    started_at: float | None = None
    """Monotonic seconds when it began; None when it has ended."""
    error: TuiError | None = None
    """Why it could not be loaded."""


@dataclass(frozen=True, slots=True)
class ContextChanged:
    """Plans of what is sent may differ from now on: more is known of a model, or a summary was made."""

    conversation_id: ConversationId | None = None
    """Of which conversation; None when it may be any."""


@dataclass(frozen=True, slots=True)
class ContextUsed:
    """A request for an answer went out, and what it held."""

    conversation_id: ConversationId
    answer_id: MessageId
    plan: ContextPlan


@dataclass(frozen=True, slots=True)
class ContextAsked:
    """A message that waits cannot be sent before it is decided what is left out; it goes on waiting."""

    conversation_id: ConversationId
    question: ContextQuestion


@dataclass(frozen=True, slots=True)
class ContextMismatch:
    """The server counted a request quite differently than it was planned: the figures do not agree."""

    conversation_id: ConversationId
    answer_id: MessageId
    plan: ContextPlan
    counted: int
    """Tokens of the prompt, as the server counted it."""

    @property
    def trimmed(self) -> bool:
        """Whether it counted so little that it cannot have read all of it."""
        return self.counted < self.plan.estimate


class ServerCondition(StrEnum):
    """How the connection to the server is."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    UNREACHABLE = "unreachable"
    """It did not answer, and is left alone until the next try."""
    RECONNECTING = "reconnecting"
    """It did not answer, and is being tried again."""


@dataclass(frozen=True, slots=True)
class ServerState:
    """The server in use and how the connection to it is."""

    condition: ServerCondition
    address: str
    """Host and port, for people."""
    version: str = ""
    embedded: bool = False
    """It is the embedded engine."""
    engine_model: str = ""
    """The model file that the embedded engine was given; empty for the tiny model that comes with it."""
    error: TuiError | None = None
    """Why it is unreachable, or was when it was tried last."""
    retry_at: float | None = None
    """Monotonic seconds when it is tried again; None unless it is unreachable."""


@dataclass(frozen=True, slots=True)
class ServerStateChanged:
    """The connection changed."""

    state: ServerState


@dataclass(frozen=True, slots=True)
class ServersChanged:
    """What the configured servers say of themselves is known anew."""

    servers: tuple[ServerReport, ...]


@dataclass(frozen=True, slots=True)
class StoreStateChanged:
    """Writing to the store began to fail, or works again."""

    error: TuiError | None
    """Why it fails; None when it works."""


Event = (
    GenerationStarted
    | GenerationUpdated
    | GenerationFinished
    | QueueChanged
    | ConversationsChanged
    | ModelsChanged
    | PullsChanged
    | WarmUpChanged
    | ServerStateChanged
    | ServersChanged
    | StoreStateChanged
    | ContextChanged
    | ContextUsed
    | ContextAsked
    | ContextMismatch
)
"""Everything that is published."""
