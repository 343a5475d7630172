"""Conversations out of JSON of any size, one at a time."""

import codecs
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from tui.domain.errors import FileUnusable

CHUNK: Final = 1 << 20
"""Bytes that are read at a time."""

LARGEST: Final = 256 << 20
"""Characters of one conversation, at most: everything but this is streamed."""

CONVERSATIONS: Final = "conversations"
"""The member of a document of ours whose elements are conversations."""

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_CUT_SHORT: Final = 16
"""An error this near to the end of what was read may be a literal that was only half read."""
_MOST_DIGITS: Final = 400
_AFTER: Final = frozenset(" \t\n\r,]}")
"""What may follow a number."""


class Readable(Protocol):
    """A binary file that is read from front to back."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes, none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Element:
    """A value that may be a conversation, and where it begins."""

    number: int
    """Which one it is, from 1."""
    value: object
    byte: int
    """Bytes before it."""
    line: int
    """Its line, from 1."""
    twice: str | None = None
    """A name that two members of an object in it have, of which only the last could be read."""


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < _MOST_DIGITS else float(digits)


def _constant(_: str) -> None:
    """NaN and the infinities are no JSON, and no value that is of any use here."""


class Elements:
    """The conversations of a JSON document.

    That is every element of an array, every element of the array `conversations` of an object, or an
    object itself that has no such member, and those that follow it, as in a file of JSON lines. Only one
    element is held at a time.
    """

    def __init__(
        self,
        file: Readable,
        *,
        stopped: Callable[[], bool] = lambda: False,
        chunk: int = CHUNK,
        largest: int = LARGEST,
    ) -> None:
        """Read from `file`.

        Args:
            file: The document.
            stopped: Asked before each read; when it says so, no more is read.
            chunk: Bytes to read at a time.
            largest: Characters of one element, at most.
        """
        self.header: dict[str, object] = {}
        """The other members of a document that is an object, as far as it has been read."""
        self._file = file
        self._stopped = stopped
        self._chunk = chunk
        self._largest = largest
        self._bytes = codecs.getincrementaldecoder("utf-8-sig")()
        self._twice: str | None = None
        self._json = json.JSONDecoder(
            object_pairs_hook=self._members, parse_int=_integer, parse_constant=_constant
        )
        self._text = ""
        self._at = 0
        self._ended = False
        # A place whose byte and line are known, so that neither is counted twice.
        self._known, self._byte, self._line = 0, 0, 1

    @property
    def byte(self) -> int:
        """Bytes before the place where reading is."""
        return self._place(self._at)[0]

    def __iter__(self) -> Iterator[Element]:
        """Yield the elements.

        Raises:
            FileUnusable: The rest of the document cannot be read; what came before it could be.
        """
        first = self._peek()
        if first == "[":
            yield from self._array(0)
        elif first == "{":
            yield from self._objects()
        elif first:
            raise self._damaged("it does not begin like JSON", self._at)
        else:
            raise FileUnusable("it is empty")
        if self._peek():
            raise self._damaged("something follows the end of the JSON", self._at)

    def _objects(self) -> Iterator[Element]:
        number, whole = 0, True
        while whole and self._peek() == "{":
            number += 1
            self.header = {}
            for element in self._object(number):
                whole = element.value is self.header
                yield element

    def _object(self, place: int) -> Iterator[Element]:
        number, found = 0, False
        twice: str | None = None
        byte, line = self._place(self._at)
        self._at += 1
        separator = self._peek()
        while separator != "}":
            key = self._value() if separator == '"' else None
            if not isinstance(key, str) or self._peek() != ":":
                raise self._damaged("a member of an object has no name", self._at)
            self._at += 1
            if key == CONVERSATIONS and self._peek() == "[":
                found = True
                for element in self._array(number):
                    number = element.number
                    yield element
            else:
                twice = twice or (key if key in self.header else None)
                self.header[key] = self._value()
                twice = twice or self._twice
            separator = self._next("}")
        self._at += 1
        if not found:
            yield Element(place, self.header, byte, line, twice)

    def _array(self, number: int) -> Iterator[Element]:
        self._at += 1
        separator = self._peek()
        while separator != "]":
            self._peek()
            byte, line = self._place(self._at)
            number += 1
            value = self._value()
            yield Element(number, value, byte, line, self._twice)
            separator = self._next("]")
        self._at += 1

    def _next(self, end: str) -> str:
        """Step over a comma, or stay at `end`; return the character that follows."""
        separator = self._peek()
        if separator == ",":
            self._at += 1
            separator = self._peek()
            if separator == end:
                raise self._damaged("a comma is followed by nothing", self._at)
        elif separator != end:
            raise self._damaged(f"a comma or {end} is missing", self._at)
        return separator

    def _peek(self) -> str:
        """Skip white space; return the next character, or nothing at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _value(self) -> object:
        """Return the value at the place where reading is, and step over it."""
        self._peek()
        while True:
            self._twice = None
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                self._require_cut(error)
            except RecursionError:
                raise self._damaged("it is nested too deeply", self._at) from None
            else:
                # Of a number, more digits may follow.
                if isinstance(value, str | dict | list) or self._ended or self._text[end : end + 1] in _AFTER:
                    self._at = end
                    return value
            if len(self._text) - self._at > self._largest:
                raise self._damaged(f"it is longer than {self._largest:,} characters", self._at)
            self._more()

    def _members(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        """Return an object, and remember whether anything in it was replaced by what came later."""
        members = dict(pairs)
        if len(members) < len(pairs):
            names = [name for name, _ in pairs]
            self._twice = next(name for name in names if names.count(name) > 1)
        return members

    def _require_cut(self, error: json.JSONDecodeError) -> None:
        """Raise `error` in the words of this module, unless reading on may mend it."""
        cut = error.msg.startswith("Unterminated string") or error.pos >= len(self._text)
        if cut and self._ended:
            raise self._damaged("the file ends in the middle of what begins here", self._at)
        near = error.pos >= len(self._text) - _CUT_SHORT
        if not cut and (self._ended or not near):
            raise self._damaged(_words(error), error.pos)

    def _more(self) -> bool:
        """Read on, as much again as is held, and forget what has been stepped over."""
        if self._stopped():
            raise FileUnusable("it was not read to the end")
        if self._ended:
            return False
        self._place(self._at)
        self._text, self._at, self._known = self._text[self._at :], 0, 0
        data = self._file.read(max(self._chunk, len(self._text)))
        self._ended = not data
        try:
            self._text += self._bytes.decode(data, final=self._ended)
        except UnicodeDecodeError as error:
            byte = self._place(len(self._text))[0] + error.start
            raise FileUnusable(f"it is not UTF-8 text near byte {byte:,}") from None
        return not self._ended

    def _place(self, position: int) -> tuple[int, int]:
        """Return the bytes before `position` and its line, and remember them."""
        if position < self._known:
            return self._byte, self._line
        between = self._text[self._known : position]
        self._byte += len(between.encode())
        self._line += between.count("\n")
        self._known = position
        return self._byte, self._line

    def _damaged(self, reason: str, position: int) -> FileUnusable:
        byte, line = self._place(position)
        return FileUnusable(f"{reason} (byte {byte:,}, line {line:,})")


def _words(error: json.JSONDecodeError) -> str:
    return f"it is not JSON: {error.msg[0].lower()}{error.msg[1:]}"
