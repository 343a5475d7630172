"""What is asked before the app ends."""

import pytest

from tui.screens.leaving import quit_question


@pytest.mark.parametrize(
    ("answers", "pulls", "temporary", "question", "known"),
    [
        (1, 0, False, "An answer is being written. Quit?", ["kept"]),
        (3, 0, False, "3 answers are being written. Quit?", ["kept"]),
        (0, 1, False, "A model is being fetched. Quit?", ["goes on from there"]),
        (
            2,
            2,
            False,
            "2 answers are being written and 2 models are being fetched. Quit?",
            ["kept", "goes on"],
        ),
        (0, 0, True, "A temporary conversation is open. Quit?", ["stored nowhere"]),
        (
            1,
            1,
            True,
            "An answer is being written, a model is being fetched and a temporary conversation is open."
            " Quit?",
            ["kept", "goes on", "nowhere"],
        ),
    ],
)
def test_everything_that_goes_on_is_asked_about_at_once(
    answers: int, pulls: int, temporary: bool, question: str, known: list[str]
) -> None:
    asked = quit_question(answers=answers, pulls=pulls, temporary=temporary)
    assert asked is not None
    assert asked[0] == question
    assert all(words in asked[1] for words in known)


def test_nothing_is_asked_where_nothing_goes_on() -> None:
    assert quit_question(answers=0, pulls=0, temporary=False) is None
