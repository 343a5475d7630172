"""What a conversation asks its answers with, besides messages and model."""

from dataclasses import dataclass, field, replace
from typing import Final

from tui.domain.conversation import ContextPolicy, Conversation
from tui.domain.generation import Options, Think


@dataclass(frozen=True, slots=True)
class Setup:
    """The settings of a conversation; what is not set is left to model and server."""

    system: str = ""
    """The system prompt; empty for none."""
    options: Options = field(default_factory=Options)
    think: Think | None = None
    """How much the model thinks; None leaves it to the model."""
    keep_alive: str = ""
    """How long the model stays loaded, for example `10m`; empty takes what the settings say."""
    answer_format: str = ""
    """The form of the answers: empty for any, `json`, or a JSON schema."""
    policy: ContextPolicy = ContextPolicy.DROP_OLDEST


UNSET: Final = Setup()
"""Settings of which none is set."""


def setup_of(conversation: Conversation) -> Setup:
    """Return the settings of a conversation."""
    return Setup(
        system=conversation.system,
        options=conversation.options,
        think=conversation.think,
        keep_alive=conversation.keep_alive,
        answer_format=conversation.answer_format,
        policy=conversation.policy,
    )


def with_setup(conversation: Conversation, setup: Setup) -> Conversation:
    """Return a conversation with other settings."""
    return replace(
        conversation,
        system=setup.system,
        options=setup.options,
        think=setup.think,
        keep_alive=setup.keep_alive,
        answer_format=setup.answer_format,
        policy=setup.policy,
    )
