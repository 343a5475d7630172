"""Conversations in the databases of oterm and elia.

Sources of the schemas: https://github.com/ggozad/oterm, `store/store.py`, and
https://github.com/darrenburns/elia, `database/models.py`. Columns differ from version to version.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tui.domain.conversation import Role
from tui.domain.errors import FileUnusable
from tui.domain.whole import WholeConversation
from tui.services.transfer.found import BadConversation, Failure, Step
from tui.services.transfer.pictures import pictures_in, with_note
from tui.services.transfer.tree import ROLES, Frame, Node, build, chained
from tui.services.transfer.untrusted import Json, items, mapping, options_from, text, time_of

SQLITE: Final = b"SQLite format 3\0"
"""How a database begins."""

_OTERM_MINUTES: Final = 5
_OLLAMA: Final = ("ollama/", "ollama_chat/")
_LONGEST: Final = 256 << 20
"""Bytes of one value, at most."""


def read_database(path: Path, now: float) -> Iterator[Step]:
    """Yield the conversations of a database, which is opened for reading only.

    Raises:
        FileUnusable: It is not one of a known program, or it cannot be read.
    """
    try:
        with closing(_open(path)) as connection:
            yield from _steps(connection, path, now)
    except sqlite3.Error as error:
        raise FileUnusable(f"the database cannot be read: {error}") from error


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    connection.row_factory = sqlite3.Row
    return connection


def _steps(connection: sqlite3.Connection, path: Path, now: float) -> Iterator[Step]:
    chat, message = _columns(connection, "chat"), _columns(connection, "message")
    changed = path.stat().st_mtime
    if {"id", "name", "model"} <= chat and {"chat_id", "author", "text"} <= message:
        read = _oterm
    elif {"id", "title", "model"} <= chat and {"chat_id", "role", "content"} <= message:
        read = _elia
    elif _columns(connection, "messages_index"):
        raise FileUnusable("it is a store of ollama-tui; open it with --data-dir, and export from there")
    else:
        raise FileUnusable("it is the database of a program that is not known here")
    (total,) = connection.execute("SELECT count(*) FROM chat").fetchone()
    for place, row in enumerate(connection.execute("SELECT * FROM chat ORDER BY id").fetchall(), 1):
        values: Json = dict(row)
        messages: list[Json] = [
            dict(each)
            for each in connection.execute(
                "SELECT * FROM message WHERE chat_id = ? ORDER BY id", (row["id"],)
            )
        ]
        result: WholeConversation | Failure
        try:
            result = read(values, messages, now, changed)
        except BadConversation as error:
            titled = f" “{error.title}”" if error.title else ""
            result = Failure(f"{path.name}, conversation {place}{titled}", str(error))
        yield Step(result, place, total)


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {row["name"] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}


def _oterm(chat: Json, messages: list[Json], now: float, changed: float) -> WholeConversation:
    """Return a conversation of oterm, which keeps no times: they are that of its file."""
    model = text(chat.get("model"))
    nodes: list[Node] = []
    for message in messages:
        node = _node(message, text(message.get("author")), text(message.get("text")), model)
        node.pictures, missing = pictures_in(items(_decoded(message.get("images"))))
        node.content = with_note(node.content, missing)
        nodes.append(node)
    chained(nodes)
    at = min(changed, now)
    frame = Frame(
        origin=_origin("oterm", chat, messages, "text"),
        title=text(chat.get("name")),
        created_at=at,
        updated_at=at,
        model=model if chat.get("provider", "ollama") in ("ollama", None) else "",
        system=text(chat.get("system")),
        options=options_from(mapping(_decoded(chat.get("parameters")))),
        think="on" if chat.get("thinking") == 1 else None,
        keep_alive=_minutes(chat.get("keep_alive")),
        answer_format=_form(text(chat.get("format"))),
    )
    return build(frame, nodes, now)


def _minutes(value: object) -> str:
    """Return how long oterm keeps a model loaded; its default says nothing."""
    return f"{value}m" if isinstance(value, int) and value > 0 and value != _OTERM_MINUTES else ""


def _form(value: str) -> str:
    """Return the form of the answers: `json` or a schema."""
    return value if value == "json" or mapping(_decoded(value)) else ""


def _elia(chat: Json, messages: list[Json], now: float, changed: float) -> WholeConversation:
    """Return a conversation of elia; its messages name parents only where there are several answers."""
    model = text(chat.get("model"))
    nodes: list[Node] = []
    for message in messages:
        answered_by = _ollama_model(text(message.get("model")) or model)
        node = _node(message, text(message.get("role")), text(message.get("content")), answered_by)
        node.created_at = time_of(message.get("timestamp"), now)
        parent = message.get("parent_id")
        node.parent = None if parent is None else str(parent)
        nodes.append(node)
    if not any(node.parent for node in nodes):
        chained(nodes)
    frame = Frame(
        origin=_origin("elia", chat, messages, "content"),
        title=text(chat.get("title")),
        created_at=time_of(chat.get("started_at"), now) or min(changed, now),
        model=_ollama_model(model) if model.startswith(_OLLAMA) else "",
        tags=("archived",) if chat.get("archived") == 1 else (),
    )
    return build(frame, nodes, now)


def _ollama_model(name: str) -> str:
    """Return what Ollama calls a model; elia names the provider before it."""
    prefix = next((each for each in _OLLAMA if name.startswith(each)), "")
    return name.removeprefix(prefix)


def _node(message: Json, author: str, content: str, model: str) -> Node:
    role = ROLES.get(author)
    if role is None:
        raise BadConversation(f"message {message.get('id')} is from “{author[:40]}”, which is no role")
    answers = role is Role.ASSISTANT
    return Node(str(message.get("id")), None, role, content, model=model if answers else "")


def _origin(program: str, chat: Json, messages: list[Json], content: str) -> str:
    """Return what tells a conversation from those in other stores that have the same number."""
    first = text(messages[0].get(content)) if messages else ""
    told = json.dumps([chat.get("started_at"), first], default=str).encode("utf-8", "replace")
    return f"{program}:{chat.get('id')}:{sha256(told).hexdigest()[:16]}"


def _decoded(value: object) -> object:
    """Return the value of a JSON text, or None."""
    try:
        found: object = json.loads(text(value) or "null")
    except (ValueError, RecursionError):
        return None
    return found
