"""What a terminal would show: Sixel and Kitty's commands decoded back to pixels."""

import re
from base64 import b64decode
from io import BytesIO

from PIL import Image

Pixels = dict[tuple[int, int], tuple[int, int, int]]

_HEADER = re.compile(r'\x1bP[\d;]*q"1;1;(\d+);(\d+)')
_TOKEN = re.compile(r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)([?-~])|([?-~])|(\$)|(-)")
_COMMAND = re.compile(r"\x1b_G([^;\x1b]*)(?:;([^\x1b]*))?\x1b\\")
_CELL = re.compile("\U0010eeee(.)(.)(.)")


def sixel_pixels(text: str) -> tuple[int, int, Pixels]:
    """Return width, height and the pixels that Sixel draws, colours in hundredths."""
    header = _HEADER.match(text)
    assert header is not None and text.endswith("\x1b\\")
    colors: dict[int, tuple[int, int, int]] = {}
    pixels: Pixels = {}
    x = y = color = 0
    position = header.end()
    while position < len(text) - 2:
        token = _TOKEN.match(text, position)
        assert token is not None, text[position : position + 20]
        position = token.end()
        define, red, green, blue, select, count, repeated, single, back, down = token.groups()
        if define:
            color = int(define)
            colors[color] = int(red), int(green), int(blue)
        elif select:
            color = int(select)
        elif back:
            x = 0
        elif down:
            x, y = 0, y + 6
        else:
            bits = ord(repeated or single) - 63
            end = x + int(count or 1)
            set_bits = [bit for bit in range(6) if bits >> bit & 1]
            pixels.update({(at, y + bit): colors[color] for at in range(x, end) for bit in set_bits})
            x = end
    return int(header[1]), int(header[2]), pixels


def kitty_commands(text: str) -> list[tuple[dict[str, str], str]]:
    """Return Kitty's commands in what was written: their keys, and what they carry."""
    return [
        (dict(pair.split("=", 1) for pair in keys.split(",")), payload)
        for keys, payload in _COMMAND.findall(text)
    ]


def kitty_picture(text: str) -> tuple[dict[str, str], Image.Image]:
    """Return the keys and the picture of the only transmission in what was written."""
    commands = kitty_commands(text)
    keys = commands[0][0]
    assert [command["m"] for command, _ in commands] == ["1"] * (len(commands) - 1) + ["0"]
    return keys, Image.open(BytesIO(b64decode("".join(payload for _, payload in commands))))


def placeholder_cells(text: str) -> list[str]:
    """Return the marks of row and column of the placeholder cells in what was written."""
    return [row + column for row, column, _ in _CELL.findall(text)]
