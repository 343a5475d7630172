"""Saved conversations put in order: named, pinned, tagged, copied, thrown away; every step can be undone."""

import asyncio
from collections.abc import Callable, Sequence, Set
from dataclasses import replace
from typing import Final

from tui.domain.conversation import (
    UNTITLED,
    Conversation,
    ConversationId,
    Message,
    MessageId,
    MessageStatus,
    active_path,
    new_conversation_id,
    new_message_id,
    tags_from,
)
from tui.domain.errors import BadRequest, Overtaken
from tui.domain.events import ConversationsChanged
from tui.domain.ports import Clock
from tui.domain.store import ConversationStore
from tui.domain.text import sanitize_line
from tui.domain.whole import Outcome, WholeConversation
from tui.services.events import EventBus
from tui.services.request_messages import without_images
from tui.services.undo import UndoService

TRASH_SECONDS = 30 * 24 * 60 * 60
"""How long the trash keeps what was deleted."""

_PAUSE = 0.05

_COPY: Final = "Copy: "
_BRANCH: Final = "Branch: "
"""What begins the title of a copy: at the end of a long one it would be cut off."""


class CollectionService:
    """Changes saved conversations so that each change can be taken back."""

    def __init__(self, store: ConversationStore, bus: EventBus, clock: Clock, undo: UndoService) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._undo = undo

    async def rename(self, conversation_id: ConversationId, title: str) -> None:
        """Give a conversation a title by hand."""
        clean = sanitize_line(title, 200) or UNTITLED
        old = await self._changed(
            conversation_id, lambda each: replace(each, title=clean, title_by_user=True)
        )

        def before(each: Conversation) -> Conversation:
            if each.title != clean:
                raise _overtaken()
            return replace(each, title=old.title, title_by_user=old.title_by_user)

        async def undo() -> None:
            await self._changed(conversation_id, before)

        self._undo.push(f"renamed {_quoted(old)} to “{clean}”", undo)

    async def set_pinned(self, conversation_id: ConversationId, pinned: bool) -> None:
        """Keep a conversation at the top of the list, or not."""
        old = await self._changed(conversation_id, lambda each: replace(each, pinned=pinned))

        def before(each: Conversation) -> Conversation:
            if each.pinned != pinned:
                raise _overtaken()
            return replace(each, pinned=old.pinned)

        async def undo() -> None:
            await self._changed(conversation_id, before)

        self._undo.push(f"{'pinned' if pinned else 'unpinned'} {_quoted(old)}", undo)

    async def set_tags(self, conversation_id: ConversationId, text: str) -> None:
        """Tag a conversation with the words of a text, and with nothing else."""
        tags = tags_from(sanitize_line(text))
        old = await self._changed(conversation_id, lambda each: replace(each, tags=tags))

        def before(each: Conversation) -> Conversation:
            if each.tags != tags:
                raise _overtaken()
            return replace(each, tags=old.tags)

        async def undo() -> None:
            await self._changed(conversation_id, before)

        self._undo.push(f"tagged {_quoted(old)}", undo)

    async def delete(self, ids: Sequence[ConversationId], what: str = "") -> str:
        """Move conversations to the trash; return what was done, for people.

        Args:
            ids: Which ones.
            what: What it is called when it is undone; by default the title of the first.
        """
        now = self._clock.now()
        for conversation_id in ids:
            old = await self._changed(conversation_id, lambda each: replace(each, trashed_at=now))
            what = what or f"deleted {_quoted(old)}"

        async def undo() -> None:
            await self.restore(ids)

        self._undo.push(what, undo, ids[0] if len(ids) == 1 else None)
        return what

    async def restore(self, ids: Sequence[ConversationId]) -> None:
        """Take conversations out of the trash."""
        for conversation_id in ids:
            await self._changed(conversation_id, lambda each: replace(each, trashed_at=None))

    async def trash(self) -> tuple[Conversation, ...]:
        """Return what is in the trash, the last thrown away first."""
        return await self._store.trash()

    async def remove(self, conversation_id: ConversationId) -> None:
        """Delete a conversation for good."""
        await self._store.delete(conversation_id)
        self._bus.publish(ConversationsChanged(conversation_id))

    async def purge(self) -> None:
        """Remove for good what has been in the trash for too long, a little at a time."""
        more = True
        while more:
            more = await self._store.purge(self._clock.now() - TRASH_SECONDS)
            if more:
                await asyncio.sleep(_PAUSE)

    async def delete_message(self, message: Message) -> str:
        """Delete one message; what follows it stays. Return what was done, for people."""
        what = "deleted " + ("an answer" if message.model else "a message")
        await self._hide(message.conversation_id, {message.id}, what)
        return what

    async def clear(self, conversation_id: ConversationId) -> str:
        """Delete every message of a conversation; return what was done, for people."""
        messages = await self._store.messages(conversation_id)
        what = f"cleared {len(messages)} message{'' if len(messages) == 1 else 's'}"
        await self._hide(conversation_id, {message.id for message in messages}, what)
        return what

    async def duplicate(self, conversation_id: ConversationId) -> ConversationId:
        """Copy a conversation with all its branches; return the copy's id."""
        old = await self._get(conversation_id)
        messages = await self._store.messages(conversation_id)
        return await self._copy(old, messages, old.active_leaf, _COPY)

    async def branch_off(self, message: Message) -> ConversationId:
        """Copy a conversation up to a message into a new one; return its id."""
        old = await self._get(message.conversation_id)
        messages = await self._store.messages(message.conversation_id)
        path = active_path(messages, message.id)
        return await self._copy(old, path, message.id, _BRANCH)

    async def fork(
        self, conversation_id: ConversationId, kept: Sequence[MessageId], bare: Set[MessageId] = frozenset()
    ) -> ConversationId:
        """Copy a conversation with some messages of the branch that is shown; return the copy's id.

        Args:
            conversation_id: Which one.
            kept: The messages that go along.
            bare: Those of them that go along without their images.
        """
        old = await self._get(conversation_id)
        wanted = frozenset(kept)
        path: list[Message] = []
        for message in active_path(await self._store.messages(conversation_id), old.active_leaf):
            if message.id in wanted:
                taken = without_images(message) if message.id in bare else message
                path.append(replace(taken, parent_id=path[-1].id if path else None))
        return await self._copy(old, path, path[-1].id if path else None, _BRANCH)

    async def _copy(
        self, old: Conversation, messages: Sequence[Message], leaf: MessageId | None, mark: str
    ) -> ConversationId:
        ids = {message.id: new_message_id() for message in messages}
        copy = replace(
            old,
            id=new_conversation_id(),
            title=sanitize_line(mark + _unmarked(old.title), 200),
            created_at=self._clock.now(),
            updated_at=self._clock.now(),
            active_leaf=ids.get(leaf) if leaf else None,
            title_by_user=True,
            pinned=False,
            unread=False,
        )
        copied = tuple(
            replace(
                message,
                id=ids[message.id],
                conversation_id=copy.id,
                parent_id=ids.get(message.parent_id) if message.parent_id else None,
                status=MessageStatus.INTERRUPTED
                if message.status is MessageStatus.STREAMING
                else message.status,
            )
            for message in messages
        )
        summaries = tuple(
            replace(summary, id=new_message_id(), conversation_id=copy.id, upto=ids[summary.upto])
            for summary in await self._store.summaries(old.id)
            if summary.upto in ids
        )
        (taken,) = await self._store.take_in([WholeConversation(copy, copied, summaries=summaries)])
        if taken.outcome is Outcome.REFUSED:
            raise BadRequest(taken.reason)
        self._bus.publish(ConversationsChanged(copy.id))

        async def undo() -> None:
            await self._changed(copy.id, lambda each: replace(each, trashed_at=self._clock.now()))

        # Nobody is to be left in what was thrown away.
        self._undo.push(f"copied {_quoted(old)}", undo, old.id)
        return copy.id

    async def _hide(self, conversation_id: ConversationId, ids: Set[MessageId], what: str) -> None:
        deletion = await self._store.delete_messages(conversation_id, ids, self._clock.now())
        self._bus.publish(ConversationsChanged(conversation_id))

        async def undo() -> None:
            await self._store.restore_messages(deletion)
            self._bus.publish(ConversationsChanged(conversation_id))

        self._undo.push(what, undo, conversation_id)

    async def _get(self, conversation_id: ConversationId) -> Conversation:
        conversation = await self._store.conversation(conversation_id)
        if conversation is None:
            raise BadRequest("This conversation is no longer there.")
        return conversation

    async def _changed(
        self, conversation_id: ConversationId, change: Callable[[Conversation], Conversation]
    ) -> Conversation:
        """Change a conversation and return what it was before."""
        old = await self._store.change(conversation_id, change)
        self._bus.publish(ConversationsChanged(conversation_id))
        return old


def _overtaken() -> Overtaken:
    return Overtaken("This was changed again since.", "What was done last is undone first.")


def _unmarked(title: str) -> str:
    return title.removeprefix(_COPY).removeprefix(_BRANCH)


def _quoted(conversation: Conversation) -> str:
    return f"“{sanitize_line(conversation.title, 40)}”"
