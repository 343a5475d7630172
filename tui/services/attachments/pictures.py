"""Making a picture ready to be sent: decoded within limits, turned upright, bare of metadata, scaled."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from tui.decoding import BROKEN, ORIENTATION, held_beside, loaded, turned
from tui.domain.attachment import MOST_DIMENSION, Kind, drafted_pixels, most_pixels, scaled
from tui.domain.errors import FileUnusable
from tui.services.attachments.scaling import scaled_down
from tui.services.threads import Stop

if TYPE_CHECKING:
    from PIL.Image import Image

_T = TypeVar("_T")

_LOSSY: Final = (Kind.JPEG, Kind.WEBP, Kind.AVIF, Kind.HEIC)

_SAVE_AS: Final = "Save it as JPEG or PNG."

_JPEG_QUALITY: Final = 92

_BARE_CHUNKS: Final = frozenset(
    [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"sRGB", b"gAMA", b"cHRM", b"pHYs", b"bKGD", b"sBIT"]
)
"""Chunks of a PNG that say nothing but how its pixels look."""

_BARE_MARKERS: Final = frozenset(
    [*range(0xC0, 0xD0), *range(0xD0, 0xD8), 0xDA, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF, 0xE0, 0xEE]
)
"""Markers of a JPEG that say nothing but how its pixels look: tables, frames, scans, JFIF, colours."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the head of a picture says about it, without its pixels being decoded."""

    kind: Kind
    width: int
    """Pixels, as it will be shown."""
    height: int
    """Pixels, as it will be shown."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A picture that can be sent."""

    data: bytes
    media_type: str
    width: int
    """Pixels."""
    height: int
    """Pixels."""


def facts_of(name: str, data: bytes, kind: Kind) -> Facts:
    """Return what is known of a picture before it is decoded.

    Raises:
        FileUnusable: It is damaged, of a kind that cannot be read here, or too large.
    """
    return _guarded(name, kind, lambda: _facts(_open(name, data, kind), kind))


def _facts(image: "Image", kind: Kind) -> Facts:
    width, height = image.size
    # A PNG may tell it behind its pixels; HEIC is turned by its decoder.
    if kind is not Kind.PNG and image.getexif().get(ORIENTATION) in (5, 6, 7, 8):
        width, height = height, width
    return Facts(kind, width, height)


def make_ready(name: str, data: bytes, kind: Kind, longest: int, stop: Stop) -> Ready:
    """Return a picture as it is sent: what the user sees, and nothing else.

    Args:
        name: Of the file, for people.
        data: All of it.
        kind: What it is.
        longest: Pixels of the longest side, at most.
        stop: Ends the work.

    Raises:
        FileUnusable: It is damaged, of a kind that cannot be read here, or too large.
    """
    return _guarded(name, kind, lambda: _make_ready(name, data, kind, longest, stop))


def _guarded(name: str, kind: Kind, work: Callable[[], _T]) -> _T:
    """Do `work`; say it in one line when the picture turns out to be none."""
    import warnings

    from PIL import Image

    warnings.filterwarnings("ignore", module=r"PIL\.")
    warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
    try:
        return work()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels(name, kind, most_pixels(kind)) from None
    except MemoryError:
        raise FileUnusable(f"There is not enough memory to decode {name}.", "Scale it down first.") from None
    except BROKEN as error:
        if isinstance(error, OSError) and "truncated" in str(error).lower():
            raise FileUnusable(f"{name} is cut off: the end of the picture is missing.") from None
        raise FileUnusable(
            f"{name} is a damaged {_word(kind)} picture.", "Open and save it in another program first."
        ) from None


def _word(kind: Kind) -> str:
    return "HEIC" if kind is Kind.HEIC else kind.value


def _too_many_pixels(
    name: str, kind: Kind, most: int, *, size: str = "", scans: bool = False
) -> FileUnusable:
    which = "a JPEG picture in several scans" if scans else f"a {_word(kind)} picture"
    return _too_large(name, size, f"{which} may have {most / 1_000_000:.1f} million")


def _too_large(name: str, size: str, most: str) -> FileUnusable:
    many = f"{size} pixels, which is too many" if size else "too many pixels"
    return FileUnusable(
        f"{name} has {many}: {most}.", "Scale it down first: models look at a few million pixels at most."
    )


