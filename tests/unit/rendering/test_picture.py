"""Pictures as cells, and what stands beside the cells."""

import pytest
from rich.color import Color
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.color import Color as TextualColor
from textual.filter import Monochrome
from textual.strip import Strip

from tests.support.pictures import gradient
from tests.support.pixels import sixel_pixels
from tui.domain.graphics import Graphics, Protocol
from tui.rendering.gallery import Gallery
from tui.rendering.picture import Drawn, PictureRequest, PictureRow, half_cells
from tui.rendering.sixel import Bands, SixelPicture, phases


@pytest.mark.parametrize(
    ("protocol", "size", "room", "cells"),
    [
        (Protocol.SIXEL, (1200, 800), (80, 16), (48, 16)),
        (Protocol.SIXEL, (1200, 800), (24, 16), (24, 8)),
        (Protocol.SIXEL, (100, 100), (80, 16), (10, 5)),
        (Protocol.SIXEL, (1, 1), (80, 16), (1, 1)),
        (Protocol.SIXEL, (10, 10_000), (80, 16), (1, 16)),
        (Protocol.SIXEL, (10_000, 10), (80, 16), (80, 1)),
        (Protocol.HALFCELL, (1200, 800), (80, 16), (48, 16)),
        (Protocol.HALFCELL, (16, 16), (80, 16), (16, 8)),
    ],
)
def test_a_picture_keeps_its_shape_and_is_never_larger_than_its_pixels(
    protocol: Protocol, size: tuple[int, int], room: tuple[int, int], cells: tuple[int, int]
) -> None:
    assert Graphics(protocol, 10, 20).fitted(*size, *room) == cells


def test_a_cell_shows_one_pixel_above_another() -> None:
    red, blue = b"\xff\x00\x00", b"\x00\x00\xff"
    strips = half_cells(red * 3 + red * 2 + blue, 3)
    drawn = [(text, str(style)) for strip in strips for text, style, _ in strip]
    assert drawn == [("  ", "#ff0000 on #ff0000"), ("▀", "#ff0000 on #0000ff")]
    assert strips[0].cell_length == 3


def row(payload: str = "<P>", *, replaces: bool = False) -> PictureRow:
    color = Style(color=Color.parse("#112233"))
    plain = Style.null()
    segments = [Segment("ab", plain), Segment("▀▀▀", color), Segment("yz", plain)]
    return PictureRow(segments, 7, left=2, columns=3, payload=payload, replaces=replaces)


def written(strip: Strip) -> str:
    return strip.render(Console(color_system="truecolor"))


def test_the_terminal_is_told_after_the_cells_or_in_their_place() -> None:
    cells = "\x1b[38;2;17;34;51m▀▀▀\x1b[0m"
    assert written(row()) == f"ab{cells}<P>yz"
    assert written(row(replaces=True)) == "ab<P>yz"


def test_a_picture_that_is_cut_through_is_drawn_in_cells() -> None:
    assert "<P>" in written(row().crop(1, 6)) and row().crop(1, 6).text == "b▀▀▀y"
    assert "<P>" not in written(row().crop(3))
    assert "<P>" not in written(row().crop(0, 4))
    told = ["<P>" in written(piece) for piece in row().divide([2, 5, 7])]
    assert told == [False, True, False]
    assert not any("<P>" in written(piece) for piece in row().divide([4, 7]))


def test_a_picture_whose_colours_are_changed_is_drawn_in_cells() -> None:
    assert "<P>" not in written(row().apply_filter(Monochrome(), TextualColor.parse("black")))


@pytest.mark.parametrize(("cell", "begins"), [(18, [0]), (20, [0, 2, 4]), (17, [0, 1, 2, 3, 4, 5])])
def test_a_row_of_cells_begins_at_few_places_of_a_line_of_sixel(cell: int, begins: list[int]) -> None:
    assert phases(cell) == begins


@pytest.mark.parametrize("cell", [20, 17])
def test_sixel_is_cut_at_any_row_of_cells(cell: int) -> None:
    from textual_image._sixel import image_to_sixels

    rows, width = 4, 30
    picture = gradient(width, rows * cell).quantize(64)
    bands = {
        first: Bands.of(image_to_sixels(picture.crop((0, first, width, rows * cell))))
        for first in phases(cell)
    }
    sixel = SixelPicture(width, cell, bands)
    _, _, whole = sixel_pixels(image_to_sixels(picture))
    for first in range(rows):
        for stop in range(first + 1, rows + 1):
            columns, height, pixels = sixel_pixels(sixel.rows(first, stop))
            assert (columns, height) == (width, (stop - first) * cell)
            top = first * cell
            assert pixels == {
                (x, y - top): color for (x, y), color in whole.items() if top <= y < stop * cell
            }


def test_what_is_no_sixel_is_refused() -> None:
    with pytest.raises(ValueError, match="not Sixel"):
        Bands.of("hello")


def test_rows_of_a_picture_go_with_it() -> None:
    gallery = Gallery(Graphics(), kept=0)
    first, second = (PictureRequest(digest, 2, 1) for digest in "ab")
    gallery.put(first, Drawn(2, 1, half_cells(bytes(12), 2)))
    rows = gallery.lines(first)
    assert rows is not None
    assert rows is gallery.lines(first)
    gallery.put(second, Drawn(2, 1, half_cells(bytes(12), 2)))
    assert gallery.lines(first) is None
    assert rows not in gallery._lines.values()
