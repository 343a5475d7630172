"""What a paste, a drop or the command line names, found on disk."""

import binascii
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote_to_bytes

from tui.domain.attachment import split_span
from tui.domain.errors import FileUnusable
from tui.domain.pasted import is_data, named_files
from tui.services.attachments.service import FromBytes, FromFile, Source
from tui.services.threads import Stop, in_thread

_SPACE = b" \t\r\n\v\f"


async def sources_in(text: str) -> tuple[Source, ...]:
    """Return the files that a text is made of and nothing else; none where one of them does not exist."""
    return await in_thread(lambda stop: _sources_in(text, stop), "look for files")


async def sources_of(paths: Sequence[str]) -> tuple[FromFile, ...]:
    """Return what paths name, each with the lines or pages that may stand behind it."""
    return await in_thread(lambda _: tuple(map(_source_of, paths)), "look for files")


def data_source(text: str) -> FromBytes:
    """Return what a `data:` URI holds.

    Raises:
        FileUnusable: It is damaged.
    """
    head, _, body = text.partition(",")
    try:
        if head.endswith(";base64"):
            # Not by pattern: that would hold up the other threads while it goes through a long text.
            data = binascii.a2b_base64(unquote_to_bytes(body).translate(None, _SPACE), strict_mode=True)
        else:
            data = unquote_to_bytes(body)
    except (binascii.Error, ValueError):
        raise FileUnusable("This data: URI is damaged.", "Copy it again, whole.") from None
    kind, _, suffix = head.removeprefix("data:").partition(";")[0].partition("/")
    return FromBytes(data, f"{kind or 'file'}.{suffix.partition('+')[0] or 'txt'}")


def _sources_in(text: str, stop: Stop) -> tuple[Source, ...]:
    if is_data(text.strip()):
        try:
            return (data_source(text.strip()),)
        except FileUnusable:
            return ()
    for way in named_files(text):
        sources: list[Source] = []
        for path in way:
            stop.check()
            source = _source_of(path)
            if not _is_file(source.path):
                break
            sources.append(source)
        else:
            return tuple(sources)
    return ()


def _source_of(text: str) -> FromFile:
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        # There is no such user.
        path = Path(text)
    bare, span = split_span(str(path))
    if span is None or _is_file(path):
        return FromFile(path)
    return FromFile(Path(bare), span)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
