"""`ollama-tui ask`: a question, and its answer on standard output."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from tui.commandline import Ask
from tui.console import FAILED, INTERRUPTED, SUCCEEDED, say, write
from tui.domain.attachment import HEAD, Kind, is_picture, kind_of, may_see, sight_missing
from tui.domain.conversation import Attachment, Conversation, MessageStatus
from tui.domain.errors import BadRequest, ContextQuestion, ModelMissing, SightMissing
from tui.domain.events import GenerationFinished, GenerationUpdated
from tui.domain.model import find_model
from tui.domain.preset import Preset
from tui.services import Services, build
from tui.services.attachments.service import FromBytes, Source
from tui.services.attachments.sources import sources_of
from tui.services.events import Subscription
from tui.settings.schema import Settings
from tui.settings.state import load_remembered

MOST_INPUT: Final = 16 << 20
"""Bytes of standard input that are sent along, at most."""


async def ask(task: Ask, settings: Settings) -> int:
    """Ask a model, and write its answer as it arrives.

    Returns:
        0 when the answer is complete, 1 when it failed or was cut, 130 when the user stopped it.

    Raises:
        TuiError: Nothing was asked.
    """
    question = task.prompt
    sources: list[Source] = [*await sources_of([str(path) for path in task.attach])]
    found = await asyncio.to_thread(_standard_input)
    if kind_of(found[:HEAD]) is Kind.TEXT and not question.strip():
        question = found.decode("utf-8", "replace")
    elif found.strip():
        sources.append(FromBytes(found, "stdin"))
    if not question.strip() and not sources:
        raise BadRequest("There is nothing to ask.", "Give a question, or something on standard input.")
    async with _services(settings, save=task.save) as services:
        services.server.start()
        files = tuple([await services.attachments.ingest(source) for source in sources])
        conversation = await _conversation(task, settings, services, question, files)
        events = services.bus.subscribe()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, services.generation.stop, conversation.id)
        try:
            await services.generation.ask(conversation.id, question, files)
        except ContextQuestion as asked:
            raise _in_a_shell(asked) from None
        try:
            return await _show(events)
        finally:
            loop.remove_signal_handler(signal.SIGINT)


def _in_a_shell(question: ContextQuestion) -> BadRequest:
    """Return what does not fit, with what can be done about it where there is no screen to ask on."""
    if question.plan.fits:
        hint = "This conversation asks before anything is left out: decide in the app, ollama-tui --continue"
    else:
        hint = (
            "Send less of it, for example some lines of a file: --attach notes.md:10-200. Or use a preset "
            "with a larger num_ctx: --preset NAME"
        )
    return BadRequest(question.message, hint)


def _require_sight(services: Services, model: str, files: tuple[Attachment, ...]) -> None:
    known = find_model(model, services.models.models)
    pictures = sum(map(is_picture, files))
    if not pictures or may_see(known):
        return
    error = sight_missing(model, pictures)
    seeing = [each.name for each in services.models.models if each.capabilities and may_see(each)]
    hint = f"These see: {', '.join(seeing)}" if seeing else "No installed model sees."
    raise SightMissing(error.message, hint)


def _standard_input() -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        return b""
    data = sys.stdin.buffer.read(MOST_INPUT + 1)
    if len(data) > MOST_INPUT:
        raise BadRequest(f"Standard input is longer than {MOST_INPUT >> 20} MiB.")
    return data


@asynccontextmanager
async def _services(settings: Settings, *, save: bool) -> AsyncIterator[Services]:
    """Yield the services; where nothing is to be saved, on a store that vanishes with them."""
    remembered = await asyncio.to_thread(load_remembered, settings.state_dir)
    services = await build(settings, server_name=remembered.server, save=save)
    try:
        yield services
    finally:
        await services.aclose()


async def _conversation(
    task: Ask, settings: Settings, services: Services, question: str, files: tuple[Attachment, ...]
) -> Conversation:
    """Return the conversation to go on with, or a new one, with the model that is to answer."""
    conversations = services.conversations
    old: Conversation | None = None
    if task.resume:
        old = (await conversations.open(await conversations.resolve(task.resume))).conversation
    elif task.continue_latest:
        old = await conversations.latest()
    if old is not None:
        services.servers.follow(old.server)
    await services.server.backend()
    await services.models.refresh()
    preset = Preset("") if old else await _preset(task, settings, services)
    wanted = task.model or (old.model if old else preset.model)
    remembered = (await asyncio.to_thread(load_remembered, settings.state_dir)).model
    model = wanted or services.models.preferred(settings.chat.model, remembered)
    if not model:
        raise ModelMissing("The server has no models.", "Fetch one, for example: ollama pull gemma3")
    await services.models.require(model)
    _require_sight(services, model, files)
    if old is None:
        server = services.servers.kept_as(services.servers.current)
        words = question or files[0].name
        return await conversations.begin(words, model=model, setup=preset.setup, server=server)
    if model != old.model:
        await conversations.set_model(old.id, model)
    return old


async def _preset(task: Ask, settings: Settings, services: Services) -> Preset:
    """Return what a new conversation begins with."""
    usual = settings.chat
    name = task.preset or usual.preset
    return await services.presets.beginning(name, usual=usual.system, system=task.system)


async def _show(events: Subscription) -> int:
    """Write the answer as it arrives; return the exit status."""
    shown = 0
    async for event in events:
        if isinstance(event, GenerationUpdated):
            write(event.content[shown:])
            sys.stdout.flush()
            shown = len(event.content)
        elif isinstance(event, GenerationFinished):
            answer = event.answer
            rest = answer.content[shown:]
            write(rest if answer.content.endswith("\n") else f"{rest}\n" if answer.content else "")
            sys.stdout.flush()
            if answer.status is MessageStatus.COMPLETE and not answer.error:
                return SUCCEEDED
            if answer.status is MessageStatus.STOPPED:
                say("Stopped; what had arrived is kept.")
                return INTERRUPTED
            say(answer.error or "The answer was cut.", answer.hint)
            return FAILED
    return FAILED
