"""Texts so long that not all of them is counted."""

import pytest

from tui.domain.estimate import MOST_COUNTED, SLICE, added, text_features


def test_a_text_of_any_length_is_counted_about_right() -> None:
    text = "".join(f"Zeile {number} mit Umläuten, und 3 Zeichen.\n" for number in range(60_000))
    assert len(text) > 2 * MOST_COUNTED
    slices = [text_features(text[start : start + SLICE]) for start in range(0, len(text), SLICE)]
    whole = [value for value in added(slices) if value]
    assert [value for value in text_features(text) if value] == pytest.approx(whole, rel=0.01)
