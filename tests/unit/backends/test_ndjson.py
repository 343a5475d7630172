"""Where the bytes are cut must not matter."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.backends import ndjson
from tui.backends.ndjson import LineSplitter, LineTooLong


def _split(data: bytes, cuts: list[int]) -> list[bytes]:
    splitter = LineSplitter()
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    lines: list[bytes] = []
    for start, end in pairwise(edges):
        lines += splitter.feed(data[start:end])
    rest = splitter.flush()
    return [*lines, rest] if rest else lines


@given(
    texts=st.lists(st.text(), max_size=8),
    cuts=st.lists(st.integers(min_value=0, max_value=10_000), max_size=30),
    ends=st.booleans(),
)
def test_chunk_boundaries_change_nothing(texts: list[str], cuts: list[int], ends: bool) -> None:
    data = b"\n".join(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace") for text in texts)
    data += b"\n" if ends and texts else b""

    assert [json.loads(line) for line in _split(data, cuts)] == [
        text.encode("utf-8", "replace").decode() for text in texts
    ]


def test_only_newlines_end_lines() -> None:
    data = '{"a":"x\u0085\u2028\x1c\x0b\r"}\n'.encode()

    assert LineSplitter().feed(data) == [data[:-1]]


def test_flush_leaves_nothing() -> None:
    splitter = LineSplitter()
    splitter.feed(b"one\ntwo")

    assert splitter.flush() == b"two"
    assert splitter.flush() == b""


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ndjson, "MAX_LINE", 10)
    splitter = LineSplitter()
    splitter.feed(b"12345\n123456")

    with pytest.raises(LineTooLong):
        splitter.feed(b"78901")
