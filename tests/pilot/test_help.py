"""Help, palette and dialogs on a screen with the real widgets."""

from typing import ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Button, Input, OptionList, Static

from tests.support.lists import HOSTILE, NOW, assert_harmless, conversations
from tui.commands.bindings import bindings_for
from tui.commands.command import Scope
from tui.commands.nodes import live_keys, scope_node
from tui.commands.palette import PALETTE_CSS, CommandProvider
from tui.domain.errors import ServerUnreachable
from tui.screens.dialogs import ConfirmScreen, ErrorScreen
from tui.screens.help import EDITING, HelpScreen, help_entries
from tui.widgets.conversation_list import ConversationList
from tui.widgets.prompt import Prompt


class MiniChat(Screen[None]):
    """A chat screen with just enough in it."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.CHAT)]
    AUTO_FOCUS = "PromptArea"

    done: ClassVar[list[str]] = []

    def compose(self) -> ComposeResult:
        yield ConversationList()
        yield Prompt()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return None if action == "regenerate" else True

    def action_new_conversation(self) -> None:
        self.done.append("new")

    def action_step_conversation(self, step: int) -> None:
        self.done.append(f"step {step}")

    def action_page_transcript(self, step: int) -> None:
        self.done.append(f"page {step}")


class HelpApp(App[None]):
    CSS = PALETTE_CSS
    COMMANDS = {CommandProvider}  # noqa: RUF012 -- Textual declares it so.
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Scope.APP)]

    def on_mount(self) -> None:
        MiniChat.done.clear()
        self.push_screen(MiniChat())

    def action_help(self) -> None:
        self.push_screen(HelpScreen.for_screen(self.screen))


async def settle(pilot: Pilot[None]) -> None:
    for _ in range(3):
        await pilot.pause()


def help_text(app: HelpApp) -> str:
    return str(app.screen.query_one("#keys", Static).content)


async def test_help_shows_the_keys_of_the_input_first_then_the_others() -> None:
    app = HelpApp()
    async with app.run_test(size=(100, 40)) as pilot:
        await settle(pilot)
        await pilot.press("f1")
        await settle(pilot)
        assert isinstance(app.screen, HelpScreen)
        text = help_text(app)
        assert "Ctrl+J, Shift+Enter" in text
        assert "\nAlt+Enter" in text
        assert "Begin a new conversation." in text
        assert text.index("Begin a new conversation.") < text.index(EDITING) < text.index("In the side panel")
        screen = app.screen
        editing = [entry for entry in app.screen.shown if entry.group == EDITING]
        assert {"Ctrl+W", "Ctrl+K", "Ctrl+Z", "Home", "F7"} <= {key for each in editing for key in each.keys}
        assert {"PageUp"} in [set(each.keys) for each in screen.shown if each.active]
        assert "Ctrl+R" not in {key for each in screen.shown if each.active for key in each.keys}
        await pilot.press("escape")
        assert isinstance(app.screen, MiniChat)


async def test_help_is_searchable_and_scrolls() -> None:
    app = HelpApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("f1")
        await settle(pilot)
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("pagedown", "down", "up")
        await settle(pilot)
        assert app.screen.scroll.scroll_y > 0
        await pilot.press("pageup", *"zzz")
        assert app.screen.shown == ()
        assert "No key matches" in help_text(app)
        screen = app.screen
        screen.query_one(Input).value = "ctrl+q leave"
        await settle(pilot)
        assert [entry.title for entry in screen.shown] == ["Quit"]
        await pilot.press("f1")
        assert isinstance(app.screen, MiniChat)


async def test_a_key_that_was_bound_anew_shows_everywhere() -> None:
    app = HelpApp()
    async with app.run_test() as pilot:
        await settle(pilot)
        app.set_keymap({"conversation.new": "f9", "sidebar.open": "o"})
        await settle(pilot)
        entries = {entry.help: entry.keys for entry in help_entries(app.screen)}
        assert entries["Begin a new conversation."] == ("F9",)
        assert entries["Open the conversation under the cursor."] == ("o",)
        assert live_keys(app.screen)["conversation.new"] == "F9"


async def test_help_in_the_side_panel_is_about_the_side_panel() -> None:
    app = HelpApp()
    async with app.run_test() as pilot:
        await settle(pilot)
        app.screen.query_one(ConversationList).focus()
        await settle(pilot)
        active = {entry.help for entry in help_entries(app.screen) if entry.active}
        assert "Open the conversation under the cursor." in active
        assert "Send the message; while an answer is being written it waits its turn." not in active


async def test_scopes_find_their_nodes() -> None:
    app = HelpApp()
    async with app.run_test() as pilot:
        await settle(pilot)
        assert scope_node(app.screen, Scope.APP) is app
        assert scope_node(app.screen, Scope.CHAT) is app.screen
        assert isinstance(scope_node(app.screen, Scope.PROMPT), Prompt)
        assert scope_node(app.screen, Scope.TRANSCRIPT) is None


async def palette_titles(app: HelpApp) -> list[str]:
    provider = CommandProvider(app.screen)
    return [str(hit.display) async for hit in provider.discover() if hasattr(hit, "display")]


async def test_the_palette_offers_what_works_here_with_its_key() -> None:
    app = HelpApp()
    async with app.run_test() as pilot:
        await settle(pilot)
        titles = await palette_titles(app)
        assert "New  Ctrl+N" in titles
        assert "Theme" in titles
        assert not [title for title in titles if title.startswith(("Regenerate", "Copy message", "Send"))]
        for typed in ("new conv", "conversation begin", "ctrl nothing such"):
            hits = [hit.text async for hit in CommandProvider(app.screen).search(typed)]
            assert ("New" in hits) is not typed.startswith("ctrl")


async def test_the_palette_runs_a_command_on_its_node() -> None:
    app = HelpApp()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("ctrl+p")
        await settle(pilot)
        assert isinstance(app.screen, CommandPalette)
        await pilot.press(*"begin a new")
        await app.workers.wait_for_complete()
        await settle(pilot)
        found = app.screen.query_one(OptionList)
        assert found.option_count == 1
        await pilot.press("enter", "enter")
        await settle(pilot)
        assert MiniChat.done == ["new"]


async def test_page_keys_reach_the_screen_from_the_input_but_not_from_the_list() -> None:
    app = HelpApp()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("pageup", "pagedown")
        assert MiniChat.done == ["page -1", "page 1"]
        panel = app.screen.query_one(ConversationList)
        panel.set_conversations(conversations(100), NOW)
        panel.focus()
        await settle(pilot)
        await pilot.press("pagedown")
        assert panel.rows.cursor > 0
        assert len(MiniChat.done) == 2


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["enter"], False),
        (["y"], True),
        (["n"], False),
        (["escape"], False),
        (["right", "enter"], True),
        (["tab", "enter"], True),
    ],
)
async def test_questions_begin_on_no(keys: list[str], answer: bool) -> None:
    app = HelpApp()
    answers: list[bool | None] = []
    async with app.run_test() as pilot:
        app.push_screen(ConfirmScreen(f"Delete {HOSTILE}?", f"Body {HOSTILE}", yes="Delete"), answers.append)
        await settle(pilot)
        heading = str(app.screen.query_one("#heading", Static).content)
        assert "[red]x[/]" in heading
        assert_harmless(heading + str(app.screen.query_one("#body", Static).content))
        await pilot.press(*keys)
        assert answers == [answer]


async def test_a_question_can_be_clicked() -> None:
    app = HelpApp()
    answers: list[bool | None] = []
    async with app.run_test() as pilot:
        app.push_screen(ConfirmScreen("Delete?"), answers.append)
        await settle(pilot)
        await pilot.click("#yes")
        assert answers == [True]


@pytest.mark.parametrize("key", ["escape", "enter", "n"])
async def test_an_error_says_what_happened_and_closes(key: str) -> None:
    app = HelpApp()
    async with app.run_test() as pilot:
        await settle(pilot)
        app.push_screen(ErrorScreen(ServerUnreachable(f"No {HOSTILE}", "Try [b]this[/b].")))
        await settle(pilot)
        body = str(app.screen.query_one("#body", Static).content)
        assert "[red]x[/]" in body and "Try [b]this[/b]." in body
        assert_harmless(body)
        assert app.screen.query_one(Button).has_focus
        await pilot.press(key)
        await settle(pilot)
        assert isinstance(app.screen, MiniChat)
