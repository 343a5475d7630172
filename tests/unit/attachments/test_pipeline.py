"""Files of every kind on their way into a message."""

import asyncio
import io
import os
import socket
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tests.support import files
from tests.support.files import a_pdf, a_picture, encoded, png
from tui.decoding import held_beside, loaded
from tui.domain.attachment import Kind, Span, is_picture, kind_of, most_pixels
from tui.domain.conversation import Attachment
from tui.domain.errors import FileUnusable
from tui.pdf_text import _answer
from tui.services.attachments.reading import read_file
from tui.services.attachments.service import AttachmentService, FromBytes, FromFile, source_of
from tui.services.attachments.texts import text_of
from tui.services.threads import Cancelled, Stop
from tui.settings.schema import AttachmentSettings
from tui.storage.conversations import SqliteConversationStore

SETTINGS = AttachmentSettings(longest_side=64, most_bytes=4_000_000, most_characters=10_000)


@pytest.fixture
async def store(tmp_path: Path) -> SqliteConversationStore:
    return await SqliteConversationStore.open(tmp_path / "data" / "conversations.db")


async def taken(service: AttachmentService, data: bytes, name: str) -> tuple[Attachment, bytes]:
    attachment = await service.ingest(FromBytes(data, name))
    return attachment, await service.data(attachment.digest)


