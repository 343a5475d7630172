"""Makes backends without making anybody wait for what they import."""

import asyncio
from collections.abc import Mapping

from tui.domain.ports import ChatBackend


async def connect_ollama(host: str, *, headers: Mapping[str, str], embedded: bool) -> ChatBackend:
    """Return a backend for the server at `host`; nothing is sent yet.

    The client library takes a third of a second to import, and a TLS context reads every root
    certificate: both happen beside the event loop.

    Raises:
        SettingsError: `host` or `headers` cannot be used.
    """
    return await asyncio.to_thread(_make, host, headers, embedded)


def _make(host: str, headers: Mapping[str, str], embedded: bool) -> ChatBackend:
    from tui.backends.ollama import OllamaBackend

    return OllamaBackend(host, headers=headers, embedded=embedded)
