"""Files on their way into a message: read, checked, made ready, stored once."""

import asyncio
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui.domain.attachment import HEAD, Kind, Span, is_named_like_a_picture, kind_of, split_span
from tui.domain.conversation import Attachment
from tui.domain.errors import FileUnusable
from tui.domain.text import sanitize_line
from tui.services.attachments.pdf import text_of_pdf
from tui.services.attachments.pictures import Facts, facts_of, make_ready
from tui.services.attachments.reading import read_file, require_size
from tui.services.attachments.texts import beginning_of, encoded, text_of
from tui.services.threads import Stop, in_thread

if TYPE_CHECKING:
    from tui.domain.store import AttachmentStore
    from tui.settings.schema import AttachmentSettings

_REFUSED: Final = {
    Kind.SVG: (
        "is an SVG drawing, which is a text that describes shapes, not a picture made of pixels",
        "Export it as PNG, or rename it to .txt to attach its text.",
    ),
    Kind.ARCHIVE: (
        "is an archive or an office document",
        "Unpack it, or save the document as PDF or as text.",
    ),
    Kind.MEDIA: (
        "is sound or film, which no model here takes",
        "A single frame can be attached as a picture.",
    ),
    Kind.OTHER: ("is neither a picture nor a text", "Pictures, texts and PDF files can be attached."),
}


@dataclass(frozen=True, slots=True)
class FromFile:
    """A file that the user named."""

    path: Path
    span: Span | None = None
    """Which lines of a text, or pages of a PDF; None for all."""

    @property
    def name(self) -> str:
        """What it is called, for people."""
        return f"{self.path.name}:{self.span}" if self.span else self.path.name


@dataclass(frozen=True, slots=True)
class FromBytes:
    """Bytes that came without a file: a clipboard, a `data:` URI, standard input."""

    data: bytes
    name: str


@dataclass(frozen=True, slots=True)
class FromText:
    """A text that was pasted; it is taken whole, whatever its length."""

    text: str
    name: str


Source = FromFile | FromBytes | FromText
"""Where an attachment comes from."""


def source_of(path: Path) -> FromFile:
    """Return what a path names, with the part behind it where there is no file of just that name."""
    text, span = split_span(str(path))
    if span is None or path.exists():
        return FromFile(path)
    return FromFile(Path(text), span)


@dataclass(frozen=True, slots=True)
class Preview:
    """What is known of a file before it is attached."""

    kind: Kind
    size: int
    """Bytes."""
    picture: bytes | None = None
    """A picture small enough to be drawn; None for anything else."""
    facts: Facts | None = None
    """Of a picture."""
    text: str = ""
    """How a text begins."""


