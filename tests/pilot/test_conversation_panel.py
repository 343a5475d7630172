"""The side panel: rows that are read when they are seen, and what is changed in place."""

from textual import on
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from tests.support.lists import DAY, HOSTILE, NOW, assert_harmless, conversation, conversations
from tui.domain.conversation import Conversation
from tui.widgets.conversation_editing import RowEditor
from tui.widgets.conversation_list import ConversationList
from tui.widgets.conversation_rows import ConversationRows
from tui.widgets.groups import PINNED, borders_of, sections_for, sections_of


class PanelApp(App[None]):
    AUTO_FOCUS = "ConversationRows"

    def __init__(self, stored: list[Conversation]) -> None:
        super().__init__()
        self.stored = stored
        self.read: list[int] = []
        self.told: list[Message] = []

    def compose(self) -> ComposeResult:
        yield ConversationList()

    def on_mount(self) -> None:
        self.fetch(0)

    def fetch(self, offset: int) -> None:
        """Do what the session does: counts under the headings, and one page."""
        self.read.append(offset)
        _, borders = borders_of(NOW, min(each.updated_at for each in self.stored))
        headings, _ = borders_of(NOW, min(each.updated_at for each in self.stored))
        counts = []
        until = float("inf")
        for border in borders:
            counts.append(sum(border <= each.updated_at < until and not each.pinned for each in self.stored))
            until = border
        pinned = sum(each.pinned for each in self.stored)
        groups = list(zip((PINNED, *headings), (pinned, *counts), strict=True))
        self.panel.set_conversations(self.stored[offset : offset + 200], NOW, groups=groups, offset=offset)

    @property
    def panel(self) -> ConversationList:
        return self.query_one(ConversationList)

    @property
    def rows(self) -> ConversationRows:
        return self.query_one(ConversationRows)

    @on(ConversationRows.PageWanted)
    def _wanted(self, event: ConversationRows.PageWanted) -> None:
        self.fetch(event.offset)

    @on(ConversationList.Edited)
    @on(ConversationList.PinToggled)
    @on(ConversationList.DeleteRequested)
    @on(ConversationList.DuplicateRequested)
    @on(ConversationList.UndoRequested)
    @on(ConversationList.Opened)
    def _told(self, event: Message) -> None:
        self.told.append(event)


async def settle(pilot: Pilot[None]) -> None:
    for _ in range(4):
        await pilot.pause()


def shown(app: PanelApp) -> list[str]:
    return [app.rows.render_line(y).text.strip() for y in range(app.rows.size.height)]


async def test_a_hundred_thousand_are_read_a_page_at_a_time() -> None:
    app = PanelApp(conversations(100_000))
    async with app.run_test(size=(60, 24)) as pilot:
        await settle(pilot)
        assert "Conversation 0" in shown(app)[1]
        assert app.read == [0]
        await pilot.press("end")
        await settle(pilot)
        assert "Conversation 99999" in shown(app)[-1]
        assert "…" not in "".join(shown(app))
        await pilot.press("enter")
        assert isinstance(app.told[-1], ConversationList.Opened)
        assert app.told[-1].conversation_id == app.stored[99_999].id
        await pilot.press("home")
        await settle(pilot)
        assert "Conversation 0" in shown(app)[1]
        assert len(app.read) <= 5


async def test_headings_from_counts_are_those_from_the_rows() -> None:
    stored = [conversation(1, pinned=True), *(conversation(n, age=n * DAY / 3) for n in range(2, 900))]
    app = PanelApp(stored)
    async with app.run_test(size=(60, 24)) as pilot:
        await settle(pilot)
        titles, borders = borders_of(NOW, stored[-1].updated_at)
        counts = [1]
        until = float("inf")
        for border in borders:
            counts.append(sum(border <= each.updated_at < until for each in stored[1:]))
            until = border
        groups = list(zip((PINNED, *titles), counts, strict=True))
        assert sections_for(groups) == sections_of(stored, NOW)


async def test_nothing_can_be_done_with_a_row_that_is_not_read_yet() -> None:
    app = PanelApp(conversations(5_000))
    async with app.run_test(size=(60, 24)) as pilot:
        await settle(pilot)
        app.stored = []
        app.fetch = lambda offset: None  # type: ignore[method-assign]
        await pilot.press("end", "enter", "d", "p", "t", "f2")
        await settle(pilot)
        assert app.told == []
        assert not app.query_one(RowEditor).display


async def test_tags_are_edited_in_the_row_and_shown() -> None:
    stored = [Conversation(each.id, each.title, NOW, NOW, tags=("rust", "work")) for each in conversations(2)]
    app = PanelApp(stored)
    async with app.run_test(size=(60, 24)) as pilot:
        await settle(pilot)
        assert "#rust #work" in shown(app)[1]
        await pilot.press("t")
        editor = app.query_one(RowEditor)
        assert editor.display and editor.value == "rust, work"
        await settle(pilot)
        assert editor.region.y == app.rows.region.y + 1
        await pilot.press(*" new", "enter")
        await settle(pilot)
        (edited,) = app.told
        assert isinstance(edited, ConversationList.Edited)
        assert (edited.what, edited.text, edited.conversation_id) == ("tags", "rust, work new", stored[0].id)
        assert app.rows.has_focus and not editor.display


async def test_escape_and_leaving_give_up() -> None:
    app = PanelApp(conversations(3))
    async with app.run_test(size=(60, 24)) as pilot:
        await settle(pilot)
        for leave in ("escape", "tab"):
            app.panel.edit("title", 1)
            await settle(pilot)
            await pilot.press(*"xyz", leave)
            await settle(pilot)
            assert app.told == []
            assert not app.query_one(RowEditor).display
            app.rows.focus()
            await settle(pilot)


async def test_an_empty_title_is_no_title() -> None:
    app = PanelApp(conversations(3))
    async with app.run_test(size=(60, 24)) as pilot:
        await settle(pilot)
        app.panel.edit("title", 1)
        await settle(pilot)
        app.query_one(RowEditor).value = "  "
        await pilot.press("enter")
        await settle(pilot)
        assert app.told == []


async def test_keys_say_what_is_wanted_of_the_row_under_the_cursor() -> None:
    app = PanelApp(conversations(3))
    async with app.run_test(size=(60, 24)) as pilot:
        await settle(pilot)
        await pilot.press("down", "p", "D", "d", "delete", "u", "ctrl+z")
        await settle(pilot)
        kinds = [type(each).__name__ for each in app.told]
        assert kinds == [
            "PinToggled",
            "DuplicateRequested",
            "DeleteRequested",
            "DeleteRequested",
            "UndoRequested",
            "UndoRequested",
        ]
        first = app.told[0]
        assert isinstance(first, ConversationList.PinToggled)
        assert first.conversation is app.stored[1]


async def test_hostile_tags_and_titles_are_harmless() -> None:
    hostile = Conversation(conversation(1).id, HOSTILE, NOW, NOW, tags=("\x1b[31m",))
    app = PanelApp([hostile])
    async with app.run_test(size=(60, 24)) as pilot:
        await settle(pilot)
        for line in shown(app):
            assert_harmless(line)
        app.panel.edit("title", 0)
        await settle(pilot)
        assert_harmless(app.query_one(RowEditor).value)
