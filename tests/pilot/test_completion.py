"""The menu of the input: commands after `/`, files after `@`."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from textual import on
from textual.events import Key
from textual.widgets import OptionList

from tests.pilot.test_prompt import PromptApp
from tui.commands.command import Command, Scope
from tui.commands.slash import SLASH_COMMANDS
from tui.domain.listing import Listing
from tui.services.paths import list_folder
from tui.widgets.completion_menu import CompletionMenu
from tui.widgets.prompt import Prompt

MODELS = ("gemma3:4b", "llama3.2:3b", "qwen3:8b")


class CompletingApp(PromptApp):
    """A prompt that completes."""

    CSS = "Prompt { dock: bottom; }"
    takes_files = True

    def __init__(self) -> None:
        super().__init__()
        self.wanted: list[tuple[str, str]] = []
        self.files: list[str] = []
        self.asked = 0
        self.commands = SLASH_COMMANDS

    def on_mount(self) -> None:
        super().on_mount()
        self.prompt.complete_from(self)

    def slash_commands(self) -> Sequence[tuple[Command, str]]:
        self.asked += 1
        attach = Command("t.attach", "Attach", "Attach.", Scope.CHAT, "attach", slash="/attach [FILE]")
        return [
            (attach, ""),
            *((command, "Ctrl+N" if command.id == "conversation.new" else "") for command in self.commands),
        ]

    def slash_choices(self, command: Command) -> Sequence[str]:
        return MODELS if command.id == "model.choose" else ()

    async def paths(self, folder: str, typed: str) -> Listing:
        return await list_folder(folder, typed)

    @on(Prompt.CommandWanted)
    def _command_wanted(self, event: Prompt.CommandWanted) -> None:
        self.wanted.append((event.command.id, event.argument))

    @on(Prompt.FileWanted)
    def _file_wanted(self, event: Prompt.FileWanted) -> None:
        self.files.append(event.path)

    @property
    def offered(self) -> list[str]:
        """What the open menu offers."""
        return [each.label for menu in self.query(CompletionMenu) for each in menu.suggestions]


async def test_commands_are_offered_run_written_out_and_sent_as_words() -> None:
    app = CompletingApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("h", "i")
        assert app.asked == 0 and not app.query(CompletionMenu)
        await pilot.press("ctrl+u", "/")
        assert len(app.offered) == len(SLASH_COMMANDS) + 1
        menu = app.query_one(CompletionMenu)
        assert menu.region.bottom == app.prompt.region.y
        await pilot.press("n", "e", "w", "enter")
        assert app.wanted == [("conversation.new", "")]
        assert app.prompt.text == "" and app.offered == [] and app.sent == []
        await pilot.press("/", "m", "o", "d", "tab", "l", "3")
        assert app.prompt.text == "/model l3"
        assert app.offered == ["llama3.2:3b"]
        await pilot.press("enter")
        assert app.wanted[1:] == [("model.choose", "llama3.2:3b")]
        await pilot.press(*"/model zz", "enter")
        assert app.wanted[2:] == [("model.choose", "zz")]
        assert (app.asked, app.sent) == (3, [])


async def test_the_arrows_walk_the_menu_and_escape_makes_it_a_message() -> None:
    app = CompletingApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"/mod", "down")
        menu = app.query_one(CompletionMenu)
        assert app.offered == ["/model [NAME]", "/models"]
        assert menu.highlighted == 1
        await pilot.press("down", "up", "enter")
        assert app.wanted == [("model.manage", "")]
        await pilot.press(*"/new", "escape", "enter")
        assert app.sent == ["/new"]
        await pilot.press("/")
        assert app.offered


@pytest.mark.parametrize("text", ["/usr/bin is a folder", "/new things", "/model\nfoo", "see /new"])
async def test_what_only_looks_like_a_command_is_sent(text: str) -> None:
    app = CompletingApp()
    async with app.run_test() as pilot:
        app.paste(text)
        await pilot.pause()
        await pilot.press("enter")
        assert (app.sent, app.wanted) == ([text], [])


async def test_keys_that_arrive_at_once_run_the_command() -> None:
    app = CompletingApp()
    async with app.run_test() as pilot:
        await pilot.pause()
        for key in (*"/find two words", "enter", "x"):
            app.post_message(Key("space" if key == " " else key, key if len(key) == 1 else None))
        await pilot.pause()
        await pilot.pause()
        assert (app.wanted, app.sent, app.prompt.text) == ([("find.open", "two words")], [], "x")


async def test_a_restored_draft_opens_nothing() -> None:
    app = CompletingApp()
    async with app.run_test() as pilot:
        app.prompt.text = "/new"
        await pilot.pause()
        assert app.offered == []


async def test_an_entry_can_be_clicked() -> None:
    app = CompletingApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"/mo")
        await pilot.pause()
        menu = app.query_one(CompletionMenu)
        await pilot.click(menu, offset=(4, 2))
        await pilot.pause()
        assert app.wanted == [("model.manage", "")]
        assert app.area.has_focus


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a b.md").touch()
    (tmp_path / "nothing.txt").touch()
    (tmp_path / ".hidden").touch()
    (tmp_path / "\x1b]0;x\x07").touch()
    return tmp_path


async def settled(app: CompletingApp) -> None:
    await app.workers.wait_for_complete()


async def test_files_are_completed_and_attached(folder: Path) -> None:
    app = CompletingApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"see ", "@")
        await settled(app)
        assert app.offered == ["notes/", "␛]0;x␇", "nothing.txt"]
        await pilot.press("n")
        assert app.offered == ["notes/", "nothing.txt"]
        await pilot.press("enter")
        await settled(app)
        assert (app.prompt.text, app.offered) == ("see @notes/", ["a b.md"])
        await pilot.press("enter", "o", "k")
        assert app.files == ["notes/a b.md"]
        assert (app.prompt.text, app.offered, app.sent) == ("see ok", [], [])
        await pilot.press(*" @.h")
        await settled(app)
        assert app.offered == [".hidden"]


async def test_an_address_and_an_unknown_name_are_words(folder: Path) -> None:
    app = CompletingApp()
    async with app.run_test() as pilot:
        await pilot.press(*"me@not", "space", *"@zzz", "enter")
        await settled(app)
        assert app.sent == ["me@not @zzz"]


async def test_a_huge_folder_is_read_in_part(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.services.paths.MOST_ENTRIES", 2)
    listing = await list_folder("", "nothing")
    assert not listing.complete
    assert "nothing.txt" in [each.name for each in listing.entries]
    assert (await list_folder("not/there", "")) == Listing()
    assert (await list_folder("~", "")).entries is not None


async def test_the_keys_of_the_menu_can_be_bound_anew() -> None:
    app = CompletingApp()
    async with app.run_test() as pilot:
        app.set_keymap({"completion.down": "ctrl+d"})
        await pilot.press(*"/mod", "ctrl+d")
        assert app.query_one(OptionList).highlighted == 1
        assert app.prompt.text == "/mod"


async def test_a_command_takes_a_file(folder: Path) -> None:
    app = CompletingApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"/att", "tab")
        await settled(app)
        assert app.offered == ["notes/", "␛]0;x␇", "nothing.txt"]
        await pilot.press("n", "tab")
        await settled(app)
        assert (app.prompt.text, app.offered) == ("/attach notes/", ["a b.md"])
        await pilot.press("enter")
        assert (app.prompt.text, app.files, app.sent) == ("", ["notes/a b.md"], [])


@pytest.mark.parametrize("path", ["nowhere.png", "notes/nowhere", "gone/a.png", "folder.png/"])
async def test_a_path_that_is_no_file_goes_with_its_command_and_is_no_message(
    folder: Path, path: str
) -> None:
    (folder / "folder.png").mkdir()
    app = CompletingApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.area.insert(f"/attach {path}")
        await settled(app)
        await pilot.press("enter")
        assert (app.prompt.text, app.sent, app.wanted) == ("", [], [("t.attach", path)])
        # As it is while the folder is still being read: here nobody answers.
        app.area.insert("/attach ")
        await settled(app)
        app.area.insert(path)
        await pilot.press("enter")
        assert (app.sent, app.wanted) == ([], [("t.attach", path)] * 2)


async def test_a_command_that_cannot_be_run_now_is_not_sent() -> None:
    app = CompletingApp()
    app.commands = tuple(each for each in SLASH_COMMANDS if each.id != "conversation.rename")
    async with app.run_test(size=(80, 24)) as pilot:
        app.area.insert("/rename A title")
        await pilot.press("enter")
        assert (app.prompt.text, app.sent, app.wanted) == ("/rename A title", [], [])
        assert app.query_one(CompletionMenu).suggestions[0].note == "This cannot be done now."
        await pilot.press("escape", "enter")
        assert app.sent == ["/rename A title"]
