"""JSON texts that do nothing to a terminal that shows them."""

import json
import re
from typing import Final

_DANGEROUS: Final = re.compile(
    "[\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def dumps(value: object, *, indent: int | None = None) -> str:
    """Return `value` as JSON, the same text for the same value.

    Characters that a terminal may obey stand as escapes; they can occur inside strings only, where
    escapes mean the same.
    """
    told = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=indent, default=str)
    return _DANGEROUS.sub(_escaped, told)


def _escaped(match: re.Match[str]) -> str:
    return json.dumps(match.group())[1:-1] if match.group() != "\x7f" else "\\u007f"
