"""What is looked through to find words is what is drawn."""

import re

import pytest

from tests.support.transcript_app import message
from tests.unit.rendering.drawing import DARK, corpus, document, real_answers
from tui.rendering.document import Document
from tui.rendering.message import MessageItem, Part
from tui.widgets.shown_texts import Shown, ShownText, ShownTexts, folded, may_contain
from tui.widgets.transcript_find import _marks, marks_of, spot_of

TEXTS = [*corpus(), *real_answers()]
WIDTHS = (400, 30, 12)


def taken(text: ShownText, source: Document) -> ShownText:
    for _ in text.take(source.blocks):
        pass
    return text


def words_of(text: str) -> list[str]:
    """Return some words of a text, and pairs of them."""
    words = re.findall(r"\w+", text)
    return sorted(
        {*words[::7], *(" ".join(pair) for pair in zip(words[::9], words[1::9], strict=False)), "e", "a b"}
    )


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_what_is_counted_is_what_is_marked(text: str) -> None:
    source = document(text)
    shown = taken(ShownText(), source)
    for width in WIDTHS:
        drawn = [block.lines(0, block.height(width), width, DARK) for block in source.blocks]
        for word in map(folded, words_of(text)):
            begun = [
                mark
                for lines in drawn
                for row, mark in _marks(lines, word, 0)
                if mark.row == row and (mark.start < mark.end or lines[row].cut)
            ]
            assert sum(stretch.shown.count(word) for stretch in shown._stretches) == len(begun), word
            if begun:
                assert may_contain(text, word), word


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_what_grows_is_counted_like_the_whole(text: str) -> None:
    growing, shown = Document(), ShownText()
    for start in range(0, len(text), 23):
        growing.append(text[start : start + 23])
        taken(shown, growing)
        for word in ("e", "the", "x"):
            assert shown.count(word) == taken(ShownText(), growing).count(word)


def test_code_that_grows_is_not_read_again() -> None:
    growing, shown = Document("```py\n"), ShownText()
    for number in range(500):
        growing.append(f"x = {number}\n")
        before = shown._stretches[:-1]
        taken(shown, growing)
        assert all(one is other for one, other in zip(before, shown._stretches, strict=False))
    assert shown.count("x = ") == 500
    assert shown.find("x = ", 321) == (0, 321)


@pytest.mark.parametrize(
    ("text", "words", "count"),
    [
        ("**bold** text", "bold text", 1),
        ("un*frigging*believable", "unfriggingbelievable", 1),
        ("see [the *docs*](https://d.example) now", "the docs", 1),
        ("see [docs](https://d.example/a)", "d.example", 1),
        ("see [docs][d].\n\n[d]: https://d.example", "d.example", 1),
        ("a &amp; b", "a & b", 1),
        ("$\\alpha + \\beta$", "α + β", 1),
        ("$\\alpha + \\beta$", "\\alpha", 1),
        ("$$\n\\frac{a}{b}\n$$", "\\frac", 1),
        ("| a | b |\n|---|---|\n| one | two |", "two", 1),
        ("| a | b |\n|---|---|\n| one | two |", "one | two", 0),
        ("- [x] done\n  1. **d**one", "done", 2),
        ("> ```\n> code here\n> ```", "code here", 1),
        ("```md\n**bold**\n```", "**bold**", 1),
        ("**bold**", "**", 0),
        ("# Heading", "# h", 0),
        ("<b>bold</b>", "<b>bold", 1),
    ],
)
def test_words_are_found_as_they_are_read(text: str, words: str, count: int) -> None:
    texts, said = ShownTexts(Document), message(1, text)
    for _ in texts.read(said, None):
        pass
    shown = texts.known(said)
    assert shown is not None
    assert shown.counts(words) == (0, count)
    assert not count or may_contain(text, words)


def test_a_match_in_wrapped_code_is_on_its_row() -> None:
    code = "\n".join(f"call({'x' * number}, needle, needle{number})" for number in range(60))
    item = MessageItem(message(1, f"Words.\n\n```\n{code}\n```"), Document)
    palette = DARK.__class__(**{name: getattr(DARK, name) for name in DARK.__slots__} | {"wrap_code": True})
    item.layout(40, wrap_code=True)
    text = ShownText()
    for _ in text.take(item.blocks_of(Part.BODY)):
        pass
    assert text.count("needle") == 120
    spot = spot_of(item, Part.BODY, text.find("needle", 101), "needle", palette)
    assert spot.block is not None
    lines = spot.block.lines(0, item.height_of(spot.block), 37, palette)
    marks = marks_of(lines, "needle")
    assert any((mark.row, mark.nth) == (spot.row, spot.nth) for mark in marks[spot.row])
    assert "needle50" in "".join(line.strip.text.strip() for line in lines[spot.row : spot.row + 3])


def test_texts_beyond_what_is_kept_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.widgets.shown_texts._KEPT", 100)
    texts, said = ShownTexts(Document), [message(number, "word " * 12) for number in range(4)]
    for each in said:
        for _ in texts.read(each, None):
            pass
    known = [texts.known(each) is not None for each in said]
    assert known == [False, False, False, True]
    assert isinstance(texts.known(said[-1]), Shown)
