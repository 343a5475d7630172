"""The subcommands as they are run: in pipes, and in a terminal."""

import json
import os
import signal
import subprocess
import sys
from base64 import b64decode
from pathlib import Path

import pytest

from tests.support.files import png
from tests.support.script import Reply
from tests.support.scripted_server import ScriptedServer
from tests.support.terminal import COMMAND, Terminal
from tests.terminal.conftest import Start

pytestmark = pytest.mark.terminal

DATA = Path(__file__).parents[1] / "data" / "imports"
ATTACK = "\x1b]0;PWNED\x07\x9b31mred\x7f end-of-attack"


class Shell:
    """Runs subcommands without a terminal."""

    def __init__(self, home: Path, server: ScriptedServer) -> None:
        self.environment = {
            "HOME": str(home),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "OLLAMA_HOST": server.url,
            **{name: value for name, value in os.environ.items() if name.startswith("COV")},
        }

    def __call__(self, *arguments: str | Path, given: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *map(str, arguments)],
            env=self.environment,
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )


@pytest.fixture
def shell(home: Path, server: ScriptedServer) -> Shell:
    return Shell(home, server)


def test_what_does_not_fit_is_said_for_a_shell(shell: Shell, server: ScriptedServer) -> None:
    done = shell("ask", "Sum up", given="A line of a long text.\n" * 5000)
    assert (done.returncode, done.stdout) == (1, "")
    assert "context window" in done.stderr
    assert "--attach notes.md:10-200" in done.stderr
    assert "Ctrl" not in done.stderr
    assert server.chats() == []


def test_a_question_is_answered_and_kept(shell: Shell, server: ScriptedServer) -> None:
    server.script(Reply("It is **Paris**."), Reply("Two million."))
    done = shell("ask", "Capital", "of", "France?", "--system", "Be brief.")
    assert (done.returncode, done.stdout, done.stderr) == (0, "It is **Paris**.\n", "")
    done = shell("ask", "--continue", "And how many live there?")
    assert (done.returncode, done.stdout) == (0, "Two million.\n")
    assert [message["content"] for message in server.chats()[1].json["messages"]] == [
        "Be brief.",
        "Capital of France?",
        "It is **Paris**.",
        "And how many live there?",
    ]
    (listed,) = json.loads(shell("list", "--json").stdout)
    assert listed["title"] == "Capital of France?"
    done = shell("ask", "--resume", listed["id"][:6], "-m", "llama3.2:3b", "Once more?")
    assert (done.returncode, server.chats()[2].json["model"]) == (0, "llama3.2:3b")


def test_files_go_along_and_pictures_only_to_models_that_see(
    shell: Shell, server: ScriptedServer, home: Path
) -> None:
    picture = home / "a.png"
    picture.write_bytes(png())
    done = shell("ask", "-m", "qwen3-vl:8b", "--attach", picture, "What is this?")
    assert (done.returncode, done.stderr) == (0, "")
    (message,) = server.chats()[0].json["messages"]
    assert [b64decode(image) for image in message["images"]] == [png()]
    done = shell("ask", "-m", "llama3.2:3b", "What is this?", "--attach", picture)
    assert done.returncode == 1
    assert "llama3.2:3b cannot see" in done.stderr
    assert "qwen3-vl:8b" in done.stderr
    assert len(server.chats()) == 1


def test_standard_input_goes_along_under_its_name(shell: Shell, server: ScriptedServer) -> None:
    shell("ask", "What is this?", given="a ``` b\n")
    (message,) = server.chats()[0].json["messages"]
    assert message["content"] == "stdin:\n````\na ``` b\n````\n\nWhat is this?"
    shell("ask", "--no-save", given="Just this")
    assert server.chats()[1].json["messages"][0]["content"] == "Just this"


