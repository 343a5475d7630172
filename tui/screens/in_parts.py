"""A message that is longer than the context window: attached as parts, and sent one after the other."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tui.domain.attachment import is_text, text_tokens
from tui.domain.context import ContextPlan
from tui.domain.conversation import Attachment
from tui.domain.errors import BadRequest
from tui.domain.parts import Part, parts_of
from tui.services.attachments.service import FromText

if TYPE_CHECKING:
    from tui.screens.session import ChatSession
    from tui.widgets.prompt import Prompt

MOST_PARTS: Final = 100
"""Parts that a text is divided into; more of them nobody chooses from."""

_QUOTING: Final = 60
"""Tokens that the name of a file and what surrounds its text take, at most."""

_DENSER: Final = 0.85
"""How much of its room a part takes: it may be denser than the whole."""

_LEAST: Final = 64
"""Tokens of a part that is worth sending."""


def has_long_text(plan: ContextPlan, text: str, files: Sequence[Attachment]) -> bool:
    """Tell whether a text is too long by itself, and whether its parts can fit."""
    longest = max([len(text), *(file.size for file in files if is_text(file))])
    return _room(plan) >= _LEAST and longest * _DENSER > _most(plan, text, files)


async def attach_as_parts(session: "ChatSession", prompt: "Prompt", plan: ContextPlan) -> int:
    """Put parts that fit in place of the texts that do not, above the input; return how many parts.

    Raises:
        BadRequest: there would be too many of them.
        TuiError: a text cannot be read or stored.
    """
    text, files, attachments = prompt.text, session.files.attachments, session.services.attachments
    most = _most(plan, text, session.files.attachments)
    brought: list[Attachment] = []
    made = 0
    for file in files:
        if is_text(file) and file.size > most:
            data = await attachments.data(file.digest)
            parts = await asyncio.to_thread(_divided, file.name, data, most)
            made += len(parts)
            brought += await _stored(session, parts, made)
        else:
            brought.append(file)
    words = text
    if len(text) > most:
        parts = await asyncio.to_thread(parts_of, "message", text, most)
        made += len(parts)
        brought += await _stored(session, parts, made)
        words = ""
    place = session.conversation
    _put(session, prompt, words, brought)

    async def undo() -> None:
        if session.conversation != place:
            raise BadRequest("That was in another conversation.", "Open it, and undo it there.")
        _put(session, prompt, text, files)

    session.services.undo.push(f"attached it as {made} parts", undo)
    return made


def turns_of(session: "ChatSession", plan: ContextPlan, text: str) -> list[tuple[Attachment, ...]]:
    """Return what is attached in groups that fit, each for a message of its own; others go with the first."""
    most = _most(plan, text, session.files.attachments)
    groups: list[list[Attachment]] = [[]]
    size = 0
    for file in session.files.attachments:
        if is_text(file):
            if size and size + file.size > most:
                groups.append([])
                size = 0
            groups[-1].append(file)
            size += file.size
        else:
            groups[0].append(file)
    return [tuple(group) for group in groups if group]


def _room(plan: ContextPlan) -> int:
    """Return how many tokens of a window a text can take, with what always stays and room for the answer."""
    parts = plan.parts
    # The margin grows with the estimate, and that of a part is smaller.
    margin = min(parts.margin, plan.window.tokens // 10)
    return plan.window.tokens - parts.system - parts.history - parts.answer - margin - _QUOTING


def _most(plan: ContextPlan, text: str, files: Sequence[Attachment]) -> int:
    """Return how many characters a part may have, by how dense the text is that does not fit."""
    room, words = _room(plan), text_tokens(len(text))
    # Words that are not themselves too long go with every part.
    room -= words if words < room // 2 else 0
    told = len(text) + sum(file.size for file in files if is_text(file))
    return max(4 * _LEAST, int(_DENSER * room * told / max(plan.parts.draft, 1)))


def _divided(name: str, data: bytes, most: int) -> tuple[Part, ...]:
    return parts_of(name, data.decode("utf-8", "replace"), most)


async def _stored(session: "ChatSession", parts: Sequence[Part], made: int) -> list[Attachment]:
    if made > MOST_PARTS:
        raise BadRequest(
            f"That would be {made:,} parts.",
            f"Up to {MOST_PARTS} can be attached: raise num_ctx with Ctrl+T, or attach a part of the file: "
            "put the lines behind its name, as in notes.md:10-200",
        )
    attachments = session.services.attachments
    return [await attachments.ingest(FromText(part.text, part.name)) for part in parts]


def _put(session: "ChatSession", prompt: "Prompt", text: str, files: Sequence[Attachment]) -> None:
    session.files.take()
    session.files.bring(files)
    if prompt.text != text:
        prompt.text = text
        session.keep_draft(text)
