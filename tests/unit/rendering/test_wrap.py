"""Wrapping of styled text."""

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len, get_character_cell_size
from rich.style import Style

from tui.rendering.wrap import clip, fold, is_narrow, window, wrap_lines, wrap_runs

texts = st.text(
    alphabet=st.one_of(
        st.sampled_from("ab  \u200d\ufe0f\u0301漢字、❤☁👩👨\U0001f3fd\u00ad\u200bé\t\n"),
        st.characters(exclude_categories=("Cs", "Cc")),
    ),
    max_size=60,
)
styled = st.lists(st.tuples(texts, st.sampled_from([1, 2])), max_size=4)


def joined(runs: list[tuple[str, int]], width: int) -> str:
    result = ""
    for number, line in enumerate(wrap_runs(runs, width)):
        result += ("" if not number else "\n" if line.join is None else line.join) + "".join(
            t for t, _ in line.runs
        )
    return result


@settings(max_examples=300, deadline=None)
@given(styled, st.integers(2, 14))
def test_nothing_is_wider_and_nothing_is_lost(runs: list[tuple[str, int]], width: int) -> None:
    for line in wrap_runs(runs, width):
        assert sum(cell_len(text) for text, _ in line.runs) <= width
    whole = "".join(text for text, _ in runs).replace("\t", "    ")
    stripped = [line.rstrip(" ") for line in joined(runs, width).split("\n")]
    assert stripped == [line.rstrip(" ") for line in whole.split("\n")]


@settings(max_examples=100, deadline=None)
@given(styled)
def test_one_cell_is_enough(runs: list[tuple[str, int]]) -> None:
    for line in wrap_runs(runs, 1):
        assert sum(cell_len(text) for text, _ in line.runs) <= 1


on_one_line = texts.map(lambda text: text.replace("\n", "").replace("\t", ""))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(on_one_line, st.just(0)), max_size=3), st.integers(0, 20), st.integers(1, 20))
def test_window_and_fold_fit(runs: list[tuple[str, int]], offset: int, width: int) -> None:
    assert sum(cell_len(text) for text, _ in window(runs, offset, width)) <= width
    for line in fold(runs, width):
        assert sum(cell_len(text) for text, _ in line) <= width
    if width > 1:
        assert "".join(text for line in fold(runs, width) for text, _ in line) == "".join(
            text for text, _ in runs
        )


def test_words_stay_whole_and_long_ones_are_broken() -> None:
    lines = wrap_runs([("to be or ", 1), ("not abcdefghij", 2)], 6)
    assert [line.runs for line in lines] == [
        [("to be", 1)],
        [("or ", 1), ("not", 2)],
        [("abcdef", 2)],
        [("ghij", 2)],
    ]
    assert [line.join for line in lines] == [None, " ", " ", ""]


def test_chinese_breaks_anywhere_but_not_before_a_full_stop() -> None:
    assert [line.runs[0][0] for line in wrap_runs([("漢字漢字。", 0)], 8)] == ["漢字漢", "字。"]


def test_families_stay_together() -> None:
    family = "👨‍👩‍👧‍👦"
    assert [line.runs[0][0] for line in wrap_runs([(family * 3, 0)], 4)] == [family * 2, family]


def test_a_hundred_thousand_characters() -> None:
    assert len(wrap_runs([("a" * 100_000, 0)], 80)) == 1250
    assert len(wrap_runs([("漢" * 100_000, 0)], 80)) == 2500
    assert len(wrap_runs([("word " * 20_000, 0)], 80)) == 1250


def test_clip_and_window() -> None:
    assert [clip("漢字漢字", width) for width in (8, 5, 2, 1, 0)] == ["漢字漢字", "漢字…", "…", "…", ""]
    assert window([("a漢b", 0)], 2, 2) == [(" b", 0)]
    assert window([("abc", 0), ("def", 1)], 2, 2) == [("c", 0), ("d", 1)]


def test_lines_are_ready_to_draw() -> None:
    lines = wrap_lines([("bold words", Style(bold=True))], 5)
    assert [line.strip.text for line in lines] == ["bold", "words"]
    assert lines[1].join == " "


def test_what_counts_as_narrow_is() -> None:
    for code in range(0x20, 0x3000):
        if is_narrow(chr(code)):
            assert get_character_cell_size(chr(code)) == 1
