"""Conversations out of the store, one in memory at a time."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import ExitStack, aclosing
from enum import StrEnum
from pathlib import Path
from typing import IO

from tui.domain.conversation import Conversation, ConversationId
from tui.domain.errors import BadRequest, FileUnusable
from tui.domain.ports import Clock
from tui.domain.store import ConversationStore
from tui.domain.text import sanitize_line
from tui.domain.whole import WholeConversation
from tui.services.transfer import ours
from tui.services.transfer.markdown import render_markdown
from tui.services.transfer.writing import file_name, whole_file

_SHORT_ID = 8


class ExportFormat(StrEnum):
    """What an export is written as."""

    MARKDOWN = "markdown"
    """The branch that is shown, for reading."""
    JSON = "json"
    """Everything, for importing again."""
    HTML = "html"
    """The branch that is shown, as a page with its images."""

    @property
    def suffix(self) -> str:
        """The suffix of its files."""
        return "md" if self is ExportFormat.MARKDOWN else self.value


Progress = Callable[[int, int], None]
"""Told how many conversations are written, of how many."""


def _unheard(done: int, total: int) -> None:
    """Tell nobody."""


class ExportService:
    """Writes conversations for other programs and for people."""

    def __init__(self, store: ConversationStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def all_ids(self) -> tuple[ConversationId, ...]:
        """Return the ids of everything but the trash, the oldest first."""
        return await self._store.conversation_ids()

    async def suggested_name(self, conversation_id: ConversationId, format: ExportFormat) -> str:
        """Return a name for the file of one conversation."""
        conversation = await self._store.conversation(conversation_id)
        return file_name(
            conversation.title if conversation else "", conversation_id[:_SHORT_ID], format.suffix
        )

    async def pieces(
        self, ids: Sequence[ConversationId], format: ExportFormat, progress: Progress = _unheard
    ) -> AsyncGenerator[str, None]:
        """Yield the text of an export, a conversation at a time.

        Conversations that were deleted meanwhile are left out.

        Raises:
            BadRequest: The only conversation asked for is not there.
        """
        first = await self._store.conversation(ids[0]) if ids else None
        if len(ids) == 1 and first is None:
            raise BadRequest("This conversation is no longer there.")
        yield self._head(format, first, len(ids))
        between = False
        for done, conversation_id in enumerate(ids, 1):
            whole = await self._whole(conversation_id)
            if whole is not None:
                if between:
                    yield "," if format is ExportFormat.JSON else "\n"
                yield await asyncio.to_thread(_body, whole, format)
                between = True
            progress(done, len(ids))
        yield _foot(format)

    async def to_file(
        self,
        ids: Sequence[ConversationId],
        format: ExportFormat,
        path: Path,
        *,
        overwrite: bool = False,
        progress: Progress = _unheard,
    ) -> None:
        """Write one file, which is there whole or not at all.

        Raises:
            FileUnusable: It cannot be written, or exists.
            BadRequest: The only conversation asked for is not there.
        """
        with ExitStack() as stack:
            file: IO[str] = await asyncio.to_thread(
                stack.enter_context, whole_file(path, overwrite=overwrite)
            )
            async with aclosing(self.pieces(ids, format, progress)) as pieces:
                async for piece in pieces:
                    await asyncio.to_thread(file.write, piece)
            await asyncio.to_thread(stack.pop_all().close)

    async def to_directory(
        self,
        ids: Sequence[ConversationId],
        format: ExportFormat,
        directory: Path,
        *,
        overwrite: bool = False,
        progress: Progress = _unheard,
    ) -> tuple[Path, ...]:
        """Write one file for each conversation; return them.

        Raises:
            FileUnusable: One cannot be written, or exists; those before it are written.
        """
        written: list[Path] = []
        try:
            await asyncio.to_thread(directory.mkdir, mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise FileUnusable(f"{directory} cannot be made: {error.strerror}.") from error
        for done, conversation_id in enumerate(ids, 1):
            path = directory / await self.suggested_name(conversation_id, format)
            if path in written:
                path = path.with_name(f"{path.stem}-{conversation_id}.{format.suffix}")
            await self.to_file([conversation_id], format, path, overwrite=overwrite)
            written.append(path)
            progress(done, len(ids))
        return tuple(written)

    async def _whole(self, conversation_id: ConversationId) -> WholeConversation | None:
        conversation = await self._store.conversation(conversation_id)
        if conversation is None:
            return None
        messages = await self._store.messages(conversation_id)
        attachments: dict[str, bytes] = {}
        for digest in sorted({each.digest for message in messages for each in message.attachments}):
            data = await self._store.attachment_data(digest)
            if data is not None:
                attachments[digest] = data
        known = {message.id for message in messages}
        summaries = await self._store.summaries(conversation_id)
        # One up to a message that was deleted by itself is restored with it, and stands for nothing without.
        kept = tuple(summary for summary in summaries if summary.upto in known)
        return WholeConversation(conversation, messages, attachments, kept)

    def _head(self, format: ExportFormat, first: Conversation | None, number: int) -> str:
        if format is ExportFormat.JSON:
            return ours.head(self._clock.now())
        if format is ExportFormat.HTML:
            from tui.services.transfer.webpage import page_head

            return page_head(sanitize_line(first.title) if first and number == 1 else "Conversations")
        return ""


def _body(whole: WholeConversation, format: ExportFormat) -> str:
    if format is ExportFormat.JSON:
        return ours.body(whole)
    if format is ExportFormat.HTML:
        from tui.services.transfer.webpage import render_article

        return render_article(whole)
    return render_markdown(whole)


def _foot(format: ExportFormat) -> str:
    if format is ExportFormat.JSON:
        return ours.foot()
    if format is ExportFormat.HTML:
        from tui.services.transfer.webpage import page_foot

        return page_foot()
    return ""
