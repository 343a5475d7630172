"""Turning pages: what comes next is ready before it is asked for, and is shown at once."""

from unittest.mock import Mock

import pytest
from textual.app import App, ComposeResult
from textual.messages import Update
from textual.widgets import Input

from tests.pilot.test_transcript import ragged, text_rows
from tests.support.transcript_app import PlainDocument, TranscriptApp, message
from tui.rendering.line import Line
from tui.screens.frames import QuickScreen
from tui.widgets.transcript import Transcript
from tui.widgets.transcript_items import TranscriptItems
from tui.widgets.transcript_paint import RowPainter


def long(seed: int = 1) -> TranscriptApp:
    return TranscriptApp([message(number, text) for number, text in enumerate(ragged(60, seed))])


async def prepared(app: TranscriptApp) -> None:
    """Wait until what is above and below has been prepared."""
    await app.workers.wait_for_complete([each for each in app.workers if each.group == "ahead"])


async def test_the_next_page_is_laid_out_and_drawn_before_it_is_turned_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[Line] = []
    draw = RowPainter._drawn

    def counted(painter: RowPainter, line: Line, is_marked: bool) -> object:
        drawn.append(line)
        return draw(painter, line, is_marked)

    monkeypatch.setattr(RowPainter, "_drawn", counted)
    app = long()
    async with app.run_test(size=(50, 16)) as pilot:
        for direction in (-1, -1, -1, 1, -1):
            await prepared(app)
            made, before = PlainDocument.made, text_rows(app)
            drawn.clear()
            app.transcript.page(direction)
            rows = text_rows(app)
            assert PlainDocument.made == made
            assert not drawn
            assert (rows[14:] == before[:1]) if direction < 0 else (rows[0] == before[14])
            await pilot.pause()


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_prepared_moves_nothing_and_draws_nothing(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = long(seed)
    async with app.run_test(size=(50, 16)) as pilot:
        await prepared(app)
        for step in (-40, -7, 90, -200):
            app.transcript.scroll_relative(y=step, animate=False)
            await pilot.pause()
            before, painted = text_rows(app), dict(app.transcript._painted)
            refresh = Mock()
            with monkeypatch.context() as patch:
                patch.setattr(Transcript, "refresh", refresh)
                await prepared(app)
            assert text_rows(app) == before
            refresh.assert_not_called()
            assert app.transcript._painted == painted


async def test_the_first_step_of_a_page_is_taken_at_once() -> None:
    app = long()
    app.animation_level = "full"
    async with app.run_test(size=(50, 16)) as pilot:
        await prepared(app)
        start = app.transcript.scroll_y
        app.transcript.page(-1)
        assert start - 14 < app.transcript.scroll_y < start
        await pilot.wait_for_animation()
        assert app.transcript.scroll_y == start - 14


async def test_without_animation_a_page_is_there_at_once() -> None:
    app = long()
    async with app.run_test(size=(50, 16)):
        before = text_rows(app)
        app.transcript.page(-1)
        assert text_rows(app)[14:] == before[:1]


class Typing(QuickScreen):
    def compose(self) -> ComposeResult:
        yield Input()
        yield Transcript(PlainDocument)


class TypingApp(App[None]):
    def on_mount(self) -> None:
        self.push_screen(Typing())


async def test_what_a_key_was_passed_on_to_is_drawn_as_soon_as_it_has_changed() -> None:
    app = TypingApp()
    async with app.run_test() as pilot:
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, Typing)
        transcript = screen.query_one(Transcript)
        for awaited in (transcript, None):
            if awaited is not None:
                screen.hurry(awaited)
            await screen._on_update(Update(transcript))
            assert screen._hurried == (awaited is not None)
            screen._hurried = False


async def test_what_is_far_from_the_view_is_not_kept() -> None:
    long_words = ("word " * 20 + "\n") * 300
    small, large = ragged(80), [long_words] * 40
    app = TranscriptApp([message(number, text) for number, text in enumerate([*large, *small])])
    async with app.run_test(size=(50, 16)) as pilot:
        items, painter = app.transcript._items, app.transcript._painter
        for number, kept in ((0, 64), (1, 12)):
            for index in (range(119, 39, -1), range(39, -1, -1))[number]:
                app.transcript.go_to(items[index].id)
                await pilot._wait_for_screen()
                text_rows(app)
                assert len(painter._kept) <= 4 * 16
            assert len(items._cache) <= kept


def test_messages_that_were_missing_get_the_numbers_that_were_left_for_them() -> None:
    everything = [message(number, f"m{number}") for number in range(50)]
    items = TranscriptItems(PlainDocument)
    items.load([*everything[10:20], *everything[40:]], keep=False, gap=(10, 20))
    numbers = {each.id: items.number(place) for place, each in enumerate(items.messages)}
    items.insert(everything[33:40])
    items.prepend(everything[5:10])
    items.insert(everything[20:33])
    items.append(message(50))
    items.prepend(everything[:5])
    assert [each.id for each in items.messages] == [*(each.id for each in everything), message(50).id]
    first = items.number(0)
    for place, each in enumerate(items.messages):
        assert items.index(each.id) == items.index_of_number(items.number(place)) == place
        assert items.number(place) == first + place == numbers.get(each.id, first + place)
    assert items.heights.total == sum(items.heights[place] for place in range(51))
