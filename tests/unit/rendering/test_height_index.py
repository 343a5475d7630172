"""HeightIndex against a plain list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.rendering.height_index import HeightIndex

HEIGHTS = st.lists(st.integers(min_value=0, max_value=50), max_size=80)


def naive_find(heights: list[int], row: int) -> tuple[int, int]:
    for index, height in enumerate(heights):
        if row < height:
            return index, row
        row -= height
    raise AssertionError


@given(HEIGHTS)
def test_prefix_is_the_sum_before(heights: list[int]) -> None:
    index = HeightIndex(heights)
    assert [index.prefix(i) for i in range(len(heights) + 1)] == [
        sum(heights[:i]) for i in range(len(heights) + 1)
    ]
    assert index.total == sum(heights)


@given(HEIGHTS.filter(any))
def test_find_agrees_with_walking_the_list(heights: list[int]) -> None:
    index = HeightIndex(heights)
    assert [index.find(row) for row in range(sum(heights))] == [
        naive_find(heights, row) for row in range(sum(heights))
    ]


@given(HEIGHTS.filter(any))
def test_rows_outside_find_the_ends(heights: list[int]) -> None:
    index = HeightIndex(heights)
    assert index.find(-5) == index.find(0)
    assert index.find(sum(heights) + 5) == index.find(sum(heights) - 1)


@given(
    HEIGHTS,
    st.lists(st.tuples(st.sampled_from(["set", "append", "pop"]), st.integers(0, 1000), st.integers(0, 50))),
)
def test_changes_agree_with_a_plain_list(heights: list[int], changes: list[tuple[str, int, int]]) -> None:
    index, plain = HeightIndex(heights), list(heights)
    for what, position, height in changes:
        if what == "append":
            index.append(height)
            plain.append(height)
        elif plain and what == "set":
            at = position % len(plain)
            assert index.set(at, height) == height - plain[at]
            plain[at] = height
        elif plain:
            assert index.pop() == plain.pop()
        assert len(index) == len(plain)
        assert index.total == sum(plain)
        assert index.prefix(len(plain)) == sum(plain)
        if plain:
            middle = len(plain) // 2
            assert index.prefix(middle) == sum(plain[:middle])
            assert index[middle] == plain[middle]
    for row in range(sum(plain)):
        assert index.find(row) == naive_find(plain, row)


def test_nothing_has_no_rows() -> None:
    with pytest.raises(IndexError):
        HeightIndex().find(0)


def test_all_zero_finds_the_last() -> None:
    assert HeightIndex([0, 0, 0]).find(0) == (2, 0)
