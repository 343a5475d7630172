"""Where a server is: what people write for it, and what that means."""

import ipaddress
import re
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from tui.domain.errors import SettingsError
from tui.domain.text import sanitize_line

DEFAULT_HOST: Final = "http://127.0.0.1:11434"
"""Where Ollama listens unless told otherwise."""

_DEFAULT_PORTS: Final = {"": 11434, "http": 80, "https": 443}

_NAME: Final = re.compile(r"\w[\w.-]*")

_FORMS: Final = "Write a host, host:port, :port or a URL such as http://127.0.0.1:11434."


@dataclass(frozen=True, slots=True)
class Address:
    """A server's address, free of secrets except where the field says so."""

    url: str
    """Scheme, host, port and path; never with a user name or password."""
    display: str
    """Host, port and path, for people."""
    loopback: bool
    """It is this machine: nothing between may see the traffic, least of all a proxy."""
    authorization: str = field(default="", repr=False)
    """The `Authorization` header for a user name and password in the host. A secret."""
    password: str = field(default="", repr=False)
    """The password in the host. A secret."""


def parse_host(text: str) -> Address:
    """Return the address that `text` means, reading it as Ollama reads `OLLAMA_HOST`.

    Port only, host only, scheme, path and IPv6 are understood; addresses that only a server can
    listen on (`0.0.0.0`, `::`) mean this machine. Unlike Ollama, which falls back to its default
    port, a bad port is an error: nobody wants to talk to another server than the one they named.

    Raises:
        SettingsError: `text` is not an address. The message never repeats a password.
    """
    cleaned = text.strip().strip("\"'").strip()
    scheme, separator, rest = cleaned.partition("://")
    scheme = scheme.lower() if separator else ""
    rest = rest if separator else cleaned
    if scheme not in _DEFAULT_PORTS:
        raise SettingsError(f"Not a server address: {sanitize_line(scheme, 20)}://…", _FORMS)
    authority, _, path = rest.partition("/")
    userinfo, _, hostport = authority.rpartition("@")
    shown = sanitize_line(f"{hostport}/{path}" if path else hostport, 80)
    if re.search(r"[\s?#\\\x00-\x1f]", rest):
        raise SettingsError(f"Not a server address: {shown}", _FORMS)
    host, port = _split(hostport, _DEFAULT_PORTS[scheme], shown)
    path = path.strip("/")
    place = f"{host}:{port}" + (f"/{path}" if path else "")
    return Address(
        url=f"{scheme or 'http'}://{place}",
        display=sanitize_line(place, 200),
        loopback=_is_loopback(host),
        authorization=_basic(userinfo) if userinfo else "",
        password=unquote(userinfo.partition(":")[2]),
    )


def _split(hostport: str, default_port: int, shown: str) -> tuple[str, int]:
    """Return the host, an IPv6 address in brackets, and the port."""
    if hostport.isascii() and hostport.isdigit():
        hostport = f":{hostport}"
    if (bare := _ipv6(hostport)) is not None:
        return bare, default_port
    host, colon, port_text = hostport.rpartition(":")
    if not colon or hostport.endswith("]"):
        host, port_text = hostport, ""
    port = _port(port_text, shown) if colon and not hostport.endswith("]") else default_port
    if host.startswith("[") or ":" in host:
        if (address := _ipv6(host)) is None:
            raise SettingsError(f"Not an IPv6 address: {shown}", _FORMS)
        return address, port
    if host in ("", "0.0.0.0"):
        return "127.0.0.1", port
    if not _NAME.fullmatch(host) or ".." in host:
        raise SettingsError(f"Not a server address: {shown}", _FORMS)
    return host, port


def _port(text: str, shown: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536:
        return int(text)
    raise SettingsError(f"Not a port between 1 and 65535: {shown}", _FORMS)


def _ipv6(text: str) -> str | None:
    """Return an IPv6 address in brackets, or None; `::` is where a server listens on everything."""
    if text.startswith("[") != text.endswith("]"):
        return None
    try:
        address = ipaddress.IPv6Address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    if address.scope_id is not None:
        return None
    return "localhost" if address.is_unspecified else f"[{address.compressed}]"


def _is_loopback(host: str) -> bool:
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _basic(userinfo: str) -> str:
    name, _, password = userinfo.partition(":")
    return "Basic " + b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode()
