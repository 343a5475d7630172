"""The main job in a real terminal: hold a conversation, find it again, lose nothing."""

import re
import signal
import sqlite3
import stat
from pathlib import Path

import pytest

from tests.support.script import Reply
from tests.support.scripted_server import ScriptedServer
from tests.support.terminal import Terminal
from tests.terminal.conftest import Start

pytestmark = pytest.mark.terminal


def database(home: Path) -> Path:
    return home / ".local/share/ollama-tui/conversations.db"


def test_a_conversation_is_held_and_found_again(start: Start, server: ScriptedServer, home: Path) -> None:
    server.script(Reply("It is **Paris**."), Reply("About two million."))
    terminal = start("--system", "Be brief.", measured=True)
    terminal.type("What is the capital of France?")
    terminal.press("enter")
    terminal.wait_for_answer("It is Paris.")
    terminal.type("How many people live there?")
    terminal.press("enter")
    terminal.wait_for_answer("About two million.")
    history = [(m["role"], m["content"]) for m in server.chats()[1].json["messages"]]
    assert history == [
        ("system", "Be brief."),
        ("user", "What is the capital of France?"),
        ("assistant", "It is **Paris**."),
        ("user", "How many people live there?"),
    ]
    terminal.press("ctrl+q")
    assert terminal.wait_exit() == 0
    terminal = start("--continue", measured=True)
    screen = terminal.wait_for_answer("About two million.")
    assert "It is Paris." in screen
    terminal.press("ctrl+q")
    assert terminal.wait_exit() == 0
    assert stat.S_IMODE(database(home).stat().st_mode) == 0o600
    assert stat.S_IMODE(database(home).parent.stat().st_mode) == 0o700


def test_a_new_conversation_and_back(start: Start, server: ScriptedServer) -> None:
    server.script(Reply("First answer."), Reply("Second answer."))
    terminal = start("Question one")
    terminal.wait_for_answer("First answer.")
    terminal.press("ctrl+n")
    terminal.wait_for("Ask anything: write below")
    terminal.type("Question two")
    terminal.press("enter")
    screen = terminal.wait_for_answer("Second answer.")
    assert "First answer." not in screen
    assert re.search("Question two.*\n.*Question one", "\n".join(line[:30] for line in screen.split("\n")))
    terminal.press("alt+down")
    screen = terminal.wait_for_answer("First answer.")
    assert "Second answer." not in screen


def test_two_conversations_stream_at_once_and_switching_stops_neither(
    start: Start, server: ScriptedServer
) -> None:
    one, two = server.gate(), server.gate()
    server.script(Reply(tokens=["alpha ", "omega"], gate=one), Reply(tokens=["beta ", "psi"], gate=two))
    terminal = start("Question one")
    server.wait_for_request(1)
    one.release()
    terminal.wait_for("alpha")
    terminal.press("ctrl+n")
    terminal.wait_for(lambda text: "alpha" not in text)
    terminal.type("Question two")
    terminal.press("enter")
    server.wait_for_request(2)
    two.release()
    terminal.wait_for("beta")
    one.open()
    two.open()
    terminal.wait_for("beta psi")
    terminal.press("alt+down")
    terminal.wait_for("alpha omega")
    assert not any(request.closed_by_client for request in server.chats())


def test_escape_stops_and_what_had_arrived_stays(start: Start, server: ScriptedServer) -> None:
    gate = server.gate()
    server.script(Reply(tokens=["half ", "never"], gate=gate))
    terminal = start("Go")
    server.wait_for_request()
    gate.release()
    terminal.wait_for("half")
    terminal.press("escape")
    screen = terminal.wait_for("stopped")
    assert "half" in screen
    server.chats()[0].wait_ended()
    assert server.chats()[0].closed_by_client


def test_a_killed_app_comes_back_with_what_had_arrived(
    start: Start, server: ScriptedServer, home: Path
) -> None:
    gate = server.gate()
    server.script(Reply(tokens=["kept ", "lost"], gate=gate))
    terminal = start("A question to keep")
    server.wait_for_request()
    gate.release()
    terminal.wait_for("kept")
    with sqlite3.connect(f"file:{database(home)}?mode=ro", uri=True) as connection:
        while connection.execute("SELECT count(*) FROM messages WHERE content = 'kept '").fetchone() != (1,):
            terminal.wait_for("kept")
    connection.close()
    terminal.kill(signal.SIGKILL)
    terminal.wait_exit()
    terminal = start("--continue")
    screen = terminal.wait_for("interrupted")
    assert "A question to keep" in screen
    assert "kept" in screen
    server.script(Reply("Whole again."))
    terminal.press("ctrl+r")
    terminal.wait_for_answer("Whole again.")


