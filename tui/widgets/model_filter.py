"""Which models a few typed characters mean."""

from collections.abc import Sequence

from tui.domain.model import Capability, ModelInfo


def filter_models(query: str, models: Sequence[ModelInfo]) -> tuple[ModelInfo, ...]:
    """Return the models that can chat and match `query`, the best first.

    Every word must be found in the name, the size, the quantisation or the capabilities. Where no model
    has them, the characters may also lie apart in the name (`g34` finds `gemma3:4b`).
    """
    able = [model for model in models if model.can_chat]
    words = query.casefold().split()
    if not words:
        return tuple(able)
    found = [model for model in able if all(word in _words(model) for word in words)]
    if not found:
        letters = "".join(words)
        found = [model for model in able if _is_subsequence(letters, model.name.casefold())]
    # The sort is stable: among equals the server's order stays.
    found.sort(key=lambda model: _rank(words[0], model.name.casefold()))
    return tuple(found)


def capability_words(model: ModelInfo) -> str:
    """Return what a model can do besides talking, for example `vision tools`."""
    shown = (Capability.VISION, Capability.TOOLS, Capability.THINKING)
    return " ".join(each.value for each in shown if model.capabilities and each in model.capabilities)


def _words(model: ModelInfo) -> str:
    parts = (model.name, model.family, model.parameter_size, model.quantization, capability_words(model))
    return " ".join(parts).casefold()


def _is_subsequence(letters: str, name: str) -> bool:
    rest = iter(name)
    return all(letter in rest for letter in letters)


def _rank(word: str, name: str) -> int:
    if name.startswith(word):
        return 0
    return 1 if word in name else 2
