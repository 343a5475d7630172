"""Where files live, by the conventions of the platform."""

from pathlib import Path

from platformdirs import user_config_path, user_data_path, user_state_path

_NAME = "ollama-tui"


def default_data_dir() -> Path:
    """Return the directory of the conversation store."""
    return user_data_path(_NAME, appauthor=False)


def default_config_file() -> Path:
    """Return the settings file that is read when none is named; it need not exist."""
    return user_config_path(_NAME, appauthor=False) / "config.toml"


def default_presets_dir() -> Path:
    """Return the directory of presets."""
    return user_config_path(_NAME, appauthor=False) / "presets"


def default_state_dir() -> Path:
    """Return the directory of logs and of what the app remembers between runs."""
    return user_state_path(_NAME, appauthor=False)
