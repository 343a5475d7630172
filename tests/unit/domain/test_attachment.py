import pytest

from tui.domain.attachment import (
    Span,
    byte_size,
    language_of,
    may_see,
    noted,
    quoted,
    scaled,
    split_span,
)
from tui.domain.conversation import Attachment
from tui.domain.model import ModelInfo


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("notes.md", ("notes.md", None)),
        ("notes.md:10", ("notes.md", Span(10, 10))),
        ("a/notes.md:10-20", ("a/notes.md", Span(10, 20))),
        ("notes.md:20-10", ("notes.md:20-10", None)),
        ("notes.md:0", ("notes.md:0", None)),
        (":10", (":10", None)),
        ("C:notes.md", ("C:notes.md", None)),
    ],
)
def test_lines_are_named_behind_a_path(text: str, expected: tuple[str, Span | None]) -> None:
    assert split_span(text) == expected


@pytest.mark.parametrize("inner", ["", "`", "```", "`````", "````\n```", "~~~", "\n```python\n"])
def test_no_text_ends_the_fence_it_is_quoted_in(inner: str) -> None:
    text = quoted("a.md", f"before {inner} after")
    name, opening, *lines, closing = text.split("\n")
    assert name == "a.md:"
    fence = opening.removesuffix("markdown")
    assert set(fence) == {"`"}
    assert len(fence) >= 3
    assert closing == fence
    assert not any(line.strip().startswith(fence) for line in lines)
    assert "\n".join(lines) == f"before {inner} after"


def test_what_is_quoted_is_named_harmlessly() -> None:
    assert quoted("a\n\x1b[31m.py:3", "x\n") == "a ␛[31m.py:3:\n```python\nx\n```"
    assert language_of("Dockerfile") == "dockerfile"
    assert language_of("stdin") == ""


def test_sizes_for_people() -> None:
    assert [byte_size(size) for size in (0, 999, 1000, 9_949, 99_900, 1_000_000, 5_000_000_000)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "9.9 kB",
        "100 kB",
        "1.0 MB",
        "5.0 GB",
    ]
    assert noted(Attachment("d", "a", "image/png", 9, 1000, 1000)) == "1000×1000 · ≈ 580 tokens"
    assert noted(Attachment("d", "a", "text/plain", 40_000)) == "40 kB · ≈ 10.0k tokens"


def test_proportions_stay_when_a_picture_is_scaled() -> None:
    assert scaled(100, 50, 200) == (100, 50)
    assert scaled(4000, 3000, 1568) == (1568, 1176)
    assert scaled(10_000, 1, 1568) == (1568, 1)


def test_only_a_model_that_is_known_not_to_see_is_blind() -> None:
    assert may_see(None)
    assert may_see(ModelInfo("old"))
    assert may_see(ModelInfo("a", capabilities=frozenset({"vision"})))
    assert not may_see(ModelInfo("a", capabilities=frozenset({"completion"})))
