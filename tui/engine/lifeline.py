"""The lifeline: a process that ends as soon as the one that started it does."""

import ctypes
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_POLL_SECONDS: Final = 0.25


def tie_to_parent(parent_pid: int, pipe: int = 0) -> None:
    """End this process, at once and whatever it is doing, when its parent has ended.

    Three ways, since none of them is enough alone: Linux sends SIGKILL by itself, also while foreign
    code holds the interpreter; the end of the file on `pipe`, whose other end only the parent holds;
    and the parent's process id, for parents that passed that end on to others.

    Args:
        parent_pid: The process to live with; 0 watches the pipe only.
        pipe: The file descriptor to watch, usually standard input.
    """
    if sys.platform == "linux" and parent_pid and os.getppid() == parent_pid:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    alive = _watcher(parent_pid)
    if not alive():
        # It died before the signal was asked for, which is then never sent.
        os._exit(0)
    threading.Thread(target=_watch, args=(alive, pipe), name="lifeline", daemon=True).start()


def _watcher(parent_pid: int) -> Callable[[], bool]:
    """Return a function that tells whether the parent is alive."""
    if not parent_pid:
        return lambda: True
    if os.getppid() == parent_pid:
        return lambda: os.getppid() == parent_pid
    return lambda: _exists(parent_pid)


def _exists(pid: int) -> bool:
    """Tell whether there is a process with this id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _watch(alive: Callable[[], bool], pipe: int) -> None:
    """Wait for the end, in a thread of its own."""
    while alive():
        readable, _, _ = select.select([pipe], [], [], _POLL_SECONDS)
        if readable and not os.read(pipe, 4096):
            break
    # Not sys.exit: nothing may delay it, neither threads of llama.cpp nor handlers at exit.
    os._exit(0)
