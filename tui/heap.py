"""When Python looks for garbage: not while the app starts, and never through what the start has made.

A look through everything that modules, styles and widgets are made of takes longer than three frames, and
would come in the middle of an answer.
"""

import gc
from typing import Final

_OBJECTS: Final = 2_000
"""New objects after which the young ones are looked through; most have gone by themselves by then."""


def hold() -> None:
    """Look for no garbage from now on."""
    gc.disable()


def settle() -> None:
    """Take what there is for lasting, and look for garbage among what comes after it."""
    if not gc.isenabled():
        gc.freeze()
        gc.set_threshold(_OBJECTS, 10, 10)
        gc.enable()
