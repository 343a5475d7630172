"""The configured servers: which is in use, what the others say of themselves, and how to reach them.

One server is in use at a time: the one of the conversation that is open. Answers that are being written
in other conversations, and messages that wait there, keep to the servers of those: see `reach`.
"""

import asyncio
import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from tui.backends.address import DEFAULT_HOST, parse_host
from tui.backends.connect import connect_ollama
from tui.domain.attachment import may_see
from tui.domain.errors import BadRequest, ModelMissing, SettingsError, TuiError
from tui.domain.events import ServerCondition, ServersChanged, ServerState
from tui.domain.model import find_model
from tui.domain.ports import ChatBackend
from tui.domain.server import ServerReport, is_address
from tui.domain.text import sanitize_line
from tui.services.events import EventBus
from tui.services.models import Elsewhere, Models, ModelService
from tui.services.server import Connector, ServerChoice, ServerMonitor
from tui.settings.schema import NamedServer

_SURVEY_SECONDS: Final = 6.0
_TOKEN_SECONDS: Final = 15.0


class ServerDirectory:
    """Knows every configured server, and switches between them."""

    def __init__(
        self,
        servers: Mapping[str, NamedServer],
        *,
        home: ServerChoice,
        current: str,
        monitor: ServerMonitor,
        models: ModelService,
        bus: EventBus,
        fixed: bool = False,
        typed: str = "",
    ) -> None:
        """Make a directory.

        Args:
            servers: The named servers.
            home: What is connected to where none of them is chosen.
            current: The name of the one that is connected to first; empty for none of them.
            monitor: Connects to the one in use.
            models: Told when another one is in use.
            bus: Where events go.
            fixed: The server was named for this run, and answers whatever a conversation says.
            typed: The URL of `home`, where its address was given for this run alone: conversations keep
                it, so that they find their server again in a later run. Without user name and password.
        """
        self._servers = servers
        self._home = home
        self._monitor = monitor
        self._models = models
        self._bus = bus
        self._seen: dict[str, ServerReport] = {}
        self._backends: dict[str, ChatBackend] = {}
        self._fixed = current if fixed else None
        self._typed = typed
        named = {_url(server.host): name for name, server in reversed(list(servers.items()))}
        self._urls = {**named, _url(home.host or DEFAULT_HOST): ""}
        self._visiting = False
        self.current = current
        """The name of the server in use; empty for the one that is looked for."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name, first the empty one of the server that is looked for."""
        visited = self.current not in ("", *self._servers)
        return ("", *self._servers, *((self.current,) if visited else ()))

    @property
    def reports(self) -> tuple[ServerReport, ...]:
        """What is known of every server, the one in use as it is now."""
        return tuple(self._report(name) for name in self.names)

    @property
    def local_host(self) -> str | None:
        """Where an Ollama on this machine would be looked for; None while another machine is in use."""
        state = self._monitor.state
        try:
            address = parse_host(DEFAULT_HOST if state.embedded else state.address)
        except SettingsError:
            return None
        return address.display if address.loopback else None

    def switch(self, name: str) -> None:
        """Use another server because the user wants it; the one in use is looked at again at once.

        Raises:
            ModelMissing: there is none of this name.
            SettingsError: its address cannot be used.
        """
        wanted = self._plain(name)
        if wanted == self.current:
            self._monitor.suspect()
        else:
            self._use(wanted)
        if wanted != self._fixed:
            self._fixed = None

    def kept_as(self, name: str) -> str:
        """Return what a conversation calls the server `name`, so that it finds it again in a later run."""
        return name or self._typed

    def follow(self, name: str) -> None:
        """Use the server of the conversation that is shown, unless one was named for this run.

        Raises:
            ModelMissing: there is none of this name.
            SettingsError: its address cannot be used.
        """
        wanted = self._wanted(name)
        if wanted != self.current and not self._visiting:
            self._use(wanted)

    def visit(self, name: str) -> None:
        """Use another server for a while, without any conversation following it; `leave` ends that.

        Raises:
            SettingsError: its address cannot be used.
        """
        if name == self.current:
            self._monitor.suspect()
        else:
            self._use(name)
        self._visiting = True

    def leave(self) -> None:
        """End a visit: from now on the server of the conversation that is shown is followed again."""
        self._visiting = False

    async def reach(self, name: str) -> ChatBackend:
        """Return what answers a conversation whose server is `name`, whichever server is in use.

        Raises:
            ModelMissing: there is none of this name.
            TuiError: it is unreachable, and why.
        """
        wanted = self._wanted(name)
        while wanted == self.current:
            try:
                backend = await self._monitor.backend()
            except TuiError:
                if wanted == self.current:
                    raise
            else:
                if wanted == self.current:
                    return backend
        return await self._backend(wanted)

    def answers(self, name: str) -> bool:
        """Return whether the server in use is the one that answers for `name`."""
        return self._wanted(name) == self.current

    def embedded(self, name: str) -> bool:
        """Return whether the embedded engine answers for `name`."""
        wanted = self._wanted(name)
        if wanted == self.current:
            return self._monitor.state.embedded
        return self._monitor.parked_embedded(wanted)

    def models_of(self, name: str) -> Models:
        """Return what is known of the models of the server that answers for `name`."""
        wanted = self._wanted(name)
        return self._models if wanted == self.current else Elsewhere(self._report(wanted).models)

    def may_see(self, model: str, name: str) -> bool:
        """Return whether a model of the server that answers for `name` may be sent pictures."""
        return may_see(find_model(model, self.models_of(name).installed))

    def learn_load(self, name: str, model: str, seconds: float | None) -> None:
        """Remember how long a model took to load on the server that answers for `name`."""
        address = None if self.answers(name) else self._address(self._wanted(name))
        self._models.learn_load(model, seconds, address)

    def _wanted(self, name: str) -> str:
        """Return the server that answers for `name`: the one that was named for this run, if any."""
        return self._plain(name) if self._fixed is None else self._fixed

    def _plain(self, name: str) -> str:
        """Return what a server is called now that a conversation may call by its URL."""
        return self._urls.get(name, name) if is_address(name) and name not in self._servers else name

    def _use(self, name: str) -> None:
        choice = self._choice(name)
        before = replace(self._report(self.current), current=False)
        self._monitor.switch(choice, name)
        self._seen[self.current] = before
        self.current = name
        self._models.forget()
        self._bus.publish(ServersChanged(self.reports))

    async def survey(self) -> None:
        """Ask the servers that are not in use for their version and models, all at once."""
        others = [name for name in self.names if name != self.current]
        await asyncio.gather(*(self._ask(name) for name in others))

    async def describe(self, name: str, models: Sequence[str]) -> None:
        """Learn of models of a server that is not in use what an older one does not list.

        Raises:
            TuiError: it did not say.
        """
        backend = await self._backend(name)
        for model in self._report(name).models:
            if model.name in models and model.capabilities is None:
                self._models.learn_details(model, await backend.show(model.name))
        self._bus.publish(ServersChanged(self.reports))

    async def aclose(self) -> None:
        """Close every connection made to ask."""
        await asyncio.gather(*(backend.aclose() for backend in self._backends.values()))

    def _choice(self, name: str) -> ServerChoice:
        if not name:
            return self._home
        if name not in self._servers and is_address(name):
            return ServerChoice(host=name)
        if name not in self._servers:
            shown = sanitize_line(name, 40)
            raise ModelMissing(
                f"The settings name no server “{shown}”, which is to answer here.",
                "Choose a model of another server with Ctrl+L, or name that server again in the settings "
                f"file: [servers.{shown}].",
            )
        return choice_of(self._servers[name])

    async def _ask(self, name: str) -> None:
        report = replace(self._report(name), asked=True)
        try:
            async with asyncio.timeout(_SURVEY_SECONDS):
                backend = await self._backend(name)
                version, models, running = await asyncio.gather(
                    backend.version(), backend.models(), self._models.loaded(backend, report.running)
                )
            report = replace(report, version=version, models=models, running=running, error=None)
            self._models.remember(report.address, models)
        except TuiError as error:
            report = replace(report, version="", error=error)
        except TimeoutError:
            report = replace(
                report, version="", error=BadRequest("It does not answer in time.", reason="too slow")
            )
        if name != self.current:
            self._seen[name] = report
            self._bus.publish(ServersChanged(self.reports))

    async def _backend(self, name: str) -> ChatBackend:
        if (parked := self._monitor.parked(name)) is not None:
            return parked
        if name not in self._backends:
            choice = self._choice(name)
            connect: Connector = choice.connect or connect_ollama
            self._backends[name] = await connect(choice.host or "", headers=choice.headers, embedded=False)
        return self._backends[name]

    def _report(self, name: str) -> ServerReport:
        if name == self.current:
            return _in_use(name, self._monitor.state, self._models)
        address = self._address(name)
        listed = self._models.memory.servers.get(address, ())
        report = self._seen.get(name) or ServerReport(name, address, models=listed)
        models = tuple(map(self._models.told, report.models))
        return replace(report, models=models, load_seconds=self._models.load_seconds(models, address))

    def _address(self, name: str) -> str:
        named = self._servers.get(name)
        host = named.host if named else name or self._home.host or ""
        try:
            return parse_host(host).display
        except SettingsError:
            return "not an address"


