"""Scaling a picture down a band at a time."""

import pytest
from PIL import Image, ImageChops

from tui.services.attachments.scaling import scaled_down
from tui.services.threads import Stop


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P"])
@pytest.mark.parametrize(
    ("size", "wanted"), [((700, 1100), (200, 314)), ((40, 3000), (3, 256)), ((2100, 300), (1400, 200))]
)
def test_a_picture_comes_out_as_if_scaled_at_once(
    mode: str, size: tuple[int, int], wanted: tuple[int, int]
) -> None:
    # Rings that become finer towards the corners: what is left out or taken twice is seen.
    rings = Image.radial_gradient("L").resize(size).point([40 * value % 256 for value in range(256)])
    image = Image.merge("RGB", (rings, rings.rotate(180), rings)).convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(size))
    plain = image.convert("RGB") if mode == "P" else image
    # What hardly shows through has no colours to compare.
    compared = "RGBa" if mode == "RGBA" else plain.mode
    at_once = plain.resize(wanted, Image.Resampling.LANCZOS).convert(compared)
    small = scaled_down(image, wanted, Stop())
    assert (small.mode, small.size) == (plain.mode, wanted)
    differences = ImageChops.difference(small.convert(compared), at_once)
    assert max(high for _, high in _extremes(differences)) <= 2


def _extremes(image: Image.Image) -> list[tuple[float, float]]:
    return [band.getextrema() for band in image.split()]  # type: ignore[misc]
