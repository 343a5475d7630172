"""Pictures decoded, fitted and encoded."""

import struct
import sys
import zlib
from io import BytesIO

import pytest
from PIL import Image

from tests.support.pictures import gradient, png
from tests.support.pixels import kitty_commands, kitty_picture, placeholder_cells, sixel_pixels
from tui.domain.graphics import Graphics, Protocol
from tui.rendering.picture import PictureRequest
from tui.widgets.message_image import canvas, cut
from tui.widgets.picture_decoding import PictureBroken, decoded

SIXEL = Graphics(Protocol.SIXEL, 10, 20)
KITTY = Graphics(Protocol.KITTY, 10, 20)


def saved(image: Image.Image, format: str = "PNG", **options: object) -> bytes:
    data = BytesIO()
    image.save(data, format, **options)
    return data.getvalue()


def cells(data: bytes, columns: int = 2, rows: int = 2, background: str = "#000000") -> list[str]:
    drawn = canvas(data, PictureRequest("", columns, rows, background), Graphics()).sketched()
    return [str(style) for strip in drawn.cells for _, style, _ in strip]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "LA", "CMYK", "1", "I;16", "I", "F", "YCbCr"])
def test_every_kind_of_picture_has_its_colours(mode: str) -> None:
    white = {"I;16": 65535, "I": 255, "F": 255.0}.get(mode)
    image = Image.new(mode, (40, 80), white) if white else Image.new("RGB", (40, 80), "white").convert(mode)
    format = "PNG" if mode in ("RGB", "RGBA", "P", "L", "LA", "1", "I;16") else "TIFF"
    assert set(cells(saved(image, format))) == {"#ffffff on #ffffff"}


def test_what_is_transparent_shows_the_ground() -> None:
    assert set(cells(png(40, 80, "#00000000", "RGBA"), background="#204060")) == {"#204161 on #204161"}


def test_the_orientation_that_a_camera_noted_is_applied() -> None:
    image = Image.new("RGB", (20, 10), "red")
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decoded(saved(image, "JPEG", exif=exif)).size == (10, 20)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        png()[:60],
        png().replace(b"IDAT", b"IDAX"),
        b"\x89PNG\r\n\x1a\n" + b"\0" * 40,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        saved(gradient(50, 50), "JPEG")[:300],
        b"GIF89a\x01\x00",
        b"II*\x00\x08\x00\x00\x00\xff\xff",
    ],
)
def test_what_cannot_be_decoded_is_told_in_words(data: bytes) -> None:
    with pytest.raises(PictureBroken) as told:
        decoded(data)
    assert told.value.message and told.value.hint


@pytest.mark.parametrize("size", [(30_000, 30_000), (9_000, 9_000)])
def test_a_picture_of_too_many_pixels_is_not_decoded(size: tuple[int, int]) -> None:
    head = struct.pack(">IIBBBBB", *size, 8, 0, 0, 0, 0)
    data = png()
    start = data.index(b"IHDR")
    crc = struct.pack(">I", zlib.crc32(b"IHDR" + head))
    with pytest.raises(PictureBroken) as told:
        decoded(data[: start + 4] + head + crc + data[start + 21 :])
    assert told.value.hint


def test_sixel_is_the_picture_that_was_fitted() -> None:
    shown = canvas(saved(gradient(400, 400)), PictureRequest("", 8, 4), SIXEL)
    *_, drawn = shown.sharpened(shown.sketched())
    assert drawn.sixel is not None
    width, height, pixels = sixel_pixels(drawn.sixel.rows(0, 4))
    assert (width, height, len(pixels)) == (80, 80, 80 * 80)
    expected = gradient(400, 400).resize((80, 80), Image.Resampling.LANCZOS)
    for x, y in [(3, 3), (70, 10), (40, 40), (79, 79), (0, 79)]:
        wanted = expected.getpixel((x, y))
        assert isinstance(wanted, tuple)
        assert all(abs(a * 2.55 - b) < 16 for a, b in zip(pixels[x, y], wanted, strict=True))


def test_kitty_is_told_the_picture_once_and_where_its_cells_are() -> None:
    shown = canvas(saved(gradient(400, 400)), PictureRequest("", 8, 4, "#102030"), KITTY)
    (drawn,) = shown.sharpened(shown.sketched())
    assert drawn.kitty is not None
    keys, image = kitty_picture(drawn.kitty.transmission)
    assert {name: keys[name] for name in ("a", "U", "f", "q", "c", "r")} == {
        "a": "T", "U": "1", "f": "100", "q": "2", "c": "8", "r": "4",
    }  # fmt: skip
    expected = gradient(400, 400).resize((80, 80), Image.Resampling.LANCZOS, reducing_gap=3.0)
    assert image.tobytes() == expected.tobytes()
    number = int(keys["i"])
    red, green, blue = number >> 16, number >> 8 & 255, number & 255
    assert all(row.startswith(f"\x1b[38;2;{red};{green};{blue};48;2;16;32;48m") for row in drawn.kitty.rows)
    marks = [placeholder_cells(row) for row in drawn.kitty.rows]
    assert [len(row) for row in marks] == [8] * 4
    assert [row[0][0] for row in marks] == ["\u0305", "\u030d", "\u030e", "\u0310"]
    assert [cell[1] for cell in marks[2]] == [cell[1] for cell in marks[0]]
    assert len({cell[1] for cell in marks[0]}) == 8
    ((removal, _),) = kitty_commands(drawn.kitty.removal)
    assert (removal["a"], removal["d"], removal["i"]) == ("d", "I", keys["i"])


def test_no_two_pictures_are_one_to_kitty() -> None:
    shown = canvas(png(), PictureRequest("", 4, 2), KITTY)
    numbers = {
        kitty_picture(drawn.kitty.transmission)[0]["i"]
        for _ in range(3)
        for drawn in shown.sharpened(shown.sketched())
        if drawn.kitty is not None
    }
    assert len(numbers) == 3


def test_a_part_is_as_large_as_it_is() -> None:
    image = gradient(200, 200)
    part = cut(image, (150, 100), PictureRequest("", 8, 4), SIXEL)
    assert part._image.crop((0, 0, 50, 80)).tobytes() == image.crop((150, 100, 200, 180)).tobytes()
    assert part._image.getpixel((60, 10)) == (0, 0, 0)
    halves = cut(image, (0, 0), PictureRequest("", 8, 4), Graphics())
    assert halves._image.size == (8, 8)


class _LoudTerminal:
    """Standard output of a terminal that would answer to whatever is asked."""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        raise AssertionError(f"the terminal was asked {text!r}")


def test_loading_what_encodes_asks_the_terminal_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("textual_image")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "__stdout__", _LoudTerminal())
    for graphics in (SIXEL, KITTY):
        shown = canvas(png(), PictureRequest("", 4, 2), graphics)
        assert list(shown.sharpened(shown.sketched()))
    assert isinstance(sys.__stdout__, _LoudTerminal)
