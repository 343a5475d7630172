"""Files that go along with a message: what they are, how large they may be, how a model is told of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tui.domain.conversation import Attachment
from tui.domain.errors import SightMissing
from tui.domain.model import Capability, ModelInfo
from tui.domain.text import sanitize_line

HEAD: Final = 4096
"""Bytes from the beginning of a file that say what is in it."""

DECODED_BYTES: Final = 200_000_000
"""Memory that making one picture ready may take."""

MOST_DIMENSION: Final = 65_500
"""Pixels along one side of a picture, at most."""


class Kind(StrEnum):
    """What is in a file, by its first bytes; for pictures in the words of Pillow."""

    PNG = "PNG"
    JPEG = "JPEG"
    GIF = "GIF"
    WEBP = "WEBP"
    BMP = "BMP"
    TIFF = "TIFF"
    AVIF = "AVIF"
    HEIC = "HEIF"
    SVG = "SVG"
    PDF = "PDF"
    TEXT = "text"
    ARCHIVE = "archive"
    """A ZIP file, which most office documents are too."""
    MEDIA = "media"
    """Sound or film."""
    OTHER = "other"
    """Bytes that are none of these."""

    @property
    def is_picture(self) -> bool:
        """Whether it is made of pixels."""
        return self in _BYTES_PER_PIXEL


_BYTES_PER_PIXEL: Final[Mapping[Kind, float]] = {
    Kind.PNG: 5.7,
    Kind.JPEG: 5.7,
    Kind.GIF: 5.7,
    Kind.BMP: 5.7,
    Kind.TIFF: 5.0,
    Kind.WEBP: 15.9,
    Kind.AVIF: 10.0,
    Kind.HEIC: 8.1,
}
"""Memory that decoding and scaling take, as measured, and a tenth more for the commonest."""

_TRANSLUCENT_BYTES: Final[Mapping[Kind, float]] = {Kind.AVIF: 12.4, Kind.HEIC: 10.4}
"""The same with an alpha channel, where that makes it more."""

_JPEG_PIXELS: Final = 89_000_000
"""A JPEG can be decoded at an eighth of its size; more pixels than these are taken for an attack."""

_SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"GIF87a", Kind.GIF),
    (b"GIF89a", Kind.GIF),
    (b"II*\0", Kind.TIFF),
    (b"MM\0*", Kind.TIFF),
    (b"II+\0", Kind.TIFF),
    (b"MM\0+", Kind.TIFF),
    (b"%PDF-", Kind.PDF),
    (b"PK\x03\x04", Kind.ARCHIVE),
    (b"\x1f\x8b", Kind.ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", Kind.ARCHIVE),
    (b"ID3", Kind.MEDIA),
    (b"OggS", Kind.MEDIA),
    (b"fLaC", Kind.MEDIA),
    (b"\x1aE\xdf\xa3", Kind.MEDIA),
)

_BRANDS: Final = {
    b"avif": Kind.AVIF,
    b"avis": Kind.AVIF,
    b"heic": Kind.HEIC,
    b"heix": Kind.HEIC,
    b"heim": Kind.HEIC,
    b"heis": Kind.HEIC,
    b"hevc": Kind.HEIC,
    b"hevx": Kind.HEIC,
    b"mif1": Kind.HEIC,
    b"msf1": Kind.HEIC,
}

_SVG: Final = re.compile(
    rb"\A(?:\xef\xbb\xbf)?(?:\s|<\?xml[^>]*>|<!--(?:(?!-->).)*-->|<!DOCTYPE[^>]*>)*<(?:\w+:)?svg[\s>]",
    re.DOTALL,
)

_PICTURE_NAMES: Final = frozenset(
    ["png", "jpg", "jpeg", "jpe", "gif", "webp", "bmp", "tif", "tiff", "heic", "heif", "avif"]
)


def kind_of(head: bytes) -> Kind:
    """Return what a file is that begins with `head`; its name has no say in it."""
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head[4:8] == b"ftyp":
        return _boxed(head)
    if head[:4] == b"RIFF":
        return Kind.WEBP if head[8:12] == b"WEBP" else Kind.MEDIA
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0":
        return Kind.BMP
    if _SVG.match(head):
        return Kind.SVG
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff")) or _looks_wide(head)
    return Kind.TEXT if wide or b"\0" not in head else Kind.OTHER


def _boxed(head: bytes) -> Kind:
    """Return what an ISO media file is: its own brand counts first, then those it is compatible with."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[place : place + 4] for place in range(16, size - 3, 4))]
    # `mif1` says only that there are pictures; the others say how they are encoded.
    for brand in sorted(brands, key=lambda each: each in (b"mif1", b"msf1")):
        if brand in _BRANDS:
            return _BRANDS[brand]
    return Kind.MEDIA


