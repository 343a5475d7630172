"""Turning the bytes of a text file into text, whatever it was written with."""

import codecs
import io
import re
from collections.abc import Iterator
from typing import Final

from tui.domain.attachment import Span
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
"""Characters that are encoded, or bytes that are decoded, at a time."""

_WESTERN: Final = "cp1252"

_ALL: Final = Span(1, 1 << 60)


def text_of(name: str, data: bytes, span: Span | None, most: int, stop: Stop) -> str:
    """Return the text that `data` is, or some lines of it, with lines that end in a line feed.

    No more of it is held than is wanted: one strange letter can make a text four times as large as its bytes.

    Args:
        name: Of the file, for people.
        data: All of it.
        span: Which lines; None for all.
        most: Characters, at most.
        stop: Ends the work.

    Raises:
        FileUnusable: It is no text, there are no such lines, nothing is in them, or too much.
    """
    encoding = _encoding_of(data, stop)
    if encoding is None:
        raise FileUnusable(
            f"{name} is neither a picture nor a text.", "Pictures, texts and PDF files can be attached."
        )
    parts: list[str] = []
    size = lines = 0
    is_open = False
    for piece in _pieces(data, encoding, stop):
        part, lines = _within(piece, lines, span or _ALL)
        size += len(part)
        if size <= most:
            parts.append(part)
        is_open = not piece.endswith("\n") if piece else is_open
    if span is not None and not size:
        raise FileUnusable(
            f"{name} has no line {span.first:,}: there are {lines + is_open:,}.", "Lines count from 1."
        )
    if size > most:
        raise FileUnusable(
            f"{name} has {size:,} characters; up to {most:,} can be attached.",
            "Attach a part of it: put the lines behind the name, as in notes.md:10-200",
        )
    text = "".join(parts)
    if not text.strip():
        raise FileUnusable(f"There is nothing in {name} but white space.")
    return text


def beginning_of(name: str, data: bytes, most: int, stop: Stop) -> str:
    """Return how a text begins.

    Raises:
        FileUnusable: It is no text.
    """
    encoding = _encoding_of(data[:_SAMPLE], stop, is_cut=len(data) > _SAMPLE)
    if encoding is None:
        raise FileUnusable(
            f"{name} is neither a picture nor a text.", "Pictures, texts and PDF files can be attached."
        )
    return next(_pieces(data[:_SAMPLE], encoding, stop), "")[:most]


def _within(piece: str, lines: int, span: Span) -> tuple[str, int]:
    """Return what of a piece stands in some lines, and how many lines have ended by then."""
    start, stop, place = len(piece), len(piece), 0
    if lines >= span.first - 1:
        start = 0
    after = lines + piece.count("\n")
    if after < span.first - 1 or lines >= span.last:
        return "", after
    if not start and after < span.last:
        return piece, after
    while lines < span.last and (found := piece.find("\n", place)) >= 0:
        place = found + 1
        lines += 1
        if lines == span.first - 1:
            start = place
        if lines == span.last:
            stop = place
    return piece[start:stop], after


def _pieces(data: bytes, encoding: str, stop: Stop) -> Iterator[str]:
    """Decode a text a piece at a time, with lines that end in a line feed."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    newlines = io.IncrementalNewlineDecoder(decoder, translate=True)
    for start in range(0, len(data), _PIECE):
        stop.check()
        yield newlines.decode(data[start : start + _PIECE], final=start + _PIECE >= len(data))


def _encoding_of(data: bytes, stop: Stop, *, is_cut: bool = False) -> str | None:
    """Return what a text was written with; None for what is none."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    if b"\0" in data[:_SAMPLE]:
        return _without_mark(data, stop, is_cut=is_cut)
    if _fits(data, "utf-8", stop, is_cut=is_cut):
        return "utf-8"
    return _legacy(data)


def _fits(data: bytes, encoding: str, stop: Stop, *, is_cut: bool) -> bool:
    """Tell whether bytes can be decoded, all of them; the last letter may be cut where they are."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for start in range(0, len(data), _PIECE):
            stop.check()
            piece = decoder.decode(
                data[start : start + _PIECE], final=not is_cut and start + _PIECE >= len(data)
            )
            if encoding != "utf-8" and "\0" in piece:
                return False
    except UnicodeDecodeError:
        return False
    return True


def _without_mark(data: bytes, stop: Stop, *, is_cut: bool) -> str | None:
    """Return which UTF-16 it is that says so with nothing but its zeros."""
    sample = data[:_SAMPLE]
    encoding = "utf-16-be" if sample[::2].count(0) > sample[1::2].count(0) else "utf-16-le"
    return encoding if _fits(data, encoding, stop, is_cut=is_cut) else None


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
    encoding = _WESTERN if western else found[0].encoding
    text = data[:_SAMPLE].decode(encoding, "replace")
    strange = sum(character < " " and character not in "\t\n\r\f\x1b" for character in text)
    return None if strange > 0.02 * len(text) or b"\0" in data else encoding


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
