"""Keys that terminals send and Textual does not know."""

from enum import StrEnum
from typing import cast

from textual import _ansi_sequences

MODIFY_OTHER_KEYS_SHIFT_ENTER = "shift+\r"
"""What Textual calls Shift+Enter when xterm's modifyOtherKeys reports it (`ESC [ 27 ; 2 ; 13 ~`)."""


class _Key(StrEnum):
    ALT_ENTER = "alt+enter"


def learn_alt_enter() -> None:
    r"""Make `ESC \r` Alt+Enter; without it Textual drops the ESC, and Alt+Enter would send the message.

    Terminals with the Kitty keyboard protocol have a sequence of their own for it.
    """
    table = cast("dict[str, tuple[_Key, ...]]", _ansi_sequences.ANSI_SEQUENCES_KEYS)
    table["\x1b\r"] = (_Key.ALT_ENTER,)
