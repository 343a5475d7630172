"""Branches, undo, the side panel, search, queue, windows: tried in a real terminal."""

import pytest

from tests.support.script import Reply
from tests.support.scripted_server import ScriptedServer
from tests.support.terminal import Terminal
from tests.terminal.conftest import Start

pytestmark = pytest.mark.terminal


def to_transcript(terminal: Terminal) -> None:
    """Move the focus from the input to the transcript."""
    terminal.press("shift+tab")
    # A key that is pressed at once would still reach the input.
    terminal.settle(0.3)


def test_edit_and_walk_the_branches(start: Start, server: ScriptedServer) -> None:
    server.script(Reply("First answer."), Reply("Second answer."))
    terminal = start("Question one")
    terminal.wait_for_answer("First answer.")
    to_transcript(terminal)
    terminal.press("up")
    terminal.type("e")
    terminal.wait_for("Editing")
    terminal.type(" and a half")
    terminal.press("enter")
    screen = terminal.wait_for_answer("Second answer.")
    assert "Question one and a half" in screen
    assert "2/2" in screen
    assert "First answer." not in screen
    assert server.chats()[1].json["messages"] == [{"role": "user", "content": "Question one and a half"}]
    to_transcript(terminal)
    terminal.press("up")
    terminal.press("left")
    screen = terminal.wait_for_answer("First answer.")
    assert "Second answer." not in screen
    terminal.press("right")
    terminal.wait_for_answer("Second answer.")
    terminal.type("u")
    terminal.wait_for("Undone: edited a message")
    terminal.wait_for_answer("First answer.")


def test_giving_up_an_edit_puts_back_what_was_written(start: Start, server: ScriptedServer) -> None:
    server.script(Reply("First answer."))
    terminal = start("Question one")
    terminal.wait_for_answer("First answer.")
    terminal.type("half a thought")
    terminal.wait_for("half a thought")
    to_transcript(terminal)
    terminal.press("up")
    terminal.type("e")
    terminal.wait_for(lambda text: "Editing" in text and "half a thought" not in text)
    terminal.press("escape")
    terminal.wait_for(lambda text: "Editing" not in text and "half a thought" in text)
    assert len(server.chats()) == 1


def test_delete_a_message_and_undo(start: Start, server: ScriptedServer) -> None:
    server.script(Reply("First answer."), Reply("Second answer."))
    terminal = start("Question one")
    terminal.wait_for_answer("First answer.")
    terminal.type("Question two")
    terminal.press("enter")
    terminal.wait_for_answer("Second answer.")
    to_transcript(terminal)
    terminal.press("up", "up")
    terminal.type("d")
    screen = terminal.wait_for(lambda text: "First answer." not in text)
    assert "Second answer." in screen
    terminal.wait_for("Undo or Ctrl+Z")
    terminal.type("u")
    terminal.wait_for_answer("First answer.")


def test_rename_in_place_pin_tag_delete_and_undo(start: Start, server: ScriptedServer) -> None:
    server.script(Reply("First answer."))
    terminal = start("Question one")
    terminal.wait_for_answer("First answer.")
    terminal.press("f2")
    terminal.settle(0.3)
    terminal.type(" renamed")
    terminal.press("enter")
    terminal.wait_for("Question one renamed")
    terminal.type("p")
    terminal.wait_for("Pinned")
    terminal.type("t")
    terminal.settle(0.3)
    terminal.type("work")
    terminal.press("enter")
    terminal.wait_for("#work")
    terminal.type("d")
    terminal.wait_for(lambda text: "First answer." not in text and "Pinned" not in text)
    terminal.press("ctrl+z")
    terminal.wait_for(lambda text: "First answer." in text and "Pinned" in text)


def test_search_goes_to_the_very_message_on_its_branch(start: Start, server: ScriptedServer) -> None:
    server.script(Reply("The pelican flew."), Reply("The heron stood."))
    terminal = start("Birds")
    terminal.wait_for_answer("pelican")
    terminal.press("ctrl+r")
    terminal.wait_for_answer("heron")
    terminal.press("ctrl+n")
    terminal.wait_for("Ask anything: write below")
    terminal.press("ctrl+g")
    terminal.wait_for("search everything")
    terminal.type("pelic")
    terminal.wait_for("The pelican flew.")
    terminal.press("enter")
    screen = terminal.wait_for(lambda text: "1/2" in text and "The pelican flew." in text)
    assert "heron" not in screen


def test_what_waits_can_be_edited_and_taken_back(start: Start, server: ScriptedServer) -> None:
    gate = server.gate()
    server.script(Reply(tokens=["one ", "done"], gate=gate), Reply("Second answer."))
    terminal = start("Question one")
    server.wait_for_request()
    gate.release()
    terminal.wait_for("one")
    for text in ("alpha question", "beta question"):
        terminal.type(text)
        terminal.press("enter")
        terminal.wait_for(text)
        terminal.wait_for("Ask anything…")
    to_transcript(terminal)
    terminal.type("G")
    terminal.settle(0.3)
    terminal.type("d")
    terminal.wait_for(lambda screen: "beta question" not in screen)
    terminal.type("G")
    terminal.settle(0.3)
    terminal.type("e")
    terminal.wait_for("Editing what waits")
    terminal.type(" changed")
    terminal.press("enter")
    terminal.wait_for(
        lambda screen: "Editing what waits" not in screen and "alpha question changed" in screen
    )
    gate.open()
    terminal.wait_for_answer("Second answer.")
    assert server.chats()[1].json["messages"][-1]["content"] == "alpha question changed"


def test_two_windows_see_each_other(start: Start, server: ScriptedServer) -> None:
    gate = server.gate()
    server.script(Reply(tokens=["slow ", "answer"], gate=gate), Reply("Second answer."))
    one = start("Question one")
    server.wait_for_request()
    gate.release()
    one.wait_for("slow")
    two = start("--continue")
    two.wait_for("slow")
    two.type("From the other window")
    two.press("enter")
    two.wait_for(lambda text: "waits" in text.lower() or "queued" in text.lower())
    assert len(server.chats()) == 1
    gate.open()
    one.wait_for_answer("Second answer.")
    two.wait_for_answer("Second answer.")
    assert [m["content"] for m in server.chats()[1].json["messages"]] == [
        "Question one",
        "slow answer",
        "From the other window",
    ]


def test_a_temporary_conversation_is_gone(start: Start, server: ScriptedServer) -> None:
    server.script(Reply("Secret answer."))
    terminal = start()
    terminal.press("f12")
    terminal.wait_for("Temporary, stored nowhere")
    terminal.type("Secret question")
    terminal.press("enter")
    terminal.wait_for_answer("Secret answer.")
    terminal.press("ctrl+n")
    terminal.wait_for("End the temporary conversation?")
    terminal.type("y")
    terminal.wait_for(lambda text: "Secret" not in text and "Temporary" not in text)
    terminal.press("ctrl+q")
    assert terminal.wait_exit() == 0
    terminal = start("--continue")
    assert "Secret" not in terminal.text


def test_the_model_names_the_conversation(start: Start, server: ScriptedServer) -> None:
    server.script(Reply("First answer."), Reply('"Title: A Fine Name."'))
    terminal = start("Question one", OLLAMA_TUI_CHAT_TITLES="true")
    terminal.wait_for("A Fine Name")
    assert server.chats()[1].json["options"]["num_predict"] == 24