def test_a_server_that_goes_away_leaves_the_partial_answer(start: Start, server: ScriptedServer) -> None:
    server.script(Reply(tokens=["partial ", "text ", "never"], cut_after=2))
    terminal = start("Go")
    screen = terminal.wait_for("interrupted")
    assert "partial text" in screen
    server.script(Reply("The retried answer."))
    terminal.press("ctrl+r")
    terminal.wait_for_answer("The retried answer.")


def test_a_second_message_waits_its_turn(start: Start, server: ScriptedServer) -> None:
    gate = server.gate()
    server.script(Reply(tokens=["one ", "two"], gate=gate), Reply("Second answer."))
    terminal = start("First question")
    server.wait_for_request()
    gate.release()
    terminal.wait_for("one")
    terminal.type("Second question")
    terminal.press("enter")
    terminal.wait_for("queued")
    assert len(server.chats()) == 1
    gate.open()
    terminal.wait_for_answer("Second answer.")
    assert [m["content"] for m in server.chats()[1].json["messages"]] == [
        "First question",
        "one two",
        "Second question",
    ]


def test_a_draft_survives_a_kill(start: Start, home: Path) -> None:
    terminal = start()
    terminal.type("half a thou")
    terminal.wait_for("half a thou")
    with sqlite3.connect(f"file:{database(home)}?mode=ro", uri=True) as connection:
        kept = "SELECT count(*) FROM drafts WHERE content = 'half a thou'"
        while connection.execute(kept).fetchone() != (1,):
            terminal.wait_for("half a thou")
    connection.close()
    terminal.kill()
    terminal.wait_exit()
    start().wait_for("half a thou")


def test_typing_goes_on_while_an_answer_streams(start: Start, server: ScriptedServer) -> None:
    server.script(Reply(tokens=[f"word{n} " for n in range(2000)], rate=400))
    terminal = start("Go")
    terminal.wait_for("word")
    terminal.type("typed meanwhile")
    screen = terminal.wait_for("typed meanwhile")
    assert "Esc stops" in screen
    terminal.press("escape")
    terminal.wait_for("stopped")


def test_the_model_is_chosen_by_typing(start: Start, server: ScriptedServer) -> None:
    terminal = start()
    terminal.press("ctrl+l")
    terminal.wait_for("qwen3-vl:8b")
    terminal.type("llama")
    terminal.wait_for(lambda text: "qwen3-vl:8b" not in text)
    terminal.press("enter")
    terminal.wait_for(lambda text: "llama3.2:3b" in text.split("\n")[0])
    terminal.type("Hello")
    terminal.press("enter")
    assert server.wait_for_request().json["model"] == "llama3.2:3b"


def test_a_model_that_is_gone_keeps_the_message_and_offers_the_others(
    start: Start, server: ScriptedServer
) -> None:
    terminal = start()
    terminal.wait_for("gemma3:270m")
    server.models = [model for model in server.models if "llama" in model.name]
    terminal.type("A message to keep")
    terminal.press("enter")
    screen = terminal.wait_for("does not have the model")
    assert "type to filter" in screen
    assert "llama3.2:3b" in screen
    terminal.press("enter")
    terminal.wait_for(lambda text: "type to filter" not in text)
    assert "llama3.2:3b" in terminal.lines[0]
    assert "A message to keep" in terminal.text
    assert not server.chats()
    terminal.press("enter")
    assert server.wait_for_request().json["messages"][-1]["content"] == "A message to keep"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_polite_signal_ends_in_order(start: Start, server: ScriptedServer, number: signal.Signals) -> None:
    gate = server.gate()
    server.script(Reply(tokens=["some ", "more"], gate=gate))
    terminal = start("Go")
    server.wait_for_request()
    gate.release()
    terminal.wait_for("some")
    terminal.kill(number)
    assert terminal.wait_exit() == 0
    assert b"\x1b[?1049l" in terminal.raw
    start("--continue").wait_for("interrupted")


def test_the_app_ends_with_its_terminal(start: Start, server: ScriptedServer) -> None:
    server.script(Reply(tokens=["word "] * 15_000, rate=1000.0))
    terminal = start("Go")
    terminal.wait_for("word word")
    assert terminal.hang_up()
    start("--continue").wait_for("interrupted")


def test_quitting_asks_while_an_answer_is_written(start: Start, server: ScriptedServer) -> None:
    gate = server.gate()
    server.script(Reply(tokens=["some ", "more"], gate=gate))
    terminal = start("Go")
    server.wait_for_request()
    gate.release()
    terminal.wait_for("some")
    terminal.press("ctrl+q")
    terminal.wait_for("Quit?")
    terminal.press("escape")
    terminal.wait_for(lambda text: "Quit?" not in text)
    terminal.press("ctrl+q")
    terminal.wait_for("Quit?")
    terminal.type("y")
    assert terminal.wait_exit() == 0


