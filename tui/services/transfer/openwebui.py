"""Conversations of an Open WebUI export.

Source of the format: https://docs.openwebui.com/features/chat-conversations/data-controls/import-export
"""

import html
import json
import re
from hashlib import sha256
from typing import Final

from tui.domain.conversation import MessageStatus, Role, tags_from
from tui.domain.generation import Stats
from tui.domain.text import sanitize_line
from tui.domain.whole import WholeConversation
from tui.services.transfer.found import BadConversation
from tui.services.transfer.pictures import pictures_in, with_note
from tui.services.transfer.tree import ROLES, Frame, Node, Picture, build, chained, place_key
from tui.services.transfer.untrusted import Json, count, items, mapping, number, options_from, text, time_of

_SHORT_ID: Final = 8

_REASONING: Final = re.compile(
    r'<details type="reasoning"[^>]*>\s*(?:<summary>[^<]*</summary>)?(.*?)</details>\s*', re.DOTALL
)


def read_open_webui(value: Json, now: float) -> WholeConversation:
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
            _node(_key(place, each), each, now, title)
            for place, each in enumerate(items(chat.get("messages")))
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
        tags=_tags(value, chat),
    )
    return build(frame, nodes, now)


def _tags(value: Json, chat: Json) -> tuple[str, ...]:
    """Return the tags of a chat; being in the archive or in a folder becomes one, which keeps it together."""
    found: list[str] = []
    for tag in (*items(mapping(value.get("meta")).get("tags")), *items(chat.get("tags"))):
        found.append(text(tag) or text(mapping(tag).get("name")))
    if value.get("archived") is True:
        found.append("archived")
    folder = text(mapping(value.get("folder")).get("name")) or text(value.get("folder_id"))[:_SHORT_ID]
    if folder:
        found.append(f"folder-{folder}")
    return tuple(sorted({tag for each in found for tag in tags_from("-".join(sanitize_line(each).split()))}))


def _key(place: int, found: object) -> str:
    """Return what names a message of a list: its id, where it has one."""
    message = mapping(found)
    role = ROLES.get(text(message.get("role")), Role.ASSISTANT)
    return text(message.get("id")) or place_key(place, role, text(message.get("content")))


def _node(key: str, found: object, now: float, title: str) -> Node:
    if not isinstance(found, dict):
        raise BadConversation(f"the message “{key[:60]}” is no object", title)
    role = ROLES.get(text(found.get("role")))
    if role is None:
        raise BadConversation(f"the message “{key[:60]}” has no role", title)
    node = Node(key, text(found.get("parentId")) or None, role)
    content, images = _content(found)
    pictures, missing = pictures_in(images)
    texts, names = _files(found)
    node.pictures = (*pictures, *texts)
    node.created_at = time_of(found.get("timestamp"), now)
    if role is Role.ASSISTANT:
        node.thinking, content = _apart(content)
        node.thinking = node.thinking or _reasoning(found)
        node.model = text(found.get("model"))
        node.stats = _stats(mapping(found.get("usage")) or mapping(found.get("info")))
        node.error = _error(found.get("error"))
        if node.error:
            node.status = MessageStatus.FAILED
        elif found.get("done") is False:
            node.status = MessageStatus.INTERRUPTED
    node.content = with_note(content, missing, names)
    return node


def _files(found: Json) -> tuple[list[Picture], list[str]]:
    """Return the files of a message whose text is in the export, and the names of the others."""
    texts: list[Picture] = []
    missing: list[str] = []
    for entry in map(mapping, items(found.get("files"))):
        file = mapping(entry.get("file"))
        name = text(entry.get("name")) or text(file.get("filename"))
        content = text(mapping(file.get("data")).get("content"))
        if entry.get("type") == "image" or not name:
            continue
        if content:
            texts.append(Picture(name, "text/plain", content.encode("utf-8", "replace")))
        else:
            missing.append(name)
    return texts, missing


def _reasoning(found: Json) -> str:
    """Return the thinking in the `output` of an answer, where newer versions keep it."""
    parts: list[str] = []
    for item in map(mapping, items(found.get("output"))):
        if item.get("type") == "reasoning":
            said = items(item.get("content")) or items(item.get("summary"))
            parts += [text(mapping(part).get("text")).strip() for part in said]
    return "\n\n".join(part for part in parts if part)


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
        prompt_tokens=_first_count(usage, "prompt_eval_count", "prompt_tokens", "input_tokens"),
        answer_tokens=_first_count(usage, "eval_count", "completion_tokens", "output_tokens"),
        total_seconds=seconds("total_duration"),
        load_seconds=seconds("load_duration"),
        prompt_seconds=seconds("prompt_eval_duration"),
        answer_seconds=seconds("eval_duration"),
    )


def _first_count(usage: Json, *names: str) -> int | None:
    return next((found for name in names if (found := count(usage.get(name))) is not None), None)


def _error(found: object) -> str:
    if isinstance(found, dict):
        return text(found.get("content")) or text(found.get("message")) or "The answer failed."
    return text(found) or ("The answer failed." if found is True else "")


def _digest(chat: Json) -> str:
    """Return what tells a chat without an id from others, however long it has become."""
    first = next(map(mapping, items(chat.get("messages"))), {})
    told = [chat.get("timestamp"), first.get("id"), first.get("timestamp"), first.get("content")]
    return sha256(json.dumps(told, default=str).encode("utf-8", "replace")).hexdigest()[:32]
