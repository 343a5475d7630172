"""Named servers in the settings file."""

from pathlib import Path

import pytest

from tui.domain.errors import SettingsError
from tui.settings.layers import load_settings
from tui.settings.schema import Settings

SECRET = "s3cr3t"


def loaded(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "config.toml"
    file.write_text(text)
    return load_settings(file=file, file_required=True, environment={}, arguments={})


def test_servers_are_read(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        "[servers.gpu]\nhost = 'https://gpu:443'\nheaders = { 'X-Key' = 's3cr3t' }\ntoken_env = 'T'\n"
        "ca_file = '~/ca.pem'\n\n[servers.cloud]\nhost = 'cloud'\ntoken_command = ['pass', 'x']\n",
    )
    assert list(settings.servers) == ["gpu", "cloud"]
    gpu, cloud = settings.servers.values()
    assert (gpu.name, gpu.host, gpu.token_env, gpu.ca_file) == ("gpu", "https://gpu:443", "T", "~/ca.pem")
    assert gpu.headers == {"X-Key": SECRET}
    assert cloud.token_command == ("pass", "x")
    assert settings.warnings == ()
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[servers]\ngpu = 's3cr3t'", "must be a table"),
        ("[servers.gpu]\ntoken_env = 'T'", "needs a host"),
        ("[servers.gpu]\nhost = 3", "host must be a text"),
        ("[servers.gpu]\nhost = 'h'\nheaders = 's3cr3t'", "headers must be a table"),
        ("[servers.gpu]\nhost = 'h'\nheaders = { A = 3 }", "headers must be a table"),
        ("[servers.gpu]\nhost = 'h'\ntoken_command = 's3cr3t'", "must be a list"),
        ("[servers.gpu]\nhost = 'h'\ntoken = 's3cr3t'", "did you mean “token_env”"),
    ],
)
def test_what_cannot_be_used_is_named_without_its_value(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        loaded(tmp_path, text)
    assert SECRET not in caught.value.message
    assert "config.toml, line" in caught.value.message
