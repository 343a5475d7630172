"""Work beside the interface."""

import gc
import warnings

from textual.app import App

from tui.screens.work import begin_work


async def test_work_that_is_replaced_before_it_began_is_closed() -> None:
    done: list[str] = []

    async def work(name: str) -> None:
        done.append(name)

    app = App[None]()
    async with app.run_test() as pilot:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            for name in ("one", "two", "three"):
                begin_work(app.screen, work(name), "look", exclusive=True)
            await pilot.pause()
            await pilot.pause()
            gc.collect()
    assert done == ["three"]
    assert not [each.message for each in warned if each.category is RuntimeWarning]
