"""The transcript stays put, follows, and draws only what is seen."""

import random
from dataclasses import replace

import pytest
from textual.app import ComposeResult
from textual.geometry import Region

from tests.support.transcript_app import MarkdownApp, PlainDocument, TranscriptApp, conversation, message
from tui.domain.conversation import ConversationId, MessageId, MessageStatus, QueuedMessage, Role
from tui.widgets.transcript import Transcript

LOREM = "Lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore"


def ragged(count: int, seed: int = 1) -> list[str]:
    rng = random.Random(seed)
    return [
        "\n".join(f"m{number} l{line} {LOREM[: rng.randrange(90)]}" for line in range(rng.randrange(1, 30)))
        for number in range(count)
    ]


def text_rows(app: TranscriptApp) -> list[str]:
    """Return the rows without scrollbar and what is drawn over the last one."""
    width = app.transcript._view.width
    return [row[2:width].rstrip() for row in app.rows()[:-1]]


async def test_opens_at_the_end_and_follows() -> None:
    app = TranscriptApp(conversation(50))
    async with app.run_test(size=(60, 14)):
        assert "m49 line 2" in "\n".join(app.rows())
        assert app.follows()


async def test_a_streaming_answer_is_followed() -> None:
    app = TranscriptApp(conversation(5))
    async with app.run_test(size=(60, 14)) as pilot:
        answer = message(100, status=MessageStatus.STREAMING)
        app.transcript.append(answer)
        text = ""
        for number in range(40):
            text += f"token {number}\n"
            app.transcript.stream(answer.id, text, "")
            await pilot.pause()
            assert f"token {number}" in "\n".join(app.rows())
        app.transcript.replace(replace(answer, content=text, status=MessageStatus.COMPLETE))
        await pilot.pause()
        assert "token 39" in "\n".join(app.rows())
        assert app.follows()


async def test_text_that_arrives_below_moves_nothing_and_is_announced() -> None:
    app = TranscriptApp(conversation(50))
    async with app.run_test(size=(60, 14)) as pilot:
        answer = message(100, status=MessageStatus.STREAMING)
        app.transcript.append(answer)
        app.transcript.page(-1)
        await pilot.pause()
        before = text_rows(app)
        for number in range(20):
            app.transcript.stream(answer.id, "word\n" * (number + 1), "")
            await pilot.pause()
        app.transcript.replace(replace(answer, content="word\n" * 30, status=MessageStatus.COMPLETE))
        await pilot.pause()
        assert text_rows(app) == before
        assert "↓ new text" in app.rows()[-1]
        assert not app.follows()
        await pilot.click("Transcript", offset=(55, 13))
        await pilot.pause()
        assert app.follows()
        assert "↓ new text" not in app.rows()[-1]


