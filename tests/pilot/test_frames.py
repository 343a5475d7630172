"""What is asked to draw itself when something changes."""

import re

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.text import Text
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Static

from tui.screens.anchored import AnchoredStrip
from tui.screens.frames import FrugalCompositor, QuickApp


class Drawn(Static):
    """A widget that writes down which of its rows it was asked for."""

    def __init__(self, id: str) -> None:
        super().__init__("\n".join(f"{id} {row}" for row in range(5)), id=id)
        self.asked: list[Region] = []

    def render_lines(self, crop: Region) -> list[Strip]:
        self.asked.append(crop)
        return super().render_lines(crop)


class FrugalScreen(Screen[None]):
    CSS = """
    FrugalScreen { layers: below above; }
    Drawn { height: 5; width: 20; layer: below; }
    #cover { layer: above; width: 10; height: 2; offset: 5 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._compositor = FrugalCompositor()

    def compose(self) -> ComposeResult:
        yield Drawn("first")
        yield Drawn("second")
        yield Drawn("cover")


class FrugalApp(App[None]):
    def on_mount(self) -> None:
        self.push_screen(FrugalScreen())

    def drawn(self, name: str) -> list[Region]:
        return self.screen.query_one(f"#{name}", Drawn).asked

    def forget(self) -> None:
        for widget in self.screen.query(Drawn):
            widget.asked.clear()

    def rows(self) -> list[str]:
        return [strip.text for strip in self.screen._compositor.render_strips()]


async def test_only_the_rows_that_changed_are_drawn() -> None:
    app = FrugalApp()
    async with app.run_test() as pilot:
        await pilot.pause()
        app.forget()
        app.screen.query_one("#second").refresh(Region(0, 3, 20, 1))
        await pilot.pause()
        assert app.drawn("second") == [Region(0, 3, 20, 1)]
        assert app.drawn("first") == app.drawn("cover") == []


async def test_what_lies_behind_is_drawn_where_it_is_not_covered() -> None:
    app = FrugalApp()
    async with app.run_test() as pilot:
        await pilot.pause()
        app.forget()
        app.screen.query_one("#first").refresh(Region(0, 1, 20, 1))
        await pilot.pause()
        assert app.drawn("first") == [Region(0, 1, 20, 1)]
        assert app.drawn("cover") == [Region(0, 0, 10, 1)]
        assert app.rows()[1].startswith("first" + "cover 0   ")


async def test_what_is_covered_whole_is_not_drawn() -> None:
    app = FrugalApp()
    async with app.run_test() as pilot:
        await pilot.pause()
        app.forget()
        app.screen.query_one("#first").refresh(Region(6, 2, 3, 1))
        await pilot.pause()
        assert app.drawn("cover") == [Region(0, 1, 10, 1)]
        assert app.drawn("first") == []


class OneWriteApp(QuickApp):
    is_headless = False

    def __init__(self) -> None:
        super().__init__()
        self._sync_available = True

    def compose(self) -> ComposeResult:
        yield Static("before")


async def test_a_frame_is_handed_over_in_one_piece() -> None:
    app = OneWriteApp()
    async with app.run_test() as pilot:
        await pilot.pause()
        written: list[str] = []
        assert app._driver is not None
        app._driver.write = written.append  # type: ignore[method-assign, assignment]
        app.query_one(Static).update("after")
        await pilot.pause()
        frames = [data for data in written if "after" in data]
        assert len(frames) == len(written) == 1
        assert frames[0].startswith("\x1b[?2026h")
        assert frames[0].endswith("\x1b[?2026l")


class Disputed(OneWriteApp):
    CSS = "Horizontal { height: 2; } Static { width: 20; height: 2; }"

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("", id="left")
            yield Static("", id="right")


async def written(first: str, second: str, *, whole: bool = False) -> str:
    """Return what the terminal is told when the right half shows these rows."""
    app = Disputed()
    async with app.run_test(size=(40, 2)) as pilot:
        await pilot.pause()
        app.query_one("#right", Static).update(Text(f"{first}\n{second}"))
        frames: list[str] = []
        assert app._driver is not None
        app._driver.write = frames.append  # type: ignore[method-assign, assignment]
        if whole:
            app.screen.refresh(layout=True)
        await pilot.pause()
        return re.sub(r"\x1b\[[\d;]*m", "", frames[-1])


@pytest.mark.parametrize(
    ("cluster", "whole"),
    [("❤️", False), ("❤️", True), ("👨‍👩‍👧", False), ("👋🏽", False), ("🇩🇪", False), ("का", False)],
)
async def test_after_what_terminals_count_differently_the_column_is_set_again(
    cluster: str, whole: bool
) -> None:
    data = await written(f"ab {cluster} cd", "plain: 漢字 ✓ é", whole=whole)
    cells = cell_len(cluster)
    assert f"ab {' ' * cells}\x1b[24G{cluster}\x1b[{24 + cells}G cd" in data
    assert "plain: 漢字 ✓ é  " in data
    assert data.count("G") == 2


async def test_a_part_of_a_row_is_written_in_its_place() -> None:
    strip = AnchoredStrip(Strip([Segment("ab "), Segment("❤️ cd")]), 10)
    console = Console(force_terminal=True)
    assert strip.render(console) == "ab   \x1b[14G❤️\x1b[16G cd"
    assert strip.crop(2, 7).render(console) == "   \x1b[14G❤️\x1b[16G c"
    assert strip.text == "ab ❤️ cd"
