"""Pictures out of bytes that may be anything."""

import struct
import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Final

from tui.domain.errors import TuiError

if TYPE_CHECKING:
    from PIL.Image import Image

_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
"""Formats that are decoded: none of them runs a program or reads another file."""

_MOST_PIXELS: Final = 64_000_000
"""Pixels above which a picture is not decoded."""

_BROKEN: Final = (
    OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, ArithmeticError, MemoryError,
    AttributeError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip
"""What Pillow raises for bytes that are no picture."""


class PictureBroken(TuiError):
    """Bytes that cannot be shown as a picture."""


def decoded(data: bytes, size: tuple[int, int] = (0, 0)) -> "Image":
    """Return a picture upright and in RGB or RGBA; for a thread.

    Args:
        data: The file.
        size: The pixels that are needed, where fewer than all will do; (0, 0) for all.

    Raises:
        PictureBroken: It cannot be decoded, or is too large to be.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise PictureBroken(
                    f"This picture is too large to be shown: {image.width}×{image.height} pixels.",
                    "Save it to a file to see it.",
                )
            if size[0]:
                image.draft("RGB", size)
            image.load()
            return _with_known_colors(ImageOps.exif_transpose(image))
    except (*_BROKEN, Image.DecompressionBombError) as error:
        raise PictureBroken(
            "This picture cannot be shown: its file is damaged or of a kind that is not known.",
            "Save it to a file to look at it elsewhere.",
        ) from error


def _with_known_colors(image: "Image") -> "Image":
    if image.mode.startswith(("I", "F")):
        # Sixteen bits to eight; Pillow would cut off what is above 255.
        high = image.getextrema()[1]
        scale = 255 / max(1.0, 65535.0 if float(high) > 255 else 255.0)  # type: ignore[arg-type]
        return image.convert("F").point(lambda value: value * scale).convert("L").convert("RGB")
    if image.mode in ("RGB", "RGBA"):
        return image.copy()
    return image.convert("RGBA" if image.has_transparency_data else "RGB")