@pytest.mark.parametrize("seed", range(6))
async def test_random_scrolls_show_no_discontinuity(seed: int) -> None:
    rng = random.Random(seed)
    texts = ragged(120, seed)
    app = TranscriptApp([message(number, text) for number, text in enumerate(texts)])
    async with app.run_test(size=(50, 16)) as pilot:
        for _ in range(60):
            before = text_rows(app)
            at_top, at_end = app.transcript.scroll_y == 0, bool(app.follows())
            step = rng.choice([-14, -9, -3, -1, 1, 2, 5, 13])
            if abs(step) > 12:
                app.transcript.page(step // abs(step))
                step = 14 * step // abs(step)
            else:
                app.transcript.scroll_relative(y=step, animate=False)
            await pilot.pause()
            after = text_rows(app)
            if (at_top and step < 0) or (at_end and step > 0):
                assert after == before
            elif step < 0:
                moved = min(-step, len(before))
                # At the very top there are fewer rows to move by.
                possible = range(1, moved + 1) if app.transcript.scroll_y == 0 else [moved]
                assert any(after[n:] == before[: len(before) - n] for n in possible), step
            else:
                moved = min(step, len(before))
                possible = range(1, moved + 1) if app.follows() else [moved]
                assert any(after[: len(before) - n] == before[n:] for n in possible), step


@pytest.mark.parametrize("seed", range(4))
async def test_a_resize_keeps_the_line_that_is_read(seed: int) -> None:
    rng = random.Random(seed)
    texts = ragged(60, seed)
    app = TranscriptApp([message(number, text) for number, text in enumerate(texts)])
    async with app.run_test(size=(60, 16)) as pilot:
        for _ in range(rng.randrange(3, 9)):
            app.transcript.page(-1)
            await pilot.pause()
        first = next(row for row in text_rows(app) if row.startswith("m"))
        while text_rows(app)[0] != first:
            app.transcript.scroll_relative(y=1, animate=False)
            await pilot.pause()
        word = " ".join(first.split()[:2])
        for width in (30, 90, 24, 61, 40, 60):
            await pilot.resize_terminal(width, 16)
            await pilot.pause()
            assert text_rows(app)[0].startswith(word), width
        assert text_rows(app)[0] == first


async def test_at_the_end_a_resize_stays_at_the_end() -> None:
    app = TranscriptApp([message(n, text) for n, text in enumerate(ragged(30))])
    async with app.run_test(size=(60, 16)) as pilot:
        for width, height in ((30, 10), (80, 30), (20, 5), (60, 16)):
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            assert app.follows()
            assert "m29" in "\n".join(app.rows()) or height == 5


async def test_each_conversation_opens_where_it_was_left() -> None:
    app = TranscriptApp([message(n, text) for n, text in enumerate(ragged(60))])
    async with app.run_test(size=(60, 16)) as pilot:
        first = app._messages
        for _ in range(4):
            app.transcript.page(-1)
            await pilot.pause()
        before = text_rows(app)
        app.transcript.show("two", conversation(20))
        await pilot.pause()
        assert "m19 line 2" in "\n".join(app.rows())
        app.transcript.show("one", first)
        await pilot.pause()
        assert text_rows(app) == before
        app.transcript.show("two", conversation(20))
        await pilot.pause()
        assert app.follows()


async def test_shown_again_a_conversation_does_not_move() -> None:
    messages = [message(n, text) for n, text in enumerate(ragged(60))]
    app = TranscriptApp(messages)
    async with app.run_test(size=(60, 16)) as pilot:
        for _ in range(4):
            app.transcript.page(-1)
            await pilot.pause()
        before = text_rows(app)
        app.transcript.show("one", [message(500, "something\nabove"), *messages, message(501, "below")])
        await pilot.pause()
        assert text_rows(app) == before


async def test_only_what_is_seen_and_the_next_page_is_parsed() -> None:
    PlainDocument.made = 0
    app = TranscriptApp(conversation(10_000))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await app.workers.wait_for_complete()
        assert PlainDocument.made < 12
        app.transcript.action_first_message()
        await pilot.pause()
        assert "m0 line 0" in "\n".join(app.rows())
        await app.workers.wait_for_complete()
        assert PlainDocument.made < 24
        app.transcript.scroll_to(y=app.transcript.max_scroll_y // 2, animate=False)
        await pilot.pause()
        await app.workers.wait_for_complete()
        # Here a page is prepared above as well as below.
        assert PlainDocument.made < 40


async def test_unfolding_keeps_the_header_under_the_pointer() -> None:
    messages = conversation(10)
    messages[9] = replace(messages[9], thinking="\n".join(f"thought {n}" for n in range(40)))
    app = TranscriptApp(messages)
    async with app.run_test(size=(60, 14)) as pilot:
        row = next(y for y, text in enumerate(app.rows()) if "▸ Thought" in text)
        await pilot.click("Transcript", offset=(4, row))
        await pilot.pause()
        assert "▾ Thought" in app.rows()[row]
        assert "thought 0" in app.rows()[row + 1]
        await pilot.press("enter")
        await pilot.pause()
        assert "▸ Thought" in "\n".join(app.rows())
        assert "m9 line 2" in "\n".join(app.rows())


async def test_thinking_is_open_while_it_streams_and_folds_when_it_ends() -> None:
    app = TranscriptApp(conversation(2))
    async with app.run_test(size=(60, 20)) as pilot:
        answer = message(100, status=MessageStatus.STREAMING)
        app.transcript.append(answer)
        app.transcript.stream(answer.id, "", "considering\nthis")
        await pilot.pause()
        assert "▾ Thinking…" in "\n".join(app.rows())
        assert "│ this" in "\n".join(app.rows())
        app.transcript.stream(answer.id, "So.", "considering\nthis")
        await pilot.pause()
        assert "▸ Thought" in "\n".join(app.rows())
        assert "│ this" not in "\n".join(app.rows())


async def test_thinking_that_is_being_read_does_not_fold() -> None:
    app = TranscriptApp(conversation(2))
    async with app.run_test(size=(60, 14)) as pilot:
        answer = message(100, status=MessageStatus.STREAMING)
        app.transcript.append(answer)
        thinking = "\n".join(f"thought {n}" for n in range(60))
        app.transcript.stream(answer.id, "", thinking)
        await pilot.pause()
        app.transcript.page(-1)
        await pilot.pause()
        before = text_rows(app)
        app.transcript.stream(answer.id, "So.", thinking)
        app.transcript.replace(
            replace(answer, thinking=thinking, content="So it is.", status=MessageStatus.COMPLETE)
        )
        await pilot.pause()
        assert text_rows(app) == before


async def test_queued_messages_stand_at_the_end() -> None:
    app = TranscriptApp(conversation(2))
    async with app.run_test(size=(60, 24)) as pilot:
        queued = QueuedMessage(MessageId("q" * 32), ConversationId("c" * 32), "and then?", 0.0)
        app.transcript.set_queued([queued])
        app.transcript.append(message(7, "a new answer"))
        await pilot.pause()
        text = "\n".join(app.rows())
        assert text.index("a new answer") < text.index("queued") < text.index("and then?")
        app.transcript.set_queued([])
        await pilot.pause()
        assert "queued" not in "\n".join(app.rows())


async def test_an_empty_conversation_says_what_the_screen_told_it() -> None:
    app = TranscriptApp()
    async with app.run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        assert "Nothing has been said yet." in "\n".join(app.rows())
        await pilot.press("j", "G", "g", "c", "y", "enter", "r")
        app.transcript.append(message(1, "first words"))
        await pilot.pause()
        assert "first words" in "\n".join(app.rows())


HOSTILE = "\x1b]0;PWNED\x07 \x1b[31mred \x9b31m \x07\x08\r\n[red]not markup[/red] ‮abc‬ \ud800"


async def test_nothing_from_outside_reaches_the_terminal_as_a_control_character() -> None:
    bad = replace(
        message(0, HOSTILE, thinking=HOSTILE, error=HOSTILE, hint=HOSTILE, status=MessageStatus.FAILED),
        model=HOSTILE,
        stop_reason=HOSTILE,
    )
    app = TranscriptApp([bad, replace(bad, id=MessageId("u"), role=Role.USER), message(3, "x\n" + HOSTILE)])
    async with app.run_test(size=(70, 40)) as pilot:
        app.transcript._items.unfold(0, True)
        app.transcript.show("one", app.transcript._items.messages, notice=HOSTILE)
        await pilot.pause()
        drawn = "".join(app.rows())
        assert "not markup[/red]" in drawn
        assert not [char for char in drawn if ord(char) < 32 or 0x7F <= ord(char) < 0xA0]
        assert not set(drawn) & {"‮", "‬", "\ud800"}


@pytest.mark.parametrize("width", [1, 2, 3, 5])
async def test_no_width_is_too_small(width: int) -> None:
    texts = ["a wide 漢字 word", "👨‍👩‍👧 family", "x" * 300, "עברית مرحبا", "e\u0301\u0301\u0301", ""]
    app = TranscriptApp([message(n, text, thinking=text) for n, text in enumerate(texts)])
    async with app.run_test(size=(width, 10)) as pilot:
        for height in (1, 4, 10):
            await pilot.resize_terminal(width, height)
            app.transcript.page(-1)
            await pilot.pause()
            assert all(strip.cell_length == width for strip in app.screen._compositor.render_strips())


async def test_very_long_texts_are_drawn() -> None:
    app = TranscriptApp([message(0, "x" * 100_000), message(1, "\n".join(f"l{n}" for n in range(50_000)))])
    async with app.run_test(size=(80, 24)) as pilot:
        assert "l49999" in "\n".join(app.rows())
        app.transcript.action_first_message()
        await pilot.pause()
        assert "xxxx" in "\n".join(app.rows())


async def test_a_long_answer_that_is_scrolled_shows_no_discontinuity() -> None:
    text = "\n\n".join(f"**p{n}** {LOREM[: n * 7 % 90]} " * (n % 5 + 1) for n in range(150))
    app = MarkdownApp([message(1, text), message(2, text)])
    async with app.run_test(size=(50, 16)) as pilot:
        rng = random.Random(3)
        for _ in range(60):
            before = text_rows(app)
            step = rng.choice([-14, -9, -5, -1, 4])
            app.transcript.scroll_relative(y=step, animate=False)
            await pilot.pause()
            after, moved = text_rows(app), abs(step)
            if step < 0:
                assert after[moved:] == before[: len(before) - moved]
            elif not app.follows():
                assert after[: len(before) - moved] == before[moved:]


async def test_another_theme_changes_the_colours_and_not_the_place() -> None:
    app = TranscriptApp([message(n, text) for n, text in enumerate(ragged(30))])
    async with app.run_test(size=(60, 16)) as pilot:
        app.transcript.page(-1)
        await pilot.pause()
        before, palette = text_rows(app), app.transcript.palette
        app.theme = "textual-light"
        await pilot.pause()
        await pilot.pause()
        assert text_rows(app) == before
        assert app.transcript.palette != palette
        assert not app.transcript.palette.dark


async def test_wrapped_code_keeps_the_line_that_is_read() -> None:
    code = "\n".join(f"line_{n} = '{'x' * (n % 90)}'" for n in range(200))
    app = MarkdownApp([message(1, f"```python\n{code}\n```")])
    async with app.run_test(size=(50, 16)) as pilot:
        for _ in range(4):
            app.transcript.page(-1)
            await pilot.pause()
        first = text_rows(app)[0].split("=")[0]
        await pilot.press("w")
        await pilot.pause()
        assert app.transcript.wrap_code
        assert text_rows(app)[0].split("=")[0].rstrip("x") in (first, "")
        await pilot.press("w")
        await pilot.pause()
        assert text_rows(app)[0].split("=")[0] == first


async def test_streaming_needs_no_layout() -> None:
    app = TranscriptApp(conversation(50))
    async with app.run_test(size=(60, 14)) as pilot:
        answer = message(100, status=MessageStatus.STREAMING)
        app.transcript.append(answer)
        await pilot.pause()
        before = app.transcript._layout_updates, app.screen._layout_updates
        for number in range(20):
            app.transcript.stream(answer.id, "word\n" * (number + 1), "")
            await pilot.pause()
        assert (app.transcript._layout_updates, app.screen._layout_updates) == before


async def test_a_text_that_is_no_extension_replaces_what_was_there() -> None:
    app = MarkdownApp(conversation(1))
    async with app.run_test(size=(60, 14)) as pilot:
        answer = message(100, status=MessageStatus.STREAMING)
        app.transcript.append(answer)
        app.transcript.stream(answer.id, "first words", "")
        app.transcript.stream(answer.id, "other", "")
        app.transcript.stream(MessageId("unknown"), "nothing", "")
        await pilot.pause()
        text = "\n".join(app.rows())
        assert "other" in text
        assert "first words" not in text
        assert app.transcript.message_at(0) == conversation(1)[0].id
        assert app.transcript.message_at(13) is None


async def test_long_lines_of_code_scroll_sideways() -> None:
    app = MarkdownApp([message(1, f"```\n{'a' * 40}{'b' * 80}\n```")])
    async with app.run_test(size=(50, 10)) as pilot:
        assert "bbbbbbbbbbbb" not in "\n".join(app.rows())
        for _ in range(5):
            app.transcript.scroll_code(8)
        await pilot.pause()
        assert "bbbbbbbbbbbb" in "\n".join(app.rows())


class EarlyApp(TranscriptApp):
    """Shows a conversation before the transcript is on the screen."""

    def compose(self) -> ComposeResult:
        transcript = Transcript(PlainDocument)
        transcript.show("one", conversation(30))
        yield transcript

    def on_mount(self) -> None:
        self.transcript.focus()


async def test_a_conversation_can_be_shown_before_the_first_frame() -> None:
    app = EarlyApp(conversation(30))
    async with app.run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        assert "m29 line 2" in "\n".join(app.rows())
        assert app.follows()


async def test_paging_with_animation_ends_where_paging_without_does() -> None:
    messages = [message(n, text) for n, text in enumerate(ragged(60))]
    ends = []
    for level in ("none", "full"):
        app = TranscriptApp(messages)
        async with app.run_test(size=(60, 16)) as pilot:
            app.animation_level = "full" if level == "full" else "none"
            for _ in range(5):
                app.transcript.page(-1)
                await pilot.wait_for_animation()
                await pilot.pause()
            ends.append(text_rows(app))
    assert ends[0] == ends[1]


async def test_messages_that_come_before_move_nothing_and_draw_nothing() -> None:
    texts = ragged(120)
    everything = [message(number, text) for number, text in enumerate(texts)]
    app = TranscriptApp()
    async with app.run_test(size=(60, 16)) as pilot:
        transcript = app.transcript
        transcript.show("two", everything[100:], whole=False)
        await pilot.pause()
        for start, pages in ((80, 0), (30, 3), (0, 2)):
            for _ in range(pages):
                transcript.page(-1)
                await pilot.pause()
            await pilot.pause()
            before, followed = app.rows()[:-1], app.follows()
            drawn = count_drawn(transcript)
            transcript.prepend(everything[start : everything.index(transcript._items.messages[0])])
            await pilot.pause()
            assert drawn == []
            assert [row[:59] for row in app.rows()[:-1]] == [row[:59] for row in before]
            assert app.follows() == followed
        transcript.complete()
        assert transcript._items.messages == everything
        assert [transcript._items.index(each.id) for each in everything] == list(range(120))


def count_drawn(transcript: Transcript) -> list[tuple[Region, ...]]:
    """Return a list that grows by what is to be drawn, each time that something is."""
    drawn: list[tuple[Region, ...]] = []
    refresh = transcript.refresh

    def counted(*regions: Region, **given: bool) -> Transcript:
        drawn.append(regions)
        return refresh(*regions, **given)

    transcript.refresh = counted  # type: ignore[method-assign]
    return drawn


async def test_who_goes_to_the_start_gets_there_once_it_has_been_read() -> None:
    everything = conversation(60)
    app = TranscriptApp()
    async with app.run_test(size=(60, 16)) as pilot:
        transcript = app.transcript
        transcript.show("two", everything[40:], whole=False)
        await pilot.press("g")
        assert "m40 line 0" in "\n".join(app.rows())
        transcript.prepend(everything[:40])
        await pilot.pause()
        assert "m40 line 0" in "\n".join(app.rows())
        transcript.complete()
        await pilot.pause()
        assert transcript.scroll_y == 0
        assert "m0 line 0" in "\n".join(app.rows())


async def test_who_has_left_the_start_again_stays() -> None:
    everything = conversation(60)
    app = TranscriptApp()
    async with app.run_test(size=(60, 16)) as pilot:
        transcript = app.transcript
        transcript.show("two", everything[40:], whole=False)
        await pilot.press("g")
        transcript.page(1)
        await pilot.pause()
        before = text_rows(app)
        transcript.prepend(everything[:40])
        transcript.complete()
        await pilot.pause()
        assert text_rows(app) == before


async def test_words_are_looked_for_in_what_is_still_being_read() -> None:
    everything = conversation(60)
    app = TranscriptApp()
    async with app.run_test(size=(60, 16)) as pilot:
        transcript = app.transcript
        transcript.show("two", everything[40:], whole=False)
        await pilot.pause()
        transcript.find("line 1")
        await pilot.pause()
        transcript.prepend(everything[:40])
        transcript.complete()
        await pilot.pause()
        assert transcript._matches is not None
        assert transcript._matches.total == 60


async def test_a_selection_stays_on_its_words_when_messages_come_before() -> None:
    everything = conversation(60)
    app = TranscriptApp()
    async with app.run_test(size=(60, 16)) as pilot:
        transcript = app.transcript
        transcript.show("two", everything[40:], whole=False)
        await pilot.pause()
        await pilot.click("Transcript", offset=(4, 8), times=3)
        assert transcript.text_selection is not None
        before = transcript.get_selection(transcript.text_selection)
        transcript.prepend(everything[:40])
        await pilot.pause()
        assert before is not None
        assert transcript.get_selection(transcript.text_selection) == before


GROWING = (
    "# Head\n\nSome *text* with [a link][1] and\na second line.\n\n- one\n- two\n\n    deeper\n\n```python\n"
    "def run():\n    return 1\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\nLast words.\n\n"
    "[1]: https://example.com\n\nAnd after."
)


@pytest.mark.parametrize("thinking", ["", "It was\nthought about."])
async def test_a_growing_answer_looks_at_every_moment_as_if_drawn_anew(thinking: str) -> None:
    app = MarkdownApp([message(1, "Tell me.", role=Role.USER)])
    async with app.run_test(size=(40, 50)) as pilot:
        answer = message(2, status=MessageStatus.STREAMING)
        app.transcript.append(answer)
        for end in range(1, len(thinking) + 1, 4):
            app.transcript.stream(answer.id, "", thinking[:end])
        for end in range(1, len(GROWING) + 1, 3):
            app.transcript.stream(answer.id, GROWING[:end], thinking)
            await pilot.pause()
            painted = dict(app.transcript._painted)
            assert [painted[y] for y in range(50)] == app.transcript._strips(0, 50), end


async def test_what_comes_to_an_answer_is_looked_for_where_it_came() -> None:
    app = MarkdownApp()
    async with app.run_test(size=(60, 40)) as pilot:
        answer = message(2, status=MessageStatus.STREAMING)
        app.transcript.append(answer)
        text = "\n\n".join(f"Paragraph {number}." for number in range(12))
        app.transcript.stream(answer.id, text, "")
        await pilot.pause()
        asked: list[int] = []
        strips = app.transcript._strips
        app.transcript._strips = lambda first, last: asked.append(first) or strips(first, last)  # type: ignore
        app.transcript.stream(answer.id, text + " More", "")
        await pilot.pause()
        last = next(y for y, row in enumerate(app.rows()) if "Paragraph 11. More" in row)
        assert asked[0] >= last - 1
