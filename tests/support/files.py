"""Files of every kind, good and bad, small enough to be made in a moment."""

import io
import struct
import zlib
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

WIDE, HIGH = 40, 20


def a_picture(mode: str = "RGB", size: tuple[int, int] = (WIDE, HIGH)) -> Image.Image:
    """Return a picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", size, (220, 20, 20))
    image.paste((20, 20, 220), (size[0] // 2, 0, *size))
    return image.convert(mode) if mode != "RGB" else image


def deep() -> Image.Image:
    """Return a picture in grey with sixteen bits."""
    return a_picture("I").point(lambda value: value * 257).convert("I;16")


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def png(size: tuple[int, int] = (WIDE, HIGH), mode: str = "RGB") -> bytes:
    return encoded(a_picture(mode, size), "PNG")


def with_location() -> bytes:
    """Return a JPEG that is stored lying on its side and says where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    exif[0x010F] = "SECRETCAM"
    return encoded(a_picture(), "JPEG", exif=exif, comment=b"SECRETCAM")


def with_text() -> bytes:
    info = PngInfo()
    info.add_text("Author", "SECRETCAM")
    return encoded(a_picture(), "PNG", pnginfo=info)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few kilobytes that says it is enormous."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg_bomb(side: int) -> bytes:
    """Return a small JPEG that says it is enormous."""
    data = encoded(a_picture(), "JPEG")
    frame = data.index(b"\xff\xc0") + 5
    return data[:frame] + struct.pack(">HH", side, side) + data[frame + 4 :]


def blank_png(side: int) -> bytes:
    """Return a black picture that takes little room, however large it is."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    packer = zlib.compressobj(1)
    row = bytes(1 + 3 * side)
    rows = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def text_bomb() -> bytes:
    """Return a small PNG with a compressed text that is large."""
    image = png((4, 4))
    text = b"Comment\0\0" + zlib.compress(bytes(8_000_000), 9)
    return image[:33] + chunk(b"zTXt", text) + image[33:]


def animated(frames: int) -> bytes:
    """Return a GIF with many frames, each one pixel that is changed."""
    first = encoded(a_picture("P"), "GIF")
    assert first[-1:] == b";"
    frame = b"\x21\xf9\x04\x00\x01\x00\x00\x00" + b"\x2c" + struct.pack("<HHHH", 0, 0, 1, 1) + b"\x00"
    frame += b"\x02\x02\x44\x01\x00"
    return first[:-1] + frame * frames + b";"


def a_pdf(text: str = "Bonjour from page", pages: int = 2) -> bytes:
    """Return a PDF whose pages say `text` and their number; without text they are blank."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    kids: list[str] = []
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for number in range(1, pages + 1):
        words = f"BT /F1 24 Tf 72 700 Td ({text} {number}) Tj ET" if text else ""
        content = f"<< /Length {len(words)} >>\nstream\n{words}\nendstream".encode()
        objects.append(content)
        page = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(page.encode())
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {pages} >>".encode()
    return _assembled(objects)


def _assembled(objects: list[bytes]) -> bytes:
    written = b"%PDF-1.4\n"
    places: list[int] = []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = len(written)
    written += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    written += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    end = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n"
    return written + end.encode()


def locked_pdf() -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(a_pdf())))
    writer.encrypt("secret", algorithm="RC4-128")
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def sparse(path: Path, size: int) -> Path:
    """Make a file that is large and takes no room."""
    with path.open("wb") as file:
        file.truncate(size)
    return path