def test_a_small_terminal_has_everything_but_the_side_panel(start: Start) -> None:
    terminal = start("Hello", ready=False, columns=80, rows=24)
    screen = terminal.wait_for_answer("You said: Hello")
    assert "search conversations" not in screen
    terminal.press("ctrl+b")
    terminal.wait_for("search conversations")
    terminal.resize(120, 40)
    terminal.wait_for(lambda text: "You said: Hello" in text and len(text.split("\n")) == 40)


def test_nothing_is_written_while_nothing_happens(start: Start) -> None:
    terminal = start("Hello")
    terminal.wait_for_answer("You said: Hello")
    terminal.settle()
    before = len(terminal.raw)
    assert not terminal.reads_within(1.5), terminal.raw[before:]


def test_the_terminal_is_left_as_it_was(start: Start) -> None:
    terminal = start()
    terminal.press("ctrl+q")
    assert terminal.wait_exit() == 0
    for mode in (b"1049", b"1000", b"2004"):
        assert terminal.raw.rfind(b"\x1b[?%sh" % mode) < terminal.raw.rfind(b"\x1b[?%sl" % mode)


def test_no_terminal_is_said_in_one_line() -> None:
    import subprocess

    from tests.support.terminal import COMMAND

    done = subprocess.run([COMMAND], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "ollama-tui: this is a full-screen program and needs a terminal.\n"


def _ended_badly(home: Path, *arguments: str) -> tuple[int, str]:
    terminal = Terminal(arguments, home=home)
    status = terminal.wait_exit()
    return status, terminal.text.strip()


@pytest.mark.parametrize("arguments", [["--nope"], ["--config", "/no/such/file"], ["--host", "http://[::1"]])
def test_what_makes_no_sense_is_one_line_and_status_2(home: Path, arguments: list[str]) -> None:
    status, text = _ended_badly(home, *arguments)
    assert status == 2
    assert text.startswith("ollama-tui: ")
    assert len(text.split("\n")) <= 2  # the terminal may have wrapped it


def test_an_unreadable_config_is_one_line_and_status_2(home: Path) -> None:
    config = home / "config.toml"
    config.write_text("[server\n", "utf-8")
    status, text = _ended_badly(home, "--config", str(config))
    assert status == 2
    assert "cannot be read" in text.replace("\n", "")


def test_a_corrupt_store_is_explained_kept_and_replaced_on_request(
    start: Start, server: ScriptedServer, home: Path
) -> None:
    file = database(home)
    file.parent.mkdir(parents=True)
    rubbish = b"this is not a database " * 1000
    file.write_bytes(rubbish)
    terminal = start(ready=False)
    terminal.wait_for("cannot be opened")
    assert file.read_bytes() == rubbish
    terminal.type("y")
    terminal.wait_for(f"● {server.url.removeprefix('http://')}")
    kept = [path for path in file.parent.iterdir() if ".corrupt-" in path.name]
    assert [path.read_bytes() for path in kept] == [rubbish]


def test_a_store_that_cannot_be_made_is_explained(start: Start, home: Path) -> None:
    (home / "file").write_text("", "utf-8")
    terminal = start("--data-dir", str(home / "file" / "below"), ready=False)
    terminal.wait_for("cannot be opened")
    terminal.press("enter")
    assert terminal.wait_exit() == 1


EDITOR = """#!/bin/sh
printf 'The editor has: %s' "$(cat "$1")"
read -r line
printf '%s\\nsecond line\\n' "$line" > "$1"
"""


def test_the_message_is_written_in_an_editor_while_an_answer_streams(
    start: Start, server: ScriptedServer, home: Path
) -> None:
    gate = server.gate()
    server.script(
        Reply(tokens=["first ", *["word "] * 300, "last"], gate=gate, rate=150.0), Reply("Understood.")
    )
    editor = home / "editor"
    editor.write_text(EDITOR)
    editor.chmod(0o755)
    terminal = start("Go", EDITOR=str(editor))
    gate.release()
    terminal.wait_for("first")
    terminal.type("half a thought")
    terminal.wait_for("half a thought")
    terminal.press("f3")
    terminal.wait_for("The editor has: half a thought")
    gate.open()
    with sqlite3.connect(f"file:{database(home)}?mode=ro", uri=True) as connection:
        while connection.execute("SELECT count(*) FROM messages WHERE content LIKE '%last'").fetchone() != (
            1,
        ):
            assert "word" not in terminal.text
            terminal.reads_within(0.05)
    connection.close()
    terminal.type("a whole thought\n")
    screen = terminal.wait_for_answer("second line")
    assert "a whole thought" in screen
    assert "word last" in screen
    terminal.press("enter")
    terminal.wait_for_answer("Understood.")
    assert server.chats()[1].json["messages"][-1]["content"] == "a whole thought\nsecond line"
