"""What an empty conversation says: what is the matter, and what to do next."""

import pytest

from tui.domain.errors import ServerUnreachable
from tui.domain.events import ServerCondition, ServerState
from tui.screens.notices import empty_notice

GONE = ServerState(
    ServerCondition.UNREACHABLE, "gpu:1", error=ServerUnreachable("Nothing listens.", "Start it.")
)
CONNECTED = ServerState(ServerCondition.CONNECTED, "gpu:1")
OWN = ServerState(ServerCondition.CONNECTED, "x", embedded=True, engine_model="mine.gguf")
EMBEDDED = ServerState(ServerCondition.CONNECTED, "x", embedded=True)


@pytest.mark.parametrize(
    ("server", "known", "model", "expected"),
    [
        (None, False, "", ["Looking for a model server", "begin to write"]),
        (GONE, False, "", ["Nothing listens.", "Start it.", "connects by itself"]),
        (ServerState(ServerCondition.UNREACHABLE, "gpu:1"), False, "", ["does not answer"]),
        (CONNECTED, True, "", ["no models yet", "F4", "Ctrl+L"]),
        (CONNECTED, True, "gemma3:4b", ["Ask anything", "Ctrl+L", "Ctrl+P", "F1"]),
        (OWN, True, "mine", ["Ask anything", "answers with mine.gguf"]),
        (EMBEDDED, True, "gemma3:270m", ["Ask anything", "tiny", "gets facts wrong"]),
    ],
)
def test_the_notice_says_what_to_do(
    server: ServerState | None, known: bool, model: str, expected: list[str]
) -> None:
    notice = empty_notice(server, models_known=known, model=model)
    for words in expected:
        assert words in notice
