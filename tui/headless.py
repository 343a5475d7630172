"""Subcommands: the same conversations without a full screen."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from tui.commandline import Ask, Export, Import, List, Search, Task
from tui.console import BROKEN_PIPE, FAILED, INTERRUPTED, SUCCEEDED, say, write
from tui.domain.conversation import Conversation, ConversationId, SearchHit
from tui.domain.errors import TuiError
from tui.domain.text import sanitize, sanitize_line
from tui.services.clock import SystemClock
from tui.services.conversations import ConversationService, FoundEverywhere
from tui.services.events import EventBus
from tui.services.transfer.export import ExportFormat, ExportService
from tui.services.transfer.harmless import dumps
from tui.services.transfer.importing import ImportProgress, ImportService, ImportSummary
from tui.services.transfer.sources import Program, locate
from tui.settings.schema import Settings
from tui.storage.conversations import SqliteConversationStore

_SHORT_ID = 8


def run(task: Task, settings: Settings) -> int:
    """Do `task` and return the exit status.

    0 when it was done, 1 when it failed or a part of it did, 130 after Ctrl+C, 141 when nobody reads the
    output any more. What went wrong is said on standard error.
    """
    try:
        status = asyncio.run(_run(task, settings))
        sys.stdout.flush()
    except TuiError as error:
        say(error.message, error.hint)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes again on its way out; there is nobody to flush to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return status


async def _run(task: Task, settings: Settings) -> int:
    match task:
        case Ask():
            from tui.ask import ask

            return await ask(task, settings)
        case List():
            return await _list(task, settings)
        case Search():
            return await _search(task, settings)
        case Export():
            return await _export(task, settings)
        case Import():
            return await _import(task, settings)


@asynccontextmanager
async def _store(settings: Settings) -> AsyncIterator[SqliteConversationStore]:
    store = await SqliteConversationStore.open(settings.data_dir / "conversations.db")
    try:
        yield store
    finally:
        await store.aclose()


async def _list(task: List, settings: Settings) -> int:
    async with _store(settings) as store:
        found = await store.conversations(limit=task.limit)
    if task.json:
        write(dumps([_listed(conversation) for conversation in found], indent=1) + "\n")
        return SUCCEEDED
    for conversation in found:
        fields = (
            conversation.id[:_SHORT_ID],
            _when(conversation.updated_at),
            sanitize_line(conversation.title, 100),
            f"({sanitize_line(conversation.model, 60)})" if conversation.model else "",
        )
        write("  ".join(field for field in fields if field) + "\n")
    if not found:
        say("There are no saved conversations.")
    return SUCCEEDED


def _listed(conversation: Conversation) -> dict[str, object]:
    return {
        "id": conversation.id,
        "title": conversation.title,
        "model": conversation.model,
        "created_at": _iso(conversation.created_at),
        "updated_at": _iso(conversation.updated_at),
        "pinned": conversation.pinned,
    }


async def _search(task: Search, settings: Settings) -> int:
    found = FoundEverywhere((), (), done=True)
    async with _store(settings) as store:
        service = ConversationService(store, EventBus(), SystemClock())
        async with aclosing(service.search(task.query, limit=task.limit)) as pages:
            async for page in pages:
                found = page
    hits, anything = found.hits, bool(found.hits or found.titles)
    if task.json:
        told = [*map(_told_title, found.titles), *map(_told, hits)]
        write(dumps(told, indent=1) + "\n")
        return SUCCEEDED if anything else FAILED
    bold, plain = (
        ("\x1b[1m", "\x1b[22m") if sys.stdout.isatty() and "NO_COLOR" not in os.environ else ("", "")
    )
    for titled in found.titles:
        title = sanitize_line(titled.title, 80)
        sys.stdout.write(f"{titled.id[:_SHORT_ID]}  {_when(titled.updated_at)}  {bold}{title}{plain}\n")
    for hit in hits:
        title = sanitize_line(hit.conversation_title, 80)
        sys.stdout.write(f"{hit.conversation_id[:_SHORT_ID]}  {_when(hit.created_at)}  {title}\n")
        parts = [
            sanitize(part).replace("\n", " ") for part in hit.snippet.replace("\x03", "\x02").split("\x02")
        ]
        snippet = "".join(
            part if place % 2 == 0 else f"{bold}{part}{plain}" for place, part in enumerate(parts)
        )
        sys.stdout.write(f"          {hit.role.value}: {snippet}\n")
    if not anything:
        say(f"Nothing contains {task.query}.")
    return SUCCEEDED if anything else FAILED


def _told_title(conversation: Conversation) -> dict[str, object]:
    """Return a conversation whose title was found as a hit that is no message."""
    return {
        "conversation_id": conversation.id,
        "title": conversation.title,
        "message_id": None,
        "role": None,
        "created_at": _iso(conversation.updated_at),
        "snippet": conversation.title,
    }


def _told(hit: SearchHit) -> dict[str, object]:
    return {
        "conversation_id": hit.conversation_id,
        "title": hit.conversation_title,
        "message_id": hit.message_id,
        "role": hit.role.value,
        "created_at": _iso(hit.created_at),
        "snippet": hit.snippet.replace("\x02", "").replace("\x03", ""),
    }


async def _export(task: Export, settings: Settings) -> int:
    format = ExportFormat(task.format)
    async with _store(settings) as store:
        clock = SystemClock()
        service = ExportService(store, clock)
        ids = await _wanted(task, service, ConversationService(store, EventBus(), clock))
        output = task.output
        if output is None:
            async with aclosing(service.pieces(ids, format)) as pieces:
                async for piece in pieces:
                    # JSON is harmless as it is, and must stay the same to the byte.
                    if format is ExportFormat.JSON:
                        sys.stdout.write(piece)
                    else:
                        write(piece)
            return SUCCEEDED
        if _is_folder(output, task):
            written = await service.to_directory(ids, format, output, overwrite=task.overwrite)
            say(f"{len(written):,} files were written to {output}.")
        else:
            await service.to_file(ids, format, output, overwrite=task.overwrite)
    return SUCCEEDED


async def _wanted(task: Export, service: ExportService, found: ConversationService) -> list[ConversationId]:
    if not task.ids:
        return list(await service.all_ids())
    return [await found.resolve(text) for text in dict.fromkeys(task.ids)]


def _is_folder(output: Path, task: Export) -> bool:
    """Return whether each conversation gets a file of its own: the output is a folder, or named like one."""
    several = len(task.ids) != 1 and task.format != ExportFormat.JSON
    return output.is_dir() or (several and not output.suffix)


async def _import(task: Import, settings: Settings) -> int:
    paths = list(task.files)
    if task.program:
        paths.append(locate(Program(task.program), os.environ, Path.home()))
    async with _store(settings) as store:
        importing = ImportService(store, EventBus(), SystemClock()).begin(_show_progress)
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, importing.stop)
        summary = await importing.run(paths)
    _clear_progress()
    if task.json:
        write(dumps(_summed(summary), indent=1) + "\n")
    else:
        write(summary.in_words() + "\n")
        for failure in summary.failures:
            say(f"{failure.place}: {failure.reason}")
        if summary.failed > len(summary.failures):
            say(f"… and {summary.failed - len(summary.failures):,} more.")
    if summary.stopped:
        return INTERRUPTED
    return FAILED if summary.failed else SUCCEEDED


def _summed(summary: ImportSummary) -> dict[str, object]:
    return {
        "imported": list(summary.imported),
        "continued": list(summary.grown),
        "skipped": summary.skipped,
        "failed": summary.failed,
        "failures": [{"place": failure.place, "reason": failure.reason} for failure in summary.failures],
    }


def _show_progress(progress: ImportProgress) -> None:
    if sys.stderr.isatty():
        read = "" if progress.fraction is None else f" {progress.fraction:.0%}"
        sys.stderr.write(f"\r\x1b[K{sanitize_line(progress.file, 40)}{read}: {progress.imported:,} imported")
        sys.stderr.flush()


def _clear_progress() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")


def _when(time: float) -> str:
    try:
        return datetime.fromtimestamp(time).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return "-"


def _iso(time: float) -> str:
    try:
        return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return ""
