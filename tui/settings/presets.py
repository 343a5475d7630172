"""The folder of presets: one TOML file each, named after the preset."""

import os
import tempfile
from pathlib import Path
from typing import Final

from tui.domain.errors import BadRequest, FileInTheWay, FileUnusable
from tui.domain.preset import Preset, check_preset_name
from tui.domain.text import sanitize_line
from tui.settings.preset_file import preset_toml, read_preset

_SUFFIX: Final = ".toml"
_MOST_BYTES: Final = 1 << 20


class PresetFolder:
    """Reads and writes presets. Every method touches files: not for the event loop."""

    def __init__(self, directory: Path) -> None:
        """Make a folder that need not exist yet.

        Args:
            directory: Where the files are.
        """
        self._directory = directory

    def names(self) -> tuple[str, ...]:
        """Return the names of the presets, in alphabetical order; files with other names are left alone.

        Raises:
            FileUnusable: the folder cannot be read.
        """
        try:
            found = [path.stem for path in self._directory.iterdir() if path.suffix == _SUFFIX]
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise FileUnusable(f"{self._directory} cannot be read: {error.strerror}.") from None
        return tuple(sorted((name for name in found if _is_name(name)), key=str.casefold))

    def read(self, name: str) -> Preset:
        """Return a preset.

        Raises:
            SettingsError: its file makes no sense; the message says where.
            FileUnusable: its file cannot be read.
        """
        path = self._path(name)
        preset = read_preset(_text_of(path), name, str(path))
        # The file's name is what it is found by, whatever stands in it.
        return Preset(check_preset_name(name), preset.setup, preset.model)

    def save(self, preset: Preset, *, overwrite: bool = False) -> None:
        """Write a preset, whole or not at all.

        Raises:
            FileInTheWay: there is one of this name, and it is not to be overwritten.
            FileUnusable: it cannot be written.
        """
        wanted = check_preset_name(preset.name)
        there = [name for name in self.names() if name.casefold() == wanted.casefold()]
        if there and not overwrite:
            raise FileInTheWay(f"There is a preset “{there[0]}” already.", "Choose another name.")
        _write(self._path(there[0] if there else wanted), preset_toml(preset))

    def delete(self, name: str) -> str:
        """Delete a preset and return what was in its file.

        Raises:
            FileUnusable: it cannot be deleted.
        """
        path = self._path(name)
        text = _text_of(path)
        try:
            path.unlink()
        except OSError as error:
            raise FileUnusable(f"{path} cannot be deleted: {error.strerror}.") from None
        return text

    def restore(self, name: str, text: str) -> None:
        """Put back a file that was deleted, or what was in it before.

        Raises:
            FileUnusable: it cannot be written.
        """
        _write(self._path(name), text)

    def text(self, name: str) -> str:
        """Return what is in the file of a preset.

        Raises:
            FileUnusable: it cannot be read.
        """
        return _text_of(self._path(name))

    def import_file(self, file: Path) -> Preset:
        """Take in a preset; nothing is written when anything in it makes no sense.

        Raises:
            SettingsError: it makes no sense; the message says where.
            FileInTheWay: there is one of this name.
            FileUnusable: it cannot be read or written.
        """
        file = file.expanduser()
        preset = read_preset(_text_of(file), file.stem, str(file))
        self.save(preset)
        return preset

    def export(self, name: str, file: Path) -> Path:
        """Write a preset to a file, or into a folder under its name; return where it is.

        Raises:
            FileInTheWay: the file exists.
            FileUnusable: it cannot be written.
        """
        file = file.expanduser()
        if file.is_dir():
            file = file / f"{check_preset_name(name)}{_SUFFIX}"
        if file.exists():
            raise FileInTheWay(f"{file} exists already.", "Choose another name.")
        _write(file, preset_toml(self.read(name)), private=False)
        return file

    def _path(self, name: str) -> Path:
        return self._directory / f"{check_preset_name(name)}{_SUFFIX}"


def _is_name(text: str) -> bool:
    try:
        return check_preset_name(text) == text
    except BadRequest:
        return False


def _text_of(path: Path) -> str:
    shown = sanitize_line(str(path), 200)
    if path.exists() and not path.is_file():
        raise FileUnusable(f"{shown} is no file.")
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise FileUnusable(f"{shown}, line {line}: the text is not UTF-8.") from None
    except OSError as error:
        raise FileUnusable(f"{shown} cannot be read: {error.strerror}.") from None
    if len(data) > _MOST_BYTES:
        raise FileUnusable(f"{shown} is longer than 1 MiB: that is no preset.")
    return text


def _write(path: Path, text: str, *, private: bool = True) -> None:
    try:
        if private:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".preset-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
                file.write(text)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise FileUnusable(f"{sanitize_line(str(path), 200)} cannot be written: {error.strerror}.") from None
