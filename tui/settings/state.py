"""What the app remembers between runs that is neither a setting nor a conversation."""

import json
import os
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Remembered:
    """Choices made while using the app."""

    theme: str = ""
    """The theme chosen last."""
    model: str = ""
    """The model chosen last."""
    server: str = ""
    """The name of the server chosen last; empty for the one that is looked for."""
    sidebar: bool = True
    """The side panel is shown where there is room."""
    folder: str = ""
    """The folder that files were last attached from."""


def load_remembered(directory: Path) -> Remembered:
    """Return what was remembered; defaults where there is nothing or nothing readable."""
    try:
        values = json.loads((directory / "state.json").read_text("utf-8"))
    except (OSError, ValueError):
        return Remembered()
    if not isinstance(values, dict):
        return Remembered()
    defaults = Remembered()
    kept = {
        field.name: values[field.name]
        for field in fields(Remembered)
        if type(values.get(field.name)) is type(getattr(defaults, field.name))
    }
    return Remembered(**kept)


def save_remembered(directory: Path, remembered: Remembered) -> None:
    """Write what is to be remembered, whole or not at all.

    Raises:
        OSError: The directory cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=directory, prefix=".state-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(remembered), file)
        Path(name).replace(directory / "state.json")
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
