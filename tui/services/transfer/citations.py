"""Markers of private characters, which ChatGPT puts into its texts for its own page."""

import json
import re
from typing import Final

from tui.services.transfer.untrusted import Json, items, mapping, text

_MARKER: Final = re.compile("\ue200([^\ue200\ue201]*)\ue201")
_STRAY: Final = re.compile("[\ue200-\ue206]")
_SEPARATOR: Final = "\ue202"
_WEB: Final = ("https://", "http://")


def without_markers(content: str, metadata: Json) -> str:
    """Return the text of a message with its sources as links, and without markers.

    Args:
        content: The text as it was exported.
        metadata: What stands beside it; its `content_references` say what the markers stand for.
    """
    if not _STRAY.search(content):
        return content
    said: dict[str, str] = {}
    for reference in map(mapping, items(metadata.get("content_references"))):
        matched = text(reference.get("matched_text"))
        if matched.startswith("\ue200"):
            said[matched] = _links(reference)

    def replaced(match: re.Match[str]) -> str:
        found = said.get(match[0], "")
        return found or _words(match[1])

    return _STRAY.sub("", _MARKER.sub(replaced, content))


def _links(reference: Json) -> str:
    """Return the sources of a reference as Markdown links; empty where it has none."""
    found = [reference, *map(mapping, items(reference.get("items")))]
    links: list[str] = []
    for each in found:
        address = text(each.get("url"))
        if address.startswith(_WEB) and not re.search(r"[\s<>]", address):
            title = " ".join(text(each.get("title")).split()) or address
            escaped = re.sub(r"([\\\[\]])", r"\\\1", title)
            links.append(f"[{escaped}](<{address}>)")
    return f"({', '.join(links)})" if links else ""


def _words(marker: str) -> str:
    """Return the words that a marker shows: the name of an entity."""
    kind, _, rest = marker.partition(_SEPARATOR)
    if kind != "entity":
        return ""
    try:
        found = json.loads(rest)
    except (ValueError, RecursionError):
        return ""
    names = items(found)
    return text(names[1]) if len(names) > 1 else ""
