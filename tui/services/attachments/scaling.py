"""Pictures of any form in grey, RGB or RGBA and in the size that is wanted, without being held twice."""

from math import ceil
from typing import TYPE_CHECKING, Final

from tui.services.threads import Stop

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.Image import Image

    Plain = Callable[[Image], Image]
    """Brings a part of a picture into grey, RGB or RGBA with eight bits."""

_STRIP_PIXELS: Final = 1_000_000
"""Pixels that are converted at a time."""

_BAND_ROWS: Final = 128
"""Rows of the smaller picture that are made at a time."""

_REACH: Final = 3
"""Rows on either side that the filter (Lanczos) looks at, in those of the smaller picture."""


def scaled_down(image: "Image", wanted: tuple[int, int], stop: Stop) -> "Image":
    """Return a picture in its plain form and in the size that is wanted, which is not larger than its own.

    It comes out as if it were scaled at once, which would take a copy of it where it is not plain, and one
    of its height at the width that is wanted.
    """
    from PIL import Image

    plain = _converter(image)
    mode = plain(image.crop((0, 0, 1, 1))).mode
    if image.size == wanted:
        return (
            image if mode == image.mode else _strips(image, plain, mode, (0, image.height), wanted[0], stop)
        )
    # Colours of what is not seen are not to be mixed in: RGBa is multiplied by the alpha channel.
    weighed = "RGBa" if mode == "RGBA" else mode
    small = Image.new(weighed, wanted)
    ratio = image.height / wanted[1]
    for top in range(0, wanted[1], _BAND_ROWS):
        bottom = min(top + _BAND_ROWS, wanted[1])
        upper, lower = top * ratio, min(bottom * ratio, image.height)
        first = max(0, int(upper - _REACH * ratio) - 1)
        last = min(image.height, ceil(lower + _REACH * ratio) + 1)
        band = _strips(image, plain, weighed, (first, last), wanted[0], stop)
        box = (0.0, upper - first, float(wanted[0]), lower - first)
        small.paste(band.resize((wanted[0], bottom - top), Image.Resampling.LANCZOS, box), (0, top))
    return small if weighed == mode else small.convert(mode)


def _strips(
    image: "Image", plain: "Plain", mode: str, rows: tuple[int, int], width: int, stop: Stop
) -> "Image":
    """Return some rows of a picture in its plain form, or as `mode`, and as wide as is wanted."""
    from PIL import Image

    first, last = rows
    whole = Image.new(mode, (width, last - first))
    step = max(1, _STRIP_PIXELS // image.width)
    for top in range(first, last, step):
        stop.check()
        strip = plain(image.crop((0, top, image.width, min(top + step, last))))
        strip = strip if strip.mode == mode else strip.convert(mode)
        if width != image.width:
            strip = strip.resize((width, strip.height), Image.Resampling.LANCZOS)
        whole.paste(strip, (0, top - first))
    return whole


def _converter(image: "Image") -> "Plain":
    """Return what brings parts of a picture into grey, RGB or RGBA with eight bits."""
    mode = image.mode
    if mode.startswith(("I", "F")):
        low, high = (0.0, 65535.0) if mode.startswith("I;16") else _range_of(image)
        scale = 255 / (high - low) if high > low else 0.0
        offset = -low * scale
        return lambda part: part.convert("F").point(lambda value: value * scale + offset).convert("L")
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        wanted = "RGBA"
    else:
        wanted = "L" if mode in ("1", "L") else "RGB"
    if mode == "La":
        return lambda part: part.convert("LA").convert("RGBA")
    return lambda part: part if part.mode == wanted else part.convert(wanted)


def _range_of(image: "Image") -> tuple[float, float]:
    """Return the darkest and the brightest value of a picture whose values have no fixed range."""
    low, high = image.getextrema()
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    return float(low), float(high)
