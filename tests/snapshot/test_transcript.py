"""Every element of the transcript, on pages of exactly 80×24 and 120×40, in both themes.

After a change: look at the report, then `--snapshot-update`.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tests.snapshot.test_screens import NAMES, STATS, Compare
from tests.support.builders import a_conversation, a_message, an_answer
from tui.domain.conversation import Attachment, Message, MessageId, MessageStatus, QueuedMessage
from tui.domain.told_marks import ToldMarks
from tui.rendering.palette import contrast
from tui.themes import THEMES
from tui.widgets.find_bar import FindBar
from tui.widgets.transcript import Transcript

TALK = a_conversation()
ELEMENTS = (Path(__file__).parent / "elements.md").read_text(encoding="utf-8")
PAGES = [
    *(((80, 24), page) for page in range(4)),
    *(((120, 40), page) for page in range(3)),
]


class Page(App[None]):
    """A transcript and nothing else."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, theme: str) -> None:
        super().__init__()
        self.animation_level = "none"
        for each in THEMES:
            self.register_theme(each)
        self.theme = theme

    def compose(self) -> ComposeResult:
        yield Transcript()
        yield FindBar()

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)


def assert_readable(page: Page) -> None:
    """Check that all words in the transcript, whatever lies over them, have the contrast of level AA."""
    strips = page.screen._compositor.render_strips()[: page.transcript.size.height]
    for segment in (segment for strip in strips for segment in strip):
        style = segment.style
        if not any(map(str.isalnum, segment.text)):
            continue
        assert style is not None and style.color is not None and style.bgcolor is not None
        assert style.color.triplet is not None and style.bgcolor.triplet is not None
        assert contrast(style.color.triplet.hex, style.bgcolor.triplet.hex) >= 4.5, segment


async def turn_to(page: Page, pilot: Pilot[None], number: int) -> int:
    """Show a page, and return how many there are."""
    height = page.transcript.size.height
    page.transcript.scroll_to(y=number * height, animate=False, force=True)
    await pilot.pause()
    return -(-page.transcript.virtual_size.height // height)


@pytest.mark.parametrize(("size", "number"), PAGES)
@pytest.mark.parametrize("theme", NAMES)
def test_everything_markdown_has(
    snap_compare: Compare, theme: str, size: tuple[int, int], number: int
) -> None:
    page = Page(theme)

    async def before(pilot: Pilot[None]) -> None:
        page.transcript.wrap_code = size[0] > 100
        page.transcript.show("talk", [an_answer(TALK, ELEMENTS)])
        await pilot.pause()
        count = await turn_to(page, pilot, number)
        assert count <= sum(each == size for each, _ in PAGES)
        assert_readable(page)

    assert snap_compare(page, terminal_size=size, run_before=before)


def said(content: str, status: MessageStatus = MessageStatus.COMPLETE, **more: Any) -> Message:
    return replace(an_answer(TALK, content, status=status), **more)


def furniture() -> tuple[list[Message], ToldMarks, dict[MessageId, tuple[int, int]]]:
    """Return messages with all that may stand around them."""
    picture = Attachment("a" * 64, "paris.png", "image/png", 120_000, 800, 80)
    asked = a_message(TALK, "My name is Ada, and this is Paris.")
    asked = replace(asked, attachments=(picture,), pinned=True)
    folded = said("Noted.", thinking="First this.", stats=STATS)
    unfolded = said("So be it.", thinking="First this.\n\n- then *that*", stats=STATS)
    again = a_message(TALK, "And in code?\n\n```py\nprint('Ada')\n```")
    failed = said(
        "Half of",
        MessageStatus.FAILED,
        error="The model runner has stopped: it is out of memory.",
        hint="Choose a smaller model or a shorter context.",
    )
    cut = said("It begins with", MessageStatus.INTERRUPTED, error="The server went away.")
    stopped = said("One, two,", MessageStatus.STOPPED)
    long = said("And so on and", stats=STATS, stop_reason="length")
    messages = [asked, folded, unfolded, again, failed, cut, stopped, long]
    notes = {folded.id: "not sent", asked.id: "without its picture"}
    marks = ToldMarks(
        before=again.id, line="earlier messages are summarised", opens_summary=True, notes=notes
    )
    return messages, marks, {folded.id: (2, 3), failed.id: (1, 2)}


@pytest.mark.parametrize(
    ("size", "number"), [((80, 24), 0), ((80, 24), 1), ((80, 24), 2), ((120, 40), 0), ((120, 40), 1)]
)
@pytest.mark.parametrize("theme", NAMES)
def test_what_stands_around_messages(
    snap_compare: Compare, theme: str, size: tuple[int, int], number: int
) -> None:
    page = Page(theme)

    async def before(pilot: Pilot[None]) -> None:
        messages, marks, branches = furniture()
        transcript = page.transcript
        transcript.show("talk", messages, branches=branches)
        transcript.set_marks(marks)
        transcript.unfold(2, True)
        transcript.focus()
        await pilot.pause()
        transcript.go_to(messages[1 if not number else -2].id)
        assert await turn_to(page, pilot, number) <= (3 if size[0] < 100 else 2)
        assert_readable(page)

    assert snap_compare(page, terminal_size=size, run_before=before)


def thinking(page: Page) -> list[Message]:
    page.transcript.following = True
    return [
        a_message(TALK, "Why?"),
        said("", MessageStatus.STREAMING, thinking="Well. " * 30),
    ]


def writing(page: Page) -> list[Message]:
    words = (
        "Some words that were found, and **found again** in *the middle of* a row that wraps; 漢字 found. "
    )
    return [
        a_message(TALK, "Find it."),
        an_answer(TALK, (words + "\n\n") * 14, status=MessageStatus.STREAMING),
    ]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("make", [thinking, writing])
@pytest.mark.parametrize("theme", NAMES)
def test_what_goes_on(
    snap_compare: Compare, theme: str, make: Callable[[Page], list[Message]], size: tuple[int, int]
) -> None:
    """Thinking that streams above what is queued; matches, a selection and text that came below the view."""
    page = Page(theme)

    async def before(pilot: Pilot[None]) -> None:
        transcript, messages = page.transcript, make(page)
        transcript.show("talk", messages)
        transcript.focus()
        queued = [
            QueuedMessage(MessageId("1" * 32), TALK.id, "And then tell me of **London**.", 0.0),
            QueuedMessage(MessageId("2" * 32), TALK.id, "And of 東京.", 0.0),
        ]
        await pilot.pause()
        if make is thinking:
            transcript.set_queued(queued)
            await pilot.press("G")
        else:
            transcript.scroll_to(y=4, animate=False)
            page.query_one(FindBar).add_class("-open")
            page.query_one(FindBar).query_one("Input").cursor_blink = False  # type: ignore[attr-defined]
            transcript.find("found")
            await page.workers.wait_for_complete()
            transcript.step_match(1)
            page.query_one(FindBar).show_count(2, 42)
            await pilot.pause()
            await pilot.mouse_down(transcript, offset=(9, 7))
            await pilot.hover(transcript, offset=(30, 9))
            await pilot.mouse_up(transcript, offset=(30, 9))
            more = messages[1].content + "More."
            transcript.stream(messages[1].id, more, "")
        await pilot.pause()
        assert_readable(page)

    assert snap_compare(page, terminal_size=size, run_before=before)
