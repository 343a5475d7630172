"""Presets as files: what is written comes back, and what makes no sense is named with its line."""

from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui.domain.conversation import ContextPolicy
from tui.domain.errors import BadRequest, FileInTheWay, FileUnusable, SettingsError
from tui.domain.generation import Options, Think
from tui.domain.preset import Preset, check_preset_name, find_preset_name
from tui.domain.setup import Setup
from tui.settings.preset_file import preset_toml, read_preset
from tui.settings.presets import PresetFolder

PIRATE = Preset(
    "Pirate",
    Setup(
        system='Speak like a pirate.\n"""Arr\\',
        options=Options(temperature=1.2, num_ctx=8192, stop=("\n\n", "###")),
        think="off",
        keep_alive="10m",
        answer_format='{"type": "object"}',
        policy=ContextPolicy.SUMMARISE,
    ),
    "gemma3:4b",
)

_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_SETUPS = st.builds(
    Setup,
    system=_TEXT.map(lambda text: text.replace("\r", "")),
    options=st.builds(
        Options,
        temperature=st.none() | st.floats(0, 2),
        top_k=st.none() | st.integers(0, 1000),
        seed=st.none() | st.integers(-1, 2**32 - 1),
        num_ctx=st.none() | st.integers(64, 1 << 20),
        stop=st.lists(_TEXT.filter(bool), max_size=4).map(tuple),
    ),
    think=st.none() | st.sampled_from(get_args(Think)),
    keep_alive=st.sampled_from(["", "10m", "-1"]),
    answer_format=st.sampled_from(["", "json", '{"type": "array"}']),
    policy=st.sampled_from(ContextPolicy),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_SETUPS)
def test_what_is_written_is_read_again(setup: Setup) -> None:
    preset = Preset("Any", setup)
    assert read_preset(preset_toml(preset), "other", "f.toml") == preset


def test_a_preset_is_kept_found_changed_and_deleted(tmp_path: Path) -> None:
    folder = PresetFolder(tmp_path / "presets")
    assert folder.names() == ()
    folder.save(PIRATE)
    folder.save(Preset("brief", Setup(system="Be brief.")))
    (tmp_path / "presets" / "notes.txt").write_text("not a preset")
    (tmp_path / "presets" / ".hidden.toml").write_text("")
    assert folder.names() == ("brief", "Pirate")
    assert folder.read("Pirate") == PIRATE
    with pytest.raises(FileInTheWay):
        folder.save(Preset("PIRATE"))
    folder.save(Preset("PIRATE", Setup(system="Ahoy.")), overwrite=True)
    assert folder.names() == ("brief", "Pirate")
    assert folder.read("Pirate").setup.system == "Ahoy."
    text = folder.delete("Pirate")
    assert folder.names() == ("brief",)
    folder.restore("Pirate", text)
    assert folder.read("Pirate").setup.system == "Ahoy."


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ('name = "x"\nsystem = "a\n', "line 2", "Illegal character"),
        ('system = "a"\ntemprature = 1', "line 2", "Did you mean “temperature” in the table [parameters]?"),
        ('system = "a"\n[parameters]\ntemperatur = 1', "line 3", "Did you mean “temperature”?"),
        ("[parameters]\ntemperature = 3", "line 2", "At most 2"),
        ("[parameters]\nnum_ctx = 0", "line 2", "At least 64"),
        ('[parameters]\ntemperature = "hot"', "line 2", "must be a number"),
        ("[parameters]\ntop_k = true", "line 2", "must be a number"),
        ("[parameters]\nstop = [1]", "line 2", "list of texts"),
        ("parameters = 3", "line 1", "must be a table"),
        ('\nthink = "very"', "line 2", "must be one of"),
        ("think = [1]", "line 1", "must be one of"),
        ('policy = "forget"', "line 1", "must be one of"),
        ('keep_alive = "soon"', "line 1", "10m"),
        ('format = "{"', "line 1", "Not JSON"),
        ("system = 3", "line 1", "must be a text"),
        ('name = "../../evil"', "line 1", "cannot be a name"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_nothing_is_taken(
    tmp_path: Path, text: str, line: str, why: str
) -> None:
    folder, file = PresetFolder(tmp_path / "presets"), tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as wrong:
        folder.import_file(file)
    words = f"{wrong.value.message} {wrong.value.hint}"
    assert str(file) in words and line in words and why in words
    assert folder.names() == ()


def test_a_file_that_is_none_is_said(tmp_path: Path) -> None:
    folder = PresetFolder(tmp_path / "presets")
    bad = tmp_path / "latin.toml"
    bad.write_bytes(b'name = "a"\nsystem = "\xe9"\n')
    with pytest.raises(FileUnusable, match="line 2: the text is not UTF-8"):
        folder.import_file(bad)
    with pytest.raises(FileUnusable, match="cannot be read"):
        folder.import_file(tmp_path / "gone.toml")
    with pytest.raises(FileUnusable, match="is no file"):
        folder.import_file(tmp_path)
    huge = tmp_path / "huge.toml"
    huge.write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(FileUnusable, match="longer than 1 MiB"):
        folder.import_file(huge)


def test_import_and_export_overwrite_nothing(tmp_path: Path) -> None:
    folder = PresetFolder(tmp_path / "presets")
    folder.save(PIRATE)
    where = folder.export("Pirate", tmp_path)
    assert where == tmp_path / "Pirate.toml"
    with pytest.raises(FileInTheWay):
        folder.export("Pirate", where)
    with pytest.raises(FileInTheWay):
        folder.import_file(where)
    folder.delete("Pirate")
    assert folder.import_file(where) == PIRATE


@pytest.mark.parametrize("name", ["", "..", "a/b", "a\\b", ".x", "CON", "x" * 61, "a\nb\x1b", "nul.x", "a."])
def test_a_name_is_never_a_path(name: str, tmp_path: Path) -> None:
    folder = PresetFolder(tmp_path / "presets")
    if name == "a\nb\x1b":
        name = "b\x1b"
    with pytest.raises(BadRequest):
        check_preset_name(name)
    with pytest.raises(BadRequest):
        folder.save(Preset(name))
    assert list(tmp_path.iterdir()) == []


def test_a_preset_is_found_by_the_beginning_of_its_name() -> None:
    names = ("Pirate", "Poet", "poet two")
    assert find_preset_name("pir", names) == "Pirate"
    assert find_preset_name("POET", names) == "Poet"
    with pytest.raises(BadRequest, match="several"):
        find_preset_name("p", names)
    with pytest.raises(BadRequest, match="no preset"):
        find_preset_name("x", names)
    with pytest.raises(BadRequest, match="no preset"):
        find_preset_name("", ())
