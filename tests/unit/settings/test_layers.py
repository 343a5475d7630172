"""Settings: which layer wins, and what is said about what cannot be used."""

from pathlib import Path

import pytest

from tui.domain.errors import SettingsError
from tui.settings.layers import load_settings
from tui.settings.schema import Settings


def load(
    tmp_path: Path,
    text: str | None = None,
    environment: dict[str, str] | None = None,
    arguments: dict[str, str] | None = None,
    *,
    required: bool = False,
) -> Settings:
    file = tmp_path / "config.toml"
    if text is not None:
        file.write_text(text, "utf-8")
    return load_settings(
        file=file, file_required=required, environment=environment or {}, arguments=arguments or {}
    )


def test_defaults_hold_where_nothing_is_said(tmp_path: Path) -> None:
    assert load(tmp_path) == Settings()


@pytest.mark.parametrize(
    ("environment", "arguments", "host"),
    [
        ({}, {}, "file:1"),
        ({"OLLAMA_HOST": "env:2"}, {}, "env:2"),
        ({"OLLAMA_HOST": "env:2", "OLLAMA_TUI_SERVER_HOST": "own:3"}, {}, "own:3"),
        ({"OLLAMA_HOST": "env:2", "OLLAMA_TUI_SERVER_HOST": "own:3"}, {"server.host": "cli:4"}, "cli:4"),
    ],
)
def test_a_later_layer_wins(
    tmp_path: Path, environment: dict[str, str], arguments: dict[str, str], host: str
) -> None:
    settings = load(tmp_path, '[server]\nhost = "file:1"\n', environment, arguments)
    assert settings.server.host == host


def test_an_empty_ollama_host_says_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, environment={"OLLAMA_HOST": " "}).server.host == ""


def test_the_data_directory_comes_from_environment_or_command_line(tmp_path: Path) -> None:
    environment = {"OLLAMA_TUI_DATA": str(tmp_path / "a")}
    assert load(tmp_path, environment=environment).data_dir == tmp_path / "a"
    typed = {"data_dir": str(tmp_path / "b")}
    assert load(tmp_path, environment=environment, arguments=typed).data_dir == tmp_path / "b"


@pytest.mark.parametrize(("text", "value"), [("1", True), ("off", False), ("FALSE", False), ("yes", True)])
def test_truth_is_read_from_text(tmp_path: Path, text: str, value: bool) -> None:
    settings = load(tmp_path, environment={"OLLAMA_TUI_INTERFACE_ANIMATION": text})
    assert settings.interface.animation is value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[server]\nhost = 5\n", "line 2: server.host must be a text, not 5"),
        ('[interface]\nanimation = "perhaps"\n', "line 2: interface.animation must be true or false"),
        ("[server\n", "cannot be read"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    assert words in caught.value.message
    assert "config.toml" in caught.value.message


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError):
        load(tmp_path)


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        load(tmp_path, required=True)


def test_what_is_unknown_warns_with_line_and_nearest_name(tmp_path: Path) -> None:
    settings = load(tmp_path, '[chat]\nmodle = "x"\n\n[sever]\nhost = "y"\n\n[other]\n')
    first, second, third = settings.warnings
    assert "line 2" in first and "“modle”; did you mean “model”?" in first
    assert "line 4" in second and "did you mean “server”?" in second
    assert third.endswith("unknown setting “other”")


def test_keys_are_taken_as_they_are(tmp_path: Path) -> None:
    assert load(tmp_path, '[keys]\n"app.help" = "f2"\n').keys == {"app.help": "f2"}


def test_whole_numbers_have_bounds(tmp_path: Path) -> None:
    assert load(tmp_path, "[attachments]\nlongest_side = 800\n").attachments.longest_side == 800
    typed = {"OLLAMA_TUI_ATTACHMENTS_LONGEST_SIDE": "900"}
    assert load(tmp_path, environment=typed).attachments.longest_side == 900
    for wrong in ("1", "true", '"wide"', "9.5"):
        with pytest.raises(SettingsError, match=r"line 2: attachments\.longest_side must be a whole number"):
            load(tmp_path, f"[attachments]\nlongest_side = {wrong}\n")
