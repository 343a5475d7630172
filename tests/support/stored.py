"""What is in a store's file, read past all the code that reads it otherwise."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Line:
    """A message as it is in the file."""

    path: tuple[str, ...]
    """The words of the branch down to it."""
    status: str
    deleted: bool
    pinned: bool


@dataclass(frozen=True)
class Tree:
    """A conversation as it is in the file, without what differs from run to run."""

    title: str
    marks: tuple[int, int, int]
    """Pinned, in the trash, named by hand."""
    tags: tuple[str, ...]
    shown: tuple[str, ...]
    lines: tuple[Line, ...]
    waiting: tuple[str, ...]
    draft: str


def look(path: Path) -> tuple[Tree, ...]:
    """Return all conversations, past all the code that reads them otherwise."""
    with closing(sqlite3.connect(path)) as connection:
        heads = connection.execute(
            "SELECT key, title, pinned, trashed_at IS NOT NULL, title_by_user, active_leaf FROM conversations"
            " ORDER BY key"
        ).fetchall()
        return tuple(_tree(connection, *head) for head in heads)


def _tree(
    connection: sqlite3.Connection, key: int, title: str, pinned: int, trashed: int, named: int, leaf: str
) -> Tree:
    def column(statement: str) -> list[str]:
        return [row[0] for row in connection.execute(statement, (key,))]

    rows = connection.execute(
        "SELECT id, parent_id, content, status, d.message IS NOT NULL, p.message IS NOT NULL"
        " FROM messages AS m LEFT JOIN deleted_messages AS d ON d.message = m.key"
        " LEFT JOIN pinned_messages AS p ON p.message = m.key WHERE m.conversation = ? ORDER BY m.key",
        (key,),
    ).fetchall()
    known = {row[0]: row for row in rows}

    def walk(at: str | None) -> list[tuple[str, bool]]:
        found = []
        while at is not None:
            found.append((known[at][2], bool(known[at][4])))
            at = known[at][1]
        return found[::-1]

    return Tree(
        title,
        (pinned, trashed, named),
        tuple(column("SELECT tag FROM conversation_tags WHERE conversation = ? ORDER BY tag")),
        tuple(text for text, deleted in walk(leaf) if not deleted),
        tuple(
            Line(tuple(text for text, _ in walk(row[0])), row[3], bool(row[4]), bool(row[5])) for row in rows
        ),
        tuple(column("SELECT content FROM queued_messages WHERE conversation = ? ORDER BY key")),
        "".join(column("SELECT content FROM drafts WHERE conversation = ?")),
    )


def rows_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table, those behind the search indices as well."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
        ).fetchall()
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for (name,) in names}


def check_indices(path: Path) -> None:
    """Make sure that the search indices have what the tables have, and that every link leads somewhere."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for index in ("messages_index", "messages_trigrams", "titles_index", "titles_trigrams"):
            connection.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
