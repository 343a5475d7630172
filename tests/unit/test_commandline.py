"""The subcommands' part of the command line."""

from pathlib import Path

import pytest

from tui import cli
from tui.commandline import Ask, Export, Import, List, Search, Task


@pytest.mark.parametrize(
    ("arguments", "task"),
    [
        (["list"], List(50)),
        (["list", "--json", "-n", "3"], List(3, json=True)),
        (["search", "two", "words"], Search("two words", 20)),
        (["ask", "why", "so"], Ask("why so")),
        (["ask", "-m", "x", "--no-save", "why"], Ask("why", model="x", save=False)),
        (["ask", "-c", "why"], Ask("why", continue_latest=True)),
        (["ask", "--resume", "ab", "list"], Ask("list", resume="ab")),
        (["export", "ab", "cd"], Export(("ab", "cd"), "markdown")),
        (["export", "-a", "-o", "x.json"], Export((), "json", Path("x.json"))),
        (["export", "-a", "-o", "x.HTM", "--force"], Export((), "html", Path("x.HTM"), overwrite=True)),
        (["export", "-a", "-o", "x.json", "-f", "markdown"], Export((), "markdown", Path("x.json"))),
        (["import", "a", "b"], Import((Path("a"), Path("b")))),
        (["import", "--from", "elia", "--json"], Import((), "elia", json=True)),
    ],
)
def test_a_subcommand_is_a_task(arguments: list[str], task: Task) -> None:
    assert cli.parse(arguments) == cli.Invocation(task=task)


def test_common_options_stand_before_or_behind() -> None:
    expected = cli.Invocation(settings=(("data_dir", "d"),), config=Path("c"), task=List(50))
    assert cli.parse(["--data-dir", "d", "--config", "c", "list"]) == expected
    assert cli.parse(["list", "--config=c", "--data-dir=d"]) == expected


@pytest.mark.parametrize(
    ("arguments", "prompt"),
    [
        (["--", "list"], "list"),
        (["list the capitals"], "list the capitals"),
        (["lists"], "lists"),
        (["-m", "list", "Hello"], "Hello"),
        (["Hello"], "Hello"),
    ],
)
def test_everything_else_is_a_prompt(arguments: list[str], prompt: str) -> None:
    invocation = cli.parse(arguments)
    assert (invocation.task, invocation.prompt) == (None, prompt)


@pytest.mark.parametrize(
    ("arguments", "prompt", "files"),
    [
        (["What?", "--attach", "a.png", "b.png"], "What?", ["a.png", "b.png"]),
        (["--attach", "a.png", "--attach", "b.png", "--", "What?"], "What?", ["a.png", "b.png"]),
        (["--attach", "a.png", "What is this?"], "What is this?", ["a.png"]),
        (["--attach", "a.png", "What?"], "What?", ["a.png"]),
        (["--attach", "a.png"], "", ["a.png"]),
        (["--attach", "a.png", str(Path(__file__))], "", ["a.png", str(Path(__file__))]),
        (["--attach", f"{__file__}:3-4"], "", [f"{__file__}:3-4"]),
    ],
)
def test_files_are_told_from_the_prompt(arguments: list[str], prompt: str, files: list[str]) -> None:
    invocation = cli.parse(arguments)
    assert (invocation.prompt, list(map(str, invocation.attach))) == (prompt, files)
    task = cli.parse(["ask", *arguments]).task
    assert isinstance(task, Ask)
    assert (task.prompt, list(map(str, task.attach))) == (prompt, files)
