"""A conversation as Markdown, for reading."""

import re
from collections.abc import Mapping
from typing import Final

from tui.domain.conversation import Message, active_path
from tui.domain.text import sanitize, sanitize_line
from tui.domain.whole import WholeConversation
from tui.services.transfer.readable import described, ending, figures, speaker, text_of, thought, when

_MARKS: Final = re.compile(r"([\\`*_{}\[\]<>#|])")

_ENDS: Final = re.compile(r"<(?=/?(?:details|summary|blockquote)\b)", re.IGNORECASE)


def render_markdown(whole: WholeConversation) -> str:
    """Return the branch of a conversation that is shown, as Markdown."""
    conversation = whole.conversation
    about = " · ".join(
        part for part in (when(conversation.created_at), sanitize_line(conversation.model, 100)) if part
    )
    parts = [f"# {_plain(conversation.title)}", f"*{_plain(about)}*" if about else ""]
    if conversation.system.strip():
        parts.append(_folded("System prompt", conversation.system))
    for message in active_path(whole.messages, conversation.active_leaf):
        parts += _message(message, whole.attachments)
    return "\n\n".join(part for part in parts if part) + "\n"


def _message(message: Message, attachments: Mapping[str, bytes]) -> list[str]:
    heading = " · ".join(part for part in (_plain(speaker(message)), when(message.created_at)) if part)
    parts = [f"## {heading}"]
    if message.thinking.strip():
        parts.append(_folded(thought(message), message.thinking))
    parts.append(sanitize(message.content).strip("\n"))
    for attachment in message.attachments:
        parts.append(f"- Attachment: {_plain(described(attachment))}")
        text = text_of(attachment, attachments)
        if text is not None:
            parts.append(_fenced(text, ""))
    if message.tool_calls:
        parts.append(_fenced(sanitize(message.tool_calls), "json"))
    last = " · ".join(part for part in (ending(message), figures(message)) if part)
    if last:
        parts.append(f"*{_plain(last)}*")
    return parts


def _plain(line: str) -> str:
    """Return a line in which Markdown sees no marks."""
    return _MARKS.sub(r"\\\1", sanitize_line(line))


def _folded(summary: str, text: str) -> str:
    """Return a section that is folded away: a quotation in which nothing ends it."""
    harmless = _ENDS.sub("&lt;", sanitize(text).strip())
    quoted = "\n".join(f"> {line}".rstrip() for line in harmless.split("\n"))
    return f"<details>\n<summary>{summary}</summary>\n\n{quoted}\n\n</details>"


def _fenced(code: str, language: str) -> str:
    fence = "```"
    while fence in code:
        fence += "`"
    return f"{fence}{language}\n{code}\n{fence}"
