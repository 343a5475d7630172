"""The rows of the side panel: drawn when they are seen, whatever their number."""

from bisect import bisect_right
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.domain.conversation import Conversation, ConversationId
from tui.domain.text import sanitize_line
from tui.widgets.conversation_pages import PAGE, ConversationPages
from tui.widgets.fit import fit
from tui.widgets.groups import Section, section_at, section_end, sections_for, sections_of

if TYPE_CHECKING:
    from textual.timer import Timer

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
"""What the marker of an answer being written goes through."""

_SPIN = 0.2
"""Seconds between two looks of that marker: each costs a frame of its own."""

STILL = "⠿"
"""The same marker where animation is switched off."""


class ConversationRows(ScrollView, can_focus=True, inherit_bindings=False):
    """A list of conversations under headings, with a cursor."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--group",
        "rows--row",
        "rows--current",
        "rows--cursor",
        "rows--hover",
        "rows--bar",
        "rows--live",
        "rows--unread",
        "rows--tags",
        "rows--empty",
    }

    DEFAULT_CSS = """
    ConversationRows {
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        background: $surface;
        .rows--group { color: $text-muted; text-style: bold; }
        .rows--row { color: $text; }
        .rows--current { color: $text; background: $panel; text-style: bold; }
        .rows--hover { background: $panel; }
        .rows--cursor { color: $block-cursor-foreground; background: $block-cursor-background; }
        .rows--bar { color: $primary; }
        .rows--live { color: $text-success; }
        .rows--unread { color: $text-accent; }
        .rows--tags { text-style: dim; }
        .rows--empty { color: $text-muted; }
    }
    """

    current: reactive[ConversationId | None] = reactive(None)
    """The open conversation."""

    cursor: reactive[int] = reactive(0)
    """Index of the conversation under the cursor."""

    hovered: reactive[int | None] = reactive(None)
    """Index of the conversation under the mouse."""

    cursor_shown: reactive[bool] = reactive(False)
    """Whether the cursor is drawn: while the panel has the focus."""

    class Chosen(Message):
        """A conversation was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    class PageWanted(Message):
        """Conversations are seen that have not been read yet; `show` should follow."""

        def __init__(self, offset: int) -> None:
            super().__init__()
            self.offset = offset
            """The place of the first one wanted."""

    def __init__(self, *, id: str | None = None) -> None:
        """Make an empty list."""
        super().__init__(id=id)
        self.conversations: Sequence[Conversation] = ()
        self._asked: int | None = None
        self.live: AbstractSet[ConversationId] = frozenset()
        self.empty_text = ""
        self._sections: tuple[Section, ...] = ()
        self._frame = 0
        self._timer: Timer | None = None

    def on_mount(self) -> None:
        """Prepare the spinner, standing still."""
        self._timer = self.set_interval(_SPIN, self._spin, pause=True)

    def show(
        self,
        conversations: Sequence[Conversation],
        now: float,
        *,
        groups: Sequence[tuple[str, int]] | None = None,
        offset: int = 0,
    ) -> None:
        """Show other conversations; the cursor stays on the one it was on.

        Args:
            conversations: The conversations, or some of them.
            now: Seconds since the epoch; decides what is Today.
            groups: The headings and how many conversations are under each, where some are not there.
            offset: The place of the first.
        """
        old = self.under_cursor
        self._asked = None
        if groups is None:
            self.conversations = conversations
            self._sections = sections_of(conversations, now)
        else:
            total = sum(count for _, count in groups)
            self.conversations = ConversationPages(total, offset, conversations, self.conversations)
            self._sections = sections_for(groups)
        self.hovered = None
        if old is not None and (index := self.index_of(old.id)) is not None:
            self.cursor = index
        elif groups is None and old is not None:
            self.cursor = 0
        self.cursor = max(0, min(self.cursor, len(self.conversations) - 1))
        self._resize_content()
        self.refresh()

    @property
    def first_visible(self) -> int:
        """The place of the first conversation that is seen."""
        top = self.scroll_offset.y
        seen = (self.index_at(row) for row in range(top, top + max(1, self.size.height)))
        return next((index for index in seen if index is not None), 0)

    def set_live(self, ids: AbstractSet[ConversationId]) -> None:
        """Say in which conversations an answer is being written."""
        if ids != self.live:
            self.live = frozenset(ids)
            self.refresh()
            self._start_or_stop()

    @property
    def under_cursor(self) -> Conversation | None:
        """The conversation under the cursor."""
        found = self.conversations[self.cursor] if self.cursor < len(self.conversations) else None
        # One that has not been read yet has no id.
        return found if found is not None and found.id else None

    def index_of(self, conversation_id: ConversationId | None) -> int | None:
        """Return where in the list a conversation is, or None."""
        if conversation_id is None:
            return None
        if isinstance(self.conversations, ConversationPages):
            return self.conversations.place_of(conversation_id)
        return next((i for i, each in enumerate(self.conversations) if each.id == conversation_id), None)

    def index_at(self, row: int) -> int | None:
        """Return the index of the conversation in a row of the list, or None at a heading."""
        section = section_at(self._sections, row)
        if section is None or row <= section.row:
            return None
        index = section.first + row - section.row - 1
        return index if index < section_end(self._sections, section, len(self.conversations)) else None

    def row_of(self, index: int) -> int:
        """Return the row of a conversation."""
        place = bisect_right(self._sections, index, key=lambda each: each.first) - 1
        section = self._sections[place]
        return section.row + 1 + index - section.first

    def row_text(self, row: int) -> str:
        """Return what stands in a row of the list, without padding at the end."""
        return self._strip(row).text.rstrip()

    def render_line(self, y: int) -> Strip:
        """Draw one line of what is visible."""
        return self._strip(y + self.scroll_offset.y)

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor inside the list."""
        return max(0, min(cursor, len(self.conversations) - 1))

    def watch_cursor(self) -> None:
        """Scroll the cursor into view."""
        # Hidden, there is nothing to scroll in; `on_resize` follows when the panel is shown.
        if self.conversations and self.size.height:
            row = self.row_of(self.cursor)
            # With the heading above, where the cursor is on the first of a section.
            top = row - 1 if self.index_at(row - 1) is None else row
            self.scroll_to_region(Region(0, top, 1, row - top + 1), animate=False, force=True, immediate=True)

    def watch_current(self, current: ConversationId | None) -> None:
        """Take the cursor along to the conversation that was opened."""
        index = self.index_of(current)
        if index is not None:
            self.cursor = index

    def on_resize(self) -> None:
        """Fit the rows to the new width."""
        self._resize_content()
        self.watch_cursor()

    def on_click(self, event: events.Click) -> None:
        """Choose the conversation under the mouse."""
        index = self.index_at(event.y + self.scroll_offset.y)
        if index is not None:
            self.cursor = index
            self.post_message(self.Chosen(index))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Mark what is under the mouse."""
        self.hovered = self.index_at(event.y + self.scroll_offset.y)

    def on_leave(self) -> None:
        """Mark nothing."""
        self.hovered = None

    def _resize_content(self) -> None:
        rows = self.row_of(len(self.conversations) - 1) + 1 if self.conversations else 0
        self.virtual_size = Size(self.scrollable_content_region.width, rows)

    def _strip(self, row: int) -> Strip:
        width = self.scrollable_content_region.width
        if not self.conversations:
            text = self.empty_text if row == 1 else ""
            return Strip([Segment(fit(f"  {text}", width), self.get_component_rich_style("rows--empty"))])
        index = self.index_at(row)
        if index is not None:
            return self._conversation_strip(index, width)
        section = section_at(self._sections, row)
        title = section.title if section is not None and section.row == row else ""
        return Strip([Segment(fit(f" {title}", width), self.get_component_rich_style("rows--group"))])

    def _conversation_strip(self, index: int, width: int) -> Strip:
        conversation = self.conversations[index]
        if not conversation.id:
            self._want(index)
        is_current = conversation.id == self.current
        classes = ["rows--row"]
        if is_current:
            classes.append("rows--current")
        if index == self.hovered:
            classes.append("rows--hover")
        if index == self.cursor and self.cursor_shown:
            classes.append("rows--cursor")
        style = self.get_component_rich_style(*classes)
        bar = self.get_component_rich_style(*classes, "rows--bar")
        mark, mark_class = self._mark(conversation)
        mark_style = self.get_component_rich_style(*classes, mark_class) if mark_class else style
        title, tags = _words(conversation, width - 6)
        return Strip(
            [
                Segment("▌" if is_current else " ", bar),
                Segment(f"  {title}", style),
                Segment(f"{tags} ", style + Style(color=self.get_component_rich_style("rows--tags").color)),
                Segment(mark, mark_style),
                Segment(" ", style),
            ]
        ).adjust_cell_length(width, style)

    def _want(self, index: int) -> None:
        """Ask once for the page that a conversation is on."""
        offset = max(0, index - PAGE // 2)
        if self._asked is None or not self._asked <= index < self._asked + PAGE:
            self._asked = offset
            # Posted while drawing, it would be taken for a message of the screen's.
            self.call_later(self._tell_wanted, offset)

    def _tell_wanted(self, offset: int) -> None:
        self.post_message(self.PageWanted(offset))

    def _mark(self, conversation: Conversation) -> tuple[str, str]:
        if conversation.id in self.live:
            return (SPINNER[self._frame] if self._animated else STILL), "rows--live"
        if conversation.unread and conversation.id != self.current:
            return "●", "rows--unread"
        return " ", ""

    @property
    def _animated(self) -> bool:
        return self.app.animation_level != "none"

    def _start_or_stop(self) -> None:
        if self._timer is None:
            return
        if self.live and self._animated:
            self._timer.resume()
        else:
            self._timer.pause()

    def _spin(self) -> None:
        self._frame = (self._frame + 1) % len(SPINNER)
        for y in range(self.scrollable_content_region.height):
            index = self.index_at(y + self.scroll_offset.y)
            if index is not None and self.conversations[index].id in self.live:
                self.refresh(Region(self.scrollable_content_region.width - 2, y, 1, 1))


def _words(conversation: Conversation, width: int) -> tuple[str, str]:
    """Return title and tags, together of a width; tags have a third of it at most."""
    title = sanitize_line(conversation.title)
    tags = sanitize_line(" ".join(f"#{tag}" for tag in conversation.tags))
    if not tags or width < 12:
        return fit(title, width), ""
    room = min(cell_len(tags), max(width // 3, width - cell_len(title) - 1))
    return fit(title, width - room - 1), " " + fit(tags, room)
