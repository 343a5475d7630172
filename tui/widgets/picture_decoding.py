"""Pictures out of bytes that may be anything."""

from io import BytesIO
from typing import TYPE_CHECKING, Final

from tui.decoding import BROKEN, ORIENTATION, held_beside, loaded, turned
from tui.domain.attachment import Kind, most_pixels
from tui.domain.errors import TuiError

if TYPE_CHECKING:
    from PIL.Image import Image

_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
"""Formats that are decoded: none of them runs a program or reads another file."""

_MOST_PIXELS: Final = 24_000_000
"""Pixels above which a picture is not shown; those that came in through the application have far fewer."""


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
    from PIL import Image

    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            _require_within(image, most_pixels(Kind(image.format or ""), held=held_beside(data, image)))
            if size[0]:
                image.draft("RGB", size)
            _require_within(image, _MOST_PIXELS)
            turn = image.getexif().get(ORIENTATION)
            return turned(_with_known_colors(loaded(image)), turn)
    except (*BROKEN, MemoryError, Image.DecompressionBombError) as error:
        raise PictureBroken(
            "This picture cannot be shown: its file is damaged or of a kind that is not known.",
            "Save it to a file to look at it elsewhere.",
        ) from error


def _require_within(image: "Image", most: int) -> None:
    if image.width * image.height > most:
        raise PictureBroken(
            f"This picture is too large to be shown: {image.width}×{image.height} pixels.",
            "Save it to a file to see it.",
        )


def _with_known_colors(image: "Image") -> "Image":
    if image.mode.startswith(("I", "F")):
        # Sixteen bits to eight; Pillow would cut off what is above 255.
        high = image.getextrema()[1]
        scale = 255 / max(1.0, 65535.0 if float(high) > 255 else 255.0)  # type: ignore[arg-type]
        return image.convert("F").point(lambda value: value * scale).convert("L").convert("RGB")
    if image.mode in ("RGB", "RGBA"):
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")
