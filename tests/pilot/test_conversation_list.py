"""The side panel: what it shows, and what keys and mouse do to it."""

from typing import ClassVar

from rich.cells import cell_len
from textual import on
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.geometry import Offset, Region
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input

from tests.support.lists import DAY, HOSTILE, NOW, assert_harmless, conversation, conversations
from tui.domain.conversation import Conversation, ConversationId
from tui.widgets.conversation_list import NO_CONVERSATIONS, NO_MATCHES, ConversationList
from tui.widgets.conversation_rows import SPINNER, STILL, ConversationRows


class ListApp(App[None]):
    AUTO_FOCUS = "ConversationRows"
    BINDINGS: ClassVar[list[BindingType]] = [("escape", "escaped", "")]

    def __init__(self, shown: list[Conversation]) -> None:
        super().__init__()
        self.shown = shown
        self.opened: list[ConversationId] = []
        self.queries: list[str] = []
        self.escapes = 0

    def compose(self) -> ComposeResult:
        yield ConversationList()

    def on_mount(self) -> None:
        self.panel.set_conversations(self.shown, NOW)

    def action_escaped(self) -> None:
        self.escapes += 1

    @property
    def panel(self) -> ConversationList:
        return self.query_one(ConversationList)

    @property
    def rows(self) -> ConversationRows:
        return self.query_one(ConversationRows)

    @on(ConversationList.Opened)
    def _opened(self, event: ConversationList.Opened) -> None:
        self.opened.append(event.conversation_id)

    @on(ConversationList.FilterChanged)
    def _filtered(self, event: ConversationList.FilterChanged) -> None:
        self.queries.append(event.query)


MIXED = [
    conversation(1, "Recipes", age=90 * DAY, pinned=True),
    conversation(2, "Paris trip"),
    conversation(3, "Rust lifetimes", age=60, unread=True),
    conversation(4, "SQL", age=DAY),
]


def spins(app: ListApp) -> bool:
    timer = app.rows._timer
    return timer is not None and timer._active.is_set()


async def settle(pilot: Pilot[None]) -> None:
    await pilot.pause()
    await pilot.pause()


async def test_headings_rows_and_marks() -> None:
    app = ListApp(MIXED)
    async with app.run_test() as pilot:
        app.panel.current = MIXED[1].id
        await settle(pilot)
        texts = [app.rows.row_text(row).rstrip() for row in range(9)]
        assert texts[0:2] == [" Pinned", "   Recipes"]
        assert texts[3:5] == [" Today", "▌  Paris trip"]
        assert texts[5].startswith("   Rust lifetimes") and texts[5].endswith("●")
        assert texts[7:9] == [" Yesterday", "   SQL"]
        assert texts[2] == texts[6] == ""


async def test_keys_move_the_cursor_over_headings_and_open() -> None:
    app = ListApp(MIXED)
    async with app.run_test() as pilot:
        await pilot.press("down", "j", "k", "down", "enter")
        assert app.opened == [MIXED[2].id]
        await pilot.press("end", "down", "enter", "home", "up", "enter", "G", "enter", "g", "enter")
        assert app.opened[1:] == [MIXED[3].id, MIXED[0].id, MIXED[3].id, MIXED[0].id]


async def test_a_click_opens_a_conversation_and_a_heading_does_nothing() -> None:
    app = ListApp(MIXED)
    async with app.run_test() as pilot:
        await pilot.click(ConversationRows, offset=(4, 3))
        assert app.opened == []
        await pilot.click(ConversationRows, offset=(4, 5))
        assert app.opened == [MIXED[2].id]


async def test_a_hundred_thousand_are_held_without_a_widget_each() -> None:
    app = ListApp(conversations(100_000))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert len(app.panel.query(Widget)) < 8
        await pilot.press("end")
        await settle(pilot)
        assert app.rows.cursor == 99_999
        assert "Conversation 99999" in app.rows.render_line(app.rows.size.height - 1).text
        await pilot.press("pageup", "enter")
        assert app.opened == [app.shown[99_999 - (app.rows.size.height - 2)].id]
        await pilot.press("home")
        await settle(pilot)
        assert app.rows.render_line(0).text.strip() == "Today"


async def test_only_visible_rows_are_drawn() -> None:
    app = ListApp(conversations(5_000))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        drawn: list[int] = []
        strip_of = app.rows._conversation_strip

        def counted(index: int, width: int) -> object:
            drawn.append(index)
            return strip_of(index, width)

        object.__setattr__(app.rows, "_conversation_strip", counted)
        await pilot.press("pagedown")
        await settle(pilot)
        assert drawn
        assert len(set(drawn)) < 50


