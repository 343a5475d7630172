"""Turning the bytes of a text file into text, whatever it was written with."""

import codecs
import io
import re
from typing import Final

from tui.domain.attachment import Span, lines_of
from tui.domain.errors import FileUnusable
from tui.services.threads import Stop

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks; that of UTF-32 begins like that of UTF-16."""

_ACCENTED: Final = re.compile("[À-ÖØ-öø-ÿŒœŠšŽžŸ]")
_TYPESET: Final = re.compile("[‚„‘’“”‹›«»–—…•·€£§°©®™¡¿ªº²³½¼¾´×]")
_QUOTE_IN_WORD: Final = re.compile(r"\w[‚„“”‹›«»]\w")

_SAMPLE: Final = 1 << 16
"""Bytes that an old encoding is guessed from."""


_PIECE: Final = 1 << 18
"""Characters that are encoded at a time."""

_WESTERN: Final = "cp1252"


def text_of(name: str, data: bytes, stop: Stop) -> str:
    """Return the text that `data` is, with lines that end in a line feed.

    Raises:
        FileUnusable: It is no text.
    """
    text = _decoded(data, stop)
    if text is None:
        raise FileUnusable(
            f"{name} is neither a picture nor a text.", "Pictures, texts and PDF files can be attached."
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decoded(data: bytes, stop: Stop) -> str | None:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if b"\0" in data[:_SAMPLE]:
        return _without_mark(data)
    try:
        return data.decode()
    except UnicodeDecodeError:
        stop.check()
    return _legacy(data)


def _without_mark(data: bytes) -> str | None:
    """Return text in UTF-16 that says so with nothing but its zeros."""
    sample = data[:_SAMPLE]
    encoding = "utf-16-be" if sample[::2].count(0) > sample[1::2].count(0) else "utf-16-le"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _legacy(data: bytes) -> str | None:
    from charset_normalizer import from_bytes

    # From the first line with such letters on: those before it tell nothing.
    telling = next((place for place, byte in enumerate(data) if byte > 0x7F), 0)
    start = max(0, data.rfind(b"\n", 0, telling))
    found = [
        each for each in from_bytes(data[start : start + _SAMPLE]) if not each.encoding.startswith("utf")
    ]
    if not found:
        return None
    best = (found[0].chaos, found[0].coherence)
    alike = [each for each in found if (each.chaos, each.coherence) == best]
    # A few letters fit many encodings: then it is the one that most of the world's old files have.
    western = any(_WESTERN in each.could_be_from_charset for each in alike)
    western = western or (not found[0].coherence and _reads_western(data[start : start + _SAMPLE]))
    text = data.decode(_WESTERN if western else found[0].encoding, "replace")
    strange = sum(character < " " and character not in "\t\n\r\f\x1b" for character in text[:_SAMPLE])
    return None if strange > 0.02 * min(len(text), _SAMPLE) or "\0" in text else text


def _reads_western(data: bytes) -> bool:
    """Tell whether bytes may be western text: some accents, and quotes that stand where quotes do.

    Of a short text with quotes in it too little is known to guess its language.
    """
    try:
        text = data.decode(_WESTERN)
    except UnicodeDecodeError:
        return False
    letters = sum(character.isalpha() for character in text)
    accented = len(_ACCENTED.findall(text))
    other = sum(character > "\x7f" for character in text) - accented - len(_TYPESET.findall(text))
    return not other and 2 * accented <= letters and _QUOTE_IN_WORD.search(text) is None


def encoded(text: str, stop: Stop) -> bytes:
    """Return a text in UTF-8, with lines that end in a line feed.

    It is gone through in pieces: each holds up the other threads for a moment only.
    """
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    pieces: list[bytes] = []
    for start in range(0, len(text), _PIECE):
        stop.check()
        last = start + _PIECE >= len(text)
        piece = newlines.decode(text[start : start + _PIECE], final=last)
        pieces.append(piece.encode("utf-8", "replace"))
    return b"".join(pieces)


def part_of(name: str, text: str, span: Span | None, most: int) -> str:
    """Return the lines of a text that are wanted.

    Args:
        name: Of the file, for people.
        text: All of it.
        span: Which lines; None for all.
        most: Characters, at most.

    Raises:
        FileUnusable: There are no such lines, nothing is in them, or too much.
    """
    if span is not None:
        lines = text.count("\n") + (not text.endswith("\n"))
        text = lines_of(text, span)
        if not text:
            raise FileUnusable(
                f"{name} has no line {span.first:,}: there are {lines:,}.", "Lines count from 1."
            )
    if not text.strip():
        raise FileUnusable(f"There is nothing in {name} but white space.")
    if len(text) > most:
        raise FileUnusable(
            f"{name} has {len(text):,} characters; up to {most:,} can be attached.",
            "Attach a part of it: put the lines behind the name, as in notes.md:10-200",
        )
    return text
