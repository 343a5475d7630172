"""What servers of all ages say when they refuse an amount of thinking, and what is learned from it."""

import json

import pytest

from tui.backends import failures
from tui.backends.failures import Subject
from tui.domain.errors import ThinkingRefused
from tui.domain.generation import Think


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        (
            'invalid think value: "enormous" (must be "high", "medium", "low", "max", true, or false)',
            ("off", "on", "low", "medium", "high", "max"),
        ),
        (
            'think must be a boolean or string ("high", "medium", "low", true, or false)',
            ("off", "on", "low", "medium", "high"),
        ),
        (
            'think must be a boolean or string; supported values: [false,"low","medium","xhigh"]',
            ("off", "low", "medium", "xhigh"),
        ),
        ("think must be a boolean or string; supported values: []", None),
        ("think must be a boolean or string", None),
        ('think value "high" is not supported for this model', ("off", "on")),
        ("json: cannot unmarshal string into Go struct field ChatRequest.think of type bool", ("off", "on")),
        ('"gemma3:270m" does not support thinking', None),
        ('invalid think value: "x" (must be "\x1b[31m", "ultra", 75)', None),
    ],
)
def test_what_is_taken(text: str, taken: tuple[Think, ...] | None) -> None:
    body = json.dumps({"error": text}).encode()
    error = failures.from_response(400, {}, body, Subject("gpu:1", "m"), path="/api/chat")
    assert isinstance(error, ThinkingRefused)
    assert error.taken == taken
    assert error.hint and "\x1b" not in error.message
