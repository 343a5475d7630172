"""Memory on the chat screen: pinning, and what is told when figures do not agree."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pilot.test_chat import running
from tests.support.scripted_server import ScriptedServer


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


async def test_a_message_is_pinned_and_let_go_with_one_key(tmp_path: Path, server: ScriptedServer) -> None:
    async with running(tmp_path, server) as chat:
        await chat.say("My name is Ada.")
        await chat.until(lambda: len(chat.contents) == 2)
        await chat.until(lambda: not chat.screen.session or not chat.screen.session.live)
        transcript = chat.screen.pane.transcript
        transcript.focus()
        await chat.pilot.press("g", "p")
        await chat.until(lambda: [message.pinned for message in chat.screen.pane.messages] == [True, False])
        services = chat.app.services
        assert services is not None
        await chat.until(lambda: "pinned" in services.undo.next)
        await chat.pilot.press("u")
        await chat.until(lambda: not any(message.pinned for message in chat.screen.pane.messages))