def seen(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def test_what_a_file_is_is_told_by_its_content() -> None:
    assert kind_of(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic") is Kind.HEIC
    assert kind_of(b"\0\0\0\x18ftypavif\0\0\0\0mif1miaf") is Kind.AVIF
    assert kind_of(b"\0\0\0\x18ftypisom\0\0\0\0isommp41") is Kind.MEDIA
    assert kind_of(b"RIFF\0\0\0\0WAVEfmt ") is Kind.MEDIA
    assert kind_of(b"h\0e\0l\0l\0o\0") is Kind.TEXT
    assert kind_of(b"BM is not always a picture") is Kind.TEXT
    assert kind_of(b"<!-- a --><!-- b -->" * 200 + b"<p>") is Kind.TEXT


GOOD: dict[str, Callable[[], tuple[bytes, str, tuple[int, int]]]] = {
    "png": lambda: (png(), "image/png", (40, 20)),
    "png that is called .txt": lambda: (png(), "image/png", (40, 20)),
    "png with transparency": lambda: (png(mode="RGBA"), "image/png", (40, 20)),
    "png with a palette": lambda: (png(mode="P"), "image/png", (40, 20)),
    "png in black and white": lambda: (png(mode="1"), "image/png", (40, 20)),
    "png in grey with alpha": lambda: (png(mode="LA"), "image/png", (40, 20)),
    "png with 16 bits": lambda: (encoded(files.deep(), "PNG"), "image/png", (40, 20)),
    "png of one pixel": lambda: (png((1, 1)), "image/png", (1, 1)),
    "png wider than the limit": lambda: (png((640, 320)), "image/png", (64, 32)),
    "png as thin as a line": lambda: (png((640, 1)), "image/png", (64, 1)),
    "png in many strips": lambda: (png((2000, 1500)), "image/png", (64, 48)),
    "png with a text": lambda: (files.with_text(), "image/png", (40, 20)),
    "jpeg": lambda: (encoded(a_picture(), "JPEG"), "image/jpeg", (40, 20)),
    "jpeg in grey": lambda: (encoded(a_picture("L"), "JPEG"), "image/jpeg", (40, 20)),
    "jpeg in CMYK": lambda: (encoded(a_picture("CMYK"), "JPEG"), "image/jpeg", (40, 20)),
    "jpeg that is progressive": lambda: (
        encoded(a_picture(), "JPEG", progressive=True),
        "image/jpeg",
        (40, 20),
    ),
    "jpeg on its side, with a location": lambda: (files.with_location(), "image/jpeg", (20, 40)),
    "jpeg larger than the limit": lambda: (
        encoded(a_picture(size=(1000, 500)), "JPEG"),
        "image/jpeg",
        (64, 32),
    ),
    "jpeg with bytes behind its end": lambda: (
        encoded(a_picture(), "JPEG") + b"SECRETCAM\xff\xd9",
        "image/jpeg",
        (40, 20),
    ),
    "webp": lambda: (encoded(a_picture(), "WEBP"), "image/jpeg", (40, 20)),
    "webp with transparency": lambda: (
        encoded(a_translucent(), "WEBP", lossless=True),
        "image/png",
        (40, 20),
    ),
    "avif": lambda: (encoded(a_picture(), "AVIF"), "image/jpeg", (40, 20)),
    "gif": lambda: (encoded(a_picture("P"), "GIF"), "image/png", (40, 20)),
    "gif of 10,000 frames": lambda: (files.animated(10_000), "image/png", (40, 20)),
    "bmp": lambda: (encoded(a_picture(), "BMP"), "image/png", (40, 20)),
    "tiff": lambda: (encoded(a_picture(), "TIFF"), "image/png", (40, 20)),
    "tiff in CMYK, compressed": lambda: (
        encoded(a_picture("CMYK"), "TIFF", compression="tiff_lzw"),
        "image/png",
        (40, 20),
    ),
    "tiff of floats": lambda: (encoded(a_picture("F"), "TIFF"), "image/png", (40, 20)),
    "tiff of 32-bit whole numbers": lambda: (encoded(a_picture("I"), "TIFF"), "image/png", (40, 20)),
}


def a_translucent() -> Image.Image:
    image = a_picture("RGBA")
    image.putalpha(128)
    return image


@pytest.mark.parametrize("name", GOOD)
async def test_a_picture_is_sent_upright_bare_and_within_the_limit(
    name: str, store: SqliteConversationStore
) -> None:
    data, media_type, size = GOOD[name]()
    service = AttachmentService(store, SETTINGS)
    attachment, stored = await taken(service, data, f"{name}.txt" if ".txt" in name else "picture")
    assert (attachment.media_type, (attachment.width, attachment.height)) == (media_type, size)
    assert is_picture(attachment)
    assert attachment.size == len(stored)
    image = seen(stored)
    assert image.size == size
    assert not image.getexif()
    assert b"SECRETCAM" not in stored
    if name == "webp with transparency":
        assert image.getchannel("A").getextrema() == (128, 128)
    if min(size) > 10 and "black" not in name:
        left, right = (5, 10), (size[0] - 6, 10)
        if name.startswith("jpeg on its side"):
            left, right = (10, 5), (10, 34)
        colours = image.convert("RGB")
        red, blue = colours.getpixel(left), colours.getpixel(right)
        assert isinstance(red, tuple)
        assert isinstance(blue, tuple)
        grey = any(word in name for word in ("grey", "16", "32", "floats"))
        assert red[0] > blue[0] + 20
        assert grey or blue[2] > red[2] + 100
    await store.aclose()


@pytest.mark.parametrize(
    "name", ["png", "jpeg", "jpeg in grey", "jpeg that is progressive", "png with a palette"]
)
async def test_a_plain_picture_is_left_as_it_is(name: str, store: SqliteConversationStore) -> None:
    data, _, _ = GOOD[name]()
    _, stored = await taken(AttachmentService(store, SETTINGS), data, "picture")
    assert stored == data
    await store.aclose()


async def test_the_same_picture_is_stored_once(store: SqliteConversationStore) -> None:
    service = AttachmentService(store, SETTINGS)
    first = await service.ingest(FromBytes(png(), "one.png"))
    second = await service.ingest(FromBytes(png(), "two.png"))
    assert replace(second, name="one.png") == first
    await store.aclose()


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "0 bytes": (lambda: b"", "is empty"),
    "png of 30,000 by 30,000 pixels": (
        lambda: files.png_bomb(30_000, 30_000),
        "has too many pixels: a PNG picture may have 35.1 million",
    ),
    "png of 2,000,000 by 1 pixels": (lambda: files.png_bomb(2_000_000, 1), "a side may have 65,500"),
    "png of 6,000 by 6,000 pixels": (
        lambda: files.png_bomb(6000, 6000),
        "a PNG picture may have 35.1 million",
    ),
    "png that is larger than its data": (lambda: files.png_bomb(4000, 4000), "is cut off"),
    "png with a text of 80 MB": (files.text_bomb, "is a damaged PNG"),
    "png that is cut off": (lambda: png((64, 64))[:90], "is"),
    "png with a broken chunk": (lambda: png().replace(b"IDAT", b"IDAX"), "is"),
    "png of nothing but a signature": (lambda: b"\x89PNG\r\n\x1a\n", "is a damaged PNG"),
    "jpeg that is cut off": (lambda: encoded(a_picture(size=(300, 300)), "JPEG")[:1500], "is cut off"),
    "jpeg of nothing but a signature": (lambda: b"\xff\xd8\xff\xe0", "is a damaged JPEG"),
    "gif of 65,535 by 65,535 pixels": (
        lambda: (
            b"GIF89a\xff\xff\xff\xff\x80\0\0" + b"\0\0\0\xff\xff\xff" + b"\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0;"
        ),
        "has too many pixels",
    ),
    "webp that is cut off": (lambda: encoded(a_picture(), "WEBP")[:40], "is a damaged WEBP"),
    "tiff that is cut off": (lambda: encoded(a_picture(), "TIFF")[:40], "is a damaged TIFF"),
    "tiff whose directory is outside": (lambda: b"II*\0\xff\xff\xff\x7f", "is a damaged TIFF"),
    "bmp with a size below zero": (
        lambda: b"BM" + struct.pack("<IHHIIiiHH", 70, 0, 0, 54, 40, -5, -2000000000, 1, 24) + bytes(24),
        "",
    ),
    "jpeg of 30,000 by 30,000 pixels": (lambda: files.jpeg_bomb(30_000), "too many"),
    "png of no width": (lambda: files.png_bomb(0, 10), "is a damaged PNG"),
    "avif that is cut off": (lambda: encoded(a_picture(), "AVIF")[:200], "AVIF"),
    "film": (lambda: b"\0\0\0\x18ftypisom\0\0\0\0isommp41", "is sound or film"),
    "gzip": (lambda: b"\x1f\x8b\x08" + bytes(40), "is an archive"),
    "svg": (lambda: b'<?xml version="1.0"?>\n<!-- x -->\n<svg xmlns="x"><path/></svg>', "is an SVG drawing"),
    "text that is called .png": (lambda: b"<html>404 Not found</html>", "named like a picture"),
    "zip": (lambda: b"PK\x03\x04" + bytes(40), "is an archive"),
    "sound": (lambda: b"ID3\x04" + bytes(40), "is sound or film"),
    "an executable": (lambda: b"\x7fELF\x02\x01\x01" + bytes(40), "neither a picture nor a text"),
    "random bytes": (lambda: bytes(range(1, 256)) * 40, "neither a picture nor a text"),
    "nothing but white space": (lambda: b" \n\t\n", "nothing in"),
    "a text that is too long": (lambda: b"word " * 4000, "has 20,000 characters"),
    "more bytes than allowed": (lambda: b"x" * 4_000_001, "has 4.0 MB"),
    "pdf with a password": (files.locked_pdf, "is locked with a password"),
}


@pytest.mark.parametrize("name", BAD)
async def test_what_cannot_be_attached_is_refused_in_a_line(
    name: str, store: SqliteConversationStore
) -> None:
    make, words = BAD[name]
    called = "bad.png" if ".png" in name else "bad\n\x1b]0;title\x07file"
    with pytest.raises(FileUnusable) as caught:
        await AttachmentService(store, SETTINGS).ingest(FromBytes(make(), called))
    message = caught.value.message
    assert words in message
    assert message.isprintable()
    assert len(message) < 200
    assert "bad" in message
    await store.aclose()


async def test_heic_is_refused_where_nothing_can_read_it(
    store: SqliteConversationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(Image.OPEN, "HEIF", raising=False)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    data = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(60)
    with pytest.raises(
        FileUnusable, match=r"bad\.heic is a HEIC picture, which cannot be read here"
    ) as caught:
        await AttachmentService(store, SETTINGS).ingest(FromBytes(data, "bad.heic"))
    assert "pillow-heif" in caught.value.hint
    await store.aclose()


async def test_heic_is_read_where_a_library_for_it_is_installed(store: SqliteConversationStore) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "SECRETCAM"
    data = encoded(a_picture(), "HEIF", quality=90, exif=exif.tobytes())
    service = AttachmentService(store, SETTINGS)
    attachment, stored = await taken(service, data, "IMG_0001.HEIC")
    assert (attachment.media_type, seen(stored).size) == ("image/jpeg", (20, 40))
    assert b"SECRETCAM" not in stored
    with pytest.raises(FileUnusable, match="is a damaged HEIC picture"):
        await service.ingest(FromBytes(data[:200], "cut.heic"))
    await store.aclose()


@pytest.mark.parametrize("format", ["WEBP", "AVIF"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
async def test_a_decoder_is_let_go_before_its_picture_is_kept(format: str, mode: str) -> None:
    image = a_translucent() if mode == "RGBA" else a_picture()
    found = Image.open(io.BytesIO(encoded(image, format, quality=95)))
    expected = seen(encoded(image, format, quality=95))
    kept = loaded(found)
    assert found._decoder is None  # type: ignore[attr-defined]
    assert kept.convert(mode).tobytes() == expected.tobytes()
    assert kept.mode.startswith(mode)


TEXTS: dict[str, tuple[bytes, str]] = {
    "utf-8": ("Grüße, 世界\n".encode(), "Grüße, 世界\n"),
    "utf-8 with a mark": (b"\xef\xbb\xbfHello\r\nyou", "Hello\nyou"),
    "utf-16": ("Hello, 世界".encode("utf-16"), "Hello, 世界"),
    "utf-16 without a mark": ("Hello, you there".encode("utf-16-le"), "Hello, you there"),
    "windows-1252": (
        "Le café est très agréable, même à l’été.\n".encode("cp1252"),
        "Le café est très agréable, même à l’été.\n",
    ),
    "shift-jis": (("これは日本語の文章です。" * 4).encode("shift-jis"), "これは日本語の文章です。" * 4),
    "windows-1251": (
        "Съешь же ещё этих мягких французских булок, да выпей чаю.".encode("cp1251"),
        "Съешь же ещё этих мягких французских булок, да выпей чаю.",
    ),
    "a log with colours": (b"\x1b[31mERROR\x1b[0m failed\n", "\x1b[31mERROR\x1b[0m failed\n"),
    "one letter": (b"x", "x"),
}


@pytest.mark.parametrize("name", TEXTS)
async def test_a_text_is_read_whatever_it_was_written_with(name: str, store: SqliteConversationStore) -> None:
    data, text = TEXTS[name]
    attachment, stored = await taken(AttachmentService(store, SETTINGS), data, "notes.log")
    assert stored.decode() == text
    assert attachment.media_type == "text/plain"
    await store.aclose()


async def test_the_text_of_a_pdf_is_taken_out(store: SqliteConversationStore, tmp_path: Path) -> None:
    path = tmp_path / "paper.pdf"
    path.write_bytes(a_pdf(pages=3))
    service = AttachmentService(store, SETTINGS)
    whole = await service.ingest(FromFile(path))
    assert (await service.data(whole.digest)).decode().count("Bonjour from page") == 3
    with pytest.raises(FileUnusable, match="no page 7: there are 3"):
        await service.ingest(FromFile(path, Span(7, 9)))
    path.write_bytes(a_pdf(""))
    with pytest.raises(FileUnusable, match=r"There is no text in paper\.pdf: its pages are pictures"):
        await service.ingest(FromFile(path))
    await store.aclose()


def test_what_a_pdf_can_be() -> None:
    assert _answer(a_pdf(), 1, 9, 1000) == {"pages": 2, "text": "Bonjour from page 1\n\nBonjour from page 2"}
    assert _answer(a_pdf(), 2, 2, 1000)["text"] == "Bonjour from page 2"
    assert _answer(a_pdf(""), 1, 9, 1000) == {"pages": 2, "text": ""}
    assert _answer(b"%PDF-1.4\n" + b"junk" * 20, 1, 9, 1000) == {"refused": "damaged"}
    assert _answer(files.locked_pdf(), 1, 9, 1000) == {"refused": "encrypted"}
    assert len(str(_answer(a_pdf(pages=30), 1, 30, 50)["text"])) < 100


async def test_a_part_of_a_file_is_named_by_its_lines(store: SqliteConversationStore, tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text("one\ntwo\nthree\nfour\n")
    service = AttachmentService(store, SETTINGS)
    part = await service.ingest(source_of(tmp_path / "notes.md:2-3"))
    assert part.name == "notes.md:2-3"
    assert await service.data(part.digest) == b"two\nthree\n"
    with pytest.raises(FileUnusable, match="no line 9: there are 4"):
        await service.ingest(source_of(tmp_path / "notes.md:9"))
    (tmp_path / "odd:7").write_text("whole")
    assert source_of(tmp_path / "odd:7") == FromFile(tmp_path / "odd:7")
    await store.aclose()


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))


def a_file_in_place_of_its_folder(path: Path) -> None:
    path.parent.rmdir()
    path.parent.touch()


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a file that is not there": (lambda path: None, "is not there"),
    "a folder": (lambda path: path.mkdir(), "is a folder"),
    "a pipe that nobody writes to": (os.mkfifo, "is a pipe"),
    "a socket": (a_socket, "is a socket"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "is a device"),
    "a dangling link": (lambda path: path.symlink_to("nowhere"), "is a link to a file that is not there"),
    "a link to itself": (lambda path: path.symlink_to(path), "leads back to itself"),
    "a file of 5 GB": (lambda path: files.sparse(path, 5_000_000_000), "has 5.0 GB"),
    "an empty file": (lambda path: path.touch(), "is empty"),
    "a file under a file": (a_file_in_place_of_its_folder, "is no folder"),
}


def test_at_least_forty_bad_files_are_refused() -> None:
    assert len(BAD) + len(FILES) >= 40


@pytest.mark.parametrize("name", FILES)
async def test_what_is_no_file_is_refused_at_once(
    name: str, tmp_path: Path, store: SqliteConversationStore
) -> None:
    make, words = FILES[name]
    directory = tmp_path / "d"
    directory.mkdir()
    path = directory / "x\n\x1b[31m.png"
    make(path)
    with pytest.raises(FileUnusable) as caught:
        await AttachmentService(store, SETTINGS).ingest(FromFile(path))
    assert words in caught.value.message
    assert caught.value.message.isprintable()
    await store.aclose()


_UNPRIVILEGED = """
import os, sys
from pathlib import Path
from tui.domain.errors import FileUnusable
from tui.services.attachments.reading import read_file
from tui.services.threads import Stop

os.chdir(sys.argv[1])
if os.geteuid() == 0:
    os.seteuid(65534)
try:
    read_file(Path("secret.png"), 1000, Stop())
except FileUnusable as error:
    print(error.message)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no such permissions")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "secret.png").write_bytes(png())
    (folder / "secret.png").chmod(0)
    # Root may read everything, so it is not root that reads.
    run = [sys.executable, "-c", _UNPRIVILEGED, str(folder)]
    told = subprocess.run(run, capture_output=True, check=True, text=True).stdout
    assert told == "secret.png may not be read: no permission.\n"


def test_a_file_that_vanishes_before_it_is_opened_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "gone.png"
    path.write_bytes(png())
    opened = os.open

    def vanishing(name: Path, flags: int) -> int:
        name.unlink()
        return opened(name, flags)

    monkeypatch.setattr("tui.services.attachments.reading.os.open", vanishing)
    with pytest.raises(FileUnusable, match=r"gone\.png is not there"):
        read_file(path, 1000, Stop())


async def test_a_file_that_was_refused_is_let_go(
    store: SqliteConversationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = files.png_bomb(30_000, 30_000)
    monkeypatch.setattr("tui.services.attachments.service.read_file", lambda *_, **__: data)
    before = sys.getrefcount(data)
    with pytest.raises(FileUnusable) as caught:
        await AttachmentService(store, SETTINGS).ingest(FromFile(Path("large.png")))
    for thread in threading.enumerate():
        if thread.name == "make a picture ready":
            thread.join()
    # Nothing waits for a collection of garbage.
    assert sys.getrefcount(data) == before
    assert "too many pixels" in caught.value.message
    await store.aclose()


@pytest.mark.parametrize(("change", "words"), [(b"more", "changed while"), (b"", "changed while")])
def test_a_file_that_changes_meanwhile_is_refused(
    change: bytes, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "growing.log"
    path.write_bytes(b"x" * 100)
    read = os.read

    def changing(descriptor: int, size: int) -> bytes:
        piece = read(descriptor, size)
        if piece:
            path.write_bytes(piece + change if change else b"")
        return piece

    monkeypatch.setattr("tui.services.attachments.reading.os.read", changing)
    with pytest.raises(FileUnusable, match=words):
        read_file(path, 1000, Stop())


def test_names_that_no_file_can_have() -> None:
    for name in ("a\0b", "x" * 5000):
        with pytest.raises(FileUnusable):
            read_file(Path("/tmp") / name, 1000, Stop())


async def test_what_is_no_longer_wanted_ends(store: SqliteConversationStore, tmp_path: Path) -> None:
    stop = Stop()
    stop.set()
    path = tmp_path / "a.txt"
    path.write_text("x")
    with pytest.raises(Cancelled):
        read_file(path, 100, stop)
    service = AttachmentService(store, SETTINGS)
    task = asyncio.create_task(service.ingest(FromBytes(png((2000, 2000)), "a.png")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await service.ingest(FromBytes(png(), "b.png"))).width == 40
    await store.aclose()


_MEASURED = """
import asyncio, re, sys
from pathlib import Path
from tui.services.attachments.service import AttachmentService, FromFile
from tui.settings.schema import AttachmentSettings
from tui.storage.conversations import SqliteConversationStore

async def main():
    store = await SqliteConversationStore.open(Path(sys.argv[1]) / "data" / "conversations.db")
    attachment = await AttachmentService(store, AttachmentSettings()).ingest(FromFile(Path(sys.argv[2])))
    await store.aclose()
    # What `getrusage` tells began with the memory of the process that started this one.
    most = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
    print(attachment.width, attachment.height, int(most) // 1024)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux tells of a process")
@pytest.mark.parametrize("kind", ["PNG", "PNG of a middling size", "WebP of a telephone"])
def test_a_large_picture_needs_little_memory(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "large"
    side = 3 * 1568 if "middling" in kind else int(most_pixels(Kind.PNG, size=1_000_000) ** 0.5)
    if kind.startswith("PNG"):
        path.write_bytes(files.blank_png(side))
    else:
        Image.new("RGB", (4080, 3072)).save(path, "WEBP", method=0)
    run = [sys.executable, "-c", _MEASURED, str(tmp_path), str(path)]
    width, _, megabytes = map(int, subprocess.run(run, capture_output=True, check=True).stdout.split())
    assert width == 1568
    # The application around it takes 40 MB more than this process does.
    assert megabytes < 260


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind.is_picture])
def test_a_photo_of_twelve_megapixels_is_taken_whatever_its_kind(kind: Kind) -> None:
    assert most_pixels(kind, held=8.0 if kind is Kind.JPEG else 0.0, translucent=True) >= 4080 * 3072


def a_deep_strip(side: int) -> bytes:
    """Return a TIFF of 16-bit RGBA in one strip, which is unpacked at once."""
    strip = zlib.compress(bytes(8 * side), 1)
    fields = [
        (256, side),
        (257, 1),
        (258, 0),
        (259, 8),
        (262, 2),
        (273, 8),
        (277, 4),
        (278, 1),
        (279, len(strip)),
    ]
    place = 8 + len(strip)
    bits = place + 2 + 12 * (len(fields) + 1) + 4
    rows = b"".join(
        struct.pack("<HHII", tag, 3, 4, bits) if tag == 258 else struct.pack("<HHII", tag, 4, 1, value)
        for tag, value in fields
    )
    rows += struct.pack("<HHII", 338, 3, 1, 2)
    head = b"II*\0" + struct.pack("<I", place) + strip
    return head + struct.pack("<H", len(fields) + 1) + rows + bytes(4) + struct.pack("<4H", 16, 16, 16, 16)


def test_what_a_decoder_holds_beside_a_picture_is_counted() -> None:
    def held(data: bytes) -> float:
        return held_beside(data, Image.open(io.BytesIO(data)))

    plain = encoded(a_picture(), "JPEG")
    assert held(plain) == 0.0
    assert held(encoded(a_picture(), "JPEG", progressive=True)) == 6.0
    assert held(encoded(a_picture("CMYK"), "JPEG", progressive=True)) == 8.0
    # One colour after the other, without being progressive.
    scan = plain.index(b"\xff\xda")
    assert held(plain[: scan + 4] + b"\1" + plain[scan + 5 :]) == 6.0
    assert held(encoded(a_picture(), "TIFF")) == 3.0
    assert held(a_deep_strip(40)) == 8.0
    assert most_pixels(Kind.JPEG, held=8.0, size=20_000_000) == 20_000_000
    assert most_pixels(Kind.PNG, size=29_000_000) == 30_000_000
    assert most_pixels(Kind.TIFF, held=8.0) < most_pixels(Kind.TIFF, held=4.0)


async def test_files_are_held_one_at_a_time(
    store: SqliteConversationStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / f"{number}.txt" for number in range(3)]
    for path in paths:
        path.write_text(f"words {path.name}")
    reading = AttachmentService._read
    held: set[str] = set()
    most = 0

    async def watched(self: AttachmentService, source: FromFile) -> bytes:
        nonlocal most
        held.add(source.name)
        most = max(most, len(held))
        return await reading(self, source)

    text = AttachmentService._text

    async def told(
        self: AttachmentService, name: str, data: bytes, kind: Kind, span: Span | None
    ) -> tuple[Attachment, bytes]:
        made = await text(self, name, data, kind, span)
        held.discard(name)
        return made

    monkeypatch.setattr(AttachmentService, "_read", watched)
    monkeypatch.setattr(AttachmentService, "_text", told)
    service = AttachmentService(store, SETTINGS)
    await asyncio.gather(*(service.ingest(FromFile(path)) for path in paths))
    assert most == 1
    await store.aclose()


def test_lines_are_found_across_the_pieces_that_a_text_is_read_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.services.attachments.texts._PIECE", 3)
    data = "één\r\ntwo\n\nfour\nfive".encode()

    def lines(first: int, last: int, most: int = 100) -> str:
        return text_of("a", data, Span(first, last), most, Stop())

    assert text_of("a", data, None, 100, Stop()) == "één\ntwo\n\nfour\nfive"
    assert [lines(1, 1), lines(2, 2), lines(4, 4), lines(5, 9)] == ["één\n", "two\n", "four\n", "five"]
    assert (lines(1, 2), lines(2, 4)) == ("één\ntwo\n", "two\n\nfour\n")
    with pytest.raises(FileUnusable, match="no line 6: there are 5"):
        lines(6, 7)
    with pytest.raises(FileUnusable, match="has 18 characters; up to 17"):
        lines(1, 9, 17)
