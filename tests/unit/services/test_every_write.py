"""Every operation, cut at each statement of each of its writes: a full disk, and a sudden death.

The write that is cut leaves the file as it was, to the byte of every row. With room on the disk again the
operation is done once more and comes to the same end; after a death the store is opened and recovered, and
nothing of what was there is lost or moved, and what is shown is what was before or what is after.
"""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.support.builders import a_message, a_queued_message, an_answer, an_exchange
from tests.support.desk import Desk, Faults, happens
from tests.support.fake_backend import Answer, said
from tests.support.stored import Tree, check_indices, look, rows_of
from tui.domain.conversation import Conversation, ConversationId, Message, MessageStatus
from tui.domain.errors import AnswerInterrupted, TuiError
from tui.domain.generation import Delta
from tui.domain.whole import WholeConversation
from tui.services import generation
from tui.services.clock import SystemClock
from tui.services.transfer.importing import ImportService
from tui.services.transfer.ours import body
from tui.storage.conversations import SqliteConversationStore

BEFORE = ("one", "1", "two", "2b", "three", "3")
"""What is shown before each operation."""


class Scene:
    """A store with two conversations, in a window that may die."""

    def __init__(self, path: Path, store: SqliteConversationStore) -> None:
        self.path = path
        self.sit(store)
        self.todo: list[Step] = []
        """What is left of the operation."""
        self.new = ConversationId("")
        """The conversation that the operation began."""

    def sit(self, store: SqliteConversationStore) -> None:
        """Work on a store from now on."""
        self.desk = Desk(store)
        self.desk.backend.answers = [said("a", "b"), said("c", "d")]
        self.importing = ImportService(store, self.desk.bus, SystemClock(), self.desk.undo)
        self.faults = Faults(store)

    async def meet(self) -> None:
        """Look up what operations are done with."""
        page = await self.desk.conversations.page()
        self.first = next(each for each in page if each.title == "First")
        self.other = next(each for each in page if each.title == "Other")
        self.shown = {message.content: message for message in await self.desk.path(self.first)}

    async def do(self) -> TuiError | None:
        """Do what is left, up to what fails."""
        while self.todo:
            try:
                await self.todo[0](self)
            except TuiError as error:
                return error
            self.todo.pop(0)
        return None

    async def settled(self) -> None:
        """Return when nothing more happens, or nothing more can."""
        await happens(lambda: self.faults.failing or not self.desk.generation.live)
        # Work on the store is done in turn.
        await self.faults.database.write(lambda _: None)

    async def import_file(self, *conversations: object) -> None:
        """Import a file of ours, and expect the disk to fail rather than the file."""
        file = self.path.with_suffix(".json")
        file.write_text(json.dumps({"format": "ollama-tui", "version": 1, "conversations": conversations}))
        summary = await self.importing.begin().run([file])
        assert not summary.failed


Step = Callable[[Scene], Awaitable[object]]
"""Something of an operation; it is done whole or fails."""


@dataclass(frozen=True)
class Operation:
    """Something that a user does."""

    name: str
    steps: tuple[Step, ...]
    shown: tuple[str, ...] = BEFORE
    """What is shown of the first conversation afterwards."""
    given: tuple[Step, ...] = ()
    """What was done before."""
    parts: bool = False
    """After a death it may look in another way than before or after, and make sense."""
    between: tuple[tuple[str, ...], ...] = ()
    """What may be shown then."""
    texts: tuple[str, ...] = ()
    """What each step of it promised to keep."""
    removes: bool = False
    """It is meant to remove something for good."""


async def begin(scene: Scene) -> None:
    scene.new = (await scene.desk.begin("hello")).id


def ask(text: str) -> Step:
    return lambda scene: scene.desk.generation.ask(scene.first.id, text)


def undo(scene: Scene) -> Awaitable[object]:
    return scene.desk.undo.undo()


def delete(text: str) -> Step:
    return lambda scene: scene.desk.collection.delete_message(scene.shown[text])


def clear(scene: Scene) -> Awaitable[object]:
    return scene.desk.collection.clear(scene.first.id)


def rename(scene: Scene) -> Awaitable[object]:
    return scene.desk.collection.rename(scene.first.id, "Better")


def throw_away(scene: Scene) -> Awaitable[object]:
    return scene.desk.collection.delete([scene.first.id, scene.other.id])


def duplicate(scene: Scene) -> Awaitable[object]:
    return scene.desk.collection.duplicate(scene.first.id)


async def enqueue(scene: Scene) -> None:
    for text in ("five", "six"):
        await scene.desk.store.enqueue(a_queued_message(scene.first, text))


async def change_queued(scene: Scene) -> None:
    first, _ = await scene.desk.store.queued(scene.first.id)
    await scene.desk.generation.change_queued(first, "five!")


async def unqueue(scene: Scene) -> None:
    first, _ = await scene.desk.store.queued(scene.first.id)
    await scene.desk.generation.unqueue(first)


