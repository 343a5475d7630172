"""How much a model can be told to think.

Current servers say it of each model: `/api/show` has `thinking` with `values` and `default`. Servers before
that took every level of every thinking model, though few models make anything of one; for these it is read
from how the model is told, which `/api/show` says too.
"""

import re
from collections.abc import Mapping
from typing import Final

from tui.domain.generation import Think
from tui.domain.model import Capability, ModelDetails, ModelInfo, Thinking

_SWITCH: Final[tuple[Think, ...]] = ("off", "on")
_LEVELS: Final[tuple[Think, ...]] = ("low", "medium", "high")

_HARMONY: Final = Thinking(_LEVELS, "medium")
"""Models that cannot be told not to think, only how much."""

_HARMONY_FAMILIES: Final = ("gptoss", "gpt-oss")

_RENDERERS: Final[Mapping[str, Thinking]] = {
    "harmony": _HARMONY,
    "glimmer": Thinking(("off", *_LEVELS), "high"),
    "kolibri1": Thinking(("off", *_LEVELS), "high"),
    "olmo3-think": Thinking(("on",), "on"),
    "olmo3-32b-think": Thinking(("on",), "on"),
    "qwen3.8": Thinking(("off", "low", "medium", "max"), "medium"),
}
"""What is built into servers of models that take more or less than on and off, by the name in a Modelfile's
RENDERER line. All others take on and off.

Source: https://github.com/ollama/ollama/tree/main/model/renderers
"""

_LEVELLED: Final = re.compile(r"ThinkLevel|reasoning_effort")
"""How templates call the level, those of Ollama and those that come with weights."""

_RENDERER: Final = re.compile(r"^RENDERER\s+(\S+)", re.MULTILINE)


def thinking_choices(model: ModelInfo | None) -> tuple[Think, ...]:
    """Return what a model can be told; empty where there is nothing to choose or nothing is known."""
    if model is None or model.capabilities is None or Capability.THINKING not in model.capabilities:
        return ()
    if model.thinking is not None:
        return model.thinking.values if len(model.thinking.values) > 1 else ()
    return _LEVELS if model.family.casefold() in _HARMONY_FAMILIES else _SWITCH


def always_thinks(model: ModelInfo | None) -> bool:
    """Return whether a model is known to think, and to take no word about it."""
    return model is not None and model.thinking is not None and model.thinking.values == ("on",)


def thinking_of(details: ModelDetails) -> Thinking | None:
    """Return what a model can be told, as far as its details tell; None for no more than on and off."""
    if details.thinking is not None:
        return details.thinking
    if details.family.casefold() in _HARMONY_FAMILIES:
        return _HARMONY
    if (named := _RENDERER.search(details.modelfile)) is not None and named[1] in _RENDERERS:
        return _RENDERERS[named[1]]
    return Thinking((*_SWITCH, *_LEVELS)) if _LEVELLED.search(details.template) else None
