"""What a model can be told of thinking: from what its server says, or from how the model is told."""

from dataclasses import replace

import pytest

from tui.backends.mapping import details as details_of
from tui.domain.generation import Think
from tui.domain.model import ModelDetails, ModelInfo, Thinking
from tui.domain.thinking import always_thinks, thinking_choices, thinking_of

THINKS = frozenset({"completion", "thinking"})
PLAIN = ModelDetails(THINKS, None, "", "", "qwen3", "", "{{ .Prompt }}", "", "", "FROM x\n")


@pytest.mark.parametrize(
    ("values", "default", "thinking"),
    [
        (["low", "medium", "high"], "medium", Thinking(("low", "medium", "high"), "medium")),
        ([False, True], True, Thinking(("off", "on"), "on")),
        ([False, "low", "high", "max"], "low", Thinking(("off", "low", "high", "max"), "low")),
        ([True], True, Thinking(("on",), "on")),
        ([False, False, "low", "unheard of", None, 3], "unheard of", Thinking(("off", "low"), None)),
        (["off", "on"], None, None),
        ([], None, None),
        ("low", None, None),
        (None, None, None),
    ],
)
def test_current_servers_say_it(values: object, default: object, thinking: Thinking | None) -> None:
    answer = {"thinking": {"values": values, "default": default}}
    assert details_of(answer).thinking == thinking
    assert details_of({"thinking": values}).thinking is None


@pytest.mark.parametrize(
    ("details", "values"),
    [
        (PLAIN, None),
        (replace(PLAIN, thinking=Thinking(("off", "max"))), ("off", "max")),
        (replace(PLAIN, family="gptoss"), ("low", "medium", "high")),
        (replace(PLAIN, modelfile="FROM x\nRENDERER harmony\nPARSER harmony\n"), ("low", "medium", "high")),
        (replace(PLAIN, modelfile="FROM x\nRENDERER kolibri1\n"), ("off", "low", "medium", "high")),
        (replace(PLAIN, modelfile="FROM x\nRENDERER qwen3.8\n"), ("off", "low", "medium", "max")),
        (replace(PLAIN, modelfile="FROM x\nRENDERER qwen3-vl-thinking\n"), None),
        (replace(PLAIN, modelfile="FROM x\n# RENDERER harmony\n"), None),
        (replace(PLAIN, modelfile="FROM x\nRENDERER glimmer\n"), ("off", "low", "medium", "high")),
        (replace(PLAIN, modelfile="FROM x\nRENDERER olmo3-think\n"), ("on",)),
        (replace(PLAIN, template="{{ .ThinkLevel }}"), ("off", "on", "low", "medium", "high")),
        (replace(PLAIN, template="{{ reasoning_effort }}"), ("off", "on", "low", "medium", "high")),
    ],
)
def test_of_older_servers_it_is_read_from_how_the_model_is_told(
    details: ModelDetails, values: tuple[Think, ...] | None
) -> None:
    found = thinking_of(details)
    assert (found.values if found else None) == values


@pytest.mark.parametrize(
    ("model", "choices"),
    [
        (None, ()),
        (ModelInfo("m"), ()),
        (ModelInfo("m", capabilities=frozenset({"completion"})), ()),
        (ModelInfo("m", capabilities=THINKS), ("off", "on")),
        (ModelInfo("m", capabilities=THINKS, family="gptoss"), ("low", "medium", "high")),
        (ModelInfo("m", capabilities=THINKS, thinking=Thinking(("off", "max"))), ("off", "max")),
        (ModelInfo("m", capabilities=THINKS, thinking=Thinking(("on",))), ()),
    ],
)
def test_what_is_offered(model: ModelInfo | None, choices: tuple[Think, ...]) -> None:
    assert thinking_choices(model) == choices


def test_a_model_that_always_thinks() -> None:
    assert always_thinks(ModelInfo("m", capabilities=THINKS, thinking=Thinking(("on",))))
    assert not always_thinks(ModelInfo("m", capabilities=THINKS))
    assert not always_thinks(None)
