"""What can be done in the transcript: cursor, copying, selecting, clicking, finding."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tests.support.transcript_app import MarkdownApp, TranscriptApp, conversation, message
from tui.commands.registry import Scope, commands_of
from tui.domain.conversation import MessageStatus, Role
from tui.domain.generation import Stats
from tui.rendering.document import Document
from tui.widgets.clipboard import copy_locally, local_tool
from tui.widgets.find_bar import FindBar
from tui.widgets.shown_texts import folded
from tui.widgets.transcript import Transcript


@pytest.fixture(autouse=True)
def no_local_clipboard(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WAYLAND_DISPLAY", "DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)


def place_of(app: TranscriptApp, text: str) -> tuple[int, int]:
    """Return the column and row at which a text is on the screen."""
    for y, row in enumerate(app.rows()):
        if text in row:
            return row.index(text), y
    raise AssertionError(f"{text!r} is not on the screen")


async def drag(pilot: Pilot[None], start: tuple[int, int], end: tuple[int, int]) -> None:
    await pilot.mouse_down(offset=start)
    await pilot.hover(offset=end)
    await pilot.mouse_up(offset=end)
    await pilot.pause()


def test_every_command_of_the_transcript_has_its_action() -> None:
    for command in commands_of(Scope.TRANSCRIPT):
        assert hasattr(Transcript, "action_" + command.action.partition("(")[0]), command.id


async def test_the_cursor_goes_from_message_to_message() -> None:
    app = TranscriptApp(conversation(30))
    async with app.run_test(size=(60, 14)) as pilot:
        marked = app.transcript.message_under_cursor()
        assert marked is not None and marked.content.startswith("m29 ")
        await pilot.press("k", "up")
        marked = app.transcript.message_under_cursor()
        assert marked is not None and marked.content.startswith("m27 ")
        assert any(row.startswith("▌") and "m27 line 0" in row for row in app.rows())
        await pilot.press("g", "j")
        marked = app.transcript.message_under_cursor()
        assert marked is not None and marked.content.startswith("m1 ")
        await pilot.press("end")
        assert app.transcript.following


async def test_scrolled_on_the_cursor_comes_along() -> None:
    app = TranscriptApp(conversation(100))
    async with app.run_test(size=(60, 14)) as pilot:
        app.transcript.scroll_to(y=100, animate=False)
        await pilot.pause()
        await pilot.press("j")
        assert app.transcript.visible_messages()[0] == app.transcript._cursor


async def test_c_copies_the_markdown_of_the_message() -> None:
    app = MarkdownApp([message(1, "**bold** words\n\nand more")])
    async with app.run_test(size=(60, 14)) as pilot:
        await pilot.press("c")
        await pilot.pause()
        assert app.clipboard == "**bold** words\n\nand more"
        (event,) = app.events
        assert isinstance(event, Transcript.Copied)
        assert event.what == "the message, 3 lines"
        assert event.control is app.transcript


CODE = "Look:\n\n```python\nprint(1)\nprint(2)\n```\n"


async def test_y_copies_the_only_code_block() -> None:
    app = MarkdownApp([message(1, CODE)])
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("y")
        await pilot.pause()
        assert app.clipboard == "print(1)\nprint(2)"
        (event,) = app.events
        assert isinstance(event, Transcript.Copied)
        assert event.what == "2 lines of python"


async def test_y_asks_which_of_several_code_blocks() -> None:
    app = MarkdownApp([message(1, CODE + "\n```sh\nls\n```\n")])
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.press("y")
        await pilot.pause()
        assert "1 python" in app.rows()[-1]
        assert "2 sh" in app.rows()[-1]
        await pilot.press("2")
        await pilot.pause()
        assert app.clipboard == "ls"
        assert "2 sh" not in app.rows()[-1]
        await pilot.press("y", "escape", "2")
        assert len(app.events) == 1


async def test_a_click_on_the_copy_mark_copies_that_block() -> None:
    app = MarkdownApp([message(0, "mine\n```sh\nfirst\n```\n", role=Role.USER), message(1, CODE)])
    async with app.run_test(size=(60, 24)) as pilot:
        column, row = place_of(app, "copy")
        await pilot.click("Transcript", offset=(column + 1, row))
        await pilot.pause()
        assert app.clipboard == "first"


async def test_a_click_on_a_link_asks_for_it() -> None:
    app = MarkdownApp([message(1, "see [the page](https://example.org/a) now")])
    async with app.run_test(size=(60, 14)) as pilot:
        await pilot.click("Transcript", offset=place_of(app, "the page"))
        await pilot.pause()
        (event,) = app.events
        assert isinstance(event, Transcript.LinkClicked)
        assert event.href == "https://example.org/a"


@pytest.mark.parametrize(
    ("status", "label", "kind"),
    [
        (MessageStatus.FAILED, "Retry (r)", Transcript.RetryRequested),
        (MessageStatus.INTERRUPTED, "Continue (C)", Transcript.ContinueRequested),
        (MessageStatus.STOPPED, "Retry (r)", Transcript.RetryRequested),
    ],
)
async def test_what_can_be_done_about_an_answer_can_be_clicked(
    status: MessageStatus, label: str, kind: type
) -> None:
    answer = message(1, "part of it", status=status, error="The server broke down.", hint="Look at its log.")
    app = TranscriptApp([answer])
    async with app.run_test(size=(60, 14)) as pilot:
        await pilot.click("Transcript", offset=place_of(app, label))
        await pilot.press("r", "C")
        await pilot.pause()
        assert isinstance(app.events[0], kind)
        assert isinstance(app.events[1], Transcript.RetryRequested)
        assert len(app.events) == (2 if status is MessageStatus.FAILED else 3)


async def test_branches_are_walked_with_keys_and_clicks() -> None:
    answer = message(1, "one of three")
    app = TranscriptApp([answer])
    async with app.run_test(size=(60, 14)) as pilot:
        await pilot.press("left")
        assert app.events == []
        app.transcript.set_branches({answer.id: (2, 3)})
        await pilot.pause()
        column, row = place_of(app, "‹ 2/3 ›")
        await pilot.press("left", "right")
        await pilot.click("Transcript", offset=(column + 6, row))
        await pilot.pause()
        steps = [event.step for event in app.events if isinstance(event, Transcript.BranchStepped)]
        assert steps == [-1, 1, 1]


async def test_figures_tell_more_when_clicked() -> None:
    stats = Stats(
        answer_tokens=312, answer_seconds=5.78, total_seconds=6.1, prompt_tokens=40, load_seconds=1.2
    )
    app = TranscriptApp([message(1, "done", stats=stats)])
    async with app.run_test(size=(100, 14)) as pilot:
        place = place_of(app, "54 tok/s · 6.1 s · 312 tokens")
        await pilot.click("Transcript", offset=place)
        await pilot.pause()
        assert "model loaded in 1.2 s" in "\n".join(app.rows())


LONG = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron"


async def test_a_selection_joins_soft_wraps_and_leaves_furniture_out() -> None:
    app = MarkdownApp([message(0, LONG, role=Role.USER), message(1, f"{LONG}\n\n> quoted **words**")])
    async with app.run_test(size=(40, 20)) as pilot:
        start, end = place_of(app, "beta"), place_of(app, "words")
        await drag(pilot, start, (end[0] + 4, end[1]))
        text = app.screen.get_selected_text()
        assert text is not None
        beginning, second = text.split("\n\n", 1)
        assert beginning == LONG.removeprefix("alpha ")
        assert second.split("\n")[0] == LONG
        assert second.endswith("quoted words")
        assert "test:1b" not in text
        assert not app.transcript.following
        await pilot.press("c")
        assert app.clipboard == text


async def test_what_is_cut_or_wrapped_in_code_and_tables_is_copied_whole() -> None:
    code = [f"wide = '漢字{'-' * 40} {number}'" for number in range(3)]
    table = f"| one | two |\n|---|---|\n| {LONG} | {LONG} |\n| short | x |"
    app = MarkdownApp([message(0, "\n".join(["begin", "", "```py", *code, "```", "", table, "", "end"]))])
    async with app.run_test(size=(40, 50)) as pilot:
        app.transcript.scroll_code(9)
        await pilot.pause()
        await drag(pilot, place_of(app, "begin"), place_of(app, "end"))
        text = app.screen.get_selected_text()
        assert text is not None
        lines = text.split("\n")
        assert [line for line in lines if line.startswith("wide")] == code
        assert [line for line in lines if "alpha" in line] == [f"{LONG} │ {LONG}"]
        column, row = place_of(app, "字--")
        await drag(pilot, (column + 2, row), (column + 5, row))
        assert app.screen.get_selected_text() == "----"
        await drag(pilot, (column, row), (39, row))
        assert app.screen.get_selected_text() == code[0][9:]


async def test_a_selection_counts_wide_characters() -> None:
    app = TranscriptApp([message(0, "漢字 text 👨‍👩‍👧 end")])
    async with app.run_test(size=(40, 14)) as pilot:
        _, row = place_of(app, "text")
        await drag(pilot, (7, row), (10, row))
        assert app.screen.get_selected_text() == "text"
        strip = next(each for each in app.screen._compositor.render_strips() if "text" in each.text)
        styles = [segment.style for segment in strip if segment.text == "text" and segment.style]
        assert styles and all(style.color != style.bgcolor for style in styles)


async def test_a_selection_outlives_heights_that_change_above() -> None:
    app = TranscriptApp(conversation(6))
    async with app.run_test(size=(40, 40)) as pilot:
        column, row = place_of(app, "m4 line 1")
        await drag(pilot, (column, row), (column + 8, row))
        app.transcript.replace(replace(conversation(6)[0], content="longer\n" * 9))
        await pilot.pause()
        assert app.screen.get_selected_text() == "m4 line 1"


async def test_two_clicks_select_a_word_and_three_the_message() -> None:
    app = TranscriptApp([message(0, "some words here\nand there"), message(1, "other")])
    async with app.run_test(size=(40, 14)) as pilot:
        place = place_of(app, "words")
        await pilot.click("Transcript", offset=(place[0] + 1, place[1]), times=2)
        await pilot.pause()
        assert app.screen.get_selected_text() == "words"
        await pilot.click("Transcript", offset=place, times=3)
        await pilot.pause()
        assert app.screen.get_selected_text() == "some words here\nand there"


def test_without_a_display_there_is_no_local_clipboard() -> None:
    if sys.platform == "linux":
        assert local_tool({}) is None


async def test_the_local_clipboard_gets_the_text_through_its_input(tmp_path: Path) -> None:
    target = tmp_path / "out"
    script = f"import sys, pathlib; pathlib.Path({str(target)!r}).write_bytes(sys.stdin.buffer.read())"
    assert await copy_locally("tëxt\nmore", (sys.executable, "-c", script))
    assert target.read_text(encoding="utf-8") == "tëxt\nmore"
    assert not await copy_locally("x", (str(tmp_path / "missing"),))
    assert not await copy_locally("x", (sys.executable, "-c", "raise SystemExit(1)"))


class FindApp(App[None]):
    """A transcript and a find bar, wired as a screen does it."""

    def __init__(self, transcript: Transcript) -> None:
        super().__init__()
        self.animation_level = "none"
        self.transcript = transcript
        self.counts: list[tuple[int, int]] = []

    def compose(self) -> ComposeResult:
        yield self.transcript
        yield FindBar()

    def on_find_bar_changed(self, event: FindBar.Changed) -> None:
        self.transcript.find(event.query)

    def on_find_bar_stepped(self, event: FindBar.Stepped) -> None:
        self.transcript.step_match(event.step)

    def on_find_bar_closed(self) -> None:
        self.transcript.end_find()
        self.transcript.focus()

    def on_transcript_matches_counted(self, event: Transcript.MatchesCounted) -> None:
        self.query_one(FindBar).show_count(event.current, event.total, done=event.done)
        if event.done:
            self.counts.append((event.current, event.total))

    def rows(self) -> list[str]:
        return [strip.text for strip in self.screen._compositor.render_strips()]

    async def settled(self, pilot: Pilot[None]) -> None:
        await self.workers.wait_for_complete()
        await pilot.pause()


async def test_finding_counts_shows_and_steps() -> None:
    messages = conversation(200)
    messages[3] = replace(messages[3], content="a Needle and **another needle**")
    messages[150] = replace(messages[150], thinking="a NEEDLE in the hay", role=Role.ASSISTANT)
    app = FindApp(Transcript(Document))
    async with app.run_test(size=(70, 20)) as pilot:
        app.transcript.show("one", messages)
        app.query_one(FindBar).open()
        await pilot.press(*"needle")
        await app.settled(pilot)
        assert app.counts[-1] == (1, 3)
        assert "a Needle and another needle" in "\n".join(app.rows())
        await pilot.press("enter", "enter")
        await app.settled(pilot)
        assert app.counts[-1] == (3, 3)
        assert "a NEEDLE in the hay" in "\n".join(app.rows())
        assert "3/3" in app.rows()[-1]
        await pilot.press("down", "up", "up")
        await app.settled(pilot)
        assert app.counts[-1] == (2, 3)
        app.transcript.go_to(messages[150].id)
        await pilot.pause()
        assert "▸ Thought" in "\n".join(app.rows())
        await pilot.press("x")
        await app.settled(pilot)
        assert "no match" in app.rows()[-1]
        await pilot.press("escape")
        assert app.transcript.has_focus
        assert not app.query_one(FindBar).is_open


async def test_the_match_that_is_shown_stands_out() -> None:
    app = FindApp(Transcript(Document))
    async with app.run_test(size=(70, 20)) as pilot:
        app.transcript.show("one", [message(0, "straße strasse Straße")])
        app.transcript.find("strasse")
        await app.settled(pilot)
        assert app.counts[-1] == (1, 3)
        strip = next(s for s in app.screen._compositor.render_strips() if "straße strasse" in s.text)
        marked = [segment for segment in strip if segment.text.casefold() == "strasse"]
        colors = [segment.style.bgcolor for segment in marked if segment.style]
        assert len(colors) == 3
        assert colors[0] != colors[1] == colors[2]


async def test_words_are_found_as_they_are_read_and_marked() -> None:
    text = (
        "Some **bold** text, [a link](https://d.example).\n\n$\\alpha + 1$\n\n```\n" + "x" * 90 + " END\n```"
    )
    app = FindApp(Transcript(Document))
    async with app.run_test(size=(70, 20)) as pilot:
        thought = message(1, "Nothing here.", thinking="a bold text that was thought")
        app.transcript.show("one", [message(0, text), thought])
        for words, count, marked in (
            ("bold text", 2, ["bold", " text", "bold text"]),
            ("a link (d.ex", 1, ["a link", " (d.ex"]),
            ("α +", 1, ["α +"]),
            ("\\alpha", 1, []),
            ("x end", 1, ["x END"]),
            ("**", 0, []),
        ):
            app.transcript.find(words)
            await app.settled(pilot)
            assert app.counts[-1] == (min(1, count), count), words
            if words == "bold text":
                app.transcript.step_match(1)
                await app.settled(pilot)
                assert "a bold text that was thought" in "\n".join(app.rows())
            found = [piece for piece in marked_text(app) if folded(piece.strip()) in folded(words)]
            assert found == marked, words


async def test_a_match_deep_in_a_long_code_block_is_shown() -> None:
    code = "\n".join(f"line_{n} = {n}" for n in range(5000))
    app = FindApp(Transcript(Document))
    async with app.run_test(size=(70, 20)) as pilot:
        app.transcript.show("one", [message(0, f"Words.\n\n```python\n{code}\n```\n")])
        app.transcript.find("line_3777 ")
        await app.settled(pilot)
        assert "line_3777 = 3777" in "\n".join(app.rows())


def marked_text(app: FindApp) -> list[str]:
    """Return what stands on a background of its own, row by row."""
    strips = app.screen._compositor.render_strips()[: app.transcript.size.height]
    plain = {strips[-1]._segments[0].style.bgcolor} if strips[-1]._segments[0].style else set()
    return [
        segment.text
        for strip in strips
        for segment in strip
        if segment.style and segment.style.bgcolor not in plain and segment.text.strip()
    ]


async def test_a_match_is_marked_over_a_soft_wrap() -> None:
    app = FindApp(Transcript(Document))
    async with app.run_test(size=(34, 12)) as pilot:
        words = "one two three four five six seven eight nine **ten** eleven twelve"
        app.transcript.show("one", [message(0, words)])
        app.transcript.find("six seven")
        await app.settled(pilot)
        assert app.counts[-1] == (1, 1)
        assert marked_text(app) == ["six", "seven"]
        app.transcript.find("ten")
        await app.settled(pilot)
        assert marked_text(app) == ["ten"]


async def test_a_match_is_marked_in_a_cell_that_is_wrapped() -> None:
    app = FindApp(Transcript(Document))
    async with app.run_test(size=(26, 20)) as pilot:
        cells = "one two three four five", "six seven one two eight nine"
        table = f"| left | right |\n|---|---|\n| {cells[0]} | {cells[1]} |\n| one | two |"
        app.transcript.show("one", [message(0, table)])
        app.transcript.find("two three")
        await app.settled(pilot)
        assert app.counts[-1] == (1, 1)
        assert marked_text(app) == ["two", "three"]
        app.transcript.find("seven one")
        await app.settled(pilot)
        assert marked_text(app) == ["seven", "one"]
        app.transcript.find("two")
        for number in range(3):
            await app.settled(pilot)
            found = app.transcript._found
            assert found is not None and app.counts[-1] == (number + 1, 3)
            rows = [row for row, text in enumerate(app.rows()) if "two" in text]
            assert found.row + 1 == rows[number]
            app.transcript.step_match(1)


@pytest.mark.parametrize("inside", ["", "> "])
async def test_a_match_beyond_the_edge_of_code_is_scrolled_to(inside: str) -> None:
    code = f"near {'x' * 90} far, {'y' * 90} near", "near"
    text = "\n".join(inside + line for line in ("```", *code, "```"))
    app = FindApp(Transcript(Document))
    async with app.run_test(size=(40, 12)) as pilot:
        app.transcript.show("one", [message(0, text)])
        for words, steps in (("far", [["far"]]), ("near", [["near", "near"], ["near"], ["near", "near"]])):
            app.transcript.find(words)
            for marked in steps:
                await app.settled(pilot)
                assert [text for text in marked_text(app) if text == words] == marked
                app.transcript.step_match(1)


async def test_an_answer_is_counted_while_it_is_written() -> None:
    app = FindApp(Transcript(Document))
    async with app.run_test(size=(60, 12)) as pilot:
        answer = message(1, status=MessageStatus.STREAMING)
        app.transcript.show("one", [message(0, "a cat", role=Role.USER), answer])
        app.transcript.find("cat")
        await app.settled(pilot)
        assert app.counts[-1] == (1, 1)
        app.transcript.stream(answer.id, "one cat, ", "")
        app.transcript.stream(answer.id, "one cat, two cats", "")
        await pilot.pause()
        assert app.counts[-1] == (1, 3)
        app.transcript.step_match(1)
        app.transcript.stream(answer.id, "one cat, two cats\n\nthree cats", "a thinking cat")
        app.transcript.append(message(2, "and a cat"))
        await pilot.pause()
        assert app.counts[-1] == (2, 6)
        app.transcript.show("one", [message(0, "a cat", role=Role.USER)])
        await app.settled(pilot)
        assert app.counts[-1] == (1, 1)


async def test_what_comes_later_is_found_by_the_first_step() -> None:
    app = FindApp(Transcript(Document))
    async with app.run_test(size=(60, 12)) as pilot:
        answer = message(1, status=MessageStatus.STREAMING)
        app.transcript.show("one", [message(0, "?", role=Role.USER), answer])
        app.transcript.find("cat")
        await app.settled(pilot)
        assert app.counts[-1] == (0, 0)
        app.transcript.stream(answer.id, "a cat and a cat", "")
        await pilot.pause()
        assert app.counts[-1] == (0, 2)
        app.transcript.step_match(1)
        await pilot.pause()
        assert app.counts[-1] == (1, 2)


async def test_figures_on_request_and_long_code_moved_with_keys() -> None:
    stats = Stats(prompt_tokens=1, answer_tokens=1, first_token_seconds=0.4, load_seconds=2.0)
    answer = message(1, f"```\n{'x' * 60}END\n```", stats=stats)
    app = MarkdownApp([answer])
    async with app.run_test(size=(40, 12)) as pilot:
        assert "1 token " in app.rows()[0] and "first token" not in "\n".join(app.rows())
        await pilot.press("i", *["shift+right"] * 8)
        await pilot.pause()
        screen = "\n".join(app.rows())
        assert "prompt 1 token · first token after" in screen and "END" in screen
        await pilot.press("i", *["shift+left"] * 9)
        await pilot.pause()
        screen = "\n".join(app.rows())
        assert "first token" not in screen and "END" not in screen


async def test_code_goes_back_once_nothing_is_looked_for() -> None:
    code = f"begin = '{'-' * 80}' + needle"
    app = FindApp(Transcript(Document))
    async with app.run_test(size=(40, 20)) as pilot:
        app.transcript.show("one", [message(0, f"```py\n{code}\n```")])
        for scrolls in (False, True):
            app.transcript.find("needle")
            await app.settled(pilot)
            assert "needle" in "\n".join(app.rows())
            if scrolls:
                app.transcript.scroll_code(-4)
            app.transcript.end_find()
            await app.settled(pilot)
            assert ("begin" in "\n".join(app.rows())) is not scrolls
        app.transcript.find("begin")
        await app.settled(pilot)
        assert "begin" in "\n".join(app.rows())
        app.transcript.end_find()
        await app.settled(pilot)
        # It went back to where the reader had scrolled it, not to its beginning.
        assert "begin" not in "\n".join(app.rows())
