"""Keys in the words of people."""

from typing import Final

_NAMES: Final = {
    "pageup": "PageUp",
    "pagedown": "PageDown",
    "escape": "Esc",
    "enter": "Enter",
    "space": "Space",
    "tab": "Tab",
    "slash": "/",
    "question_mark": "?",
    "full_stop": ".",
    "comma": ",",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "delete": "Del",
    "backspace": "Backspace",
    "home": "Home",
    "end": "End",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
}


def key_name(key: str) -> str:
    """Return a key in Textual's words as people write it: `ctrl+n` becomes `Ctrl+N`.

    A letter by itself stays as it is: `g` and `G` are two keys.
    """
    *modifiers, last = key.strip().split("+")
    name = _NAMES.get(last, last)
    if (len(last) == 1 and modifiers) or (len(last) > 1 and last[0] == "f" and last[1:].isdigit()):
        name = last.upper()
    return "+".join([*(each.capitalize() for each in modifiers), name])


def key_names(keys: str) -> tuple[str, ...]:
    """Return every key of a comma separated list as people write it."""
    return tuple(key_name(key) for key in keys.split(",") if key.strip())