def _open(name: str, data: bytes, kind: Kind) -> "Image":
    """Return a picture whose head was read and found to be within the limits."""
    from PIL import Image, features

    if kind is Kind.HEIC and not _learn_heic():
        raise FileUnusable(
            f"{name} is a HEIC picture, which cannot be read here.",
            "Save it as JPEG or PNG, or install ollama-tui[heic], which brings pillow-heif.",
        )
    if kind is Kind.AVIF and not features.check("avif"):
        raise FileUnusable(
            f"{name} is an AVIF picture, which cannot be read here.", "Save it as JPEG or PNG."
        )
    image = Image.open(io.BytesIO(data), formats=[kind.value])
    width, height = image.size
    held = held_beside(data, image)
    most = most_pixels(kind, held=held, size=len(data), translucent=image.mode == "RGBA")
    if max(width, height) > MOST_DIMENSION:
        raise _too_large(name, f"{width:,}×{height:,}", f"a side may have {MOST_DIMENSION:,}")
    if width * height > most:
        scans = bool(held) and kind is Kind.JPEG
        raise _too_many_pixels(name, kind, most, size=f"{width:,}×{height:,}", scans=scans)
    return image


def _learn_heic() -> bool:
    """Let Pillow read HEIC where the library for it is installed; return whether it is."""
    from importlib import import_module

    from PIL import Image

    if "HEIF" not in Image.OPEN:
        try:
            import_module("pillow_heif").register_heif_opener()
        except ImportError:
            return False
    return "HEIF" in Image.OPEN


def _make_ready(name: str, data: bytes, kind: Kind, longest: int, stop: Stop) -> Ready:
    image = _open(name, data, kind)
    full = image.size
    wanted = scaled(*full, longest)
    stop.check()
    if kind is Kind.JPEG and wanted != full:
        image.draft(None, _draft_size(image, wanted, held_beside(data, image)))
    turn = image.getexif().get(ORIENTATION, 1)
    profile = image.info.get("icc_profile")
    image = loaded(image)
    stop.check()
    if wanted == full and turn == 1 and _is_bare(data, kind, image):
        return Ready(data, f"image/{kind.value.lower()}", *full)
    small = scaled_down(image, wanted, stop)
    del image
    small = turned(_in_srgb(small, profile), turn)
    stop.check()
    return _encoded(small, lossy=kind in _LOSSY)


def _draft_size(image: "Image", wanted: tuple[int, int], held: float) -> tuple[int, int]:
    """Return the size at which a JPEG is decoded: a half, a quarter or an eighth, where all is not needed.

    Twice of what is wanted is decoded, as memory allows: its decoder scales down less well than we do.
    """
    width, height = image.size
    times = min(width // wanted[0], height // wanted[1])
    most = drafted_pixels(width * height, held=held)
    step = next((step for step in (8, 4, 2) if 2 * step <= times), 1)
    while width * height > most * step**2 and step < 8 and 2 * step <= times:
        step *= 2
    return max(1, width // step), max(1, height // step)


def _is_bare(data: bytes, kind: Kind, image: "Image") -> bool:
    """Tell whether a picture can be sent as it is: a plain PNG or JPEG with no metadata in it."""
    if image.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
        return False
    if kind is Kind.PNG:
        return _is_bare_png(data)
    return kind is Kind.JPEG and _is_bare_jpeg(data)


def _is_bare_png(data: bytes) -> bool:
    place = 8
    while place + 8 <= len(data):
        length, name = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        if name not in _BARE_CHUNKS:
            return False
        if name == b"IHDR" and data[place + 16 : place + 17] == b"\x10":
            return False
        place += length + 12
        if name == b"IEND":
            return place == len(data)
    return False


def _is_bare_jpeg(data: bytes) -> bool:
    if not data.endswith(b"\xff\xd9"):
        return False
    place = 2
    while place + 2 <= len(data):
        if data[place] != 0xFF:
            return False
        marker = data[place + 1]
        if marker == 0xD9:
            return place + 2 == len(data)
        if marker not in _BARE_MARKERS:
            return False
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        if marker == 0xDA:
            place = _end_of_scan(data, place)
    return False


def _end_of_scan(data: bytes, place: int) -> int:
    """Return where the next marker stands after the entropy-coded bytes of a scan."""
    while 0 <= (place := data.find(b"\xff", place)) < len(data) - 1:
        following = data[place + 1]
        if following != 0 and not 0xD0 <= following <= 0xD7:
            return place
        place += 2
    return len(data)


def _in_srgb(image: "Image", profile: object) -> "Image":
    """Return a picture in the colours that programs expect; a profile that makes no sense is ignored."""
    if not isinstance(profile, bytes) or image.mode not in ("RGB", "RGBA"):
        return image
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, *BROKEN):
        return image
    return converted or image


def _encoded(image: "Image", *, lossy: bool) -> Ready:
    image.info.clear()
    opaque = image.mode != "RGBA" or image.getchannel("A").getextrema() == (255, 255)
    if opaque and image.mode == "RGBA":
        image = image.convert("RGB")
    stream = io.BytesIO()
    if lossy and opaque:
        image.save(stream, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
        return Ready(stream.getvalue(), "image/jpeg", *image.size)
    image.save(stream, "PNG", compress_level=6)
    return Ready(stream.getvalue(), "image/png", *image.size)
