"""Work that a widget begins and that goes on beside the interface."""

import weakref
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.screen import Screen

if TYPE_CHECKING:
    from textual.worker import Worker

Work = Coroutine[None, None, None]
"""Something to do once."""


async def _simply(work: Work) -> None:
    await work


def begin_work(
    node: DOMNode,
    work: Work,
    group: str,
    *,
    exclusive: bool = False,
    through: Callable[[Work], Work] = _simply,
) -> None:
    """Do `work` beside the interface; an error that nobody expects ends the app.

    Args:
        node: Whose work it is: it is given up when the node goes.
        work: What is done.
        group: What kind of work it is.
        exclusive: Earlier work of the group is given up.
        through: Awaits the work.
    """

    async def begun() -> None:
        await through(work)

    worker: Worker[None] = node.run_worker(
        begun,
        name=group,
        group=group,
        description=group,
        exit_on_error=True,
        exclusive=exclusive,
    )
    # What is given up before it began is never awaited, and warns of that unless it is closed.
    weakref.finalize(worker, work.close)


def begin_work_of_dialog(screen: Screen[Any], work: Work, group: str, *, exclusive: bool = False) -> None:
    """Do `work` beside the interface; that its widgets go when the dialog is closed is no failure.

    Args:
        screen: The dialog.
        work: What is done.
        group: What kind of work it is.
        exclusive: Earlier work of the group is given up.
    """

    async def while_open(work: Work) -> None:
        try:
            await work
        except NoMatches:
            if screen in screen.app.screen_stack:
                raise

    begin_work(screen, work, group, exclusive=exclusive, through=while_open)
