"""How much a model can be told to think."""

from typing import Final

from tui.domain.generation import Think
from tui.domain.model import Capability, ModelDetails, ModelInfo

_ALWAYS_THINKS: Final = ("gptoss", "gpt-oss")
"""Families that cannot be told not to think, only how much."""

_SWITCH: Final[tuple[Think, ...]] = ("off", "on")
_LEVELS: Final[tuple[Think, ...]] = ("low", "medium", "high")


def thinking_choices(model: ModelInfo | None) -> tuple[Think, ...]:
    """Return what a model can be told; empty for one that does not think, or of which nothing is known."""
    if model is None or model.capabilities is None or Capability.THINKING not in model.capabilities:
        return ()
    if model.family.casefold() in _ALWAYS_THINKS:
        return _LEVELS
    return (*_SWITCH, *_LEVELS, "max") if model.thinking_levels else _SWITCH


def takes_levels(details: ModelDetails) -> bool:
    """Return whether a model's template makes anything of a level of thinking."""
    return details.family.casefold() in _ALWAYS_THINKS or "ThinkLevel" in details.template
