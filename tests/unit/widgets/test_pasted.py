"""Large pastes behind labels."""

from hypothesis import given
from hypothesis import strategies as st

from tui.widgets.pasted import PastedTexts, is_large


def test_what_is_large() -> None:
    assert not is_large("a few words\nin two lines")
    assert is_large("x" * 10_000)
    assert is_large("x\n" * 100)


@given(st.lists(st.text(max_size=30), max_size=5), st.text(max_size=20))
def test_expanding_gives_back_every_text(texts: list[str], between: str) -> None:
    pasted = PastedTexts()
    labels = [pasted.add(text) for text in texts]
    assert pasted.expand(between.join(labels)) == between.join(texts)


def test_a_label_that_nothing_was_pasted_under_stays_as_it_is() -> None:
    pasted = PastedTexts()
    label = pasted.add("text\n")
    other = label.replace("#1", "#2")
    assert pasted.expand(f"{other} {label}") == f"{other} text\n"
    assert list(pasted.spans(f"{other} {label}")) == [(len(other) + 1, len(other) + 1 + len(label))]
