"""Search everything, and the trash."""

from collections.abc import AsyncGenerator

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Static

from tests.support.dialogs import find, hits, thrown_away
from tui.domain.conversation import ConversationId
from tui.domain.errors import BadRequest
from tui.screens import search
from tui.screens.search import Found, SearchScreen, hit_row, near
from tui.screens.trash import TrashScreen
from tui.services.conversations import FoundEverywhere


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_DELAY", 0.0)


async def shown(pilot: Pilot[None], screen: SearchScreen, results: int) -> None:
    """Wait until so many results are listed."""
    for _ in range(200):
        if screen.options.option_count == results:
            return
        await pilot.pause()
    raise AssertionError(f"{screen.options.option_count} results")


def notice(screen: SearchScreen | TrashScreen) -> str:
    label = screen.query_one("#notice", Static)
    return str(label.content) if label.display else ""


async def test_the_message_under_the_cursor_is_chosen() -> None:
    chosen: list[Found | None] = []
    app = App[None]()
    async with app.run_test() as pilot:
        screen = SearchScreen(find)
        await app.push_screen(screen, chosen.append)
        assert "Filters" in notice(screen)
        await pilot.press(*"peli")
        await shown(pilot, screen, 10)
        assert notice(screen) == ""
        assert screen.query_one("#panel").border_subtitle == "9 messages"
        await pilot.press("down", "down", "enter")
        await pilot.pause()
    (found,) = chosen
    assert found is not None and found.message_id == hits(2)[1].message_id


async def test_a_title_opens_the_conversation_as_it_was_left() -> None:
    chosen: list[Found | None] = []
    app = App[None]()
    async with app.run_test() as pilot:
        screen = SearchScreen(find, "pelican")
        await app.push_screen(screen, chosen.append)
        await shown(pilot, screen, 10)
        await pilot.click("#results", offset=(4, 0))
        await pilot.pause()
    assert chosen[0] is not None and chosen[0].message_id is None


async def test_what_is_found_later_does_not_move_the_cursor() -> None:
    class Slow:
        more = False

        async def find(self, text: str) -> AsyncGenerator[FoundEverywhere, None]:
            found = hits(6)
            yield FoundEverywhere((), found[:3], done=False)
            while not self.more:
                await pilot.pause()
            yield FoundEverywhere((), (found[5], *found[:5]), done=True)

    slow = Slow()
    app = App[None]()
    async with app.run_test() as pilot:
        screen = SearchScreen(slow.find, "x")
        await app.push_screen(screen)
        await shown(pilot, screen, 3)
        await pilot.press("down")
        slow.more = True
        await shown(pilot, screen, 6)
        assert screen.options.highlighted == 2


async def test_nothing_found_and_filters_that_make_no_sense_are_said() -> None:
    async def refuse(text: str) -> AsyncGenerator[FoundEverywhere, None]:
        if text:
            raise BadRequest("role: takes user, assistant, system or tool.")
        yield FoundEverywhere((), (), done=True)

    app = App[None]()
    async with app.run_test() as pilot:
        for look, words in ((find, "Nothing found"), (refuse, "role: takes")):
            screen = SearchScreen(look, "nothing")
            await app.push_screen(screen)
            for _ in range(100):
                if notice(screen).startswith(words):
                    break
                await pilot.pause()
            assert notice(screen).startswith(words)
            await pilot.press("enter")
            assert app.screen is screen
            await pilot.press("escape")
            assert app.screen is not screen


def test_a_hit_is_two_harmless_lines_with_the_match_in_sight() -> None:
    for hit in hits(3):
        first, second = hit_row(hit).plain.split("\n")
        assert "\x1b" not in first + second and "[red]x[/]" in first
        assert min(second.find(word) for word in ("pelican", "天気") if word in second) < 40
    assert near("short \x02match\x03") == "short \x02match\x03"


async def test_the_trash_gives_back_and_deletes_for_good() -> None:
    removed: list[ConversationId] = []
    chosen: list[ConversationId | None] = []

    async def remove(conversation_id: ConversationId) -> None:
        removed.append(conversation_id)

    deleted = thrown_away(3)
    app = App[None]()
    async with app.run_test() as pilot:
        screen = TrashScreen(deleted, remove)
        await app.push_screen(screen, chosen.append)
        await pilot.press("down", "d")
        assert app.screen is not screen
        await pilot.press("escape")
        assert removed == []
        await pilot.press("d", "y")
        await pilot.pause()
        await pilot.pause()
        assert removed == [deleted[1].id]
        assert screen.options.option_count == 2
        await pilot.press("enter")
        await pilot.pause()
    assert chosen == [deleted[2].id]


async def test_an_empty_trash_says_so() -> None:
    async def remove(_: ConversationId) -> None:
        raise AssertionError

    app = App[None]()
    async with app.run_test() as pilot:
        screen = TrashScreen([], remove)
        await app.push_screen(screen)
        assert "kept here for 30 days" in notice(screen)
        await pilot.press("d", "enter")
        assert app.screen is screen
        await pilot.press("escape")
        assert app.screen is not screen
