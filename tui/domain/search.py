"""What is searched for: words, and what narrows them down."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from tui.domain.conversation import Role, SearchHit
from tui.domain.errors import BadRequest

_DAY_FORMAT = "%Y-%m-%d"


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """Words to find in titles and messages, and which of them count."""

    words: str = ""
    """Words to find, never syntax."""
    model: str = ""
    """Part of the name of the model that answered; empty for any."""
    role: Role | None = None
    """Who said it; None for anybody."""
    tag: str = ""
    """Tag of the conversation, folded; empty for any."""
    after: float | None = None
    """Seconds since the epoch: said then or later."""
    before: float | None = None
    """Seconds since the epoch: said earlier."""

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing."""
        return self == SearchQuery()

    @property
    def is_narrow(self) -> bool:
        """Whether it has anything but words."""
        return self != SearchQuery(self.words)


class SearchStage(IntEnum):
    """How messages are looked for, one way after the other."""

    WORDS = 0
    """By whole words and the beginning of the last."""
    PARTS = 1
    """By parts of words."""
    TEXTS = 2
    """By reading them."""


@dataclass(frozen=True, slots=True)
class SearchMark:
    """Where a search goes on."""

    stage: SearchStage = SearchStage.WORDS
    below: int | None = None
    """The store's number of the oldest message that was looked at in this stage; None before the first."""


@dataclass(frozen=True, slots=True)
class SearchPage:
    """What a part of a search has found."""

    hits: tuple[SearchHit, ...]
    """The best or, where many match, the newest first."""
    next: SearchMark | None
    """Where it goes on; None where there is no more, or enough."""


def parse_query(text: str) -> SearchQuery:
    """Return what a person asks for: `model:`, `role:`, `tag:`, `after:` and `before:`, and words.

    Days are like 2026-10-01, in local time; `after:` includes its day, `before:` does not. A filter with
    nothing behind the colon yet is left out. What looks like another filter is a word.

    Raises:
        BadRequest: a day or a role is not one.
    """
    words: list[str] = []
    found: dict[str, str] = {}
    for word in text.split():
        name, colon, value = word.partition(":")
        if colon and name.lower() in ("model", "role", "tag", "after", "before"):
            found[name.lower()] = value
        else:
            words.append(word)
    return SearchQuery(
        words=" ".join(words),
        model=found.get("model", "").casefold(),
        role=_role(found.get("role", "")),
        tag=found.get("tag", "").casefold(),
        after=_day(found.get("after", "")),
        before=_day(found.get("before", "")),
    )


def _role(value: str) -> Role | None:
    if not value:
        return None
    matching = [role for role in Role if role.value.startswith(value.lower())]
    if not matching:
        raise BadRequest("role: takes user, assistant, system or tool.")
    return matching[0]


def _day(value: str) -> float | None:
    if not value:
        return None
    if value.lower() in ("today", "yesterday"):
        midnight = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)
        return (midnight - timedelta(days=value.lower() == "yesterday")).timestamp()
    try:
        return datetime.strptime(value, _DAY_FORMAT).timestamp()
    except ValueError:
        # Half a date while it is typed is not a mistake yet, and not a filter either.
        if len(value) < len("2026-10-01") and value.replace("-", "").isdigit():
            return None
        raise BadRequest("before: and after: take a day like 2026-10-01.") from None
    except OverflowError:
        raise BadRequest("before: and after: take a day like 2026-10-01.") from None
