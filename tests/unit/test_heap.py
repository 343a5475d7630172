"""Garbage is not looked for while the app starts, and afterwards only among what is new."""

import gc
from collections.abc import Iterator

import pytest

from tui import heap


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    thresholds, frozen = gc.get_threshold(), gc.get_freeze_count()
    yield
    gc.enable()
    gc.set_threshold(*thresholds)
    if not frozen:
        gc.unfreeze()


def test_nothing_is_looked_for_until_the_start_is_over() -> None:
    heap.hold()
    assert not gc.isenabled()
    before = gc.get_freeze_count()
    heap.settle()
    assert gc.isenabled()
    assert gc.get_freeze_count() > before


def test_where_nothing_was_held_nothing_is_frozen() -> None:
    before = gc.get_freeze_count(), gc.get_threshold()
    heap.settle()
    assert (gc.get_freeze_count(), gc.get_threshold()) == before