def test_nothing_is_saved_on_request(shell: Shell, home: Path) -> None:
    done = shell("ask", "--no-save", "Hello")
    assert (done.returncode, done.stdout) == (0, "You said: Hello\n")
    assert not (home / ".local/share/ollama-tui").exists()
    assert shell("list", "--json").stdout == "[]\n"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(tokens=["half ", "rest"], cut_after=1), "cut before the answer was complete"),
        (Reply(tokens=["half ", "rest"], error="out of memory", error_after=1), "out of memory"),
        (Reply(status=500, body=b'{"error": "broken"}'), "broken"),
    ],
)
def test_what_went_wrong_is_said_and_in_the_status(
    shell: Shell, server: ScriptedServer, reply: Reply, words: str
) -> None:
    server.script(reply)
    done = shell("ask", "Go")
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ask"], "nothing to ask"),
        (["ask", "-m", "nope", "Hello"], "does not have the model nope"),
        (["ask", "-r", "ffff", "Hello"], "There is no conversation ffff"),
        (["export", "ffff"], "There is no conversation ffff"),
        (["import", "/no/such/file"], "it cannot be read: No such file"),
        (["import", "--from", "elia"], "elia has no conversations in"),
        (["search", "nothing-at-all"], "Nothing contains nothing-at-all."),
    ],
)
def test_failures_are_one_line_and_status_1(shell: Shell, arguments: list[str], words: str) -> None:
    done = shell(*arguments)
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["export"],
        ["export", "--all", "abc"],
        ["import"],
        ["list", "--limit", "0"],
        ["list", "extra"],
        ["search"],
        ["ask", "--no-save", "--continue", "x"],
        ["export", "-a", "-f", "docx"],
    ],
)
def test_what_makes_no_sense_is_status_2(shell: Shell, arguments: list[str]) -> None:
    done = shell(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("command", ["ask", "list", "search", "export", "import"])
def test_help_fits_a_screen(shell: Shell, command: str) -> None:
    done = shell(command, "--help")
    assert done.returncode == 0
    assert done.stdout.count("\n") <= 24


def test_import_list_search_and_export(shell: Shell, tmp_path: Path) -> None:
    done = shell("import", DATA / "chatgpt.json", DATA / "open-webui.json", "--json")
    assert done.returncode == 0
    summary = json.loads(done.stdout)
    assert (len(summary["imported"]), summary["skipped"], summary["failed"]) == (4, 0, 0)
    again = shell("import", DATA / "chatgpt.json")
    assert again.stdout == "0 conversations imported, 2 there already.\n"
    lines = shell("list", "--limit", "2").stdout.splitlines()
    assert len(lines) == 2
    assert "Rust lifetimes" in lines[0]
    (hit,) = json.loads(shell("search", "--json", "blue", "dot").stdout)
    assert (hit["title"], hit["role"], hit["snippet"]) == ("Capital of France", "assistant", "A blue dot.")
    assert "assistant: A blue dot." in shell("search", "blue").stdout
    markdown = shell("export", hit["conversation_id"][:10]).stdout
    assert markdown.startswith("# Capital of France\n")
    everything = shell("export", "--all", "--format", "json").stdout
    (tmp_path / "all.json").write_text(everything, "utf-8")
    into = tmp_path / "empty"
    assert shell("import", tmp_path / "all.json", "--data-dir", into).returncode == 0
    back = shell("--data-dir", into, "export", "--all", "-o", tmp_path / "back.json")
    assert back.returncode == 0
    without_time = [
        [line for line in text.splitlines() if "exported_at" not in line]
        for text in (everything, (tmp_path / "back.json").read_text("utf-8"))
    ]
    assert without_time[0] == without_time[1]
    refused = shell("export", "--all", "-o", tmp_path / "back.json")
    assert refused.returncode == 1
    assert "exists already" in refused.stderr
    assert shell("export", "--all", "--force", "-o", tmp_path / "back.json").returncode == 0
    assert shell("export", "--all", "-f", "html", "-o", tmp_path / "pages").returncode == 0
    assert len(list((tmp_path / "pages").glob("*.html"))) == 4


def test_a_store_in_its_usual_place_is_found(shell: Shell, home: Path) -> None:
    chats = home / ".parllama" / "chats"
    chats.mkdir(parents=True)
    (chats / "x.json").write_bytes((DATA / "parllama.json").read_bytes())
    assert shell("import", "--from", "parllama").stdout == "1 conversation imported.\n"


def test_a_word_after_two_dashes_is_a_prompt(home: Path, server: ScriptedServer, start: Start) -> None:
    start("--", "list")
    assert server.wait_for_request().json["messages"][-1]["content"] == "list"


def test_nobody_who_reads_on_is_no_error(shell: Shell, home: Path, server: ScriptedServer) -> None:
    shell("import", DATA / "chatgpt.json")
    line = f"'{COMMAND}' export --all --format json | head -c 5 >/dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line], env=shell.environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() in ("0", "141")
    assert done.stderr == ""


def test_list_and_search_load_neither_textual_nor_ollama(shell: Shell) -> None:
    code = (
        "import sys; from tui.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'textual', 'rich', 'ollama', 'httpx', 'pydantic', 'PIL'} & set(sys.modules)))"
    )
    for arguments in (["list"], ["search", "x"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env=shell.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.splitlines()[-1] == "[]", done.stderr


def run_in_terminal(home: Path, server: ScriptedServer, *arguments: str) -> Terminal:
    return Terminal(arguments, home=home, environment={"OLLAMA_HOST": server.url})


def test_nothing_a_terminal_would_obey_reaches_one(
    shell: Shell, home: Path, server: ScriptedServer, tmp_path: Path
) -> None:
    hostile = json.loads((DATA / "open-webui.json").read_text("utf-8"))[1] | {"title": ATTACK}
    for message in hostile["history"]["messages"].values():
        message |= {"content": ATTACK, "model": ATTACK}
    (tmp_path / "hostile.json").write_text(json.dumps([hostile, [ATTACK]]), "utf-8")
    shell("import", tmp_path / "hostile.json")
    (listed,) = json.loads(shell("list", "--json").stdout)
    server.script(Reply(ATTACK))
    tasks = [
        ["list"],
        ["list", "--json"],
        ["search", "attack"],
        ["search", "--json", "attack"],
        ["ask", "Go"],
    ]
    tasks += [["export", listed["id"], "-f", format] for format in ("markdown", "json", "html")]
    tasks += [["export", ATTACK], ["import", str(tmp_path / ATTACK.replace("/", ""))]]
    for task in tasks:
        with run_in_terminal(home, server, *task) as terminal:
            terminal.wait_exit()
            raw = bytes(terminal.raw).replace(b"\x1b[1m", b"").replace(b"\x1b[22m", b"")
            raw = raw.replace(b"\r\x1b[K", b"")
            assert b"end-of-attack" in raw or b"attack" in raw.replace(b"\r\n", b"")
            for forbidden in (b"\x1b", b"\x07", b"\xc2\x9b", b"\x9b31m", b"\x7f"):
                assert forbidden not in raw, (task, raw)


def test_ctrl_c_stops_the_answer_and_keeps_it(home: Path, shell: Shell, server: ScriptedServer) -> None:
    gate = server.gate()
    server.script(Reply(tokens=["some ", "more"], gate=gate))
    with run_in_terminal(home, server, "ask", "Go") as terminal:
        server.wait_for_request()
        gate.release()
        terminal.wait_for("some")
        terminal.press("ctrl+c")
        assert terminal.wait_exit() == 130
        assert "Stopped" in terminal.text
    (listed,) = json.loads(shell("list", "--json").stdout)
    document = json.loads(shell("export", listed["id"], "-f", "json").stdout)
    answer = document["conversations"][0]["messages"][1]
    assert (answer["status"], answer["content"]) == ("stopped", "some ")


def test_a_polite_end_is_recovered(home: Path, shell: Shell, server: ScriptedServer) -> None:
    gate = server.gate()
    server.script(Reply(tokens=["some ", "more"], gate=gate))
    with run_in_terminal(home, server, "ask", "Go") as terminal:
        server.wait_for_request()
        gate.release()
        terminal.wait_for("some")
        terminal.kill(signal.SIGKILL)
        terminal.wait_exit()
    assert "Go" in shell("list").stdout


def test_exported_and_imported_from_the_screen(start: Start, server: ScriptedServer, tmp_path: Path) -> None:
    server.script(Reply("It is **Paris**."))
    terminal = start("Capital of France?")
    terminal.wait_for_answer("It is Paris.")
    terminal.press("ctrl+s")
    screen = terminal.wait_for("Write to")
    assert "Export Capital of France?" in screen
    terminal.press("ctrl+a", "ctrl+k")
    terminal.wait_for(lambda text: ".md" not in text)
    target = tmp_path / "out.md"
    terminal.type(str(target))
    terminal.press("enter")
    terminal.wait_for("Written to")
    assert target.read_text("utf-8").startswith("# Capital of France?\n")
    terminal.press("ctrl+p")
    terminal.wait_for("Search for commands")
    terminal.type("import")
    terminal.wait_for("Take in conversations")
    terminal.press("enter")
    terminal.wait_for("path of a file or folder")
    terminal.type(str(DATA / "chatgpt.json"))
    terminal.press("enter")
    terminal.wait_for("2 conversations imported.")
    terminal.press("escape")
    terminal.wait_for(lambda text: "Capital of France" in text and "path of a file" not in text)
