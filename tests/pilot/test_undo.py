"""Undoing from a toast."""

import pytest
from textual.app import App
from textual.content import Content
from textual.widgets._toast import Toast

from tui.screens.room import undoable


@pytest.mark.parametrize(
    "title", ["Paris", "[red]x[/]", "[/", "a\\", "\\[b]", "[@click=app.quit]x[/]", "[[x]]", "$x @y ["]
)
def test_a_title_is_never_markup(title: str) -> None:
    content = Content.from_markup(undoable(f"deleted “{title}”", 3))
    assert content.plain == f"Deleted “{title}” · Undo or Ctrl+Z"
    assert [str(span.style) for span in content.spans] == ["@click=app.undo_step(3)"]


async def test_the_word_in_the_toast_undoes_this_very_step() -> None:
    class Undoing(App[None]):
        undone: int | None = None

        def action_undo_step(self, number: int) -> None:
            self.undone = number

    app = Undoing()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        app.notify(undoable("deleted “[b]Paris”", 7))
        await pilot.pause()
        toast = app.screen.query_one(Toast)
        line = str(toast.render())
        at = line.index("Undo")
        await pilot.click(Toast, offset=(toast.content_region.x - toast.region.x + at + 1, 1))
        await pilot.pause()
        assert app.undone == 7
