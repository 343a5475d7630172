"""Answers being written: one at a time in a conversation, any number side by side."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import replace

from tui.domain.conversation import (
    Attachment,
    ConversationId,
    Message,
    MessageId,
    MessageStatus,
    QueuedMessage,
    new_message_id,
)
from tui.domain.errors import (
    AnswerInterrupted,
    BadRequest,
    ContextQuestion,
    ConversationGone,
    NoLongerQueued,
    ServerUnreachable,
    StoreUnavailable,
    TuiError,
    WrittenElsewhere,
)
from tui.domain.events import (
    ContextAsked,
    ConversationsChanged,
    GenerationFinished,
    GenerationStarted,
    GenerationUpdated,
    QueueChanged,
    StoreStateChanged,
)
from tui.domain.generation import Phase
from tui.domain.ports import ChatBackend, Clock
from tui.domain.store import ConversationStore
from tui.services.answer_check import checked
from tui.services.events import EventBus
from tui.services.receiving import fitted_chat, watch_loading
from tui.services.run import Run, Throttle
from tui.services.turns import Ask, Continue, Edit, Job, Regenerate, Turn, TurnService

UPDATE_INTERVAL = 1 / 15
"""Seconds between two events of one answer, at least."""

CHECKPOINT_INTERVAL = 0.25
"""Seconds between two writes of one answer to the store, at least."""

RETRY_FIRST = 0.5
RETRY_LAST = 15.0
"""Seconds until storing the end of an answer is tried again: at first, and at most."""


class _Worker:
    """Works through the jobs of one conversation, one after the other."""

    def __init__(self) -> None:
        self.run: Run | None = None
        self.stream: asyncio.Task[None] | None = None
        self.task: asyncio.Task[None] | None = None
        self.stopped = False
        """The user stopped the answer that is being written."""
        self.halted = False
        """What waits is not to be sent after it."""
        self.received = False
        """The answer has come to its end, which is being stored."""
        self.beginning = False
        """What it was begun for is not stored yet."""


class GenerationService:
    """Owns every answer that is being written; they live and end without any widget or screen.

    What a conversation is asked while it answers waits in the store and is sent in order. Each user
    message is committed before its request goes out, and each answer at least every
    `CHECKPOINT_INTERVAL` while it grows.
    """

    def __init__(
        self,
        *,
        store: ConversationStore,
        turns: TurnService,
        backend: Callable[[ConversationId], Awaitable[ChatBackend]],
        bus: EventBus,
        clock: Clock,
        suspect: Callable[[], None],
    ) -> None:
        """Make a service with nothing to do.

        Args:
            store: Where messages live.
            turns: Stores turns and makes requests.
            backend: Returns what answers in a conversation, once connected; raises a `TuiError` when there
                is nothing.
            bus: Where events go.
            clock: The time.
            suspect: Told when the connection failed under an answer.
        """
        self._store = store
        self._turns = turns
        self._backend = backend
        self._bus = bus
        self._clock = clock
        self._suspect = suspect
        self._workers: dict[ConversationId, _Worker] = {}
        self._checkpoints: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()
        self._store_error: StoreUnavailable | None = None
        self.viewing: ConversationId | None = None
        """The conversation on the screen: its answers are read as they end."""

    @property
    def live(self) -> frozenset[ConversationId]:
        """The conversations in which an answer is being written."""
        return frozenset(self._workers)

    @property
    def unfinished(self) -> frozenset[ConversationId]:
        """The conversations where something of an answer would be lost if the app ended now."""
        return frozenset(
            conversation_id
            for conversation_id, worker in self._workers.items()
            # What waits to be sent is stored, and comes back as a draft: nothing of it would be lost.
            if worker.beginning
            or (worker.run is not None and (not worker.received or self._store_error is not None))
        )

    def progress(self, conversation_id: ConversationId) -> GenerationUpdated | None:
        """Return how far the answer in a conversation is, or None when none is being written."""
        worker = self._workers.get(conversation_id)
        return worker.run.update() if worker and worker.run else None

    async def ask(
        self, conversation_id: ConversationId, content: str, attachments: tuple[Attachment, ...] = ()
    ) -> None:
        """Send a message; returns when it is committed. While an answer is being written it waits.

        Raises:
            BadRequest: there is nothing in it.
            StoreUnavailable: it could not be stored and was not sent.
        """
        if not content.strip() and not attachments:
            raise BadRequest("The message is empty.")
        waits = conversation_id in self._workers or bool(await self._store.queued(conversation_id))
        if not waits and conversation_id not in self._workers:
            try:
                await self._begin(conversation_id, Ask(content, attachments))
                return
            except WrittenElsewhere:
                pass  # It waits, and is sent by the window whose answer ends.
        queued = QueuedMessage(new_message_id(), conversation_id, content, self._clock.now(), attachments)
        await self._store.enqueue(queued)
        await self._publish_queue(conversation_id)
        self.resume(conversation_id)

    async def edit(
        self,
        conversation_id: ConversationId,
        message_id: MessageId,
        content: str,
        attachments: tuple[Attachment, ...] | None = None,
    ) -> None:
        """Ask in other words, beside a message that is there.

        Args:
            conversation_id: Where.
            message_id: Which message.
            content: The other words.
            attachments: What goes along; None for what the message was sent with.

        Raises:
            BadRequest: there is nothing in it, an answer is being written, or the message is gone.
            StoreUnavailable: it could not be stored and was not sent.
        """
        if not content.strip() and not attachments:
            raise BadRequest("The message is empty.")
        await self._begin(conversation_id, Edit(message_id, content, attachments))

    async def regenerate(self, conversation_id: ConversationId, answer_id: MessageId) -> None:
        """Have an answer written again, beside the one that is there.

        Raises:
            BadRequest: an answer is being written already, or there is none to write again.
            StoreUnavailable: the store cannot be written.
        """
        await self._begin(conversation_id, Regenerate(answer_id))

    async def continue_answer(self, conversation_id: ConversationId, answer_id: MessageId) -> None:
        """Have a cut answer gone on with.

        Raises:
            BadRequest: an answer is being written already, or there is none to go on with.
            StoreUnavailable: the store cannot be written.
        """
        await self._begin(conversation_id, Continue(answer_id))

    def stop(self, conversation_id: ConversationId) -> bool:
        """Stop the answer in a conversation, keeping what has arrived; return whether there was one."""
        worker = self._workers.get(conversation_id)
        if worker is None or worker.stream is None:
            return False
        worker.stopped = True
        worker.stream.cancel()
        return True

    async def halt(self, conversation_id: ConversationId) -> None:
        """Stop the answer in a conversation, and wait until its end is stored; what waits goes on waiting.

        Raises:
            BadRequest: the end cannot be stored now.
        """
        worker = self._workers.get(conversation_id)
        if self.stop(conversation_id) and worker is not None and worker.task is not None:
            worker.halted = True
            await asyncio.wait({worker.task})
        if conversation_id in self._workers:
            raise BadRequest("An answer is being written.", "Stop it first with Esc.")

    async def change_queued(
        self, queued: QueuedMessage, content: str, attachments: tuple[Attachment, ...] | None = None
    ) -> None:
        """Replace the text of a message that waits, and what goes along; None leaves that as it is.

        Raises:
            NoLongerQueued: it was sent meanwhile.
        """
        try:
            await self._store.change_queued(queued.id, content, attachments)
        finally:
            await self._publish_queue(queued.conversation_id)

    async def unqueue(self, queued: QueuedMessage) -> None:
        """Take back a message that waits."""
        await self._store.dequeue(queued.id)
        await self._publish_queue(queued.conversation_id)

    async def aclose(self) -> None:
        """Cut every answer, and wait until each is stored as interrupted."""
        self._closing.set()
        tasks = [worker.task for worker in self._workers.values() if worker.task]
        for worker in self._workers.values():
            if worker.stream is not None:
                worker.stream.cancel()
        await asyncio.gather(*tasks, *self._checkpoints, return_exceptions=True)

    async def _begin(self, conversation_id: ConversationId, job: Job) -> None:
        if (
            conversation_id not in self.unfinished
            and (last := self._workers.get(conversation_id))
            and last.task
        ):
            # Its end is on the screen already, and in a moment in the store.
            await asyncio.wait({last.task}, timeout=RETRY_FIRST)
        if conversation_id in self._workers:
            raise BadRequest("An answer is being written in this conversation.", "Stop it first with Esc.")
        worker = self._workers[conversation_id] = _Worker()
        worker.beginning = True
        committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        worker.task = asyncio.create_task(
            self._work(conversation_id, worker, job, committed), name=f"generation {conversation_id}"
        )
        await asyncio.shield(committed)

    def resume(self, conversation_id: ConversationId) -> None:
        """Go on with what waits in a conversation, unless that is being done."""
        if conversation_id not in self._workers and not self._closing.is_set():
            worker = self._workers[conversation_id] = _Worker()
            worker.task = asyncio.create_task(
                self._work(conversation_id, worker, None, None), name=f"generation {conversation_id}"
            )

    async def _work(
        self,
        conversation_id: ConversationId,
        worker: _Worker,
        job: Job | None,
        committed: asyncio.Future[None] | None,
    ) -> None:
        """Do `job`, then what waits, until nothing waits or an answer fails."""
        try:
            going = True
            if job is not None:
                going = await self._do(worker, conversation_id, job, committed)
            wait = RETRY_FIRST
            while going and not worker.halted and not self._closing.is_set():
                queued = await self._store.queued(conversation_id)
                if not queued:
                    break
                first = queued[0]
                ask = Ask(first.content, first.attachments, waited=first.id)
                try:
                    going = await self._do(worker, conversation_id, ask, None)
                    wait = RETRY_FIRST
                except ConversationGone:
                    break
                except StoreUnavailable as failure:
                    # It goes on waiting until there is room again.
                    self._store_state(failure)
                    wait = await self._pause(wait)
                except NoLongerQueued:
                    await self._publish_queue(conversation_id)
                except ContextQuestion as question:
                    # It goes on waiting until that is answered.
                    self._bus.publish(ContextAsked(conversation_id, question))
                    break
        except (StoreUnavailable, WrittenElsewhere):
            pass  # What waits stays in the store; the window that is writing sends it, or the next message.
        finally:
            if committed is not None and not committed.done():
                committed.cancel()
            del self._workers[conversation_id]
            self._bus.publish(ConversationsChanged(conversation_id))

    async def _do(
        self,
        worker: _Worker,
        conversation_id: ConversationId,
        job: Job,
        committed: asyncio.Future[None] | None,
    ) -> bool:
        """Do one job; return whether to go on with what waits."""
        worker.received = False
        try:
            turn = await self._turns.prepare(conversation_id, job)
        except TuiError as error:
            if committed is None:
                raise
            committed.set_exception(error)
            return False
        worker.beginning = False
        run = worker.run = Run(turn.answer, self._clock, self._clock.monotonic())
        worker.stopped = False
        if isinstance(job, Ask) and job.waited is not None:
            await self._publish_queue(conversation_id)
        self._bus.publish(GenerationStarted(conversation_id, turn.user, turn.answer))
        if committed is not None:
            committed.set_result(None)
        ended = await self._stream(worker, run, turn)
        worker.run = None
        return ended.error == "" or ended.status is MessageStatus.COMPLETE

    async def _stream(self, worker: _Worker, run: Run, turn: Turn) -> Message:
        """Receive an answer to its end, whatever that is, and store it."""
        updates = Throttle(UPDATE_INTERVAL, lambda: self._bus.publish(run.update()))
        checkpoints = Throttle(CHECKPOINT_INTERVAL, lambda: self._checkpoint(run))
        error: TuiError | None = None
        worker.stream = asyncio.create_task(
            self._receive(run, turn, updates, checkpoints), name=f"stream {run.answer.id}"
        )
        if self._closing.is_set():
            worker.stream.cancel()
        try:
            await worker.stream
        except asyncio.CancelledError:
            if not worker.stopped:
                error = AnswerInterrupted("The app was closed while this was being written.")
        except TuiError as failure:
            error = failure
            if isinstance(failure, ServerUnreachable | AnswerInterrupted):
                self._suspect()
        finally:
            worker.stream = None
            worker.received = True
            updates.cancel()
            checkpoints.cancel()
        if turn.request.format:
            # The check may take a while: what is there must outlive a crash meanwhile.
            self._checkpoint(run)
        answer = await checked(run.ended(error, stopped=worker.stopped), turn.request.format)
        await self._finish(answer, error)
        if run.turn is not None and run.done is not None:
            await self._turns.answered(run.turn, answer)
        return answer

    async def _finish(self, answer: Message, error: TuiError | None) -> None:
        """Store how an answer ended; while that cannot be done it stays in memory and is tried again."""
        unread = self.viewing != answer.conversation_id
        await asyncio.gather(*self._checkpoints, return_exceptions=True)
        ended = GenerationFinished(answer.conversation_id, answer, error)
        wait = RETRY_FIRST
        told = False
        try:
            while not await self._stored(answer, unread=unread):
                if not told:
                    self._bus.publish(ended)
                    told = True
                if self._closing.is_set():
                    return
                wait = await self._pause(wait)
            if unread and self.viewing == answer.conversation_id:
                # Whoever came while the end was being stored has read it.
                with suppress(StoreUnavailable):
                    await self._store.change(answer.conversation_id, lambda each: replace(each, unread=False))
        finally:
            if not told:
                self._bus.publish(ended)

    async def _pause(self, seconds: float) -> float:
        """Wait before the store is tried again, unless the app ends; return how long to wait next."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)
        return min(seconds * 2, RETRY_LAST)

    async def _stored(self, answer: Message, *, unread: bool) -> bool:
        """Store the end of an answer; return whether there is nothing more to do about it."""
        try:
            await self._store.finish(answer, unread=unread)
        except ConversationGone:
            return True
        except StoreUnavailable as failure:
            self._store_state(failure)
            return False
        self._store_state(None)
        return True

    def _store_state(self, error: StoreUnavailable | None) -> None:
        """Tell when writing begins to fail, and when it works again."""
        if (error is None) != (self._store_error is None):
            self._bus.publish(StoreStateChanged(error))
        self._store_error = error

    async def _receive(self, run: Run, turn: Turn, updates: Throttle, checkpoints: Throttle) -> None:
        def busy(waiting: bool) -> None:
            run.phase = Phase.BUSY if waiting else Phase.WAITING
            updates.request()

        updates.request()
        backend = await self._backend(run.answer.conversation_id)
        watch = asyncio.create_task(watch_loading(run, backend, updates), name="watch loading")
        try:
            chat = fitted_chat(backend, turn, run, turns=self._turns, bus=self._bus, busy=busy)
            async with aclosing(chat) as deltas:
                async for delta in deltas:
                    run.take(delta)
                    if delta.content or delta.thinking:
                        updates.request()
                        checkpoints.request()
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch
        if run.done is None:
            raise AnswerInterrupted("The server ended the answer early.", "Continue it, or ask again.")

    def _checkpoint(self, run: Run) -> None:
        task = asyncio.create_task(
            self._store.checkpoint(run.answer.id, run.content, run.thinking), name="checkpoint"
        )
        self._checkpoints.add(task)
        task.add_done_callback(self._checkpointed)

    def _checkpointed(self, task: asyncio.Task[None]) -> None:
        self._checkpoints.discard(task)
        if not task.cancelled():
            # A failed checkpoint is made good by the next, and by the end of the answer.
            error = task.exception()
            if error is None or (
                isinstance(error, StoreUnavailable) and not isinstance(error, ConversationGone)
            ):
                self._store_state(error)

    async def _publish_queue(self, conversation_id: ConversationId) -> None:
        queued = await self._store.queued(conversation_id)
        self._bus.publish(QueueChanged(conversation_id, queued))
