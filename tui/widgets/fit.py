"""Texts cut to a number of terminal cells."""

from rich.cells import cell_len, set_cell_size

ELLIPSIS = "…"
"""What stands where a text was cut."""


def shorten(text: str, width: int) -> str:
    """Return `text` in at most `width` cells, with an ellipsis where it was cut."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + ELLIPSIS


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return `text` in exactly `width` cells: cut or padded; at the right end if `right`."""
    short = shorten(text, width)
    padding = " " * (width - cell_len(short)) if width > 0 else ""
    return padding + short if right else short + padding
