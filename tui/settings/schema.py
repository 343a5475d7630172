"""Every setting, with its default, its bounds and what it does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tui.settings.paths import default_data_dir, default_presets_dir, default_state_dir

IMAGES = ("auto", "kitty", "sixel", "halfcell", "off")
"""How pictures can be drawn."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Which server answers."""

    host: str = field(default="", repr=False)
    """Address of the Ollama server, in any form that OLLAMA_HOST takes, or the name of one of `servers`.

    Empty looks for one.
    """
    stop_ollama_at_exit: bool = False
    """End an Ollama that was started from here when the app ends; otherwise it is left running."""


@dataclass(frozen=True, slots=True)
class NamedServer:
    """A server to switch to: a table `[servers.NAME]` of the settings file."""

    name: str
    host: str = field(repr=False)
    """Its address, in any form that OLLAMA_HOST takes."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Sent with every request. May hold secrets: never shown."""
    token_env: str = ""
    """The environment variable that holds a bearer token."""
    token_command: tuple[str, ...] = field(default=(), repr=False)
    """The command that prints a bearer token."""
    ca_file: str = ""
    """A file of certificates to trust, in PEM form, beside the usual ones."""


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """What new conversations begin with."""

    model: str = ""
    """Model of new conversations; empty takes the one used last."""
    system: str = ""
    """System prompt of new conversations."""
    preset: str = ""
    """The preset that new conversations begin with; empty for none."""
    keep_alive: str = ""
    """How long the server keeps a model loaded, for example `10m`; empty leaves it to the server."""
    warm_up: bool = True
    """Load a model as soon as it is chosen."""
    titles: bool = True
    """Let the model name a conversation after its first answer, when it has nothing else to do."""


@dataclass(frozen=True, slots=True)
class InterfaceSettings:
    """How it looks."""

    theme: str = ""
    """Name of a theme; empty takes the one chosen last."""
    animation: bool = True
    """Animate spinners and scrolling."""
    thinking: bool = True
    """Show thinking while it is being written; it folds away when it is done."""
    images: str = field(default="auto", metadata={"choices": IMAGES})
    """How pictures are drawn: `auto` asks the terminal; `kitty`, `sixel`, `halfcell` or `off`."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """The embedded engine."""

    enabled: bool = True
    """Use it where no Ollama is found."""
    gguf: str = ""
    """A GGUF model file for it; empty takes the tiny model that comes with it."""


@dataclass(frozen=True, slots=True)
class AttachmentSettings:
    """Files that go along with a message."""

    longest_side: int = field(default=1568, metadata={"bounds": (64, 8192)})
    """Pixels; a picture with a longer side is scaled down to it before it is sent."""
    most_bytes: int = field(default=32 << 20, metadata={"bounds": (1, 256 << 20)})
    """Bytes that a file may have that is attached."""
    most_characters: int = field(default=2_000_000, metadata={"bounds": (1, 50_000_000)})
    """Characters of a text that is attached."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, as they are in force."""

    server: ServerSettings = ServerSettings()
    chat: ChatSettings = ChatSettings()
    interface: InterfaceSettings = InterfaceSettings()
    engine: EngineSettings = EngineSettings()
    attachments: AttachmentSettings = AttachmentSettings()
    keys: Mapping[str, str] = field(default_factory=dict)
    """Command ids and the keys that replace their defaults, comma separated."""
    servers: Mapping[str, NamedServer] = field(default_factory=dict)
    """Servers to switch to, by name."""
    data_dir: Path = field(default_factory=default_data_dir)
    """Directory of the conversation store."""
    state_dir: Path = field(default_factory=default_state_dir)
    """Directory of logs and of what is remembered between runs."""
    typed: frozenset[str] = frozenset()
    """Which settings were typed on the command line, as `section.key`."""
    presets_dir: Path = field(default_factory=default_presets_dir)
    """Directory of presets."""
    warnings: tuple[str, ...] = ()
    """What in the settings file was not understood."""
