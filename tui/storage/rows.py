"""Rows of the database to the domain's objects, and back."""

import json
from collections.abc import Mapping, Set
from typing import Final, TypeAlias, get_args

from tui.domain.conversation import (
    Attachment,
    ContextPolicy,
    Conversation,
    ConversationId,
    Message,
    MessageId,
    MessageStatus,
    Role,
)
from tui.domain.generation import Options, Stats, Think

Value: TypeAlias = str | float | int | bytes | None
"""What a column holds."""

CONVERSATION_COLUMNS: Final = (
    "id, title, created_at, updated_at, model, system, options, think, active_leaf, title_by_user, pinned,"
    " unread, trashed_at,"
    " (SELECT group_concat(tag, ' ') FROM conversation_tags WHERE conversation = conversations.key),"
    " server, policy, keep_alive, answer_format"
)
"""What `conversation_from` takes."""

ConversationRow: TypeAlias = tuple[
    str,
    str,
    float,
    float,
    str,
    str,
    str,
    str | None,
    str | None,
    int,
    int,
    int,
    float | None,
    str | None,
    str,
    str,
    str,
    str,
]
"""A row of `CONVERSATION_COLUMNS`."""

STATS_COLUMNS: Final = (
    "prompt_tokens, answer_tokens, total_seconds, load_seconds, prompt_seconds, answer_seconds,"
    " first_token_seconds, thinking_seconds"
)
"""The figures of an answer, in the order of `Stats`."""

MESSAGE_COLUMNS: Final = (
    "key, id, parent_id, role, content, created_at, status, thinking, model, stop_reason, error, hint,"
    f" finished_at, tool_calls, tool_name, {STATS_COLUMNS}"
)
"""What `message_from` takes."""

StatsRow: TypeAlias = tuple[
    int | None,
    int | None,
    float | None,
    float | None,
    float | None,
    float | None,
    float | None,
    float | None,
]
"""A row of `STATS_COLUMNS`."""

MessageRow: TypeAlias = tuple[
    int,
    str,
    str | None,
    str,
    str,
    float,
    str,
    str,
    str,
    str,
    str,
    str,
    float | None,
    str,
    str,
    int | None,
    int | None,
    float | None,
    float | None,
    float | None,
    float | None,
    float | None,
    float | None,
]
"""A row of `MESSAGE_COLUMNS`."""

AttachmentRow: TypeAlias = tuple[int, str, str, str, int, int | None, int | None]
"""The key of the message an attachment goes with, then the fields of `Attachment`."""

_NO_STATS: Final = Stats()
_NO_FIGURES: Final = (None,) * 8
_NO_OPTIONS: Final = Options()
# A dictionary answers several times faster than calling the enumeration does.
ROLES: Final[Mapping[str, Role]] = {role.value: role for role in Role}
"""Who says something, by the name in a row."""
_STATUSES: Final[Mapping[str, MessageStatus]] = {status.value: status for status in MessageStatus}
_POLICIES: Final[Mapping[str, ContextPolicy]] = {policy.value: policy for policy in ContextPolicy}
_THINK: Final[Mapping[str, Think]] = {level: level for level in get_args(Think)}


def storable(text: str) -> str:
    """Return `text` with lone surrogates replaced: they have no UTF-8 form, JSON may contain them."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def conversation_values(conversation: Conversation) -> tuple[Value, ...]:
    """Return what a person or a service sets: every column but the id, the times and the leaf."""
    title = storable(conversation.title)
    return (
        title,
        title.casefold(),
        storable(conversation.model),
        storable(conversation.system),
        json.dumps(conversation.options.as_dict()),
        conversation.think,
        conversation.title_by_user,
        conversation.pinned,
        conversation.unread,
        conversation.trashed_at,
        storable(conversation.server),
        conversation.policy.value,
        storable(conversation.keep_alive),
        storable(conversation.answer_format),
    )


def conversation_from(row: ConversationRow) -> Conversation:
    """Return the conversation in a row of `CONVERSATION_COLUMNS`."""
    leaf, think = row[8], row[7]
    return Conversation(
        id=ConversationId(row[0]),
        title=row[1],
        created_at=row[2],
        updated_at=row[3],
        model=row[4],
        system=row[5],
        options=_options(row[6]),
        think=None if think is None else _THINK.get(think),
        active_leaf=None if leaf is None else MessageId(leaf),
        title_by_user=bool(row[9]),
        pinned=bool(row[10]),
        unread=bool(row[11]),
        trashed_at=row[12],
        tags=tuple(sorted(row[13].split(" "))) if row[13] else (),
        server=row[14],
        policy=_POLICIES.get(row[15], ContextPolicy.DROP_OLDEST),
        keep_alive=row[16],
        answer_format=row[17],
    )


def stats_values(stats: Stats) -> StatsRow:
    """Return the columns `STATS_COLUMNS`."""
    return (
        stats.prompt_tokens,
        stats.answer_tokens,
        stats.total_seconds,
        stats.load_seconds,
        stats.prompt_seconds,
        stats.answer_seconds,
        stats.first_token_seconds,
        stats.thinking_seconds,
    )


def message_from(
    row: MessageRow,
    conversation_id: ConversationId,
    attachments: Mapping[int, list[Attachment]],
    pinned: Set[int],
) -> Message:
    """Return the message in a row of `MESSAGE_COLUMNS`.

    Args:
        row: The row.
        conversation_id: The conversation it is in.
        attachments: By the message's key.
        pinned: The keys of the messages that are pinned.
    """
    parent, figures = row[2], row[15:]
    return Message(
        MessageId(row[1]),
        conversation_id,
        None if parent is None else MessageId(parent),
        ROLES[row[3]],
        row[4],
        row[5],
        _STATUSES[row[6]],
        row[7],
        row[8],
        row[9],
        _NO_STATS if figures == _NO_FIGURES else Stats(*figures),
        row[10],
        row[11],
        row[12],
        row[13],
        row[14],
        tuple(attachments[row[0]]) if row[0] in attachments else (),
        row[0] in pinned,
    )


def attachment_from(row: AttachmentRow) -> Attachment:
    """Return the attachment in a row."""
    _, digest, name, media_type, size, width, height = row
    return Attachment(digest, name, media_type, size, width, height)


def _options(text: str) -> Options:
    if text == "{}":
        return _NO_OPTIONS
    try:
        return Options.from_dict(json.loads(text))
    except (ValueError, TypeError, AttributeError):
        # Edited by another hand: the conversation matters more than its parameters.
        return _NO_OPTIONS
