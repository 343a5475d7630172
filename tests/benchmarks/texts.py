"""What is said in the benchmarks: always the same."""

import random
import struct
import zlib

from tests.support.script import pieces

BEGIN = "Firstword"
END = "Lastword"
SAVED = "Savedword"
"""The first and last word of an answer and the last of a saved conversation; in no other text."""

_WORDS = tuple(
    word
    for line in (
        "the sea is wide and very old because water carries light under wind where ships follow stars until",
        "morning returns with salt on every rope while sailors count waves between harbours of stone",
    )
    for word in line.split()
)


def prose(tokens: int, *, seed: int = 7) -> list[str]:
    """Return an answer of prose as models write it, in so many pieces."""
    choose = random.Random(seed)
    made: list[str] = [BEGIN, " ", "begins", "."]
    while len(made) < tokens:
        made += pieces(_paragraph(choose))
    return [*made[: tokens - 2], "\n\n", END]


def _sentence(choose: random.Random) -> str:
    words = [choose.choice(_WORDS) for _ in range(choose.randint(6, 16))]
    if choose.random() < 0.3:
        place = choose.randrange(len(words))
        words[place] = choose.choice(("**{}**", "*{}*", "`{}`")).format(words[place])
    return " ".join(words).capitalize() + "."


def _paragraph(choose: random.Random) -> str:
    kind = choose.random()
    if kind < 0.1:
        return f"\n\n## {' '.join(choose.choice(_WORDS) for _ in range(3))}"
    if kind < 0.3:
        return "\n\n" + "\n".join(f"- {_sentence(choose)}" for _ in range(choose.randint(2, 5)))
    if kind < 0.4:
        return "\n\n```python\n" + "\n".join(code_line(n) for n in range(choose.randint(3, 8))) + "\n```"
    return "\n\n" + " ".join(_sentence(choose) for _ in range(choose.randint(2, 5)))


def code_line(number: int) -> str:
    """Return a line of Python."""
    return f'    result_{number} = compute(value[{number % 97}], "text {number}")  # step {number}'


def code(lines: int) -> list[str]:
    """Return an answer that is one block of code, a piece for every line."""
    return [
        BEGIN,
        "\n\n```python\ndef run(value):\n",
        *(code_line(number) + "\n" for number in range(lines)),
        f"```\n\n{END}",
    ]


def message(number: int) -> str:
    """Return a message of a long conversation: Markdown, every fifth with code, every ninth with a table."""
    choose = random.Random(number)
    if number % 2 == 0:
        return _sentence(choose)
    text = "".join(_paragraph(choose) for _ in range(2)).strip()
    if number % 5 == 0:
        text += "\n\n```python\n" + "\n".join(code_line(n) for n in range(10)) + "\n```"
    if number % 9 == 0:
        rows = "\n".join(f"| {choose.choice(_WORDS)} | {n} | {choose.random():.3f} |" for n in range(6))
        text += f"\n\n| name | number | share |\n|---|---:|---:|\n{rows}"
    return text


PICTURE_SIZE = (320, 200)
"""Pixels."""


def png(number: int) -> bytes:
    """Return a picture, another one for each number."""
    width, height = PICTURE_SIZE
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            rows += bytes(((x + number) % 256, (y * 2 + number * 7) % 256, (x ^ y) % 256))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(rows), 1)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
