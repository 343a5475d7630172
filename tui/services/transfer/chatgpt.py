"""Conversations of a ChatGPT export (`conversations.json`).

The format is not documented; this follows exports of 2023 to 2026. Each conversation is a `mapping` of
nodes with `parent` and `message`; `current_node` ends the branch that is shown.
"""

import json
from collections.abc import Callable
from typing import Final

from tui.domain.conversation import MessageStatus, Role
from tui.domain.whole import WholeConversation
from tui.services.transfer.citations import without_markers
from tui.services.transfer.found import BadConversation
from tui.services.transfer.pictures import with_note
from tui.services.transfer.tree import ROLES, Frame, Node, Picture, build
from tui.services.transfer.untrusted import Json, items, mapping, text, time_of

FindPicture = Callable[[str], Picture | None]
"""Returns the image that an export's archive holds under an asset's id, or None."""

_CANVAS: Final = "canmore."
_EVERYTHING: Final = ".*"
_UNSEEN: Final = frozenset(
    {"user_editable_context", "model_editable_context", "reasoning_recap", "app_pairing_content"}
)
"""Kinds of content that ChatGPT itself does not show."""


def read_chatgpt(value: Json, now: float, find_picture: FindPicture) -> WholeConversation:
    """Return the conversation in an element of the file.

    Raises:
        BadConversation: It is not one.
    """
    title = text(value.get("title"))
    nodes: list[Node] = []
    found_nodes = mapping(value.get("mapping"))
    for key, found in found_nodes.items():
        if not isinstance(found, dict):
            raise BadConversation(f"the node “{key[:60]}” is no object", title)
        nodes.append(_node(key, found, now, find_picture))
    nodes.sort(key=_places(found_nodes))
    identity = text(value.get("conversation_id")) or text(value.get("id"))
    if not identity:
        raise BadConversation("it has no id", title)
    frame = Frame(
        origin=f"chatgpt:{identity}",
        title=title,
        created_at=time_of(value.get("create_time"), now),
        updated_at=time_of(value.get("update_time"), now),
        leaf=text(value.get("current_node")) or None,
        pinned=value.get("is_starred") is True or bool(value.get("pinned_time")),
        tags=("archived",) if value.get("is_archived") is True else (),
    )
    return build(frame, nodes, now)


def _places(nodes: Json) -> Callable[[Node], int]:
    """Return what tells a node's place among its siblings: older exports list them in their parent."""
    places = {
        child: place
        for found in nodes.values()
        for place, child in enumerate(items(mapping(found).get("children")))
        if isinstance(child, str)
    }
    return lambda node: places.get(node.key, 0)


def _node(key: str, found: Json, now: float, find_picture: FindPicture) -> Node:
    node = Node(key, text(found.get("parent")) or None, kept=False)
    message = mapping(found.get("message"))
    metadata = mapping(message.get("metadata"))
    content = mapping(message.get("content"))
    author = mapping(message.get("author"))
    kind = text(content.get("content_type"))
    role = ROLES.get(text(author.get("role")))
    node.created_at = time_of(message.get("create_time"), now)
    if role is None or kind in _UNSEEN or metadata.get("is_visually_hidden_from_conversation") is True:
        return node
    node.role = role
    if kind == "thoughts":
        node.thinking = _thoughts(content)
        return node
    node.content, node.pictures = _content(kind, content, find_picture)
    if text(message.get("recipient")).startswith(_CANVAS):
        node.content = _canvas(content) or node.content
    node.content = with_note(without_markers(node.content, metadata), 0, _files(metadata))
    node.kept = bool(node.content.strip() or node.pictures)
    if role is Role.ASSISTANT:
        node.model = text(metadata.get("model_slug"))
        if text(message.get("status")) in ("in_progress", "finished_partial_completion"):
            node.status = MessageStatus.INTERRUPTED
    elif role is Role.TOOL:
        node.tool_name = text(author.get("name"))
    return node


def _files(metadata: Json) -> list[str]:
    """Return the names of files that were attached; images stand among the parts of the content."""
    found = map(mapping, items(metadata.get("attachments")))
    return [
        text(each.get("name"))
        for each in found
        if text(each.get("name"))
        and not text(each.get("mime_type")).startswith("image/")
        and "width" not in each
    ]


def _canvas(content: Json) -> str:
    """Return a document written beside the conversation, as it reads; empty where parts of it are changed."""
    told = text(content.get("text")) or next(
        (part for part in map(text, items(content.get("parts"))) if part), ""
    )
    try:
        document = mapping(json.loads(told))
    except (ValueError, RecursionError):
        return ""
    updates = [mapping(each) for each in items(document.get("updates"))]
    if len(updates) == 1 and text(updates[0].get("pattern")) == _EVERYTHING:
        return text(updates[0].get("replacement"))
    name, words = text(document.get("name")), text(document.get("content"))
    kind, _, language = text(document.get("type")).partition("/")
    if not words:
        return ""
    return f"**{name}**\n\n{_fenced(words, language) if kind == 'code' else words}"


def _thoughts(content: Json) -> str:
    parts: list[str] = []
    for found in items(content.get("thoughts")):
        thought = mapping(found)
        said = text(thought.get("content")) or "\n\n".join(map(text, items(thought.get("chunks"))))
        parts += [part for part in (text(thought.get("summary")), said) if part]
    return "\n\n".join(parts)


def _content(kind: str, content: Json, find_picture: FindPicture) -> tuple[str, tuple[Picture, ...]]:
    if kind == "code":
        return _fenced(text(content.get("text")), text(content.get("language"))), ()
    if kind == "execution_output":
        return _fenced(text(content.get("text")), ""), ()
    if not isinstance(content.get("parts"), list):
        return text(content.get("text")) or text(content.get("result")), ()
    words: list[str] = []
    pictures: list[Picture] = []
    missing = 0
    for part in items(content.get("parts")):
        if isinstance(part, str):
            words.append(part)
            continue
        fields = mapping(part)
        pointer = text(fields.get("asset_pointer"))
        # What was said is written beside a recording of it.
        if pointer and text(fields.get("content_type")) in ("image_asset_pointer", ""):
            picture = find_picture(pointer.rpartition("/")[2])
            if picture is None:
                missing += 1
            else:
                pictures.append(picture)
        words.append(text(fields.get("text")))
    return with_note("\n\n".join(word for word in words if word), missing), tuple(pictures)


def _fenced(code: str, language: str) -> str:
    if not code.strip():
        return ""
    fence = "```"
    while fence in code:
        fence += "`"
    return f"{fence}{language if language.isalnum() and language != 'unknown' else ''}\n{code}\n{fence}"
