"""Blocks of code: cut, scrolled, wrapped, very long."""

from dataclasses import replace

from tests.unit.rendering.drawing import DARK, copied, document, lines_of, text_of
from tui.rendering.document import Document

WRAPPED = replace(DARK, wrap_code=True)


def test_long_lines_are_cut_and_scrolled() -> None:
    source = "```\n0123456789abcdefghij\nx\n```"
    assert text_of(source, 12)[1:] == [" 0123456789›", " x"]
    assert text_of(source, 12, replace(DARK, code_offset=5))[1:] == ["‹56789abcde›", "‹"]


def test_long_lines_are_wrapped_on_request() -> None:
    source = "```\n0123456789abcdefghij\n\nx\n```"
    lines = lines_of(source, 12, WRAPPED)
    assert [line.strip.text.strip() for line in lines[1:]] == ["0123456789", "abcdefghij", "", "x"]
    assert copied(lines) == "\n0123456789abcdefghij\n\nx"


def test_wrapped_code_can_be_asked_for_from_anywhere() -> None:
    code = "\n".join("word " * (number % 7) for number in range(60))
    for source in (f"```\n{code}\n```", f"text\n\n```\n{code}"):
        block = document(source, closed=False).blocks[-1]
        height = block.height(20, True)
        whole = [line.strip.text for line in block.lines(0, height, 20, WRAPPED)]
        assert len(whole) == height
        for start in range(0, height, 3):
            part = block.lines(start, start + 5, 20, WRAPPED)
            assert [line.strip.text for line in part] == whole[start : start + 5]


def test_parts_are_as_the_whole() -> None:
    block = document("text\n\n```py\n" + "\n".join(f"x{number} = 1" for number in range(40))).blocks[-1]
    height = block.height(30)
    whole = [line.strip.text for line in block.lines(0, height, 30, DARK)]
    assert [line.strip.text for line in block.lines(0, 2, 30, DARK)] == whole[:2]
    assert [line.strip.text for line in block.lines(20, 100, 30, DARK)] == whole[20:]


def test_tabs_reach_the_next_stop() -> None:
    assert text_of("```\na\tb\n\tc\n```", 20)[1:] == [" a   b", "     c"]


def test_source_and_code_of_a_block() -> None:
    source = "````md x\n```\na\n```\n````"
    finished = document(source)
    assert finished.blocks[0].source == source
    assert finished.code_blocks[0] == ("md", "```\na\n```")
    assert document("  ```\n    a\n b\n  ```").code_blocks[0].code == "  a\nb"


def test_fifty_thousand_lines_are_only_counted() -> None:
    block = document("```python\n" + "x = 1\n" * 50_000 + "```").blocks[0]
    assert block.height(80) == 50_001
    assert [line.strip.text.strip() for line in block.lines(49_999, 50_001, 80, DARK)] == ["x = 1"] * 2


def test_code_in_a_growing_item_is_drawn_like_the_whole() -> None:
    growing = Document("1. item\n\n   ```c\n")
    whole = "1. item\n\n   ```c\n"
    for number in range(30):
        line = f"   int x{number}; /* {'*/' if number % 3 else ''}\n"
        whole += line
        growing.append(line)
        lines_of(growing)
    growing.close()
    assert [list(line.strip) for line in lines_of(growing)] == [list(line.strip) for line in lines_of(whole)]
