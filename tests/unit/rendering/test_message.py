"""A message as rows."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.support.transcript_app import message
from tui.domain.conversation import (
    Attachment,
    ConversationId,
    Message,
    MessageId,
    MessageStatus,
    QueuedMessage,
    Role,
)
from tui.domain.generation import Stats
from tui.rendering.document import Document
from tui.rendering.furniture import seconds, when
from tui.rendering.line import Palette
from tui.rendering.message import GUTTER, MessageItem, Part
from tui.rendering.plain import PlainText, UserText, wrapped

PALETTE = Palette(
    dark=True,
    foreground="#eeeeee",
    background="#111111",
    surface="#222222",
    muted="#999999",
    primary="#5599ff",
    secondary="#77aadd",
    accent="#ffaa55",
    warning="#ffaa00",
    error="#ff5555",
    success="#88dd88",
)


def drawn(item: MessageItem, width: int = 62) -> list[str]:
    item.layout(width)
    return [row.line.strip.text.rstrip() for row in item.rows(0, item.height, PALETTE)]


def item_of(entry: Message | QueuedMessage, *, unfolded: bool = False) -> MessageItem:
    return MessageItem(entry, Document, now=1_700_000_000.0, unfolded=unfolded)


def test_an_answer_says_who_when_how_fast_and_which_branch() -> None:
    stats = Stats(answer_tokens=312, answer_seconds=5.78, total_seconds=2.1)
    item = MessageItem(message(0, "Hello.", stats=stats), Document, branch=(2, 3), now=1_700_000_000.0)
    header, body, below = drawn(item, 100)
    assert header.startswith("test:1b  ")
    assert "‹ 2/3 ›   54 tok/s · 2.1 s · 312 tokens   " in header
    assert cell_len(header) == 100 - GUTTER - 1
    assert (body, below) == ("Hello.", "")


def test_what_matters_least_goes_first_for_want_of_room() -> None:
    stats = Stats(answer_tokens=312, answer_seconds=5.78, total_seconds=2.1)
    item = MessageItem(message(0, "Hello.", stats=stats), Document, branch=(2, 3), now=1_700_000_000.0)
    assert "tok/s" not in drawn(item, 40)[0]
    assert ":" in drawn(item, 40)[0].removeprefix("test:1b")
    assert drawn(item, 24)[0].split() == ["test:1b", "‹", "2/3", "›"]
    assert drawn(item, 12)[0] == "test:1b"


def test_a_failure_quotes_what_went_wrong_and_offers_to_retry() -> None:
    rows = drawn(item_of(message(0, status=MessageStatus.FAILED, error="It broke.", hint="Mend it.")))
    assert rows[1:] == ["▌ It broke.", "▌ Mend it.", "Retry (r)", ""]


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        (MessageStatus.STOPPED, "So", "■ stopped   Continue (C)   Retry (r)"),
        (MessageStatus.INTERRUPTED, "So", "▲ interrupted   Continue (C)   Retry (r)"),
        (MessageStatus.INTERRUPTED, "", "▲ interrupted   Retry (r)"),
    ],
)
def test_an_answer_that_did_not_end_says_so(status: MessageStatus, content: str, expected: str) -> None:
    assert drawn(item_of(message(0, content, status=status)))[-2] == expected


def test_why_an_answer_stopped_is_told_unless_it_simply_ended() -> None:
    answer = message(0, "So")
    assert "cut at the length limit   Continue (C)" in drawn(item_of(replace(answer, stop_reason="length")))
    assert drawn(item_of(replace(answer, stop_reason="stop"))) == drawn(item_of(answer))


def test_thinking_is_folded_and_unfolds() -> None:
    answer = message(0, "So.", thinking="Let me see.", stats=Stats(thinking_seconds=3.2))
    assert drawn(item_of(answer))[1:] == ["▸ Thought for 3.2 s", "So.", ""]
    assert drawn(item_of(answer, unfolded=True))[1:] == [
        "▾ Thought for 3.2 s",
        "│ Let me see.",
        "",
        "So.",
        "",
    ]


def test_before_the_first_word_there_is_a_row_for_it() -> None:
    item = item_of(message(0, status=MessageStatus.STREAMING))
    waiting = drawn(item)
    item.update(message(0, "Yes", status=MessageStatus.STREAMING))
    assert len(waiting) == len(drawn(item))


def test_a_user_keeps_every_line_break_and_gets_code_as_code() -> None:
    text = "one\n  two  *not bold*\n\n```python\nprint(1)\n```\nthree"
    item = item_of(message(0, text, role=Role.USER))
    rows = drawn(item)
    assert rows[0].startswith("You")
    assert rows[1:3] == ["one", "  two  *not bold*"]
    assert rows[3] == ""
    assert rows[4].split() == ["python", "copy"]
    assert [block.code for block in item.code_blocks] == ["print(1)"]
    assert rows[-2:] == ["three", ""]


def test_attachments_are_named() -> None:
    file = Attachment("0", "paris\x1b[31m.png", "image/png", 10, 1200, 800)
    rows = drawn(item_of(replace(message(0, "What?", role=Role.USER), attachments=(file,))))
    assert rows[1:] == ["What?", "┌ paris␛[31m.png 1200×800 ┐", ""]


def test_text_files_are_named_below_what_was_said() -> None:
    file = Attachment("0", "a\nb.md", "text/markdown", 10)
    rows = drawn(item_of(replace(message(0, "What?", role=Role.USER), attachments=(file,))))
    assert rows[1:] == ["What?", "▪ a b.md", ""]


def test_a_queued_message_says_so() -> None:
    queued = QueuedMessage(MessageId("q"), ConversationId("c"), "and then?", 0.0)
    head, *rest = drawn(item_of(queued))
    assert head.split() == ["You", "·", "queued", "Edit", "(e)", "Delete", "(d)"]
    assert rest == ["and then?", ""]


def test_rows_in_pieces_are_the_rows() -> None:
    item = item_of(
        message(
            0, "# Title\n\ntext\n\n```sh\nls\n```\n\n- a\n- b", thinking="x\ny", stats=Stats(total_seconds=1)
        ),
        unfolded=True,
    )
    whole = drawn(item)
    single = [
        row.line.strip.text.rstrip() for n in range(item.height) for row in item.rows(n, n + 1, PALETTE)
    ]
    assert single == whole
    assert item.rows(item.height, item.height + 5, PALETTE) == []


TEXTS = st.text(alphabet="ab *`#-\n|>1.漢👩\u200d\u0301", max_size=120)


@given(TEXTS, st.lists(st.integers(0, 120), max_size=6), st.integers(3, 50))
def test_an_answer_in_pieces_ends_as_the_whole(text: str, cuts: list[int], width: int) -> None:
    item = item_of(message(0, status=MessageStatus.STREAMING))
    for cut in sorted(cuts):
        item.update(message(0, text[:cut], thinking=text[: cut // 2], status=MessageStatus.STREAMING))
        item.layout(width)
    end = message(0, text, thinking=text)
    item.update(end)
    assert drawn(item, width) == drawn(item_of(end), width)


@given(TEXTS, st.integers(4, 40), st.integers(4, 40))
def test_a_place_is_found_again_at_the_same_width_and_is_a_row_at_any_other(
    text: str, first: int, second: int
) -> None:
    item = item_of(message(0, text, thinking=text), unfolded=True)
    item.layout(first)
    for row in range(item.height):
        item.layout(first)
        place = item.place(row, PALETTE)
        assert item.row_of(place, PALETTE) == row
        item.layout(second)
        assert 0 <= item.row_of(place, PALETTE) < item.height


def test_blocks_of_a_long_text_are_measured_where_they_are_asked_for() -> None:
    text = "\n\n".join(f"**paragraph** {n} " + "word " * (n % 40) for n in range(100))
    item = item_of(message(0, text, thinking=text), unfolded=True)
    item.layout(30)
    before = [item.order_of(row) for row in range(item.height)]
    assert before == sorted(set(before))
    middle = item.height // 2
    order, grown_above = item.order_of(middle), 0
    while (measured := item.measure_between(0, middle)) is not None:
        grown_above += measured[1]
    assert item.order_of(item.row_at(order)) == order
    assert item.row_at(order) == middle + grown_above
    while item.measure_between(0, item.height) is not None:
        pass
    rows = [row.line.strip.text for row in item.rows(0, item.height, PALETTE)]
    assert sum("paragraph" in row for row in rows) >= 100
    assert item.height == item.layout(30) == len(rows)


def test_a_place_in_folded_thinking_becomes_what_is_below_it() -> None:
    item = item_of(message(0, "So.", thinking="a\nb\nc"), unfolded=True)
    item.layout(40)
    place = item.place(3, PALETTE)
    item.unfolded = False
    rows = drawn(item, 40)
    assert item.row_of(place, PALETTE) in (rows.index("▸ Thought"), rows.index("So."))


def test_an_answer_that_goes_on_after_its_end_is_parsed_again() -> None:
    item = item_of(message(0, "One", status=MessageStatus.STOPPED))
    item.update(message(0, "One two", status=MessageStatus.STREAMING))
    assert "One two" in drawn(item)


@given(st.text(max_size=200), st.integers(2, 30))
def test_wrapped_lines_fit_and_join_to_the_text(text: str, width: int) -> None:
    line = " ".join(text.split("\n")).replace("\t", " ").rstrip()
    pieces = wrapped(line, width)
    assert all(cell_len(piece) <= width for piece, _ in pieces)
    assert "".join((join or "") + piece for piece, join in pieces) == line


def test_a_very_long_line_wraps_in_one_go() -> None:
    assert len(wrapped("x" * 100_000, 80)) == 1250
    assert len(wrapped("word " * 20_000, 80)) == 1250


def test_plain_text_appended_in_pieces_is_the_text() -> None:
    text = PlainText("one\r")
    text.append("\ntwo\n")
    assert text.blocks[-1].source == "one\ntwo"
    text.append("\n\nthree")
    assert text.blocks[-1].source == "one\ntwo\n\n\nthree"
    for _ in range(200):
        text.append("\nmore")
    assert max(block.source.count("\n") for block in text.blocks) < 64


def test_fences_of_a_user_are_numbered_as_they_are_copied() -> None:
    text = UserText(Document)
    text.append("a\n```sh\nls\n```\nb\n~~~\nx\n~~~\nc")
    assert [block.code for block in text.code_blocks] == ["ls", "x"]


def test_durations_and_times_in_words() -> None:
    assert [seconds(value) for value in (2.14, 59.9, 65, 3700)] == [
        "2.1 s",
        "59.9 s",
        "1 min 5 s",
        "1 h 1 min",
    ]
    now = 1_700_000_000.0
    assert len(when(now, now)) == len("12:34")
    assert when(now - 400 * 86400, now).startswith("2022-")
    assert when(1e20, now) == ""


def test_parts_come_in_their_order() -> None:
    item = item_of(message(0, "So.", thinking="Hm.", status=MessageStatus.STOPPED), unfolded=True)
    item.layout(40)
    parts = [row.part for row in item.rows(0, item.height, PALETTE) if row.block is not None]
    assert list(dict.fromkeys(parts)) == [Part.TITLE, Part.THINKING, Part.BODY, Part.NOTE]
