"""Chat sessions of parllama: one JSON file each.

Source of the format: https://github.com/paulrobello/parllama, `chat_session.py` and `chat_message.py`.
"""

import json

from tui.domain.whole import WholeConversation
from tui.services.transfer.found import BadConversation
from tui.services.transfer.pictures import pictures_in, with_note
from tui.services.transfer.tree import ROLES, Frame, Node, build, chained, place_key
from tui.services.transfer.untrusted import Json, items, mapping, options_from, text, time_of


def read_parllama(value: Json, now: float) -> WholeConversation:
    """Return the conversation in a session's file.

    Raises:
        BadConversation: It is not one.
    """
    title = text(value.get("name"))
    identity = text(value.get("id"))
    if not identity:
        raise BadConversation("it has no id", title)
    config = mapping(value.get("llm_config"))
    of_ollama = text(config.get("provider")).lower() in ("ollama", "")
    model = text(config.get("model_name"))
    at = time_of(value.get("last_updated"), now)
    nodes = [_node(place, found, model, title) for place, found in enumerate(items(value.get("messages")))]
    # An old version gave every message of a loaded session the same id.
    chained(nodes)
    frame = Frame(
        origin=f"parllama:{identity}",
        title=title,
        created_at=at,
        updated_at=at,
        model=model if of_ollama else "",
        options=options_from(config),
    )
    return build(frame, nodes, now)


def _node(place: int, found: object, model: str, title: str) -> Node:
    message = mapping(found)
    role = ROLES.get(text(message.get("role")))
    if role is None:
        raise BadConversation(f"message {place + 1} has no role", title)
    node = Node(place_key(place, role, text(message.get("content"))), None, role)
    node.pictures, missing = pictures_in(items(message.get("images")))
    node.content = with_note(text(message.get("content")), missing)
    if role.value == "assistant":
        node.model = model
        node.thinking = text(message.get("thinking"))
        if calls := items(message.get("tool_calls")):
            node.tool_calls = json.dumps(calls)
    return node