def _looks_wide(head: bytes) -> bool:
    """Tell whether bytes look like UTF-16 without a mark: every other one is zero."""
    even, odd = head[::2], head[1::2]
    if len(head) < 4:
        return False
    return any(
        one.count(0) > 0.4 * len(one) and other.count(0) == 0 for one, other in ((even, odd), (odd, even))
    )


def is_named_like_a_picture(name: str) -> bool:
    """Tell whether a file's name ends like that of a picture."""
    return name.rpartition(".")[2].lower() in _PICTURE_NAMES


def most_pixels(kind: Kind, *, held: float = 0.0, size: int = 0, translucent: bool = False) -> int:
    """Return how many pixels a picture may have so that it takes no more than `DECODED_BYTES`.

    Args:
        kind: What it is.
        held: Bytes per pixel that its decoder holds beside the picture, at whatever scale: a JPEG in several
            scans all its coefficients, a TIFF in one strip all its samples.
        size: Bytes of the file; they count where so little is left that they tell.
        translucent: It has an alpha channel.
    """
    if kind is Kind.JPEG:
        return min(_JPEG_PIXELS, int((DECODED_BYTES - size) / (held + 1))) if held else _JPEG_PIXELS
    opaque = _BYTES_PER_PIXEL[kind]
    left = DECODED_BYTES - size if held or kind is Kind.PNG else DECODED_BYTES
    return max(0, int(left / (held + (_TRANSLUCENT_BYTES.get(kind, opaque) if translucent else opaque))))


def drafted_pixels(pixels: int, *, held: float) -> int:
    """Return of how many pixels a JPEG of so many may be decoded so that it takes `DECODED_BYTES`."""
    return max(1, int((DECODED_BYTES - held * pixels) / _BYTES_PER_PIXEL[Kind.JPEG]))


def scaled(width: int, height: int, longest: int) -> tuple[int, int]:
    """Return the size of a picture, in pixels, when its longest side is at most `longest`."""
    side = max(width, height)
    if side <= longest:
        return width, height
    return max(1, round(width * longest / side)), max(1, round(height * longest / side))


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a file: lines of a text, pages of a PDF, both ends included, counted from 1."""

    first: int
    last: int

    def __str__(self) -> str:
        """Return it as it stands behind a file's name."""
        return f"{self.first}-{self.last}" if self.last != self.first else f"{self.first}"


_SPAN: Final = re.compile(r":(\d{1,9})(?:-(\d{1,9}))?\Z")


def split_span(text: str) -> tuple[str, Span | None]:
    """Return a path and the part of the file that stands behind it: `notes.md:10-20`."""
    found = _SPAN.search(text)
    if found is None or found.start() == 0:
        return text, None
    first = int(found[1])
    last = int(found[2] or first)
    if first < 1 or last < first:
        return text, None
    return text[: found.start()], Span(first, last)


_LANGUAGES: Final[Mapping[str, str]] = {
    "bash": "bash", "bat": "bat", "c": "c", "cc": "cpp", "cfg": "ini", "clj": "clojure", "cpp": "cpp",
    "cs": "csharp", "css": "css", "csv": "csv", "cxx": "cpp", "dart": "dart", "diff": "diff",
    "dockerfile": "dockerfile", "el": "elisp", "elm": "elm", "erl": "erlang", "ex": "elixir",
    "exs": "elixir", "fish": "fish", "fs": "fsharp", "go": "go", "gradle": "groovy", "graphql": "graphql",
    "h": "c", "hpp": "cpp", "hs": "haskell", "htm": "html", "html": "html", "ini": "ini", "java": "java",
    "jl": "julia", "js": "javascript", "json": "json", "jsonl": "json", "jsx": "jsx", "kt": "kotlin",
    "lisp": "lisp", "lua": "lua", "makefile": "makefile", "markdown": "markdown", "md": "markdown",
    "mjs": "javascript", "ml": "ocaml", "nim": "nim", "nix": "nix", "patch": "diff", "php": "php",
    "pl": "perl", "proto": "protobuf", "ps1": "powershell", "py": "python", "pyi": "python", "r": "r",
    "rb": "ruby", "rs": "rust", "rst": "rst", "scala": "scala", "scss": "scss", "sh": "bash", "sql": "sql",
    "svelte": "svelte", "swift": "swift", "tcss": "css", "tex": "latex", "toml": "toml", "ts": "typescript",
    "tsv": "tsv", "tsx": "tsx", "vb": "vbnet", "vim": "vim", "vue": "vue", "xml": "xml", "yaml": "yaml",
    "yml": "yaml", "zig": "zig", "zsh": "bash",
}  # fmt: skip
"""What the fence of a file is labelled with, by the end of its name in lower case."""


