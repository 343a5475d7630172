"""Texts cut to cells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.domain.text import sanitize_line
from tui.widgets.fit import fit, shorten


@pytest.mark.parametrize(
    ("text", "width", "short"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("北京", 3, "北…"),
        ("北京", 4, "北京"),
        ("x", 0, ""),
        ("a b", 3, "a b"),
    ],
)
def test_shorten(text: str, width: int, short: str) -> None:
    assert shorten(text, width) == short


@given(st.text(max_size=60), st.integers(0, 40), st.booleans())
def test_fit_fills_exactly(text: str, width: int, right: bool) -> None:
    assert cell_len(fit(sanitize_line(text), width, right=right)) == width
