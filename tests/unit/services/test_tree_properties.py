"""Whatever is done to a conversation, and wherever a crash falls: no word is lost, doubled or moved.

Every step is done through the services. Some are cut by a fault at any of their writes: before it begins,
between two of its statements, or after it was committed. Then everything is dropped as a kill drops it, and
the store is opened and recovered.
"""

import asyncio
import sqlite3
import tempfile
from collections.abc import Awaitable, Coroutine
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.support.builders import a_conversation, a_message, an_exchange
from tests.support.desk import Desk, Faults
from tests.support.fake_backend import Answer, said
from tui.domain.conversation import Conversation, Message, MessageStatus, Role
from tui.domain.errors import AnswerInterrupted, TuiError
from tui.domain.generation import Delta
from tui.domain.whole import Outcome, WholeConversation
from tui.services import generation
from tui.storage.conversations import SqliteConversationStore

_T = TypeVar("_T")

TURN = 6
"""Writes of a turn: question and answer, what the answer grows by, its end, and what was learned from it."""
STATEMENTS = 12
"""Statements of a transaction, where it is no import."""


@dataclass(frozen=True)
class Fault:
    """Where in a step the process dies."""

    writes: int
    """How many writes the step has at most."""
    most: int
    """How many statements a transaction of it has at most."""
    write: int | None
    """At which of them; None for no fault."""
    statements: int | None
    """After how many statements of its transaction, at the latest before the commit; None for after that."""


def faults(writes: int, most: int = STATEMENTS) -> st.SearchStrategy[Fault]:
    """Return a fault anywhere in a step that does so much at most, or none."""
    place = st.none() | st.integers(0, most)
    return st.builds(Fault, st.just(writes), st.just(most), st.none() | st.integers(1, writes), place)


@dataclass(frozen=True)
class Stored:
    """A message as it is in the file, deleted or not."""

    id: str
    parent: str | None
    role: str
    content: str
    deleted: bool


