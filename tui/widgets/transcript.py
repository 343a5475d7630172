"""The transcript: all messages of a conversation on one surface."""

from asyncio import Event, sleep
from collections.abc import Iterator, Mapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, TypeAlias

from tui.domain.conversation import Message, MessageId, MessageStatus, QueuedMessage
from tui.domain.told_marks import NOTHING_MARKED, ToldMarks
from tui.rendering.contract import DocumentFactory
from tui.rendering.message import Part
from tui.rendering.slices import SlicedDocument
from tui.widgets import transcript_events
from tui.widgets.shown_texts import ShownTexts, may_contain
from tui.widgets.transcript_find import Match, Matches, spot_of
from tui.widgets.transcript_tree import TranscriptTree

if TYPE_CHECKING:
    from tui.widgets.transcript_view import Anchor

_SLICE = 0.004
"""Seconds that looking for words may take before everything else has its turn."""


class Transcript(TranscriptTree, can_focus=True, inherit_bindings=False):
    """All messages of a conversation on one surface."""

    DEFAULT_CSS = """
    Transcript {
        height: 1fr;
        background: $background;
        color: $foreground;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
        scrollbar-color: $foreground 15%;
        scrollbar-color-hover: $foreground 30%;
        scrollbar-color-active: $accent;
    }
    """

    BINDINGS = TranscriptTree.BINDINGS

    RetryRequested: TypeAlias = transcript_events.RetryRequested
    ContinueRequested: TypeAlias = transcript_events.ContinueRequested
    BranchStepped: TypeAlias = transcript_events.BranchStepped
    LinkClicked: TypeAlias = transcript_events.LinkClicked
    Copied: TypeAlias = transcript_events.Copied
    MatchesCounted: TypeAlias = transcript_events.MatchesCounted
    FindRequested: TypeAlias = transcript_events.FindRequested
    EditRequested: TypeAlias = transcript_events.EditRequested
    BranchRequested: TypeAlias = transcript_events.BranchRequested
    DeleteRequested: TypeAlias = transcript_events.DeleteRequested
    PinRequested: TypeAlias = transcript_events.PinRequested
    UndoRequested: TypeAlias = transcript_events.UndoRequested
    FileOpened: TypeAlias = transcript_events.FileOpened
    QueuedEditRequested: TypeAlias = transcript_events.QueuedEditRequested
    SummaryRequested: TypeAlias = transcript_events.SummaryRequested
    QueuedDeleteRequested: TypeAlias = transcript_events.QueuedDeleteRequested

    def __init__(
        self, document: DocumentFactory = SlicedDocument, *, id: str | None = None, classes: str | None = None
    ) -> None:
        """Begin empty.

        Args:
            document: Makes the documents of Markdown texts.
            id: The widget's id.
            classes: The widget's classes.
        """
        super().__init__(document, id=id, classes=classes)
        self._key = ""
        self._left: dict[str, Anchor | None] = {}
        self._matches: Matches | None = None
        self._shown = ShownTexts(document)
        self._match = 0
        self._find_origin: MessageId | None = None
        self._scrolled_for_match: tuple[int, int] | None = None
        """Where long lines of code stood before a match was shown, and where they stand for it."""
        self._unfolded_for_match: MessageId | None = None
        self._whole = Event()
        self._wants_start = False

    @property
    def top_message(self) -> MessageId | None:
        """The message at the top of the view; None for the end of the conversation."""
        anchor = self._capture()
        return anchor.message_id if anchor is not None else None

    def left_at(self, key: str) -> MessageId | None:
        """Return the message that stood at the top when the reader left a conversation; None for its end."""
        anchor = self._left.get(key)
        return anchor.message_id if anchor is not None else None

    def show(
        self,
        key: str,
        messages: Sequence[Message],
        *,
        branches: Mapping[MessageId, tuple[int, int]] | None = None,
        notice: str = "",
        whole: bool = True,
        gap: tuple[int, int] = (0, 0),
    ) -> None:
        """Show a conversation: at its end, where the reader left it, or unmoved if it is shown already.

        Args:
            key: Which conversation it is; empty for one that has not begun.
            messages: Its messages, the first first.
            branches: Which of how many branches a message is, for those that have some.
            notice: What is said while there are no messages.
            whole: These are all of its messages; otherwise those before them follow with `prepend`, and
                those that are missing among them with `insert`.
            gap: At which place some are missing, and how many.
        """
        self._wants_start = False
        if whole:
            self._whole.set()
        else:
            self._whole.clear()
        is_other = key != self._key
        if is_other:
            self._left[self._key] = self._capture()
            self._key = key
            anchor = self._left.get(key)
            self.following = anchor is None
            self._cursor = messages[-1].id if messages and anchor is None else None
            self._set_new_below(False)
            self.end_find()
            self._items.marks = NOTHING_MARKED
            if self.is_attached and self.text_selection is not None:
                self.screen.clear_selection()
        else:
            anchor = self._stand_in(self._capture(), messages)
        self._notice = notice
        self._items.branches = branches or {}
        self._items.load(messages, keep=not is_other, gap=gap)
        self._anchor = anchor
        self._restore(anchor)
        self._find_again()
        self.prepare_ahead()
        self.refresh()

    @property
    def is_whole(self) -> bool:
        """Whether all messages of the conversation are there."""
        return self._whole.is_set()

    async def whole(self) -> None:
        """Wait until all messages of the conversation are there."""
        await self._whole.wait()

    def complete(self) -> None:
        """Say that no more messages will come before those that are there."""
        self._whole.set()
        if self._wants_start:
            self.action_first_message()

    def action_first_message(self) -> None:
        """Go to the first message: of those that are there, until there are more before it."""
        super().action_first_message()
        self._wants_start = not self.is_whole

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Leave the reader where they scroll to."""
        self._wants_start = False
        super().watch_scroll_y(old_value, new_value)

    def append(self, message: Message) -> None:
        """Add a message at the end."""
        if self.following:
            self._cursor = message.id
        with self._reading_held():
            self._items.append(message)
        self._find_in(len(self._items) - 1)
        self._text_arrived(len(self._items) - 1)

    def stream(self, message_id: MessageId, content: str, thinking: str) -> None:
        """Show more of an answer.

        Args:
            message_id: The answer.
            content: All of its text so far.
            thinking: All of its thinking so far.
        """
        index = self._items.index(message_id)
        if index is None:
            return
        self._keep_thinking_that_is_read(index, has_content=bool(content))
        with self._reading_held():
            self._items.grow(message_id, content, thinking)
            self._items.measure(index)
        self._find_in(index)
        changed = self._items.item(index).changed_from()
        self._text_arrived(index, 0 if self._query else changed)

    def replace(self, message: Message) -> None:
        """Show a message as it is now."""
        index = self._items.index(message.id)
        if index is None:
            return
        self._keep_thinking_that_is_read(index, has_content=message.status is not MessageStatus.STREAMING)
        before = self._items.heights.total
        with self._reading_held():
            self._items.replace(message)
            self._items.measure(index)
        self._find_in(index)
        if self._items.heights.total > before:
            self._text_arrived(index)
        self._refresh_changed(self._items.heights.prefix(index))

    def _keep_thinking_that_is_read(self, index: int, *, has_content: bool) -> None:
        """Leave thinking open that would fold under the reader's eyes."""
        message = self._items[index]
        if has_content and not self.following and self._items.is_unfolded(message):
            self._items.unfold(index, True)

    def _text_arrived(self, index: int, row: int = 0) -> None:
        """Draw what has come to a message, from one of its rows on."""
        if not self.following and self._items.heights.prefix(index + 1) > self._top + self._view.height:
            self._set_new_below(True)
        if self._top == self._painted_top:
            self._refresh_changed(self._items.heights.prefix(index) + row)

    def set_queued(self, queued: Sequence[QueuedMessage]) -> None:
        """Show which messages wait their turn."""
        if not queued and not self._items.waiting:
            return
        with self._reading_held():
            self._items.set_queued(queued)
        self._refresh_changed(0)

    def set_branches(self, branches: Mapping[MessageId, tuple[int, int]]) -> None:
        """Show which of how many branches the messages are."""
        with self._reading_held():
            self._items.set_branches(branches)
        self._refresh_changed(0)

    def set_marks(self, marks: ToldMarks) -> None:
        """Show what of the messages the model is told."""
        if marks != self._items.marks:
            with self._reading_held():
                self._items.set_marks(marks)
            self._refresh_changed(0)

    # Finding

    def find(self, query: str) -> None:
        """Look for words in all messages, mark them, and show the first from here on.

        The work is done in slices; `MatchesCounted` tells how far it is.

        Args:
            query: The words; empty for nothing.
        """
        if self._matches is None and self._is_ready:
            # Every letter more begins here again: what is typed must not walk away with the view.
            self._find_origin = self.visible_messages()[0]
        self._matches = Matches(query)
        self._query = self._matches.query
        self._found = None
        self._match = -1
        self.refresh()
        if not query:
            self.workers.cancel_group(self, "find")
            self.post_message(self.MatchesCounted(self, 0, 0, True))
            return
        self._begin_search(self._matches)

    def _begin_search(self, matches: Matches, *, show: bool = True) -> None:
        self.run_worker(
            self._search(matches, shown=not show),
            name="find in the conversation",
            group="find",
            description="Looks through the messages, a few milliseconds at a time.",
            exclusive=True,
        )

    def _find_again(self) -> None:
        """Look through other messages for what is looked for; the view stays where it is."""
        if self._matches is not None and self._query:
            self._matches = Matches(self._query)
            self._begin_search(self._matches, show=False)

    def _find_in(self, index: int) -> None:
        """Count again what a message has that has changed; nothing moves for it."""
        matches = self._matches
        if matches is None or not self._query:
            return
        before, message = matches.total, self._items[index]
        if not isinstance(message, Message):
            return
        if index < matches.seen:
            shown = self._shown.read_as_it_is(message, self._items.item(index))
            matches.look_again(index, shown.counts(self._query))
        elif self.is_whole and index == matches.seen == len(self._items) - 1:
            shown = self._shown.read_as_it_is(message, self._items.item(index))
            matches.look_at(index, shown.counts(self._query))
        if 0 <= self._match < matches.total and matches[self._match].index == index:
            self._mark_match(matches[self._match])
        if matches.total != before:
            self._match = min(self._match, matches.total - 1)
            self._tell_matches()

    def _has_read(self, index: int) -> None:
        self._find_in(index)

    async def _search(self, matches: Matches, *, shown: bool) -> None:
        await self._whole.wait()
        here = (self._items.index(self._find_origin) if self._find_origin else None) or 0
        pause = monotonic() + _SLICE
        while matches.seen < len(self._items):
            index = matches.seen
            message = self._items[index]
            for _ in self._read(message, matches.query):
                if monotonic() > pause:
                    await sleep(0)
                    pause = monotonic() + _SLICE
            if matches.seen != index or index >= len(self._items) or self._items[index] is not message:
                continue  # it has changed meanwhile
            found = matches.look_at(index, self._counts_of(message, matches.query))
            if found and not shown and index >= here:
                shown = True
                self._show_match(matches.first_from(index))
        if matches.total and not shown:
            self._show_match(0)
        self._match = min(self._match, matches.total - 1)
        self._tell_matches(done=True)

    def _read(self, message: Message | QueuedMessage, query: str) -> Iterator[None]:
        """Read what a message shows, if the words may be in it."""
        yield
        if not isinstance(message, Message) or self._shown.known(message) is not None:
            return
        if may_contain(message.content, query) or may_contain(message.thinking, query):
            index = self._items.index(message.id)
            yield from self._shown.read(message, None if index is None else self._items.kept(index))

    def _counts_of(self, message: Message | QueuedMessage, query: str) -> tuple[int, int]:
        shown = self._shown.known(message) if isinstance(message, Message) else None
        return shown.counts(query) if shown is not None else (0, 0)

    def _tell_matches(self, *, done: bool = True) -> None:
        total = self._matches.total if self._matches is not None else 0
        self.post_message(self.MatchesCounted(self, self._match + 1, total, done))

    def step_match(self, step: int) -> None:
        """Show the next match, or the one before; after the last comes the first."""
        if self._matches is not None and self._matches.total:
            # Before the first step nothing may be shown: what is looked for came later.
            first = 0 if step > 0 else -1
            wanted = first if self._match < 0 else self._match + step
            self._show_match(wanted % self._matches.total)
            self._tell_matches()

    def end_find(self) -> None:
        """Mark nothing any more; the cursor stays on the message of the match, code goes back."""
        self.workers.cancel_group(self, "find")
        self._matches = None
        self._shown.clear()
        self._find_origin = None
        self._unfolded_for_match = None
        self._query = ""
        self._found = None
        if self._scrolled_for_match is not None:
            before, since = self._scrolled_for_match
            self._scrolled_for_match = None
            # Not where the reader has scrolled it, or had it wrapped, since.
            if self._code_offset == since:
                self.scroll_code(before - since)
        self.refresh()

    def _show_match(self, number: int) -> None:
        if self._matches is None:
            return
        self._match = number
        match = self._matches[number]
        if match.index >= len(self._items):
            return
        self._show_thinking_for(match)
        self._cursor = self._items[match.index].id
        row = self._items.heights.prefix(match.index) + self._mark_match(match)
        if self._found is not None and self._found.offset is not None:
            before = self._scrolled_for_match[0] if self._scrolled_for_match else self._code_offset
            self.scroll_code(self._found.offset - self._code_offset)
            self._scrolled_for_match = before, self._code_offset
        # A match at the edge would be shown without what stands around it.
        if not self._top + 1 <= row < self._top + self._view.height - 1:
            self._jump(row - self._view.height // 3, row)
        self.refresh()

    def _show_thinking_for(self, match: Match) -> None:
        """Unfold the thinking that a match is in, and fold again what the match before had unfolded."""
        shown = self._items[match.index]
        before = self._items.index(self._unfolded_for_match) if self._unfolded_for_match else None
        if before is not None and (before != match.index or match.part is not Part.THINKING):
            self.unfold(before, False)
            self._unfolded_for_match = None
        if match.part is Part.THINKING and not self._items.is_unfolded(shown):
            self.unfold(match.index, True)
            self._unfolded_for_match = shown.id

    def _mark_match(self, match: Match) -> int:
        """Mark a match as the one that is shown, and return its row in its message."""
        self._items.measure(match.index)
        item = self._items.item(match.index)
        if not isinstance(item.message, Message):
            return 0
        shown = self._shown.read_as_it_is(item.message, item)
        found = shown.of(match.part).find(self._query, match.ordinal)
        spot = spot_of(item, match.part, found, self._query, self.palette)
        self._found = spot
        start = item.row_of_block(spot.block) if spot.block is not None else None
        return (start or 0) + spot.row

    def on_resize(self) -> None:
        """Find the match that is shown again."""
        self.laid_out_again()

    def laid_out_again(self) -> None:
        """Find the match that is shown again, where it is now."""
        if self._matches is not None and self._found is not None and 0 <= self._match < self._matches.total:
            self._mark_match(self._matches[self._match])
