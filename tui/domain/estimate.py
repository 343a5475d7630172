"""How many tokens a model makes of a request: an estimate that every answer makes better.

What is counted of a text (words, digits, punctuation, scripts) costs about the same in all tokenizers.
The differences between models, what their templates add and what a picture takes are learned from the
`prompt_eval_count` of their answers by a Kalman filter, which begins with what holds for most models. A
count far from what was expected moves the estimate little, or not at all unless others agree with it.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from tui.domain.conversation import Attachment

Features = tuple[float, ...]
"""What is counted of a part of a request, in the order of `NAMES`. Parts add up."""

NAMES: Final = (
    "request",
    "own_system",
    "message",
    "word",
    "long",
    "digit",
    "mark",
    "more_marks",
    "space",
    "ideograph",
    "letter",
    "symbol",
    "image",
    "megapixel",
)
"""The features: the request itself (once), a system prompt of the conversation's own (which may stand in
for the model's), messages, runs of ASCII letters in one case, groups of seven letters, digits, runs of
ASCII punctuation and what is longer than one in them, line breaks and indentations, Chinese, Japanese and
Korean characters, letters of other scripts, other characters, images, and their millions of pixels."""

_SIZE: Final = len(NAMES)
_MESSAGE: Final = NAMES.index("message")
_WORD_RUNS: Final = NAMES.index("word")
_IMAGE: Final = NAMES.index("image")
_MEGAPIXEL: Final = NAMES.index("megapixel")

_SIDE: Final = 1000
"""Pixels of the side of an image whose size is not known."""

# The mean of what fits the tokenizers of Gemma 3, Mistral (SentencePiece and Tekken), cl100k and o200k best,
# on questions, answers, prose, code, data and some forty languages; weighed by share, not by length.
_PRIOR: Final[Features] = (4.0, 0.0, 4.0, 0.98, 0.26, 1.0, 1.0, 0.09, 1.07, 0.87, 0.54, 1.06, 320.0, 260.0)
_DOUBT: Final[Features] = (100.0, 15.0, 4.0, 0.2, 0.15, 0.35, 0.3, 0.15, 0.4, 0.35, 0.25, 0.8, 400.0, 500.0)

NOTHING: Final[Features] = (0.0,) * _SIZE
"""What is counted of nothing."""

REQUEST: Final[Features] = (1.0,) + (0.0,) * (_SIZE - 1)
"""What every request brings, whatever is in it."""

OWN_SYSTEM: Final[Features] = (0.0, 1.0) + (0.0,) * (_SIZE - 2)
"""What a system prompt brings beside its text."""

_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_LONG: Final = re.compile(r"[a-z]{7}")
_DIGIT: Final = re.compile(r"[0-9]")
_MARKS: Final = re.compile(r"[!-/:-@\[-`{-~]+")
_MARK: Final = re.compile(r"[!-/:-@\[-`{-~]")
_SPACE: Final = re.compile(r"\n+[ \t]*|[ \t]{2,}")
_IDEOGRAPH: Final = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_LETTER: Final = re.compile("[\u00aa-\u02af\u0370-\u10ff\u1200-\u1fff]")
_ASCII: Final = re.compile(r"[\x00-\x7f]")

SLICE: Final = 16_384
"""Characters that are counted at a stretch: where that is done beside the event loop it waits no longer."""

MOST_COUNTED: Final = 64 * SLICE
"""Characters of a text that are counted; what is counted of a longer one is scaled up."""

_NOISE: Final = (2.5, 0.01)
"""How far a count is from a perfect estimate: tokens, and a share of the count."""
_WANDER: Final = 0.0004
"""How much of the first doubt comes back with every answer, as a share of its square."""
_OUTLIER: Final = 3.0
"""Standard deviations from which on a count is taken with caution."""
_ABSURD: Final = 2.5
"""Times the estimate, or part of it, from which on a count is not believed once the model is known."""
_KNOWN_AFTER: Final = 3
_DISAGREEMENTS: Final = 3
"""Counts in a row that are not believed until they are: the model, or its template, has changed."""

_FIRST_ERROR: Final = 0.10
_ERROR_WEIGHT: Final = 0.3
_BOUND: Final = (2.0, 0.02, 0.25)
"""How many mean errors wide the safety margin is, and its least and largest share of an estimate."""
_LEAST_BOUND: Final = 8


def text_features(text: str) -> Features:
    """Return what is counted of a text."""
    if len(text) <= SLICE:
        return _counted(text)
    if len(text) <= MOST_COUNTED:
        return added(_counted(text[start : start + SLICE]) for start in range(0, len(text), SLICE))
    # Of a text this long some slices tell enough: they lie as far from each other all over it.
    slices = MOST_COUNTED // SLICE
    gap = (len(text) - SLICE) / (slices - 1)
    counted = added(_counted(text[(start := round(gap * n)) : start + SLICE]) for n in range(slices))
    return tuple(value * len(text) / MOST_COUNTED for value in counted)


def message_features(text: str) -> Features:
    """Return what is counted of one message without its images."""
    counted = list(text_features(text))
    counted[_MESSAGE] = 1.0
    return tuple(counted)


def thinking_features(thinking: str) -> Features:
    """Return what is counted of thinking that goes along with an answer; nothing for none.

    Templates put marks around it that take as much as those around a message.
    """
    return message_features(thinking) if thinking else NOTHING


def image_features(images: Iterable[Attachment]) -> Features:
    """Return what is counted of the images of a message."""
    counted = [0.0] * _SIZE
    for image in images:
        counted[_IMAGE] += 1.0
        counted[_MEGAPIXEL] += (image.width or _SIDE) * (image.height or _SIDE) / 1e6
    return tuple(counted)


def rough_features(length: int) -> Features:
    """Return what is counted, about, of a message of so many characters that nobody has read."""
    counted = [0.0] * _SIZE
    counted[_MESSAGE], counted[_WORD_RUNS] = 1.0, length / 5
    return tuple(counted)


def added(parts: Iterable[Features]) -> Features:
    """Return what is counted of several parts together."""
    total = [0.0] * _SIZE
    for part in parts:
        for index, value in enumerate(part):
            if value:
                total[index] += value
    return tuple(total)


def _counted(text: str) -> Features:
    marks = len(_MARKS.findall(text))
    ideographs = letters = symbols = 0
    if not text.isascii():
        ideographs, letters = len(_IDEOGRAPH.findall(text)), len(_LETTER.findall(text))
        symbols = len(text) - len(_ASCII.findall(text)) - ideographs - letters
    return (
        0.0,
        0.0,
        0.0,
        float(len(_WORD.findall(text))),
        float(len(_LONG.findall(text))),
        float(len(_DIGIT.findall(text))),
        float(marks),
        float(len(_MARK.findall(text)) - marks),
        float(len(_SPACE.findall(text))),
        float(ideographs),
        float(letters),
        float(symbols),
        0.0,
        0.0,
    )


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is known of how many tokens one model makes of requests; learning makes another of it."""

    weights: Features = _PRIOR
    """Tokens that each feature costs."""
    covariance: tuple[Features, ...] = tuple(
        tuple(doubt * doubt if row == column else 0.0 for column in range(_SIZE))
        for row, doubt in enumerate(_DOUBT)
    )
    """How uncertain the weights are, and together with which others."""
    answers: int = 0
    """Counts that it has learned from."""
    error: float = _FIRST_ERROR
    """How far estimates were off lately: a share of the count."""
    disbelieved: int = 0
    """Counts in a row that were not believed."""

    @property
    def known(self) -> bool:
        """Whether there were answers enough to take its estimates for good."""
        return self.answers >= _KNOWN_AFTER

    def tokens(self, features: Features) -> float:
        """Return the estimate for what was counted."""
        return max(0.0, sum(map(float.__mul__, self.weights, features)))

    def bound(self, tokens: float) -> int:
        """Return how many tokens more than an estimate of `tokens` there may well be."""
        times, least, largest = _BOUND
        return math.ceil(tokens * min(max(times * self.error, least), largest)) + _LEAST_BOUND

    def within(self, room: int) -> float:
        """Return the largest estimate that stays within `room` tokens, its bound included."""
        times, least, largest = _BOUND
        share = min(max(times * self.error, least), largest)
        # One less, because the bound is rounded up.
        return max(0.0, (room - _LEAST_BOUND - 1) / (1 + share))

    def learned(self, features: Features, count: int) -> Self:
        """Return what is known after a request was counted by the server.

        Args:
            features: What was counted of all that was sent.
            count: The tokens of the whole prompt, `prompt_eval_count`.
        """
        if count <= 0:
            return self
        expected = self.tokens(features)
        unlikely = self.known and not expected / _ABSURD - 20 <= count <= expected * _ABSURD + 20
        if unlikely and self.disbelieved + 1 < _DISAGREEMENTS:
            return replace(self, disbelieved=self.disbelieved + 1)
        known = self._doubtful() if unlikely else self
        missed = abs(count - expected) / count
        # Some tokens more or less say nothing about a short prompt.
        missed = max(0.0, missed - _NOISE[0] / count)
        share = max(_ERROR_WEIGHT, 1 / (self.answers + 2))
        return replace(
            # What others agree with is no outlier.
            known._filtered(features, count, math.inf if unlikely else _OUTLIER),
            answers=self.answers + 1,
            error=(1 - share) * self.error + share * min(missed, 1.0),
            disbelieved=0,
        )

    def _doubtful(self) -> Self:
        """Return it with as much doubt as at first, for a model that has changed."""
        return replace(self, covariance=type(self)().covariance)

    def _filtered(self, features: Features, count: int, outlier: float) -> Self:
        """Return it after one step of a Kalman filter whose weights wander a little between answers."""
        variances = [self.covariance[index][index] for index in range(_SIZE)]
        wander = [
            min(_WANDER * doubt * doubt, max(0.0, doubt * doubt - variance))
            for doubt, variance in zip(_DOUBT, variances, strict=True)
        ]
        covariance = tuple(
            tuple(value + (wander[row] if row == column else 0.0) for column, value in enumerate(values))
            for row, values in enumerate(self.covariance)
        )
        noise = _NOISE[0] + _NOISE[1] * count
        weights, covariance = _corrected(self.weights, covariance, features, count, noise, outlier)
        for index, weight in enumerate(weights):
            if weight < 0.0:
                # Nothing costs less than nothing; what depends on it moves along.
                alone = tuple(1.0 if each == index else 0.0 for each in range(_SIZE))
                weights, covariance = _corrected(weights, covariance, alone, 0.0, 0.1 * _DOUBT[index])
        return replace(self, weights=weights, covariance=covariance)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "names": list(NAMES),
            "weights": list(self.weights),
            "covariance": [list(row) for row in self.covariance],
            "answers": self.answers,
            "error": self.error,
            "disbelieved": self.disbelieved,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return what `as_dict` made; one of another version, or a damaged one, begins anew."""
        try:
            if values["names"] != list(NAMES):
                return cls()
            weights = _numbers(values["weights"])
            covariance = tuple(_numbers(row) for row in values["covariance"])
            answers, disbelieved = int(values["answers"]), int(values["disbelieved"])
            error = float(values["error"])
        except (KeyError, TypeError, ValueError, OverflowError):
            return cls()
        sound = len(covariance) == _SIZE and math.isfinite(error)
        return (
            cls(weights, covariance, max(answers, 0), min(max(error, 0.0), 1.0), disbelieved)
            if sound
            else cls()
        )


def _corrected(
    weights: Features,
    covariance: tuple[Features, ...],
    features: Features,
    count: float,
    noise: float,
    outlier: float = _OUTLIER,
) -> tuple[Features, tuple[Features, ...]]:
    """Return weights and covariance after one measurement with a standard deviation of `noise`.

    From `outlier` standard deviations on it counts less.
    """
    spread = [sum(map(float.__mul__, row, features)) for row in covariance]
    expected = sum(map(float.__mul__, spread, features))
    surprise = count - sum(map(float.__mul__, weights, features))
    limit = outlier * math.sqrt(expected + noise * noise)
    # Huber's weight: a surprise beyond the limit counts as one at the limit, and as one less certain.
    trust = min(1.0, limit / abs(surprise)) if surprise else 1.0
    variance = (expected + noise * noise) / trust
    gain = [value / variance for value in spread]
    return (
        tuple(weight + part * surprise for weight, part in zip(weights, gain, strict=True)),
        tuple(
            tuple(
                covariance[row][column] - (gain[row] * spread[column] + gain[column] * spread[row]) / 2
                for column in range(_SIZE)
            )
            for row in range(_SIZE)
        ),
    )


def _numbers(values: Any) -> Features:
    numbers = tuple(float(value) for value in values)
    if len(numbers) != _SIZE or not all(map(math.isfinite, numbers)):
        raise ValueError("not weights of this version")
    return numbers