class TreeMachine(RuleBasedStateMachine):
    """One conversation in one window, over and over killed and opened again."""

    def __init__(self) -> None:
        super().__init__()
        generation.RETRY_FIRST = 0.0005
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "conversations.db"
        self.number = 0
        self.asked: set[str] = set()
        """Texts of which it was said that they are safe."""
        self.rows: list[Stored] = []

    def run(self, work: Coroutine[object, object, _T]) -> _T:
        return self.runner.run(work)

    @initialize()
    def begin(self) -> None:
        self.desk = Desk(self.run(SqliteConversationStore.open(self.path)))
        self.conversation = self.run(self._begin())

    async def _begin(self) -> Conversation:
        return await self.desk.begin()

    def stored(self) -> list[Stored]:
        """Return what is in the file, past all the code that reads it otherwise."""
        with closing(sqlite3.connect(self.path)) as connection:
            rows = connection.execute(
                "SELECT id, parent_id, role, content, d.message IS NOT NULL FROM messages"
                " LEFT JOIN deleted_messages AS d ON d.message = messages.key ORDER BY messages.key"
            ).fetchall()
        return [Stored(row[0], row[1], row[2], row[3], bool(row[4])) for row in rows]

    def new_text(self) -> str:
        self.number += 1
        return f"text {self.number}"

    def step(self, work: Awaitable[object], fault: Fault, text: str = "") -> bool:
        """Do something, perhaps with a fault; return whether it was said to be done."""
        faults = Faults(self.desk.store)
        faults.until, faults.after, faults.within = fault.write, fault.statements is None, fault.statements
        done = self.run(self._tried(work))
        if done and text:
            self.asked.add(text)
        if faults.failing:
            self.run(self._die())
        else:
            self.run(self.desk.idle(self.conversation))
            self.desk.store._database = faults.database
            # Otherwise no fault ever falls on the last of them.
            assert faults.writes <= fault.writes
            assert faults.statements <= fault.most
        return done

    async def _tried(self, work: Awaitable[object]) -> bool:
        try:
            await work
        except TuiError:
            return False
        # Some of what is written follows behind: it may meet the fault as well.
        for _ in range(20):
            if self.conversation.id not in self.desk.generation.live:
                break
            await asyncio.sleep(0.001)
        return True

    async def _die(self) -> None:
        """Drop everything as a kill does; where writes fail nothing more is written."""
        await self.desk.aclose()
        self.desk = Desk(await SqliteConversationStore.open(self.path))
        await self.desk.store.recover()

    def shown(self) -> tuple[Message, ...]:
        return self.run(self.desk.path(self.conversation))

    def pick(self, number: int, role: Role) -> Message | None:
        found = [message for message in self.shown() if message.role is role]
        return found[number % len(found)] if found else None

    @rule(fault=faults(TURN), fails=st.booleans())
    def ask(self, fault: Fault, fails: bool) -> None:
        text = self.new_text()
        lost = AnswerInterrupted("cut")
        self.desk.backend.answers = [
            Answer((Delta(content="half"),), error=lost) if fails else said("a", "b")
        ]
        self.step(self.desk.generation.ask(self.conversation.id, text), fault, text)

    @rule(fault=faults(2 * TURN))
    def ask_twice(self, fault: Fault) -> None:
        texts = [self.new_text(), self.new_text()]

        async def both() -> None:
            for text in texts:
                await self.desk.generation.ask(self.conversation.id, text)
                self.asked.add(text)

        self.step(both(), fault)

    @rule(number=st.integers(0, 9), fault=faults(TURN))
    def edit(self, number: int, fault: Fault) -> None:
        if (message := self.pick(number, Role.USER)) is not None:
            text = self.new_text()
            self.step(self.desk.generation.edit(self.conversation.id, message.id, text), fault, text)

    @rule(number=st.integers(0, 9), fault=faults(TURN))
    def regenerate(self, number: int, fault: Fault) -> None:
        if (message := self.pick(number, Role.ASSISTANT)) is not None:
            self.step(self.desk.generation.regenerate(self.conversation.id, message.id), fault)

    @rule(number=st.integers(0, 9), fault=faults(TURN))
    def go_on(self, number: int, fault: Fault) -> None:
        if (message := self.pick(number, Role.ASSISTANT)) is not None:
            self.step(self.desk.generation.continue_answer(self.conversation.id, message.id), fault)

    @rule(number=st.integers(0, 9), step=st.sampled_from([-1, 1]))
    def walk(self, number: int, step: int) -> None:
        path = self.shown()
        if path:
            message = path[number % len(path)]
            self.run(self.desk.conversations.step_branch(self.conversation.id, message.id, step))

    @rule(number=st.integers(0, 9), fault=faults(1))
    def delete(self, number: int, fault: Fault) -> None:
        path = self.shown()
        if path:
            self.step(self.desk.collection.delete_message(path[number % len(path)]), fault)

    @rule(number=st.integers(0, 9), everything=st.booleans())
    def delete_and_undo(self, number: int, everything: bool) -> None:
        path, rows = self.shown(), self.stored()
        if path:
            if everything:
                self.run(self.desk.collection.clear(self.conversation.id))
                assert self.shown() == ()
            else:
                gone = path[number % len(path)]
                self.run(self.desk.collection.delete_message(gone))
                assert gone.id not in {message.id for message in self.shown()}
            self.run(self.desk.undo.undo())
            assert self.shown() == path
            assert self.stored() == rows

    @rule(number=st.integers(0, 9), fault=faults(2))
    def undo(self, number: int, fault: Fault) -> None:
        path = self.shown()
        if path and not self.desk.undo.next:
            self.run(self.desk.collection.delete_message(path[number % len(path)]))
        self.step(self.desk.undo.undo(), fault)

    @rule(number=st.integers(0, 9), pinned=st.booleans(), fault=faults(1))
    def pin(self, number: int, pinned: bool, fault: Fault) -> None:
        path = self.shown()
        if path:
            wanted = path[number % len(path)]
            work = self.desk.store.pin_message(wanted.id, pinned=pinned)
            if self.step(work, fault):
                now = next(message for message in self.shown() if message.id == wanted.id)
                assert now.pinned is pinned

    @rule(number=st.integers(0, 9), fault=faults(1, 36))
    def import_what_has_grown(self, number: int, fault: Fault) -> None:
        messages = self.run(self.desk.store.messages(self.conversation.id))
        kept = tuple(message for message in messages if message.status is not MessageStatus.STREAMING)
        text, other = self.new_text(), a_conversation()
        parent = kept[number % len(kept)] if kept else None
        grown = self.turn(self.conversation, text, parent)
        new = self.turn(other, self.new_text(), None)
        work = self.desk.store.take_in(
            [
                WholeConversation(replace(self.conversation, active_leaf=grown[-1].id), (*kept, *grown)),
                WholeConversation(other, new),
            ]
        )
        self.step(work, fault, text)
        stored = {row.id for row in self.stored()}
        assert len({message.id in stored for message in (*grown, *new)}) == 1

    def turn(self, conversation: Conversation, text: str, parent: Message | None) -> tuple[Message, Message]:
        asked = a_message(conversation, text, parent=parent)
        return asked, a_message(conversation, "answer", role=Role.ASSISTANT, parent=asked)

    @rule()
    def import_and_undo(self) -> None:
        rows, shown = self.stored(), self.shown()
        other = a_conversation()
        grown = a_message(self.conversation, "never kept", parent=shown[-1] if shown else None)
        taken = self.run(
            self.desk.store.take_in(
                [
                    WholeConversation(other, an_exchange(other)),
                    WholeConversation(replace(self.conversation, active_leaf=grown.id), (*shown, grown)),
                ]
            )
        )
        assert [each.outcome for each in taken] == [Outcome.NEW, Outcome.GROWN]
        self.run(self.desk.store.give_back(taken, 1.0))
        assert self.stored() == rows
        assert [message.id for message in self.shown()] == [message.id for message in shown]

    @rule()
    def kill(self) -> None:
        self.run(self._die())

    @invariant()
    def nothing_is_lost_doubled_or_moved(self) -> None:
        if not hasattr(self, "desk"):
            return
        rows = self.stored()
        assert [row.id for row in rows[: len(self.rows)]] == [row.id for row in self.rows]
        for before, now in zip(self.rows, rows, strict=False):
            assert (now.parent, now.role) == (before.parent, before.role)
            assert now.content.startswith(before.content)
        # A question and its answer are stored together, whatever happens between.
        answered = {row.parent for row in rows}
        assert all(row.id in answered for row in rows if row.role == "user")
        self.rows = rows
        waiting = self.run(self.desk.store.queued(self.conversation.id))
        draft = self.run(self.desk.store.draft(self.conversation.id)).split("\n\n")
        everywhere = [row.content for row in rows if row.role == "user"]
        everywhere += [queued.content for queued in waiting] + [text for text in draft if text]
        assert len(everywhere) == len(set(everywhere))
        assert self.asked <= set(everywhere)

    @invariant()
    def what_is_shown_is_the_branch_without_what_was_deleted(self) -> None:
        if not hasattr(self, "desk"):
            return
        rows = {row.id: row for row in self.rows}
        path = self.shown()
        found = self.run(self.desk.conversations.get(self.conversation.id))
        assert found is not None
        ancestors: list[str] = []
        at: str | None = found.active_leaf
        while at is not None:
            ancestors.append(at)
            at = rows[at].parent
        assert [message.id for message in path] == [i for i in reversed(ancestors) if not rows[i].deleted]
        assert found.active_leaf is None or not rows[found.active_leaf].deleted
        if not path:
            assert found.active_leaf is None
        assert all(message.status is not MessageStatus.STREAMING for message in path)

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            self.run(self.desk.aclose())
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            for index in ("messages_index", "messages_trigrams", "titles_index", "titles_trigrams"):
                connection.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        generation.RETRY_FIRST = 0.5
        self.runner.close()
        self.folder.cleanup()


TreeMachine.TestCase.settings = settings(
    max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
TestTree = TreeMachine.TestCase
