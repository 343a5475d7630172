"""What is common to all who decode pictures with Pillow; bytes may be anything."""

import struct
import zlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL.Image import Image

ORIENTATION: Final = 0x0112
"""The EXIF tag that says how a picture is to be turned."""

_PROGRESSIVE_MARKERS: Final = frozenset([0xC2, 0xC6, 0xCA, 0xCE])

_BITS_PER_SAMPLE: Final = 258
_SAMPLES_PER_PIXEL: Final = 277
"""Tags of a TIFF."""

BROKEN: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    LookupError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RuntimeError,
    struct.error,
    zlib.error,
)
"""What Pillow's decoders raise for bytes that are not what they should be."""


def loaded(image: "Image") -> "Image":
    """Return a picture decoded; of several frames the first.

    The decoders of WebP and AVIF keep up to two pictures of their own beside the one that they hand out, for
    the frames that might follow. They are let go before a picture is made of those bytes; an opaque
    WebP is one in RGBX.

    Raises:
        One of `BROKEN`: It cannot be decoded.
    """
    from PIL import Image

    decoder: Any = getattr(image, "_decoder", None)
    if image.format == "WEBP" and hasattr(decoder, "get_next"):
        pixels = _first(decoder.get_next())
    elif image.format == "AVIF" and hasattr(decoder, "get_frame"):
        pixels = _first(decoder.get_frame(0))
    else:
        image.load()
        return image
    del decoder
    image._decoder = None  # type: ignore[attr-defined]
    raw = getattr(image, "rawmode", image.mode)
    return Image.frombuffer(image.mode, image.size, pixels, "raw", raw, 0, 1)


def _first(frame: tuple[bytes, object] | None) -> bytes:
    """Return the pixels of a decoded frame.

    Raises:
        EOFError: There is none.
    """
    if frame is None:
        raise EOFError("no frame")
    return frame[0]


def turned(image: "Image", orientation: object) -> "Image":
    """Return a picture upright.

    Args:
        image: As it was taken.
        orientation: What is noted under `ORIENTATION`; nothing that makes no sense is followed.
    """
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    turn = turns.get(orientation) if isinstance(orientation, int) else None
    return image if turn is None else image.transpose(turn)


def held_beside(data: bytes, image: "Image") -> float:
    """Return the bytes per pixel that a decoder holds beside the picture itself.

    A JPEG that comes in several scans is kept whole until the last, a TIFF in one strip is unpacked at once.
    """
    if image.format == "JPEG":
        layers = len(image.getbands())
        return 2.0 * layers if _has_scans(data, layers) else 0.0
    if image.format == "TIFF":
        tags: Mapping[int, Any] = getattr(image, "tag_v2", {})
        bits = tags.get(_BITS_PER_SAMPLE, (1,))
        return int(tags.get(_SAMPLES_PER_PIXEL, 1)) * int(max(bits)) / 8
    return 0.0


def _has_scans(data: bytes, layers: int) -> bool:
    """Tell whether a JPEG comes in several scans: progressive, or with colours one after the other."""
    place = 2
    while place + 5 <= len(data):
        marker = data[place + 1]
        if data[place] != 0xFF:
            return True
        if marker == 0xFF:
            place += 1
            continue
        if marker in _PROGRESSIVE_MARKERS:
            return True
        if marker == 0xDA:
            return data[place + 4] < layers
        # These two stand alone.
        alone = marker == 0x01 or 0xD0 <= marker <= 0xD8
        place += 2 if alone else 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return True