async def test_titles_from_outside_are_drawn_as_plain_text_of_the_right_width() -> None:
    family = "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
    chinese = "北京的天气怎么样"
    titles = [
        HOSTILE,
        chinese * 3,
        "e\u0301" * 40,
        family * 20,
        "line\nbreak",
    ]
    app = ListApp([conversation(number, title) for number, title in enumerate(titles)])
    async with app.run_test() as pilot:
        await settle(pilot)
        for row in range(1, 6):
            strip = app.rows.render_line(row)
            assert_harmless(strip.text)
            assert strip.cell_length == app.rows.scrollable_content_region.width
            assert cell_len(strip.text) == strip.cell_length
        assert "[red]x[/]" in app.rows.render_line(1).text
        assert "…" in app.rows.render_line(1).text
        assert "line break" in app.rows.render_line(5).text


async def test_typing_into_the_filter_asks_for_other_conversations() -> None:
    app = ListApp(MIXED)
    async with app.run_test() as pilot:
        await pilot.press("slash", "p", "a")
        assert app.query_one(Input).has_focus
        assert app.queries == ["p", "pa"]
        app.panel.set_conversations([MIXED[1]], NOW)
        await pilot.press("enter")
        assert app.opened == [MIXED[1].id]
        await pilot.press("escape")
        assert app.queries[-1] == ""
        assert app.rows.has_focus
        assert app.escapes == 0
        await pilot.press("escape")
        assert app.escapes == 1


async def test_enter_before_the_found_ones_arrive_opens_the_first_of_them() -> None:
    app = ListApp(MIXED)
    async with app.run_test() as pilot:
        await pilot.press("slash", "s", "q", "enter")
        assert app.opened == []
        app.panel.set_conversations([MIXED[3]], NOW)
        await settle(pilot)
        assert app.opened == [MIXED[3].id]
        app.panel.set_conversations([MIXED[3]], NOW)
        await settle(pilot)
        assert app.opened == [MIXED[3].id]


async def test_the_arrows_move_the_cursor_from_the_filter() -> None:
    app = ListApp(MIXED)
    async with app.run_test() as pilot:
        await pilot.press("slash", "j")
        app.panel.set_conversations(MIXED, NOW)
        await pilot.press("down", "down", "enter")
        assert app.queries == ["j"]
        assert app.opened == [MIXED[2].id]


async def test_empty_lists_say_what_to_do() -> None:
    app = ListApp([])
    async with app.run_test() as pilot:
        await settle(pilot)
        assert NO_CONVERSATIONS in app.rows.render_line(1).text
        await pilot.press("enter", "down", "up", "end", "home", "slash", "x")
        app.panel.set_conversations([], NOW)
        await settle(pilot)
        assert NO_MATCHES in app.rows.render_line(1).text
        assert app.opened == []


async def test_the_cursor_stays_on_its_conversation_when_others_arrive() -> None:
    app = ListApp(MIXED)
    async with app.run_test() as pilot:
        await pilot.press("end")
        app.panel.set_conversations([MIXED[0], conversation(9, "New"), *MIXED[1:]], NOW)
        await pilot.press("enter")
        assert app.opened == [MIXED[3].id]


async def test_neighbours_for_stepping_through() -> None:
    app = ListApp(MIXED)
    async with app.run_test():
        assert app.panel.neighbour(1) == MIXED[0].id
        assert app.panel.neighbour(-1) == MIXED[3].id
        app.panel.current = MIXED[1].id
        assert app.panel.neighbour(1) == MIXED[2].id
        assert app.panel.neighbour(-1) == MIXED[0].id
        app.panel.current = MIXED[3].id
        assert app.panel.neighbour(1) is None
        app.panel.set_conversations([], NOW)
        assert app.panel.neighbour(1) is None


async def test_the_spinner_runs_only_while_something_is_live_and_refreshes_only_its_cell() -> None:
    app = ListApp(MIXED)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert not spins(app)
        app.panel.set_live({MIXED[2].id})
        assert spins(app)
        await settle(pilot)
        assert any(mark in app.rows.row_text(5) for mark in SPINNER)
        regions: list[Region] = []

        def record(*args: Region, **_: bool) -> None:
            regions.extend(args)

        object.__setattr__(app.rows, "refresh", record)
        app.rows._spin()
        assert regions == [Region(app.rows.scrollable_content_region.width - 2, 5, 1, 1)]
        app.panel.set_live(set())
        assert not spins(app)


async def test_without_animation_the_marker_stands_still() -> None:
    app = ListApp(MIXED)
    async with app.run_test() as pilot:
        app.animation_level = "none"
        app.panel.set_live({MIXED[2].id})
        await settle(pilot)
        assert not spins(app)
        assert STILL in app.rows.row_text(5)


async def test_an_unread_mark_goes_when_it_is_the_open_one() -> None:
    app = ListApp(MIXED)
    async with app.run_test() as pilot:
        app.panel.current = MIXED[2].id
        await settle(pilot)
        assert "●" not in app.rows.row_text(5)


async def test_hovering_marks_the_row_under_the_mouse() -> None:
    app = ListApp(MIXED)
    async with app.run_test() as pilot:
        await pilot.hover(ConversationRows, offset=Offset(4, 4))
        assert app.rows.hovered == 1
        await pilot.hover(ConversationRows, offset=Offset(4, 3))
        assert app.rows.hovered is None
