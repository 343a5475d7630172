"""The transcript's scrollbar is Textual's, drawn with less work."""

import random

from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.scrollbar import ScrollBar

from tui.widgets.slim_scrollbar import SlimScrollBar


class BarsApp(App[None]):
    CSS = "Screen { layout: horizontal; } ScrollBar { width: 1; height: 20; }"

    def compose(self) -> ComposeResult:
        yield ScrollBar(vertical=True)
        yield SlimScrollBar()


async def test_it_looks_like_textuals_own_wherever_it_stands() -> None:
    app = BarsApp()
    choose = random.Random(3)
    async with app.run_test() as pilot:
        usual, slim = app.query(ScrollBar)
        for _ in range(40):
            total, top = choose.randrange(1, 3000), choose.random()
            for bar in (usual, slim):
                bar.window_virtual_size, bar.window_size = total, 20
                bar.position = max(0, total - 20) * top
            await pilot.pause()
            whole = Region(0, 0, 1, 20)
            for wanted, drawn in zip(usual.render_lines(whole), slim.render_lines(whole), strict=True):
                assert drawn.text == wanted.text
                for mine, other in zip(drawn, wanted, strict=True):
                    assert mine.style is not None
                    assert other.style is not None
                    assert mine.style.bgcolor == other.style.bgcolor
                    assert mine.style.meta == other.style.meta
                    assert mine.style.reverse == other.style.reverse
                    assert not mine.text.strip() or mine.style.color == other.style.color


async def test_only_where_the_thumb_moved_it_is_drawn_again() -> None:
    app = BarsApp()
    async with app.run_test() as pilot:
        slim = app.query_one(SlimScrollBar)
        await pilot.pause()
        slim.refresh_moved((80, 24), (83, 24))
        assert slim._exchange_repaint_regions() == {Region(0, 10, 1, 1), Region(0, 13, 1, 1)}
