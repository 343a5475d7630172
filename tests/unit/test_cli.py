"""The command line."""

from pathlib import Path

import pytest

from tui import __version__, cli


def test_nothing_typed_asks_for_nothing() -> None:
    assert cli.parse([]) == cli.Invocation()


def test_everything_typed_is_taken() -> None:
    typed = ["-m", "m:1", "--system", "Be brief.", "--host", ":1", "--gguf", "a.gguf", "--data-dir", "d"]
    invocation = cli.parse(
        [*typed, "--config", "c.toml", "--theme", "calm-light", "--continue", "Hello there"]
    )
    assert invocation == cli.Invocation(
        prompt="Hello there",
        model="m:1",
        system="Be brief.",
        continue_latest=True,
        config=Path("c.toml"),
        settings=(
            ("server.host", ":1"),
            ("engine.gguf", "a.gguf"),
            ("interface.theme", "calm-light"),
            ("data_dir", "d"),
        ),
    )


@pytest.mark.parametrize(
    "arguments", [["--nope"], ["--resume"], ["--continue", "--resume", "a"], ["one", "two"], ["--cont"]]
)
def test_what_makes_no_sense_is_one_line_and_status_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.parse(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.parse(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"ollama-tui {__version__}\n"


def test_help_fits_a_screen(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.parse(["--help"])
    assert capsys.readouterr().out.count("\n") <= 30


def test_a_failure_is_one_line_whatever_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.fail("one\ntwo\n")
    assert caught.value.code == 2
    assert capsys.readouterr().err == "ollama-tui: one two\n"
