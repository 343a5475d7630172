"""What the readable exports, Markdown and HTML, say in the same words."""

from collections.abc import Mapping
from datetime import datetime

from tui.domain.conversation import Attachment, Message, MessageStatus, Role
from tui.domain.text import sanitize, sanitize_line

_NAMES = {Role.USER: "You", Role.SYSTEM: "System", Role.TOOL: "Tool", Role.ASSISTANT: "Assistant"}
_UNITS = ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB"))


def when(time: float) -> str:
    """Return a time as people here read it; nothing for one that no calendar has."""
    try:
        return datetime.fromtimestamp(time).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return ""


def speaker(message: Message) -> str:
    """Return who a message is from."""
    if message.role is Role.ASSISTANT and message.model:
        return sanitize_line(message.model, 100)
    if message.role is Role.TOOL and message.tool_name:
        return f"Tool {sanitize_line(message.tool_name, 100)}"
    return _NAMES[message.role]


def thought(message: Message) -> str:
    """Return the heading of a message's thinking."""
    seconds = message.stats.thinking_seconds
    return f"Thought for {seconds:.1f} s" if seconds is not None else "Thinking"


def figures(message: Message) -> str:
    """Return what an answer cost; empty where nothing is known."""
    stats = message.stats
    parts: list[str] = []
    if stats.tokens_per_second is not None:
        parts.append(f"{stats.tokens_per_second:.0f} tokens/s")
    if stats.answer_tokens is not None:
        parts.append(f"{stats.answer_tokens:,} tokens")
    if stats.prompt_tokens is not None:
        parts.append(f"prompt {stats.prompt_tokens:,} tokens")
    if stats.total_seconds is not None:
        parts.append(f"{stats.total_seconds:.1f} s")
    if message.stop_reason and message.stop_reason != "stop":
        parts.append(f"ended: {sanitize_line(message.stop_reason, 40)}")
    return " · ".join(parts)


def ending(message: Message) -> str:
    """Return how a message ended that is not complete; empty for one that is."""
    if message.status is MessageStatus.COMPLETE:
        return ""
    status = MessageStatus.INTERRUPTED if message.status is MessageStatus.STREAMING else message.status
    reason = sanitize_line(message.error)
    return f"{status.value}: {reason}" if reason else status.value


def text_of(attachment: Attachment, attachments: Mapping[str, bytes]) -> str | None:
    """Return the text of an attached file as it is shown; None for one that is no text, or not there."""
    data = attachments.get(attachment.digest)
    if data is None or not attachment.media_type.startswith("text/"):
        return None
    return sanitize(data.decode("utf-8", "replace")).strip("\n")


def described(attachment: Attachment) -> str:
    """Return the name, kind and size of an attachment."""
    name = sanitize_line(attachment.name, 100)
    return f"{name} ({sanitize_line(attachment.media_type, 60)}, {_size(attachment.size)})"


def _size(size: int) -> str:
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} bytes"