def _url(host: str) -> str:
    try:
        return parse_host(host).url
    except SettingsError:
        return host


def _in_use(name: str, state: ServerState, models: ModelService) -> ServerReport:
    connected = state.condition is ServerCondition.CONNECTED
    return ServerReport(
        name,
        state.address,
        current=True,
        asked=state.condition is not ServerCondition.CONNECTING,
        version=state.version if connected else "",
        models=models.installed,
        running=models.running,
        load_seconds=models.load_seconds(),
        error=state.error,
    )


def choice_of(server: NamedServer, environment: Mapping[str, str] = os.environ) -> ServerChoice:
    """Return how to connect to a named server: its secrets are read only when it is connected to."""

    async def connect(host: str, *, headers: Mapping[str, str], embedded: bool) -> ChatBackend:
        token = await _token(server, environment)
        sent = dict(headers)
        if token:
            sent["Authorization"] = f"Bearer {token}"
        return await connect_ollama(host, headers=sent, embedded=embedded, ca_file=server.ca_file)

    return ServerChoice(host=server.host, headers=server.headers, connect=connect)


async def _token(server: NamedServer, environment: Mapping[str, str]) -> str:
    if server.token_env:
        token = environment.get(server.token_env, "").strip()
        if not token:
            raise SettingsError(
                f"The environment variable {server.token_env} is empty.",
                f"The server {server.name} needs a token: set it and start again.",
                reason="no token",
            )
        return token
    return await _token_from(server) if server.token_command else ""


async def _token_from(server: NamedServer) -> str:
    """Run the command that prints the token. What it prints, on either stream, is never shown."""
    name, why = server.token_command[0], "failed"
    with contextlib.suppress(OSError, TimeoutError):
        process = await asyncio.create_subprocess_exec(
            *server.token_command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(_TOKEN_SECONDS):
                output, _ = await process.communicate()
        finally:
            _end(process)
        token = output.decode("utf-8", "replace").strip()
        if process.returncode == 0 and token.isascii() and token.isprintable() and token:
            return token
        why = "ended with an error" if process.returncode else "printed no token"
    raise SettingsError(
        f"The command {name}, which prints the token of {server.name}, {why}.",
        "Check token_command.",
        reason="no token",
    )


def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
