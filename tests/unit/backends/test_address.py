"""Every form in which people name a server."""

import base64
import os
import subprocess
import sys

import pytest

from tui.backends.address import parse_host
from tui.domain.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("   ", "http://127.0.0.1:11434"),
        (":11500", "http://127.0.0.1:11500"),
        ("11500", "http://127.0.0.1:11500"),
        ("1.2.3.4", "http://1.2.3.4:11434"),
        ("1.2.3.4:56789", "http://1.2.3.4:56789"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("http://0.0.0.0", "http://127.0.0.1:80"),
        ("[::]", "http://localhost:11434"),
        ("[::]:8080", "http://localhost:8080"),
        ("::1", "http://[::1]:11434"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:56789", "http://[::1]:56789"),
        ("https://[0001:002:003:0004::1]:56789/path", "https://[1:2:3:4::1]:56789/path"),
        ("example.com", "http://example.com:11434"),
        ("example.com:56789", "http://example.com:56789"),
        ("http://example.com", "http://example.com:80"),
        ("HTTPS://example.com", "https://example.com:443"),
        ("https://example.com:8443/", "https://example.com:8443"),
        ("example.com/ollama/", "http://example.com:11434/ollama"),
        ("http://example.com/a/b", "http://example.com:80/a/b"),
        ("gpu_box", "http://gpu_box:11434"),
        ("köln.example", "http://köln.example:11434"),
        ('"http://127.0.0.1:11500"', "http://127.0.0.1:11500"),
        (" http://localhost:1 \n", "http://localhost:1"),
        ("http://", "http://127.0.0.1:80"),
        ("user:pw@example.com", "http://example.com:11434"),
    ],
)
def test_forms(text: str, url: str) -> None:
    assert parse_host(text).url == url


@pytest.mark.parametrize(
    "text",
    [
        "ftp://example.com",
        "unix:///run/ollama.sock",
        "example.com:",
        "example.com:0",
        "example.com:65536",
        "example.com:port",
        "example.com:-1",
        "a b",
        "http://exa mple.com",
        "http://example.com?x=1",
        "http://example.com#x",
        "[::1",
        "[::zz]",
        "1:2:3",
        "fe80::1%eth0",
        "exa\x1bmple.com",
        "..",
        "a..b",
        "-flag",
        "http://back\\slash",
    ],
)
def test_what_is_not_an_address(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_host(text)
    assert caught.value.hint
    assert "\x1b" not in caught.value.message


def test_a_password_is_sent_and_never_shown() -> None:
    address = parse_host("https://ann:s%40crets@example.com/x")

    assert address.url == "https://example.com:443/x"
    assert address.display == "example.com:443/x"
    assert base64.b64decode(address.authorization.removeprefix("Basic ")) == b"ann:s@crets"
    assert "crets" not in repr(address)


@pytest.mark.parametrize("text", ["ann:secret@exa mple.com", "ann:secret@host:port", "ann:secret@[::zz]"])
def test_a_password_is_not_in_the_error(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_host(text)
    assert "secret" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("text", "loopback"),
    [
        ("", True),
        ("localhost", True),
        ("LOCALHOST.", True),
        ("a.localhost", True),
        ("127.9.9.9", True),
        ("[::1]", True),
        ("[::]", True),
        ("192.168.1.5", False),
        ("example.com", False),
        ("localhost.example.com", False),
    ],
)
def test_loopback(text: str, loopback: bool) -> None:
    assert parse_host(text).loopback is loopback


@pytest.mark.parametrize("form", ['"127.0.0.1:11434"', "::1"])
def test_forms_that_the_client_library_cannot_read_do_not_stop_its_import(form: str) -> None:
    code = "import os, tui.backends.ollama; print(os.environ['OLLAMA_HOST'])"
    environment = {**os.environ, "OLLAMA_HOST": form}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert run.stdout.strip() == form, run.stderr
