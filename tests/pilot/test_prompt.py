"""The input, key by key."""

from typing import ClassVar

import pytest
from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Key, Paste
from textual.widgets import TextArea

from tui.widgets.prompt import Prompt
from tui.widgets.prompt_area import PromptArea


class PromptApp(App[None]):
    def __init__(self, history: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.sent: list[str] = []
        self.drafts: list[str] = []
        self.accepting = True
        self._sent_before = history

    def compose(self) -> ComposeResult:
        yield Prompt(history=self._sent_before)

    def on_mount(self) -> None:
        self.prompt.focus()

    @property
    def prompt(self) -> Prompt:
        return self.query_one(Prompt)

    @property
    def area(self) -> PromptArea:
        return self.query_one(PromptArea)

    @on(Prompt.Submitted)
    def _submitted(self, event: Prompt.Submitted) -> None:
        self.sent.append(event.text)
        if self.accepting:
            event.prompt.accept()

    @on(Prompt.Changed)
    def _changed(self, event: Prompt.Changed) -> None:
        self.drafts.append(event.text)

    def paste(self, text: str) -> None:
        self.area.post_message(Paste(text))


def type_at_once(app: App[None], *keys: str) -> None:
    for key in keys:
        app.post_message(Key(key, key if len(key) == 1 else None))


async def test_enter_sends_and_clears_when_accepted() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        await pilot.press("h", "i", "enter")
        assert app.sent == ["hi"]
        assert app.prompt.text == ""
        assert app.drafts[-1] == ""


async def test_refused_text_stays_and_is_not_sent_twice() -> None:
    app = PromptApp()
    app.accepting = False
    async with app.run_test() as pilot:
        await pilot.press("h", "i", "enter", "enter")
        assert app.sent == ["hi"]
        assert app.prompt.text == "hi"
        app.prompt.refuse()
        await pilot.press("enter")
        assert app.sent == ["hi", "hi"]


async def test_what_is_typed_before_acceptance_stays() -> None:
    app = PromptApp()
    app.accepting = False
    async with app.run_test() as pilot:
        await pilot.press("h", "i", "enter", "x")
        app.prompt.accept()
        assert app.prompt.text == "x"


async def test_another_draft_is_not_cleared_by_a_late_acceptance() -> None:
    app = PromptApp()
    app.accepting = False
    async with app.run_test() as pilot:
        await pilot.press("h", "i", "enter")
        app.prompt.text = "hi there"
        app.prompt.accept()
        assert app.prompt.text == "hi there"


async def test_nothing_but_white_space_does_nothing() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        await pilot.press("enter", "space", "ctrl+j", "enter")
        assert app.sent == []
        assert app.prompt.text == " \n"


async def test_every_newline_key_breaks_the_line() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        await pilot.press("a", "ctrl+j", "b", "shift+enter", "c", "alt+enter", "d", "shift+\r", "e")
        assert app.prompt.text == "a\nb\nc\nd\ne"
        assert app.sent == []


async def test_keys_that_arrive_at_once_keep_their_order() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        await pilot.pause()
        type_at_once(app, "a", "ctrl+j", "b", "left", "c", "alt+enter", "d", "end", "e", "enter", "f")
        await pilot.pause()
        await pilot.pause()
        assert app.sent == ["a\nc\ndbe"]
        assert app.prompt.text == "f"


async def test_a_key_that_was_bound_anew_sends() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        app.set_keymap({"prompt.send": "ctrl+t", "prompt.newline": "enter"})
        await pilot.press("a", "enter", "b", "ctrl+t")
        assert app.sent == ["a\nb"]


async def test_it_grows_to_a_third_of_the_screen() -> None:
    app = PromptApp()
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.pause()
        assert app.prompt.outer_size.height == 3
        await pilot.press("a", "ctrl+j", "b")
        assert app.prompt.outer_size.height == 4
        app.prompt.text = "line\n" * 40
        await pilot.pause()
        assert app.prompt.outer_size.height <= 12


async def test_history_is_walked_from_the_edges_and_the_unsent_text_comes_back() -> None:
    app = PromptApp(("first", "second\nline"))
    async with app.run_test() as pilot:
        await pilot.press("u", "p", "up")
        assert app.prompt.text == "second\nline"
        await pilot.press("up")
        assert app.prompt.text == "second\nline", "the cursor moves inside the entry first"
        await pilot.press("up")
        assert app.prompt.text == "first"
        await pilot.press("up")
        assert app.prompt.text == "first"
        await pilot.press("!", "down")
        assert app.prompt.text == "second\nline"
        await pilot.press("down")
        assert app.prompt.text == "up"
        await pilot.press("up", "up", "up")
        assert app.prompt.text == "first!", "a changed entry keeps its change"


async def test_a_walk_through_the_history_never_costs_the_unsent_text() -> None:
    app = PromptApp(("old", "older"))
    async with app.run_test() as pilot:
        await pilot.press("n", "e", "w", "up")
        assert app.prompt.text == "older"
        assert app.prompt.draft == app.drafts[-1] == "new"
        await pilot.press("!")
        assert app.drafts[-1] == "new\nolder!"
        await pilot.press("enter")
        assert app.sent == ["older!"]
        assert app.prompt.text == "new"


async def test_another_history_brings_the_unsent_text_back() -> None:
    app = PromptApp(("old",))
    async with app.run_test() as pilot:
        await pilot.press("n", "e", "w", "up")
        app.prompt.history = ("another",)
        assert app.prompt.text == "new"
        await pilot.press("up")
        assert app.prompt.text == "another"


async def test_walking_before_acceptance_does_not_bring_back_what_was_sent() -> None:
    app = PromptApp(("old",))
    app.accepting = False
    async with app.run_test() as pilot:
        await pilot.press("a", "enter", "up")
        app.prompt.accept()
        assert app.prompt.text == "old"
        assert app.prompt.history == ("old", "a")


async def test_up_in_a_wrapped_line_moves_to_its_first_visual_line() -> None:
    app = PromptApp(("earlier",))
    async with app.run_test(size=(40, 20)) as pilot:
        app.prompt.text = "word " * 20
        await pilot.pause()
        await pilot.press("up")
        assert app.prompt.text.startswith("word")
        await pilot.press("up", "up", "up")
        assert app.prompt.text == "earlier"


async def test_what_was_sent_joins_the_history() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        await pilot.press("o", "n", "e", "enter", "up")
        assert app.prompt.text == "one"
        assert app.prompt.history == ("one",)


async def test_undo_and_redo_work_also_over_a_walk_through_the_history() -> None:
    app = PromptApp(("old",))
    async with app.run_test() as pilot:
        await pilot.press("n", "e", "w", "up")
        assert app.prompt.text == "old"
        await pilot.press("ctrl+z")
        assert app.prompt.text == "new"
        await pilot.press("ctrl+y")
        assert app.prompt.text == "old"


async def test_a_small_paste_is_sanitised_in_place() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        app.paste("a\x1b[31mb\r\nc\x9b")
        await pilot.pause()
        assert app.prompt.text == "a␛[31mb\nc\ufffd"


async def test_a_megabyte_is_pasted_as_a_label_and_sent_whole() -> None:
    big = "".join(f"line {number} [red]\n" for number in range(60_000))
    app = PromptApp()
    async with app.run_test() as pilot:
        await pilot.press("h", "i", "space")
        app.paste(big)
        await pilot.pause()
        assert len(big) > 1_000_000
        assert app.area.document.line_count == 1
        assert "60,001 lines" in app.area.document.text
        await pilot.press("!", "enter")
        assert app.sent == ["hi " + big + "!"]
        await pilot.press("up")
        assert app.prompt.text == "hi " + big + "!"


async def test_one_line_of_a_megabyte_is_a_label_too() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        app.paste("x" * 1_000_000)
        await pilot.pause()
        assert "1,000,000 characters" in app.area.document.text
        assert app.drafts[-1] == "x" * 1_000_000


async def test_a_label_is_deleted_whole_and_comes_back_with_undo() -> None:
    big = "y\n" * 500
    app = PromptApp()
    async with app.run_test() as pilot:
        await pilot.press("a")
        app.paste(big)
        await pilot.pause()
        await pilot.press("backspace")
        assert app.prompt.text == "a"
        await pilot.press("ctrl+z")
        assert app.prompt.text == "a" + big


async def test_nothing_is_typed_into_a_label() -> None:
    big = "y\n" * 500
    app = PromptApp()
    async with app.run_test() as pilot:
        app.paste(big)
        await pilot.pause()
        await pilot.press("left", "left", "left", "z")
        assert app.prompt.text == big + "z"
        await pilot.press("left", "left", "left", "ctrl+j")
        assert app.prompt.text == big + "\nz"


async def test_a_cut_label_is_pasted_whole() -> None:
    big = "y\n" * 500
    app = PromptApp()
    async with app.run_test() as pilot:
        app.paste(big)
        await pilot.pause()
        await pilot.press("f7", "ctrl+x")
        assert app.prompt.text == ""
        app.prompt.text = "other "
        await pilot.press("ctrl+v")
        assert app.prompt.text == "other " + big


async def test_a_large_draft_comes_back_whole() -> None:
    big = "draft\n" * 10_000
    app = PromptApp()
    async with app.run_test() as pilot:
        app.prompt.text = big
        await pilot.pause()
        assert app.prompt.text == big
        assert app.area.document.line_count == 1


class ScreenKeysApp(PromptApp):
    pressed: list[str]

    BINDINGS: ClassVar[list[BindingType]] = [
        (key, f"note('{key}')", key)
        for key in (
            *(f"ctrl+{letter}" for letter in "nlobgfrts"),
            "pageup",
            "pagedown",
            "escape",
            "alt+up",
            "alt+down",
            "f1",
            "f2",
        )
    ]

    def action_note(self, key: str) -> None:
        self.pressed.append(key)


async def test_the_screens_keys_pass_the_input() -> None:
    app = ScreenKeysApp()
    app.pressed = []
    keys = [binding[0] for binding in ScreenKeysApp.BINDINGS if isinstance(binding, tuple)]
    async with app.run_test() as pilot:
        await pilot.press("a", *keys)
        assert app.pressed == keys
        assert app.prompt.text == "a"


def test_no_editing_key_of_the_text_area_is_taken_away() -> None:
    taken = {"enter", "ctrl+j", "shift+enter", "alt+enter"}
    editing = {
        key
        for binding in TextArea.BINDINGS
        for key in (binding.key if isinstance(binding, Binding) else binding[0]).split(",")
    }
    assert not taken & editing


@pytest.mark.parametrize("text", ["", "one", "one\ntwo\n"])
async def test_the_keys_that_delete_lines_work_where_there_is_none_below(text: str) -> None:
    async with PromptApp().run_test() as pilot:
        area = pilot.app.query_one(PromptArea)
        area.text = text
        area.move_cursor(area.document.end)
        await pilot.press("ctrl+k", "ctrl+shift+k", "ctrl+u", "ctrl+k", "x")
        assert area.text.endswith("x")
