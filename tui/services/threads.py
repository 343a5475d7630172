"""Work that may hang: done in a thread that nothing waits for when the application ends."""

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Cancelled(BaseException):
    """The work in a thread is no longer wanted."""


class Stop:
    """Tells work in a thread that it is no longer wanted."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Say that the work is no longer wanted."""
        self._event.set()

    def check(self) -> None:
        """Go on, or end the work.

        Raises:
            Cancelled: It is no longer wanted.
        """
        if self._event.is_set():
            raise Cancelled


class _Delivery(Generic[_T]):
    """Brings what comes of work in a thread, its failure too, to the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, future: "asyncio.Future[_T]") -> None:
        self._loop, self._future = loop, future
        self.result: _T | None = None

    def __enter__(self) -> "_Delivery[_T]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        # Once the loop is closed there is nobody to deliver to.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._deliver, error)
        return True

    def _deliver(self, error: BaseException | None) -> None:
        if self._future.done():
            return
        if isinstance(error, Cancelled):
            self._future.cancel()
        elif error is not None:
            self._future.set_exception(error)
        else:
            self._future.set_result(self.result)  # type: ignore[arg-type]


async def in_thread(work: Callable[[Stop], _T], name: str) -> _T:
    """Do `work` in a thread of its own and return what it returns.

    When the caller is cancelled the work is told to stop and not waited for: it may hang in a read from a
    mount that does not answer. The thread does not keep the application from ending either.

    Args:
        work: Is given what tells it to stop.
        name: The thread's name.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T] = loop.create_future()
    stop = Stop()

    def run() -> None:
        with _Delivery(loop, future) as delivery:
            delivery.result = work(stop)

    threading.Thread(target=run, name=name, daemon=True).start()
    try:
        return await future
    finally:
        stop.set()
