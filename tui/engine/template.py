"""The transcript that makes a conversation out of a base model, which knows no roles."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tui.engine.wire import Message

STOPS: Final = ("\nUser:", "\nAssistant:", "\nConversation ")
"""Where an answer ends: the model goes on with the transcript by itself."""

_INTRODUCTION: Final = (
    "These are conversations between a User and an Assistant. The Assistant is helpful, friendly and "
    "knowledgeable. It answers every question directly, with correct facts, in a few short sentences, "
    "and it remembers what the User has said in the same conversation."
)

EXAMPLES: Final[tuple[tuple[tuple[str, str], ...], ...]] = (
    (
        (
            "Write a short poem about rain.",
            "Soft rain is falling on the town,\nit paints the dusty rooftops brown;\n"
            "and when the clouds have gone away,\nthe sun comes out to end the day.",
        ),
        ("Why does the moon shine?", "The moon shines because it reflects the light of the sun."),
        (
            "Who was Marie Curie?",
            "Marie Curie was a Polish and French physicist and chemist who discovered radium and polonium.",
        ),
        ("When was she born?", "She was born on 7 November 1867 in Warsaw."),
        (
            "Show me a loop in Python.",
            "Here is a loop that prints the numbers from 0 to 4:\n"
            "```python\nfor i in range(5):\n    print(i)\n```",
        ),
    ),
    (
        ("Tell me a joke.", "Why did the scarecrow win a prize? Because he was outstanding in his field!"),
        ("What is the capital of Italy?", "The capital of Italy is Rome."),
        ("What is the population of that city?", "The population of Rome is about 2.8 million people."),
        ("Name three fruits.", "Three fruits are apples, bananas and oranges."),
        ("Which of them is yellow?", "Bananas are yellow."),
    ),
    (
        ("Hello! My name is Tom and I live in Oslo.", "Nice to meet you, Tom! How can I help you today?"),
        ("What is my name?", "Your name is Tom."),
        ("Where do I live?", "You live in Oslo."),
    ),
)
"""Short conversations that show the model how it is done; the first to leave a small context."""

_LABEL: Final = re.compile(
    r"^([ \t]*)(?=(?:user|assistant)[ \t]*:|conversation[ \t]+\d)", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is given to go on with."""

    text: str
    strip_start: bool
    """The answer begins with a space that does not belong to it."""


def render(messages: Sequence[Message], examples: int = len(EXAMPLES)) -> Prompt:
    """Write a conversation as a transcript that the model's answer continues.

    A last message of the assistant is continued rather than answered.

    Args:
        messages: The history; roles other than system, user and assistant are left out.
        examples: How many of the examples come first.
    """
    parts = [_INTRODUCTION]
    for number, example in enumerate(EXAMPLES[:examples], 1):
        turns = "\n\n".join(f"User: {asked}\nAssistant: {answer}" for asked, answer in example)
        parts.append(f"Conversation {number}\n\n{turns}")
    parts.append(f"Conversation {min(examples, len(EXAMPLES)) + 1}")
    parts += [f"The Assistant's instructions: {_said(item)}" for item in messages if item.role == "system"]
    text = "\n\n".join(parts)
    prefilled = ""
    for message in messages:
        if message.role == "user":
            text += f"\n\nUser: {_said(message)}"
        elif message.role == "assistant":
            text += f"\nAssistant: {_said(message)}"
            prefilled = message.content
    if messages and messages[-1].role == "assistant" and prefilled.strip():
        return Prompt(text, strip_start=prefilled[-1].isspace())
    return Prompt(text + "\nAssistant:", strip_start=True)


def _said(message: Message) -> str:
    """Return what was said, with no line in it that could be taken for somebody else's."""
    text = message.content.replace("\r\n", "\n").replace("\r", "\n").strip()
    return _LABEL.sub(r"\1> ", text)
