"""Words as FTS5 and LIKE take them, in which nothing is syntax."""

import re
import sqlite3
import unicodedata
from collections.abc import Sequence
from typing import Final

from tui.storage.rows import storable

GRAM: Final = 3
"""Characters that a part of a word has at least to be found in the index of trigrams."""

_MAX_WORDS: Final = 32
"""Words of a query that count; FTS5 gives up on far longer expressions."""
_MAX_BEGINNINGS: Final = 200
"""Trigrams that a shorter part of a word is taken for."""
_MAX_ENDINGS: Final = 20
"""Words that an unfinished one is taken for, at most."""
_INDEXED_PREFIX: Final = 3
"""Letters of beginnings that the index has entries for; it collects those of longer ones each time."""

# Scripts that write no spaces between words: to FTS5's tokenizer a whole sentence is one word.
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)

VOCABULARY: Final = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS temp.grams USING fts5vocab(main, messages_trigrams, instance)",
    "CREATE VIRTUAL TABLE IF NOT EXISTS temp.terms USING fts5vocab(main, messages_index, instance)",
)
"""Statements that make the trigrams and words that occur tables, before a connection may only read."""


def match_expression(query: str, only: int | None = None) -> str:
    """Return the FTS5 expression for all the words of `query`, the last of which may be unfinished.

    Every word is quoted, so nothing in it is syntax; what FTS5 itself divides (`foo-bar`) becomes a
    phrase. A single ASCII letter is a whole word: as a beginning it would match nearly everything.
    Empty if there is no word.

    Args:
        query: Words.
        only: The place of the only word that counts; None for all.
    """
    words = words_of(query)
    expressions = [quoted(word) for word in words]
    if words and not (len(words[-1]) == 1 and words[-1].isascii()):
        expressions[-1] += "*"
    return " ".join(expressions) if only is None else expressions[only]


def newest_expression(connection: sqlite3.Connection, query: str) -> str:
    """Return an expression for the same as `match_expression`, of which the newest matches come at once.

    An unfinished word that is longer than the beginnings in the index stands for the few words that begin
    with it; of those, unlike of a beginning, nothing has to be collected and sorted first.
    """
    words = words_of(query)
    if not words or not (words[-1].isascii() and words[-1].isalnum()) or len(words[-1]) <= _INDEXED_PREFIX:
        return match_expression(query)
    terms = _terms(connection, "terms", words[-1].lower(), _MAX_ENDINGS + 1)
    if not 0 < len(terms) <= _MAX_ENDINGS:
        return match_expression(query)
    alternatives = " OR ".join(map(quoted, terms))
    return " AND ".join([*map(quoted, words[:-1]), f"({alternatives})"])


def words_of(query: str) -> list[str]:
    """Return the words of a query in which there is anything to find."""
    words = storable(query).replace('"', " ").replace("\0", " ").split()
    return [word for word in words if _is_word(word)][:_MAX_WORDS]


def quoted(word: str) -> str:
    """Return a word as FTS5 takes it; there is no quotation mark in it."""
    return f'"{word}"'


def is_unspaced(text: str) -> bool:
    """Tell whether anything in a text is of a script that writes no spaces between words."""
    return _UNSPACED.search(text) is not None


def like(text: str) -> str:
    """Return the pattern for LIKE, escaped with a backslash, of what contains a text."""
    escaped = re.sub(r"([\\%_])", r"\\\1", storable(text))
    return f"%{escaped}%"


def beginnings(connection: sqlite3.Connection, words: Sequence[str]) -> str:
    """Return the expression for words that are shorter than a trigram, by the trigrams that begin with them.

    It finds them wherever enough follows them; empty if one of them occurs nowhere so.
    """
    expressions: list[str] = []
    for word in words:
        grams = _terms(connection, "grams", word.casefold(), _MAX_BEGINNINGS)
        if not grams:
            return ""
        alternatives = " OR ".join('"' + gram.replace('"', '""') + '"' for gram in grams)
        expressions.append(f"({alternatives})")
    return " AND ".join(expressions)


def _terms(connection: sqlite3.Connection, table: str, beginning: str, most: int) -> list[str]:
    """Return what an index has that begins with a text."""
    terms: list[str] = []
    after = beginning
    while len(terms) < most:
        # By `>=`, which is sought; `>` would read every occurrence of the one before.
        row: tuple[str] | None = connection.execute(
            f"SELECT term FROM temp.{table} WHERE term >= ? LIMIT 1", (after,)
        ).fetchone()
        if row is None or not row[0].startswith(beginning):
            break
        terms.append(row[0])
        after = row[0] + "\x01"
    return terms


def _is_word(text: str) -> bool:
    """Tell whether FTS5's tokenizer finds anything in `text`: letters, digits, private characters."""
    return any(
        unicodedata.category(character)[0] in "LN" or "\ue000" <= character <= "\uf8ff" for character in text
    )
