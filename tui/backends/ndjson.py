"""Lines out of a byte stream."""

from typing import Final

MAX_LINE: Final = 64 * 1024 * 1024
"""Bytes a line may have; more is not an answer."""


class LineTooLong(Exception):
    """A line has more than `MAX_LINE` bytes."""


class LineSplitter:
    r"""Splits a byte stream at `\n` and nowhere else.

    Text decoders that split at every Unicode line boundary (U+0085, U+001C, …) tear JSON apart: JSON
    allows most of those inside strings.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._held = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that `chunk` completes.

        Raises:
            LineTooLong: the line that is not complete yet has grown beyond all reason.
        """
        if b"\n" not in chunk:
            self._held += len(chunk)
            if self._held > MAX_LINE:
                raise LineTooLong
            self._parts.append(chunk)
            return []
        lines = chunk.split(b"\n")
        if self._parts:
            self._parts.append(lines[0])
            lines[0] = b"".join(self._parts)
        rest = lines.pop()
        self._parts = [rest] if rest else []
        self._held = len(rest)
        return lines

    def flush(self) -> bytes:
        """Return what came after the last line end."""
        rest = b"".join(self._parts)
        self._parts, self._held = [], 0
        return rest
