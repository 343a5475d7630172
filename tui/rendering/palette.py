"""Solid, readable colours out of a theme's variables."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from textual.color import Color, ColorParseError

from tui.rendering.line import Palette

_AA: Final = 4.5
"""The contrast that WCAG asks of text at level AA."""

_FALLBACK: Final = {
    True: {"background": "#121212", "foreground": "#e0e0e0", "surface": "#1e1e1e", "primary": "#5fafff",
           "secondary": "#87afd7", "accent": "#ffaf5f", "warning": "#ffaf00", "error": "#ff5f5f",
           "success": "#87d787"},
    False: {"background": "#fafafa", "foreground": "#1f1f1f", "surface": "#eeeeee", "primary": "#0550ae",
            "secondary": "#3b5b7a", "accent": "#953800", "warning": "#8a5a00", "error": "#b3001b",
            "success": "#116329"},
}  # fmt: skip
"""What is used where a theme leaves the colour to the terminal."""


def palette_from(variables: Mapping[str, str], dark: bool) -> Palette:
    """Return the palette of a theme, from `App.get_css_variables()` or `App.theme_variables`.

    Colours that are half transparent or relative (`auto 60%`) are blended into solid ones, and those
    that carry text are moved towards the foreground until they can be read on the background.
    """
    fallback = _FALLBACK[dark]

    def color(name: str, over: Color | None = None) -> Color:
        return _solid(variables.get(name, ""), over) or Color.parse(fallback[name])

    background = color("background")
    foreground = color("foreground", background)
    surface = color("surface", background)
    if surface.hex6 == background.hex6:
        surface = background.blend(foreground, 0.06)
    muted = _solid(variables.get("text-muted", ""), background) or background.blend(foreground, 0.6)

    def ink(name: str) -> str:
        return readable(color(name, background).hex6, background.hex6, foreground.hex6)

    return Palette(
        dark=dark,
        foreground=readable(foreground.hex6, background.hex6, "#ffffff" if dark else "#000000"),
        background=background.hex6.lower(),
        surface=surface.hex6.lower(),
        muted=readable(muted.hex6, surface.hex6, foreground.hex6),
        primary=ink("primary"),
        secondary=ink("secondary"),
        accent=ink("accent"),
        warning=ink("warning"),
        error=ink("error"),
        success=ink("success"),
    )


def _solid(value: str, over: Color | None) -> Color | None:
    """Return a colour without transparency, or None where the theme has none of its own."""
    try:
        color = Color.parse(value)
    except ColorParseError:
        return None
    if color.ansi is not None:
        return None
    if over is None:
        return Color(*color.rgb)
    if color.auto:
        color = over.get_contrast_text(color.a)
    return over + color


@lru_cache(maxsize=512)
def readable(color: str, on: str, foreground: str) -> str:
    """Return `color`, moved towards `foreground` as far as it takes to be read `on` a background."""
    base, extreme = Color.parse(color), Color.parse(on).get_contrast_text(1.0)
    for target in (Color.parse(foreground), Color(*extreme.rgb)):
        for step in range(11):
            candidate = base.blend(target, step / 10).hex6.lower()
            if contrast(candidate, on) >= _AA:
                return candidate
        base = target
    return Color(*extreme.rgb).hex6.lower()


def blend(one: str, other: str, factor: float) -> str:
    """Return the colour that lies `factor` of the way from `one` to `other`."""
    return Color.parse(one).blend(Color.parse(other), factor).hex6.lower()


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21, as WCAG 2 defines it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in Color.parse(color).rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
