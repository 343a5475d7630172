"""Texts that are divided."""

from hypothesis import given
from hypothesis import strategies as st

from tui.domain.parts import parts_of


@given(st.text(st.sampled_from("ab \n\r\x0b…"), max_size=200), st.integers(1, 30))
def test_parts_are_short_enough_and_together_the_text(text: str, most: int) -> None:
    parts = parts_of("notes.md", text, most)
    assert "".join(part.text for part in parts) == text
    assert all(len(part.text) <= most for part in parts)
    assert len({part.name for part in parts}) == len(parts)


def test_parts_of_whole_lines_are_called_after_them() -> None:
    assert [part.name for part in parts_of("notes.md", "one\ntwo\nthree\n", 8)] == [
        "notes.md:1-2",
        "notes.md:3",
    ]
    assert [part.name for part in parts_of("notes.md:11-13", "one\ntwo\nthree\n", 8)] == [
        "notes.md:11-12",
        "notes.md:13",
    ]


def test_a_long_line_is_cut_after_a_word() -> None:
    parts = parts_of("message", "one two three four five six\n", 20)
    assert [part.name for part in parts] == ["message part 1 of 2", "message part 2 of 2"]
    assert parts[0].text == "one two three four "
