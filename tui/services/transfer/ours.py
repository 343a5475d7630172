"""Our own documents: JSON from which a conversation comes back as it was."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from tui.domain.conversation import Conversation, Message, MessageStatus, Summary
from tui.domain.text import sanitize_line
from tui.domain.whole import WholeConversation
from tui.services.transfer.found import BadConversation
from tui.services.transfer.harmless import dumps
from tui.services.transfer.records import BadRecord, decode, encode
from tui.services.transfer.untrusted import Json, is_time, items, mapping, text

FORMAT: Final = "ollama-tui"
"""What `format` says in a document of ours."""
VERSION: Final = 1
"""What `version` says; it grows when an older program would misread a document."""

_ID: Final = re.compile(r"[0-9a-f]{32}")
_CONVERSATION: Final = "conversation"


def head(exported_at: float) -> str:
    """Return how a document begins."""
    at = datetime.fromtimestamp(exported_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f'{{\n"format": "{FORMAT}",\n"version": {VERSION},\n"exported_at": "{at}",\n"conversations": ['


def foot() -> str:
    """Return how a document ends."""
    return "\n]\n}\n"


def body(whole: WholeConversation) -> str:
    """Return a conversation as an element of a document."""
    messages = [_told(message) for message in _settled(whole.messages)]
    told: dict[str, object] = {_CONVERSATION: encode(whole.conversation), "messages": messages}
    if whole.summaries:
        told["summaries"] = [_told(summary) for summary in whole.summaries]
    if whole.attachments:
        told["attachments"] = {
            digest: base64.b64encode(data).decode() for digest, data in whole.attachments.items()
        }
    return "\n" + dumps(told, indent=1)


def _settled(messages: Sequence[Message]) -> list[Message]:
    """Return messages as an import leaves them.

    What is being written has been interrupted, as far as the document goes; a message whose parent is
    gone begins a branch.
    """
    known = {message.id for message in messages}
    settled: list[Message] = []
    for message in messages:
        if message.status is MessageStatus.STREAMING:
            message = replace(message, status=MessageStatus.INTERRUPTED)
        if message.parent_id is not None and message.parent_id not in known:
            message = replace(message, parent_id=None)
        settled.append(message)
    return settled


def _told(part: Message | Summary) -> object:
    told = encode(part)
    assert isinstance(told, dict)
    del told["conversation_id"]
    return told


def is_ours(value: Json) -> bool:
    """Return whether an element can be one of a document of ours."""
    return isinstance(value.get(_CONVERSATION), dict) and isinstance(value.get("messages"), list)


def refusal(header: Json) -> str:
    """Return why a document with this header cannot be read; empty if it can."""
    version = header.get("version", VERSION)
    if header.get("format", FORMAT) != FORMAT or version == VERSION:
        return ""
    if isinstance(version, int) and version > VERSION:
        return f"it was written by a newer version of ollama-tui (format {version})"
    return "its version is not known"


def read_ours(value: Json) -> WholeConversation:
    """Return the conversation in an element of a document.

    Raises:
        BadConversation: It is not one, or something in it contradicts itself.
    """
    told = mapping(value.get(_CONVERSATION))
    title = sanitize_line(text(told.get("title")), 200)
    try:
        conversation = decode(Conversation, told, "the conversation")
        messages = tuple(
            decode(Message, found, f"message {place}", conversation_id=conversation.id)
            for place, found in enumerate(items(value.get("messages")), 1)
        )
        summaries = tuple(
            decode(Summary, found, f"summary {place}", conversation_id=conversation.id)
            for place, found in enumerate(items(value.get("summaries")), 1)
        )
        attachments = _attachments(mapping(value.get("attachments")))
        _check(conversation, messages, attachments)
        _check_summaries(summaries, messages)
    except BadRecord as error:
        raise BadConversation(str(error), title) from None
    return WholeConversation(conversation, tuple(_settled(messages)), attachments, summaries)


def _attachments(found: Json) -> dict[str, bytes]:
    attachments: dict[str, bytes] = {}
    for digest, encoded in found.items():
        try:
            data = base64.b64decode(text(encoded), validate=True)
        except (binascii.Error, ValueError):
            raise BadRecord(f"the attachment {digest[:64]} is not base64") from None
        if sha256(data).hexdigest() != digest:
            raise BadRecord(f"the attachment {digest[:64]} is damaged: its digest differs")
        attachments[digest] = data
    return attachments


def _check(conversation: Conversation, messages: Sequence[Message], attachments: Mapping[str, bytes]) -> None:
    if not _ID.fullmatch(conversation.id):
        raise BadRecord("the conversation's id is not 32 hexadecimal digits")
    _check_times(
        "the conversation", conversation.created_at, conversation.updated_at, conversation.trashed_at
    )
    parents: dict[str, str | None] = {}
    for place, message in enumerate(messages, 1):
        if not _ID.fullmatch(message.id):
            raise BadRecord(f"message {place}: its id is not 32 hexadecimal digits")
        if message.id in parents:
            raise BadRecord(f"message {place}: another message has its id {message.id}")
        parents[message.id] = message.parent_id
        _check_times(f"message {place}", message.created_at, message.finished_at)
        for attachment in message.attachments:
            if len(attachments.get(attachment.digest, b"")) != attachment.size:
                raise BadRecord(f"message {place}: the bytes of an attachment are not there")
    leaf = conversation.active_leaf
    if leaf is not None and leaf not in parents:
        raise BadRecord("the end of the branch that is shown is not there")
    _check_tree(parents)


def _check_summaries(summaries: Sequence[Summary], messages: Sequence[Message]) -> None:
    known = {message.id for message in messages}
    ids: set[str] = set()
    for place, summary in enumerate(summaries, 1):
        if not _ID.fullmatch(summary.id):
            raise BadRecord(f"summary {place}: its id is not 32 hexadecimal digits")
        if summary.id in ids:
            raise BadRecord(f"summary {place}: another summary has its id {summary.id}")
        ids.add(summary.id)
        if summary.upto not in known:
            raise BadRecord(f"summary {place}: the last message that it stands for is not there")
        _check_times(f"summary {place}", summary.created_at)


def _check_times(where: str, *times: float | None) -> None:
    if not all(time is None or is_time(time) for time in times):
        raise BadRecord(f"{where} has a time that no calendar has")


def _check_tree(parents: Mapping[str, str | None]) -> None:
    sound: set[str | None] = {None}
    for start in parents:
        walked: set[str] = set()
        current: str | None = start
        while current is not None and current not in sound:
            if current in walked:
                raise BadRecord(f"the message {current} follows itself in a circle")
            walked.add(current)
            parent = parents[current]
            if parent is not None and parent not in parents:
                raise BadRecord(f"the message {current} follows {parent[:64]}, which is not there")
            current = parent
        sound |= walked
