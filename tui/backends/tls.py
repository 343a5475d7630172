"""Whom a secure connection trusts."""

import ssl
from pathlib import Path

from tui.domain.errors import SettingsError
from tui.domain.text import sanitize_line


def trusting(ca_file: str) -> ssl.SSLContext:
    """Return a context that trusts the usual certificates and those in `ca_file`, if one is named.

    Raises:
        SettingsError: the file cannot be used.
    """
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(Path(ca_file).expanduser())
        except OSError as error:
            broken = isinstance(error, ssl.SSLError) or not error.strerror
            why = "there is no certificate in it" if broken else error.strerror
            raise SettingsError(
                f"The certificates in {sanitize_line(ca_file, 120)} cannot be used: {why}",
                "Check ca_file in the settings.",
                reason="bad ca_file",
            ) from error
    return context


def trusting_nobody() -> ssl.SSLContext:
    """Return a context for `http` only: reading every root certificate is slow."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
