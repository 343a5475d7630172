"""Homes with conversations in them."""

import asyncio
import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

from tests.benchmarks import texts
from tests.support.builders import a_conversation, a_message
from tui.domain.conversation import Attachment, Message, Role
from tui.storage.conversations import SqliteConversationStore

MANY = 10_000

_DATA = Path(".local/share/ollama-tui")


class Homes:
    """Makes each kind of home once, and copies of it for every run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._copies = 0

    def empty(self) -> Path:
        """Return a home that nothing has run in."""
        return self._copy("empty")

    def many(self) -> Path:
        """Return a home with 10,000 saved conversations."""
        return self._copy("many")

    def long(self) -> Path:
        """Return a home with 10,000 messages in one conversation, 100 with a picture; `SAVED` ends it."""
        return self._copy("long")

    def _copy(self, kind: str) -> Path:
        made = self._folder / kind
        if not made.exists():
            (made / _DATA).mkdir(parents=True, mode=0o700)
            if kind != "empty":
                asyncio.run(_fill(made / _DATA / "conversations.db", kind))
        self._copies += 1
        copy = self._folder / f"{kind}-{self._copies}"
        shutil.copytree(made, copy)
        return copy


async def _fill(path: Path, kind: str) -> None:
    store = await SqliteConversationStore.open(path)
    if kind == "many":
        for number in range(MANY):
            await store.create(a_conversation(f"Conversation {number}", updated_at=1.7e9 + number * 600))
    else:
        conversation = a_conversation("A long conversation", updated_at=1.7e9, model="gemma3:270m")
        await store.create(conversation)
        messages: list[Message] = []
        for number in range(MANY):
            text = texts.message(number) + (f"\n\n{texts.SAVED}" if number == MANY - 1 else "")
            role = Role.ASSISTANT if number % 2 else Role.USER
            parent = messages[-1] if messages else None
            made = a_message(conversation, text, role=role, parent=parent, created_at=1.7e9 + number)
            # Every hundredth has a picture, and the last of them is on the first screen.
            pictures = [await _picture(store, number)] if number % 100 == 98 else []
            model = "gemma3:270m" if number % 2 else ""
            messages.append(replace(made, model=model, attachments=tuple(pictures)))
        await store.add_messages(messages)
        await store.update(replace(conversation, active_leaf=messages[-1].id))
    await store.aclose()


async def _picture(store: SqliteConversationStore, number: int) -> Attachment:
    data = texts.png(number)
    attachment = Attachment(
        hashlib.sha256(data).hexdigest(),
        f"picture-{number}.png",
        "image/png",
        len(data),
        texts.PICTURE_SIZE[0],
        texts.PICTURE_SIZE[1],
    )
    await store.add_attachment(data, attachment)
    return attachment
