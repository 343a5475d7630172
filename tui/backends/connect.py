"""Makes backends without making anybody wait for what they import."""

import asyncio
from collections.abc import Mapping

from tui.domain.ports import ChatBackend


async def connect_ollama(
    host: str, *, headers: Mapping[str, str], embedded: bool, ca_file: str = ""
) -> ChatBackend:
    """Return a backend for the server at `host`; nothing is sent yet.

    `ca_file` names certificates to trust beside the usual ones.

    The client library takes a third of a second to import, and a TLS context reads every root
    certificate: both happen beside the event loop.

    Raises:
        SettingsError: `host`, `headers` or `ca_file` cannot be used.
    """
    return await asyncio.to_thread(_make, host, headers, embedded, ca_file)


def _make(host: str, headers: Mapping[str, str], embedded: bool, ca_file: str) -> ChatBackend:
    from tui.backends.ollama import OllamaBackend

    return OllamaBackend(host, headers=headers, embedded=embedded, ca_file=ca_file)
