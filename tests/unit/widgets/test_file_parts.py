"""Lines of a file that is named after `@`."""

from tui.domain.listing import Listing, PathEntry
from tui.widgets.completion import path_word, suggest_paths

LISTING = Listing((PathEntry("notes", True), PathEntry("notes.md", False)))


def offered(typed: str) -> list[tuple[str, str]]:
    word = path_word(typed, len(typed))
    assert word is not None
    return [(each.text, each.file) for each in suggest_paths(word, LISTING)]


def test_lines_stay_behind_the_name_of_a_file() -> None:
    assert offered("see @notes.md:10-20") == [("@notes.md:10-20", "notes.md:10-20")]
    assert offered("@not:3") == [("@notes/", ""), ("@notes.md:3", "notes.md:3")]
    assert offered("@not") == [("@notes/", ""), ("@notes.md", "notes.md")]
