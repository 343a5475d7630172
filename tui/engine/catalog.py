"""The models that the engine offers: the one from the package, or the files it was given."""

import hashlib
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tui.engine import weights
from tui.engine.gguf import BadGguf, Header, read_header

DEFAULT_NAME: Final = "gemma3:270m"
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,80}(/[A-Za-z0-9._-]{1,80}){0,3}(:[A-Za-z0-9._-]{1,80})?")
_LICENSES: Final = {"gemma": "Gemma Terms of Use: https://ai.google.dev/gemma/terms"}


class ModelUnusable(RuntimeError):
    """A model is listed, but its file is gone or spoilt; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model on offer."""

    name: str
    """Its name with its tag."""
    header: Header
    size: int
    digest: str
    """What stands for its contents: changes when the file does."""
    modified_at: datetime
    locate: Callable[[], Path] = field(repr=False, compare=False)
    """Returns the file, complete and checked; slow the first time. Raises `ModelUnusable`."""

    @property
    def chat_template(self) -> str:
        """Its own chat template; empty for a base model."""
        return self.header.chat_template

    @property
    def thinks(self) -> bool:
        """Whether its template knows of thinking."""
        return "enable_thinking" in self.chat_template or "<think>" in self.chat_template

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What it can do, in Ollama's words."""
        return ("completion", "thinking") if self.thinks else ("completion",)

    @property
    def license(self) -> str:
        """The terms its weights come under."""
        return _LICENSES.get(self.header.license, self.header.license)


class Catalog:
    """Finds models by their names. Reading their headers is slow: not for the event loop."""

    def __init__(self, files: Sequence[Path] = (), cache: Path | None = None) -> None:
        """Offer `files`, or the default model if there are none.

        Raises:
            BadGguf: one of the files is no usable GGUF file.
            OSError: one of the files cannot be read.
        """
        self._lock = threading.Lock()
        self._cache = cache or weights.cache_directory()
        self._models: dict[str, Model] | None = None
        if files:
            self._models = {}
            for path in files:
                model = _from_file(path.resolve())
                self._models.setdefault(model.name.lower(), model)

    def models(self) -> tuple[Model, ...]:
        """Return every model."""
        with self._lock:
            if self._models is None:
                self._models = {DEFAULT_NAME: _default(self._cache)} if weights.is_installed() else {}
            return tuple(self._models.values())

    def find(self, name: str) -> Model | None:
        """Return the model of that name, or None; case does not matter, the tag `latest` goes unsaid."""
        wanted = name.lower()
        if ":" not in wanted.rpartition("/")[2]:
            wanted += ":latest"
        for model in self.models():
            if model.name.lower() == wanted:
                return model
        return None


def is_name(text: str) -> bool:
    """Tell whether `text` can be the name of a model at all."""
    return _NAME.fullmatch(text) is not None


def _from_file(path: Path) -> Model:
    """Describe a GGUF file that was given by its path."""
    if not path.is_file():
        raise BadGguf("no such file" if not path.exists() else "not a regular file")
    header = read_header(path)
    status = path.stat()
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("-.")[:80] or "model"
    identity = f"{path}:{status.st_size}:{status.st_mtime_ns}"

    def locate() -> Path:
        if not path.is_file():
            raise ModelUnusable(f'model "{stem}:latest" not found, try pulling it first')
        try:
            read_header(path)
        except (BadGguf, OSError) as error:
            raise ModelUnusable(f"unable to load model: {path}: {error}") from error
        return path

    return Model(
        name=f"{stem}:latest",
        header=header,
        size=status.st_size,
        digest=hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest(),
        modified_at=datetime.fromtimestamp(status.st_mtime, UTC),
        locate=locate,
    )


def _default(cache: Path) -> Model:
    """Describe the default model from the package, without writing its file."""
    part = weights.first_part()
    lock = threading.Lock()

    def locate() -> Path:
        try:
            with lock:
                return weights.ensure(cache)
        except weights.BadWeights as error:
            raise ModelUnusable(f"unable to load model: {error}") from error

    return Model(
        name=DEFAULT_NAME,
        header=read_header(part),
        size=weights.total_size(),
        digest=weights.SHA256,
        modified_at=datetime.fromtimestamp(part.stat().st_mtime, UTC),
        locate=locate,
    )