async def die_elsewhere(scene: Scene) -> None:
    """Let another window die while it writes an answer, and something waits for it."""
    store = await SqliteConversationStore.open(scene.path)
    asked = a_message(scene.first, "four", parent=scene.shown["3"])
    answer = an_answer(scene.first, "4 ha", parent=asked, status=MessageStatus.STREAMING)
    await store.add_messages((asked, answer))
    await store.enqueue(a_queued_message(scene.first, "five"))
    await store.aclose()


async def import_both(scene: Scene) -> None:
    """Import the first conversation with more in it than is here, and a new one."""
    messages = await scene.desk.store.messages(scene.first.id)
    asked, answer = an_exchange(scene.first, "four", "4", parent=scene.shown["3"])
    grown = replace(scene.first, active_leaf=answer.id)
    new = replace(scene.other, id=ConversationId("a" * 32), title="New")
    turn = an_exchange(new, "n", "N")
    await scene.import_file(
        told(grown, *messages, asked, answer),
        told(replace(new, active_leaf=turn[1].id), *turn),
    )


def told(conversation: Conversation, *messages: Message) -> object:
    return json.loads(body(WholeConversation(conversation, messages)))


OPERATIONS = (
    Operation(
        "send",
        (ask("four"),),
        (*BEFORE, "four", "ab"),
        texts=("four",),
        parts=True,
        between=((*BEFORE, "four", ""),),
    ),
    Operation(
        "send two",
        (ask("four"), ask("five")),
        (*BEFORE, "four", "ab", "five", "cd"),
        texts=("four", "five"),
        parts=True,
        between=((*BEFORE, "four", ""), (*BEFORE, "four", "ab"), (*BEFORE, "four", "ab", "five", "")),
    ),
    Operation(
        "edit and send again",
        (lambda scene: scene.desk.generation.edit(scene.first.id, scene.shown["two"].id, "two!"),),
        ("one", "1", "two!", "ab"),
        texts=("two!",),
        parts=True,
        between=(("one", "1", "two!", ""),),
    ),
    Operation(
        "regenerate",
        (lambda scene: scene.desk.generation.regenerate(scene.first.id, scene.shown["2b"].id),),
        ("one", "1", "two", "ab"),
        parts=True,
        between=(("one", "1", "two", ""),),
    ),
    Operation(
        "continue",
        (lambda scene: scene.desk.generation.continue_answer(scene.first.id, scene.shown["3"].id),),
        (*BEFORE[:-1], "3ab"),
        parts=True,
    ),
    Operation(
        "begin",
        (begin, lambda scene: scene.desk.generation.ask(scene.new, "hello")),
        texts=("", "hello"),
        parts=True,
    ),
    Operation("delete a message", (delete("two"),), ("one", "1", "2b", "three", "3")),
    Operation("delete the last answer", (delete("3"),), BEFORE[:-1]),
    Operation("undo of a deletion", (undo,), given=(delete("two"),)),
    Operation("undo of the last answer's deletion", (undo,), given=(delete("3"),)),
    Operation("clear", (clear,), ()),
    Operation("undo of clear", (undo,), given=(clear,)),
    Operation(
        "walk to a branch",
        (lambda scene: scene.desk.conversations.step_branch(scene.first.id, scene.shown["2b"].id, -1),),
        ("one", "1", "two", "2"),
    ),
    Operation(
        "pin a message", (lambda scene: scene.desk.store.pin_message(scene.shown["one"].id, pinned=True),)
    ),
    Operation("branch off", (lambda scene: scene.desk.collection.branch_off(scene.shown["2b"]),)),
    Operation("duplicate", (duplicate,)),
    Operation("undo of a copy", (undo,), given=(duplicate,)),
    Operation("rename", (rename,)),
    Operation("undo of a name", (undo,), given=(rename,)),
    Operation("pin", (lambda scene: scene.desk.collection.set_pinned(scene.first.id, True),)),
    Operation("tag", (lambda scene: scene.desk.collection.set_tags(scene.first.id, "a b"),)),
    Operation("throw away", (throw_away,), parts=True),
    Operation("undo of throwing away", (undo,), given=(throw_away,), parts=True),
    Operation("delete for good", (lambda scene: scene.desk.collection.remove(scene.other.id),), removes=True),
    Operation(
        "empty the trash",
        (lambda scene: scene.desk.store.purge(float("inf")),),
        ("one", "1", "2b", "three", "3"),
        given=(delete("two"),),
        removes=True,
    ),
    Operation("edit what waits", (change_queued,), given=(enqueue,), parts=True),
    Operation("remove what waits", (unqueue,), given=(enqueue,), parts=True),
    Operation("draft", (lambda scene: scene.desk.conversations.save_draft(scene.first.id, "half"),)),
    Operation(
        "recover",
        (lambda scene: scene.desk.store.recover(),),
        (*BEFORE, "four", "4 ha"),
        given=(die_elsewhere,),
    ),
    Operation("import", (import_both,), (*BEFORE, "four", "4")),
    Operation("undo of an import", (undo,), given=(import_both,), removes=True),
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with two conversations, one of them with branches and a cut answer."""
    path = tmp_path_factory.mktemp("template") / "conversations.db"

    async def fill() -> None:
        desk = Desk(await SqliteConversationStore.open(path))
        cut = Answer((Delta(content="3"),), error=AnswerInterrupted("cut"))
        desk.backend.answers = [said("1"), said("2"), said("2b"), cut, said("o")]
        first = await desk.begin("First")
        await desk.ask(first, "one")
        await desk.ask(first, "two")
        await desk.generation.regenerate(first.id, (await desk.path(first))[-1].id)
        await desk.idle(first)
        await desk.ask(first, "three")
        await desk.ask(await desk.begin("Other"), "other")
        await desk.aclose()

    asyncio.run(fill())
    return path


async def enter(template: Path, folder: Path, operation: Operation) -> Scene:
    """Return a store of its own in which an operation can begin."""
    path = Path(mkdtemp(dir=folder)) / "conversations.db"
    shutil.copy(template, path)
    scene = Scene(path, await SqliteConversationStore.open(path))
    await scene.meet()
    for step in operation.given:
        await step(scene)
    scene.todo = list(operation.steps)
    return scene


async def whole(
    template: Path, folder: Path, operation: Operation
) -> tuple[tuple[Tree, ...], tuple[Tree, ...]]:
    """Do an operation without a fault; return what is stored before and after."""
    scene = await enter(template, folder, operation)
    before = look(scene.path)
    assert await scene.do() is None
    await scene.settled()
    await scene.desk.aclose()
    after = look(scene.path)
    assert next(tree for tree in after if tree.lines[0].path == ("one",)).shown == operation.shown
    assert after != before
    return before, after


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
async def test_no_cut_loses_or_halves_anything(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operation: Operation
) -> None:
    monkeypatch.setattr(generation, "RETRY_FIRST", 0.0005)
    before, after = await whole(template, tmp_path, operation)
    for write in count(1):
        scene = await enter(template, tmp_path, operation)
        for statement in count():
            met = await cut(scene, write, statement)
            last = not met or scene.faults.whole
            # What has not stored anything can be cut again where it is.
            if last or write > 1:
                await heal(scene)
                assert look(scene.path) == after
            if last:
                break
            if write > 1:
                scene = await enter(template, tmp_path, operation)
        if not met:
            break
        scene = await enter(template, tmp_path, operation)
        await cut(scene, write, None)
        await die(scene)
        check_what_is_left(look(scene.path), before, after, operation, len(scene.todo))


async def cut(scene: Scene, write: int, statement: int | None) -> bool:
    """Do what is left of an operation up to a statement of a write; return whether it has so many.

    Args:
        scene: Where it begins.
        write: Which of its writes fails, from 1.
        statement: After how many of its statements; None for after the commit.
    """
    then: dict[str, list[tuple[object, ...]]] = {}
    scene.faults.failing = False
    scene.faults.until, scene.faults.within, scene.faults.after = write, statement, statement is None
    scene.faults.before = lambda: then.update(rows_of(scene.path))
    error = await scene.do()
    await scene.settled()
    assert error is None or scene.faults.failing
    if scene.faults.failing and statement is not None:
        assert rows_of(scene.path) == then
    return scene.faults.failing


async def heal(scene: Scene) -> None:
    """Have room on the disk again, and do once more what failed."""
    scene.faults.failing, scene.faults.until = False, None
    assert await scene.do() is None
    await scene.settled()
    await scene.desk.aclose()
    check_indices(scene.path)


async def die(scene: Scene) -> None:
    """Die, where nothing can be written any more, and let the next start clean up."""
    await scene.desk.aclose()
    store = await SqliteConversationStore.open(scene.path)
    await store.recover()
    await store.aclose()
    check_indices(scene.path)


def check_what_is_left(
    left: tuple[Tree, ...],
    before: tuple[Tree, ...],
    after: tuple[Tree, ...],
    operation: Operation,
    undone: int,
) -> None:
    """Make sure that a death in an operation lost nothing, and left nothing half done."""
    if not operation.removes:
        for tree, earlier in zip(left, before, strict=False):
            # Messages stand in the order in which they came; one that is gone on with has grown.
            for line, old in zip(tree.lines, earlier.lines, strict=False):
                assert line.path[:-1] == old.path[:-1] and line.path[-1].startswith(old.path[-1])
            assert len(tree.lines) >= len(earlier.lines)
        assert len(left) >= len(before)
    if not operation.parts:
        assert left in (before, after)
    first = next(tree for tree in left if tree.lines and tree.lines[0].path == ("one",))
    assert any(
        first.shown[:-1] == shown[:-1] and "".join(shown[-1:]).startswith("".join(first.shown[-1:]))
        for shown in (before[0].shown, operation.shown, *operation.between)
    )
    for tree in left:
        assert all(line.status != "streaming" for line in tree.lines)
    everywhere = [line.path[-1] for tree in left for line in tree.lines]
    everywhere += [text for tree in left for text in (*tree.waiting, tree.draft)]
    for text in operation.texts[: len(operation.steps) - undone]:
        assert not text or everywhere.count(text) == 1
