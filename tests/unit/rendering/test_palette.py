"""Colours: from every theme, solid, and readable."""

import pytest
from textual.app import App

from tests.unit.rendering.drawing import DARK, LIGHT, corpus, lines_of
from tui.rendering.line import Palette
from tui.rendering.palette import contrast, palette_from, readable

THEMES = sorted(App[None]().available_themes)


def assert_readable(palette: Palette) -> None:
    for text in corpus():
        for line in lines_of(text, 80, palette):
            for segment in line.strip:
                style = segment.style
                assert style is not None and style.color is not None and style.color.triplet is not None
                if not any(character.isalnum() for character in segment.text):
                    continue
                behind = (
                    style.bgcolor.triplet.hex
                    if style.bgcolor and style.bgcolor.triplet
                    else palette.background
                )
                assert contrast(style.color.triplet.hex, behind) >= 4.5, (segment, behind)


@pytest.mark.parametrize("palette", [DARK, LIGHT], ids=["dark", "light"])
def test_all_text_has_the_contrast_of_level_aa(palette: Palette) -> None:
    assert_readable(palette)


@pytest.mark.parametrize("name", THEMES)
def test_every_theme_gives_a_readable_palette(name: str) -> None:
    app = App[None]()
    app.theme = name
    palette = palette_from(app.get_css_variables(), app.current_theme.dark)
    assert palette.dark == app.current_theme.dark
    for color in (palette.foreground, palette.muted, palette.primary, palette.accent, palette.error):
        assert len(color) == 7 and contrast(color, palette.background) >= 4.5
    assert palette.surface != palette.background
    assert_readable(palette)


def test_relative_and_transparent_colours_become_solid() -> None:
    variables = {
        "background": "#000000",
        "foreground": "#ffffff",
        "surface": "#ffffff80",
        "text-muted": "auto 60%",
    }
    palette = palette_from(variables, dark=True)
    assert palette.surface in ("#7f7f7f", "#808080")
    assert palette.foreground == "#ffffff"


def test_missing_and_terminal_colours_fall_back() -> None:
    assert palette_from({}, dark=True).dark
    assert (
        palette_from({"background": "ansi_default", "primary": "nonsense"}, dark=False).background
        == "#fafafa"
    )


def test_contrast() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert readable("#111111", "#000000", "#222222") not in ("#111111", "#222222")
