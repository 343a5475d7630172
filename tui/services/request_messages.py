"""The messages of a request, as templates expect them."""

from collections.abc import Sequence
from dataclasses import replace

from tui.domain.attachment import is_picture
from tui.domain.conversation import Message, MessageHead, Role
from tui.domain.generation import ChatMessage


def merged(messages: Sequence[ChatMessage]) -> tuple[ChatMessage, ...]:
    """Return messages with those in a row that are from the same side made one.

    Templates expect questions and answers in turn; a question whose answer never came is followed by
    another.
    """
    result: list[ChatMessage] = []
    for message in messages:
        last = result[-1] if result else None
        if last is not None and last.role == message.role and message.role in (Role.USER, Role.ASSISTANT):
            result[-1] = replace(
                last,
                content="\n\n".join(part for part in (last.content, message.content) if part),
                images=(*last.images, *message.images),
                thinking=message.thinking,
            )
        else:
            result.append(message)
    return tuple(result)


def thinking_to_go_on_with(path: Sequence[Message | MessageHead]) -> str:
    """Return the thinking of an answer that is gone on with: only there a template has a use for it."""
    last = path[-1] if path else None
    return last.thinking if isinstance(last, Message) and last.role is Role.ASSISTANT else ""


def without_images(message: Message) -> Message:
    """Return a message as it is without its images."""
    kept = tuple(each for each in message.attachments if not is_picture(each))
    return replace(message, attachments=kept)
