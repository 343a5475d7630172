"""A context window for the scripted server: it counts for itself, refuses and cuts as Ollama does."""

import json
from base64 import b64decode
from typing import Any

from tests.support.script import pieces

TEMPLATE = 23
"""Tokens of what the template adds to a request."""

MESSAGE = 6
"""Tokens of what it adds to a message."""

IMAGE = 256
"""Tokens of an image, whatever its size, as Gemma 3 has it."""


def tokens_of(message: dict[str, Any]) -> int:
    """Return how long one message is."""
    images = [b64decode(image, validate=True) for image in message.get("images") or ()]
    return MESSAGE + len(pieces(message["content"])) + IMAGE * len(images)


def prompt_tokens(messages: list[dict[str, Any]]) -> int:
    """Return how long a request with these messages is."""
    return TEMPLATE + sum(map(tokens_of, messages))


def window_of(body: dict[str, Any], default: int) -> int:
    """Return the window in force for a request."""
    return int((body.get("options") or {}).get("num_ctx") or default)


def refusal(tokens: int, window: int) -> bytes:
    """Return the error of a server that was told not to cut, as it was recorded."""
    inner = {
        "error": {
            "code": 400,
            "message": f"request ({tokens} tokens) exceeds the available context size ({window} tokens), "
            "try increasing it",
            "type": "exceed_context_size_error",
            "n_prompt_tokens": tokens,
            "n_ctx": window,
        }
    }
    return json.dumps({"error": json.dumps(inner)}).encode()


def cut(messages: list[dict[str, Any]], window: int) -> list[dict[str, Any]]:
    """Return what a server reads that may cut: the system's and the last messages that fit."""
    system = [message for message in messages if message["role"] == "system"]
    others = [message for message in messages if message["role"] != "system"]
    while len(others) > 1 and prompt_tokens([*system, *others]) > window:
        others.pop(0)
    return [*system, *others]
