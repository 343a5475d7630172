"""Parameters as people set them: ranges, reasons, and what holds where none is set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.domain.errors import BadRequest
from tui.domain.parameter_fields import (
    FIELD_OF,
    FIELDS,
    model_values,
    parse_keep_alive,
    parse_number,
    parse_stops,
    stops_text,
    unset_words,
)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("temperature", " 0.7 ", 0.7),
        ("temperature", "0", 0),
        ("temperature", "", None),
        ("num_ctx", "8192", 8192),
        ("num_ctx", "8,192", 8192),
        ("num_ctx", "8k", 8192),
        ("num_ctx", "1.5K", 1536),
        ("num_predict", "-1", -1),
        ("seed", "-1", -1),
        ("top_k", "0", 0),
    ],
)
def test_what_is_typed_is_understood(key: str, text: str, value: float | None) -> None:
    assert parse_number(FIELD_OF[key], text) == value


@pytest.mark.parametrize(
    ("key", "text", "why"),
    [
        ("temperature", "-0.1", "At least 0"),
        ("temperature", "2.1", "At most 2"),
        ("temperature", "warm", "Must be a number, not “warm”"),
        ("temperature", "nan", "Must be a number"),
        ("temperature", "1e999", "Must be a number"),
        ("top_k", "1.5", "Must be a whole number"),
        ("num_ctx", "0", "At least 64. A window that small"),
        ("num_ctx", "-5", "At least 64"),
        ("num_ctx", "40000", "The model's largest window is 32,768"),
        ("num_ctx", "9" * 5000, "Must be a whole number"),
        ("num_predict", "0", "leave it empty"),
        ("num_predict", "-2", "At least 1"),
        ("seed", "\x1b[31m", "Must be a whole number"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(key: str, text: str, why: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse_number(FIELD_OF[key], text, most=32_768)
    assert refused.value.message.startswith(why) or why in refused.value.message
    assert "\x1b" not in refused.value.message


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    for field in FIELDS:
        try:
            value = parse_number(field, text)
        except BadRequest:
            continue
        assert value is None or value in field.also or field.low <= value <= field.high


_STOP = st.text(st.characters(categories=["L", "N", "P", "Zs"], include_characters="\n\t\r"), min_size=1)


@given(st.lists(_STOP, max_size=8, unique=True))
def test_stops_come_back_as_they_were(stops: list[str]) -> None:
    assert parse_stops(stops_text(stops)) == tuple(stops)


def test_a_stop_may_hold_a_newline_and_nothing_else_is_escaped() -> None:
    assert parse_stops("\\nUser:\n\n###") == ("\nUser:", "###")
    with pytest.raises(BadRequest, match="means nothing"):
        parse_stops("\\x41")
    with pytest.raises(BadRequest, match="At most 16"):
        parse_stops("\n".join(map(str, range(17))))


@pytest.mark.parametrize("text", ["", "10m", "1h30m", "0", "-1", "300", "1.5h"])
def test_durations_are_taken_as_servers_take_them(text: str) -> None:
    assert parse_keep_alive(text) == text


def test_for_ever_is_a_duration_and_a_word_is_not() -> None:
    assert parse_keep_alive("forever") == "-1"
    with pytest.raises(BadRequest, match="10m"):
        parse_keep_alive("soon")


def test_what_is_not_set_is_said() -> None:
    values = model_values('temperature    0.7\nstop    "User:"\nstop    "\x1b]0;x\x07"\n')
    assert unset_words("temperature", values) == "model's default 0.7"
    assert unset_words("temperature", None) == "server's default 0.8"
    assert unset_words("top_p", values) == "server's default 0.9"
    assert unset_words("stop", values) == "model's default User:, ␛]0;x␇"
    assert unset_words("num_ctx", values) == "the server decides"
    assert unset_words("seed", values) == "another one each time"