def language_of(name: str) -> str:
    """Return the language that a file of this name is written in, as a fence names it; empty for none."""
    path, _ = split_span(name)
    return _LANGUAGES.get(path.rpartition(".")[2].lower(), "")


def quoted(name: str, text: str) -> str:
    """Return a file as a model is told it: its name, and its text between fences it cannot end."""
    fence = "`" * (_longest_fence(text) + 1)
    body = text if text.endswith("\n") else f"{text}\n"
    return f"{sanitize_line(name)}:\n{fence}{language_of(name)}\n{body}{fence}"


def _longest_fence(text: str) -> int:
    """Return the length of the longest run of backticks, or two.

    A search through the whole of a long text at once, by pattern, would hold up the other threads.
    """
    longest, place = 2, text.find("```")
    while place >= 0:
        end = place + 3
        while text.startswith("`", end):
            end += 1
        longest = max(longest, end - place)
        place = text.find("```", end)
    return longest


def is_picture(attachment: Attachment) -> bool:
    """Tell whether an attachment is told as a picture."""
    return attachment.media_type.startswith("image/")


def is_text(attachment: Attachment) -> bool:
    """Tell whether an attachment is told as a quoted text."""
    return attachment.media_type.startswith("text/")


def may_see(model: ModelInfo | None) -> bool:
    """Tell whether a model may be sent pictures: False only for one that is known not to see."""
    return model is None or model.capabilities is None or Capability.VISION in model.capabilities


def sight_missing(model: str, pictures: int) -> SightMissing:
    """Return the error for pictures that were to go to a model that does not see."""
    what = "a picture was" if pictures == 1 else f"{pictures} pictures were"
    return SightMissing(
        f"{sanitize_line(model, 60)} cannot see, and {what} to be sent to it.",
        "Choose a model that sees with Ctrl+L, or take the pictures away.",
    )


def byte_size(size: int) -> str:
    """Return a number of bytes for people."""
    if size < 1000:
        return f"{size} B"
    amount, units = size / 1000, ("kB", "MB", "GB", "TB")
    place = 0
    while amount >= 999.5 and place < len(units) - 1:
        amount /= 1000
        place += 1
    return f"{amount:.0f} {units[place]}" if amount >= 9.95 else f"{amount:.1f} {units[place]}"


def picture_tokens(width: int, height: int) -> int:
    """Return about how many tokens a model makes of a picture: some hundreds, and more by its megapixels."""
    return round(320 + 260 * width * height / 1_000_000)


def text_tokens(size: int) -> int:
    """Return about how many tokens a model makes of a text of so many bytes."""
    return -(-size // 4)


def estimated_tokens(attachment: Attachment) -> int:
    """Return about how many tokens a model makes of an attachment."""
    if attachment.width and attachment.height:
        return picture_tokens(attachment.width, attachment.height)
    return text_tokens(attachment.size)


def token_words(tokens: int) -> str:
    """Return a number of tokens for people: `≈ 1.6k tokens`."""
    if tokens < 1000:
        return f"≈ {tokens} token{'' if tokens == 1 else 's'}"
    return f"≈ {tokens / 1000:.1f}k tokens" if tokens < 99_500 else f"≈ {tokens / 1000:,.0f}k tokens"


def noted(attachment: Attachment) -> str:
    """Return what a chip says beside the name of a file: dimensions or size, and tokens."""
    what = byte_size(attachment.size)
    if attachment.width and attachment.height:
        what = f"{attachment.width}×{attachment.height}"
    return f"{what} · {token_words(estimated_tokens(attachment))}"