class AttachmentService:
    """Takes files in, one at a time, so that memory stays within bounds."""

    def __init__(self, store: "AttachmentStore", settings: "AttachmentSettings") -> None:
        self._store = store
        self._settings = settings
        self._working = asyncio.Semaphore(1)
        self._decoding = asyncio.Semaphore(1)

    async def ingest(self, source: Source) -> Attachment:
        """Take a file in; cancelling the caller ends it.

        Returns:
            What was stored: a picture as it is sent, or a text in UTF-8.

        Raises:
            FileUnusable: It cannot be attached; says why and what to do.
            StoreUnavailable: It cannot be stored.
        """
        try:
            return await self._taken_in(source)
        except FileUnusable as error:
            # Whoever keeps the error would keep the bytes of the file, in the frames that it went through.
            error.__context__ = None
            raise error.with_traceback(None) from None

    async def _taken_in(self, source: Source) -> Attachment:
        """Take a file in."""
        name = _name_of(source)
        if isinstance(source, FromText):
            attachment, stored = await in_thread(
                lambda stop: _pasted(name, source.text, stop), "take a paste"
            )
            await self._store.add_attachment(stored, attachment)
            return attachment
        most = self._settings.most_bytes
        if isinstance(source, FromFile):
            # On its own, so that what hangs in a mount that does not answer keeps nothing else waiting.
            await in_thread(lambda stop: read_file(source.path, most, stop, only=HEAD), "look at a file")
        async with self._working:
            attachment, stored = await self._made(source, name)
        await self._store.add_attachment(stored, attachment)
        return attachment

    async def _made(self, source: FromFile | FromBytes, name: str) -> tuple[Attachment, bytes]:
        """Return what is stored of a file, and what is known of it."""
        data = await self._read(source)
        kind = kind_of(data[:HEAD])
        if kind.is_picture:
            return await self._picture(name, data, kind)
        return await self._text(name, data, kind, source.span if isinstance(source, FromFile) else None)

    async def data(self, digest: str) -> bytes:
        """Return the bytes of an attachment, as they are sent.

        Raises:
            FileUnusable: They are no longer stored.
            StoreUnavailable: They cannot be read.
        """
        data = await self._store.attachment_data(digest)
        if data is None:
            raise FileUnusable("This file is no longer stored.", "Attach it again.")
        return data

    async def preview(self, path: Path) -> Preview:
        """Return what a file is, without taking it in.

        Raises:
            FileUnusable: It cannot be attached; says why and what to do.
        """
        data = await self._read(FromFile(path))
        kind = kind_of(data[:HEAD])
        name = sanitize_line(path.name, 80)
        if kind.is_picture:
            async with self._decoding:
                facts = await in_thread(lambda _: facts_of(name, data, kind), "look at a picture")
                ready = await in_thread(
                    lambda stop: make_ready(name, data, kind, _PREVIEWED, stop), "preview a picture"
                )
            return Preview(kind, len(data), ready.data, facts)
        if kind is Kind.PDF:
            return Preview(kind, len(data))
        _require_text(name, kind)
        text = await in_thread(lambda stop: beginning_of(name, data, _SHOWN, stop), "read a text")
        return Preview(kind, len(data), text=text)

    async def _read(self, source: FromFile | FromBytes) -> bytes:
        most = self._settings.most_bytes
        if isinstance(source, FromBytes):
            require_size(sanitize_line(source.name, 80), len(source.data), most)
            return source.data
        return await in_thread(lambda stop: read_file(source.path, most, stop), "read a file")

    async def _picture(self, name: str, data: bytes, kind: Kind) -> tuple[Attachment, bytes]:
        longest = self._settings.longest_side
        async with self._decoding:
            ready = await in_thread(
                lambda stop: make_ready(name, data, kind, longest, stop), "make a picture ready"
            )
        digest = sha256(ready.data).hexdigest()
        attachment = Attachment(digest, name, ready.media_type, len(ready.data), ready.width, ready.height)
        return attachment, ready.data

    async def _text(self, name: str, data: bytes, kind: Kind, span: Span | None) -> tuple[Attachment, bytes]:
        most = self._settings.most_characters
        if kind is Kind.PDF:
            text = await text_of_pdf(name, data, span, most)
        else:
            _require_text(name, kind)
            text = await in_thread(lambda stop: text_of(name, data, span, most, stop), "read a text")
        stored = text.encode("utf-8", "replace")
        return Attachment(sha256(stored).hexdigest(), name, "text/plain", len(stored)), stored


_PREVIEWED: Final = 640
"""Pixels of the longest side of a picture in a preview."""

_SHOWN: Final = 20_000
"""Characters of a text in a preview."""


def _name_of(source: Source) -> str:
    """Return a name that can be drawn and stored: what was in it to fool a terminal is made visible."""
    return sanitize_line(source.name, 200) or "file"


def _pasted(name: str, text: str, stop: Stop) -> tuple[Attachment, bytes]:
    """Return a pasted text as it is stored.

    Raises:
        FileUnusable: There is nothing in it.
    """
    if not text or text.isspace():
        raise FileUnusable(f"There is nothing in {name} but white space.")
    stored = encoded(text, stop)
    return Attachment(sha256(stored).hexdigest(), name, "text/plain", len(stored)), stored


def _require_text(name: str, kind: Kind) -> None:
    if kind in _REFUSED:
        words, hint = _REFUSED[kind]
        raise FileUnusable(f"{name} {words}.", hint)
    path, _ = split_span(name)
    if is_named_like_a_picture(path):
        raise FileUnusable(
            f"{name} is named like a picture, but there is text in it.",
            "If you mean the text, rename it to .txt; if you mean the picture, get it again.",
        )
