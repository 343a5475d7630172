"""The thread in which pictures are decoded and drawn, one at a time."""

import sys
from asyncio import get_running_loop
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final, TypeVar

_T = TypeVar("_T")

_LARGE: Final = 256 * 1024
"""Bytes from which on what is freed goes back to the system at once."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Names of settings in glibc's `malloc.h`."""


async def draw_in_thread(work: Callable[..., _T], *arguments: object) -> _T:
    """Return what `work` returns; it waits until earlier work is done.

    Each thread has memory of its own, in which pictures leave gaps: with several, each keeps as much.
    """
    return await get_running_loop().run_in_executor(_thread(), work, *arguments)


async def give_back() -> None:
    """Let the system have the memory that drawing has left."""
    if (libc := _libc()) is not None:
        with suppress(AttributeError):
            await draw_in_thread(libc.malloc_trim, 0)


@lru_cache(maxsize=1)
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="pictures", initializer=_keep_no_large_blocks)


def _keep_no_large_blocks() -> None:
    # Left to itself, glibc takes the size of the first picture for usual, and keeps twice as much.
    if (libc := _libc()) is not None:
        with suppress(AttributeError):
            libc.mallopt(_MMAP_THRESHOLD, _LARGE)
            libc.mallopt(_TRIM_THRESHOLD, _LARGE)


@lru_cache(maxsize=1)
def _libc() -> Any:
    """Return the C library where it is one that can be told so; None elsewhere."""
    if sys.platform != "linux":
        return None
    from ctypes import CDLL

    with suppress(OSError):
        return CDLL(None)
    return None
