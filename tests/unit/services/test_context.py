"""What is sent: as planned, never more than the window, and learned from."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.builders import a_conversation, a_message, an_attachment, an_exchange
from tests.support.contexts import KnownModels, a_context
from tests.support.recordings import recording
from tui.backends import mapping
from tui.domain.context import ContextPlan, WindowSource
from tui.domain.conversation import ContextPolicy, Conversation, ConversationId, Message, Summary
from tui.domain.errors import ContextOverflow, ContextQuestion
from tui.domain.events import ContextMismatch
from tui.domain.generation import Options, Stats
from tui.domain.model import ModelDetails, ModelInfo, RunningModel
from tui.services.context import Composed, ContextService
from tui.services.events import EventBus
from tui.storage.conversations import SqliteConversationStore

MODEL = "llama3.2:latest"


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteConversationStore]:
    store = await SqliteConversationStore.open(tmp_path / "conversations.db")
    yield store
    await store.aclose()


async def a_branch(
    store: SqliteConversationStore, turns: int, **changes: object
) -> tuple[Conversation, tuple[Message, ...]]:
    """Store a conversation of some turns of about fifty tokens each."""
    conversation = replace(a_conversation(), **changes)  # type: ignore[arg-type]
    messages: list[Message] = []
    for turn in range(turns):
        parent = messages[-1] if messages else None
        messages += an_exchange(
            conversation, f"Question {turn}: " + "alpha beta " * 12, "one two " * 12, parent=parent
        )
    await store.create(conversation, messages)
    await store.set_active_leaf(conversation.id, messages[-1].id)
    stored = await store.conversation(conversation.id)
    assert stored is not None
    return stored, tuple(messages)


def texts(composed: Composed) -> list[str]:
    return [message.content for message in composed.messages]


async def test_the_plan_while_typing_is_what_is_sent(store: SqliteConversationStore) -> None:
    context = a_context(store, EventBus())
    conversation, path = await a_branch(store, 20, options=Options(num_ctx=512), system="Be brief.")
    planned = await context.plan(conversation, draft="And the last question?")
    question = a_message(conversation, "And the last question?", parent=path[-1])
    composed = await context.compose(conversation, (*path, question))
    assert composed.plan.sent == (*planned.sent, question.id)
    assert composed.plan.left_out == planned.left_out
    assert composed.plan.first_sent == planned.first_sent
    assert planned.window.source is WindowSource.CONVERSATION
    by_id = {message.id: message for message in (*path, question)}
    assert texts(composed) == ["Be brief.", *(by_id[message].content for message in composed.plan.sent)]
    assert planned.estimate + planned.parts.answer < 512


async def test_a_conversation_that_has_not_begun_has_a_plan(store: SqliteConversationStore) -> None:
    context = a_context(store, EventBus())
    plan = await context.plan(a_conversation(), draft="Hello")
    assert plan.window.tokens == 4096
    assert plan.window.source is WindowSource.ASSUMED
    assert plan.parts.draft > 0
    assert not plan.trims


async def test_pinned_messages_stay_with_what_belongs_to_them(store: SqliteConversationStore) -> None:
    context = a_context(store, EventBus())
    conversation, path = await a_branch(store, 20, options=Options(num_ctx=512))
    await store.pin_message(path[1].id, pinned=True)
    plan = await context.plan(conversation, draft="So?")
    assert plan.sent[:2] == (path[0].id, path[1].id)
    assert path[2].id in plan.left_out


@pytest.mark.parametrize(
    ("options", "loaded", "requested", "tokens", "source"),
    [
        (Options(), None, None, 4096, WindowSource.ASSUMED),
        (Options(), 8192, None, 8192, WindowSource.LOADED),
        (Options(num_ctx=2048), 8192, None, 2048, WindowSource.CONVERSATION),
        (Options(num_ctx=2048), 2048, None, 2048, WindowSource.LOADED),
        (Options(num_ctx=10**6), None, None, 32768, WindowSource.CONVERSATION),
        (Options(num_ctx=0), None, None, 4096, WindowSource.ASSUMED),
        (Options(num_ctx=-1), 8192, None, 8192, WindowSource.LOADED),
        # Loaded for another conversation that asked for more.
        (Options(), 8192, 8192, 4096, WindowSource.ASSUMED),
    ],
)
async def test_the_window_in_force(
    store: SqliteConversationStore,
    options: Options,
    loaded: int | None,
    requested: int | None,
    tokens: int,
    source: WindowSource,
) -> None:
    running = (RunningModel(MODEL, context_length=loaded),) if loaded else ()
    models = KnownModels((ModelInfo(MODEL, digest="d1", context_length=32768),), running)
    context = a_context(store, EventBus(), models)
    context.windows.of("d1").requested = requested
    window = context.windows.window(replace(a_conversation(), options=options))
    assert (window.tokens, window.source, window.maximum) == (tokens, source, 32768)


async def test_what_does_not_fit_is_asked_about(store: SqliteConversationStore) -> None:
    context = a_context(store, EventBus())
    conversation, path = await a_branch(store, 1, options=Options(num_ctx=256), system="word " * 900)
    plan = (await context.compose(conversation, path[:1])).plan
    with pytest.raises(ContextQuestion, match="The system prompt alone") as caught:
        context.check(conversation, plan)
    assert caught.value.plan is plan
    context.allow(conversation.id)
    context.check(conversation, plan)
    with pytest.raises(ContextQuestion):
        context.check(conversation, plan)


async def test_a_conversation_that_asks_does_so_once_for_the_same_messages(
    store: SqliteConversationStore,
) -> None:
    context = a_context(store, EventBus())
    conversation, path = await a_branch(store, 20, options=Options(num_ctx=512), policy=ContextPolicy.ASK)

    async def planned(turns: int) -> ContextPlan:
        return (await context.compose(conversation, path[: 2 * turns - 1])).plan

    context.check(conversation, await planned(2))
    with pytest.raises(ContextQuestion, match="would no longer be sent"):
        context.check(conversation, await planned(19))
    context.allow(conversation.id)
    context.check(conversation, await planned(19))
    context.check(conversation, await planned(19))
    with pytest.raises(ContextQuestion):
        context.check(conversation, await planned(20))


async def test_a_summary_goes_with_the_system_prompt(store: SqliteConversationStore) -> None:
    context = a_context(store, EventBus())
    conversation, path = await a_branch(
        store, 20, options=Options(num_ctx=512), policy=ContextPolicy.SUMMARISE, system="Be brief."
    )
    await store.save_summary(Summary("s1", conversation.id, path[33].id, "They counted.", 1.0))
    composed = await context.compose(conversation, path[:-1])
    assert composed.plan.summary is not None
    assert composed.plan.first_sent == path[34].id
    system, first = composed.messages[:2]
    assert system.content.startswith("Be brief.\n\nSummary")
    assert system.content.endswith("They counted.")
    assert first.content == path[34].content


async def test_counts_are_learned_and_shared_and_a_cut_is_told(store: SqliteConversationStore) -> None:
    bus = EventBus()
    events = bus.subscribe()
    context = a_context(store, bus)
    conversation, path = await a_branch(store, 6)

    async def answered(service: ContextService, turns: int, factor: float) -> float:
        composed = await service.compose(conversation, path[: 2 * turns - 1])
        answer = replace(path[1], stats=Stats(prompt_tokens=round(composed.plan.estimate * factor)))
        await service.answered(composed, answer)
        return composed.plan.estimate

    first = await answered(context, 1, 1.5)
    for turns in (2, 3, 4):
        await answered(context, turns, 1.5 * first / await answered(context, turns, 1.0) * turns)
    other = a_context(store, EventBus())
    assert (await other.compose(conversation, path[:1])).plan.calibrated
    await answered(other, 6, 0.25)
    bus.close()
    assert not [event async for event in events if isinstance(event, ContextMismatch)]

    bus = EventBus()
    events = bus.subscribe()
    await answered(a_context(store, bus), 6, 0.25)
    bus.close()
    told = [event async for event in events if isinstance(event, ContextMismatch)]
    assert len(told) == 1
    assert told[0].trimmed


async def test_a_refused_request_teaches_its_size_and_the_window(store: SqliteConversationStore) -> None:
    context = a_context(store, EventBus())
    conversation, path = await a_branch(store, 20)
    composed = await context.compose(conversation, path[:-1])
    assert not composed.plan.trims
    error = ContextOverflow("too long", prompt_tokens=2 * composed.plan.estimate, window=1024)
    window = await context.overflowed(conversation, composed, error)
    assert window.tokens == 1024
    again = await context.compose(conversation, path[:-1], window=window)
    assert again.plan.left_out
    assert again.plan.estimate + again.plan.parts.answer <= 1024
    assert again.plan.estimate > 1.5 * composed.plan.estimate * len(again.plan.sent) / len(path)
    assert context.windows.window(conversation).tokens == 1024


async def test_planning_a_long_branch_reads_only_what_can_be_sent(store: SqliteConversationStore) -> None:
    context = a_context(store, EventBus())
    conversation, path = await a_branch(store, 2000, options=Options(num_ctx=2048))
    await store.pin_message(path[2].id, pinned=True)
    plan = await context.plan(conversation, draft="So?")
    assert plan.sent[:2] == (path[2].id, path[3].id)
    assert len(plan.sent) + len(plan.left_out) == 4000
    counted = context._scales._counted
    assert path[2].id in counted
    assert len(counted) < 600
    # The branch is not read again for the next key.
    reads = 0
    messages = store.messages

    async def watched(conversation_id: ConversationId) -> tuple[Message, ...]:
        nonlocal reads
        reads += 1
        return await messages(conversation_id)

    store.messages = watched  # type: ignore[method-assign]
    again = await context.plan(conversation, draft="So what?")
    assert reads == 0
    assert again.sent == plan.sent


async def test_an_answer_that_is_gone_on_with_is_sent_with_its_thinking_and_no_other(
    store: SqliteConversationStore,
) -> None:
    context = a_context(store, EventBus())
    conversation, path = await a_branch(store, 2)
    thought = tuple(replace(message, thinking="Hm.") if message.model else message for message in path)
    composed = await context.compose(conversation, thought)
    assert [message.thinking for message in composed.messages] == ["", "", "", "Hm."]
    asked = await context.compose(conversation, thought[:-1])
    assert [message.thinking for message in asked.messages] == ["", "", ""]


async def test_images_that_leave_are_not_sent_and_their_words_are(store: SqliteConversationStore) -> None:
    context = a_context(store, EventBus())
    conversation, path = await a_branch(store, 2, options=Options(num_ctx=512))
    data = b"\x89PNG picture"
    picture = an_attachment(data)
    await store.add_attachment(data, picture)
    path = (replace(path[0], attachments=(picture,)), *path[1:3])
    composed = await context.compose(conversation, path)
    assert composed.plan.images_left_out == (path[0].id,)
    assert texts(composed) == [message.content for message in path]
    assert not any(message.images for message in composed.messages)
    wide = await context.compose(replace(conversation, options=Options(num_ctx=2048)), path)
    assert wide.messages[0].images == (data,)
    assert wide.plan.parts.images > 0


def recorded_details(name: str) -> ModelDetails:
    (answer,) = recording(name).json_lines()
    return mapping.details(answer)


async def test_more_memory_for_a_larger_window_is_known_from_the_model(
    store: SqliteConversationStore,
) -> None:
    models = KnownModels((ModelInfo(MODEL, digest="d1"),))
    context = a_context(store, EventBus(), models)
    conversation = a_conversation()
    assert context.windows.memory_cost(conversation, 8192) is None
    shown = recorded_details("show")
    # 18 layers with one head of 256 for keys and one for values, two bytes each.
    assert shown.kv_bytes_per_token == 18 * 2 * 256 * 2
    context.windows.of("d1").details = shown
    assert context.windows.memory_cost(conversation, 8192) == 4096 * 18432
    assert context.windows.num_predict(conversation) == 256
