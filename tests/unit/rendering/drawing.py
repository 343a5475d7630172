"""Drawing documents for the tests."""

import json
from pathlib import Path

from rich.style import Style

from tui.rendering.document import Document
from tui.rendering.line import Block, Line, Palette

DATA = Path(__file__).parents[2] / "data" / "markdown"

DARK = Palette(
    dark=True,
    foreground="#e0e0e0",
    background="#121212",
    surface="#1e1e1e",
    muted="#8d8d8d",
    primary="#5fafff",
    secondary="#87afd7",
    accent="#ffaf5f",
    warning="#ffaf00",
    error="#ff5f5f",
    success="#87d787",
)
LIGHT = Palette(
    dark=False,
    foreground="#1f1f1f",
    background="#fafafa",
    surface="#eeeeee",
    muted="#646464",
    primary="#0550ae",
    secondary="#3b5b7a",
    accent="#953800",
    warning="#8a5a00",
    error="#b3001b",
    success="#116329",
)


def document(text: str, *, closed: bool = True) -> Document:
    result = Document(text)
    if closed:
        result.close()
    return result


def lines_of(source: Document | str, width: int = 60, palette: Palette = DARK) -> list[Line]:
    """Draw everything, and check what holds for every block."""
    source = document(source) if isinstance(source, str) else source
    return [line for block in source.blocks for line in drawn_by(block, width, palette)]


def drawn_by(block: Block, width: int, palette: Palette = DARK) -> list[Line]:
    """Draw a block, and check what holds for every block."""
    height = block.height(width, palette.wrap_code)
    drawn = [*block.lines(0, height, width, palette)]
    assert len(drawn) == height
    for line in drawn:
        assert line.strip.cell_length <= width
        assert 0 <= line.gutter + line.tail <= line.strip.cell_length
    return drawn


def text_of(source: Document | str, width: int = 60, palette: Palette = DARK) -> list[str]:
    return [line.strip.text.rstrip() for line in lines_of(source, width, palette)]


def style_of(source: Document | str, text: str, palette: Palette = DARK) -> Style:
    """Return the style of the first piece that contains `text`."""
    for line in lines_of(source, palette=palette):
        for segment in line.strip:
            if text in segment.text:
                assert segment.style is not None
                return segment.style
    raise AssertionError(f"{text!r} is not on the screen")


def color_of(style: Style) -> str:
    assert style.color is not None and style.color.triplet is not None
    return style.color.triplet.hex


def copied(lines: list[Line]) -> str:
    """Return what a selection of these lines copies: no furniture, soft wraps undone."""
    result = ""
    for number, line in enumerate(lines):
        size = line.strip.cell_length
        if size and line.gutter == size:
            continue
        text = line.strip.crop(line.gutter, size - line.tail).text
        result += ("" if not number else "\n" if line.join is None else line.join) + text
    return result


def spec_examples() -> list[str]:
    examples = json.loads((DATA / "commonmark.json").read_text(encoding="utf-8"))
    return [example["markdown"] for example in examples]


def corpus() -> list[str]:
    return [
        path.read_text(encoding="utf-8") for path in sorted(DATA.glob("*.md")) if path.name != "README.md"
    ]


def real_answers() -> list[str]:
    """Return what a real model has said, as it said it."""
    return [path.read_text(encoding="utf-8") for path in sorted((DATA / "answers").glob("*.md"))]
