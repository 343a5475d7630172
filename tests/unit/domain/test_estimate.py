"""The estimate of tokens: it learns fast, is not led astray, and says how far off it may be."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.benchmarks.calibration import recorded, shuffled
from tests.support.builders import an_attachment
from tui.domain.estimate import (
    NAMES,
    REQUEST,
    SLICE,
    Calibration,
    Features,
    added,
    image_features,
    message_features,
    rough_features,
    text_features,
)

TEXTS = (
    "The quick brown fox jumps over the lazy dog, and then it rests for a while in the shade.",
    "def visit(place: str) -> int:\n    return len(place) * 2  # twice\n\n",
    "In 1969 about 600,000,000 people watched; 12 % of them in colour.",
    "東京は日本の首都です。人口は約1400万人です。",
    "Все люди рождаются свободными и равными. Straßenverkehrsordnung, déjà vu!",
    '{"name": "Ada", "born": 1815, "tags": ["maths", "engines"]}',
)


def a_tokenizer(seed: int) -> tuple[Features, random.Random]:
    """Return what a model costs that differs from others as real ones do."""
    chance = random.Random(seed)
    weights = [weight * chance.uniform(0.75, 1.3) for weight in Calibration().weights]
    weights[0], weights[1], weights[2] = chance.choice((3.0, 25.0, 90.0, 400.0)), 0.0, chance.uniform(3, 9)
    return tuple(weights), chance


def a_request(chance: random.Random, turns: int) -> Features:
    texts = ["\n".join(chance.choices(TEXTS, k=chance.randint(1, 6))) for _ in range(turns)]
    return added([REQUEST, *map(message_features, texts)])


def counted(weights: Features, features: Features) -> int:
    return round(sum(map(float.__mul__, weights, features)))


def missed(calibration: Calibration, features: Features, count: int) -> float:
    return abs(calibration.tokens(features) - count) / count


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_after_three_answers_the_error_is_small_and_within_its_bound(seed: int) -> None:
    weights, chance = a_tokenizer(seed)
    calibration = Calibration()
    errors = []
    for turn in range(1, 14):
        features = a_request(chance, 2 * turn - 1)
        count = counted(weights, features)
        if calibration.known:
            errors.append(missed(calibration, features, count))
            estimate = calibration.tokens(features)
            assert count <= estimate + 2 * calibration.bound(estimate)
        calibration = calibration.learned(features, count)
    assert sum(errors) / len(errors) <= 0.05
    assert errors[-1] <= 0.03


@pytest.mark.parametrize("model", ["gemma3:270m", "thinker:270m"])
def test_after_three_recorded_answers_the_next_is_foreseen(model: str) -> None:
    for first, second, third, (features, count), *_ in shuffled(recorded(model), 30):
        calibration = Calibration()
        for answer in (first, second, third):
            calibration = calibration.learned(*answer)
        # One token more or less is a large share of a prompt of ten.
        assert abs(calibration.tokens(features) - count) <= max(0.05 * count, 1.6)


def test_it_stays_right_over_hundreds_of_answers() -> None:
    weights, chance = a_tokenizer(5)
    calibration = Calibration()
    worst = 0.0
    for turn in range(300):
        features = a_request(chance, chance.randint(1, 12))
        if turn % 7 == 0:
            features = added((features, image_features([an_attachment()])))
        count = counted(weights, features)
        if turn > 20:
            worst = max(worst, missed(calibration, features, count))
        calibration = calibration.learned(features, count)
    assert worst < 0.05


def test_a_count_that_cannot_be_is_not_believed_until_others_agree() -> None:
    weights, chance = a_tokenizer(3)
    calibration = Calibration()
    for turn in range(1, 8):
        features = a_request(chance, turn)
        calibration = calibration.learned(features, counted(weights, features))
    features = a_request(chance, 9)
    right = calibration.tokens(features)
    led = calibration.learned(features, round(right / 5))
    assert led.tokens(features) == right
    assert led.disbelieved == 1
    for _ in range(4):
        led = led.learned(features, round(right / 5))
    assert led.tokens(features) < right / 3


def test_a_model_that_gives_no_counts_teaches_nothing() -> None:
    calibration = Calibration()
    assert calibration.learned(a_request(random.Random(1), 3), 0) == calibration


@given(st.integers(0, 10_000), st.integers(0, 200_000))
@settings(max_examples=30, deadline=None)
def test_what_is_within_a_room_stays_within_it_with_its_bound(seed: int, room: int) -> None:
    weights, chance = a_tokenizer(seed)
    calibration = Calibration()
    for turn in range(chance.randint(0, 3)):
        features = a_request(chance, turn + 1)
        calibration = calibration.learned(features, counted(weights, features))
    tokens = calibration.within(room)
    assert tokens == 0 or tokens + calibration.bound(tokens) <= room


@given(st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_what_is_learned_survives_being_stored(seed: int) -> None:
    weights, chance = a_tokenizer(seed)
    features = a_request(chance, 4)
    calibration = Calibration().learned(features, counted(weights, features))
    assert Calibration.from_dict(json.loads(json.dumps(calibration.as_dict()))) == calibration


def test_damaged_or_foreign_state_begins_anew() -> None:
    sound = Calibration(answers=5).as_dict()
    cases: tuple[dict[str, object], ...] = (
        {},
        {"weights": [1.0]},
        {"weights": ["x"] * len(NAMES)},
        {"weights": [float("nan")] * len(NAMES)},
        {"names": ["other"]},
        {"covariance": []},
        {"answers": "many"},
        {"error": float("inf")},
    )
    for damage in cases:
        state = {**sound, **damage} if damage else {}
        assert Calibration.from_dict(state) == Calibration()


def test_long_texts_are_counted_in_slices() -> None:
    text = "word " * SLICE
    # A word at the edge of a slice counts twice.
    assert SLICE <= text_features(text)[NAMES.index("word")] <= SLICE + 5
    assert rough_features(len(text))[NAMES.index("word")] == SLICE


@given(st.text(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_text_can_be_counted(text: str) -> None:
    features = text_features(text)
    assert min(features) >= 0
    assert len(features) == len(NAMES)
    assert Calibration().tokens(features) >= 0
