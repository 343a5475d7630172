"""Conversations and models for the tests of what lists them."""

from tui.domain.conversation import Conversation, ConversationId
from tui.domain.model import ModelInfo

NOW = 1_790_000_000.0
"""A fixed moment: 21 September 2026."""

DAY = 86_400.0

HOSTILE = "[red]x[/] \x1b[31m\x1b]0;PWNED\x07\x9b31m " + "n" * 300
"""Markup, escape sequences and far too many characters."""


def conversation(number: int, title: str = "", *, age: float = 0.0, **others: bool) -> Conversation:
    return Conversation(
        ConversationId(f"{number:032x}"),
        title or f"Conversation {number}",
        NOW - age,
        NOW - age,
        pinned=others.get("pinned", False),
        unread=others.get("unread", False),
    )


def conversations(count: int) -> list[Conversation]:
    return [conversation(number, age=number * 600.0) for number in range(count)]


def model(name: str, *capabilities: str, **words: str) -> ModelInfo:
    return ModelInfo(
        name,
        size=3_338_801_804,
        parameter_size=words.get("parameters", "4.3B"),
        quantization=words.get("quantization", "Q4_K_M"),
        capabilities=frozenset({"completion", *capabilities}),
    )


def assert_harmless(text: str) -> None:
    """Fail if a terminal would obey something in `text`."""
    assert not [
        character
        for character in text
        if character != "\n" and not 0x20 <= ord(character) < 0x7F and (ord(character) < 0xA0)
    ]
