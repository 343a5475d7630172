"""Memory with the real engine and its real model: a small window, many turns, nothing pinned is lost."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from tests.live.conftest import MODEL, Engine
from tests.support.builders import a_conversation
from tests.support.contexts import KnownModels, a_context
from tui.backends.ollama import OllamaBackend
from tui.domain.context import ContextPlan
from tui.domain.conversation import Message
from tui.domain.errors import ContextOverflow
from tui.domain.events import ContextMismatch, ContextUsed, ConversationsChanged, GenerationFinished
from tui.domain.generation import ChatMessage, ChatRequest, Options
from tui.services.clock import SystemClock
from tui.services.events import EventBus
from tui.services.generation import GenerationService
from tui.services.turns import TurnService
from tui.storage.conversations import SqliteConversationStore

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="session")]

WINDOW = 512
TURNS = 30
OPTIONS = Options(num_ctx=WINDOW, num_predict=10, temperature=0.0, seed=1)
QUESTIONS = (
    "Name a fruit.",
    "Which season is the best?",
    "Name an animal in the sea.",
    "What is for breakfast?",
    "Which colour has the sky?",
)


@pytest_asyncio.fixture(loop_scope="session")
async def backend(engine: Engine) -> AsyncIterator[OllamaBackend]:
    backend = OllamaBackend(engine.handle.url, headers=engine.handle.headers, embedded=True)
    yield backend
    await backend.aclose()


@pytest.mark.timeout(300)
async def test_a_pinned_fact_is_answered_after_thirty_turns_in_a_small_window(
    backend: OllamaBackend, tmp_path: Path
) -> None:
    store = await SqliteConversationStore.open(tmp_path / "conversations.db")
    bus, clock = EventBus(), SystemClock()
    models = KnownModels(await backend.models())
    context = a_context(store, bus, models)

    async def reach(_conversation_id: object) -> OllamaBackend:
        return backend

    generation = GenerationService(
        store=store,
        turns=TurnService(store, clock, context),
        backend=reach,
        bus=bus,
        clock=clock,
        suspect=lambda: None,
    )
    events = bus.subscribe()
    conversation = replace(a_conversation(model=MODEL), options=OPTIONS)
    await store.create(conversation)

    async def ask(text: str) -> tuple[Message, ContextPlan]:
        await generation.ask(conversation.id, text)
        plan: ContextPlan | None = None
        answer: Message | None = None
        async for event in events:
            assert not isinstance(event, ContextMismatch)
            if isinstance(event, ContextUsed):
                plan = event.plan
            if isinstance(event, GenerationFinished):
                answer = event.answer
            if answer is not None and isinstance(event, ConversationsChanged) and not generation.live:
                break
        assert answer is not None
        assert plan is not None
        return answer, plan

    errors: list[float] = []
    try:
        first, _ = await ask("My name is Tom and I live in Oslo.")
        assert first.parent_id is not None
        await store.pin_message(first.parent_id, pinned=True)
        for turn in range(TURNS - 1):
            answer, plan = await ask(QUESTIONS[turn % len(QUESTIONS)])
            prompt, written = answer.stats.prompt_tokens, answer.stats.answer_tokens
            assert prompt is not None
            assert written is not None
            # The engine's own count never reaches the window, the answer included.
            assert prompt + written < WINDOW
            errors.append(abs(plan.estimate - prompt) / prompt)
        answer, plan = await ask("Where do I live?")
    finally:
        await generation.aclose()
        await context.aclose()
        await store.aclose()
    assert "Oslo" in answer.content
    assert first.parent_id == plan.sent[0]
    assert len(plan.left_out) >= 10
    print(f"estimate: {[f'{error:.1%}' for error in errors]}")
    assert sum(errors[3:]) / len(errors[3:]) < 0.05
    running = await backend.running()
    assert [model.context_length for model in running] == [WINDOW]


async def test_the_engine_refuses_what_it_must_not_cut(backend: OllamaBackend) -> None:
    request = ChatRequest(
        model=MODEL, messages=(ChatMessage("user", "fox " * 900),), options=OPTIONS, exact=True
    )
    with pytest.raises(ContextOverflow) as caught:
        async for _ in backend.chat(request):
            pass
    assert caught.value.window == WINDOW
    assert caught.value.prompt_tokens is not None
    assert caught.value.prompt_tokens > 900
