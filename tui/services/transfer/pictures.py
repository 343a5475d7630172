"""Images that stand inside other programs' texts; nothing is ever fetched or opened for one."""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from typing import Final

from tui.domain.text import sanitize_line
from tui.services.transfer.tree import Picture

LARGEST: Final = 32 << 20
"""Bytes of one image, at most."""

_SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png", "png"),
    (b"\xff\xd8\xff", "image/jpeg", "jpg"),
    (b"GIF8", "image/gif", "gif"),
    (b"BM", "image/bmp", "bmp"),
)
_LONGEST_NAME: Final = 200
_DATA: Final = re.compile(r"data:[\w.+-]+/[\w.+-]+(?:;[\w.+=-]+)*;base64,", re.ASCII)


def image_kind(data: bytes) -> tuple[str, str] | None:
    """Return the media type and the usual suffix of an image by its content, or None."""
    for signature, media_type, suffix in _SIGNATURES:
        if data.startswith(signature):
            return media_type, suffix
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp", "webp"
    return None


def picture_from(data: bytes, name: str = "") -> Picture | None:
    """Return the image that `data` is, or None."""
    kind = image_kind(data)
    if kind is None or len(data) > LARGEST:
        return None
    media_type, suffix = kind
    return Picture(name or f"image.{suffix}", media_type, data)


def picture_in(text: str, name: str = "") -> Picture | None:
    """Return the image in a `data:` URI or in bare base64, or None. A path or an address is neither."""
    match = _DATA.match(text)
    encoded = text[match.end() :] if match else text
    if len(encoded) > LARGEST * 2:
        return None
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    return picture_from(data, name)


def pictures_in(values: Iterable[object]) -> tuple[tuple[Picture, ...], int]:
    """Return the images among `values`, and how many of them were none."""
    pictures: list[Picture] = []
    missing = 0
    for value in values:
        picture = picture_in(value) if isinstance(value, str) else None
        if picture is None:
            missing += 1
        else:
            pictures.append(picture)
    return tuple(pictures), missing


def with_note(content: str, missing: int, files: Sequence[str] = ()) -> str:
    """Return `content` with lines that say what could not be taken along.

    Args:
        content: The words of a message.
        missing: How many images.
        files: The names of other files.
    """
    notes = [f"[{sanitize_line(name, _LONGEST_NAME)} was not in the file]" for name in files]
    if missing:
        images = "an image that was" if missing == 1 else f"{missing} images that were"
        notes.insert(0, f"[{images} not in the file]")
    return "\n\n".join([content] * bool(content) + notes)
