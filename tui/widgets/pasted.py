"""Large pasted texts, shown in the input as a short label and sent whole."""

import re
from collections.abc import Iterator

LARGE_CHARACTERS = 5_000
"""A paste longer than this becomes a label: editing it in place would be slow."""

LARGE_LINES = 60
"""A paste of more lines than this becomes a label: it would fill the input."""

_LABEL = re.compile(r"\[pasted text #\d+, [\d,]+ (?:lines|characters)\]")


def is_large(text: str) -> bool:
    """Return whether `text` is better shown as a label."""
    return len(text) > LARGE_CHARACTERS or text.count("\n") >= LARGE_LINES


class PastedTexts:
    """The texts behind the labels of one input."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._numbers = 0

    def add(self, text: str) -> str:
        """Keep `text` and return the label that stands for it."""
        self._numbers += 1
        lines = text.count("\n") + 1
        size = f"{lines:,} lines" if lines > 1 else f"{len(text):,} characters"
        label = f"[pasted text #{self._numbers}, {size}]"
        self._texts[label] = text
        return label

    def expand(self, text: str) -> str:
        """Return `text` with every label replaced by what it stands for."""
        if not self._texts:
            return text
        return _LABEL.sub(lambda match: self._texts.get(match.group(), match.group()), text)

    def spans(self, line: str) -> Iterator[tuple[int, int]]:
        """Yield where in `line` labels begin and end."""
        if self._texts and "[pasted" in line:
            for match in _LABEL.finditer(line):
                if match.group() in self._texts:
                    yield match.span()
