"""Parameters as people write them."""

import pytest

from tui.domain.errors import BadRequest
from tui.domain.parameters import parse_parameters


def test_parameters() -> None:
    text = 'temperature 0.7\n\n# a remark\nPARAMETER num_ctx 8192\nuse_mmap=false\nstop "User:"\nstop END\n'
    assert parse_parameters(text) == {
        "temperature": 0.7,
        "num_ctx": 8192,
        "use_mmap": False,
        "stop": ["User:", "END"],
    }
    assert parse_parameters("") == {}


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("top_k 1\ntop_pp 1", "Line 2: there is no parameter “top_pp”", "top_p"),
        ("num_ctx many", "Line 1: num_ctx must be a whole number, not “many”", ""),
        ("temperature", "Line 1: temperature must be a number", ""),
        ("use_mmap 7", "true or false", ""),
        ("\x1b[31m x", "there is no parameter", "example"),
    ],
)
def test_what_makes_no_sense(text: str, message: str, hint: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_parameters(text)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert "\x1b" not in caught.value.message
