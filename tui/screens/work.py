"""Work that a widget begins and that goes on beside the interface."""

import weakref
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

from textual.dom import DOMNode

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
