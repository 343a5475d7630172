"""A message that is longer than the context window."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pilot.test_attaching import SEEING, answered, chips
from tests.pilot.test_chat import Chat, running
from tests.support.scripted_server import ScriptedServer
from tui.domain.conversation import Attachment
from tui.screens.context_dialogs import ContextScreen, Remedy

LINES = "".join(f"Line {number} of a text that is longer than the window.\n" for number in range(500))


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(models=[SEEING]) as server:
        yield server


def attached(chat: Chat) -> tuple[Attachment, ...]:
    assert chat.screen.session is not None
    return chat.screen.session.files.attachments


async def choose(chat: Chat, remedy: Remedy) -> None:
    await chat.until(lambda: isinstance(chat.app.screen, ContextScreen) and chat.app.screen.is_mounted)
    dialog = chat.app.screen
    assert isinstance(dialog, ContextScreen)
    offered = [choice.remedy for choice in dialog._choices]
    assert remedy in offered
    # Once the parts fit, dividing them again helps nobody.
    assert (Remedy.PARTS in offered) != (Remedy.TURNS in offered)
    dialog.options.highlighted = offered.index(remedy)
    await chat.pilot.press("enter")
    await chat.until(lambda: chat.app.screen is chat.screen)


async def test_a_file_that_is_too_long_is_sent_in_parts_one_after_the_other(
    tmp_path: Path, server: ScriptedServer
) -> None:
    path = tmp_path / "long.md"
    path.write_text(LINES)
    async with running(tmp_path, server) as chat:
        chat.screen.attach_paths([path])
        await chat.until(lambda: chips(chat) == ["long.md"])
        await chat.say("What is said?")
        await choose(chat, Remedy.PARTS)
        await chat.until(lambda: len(chips(chat)) > 1)
        assert server.chats() == []
        assert chat.screen.pane.prompt.text == "What is said?"
        count = len(chips(chat))
        await chat.pilot.press("enter")
        await choose(chat, Remedy.TURNS)
        await answered(chat, count)
        assert chips(chat) == []
        assert chat.screen.pane.prompt.text == ""
        said = [chat_.json["messages"][-1]["content"] for chat_ in server.chats()]
        assert all(each.endswith("```\n\nWhat is said?") for each in said)
        quoted = [each.split("```markdown\n")[1].split("```")[0] for each in said]
        assert "".join(quoted) == LINES


async def test_a_long_message_becomes_parts_and_again_what_it_was(
    tmp_path: Path, server: ScriptedServer
) -> None:
    async with running(tmp_path, server) as chat:
        # In a conversation that has begun: what is sent is weighed as a part of its branch.
        await chat.say("Hello")
        await chat.until(lambda: chat.contents == ["Hello", "You said: Hello"])
        await chat.say(LINES)
        await choose(chat, Remedy.PARTS)
        await chat.until(lambda: chips(chat)[:1] and chips(chat)[0].startswith("message:1-"))
        assert chat.screen.pane.prompt.text == ""
        assert sum(file.size for file in attached(chat)) == len(LINES)
        chat.screen.action_undo()
        await chat.until(lambda: chat.screen.pane.prompt.text == LINES)
        assert chips(chat) == []
