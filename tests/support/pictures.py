"""Pictures for tests."""

import hashlib
from io import BytesIO

from PIL import Image

from tui.domain.conversation import Attachment


def png(width: int = 60, height: int = 40, color: str = "#ff0000", mode: str = "RGB") -> bytes:
    """Return a picture of one colour."""
    data = BytesIO()
    Image.new(mode, (width, height), color).save(data, "PNG")
    return data.getvalue()


def gradient(width: int, height: int) -> Image.Image:
    """Return a picture in which hardly two pixels are the same."""
    across = Image.linear_gradient("L").rotate(90).resize((width, height))
    down = Image.linear_gradient("L").resize((width, height))
    return Image.merge("RGB", (across, down, across))


def attached(data: bytes, name: str = "paris.png", width: int = 60, height: int = 40) -> Attachment:
    """Return the attachment that a picture is."""
    return Attachment(hashlib.sha256(data).hexdigest(), name, "image/png", len(data), width, height)
