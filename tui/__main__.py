"""The `ollama-tui` command."""

import os
import sys
from typing import Final

from tui import cli, heap
from tui.backends.address import parse_host
from tui.domain.errors import SettingsError
from tui.settings.layers import load_settings
from tui.settings.paths import default_config_file
from tui.terminal import Question

_SEEN: Final = (
    "a password in --host can be read by everyone on this machine, as ps shows command lines: put the address"
    " into $OLLAMA_HOST, or into a [servers.NAME] table of the settings file and its name behind --host."
)


def main() -> None:
    """Run the app, or a subcommand, with what was typed on the command line.

    Raises:
        SystemExit: always; 0 when the user quit, 1 when the app broke down, 2 when the command line or
            the settings make no sense; a subcommand says with its own what came of it.
    """
    invocation = cli.parse(sys.argv[1:])
    try:
        settings = load_settings(
            file=invocation.config or default_config_file(),
            file_required=invocation.config is not None,
            environment=os.environ,
            arguments=dict(invocation.settings),
        )
        if settings.server.host and settings.server.host not in settings.servers:
            address = parse_host(settings.server.host)
            if address.authorization and "server.host" in settings.typed:
                raise SettingsError(_SEEN)
    except SettingsError as error:
        cli.fail(error.message)
    if invocation.task is not None:
        from tui.headless import run

        raise SystemExit(run(invocation.task, settings))
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        cli.fail("this is a full-screen program and needs a terminal.")

    heap.hold()
    question = Question.begin(settings.interface.images, os.environ)
    try:
        from tui.app import ChatApp
    finally:
        answered = question.answered()
    app = ChatApp(settings, invocation, answered)
    app.run()
    raise SystemExit(app.return_code or 0)


if __name__ == "__main__":
    main()
