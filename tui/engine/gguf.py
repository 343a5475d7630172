"""The header of a GGUF file: what a model says of itself, read with suspicion."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

Value = str | int | float | bool

_MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)
_STRING: Final = 8
_ARRAY: Final = 9
_SCALARS: Final[Mapping[int, struct.Struct]] = {
    0: struct.Struct("<B"),
    1: struct.Struct("<b"),
    2: struct.Struct("<H"),
    3: struct.Struct("<h"),
    4: struct.Struct("<I"),
    5: struct.Struct("<i"),
    6: struct.Struct("<f"),
    7: struct.Struct("<?"),
    10: struct.Struct("<Q"),
    11: struct.Struct("<q"),
    12: struct.Struct("<d"),
}
_MAX_ENTRIES: Final = 4096
_MAX_TENSORS: Final = 1_000_000
_MAX_KEY: Final = 1024
_MAX_TEXT: Final = 4 * 1024 * 1024
_MAX_DIMENSIONS: Final = 8

_FILE_TYPES: Final[Mapping[int, str]] = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S",
    12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K",
    19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL",
    26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16",
    36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip


class BadGguf(ValueError):
    """The file is not a GGUF file that can be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF file says of the model in it."""

    metadata: Mapping[str, Value | None]
    """Every key; None where the value is an array."""
    parameters: int
    """The sum of the elements of all tensors."""

    @property
    def architecture(self) -> str:
        """The family of the model, such as `gemma3`; empty if not told."""
        return self._text("general.architecture")

    @property
    def context_length(self) -> int:
        """The longest context that the model was made for; 0 if not told."""
        return self._number(f"{self.architecture}.context_length")

    @property
    def embedding_length(self) -> int:
        """The width of the model; 0 if not told."""
        return self._number(f"{self.architecture}.embedding_length")

    @property
    def chat_template(self) -> str:
        """The Jinja template of a chat; empty for base models."""
        return self._text("tokenizer.chat_template")

    @property
    def license(self) -> str:
        """The terms that the file names; empty if none."""
        return self._text("general.license")

    @property
    def quantization(self) -> str:
        """The kind of quantisation, such as `Q4_K_M`."""
        return _FILE_TYPES.get(self._number("general.file_type", -1), "unknown")

    @property
    def parameter_size(self) -> str:
        """The number of parameters for people, as Ollama writes it: `268.10M`, `4.3B`."""
        count = self.parameters
        if count >= 1_000_000_000:
            return f"{count / 1e9:.1f}B"
        if count >= 1_000_000:
            return f"{count / 1e6:.2f}M"
        return f"{count / 1e3:.2f}K"

    def _text(self, key: str) -> str:
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

    def _number(self, key: str, default: int = 0) -> int:
        value = self.metadata.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else default


class _Reader:
    """Reads the pieces of a header; never past the end, never more than it was promised."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    def take(self, count: int) -> bytes:
        self._spend(count)
        data = self._file.read(count)
        if len(data) != count:
            raise BadGguf("the file is truncated")
        return data

    def skip(self, count: int) -> None:
        self._spend(count)
        self._file.seek(count, 1)

    def scalar(self, kind: int) -> int | float | bool:
        form = _SCALARS.get(kind)
        if form is None:
            raise BadGguf(f"unknown value type {kind}")
        value: int | float | bool = form.unpack(self.take(form.size))[0]
        return value

    def count(self) -> int:
        return int.from_bytes(self.take(8), "little")

    def text(self, limit: int) -> str:
        length = self.count()
        if length > limit:
            raise BadGguf(f"a text of {length} bytes is too long")
        return self.take(length).decode("utf-8", "replace")

    def skip_array(self) -> None:
        kind = int.from_bytes(self.take(4), "little")
        length = self.count()
        if kind == _STRING:
            # Each text takes eight bytes at least: a count that cannot fit is refused before the loop.
            if length * 8 > self._left:
                raise BadGguf("the file is truncated")
            for _ in range(length):
                self.skip(self.count())
        elif kind in _SCALARS:
            self.skip(length * _SCALARS[kind].size)
        else:
            raise BadGguf(f"unknown value type {kind} in an array")

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise BadGguf("the file is truncated")


def read_header(path: Path) -> Header:
    """Read the header of a GGUF file; touches no more of the file than that.

    Raises:
        BadGguf: it is not one, or a damaged or hostile one.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        reader = _Reader(file, size)
        if size < 24 or reader.take(4) != _MAGIC:
            raise BadGguf("not a GGUF file")
        version = int(reader.scalar(4))
        if version not in _VERSIONS:
            raise BadGguf(f"GGUF version {version} is not supported")
        tensors, entries = reader.count(), reader.count()
        if tensors > _MAX_TENSORS or entries > _MAX_ENTRIES:
            raise BadGguf("the header claims an absurd number of entries")
        metadata = _read_metadata(reader, entries)
        header = Header(metadata, sum(_read_tensor(reader) for _ in range(tensors)))
    if not header.architecture:
        raise BadGguf("the file does not say what architecture it has")
    return header


def _read_metadata(reader: _Reader, entries: int) -> dict[str, Value | None]:
    """Read the key-value pairs."""
    metadata: dict[str, Value | None] = {}
    for _ in range(entries):
        key = reader.text(_MAX_KEY)
        kind = int(reader.scalar(4))
        if kind == _STRING:
            metadata[key] = reader.text(_MAX_TEXT)
        elif kind == _ARRAY:
            reader.skip_array()
            metadata[key] = None
        else:
            metadata[key] = reader.scalar(kind)
    return metadata


def _read_tensor(reader: _Reader) -> int:
    """Read the description of one tensor and return how many elements it has."""
    reader.text(_MAX_KEY)
    dimensions = int(reader.scalar(4))
    if dimensions > _MAX_DIMENSIONS:
        raise BadGguf(f"a tensor claims {dimensions} dimensions")
    elements = 1
    for _ in range(dimensions):
        elements *= reader.count()
    reader.skip(4 + 8)
    return elements
