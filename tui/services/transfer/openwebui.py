"""Conversations of an Open WebUI export.

Source of the format: https://docs.openwebui.com/features/chat-conversations/data-controls/import-export
"""

import html
import json
import re
from hashlib import sha256
from typing import Final

from tui.domain.conversation import MessageStatus, Role
from tui.domain.generation import Stats
from tui.services.transfer.found import BadConversation, FoundConversation
from tui.services.transfer.pictures import pictures_in, with_note
from tui.services.transfer.tree import ROLES, Frame, Node, build, chained
from tui.services.transfer.untrusted import Json, count, items, mapping, number, options_from, text, time_of

_REASONING: Final = re.compile(
    r'<details type="reasoning"[^>]*>\s*(?:<summary>[^<]*</summary>)?(.*?)</details>\s*', re.DOTALL
)


def read_open_webui(value: Json, now: float) -> FoundConversation:
    """Return the conversation in an element of the file, in the standard or the legacy form.

    Raises:
        BadConversation: It is not one.
    """
    chat = mapping(value.get("chat")) or value
    history = mapping(chat.get("history"))
    title = text(value.get("title")) or text(chat.get("title"))
    found = history.get("messages")
    if isinstance(found, dict):
        nodes = [_node(key, each, now, title) for key, each in found.items()]
    else:
        nodes = [
            _node(str(place), each, now, title) for place, each in enumerate(items(chat.get("messages")))
        ]
        for node in nodes:
            node.parent = None
        chained(nodes)
    parameters = mapping(chat.get("params"))
    models = [name for name in items(chat.get("models")) if isinstance(name, str)]
    frame = Frame(
        origin=f"open-webui:{text(value.get('id')) or text(chat.get('id')) or _digest(chat)}",
        title=title,
        created_at=time_of(value.get("created_at"), now) or time_of(chat.get("timestamp"), now),
        updated_at=time_of(value.get("updated_at"), now),
        leaf=text(history.get("currentId")) or None,
        model=models[0] if models else "",
        system=text(chat.get("system")) or text(parameters.get("system")),
        options=options_from(parameters),
        pinned=value.get("pinned") is True,
    )
    return build(frame, nodes, now)


def _node(key: str, found: object, now: float, title: str) -> Node:
    if not isinstance(found, dict):
        raise BadConversation(f"the message “{key[:60]}” is no object", title)
    role = ROLES.get(text(found.get("role")))
    if role is None:
        raise BadConversation(f"the message “{key[:60]}” has no role", title)
    node = Node(key, text(found.get("parentId")) or None, role)
    content, images = _content(found)
    pictures, missing = pictures_in(images)
    node.pictures = pictures
    node.created_at = time_of(found.get("timestamp"), now)
    if role is Role.ASSISTANT:
        node.thinking, content = _apart(content)
        node.model = text(found.get("model"))
        node.stats = _stats(mapping(found.get("usage")) or mapping(found.get("info")))
        node.error = _error(found.get("error"))
        if node.error:
            node.status = MessageStatus.FAILED
        elif found.get("done") is False:
            node.status = MessageStatus.INTERRUPTED
    node.content = with_note(content, missing)
    return node


def _content(found: Json) -> tuple[str, list[object]]:
    """Return the words of a message and its images."""
    images = [
        mapping(file).get("url") for file in items(found.get("files")) if mapping(file).get("type") == "image"
    ]
    content = found.get("content")
    if isinstance(content, str):
        return content, images
    words: list[str] = []
    for part in map(mapping, items(content)):
        words.append(text(part.get("text")))
        if part.get("type") == "image_url":
            images.append(mapping(part.get("image_url")).get("url"))
    return "\n\n".join(word for word in words if word), images


def _apart(content: str) -> tuple[str, str]:
    """Return the thinking that is folded into an answer, and the rest of the answer."""
    thoughts: list[str] = []
    for match in _REASONING.finditer(content):
        lines = html.unescape(match[1]).strip().split("\n")
        thoughts.append("\n".join(line.removeprefix(">").removeprefix(" ") for line in lines))
    return "\n\n".join(thoughts), _REASONING.sub("", content) if thoughts else content


def _stats(usage: Json) -> Stats:
    """Return Ollama's figures, which are passed on as they came: times in nanoseconds."""

    def seconds(name: str) -> float | None:
        found = number(usage.get(name))
        return None if found is None or found < 0 else found / 1e9

    return Stats(
        prompt_tokens=count(usage.get("prompt_eval_count")),
        answer_tokens=count(usage.get("eval_count")),
        total_seconds=seconds("total_duration"),
        load_seconds=seconds("load_duration"),
        prompt_seconds=seconds("prompt_eval_duration"),
        answer_seconds=seconds("eval_duration"),
    )


def _error(found: object) -> str:
    if isinstance(found, dict):
        return text(found.get("content")) or text(found.get("message")) or "The answer failed."
    return text(found) or ("The answer failed." if found is True else "")


def _digest(chat: Json) -> str:
    return sha256(json.dumps(chat, sort_keys=True, default=str).encode("utf-8", "replace")).hexdigest()[:32]
