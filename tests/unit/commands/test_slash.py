"""Commands that are typed."""

import inspect
import re

import pytest
from textual.actions import parse as parse_action

from tests.unit.commands.test_registry import OWNERS, owner
from tui.commands.command import Command
from tui.commands.slash import (
    SLASH_COMMANDS,
    argument_name,
    matching_choices,
    matching_commands,
    parse,
    slash_name,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/new", ("conversation.new", "")),
        ("/NEW ", ("conversation.new", "")),
        ("/model llama3.2", ("model.choose", "llama3.2")),
        ("/rename  A new title ", ("conversation.rename", "A new title")),
        ("/find", ("find.open", "")),
        ("/", None),
        ("new", None),
        ("/new one", None),
        ("/newer", None),
        ("/usr/bin", None),
        (" /new", None),
        ("/find a\nb", None),
    ],
)
def test_what_is_a_command(text: str, expected: tuple[str, str] | None) -> None:
    found = parse(text)
    assert (found and (found[0].id, found[1])) == expected


@pytest.mark.parametrize(
    ("typed", "first"),
    [("/mod", "model.choose"), ("/models", "model.manage"), ("/name", "conversation.rename")],
)
def test_the_best_command_is_first(typed: str, first: str) -> None:
    assert matching_commands(typed, SLASH_COMMANDS)[0].id == first


def test_a_path_becomes_no_command() -> None:
    assert matching_commands("/usr", SLASH_COMMANDS) == ()
    assert matching_commands("/home/me", SLASH_COMMANDS) == ()


def test_choices_may_lie_apart() -> None:
    names = ("qwen3:8b", "gemma3:4b", "hf.co/x/gemma:4b")
    assert matching_choices("gem", names) == ("gemma3:4b", "hf.co/x/gemma:4b")
    assert matching_choices("g34", names) == ("gemma3:4b",)
    assert matching_choices("", names) == names
    assert matching_choices("zz", names) == ()


def test_names_are_unique_and_well_formed() -> None:
    names = [slash_name(command) for command in SLASH_COMMANDS]
    assert len(set(names)) == len(names)
    for command in SLASH_COMMANDS:
        assert re.fullmatch(r"/[a-z]+( [A-Z]+| \[[A-Z]+\])?", command.slash), command.slash


@pytest.mark.parametrize("command", [each for each in SLASH_COMMANDS if argument_name(each)], ids=slash_name)
def test_the_action_takes_the_argument(command: Command) -> None:
    cls = owner(OWNERS[command.scope][0])
    _, name, parameters = parse_action(command.action)
    signature = inspect.signature(getattr(cls, f"action_{name}"))
    signature.bind(None, *parameters, "argument")
