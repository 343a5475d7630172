"""Ollama's client library, imported whatever `OLLAMA_HOST` says.

As it is imported, the library makes a client of its own for that address, which fails for forms that Ollama
itself takes, such as one in quotes or a bare IPv6 address. This app reads the address by itself.
"""

import os

_host = os.environ.pop("OLLAMA_HOST", None)
try:
    from ollama import AsyncClient
finally:
    if _host is not None:
        os.environ["OLLAMA_HOST"] = _host

__all__ = ["AsyncClient"]
